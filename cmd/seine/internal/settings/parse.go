package settings

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"seine/analyzer"
	"seine/flow"
)

// Words that stand for the absence of a limit or a choice.
const (
	auto      = "auto"
	all       = "all"
	never     = "never"
	unlimited = "unlimited"
)

func parseSpan(text string) (flow.Time, error) {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is no duration such as 90s, 10m or 24h", text)
	case d < 0:
		return 0, fmt.Errorf("%s is negative", text)
	}
	return flow.Time(d), nil
}

func parseCount(text string, least int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number", text)
	}
	if n < least {
		return 0, fmt.Errorf("%d is less than %d", n, least)
	}
	return n, nil
}

func parseSwitch(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%q is not true or false", text)
}

func parseZone(text string) (*time.Location, error) {
	if text != "" {
		if zone, err := time.LoadLocation(text); err == nil {
			return zone, nil
		}
	}
	return nil, fmt.Errorf("unknown time zone %q: want a name such as Europe/Prague, UTC, or Local for that of this machine", text)
}

func parseBadLimit(text string) (analyzer.BadLimit, error) {
	if text == unlimited {
		return analyzer.BadLimit{}, nil
	}
	if share, ok := strings.CutSuffix(text, "%"); ok {
		p, err := strconv.ParseFloat(share, 64)
		if err != nil || math.IsNaN(p) || p < 0 || p > 100 {
			return analyzer.BadLimit{}, fmt.Errorf("%q is no percentage from 0%% to 100%%", text)
		}
		return analyzer.BadLimit{Set: true, Share: true, Percent: p}, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return analyzer.BadLimit{}, fmt.Errorf("%q is no number of rows, percentage such as 5%%, or %s", text, unlimited)
	}
	return analyzer.BadLimit{Set: true, Rows: n}, nil
}

// moments are the spellings of times that people type, most exact first.
var moments = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02",
}

// parseMoment reads a time, in zone where it names none, or the seconds since
// 1970.
func parseMoment(text string, zone *time.Location) (flow.Time, error) {
	if zone == nil {
		zone = time.UTC
	}
	if s, err := strconv.ParseInt(text, 10, 64); err == nil && s > 99_999 && s < 9_000_000_000 {
		return flow.Time(s) * flow.Second, nil
	}
	for _, layout := range moments {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			if at, ok := flow.FromTime(t); ok {
				return at, nil
			}
		}
	}
	return 0, fmt.Errorf("%q is no time such as 2026-03-10, \"2026-03-10 09:00\" or 2026-03-10T09:00:00Z", text)
}

// parsePrefixes reads networks; a bare address stands for itself alone.
func parsePrefixes(texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, t := range texts {
		p, err := netip.ParsePrefix(t)
		if err != nil {
			a, errAddr := netip.ParseAddr(t)
			if errAddr != nil || a.Zone() != "" {
				return nil, fmt.Errorf("%q is no network such as 192.0.2.0/24", t)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		all = append(all, p.Masked())
	}
	return all, nil
}
