package settings

import (
	"fmt"
	"math"
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
