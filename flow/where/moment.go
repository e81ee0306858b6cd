package where

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"seine/flow"
)

// moments are the spellings of times and how long each lasts: a day, a
// minute, a second. Those that have a clock may have a zone too.
var moments = []struct {
	layout string
	zoned  bool
	length time.Duration // 0: a day, -1: a month
}{
	{"2006-01", false, -1},
	{"2006-01-02", false, 0},
	{"2006-01-02 15:04", true, time.Minute},
	{"2006-01-02 15:04:05", true, time.Second},
}

var errMoment = errors.New("no time; write '2024-03-10', '2024-03-10 09:00' or '2024-03-10T09:00:00Z'")

// parseMoment reads a time of a certain precision as the stretch from its
// first to its last nanosecond. Without a zone it is one of loc.
func parseMoment(text string, loc *time.Location) (s span[flow.Time], err error) {
	if len(text) > 64 {
		return s, errMoment
	}
	plain := text
	if len(plain) > 10 && (plain[10] == 'T' || plain[10] == 't') {
		plain = plain[:10] + " " + plain[11:]
	}
	for _, m := range moments {
		layouts := []string{m.layout}
		if m.zoned {
			layouts = append(layouts, m.layout+"Z07:00", m.layout+"Z0700", m.layout+" Z07:00")
		}
		for _, layout := range layouts {
			from, err := time.ParseInLocation(layout, plain, loc)
			if err != nil {
				continue
			}
			to := from.Add(m.length)
			switch m.length {
			case 0:
				to = from.AddDate(0, 0, 1)
			case -1:
				to = from.AddDate(0, 1, 0)
			case time.Second:
				to = from.Add(precision(plain))
			}
			first, ok1 := flow.FromTime(from)
			after, ok2 := flow.FromTime(to)
			if !ok1 || !ok2 {
				return s, errors.New("time outside the years 1678 to 2261")
			}
			return span[flow.Time]{first, after - 1}, nil
		}
	}
	return s, errMoment
}

// precision is a second, or the unit of the last digit of a fraction.
func precision(text string) time.Duration {
	i := strings.IndexAny(text, ".,")
	unit := time.Second
	for i++; i > 0 && i < len(text) && text[i]-'0' <= 9 && unit > 1; i++ {
		unit /= 10
	}
	return unit
}

func looksLikeMoment(s string) bool {
	_, err := parseMoment(s, time.UTC)
	return err == nil
}

var errSpan = errors.New("no duration; write '90s', '1h30m', '500ms' or '2d', or a number of seconds")

var units = map[string]flow.Time{
	"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9, "d": 86400e9, "w": 7 * 86400e9,
}

// parseSpan reads a duration: numbers with units, the units of package time
// and d and w.
func parseSpan(text string) (flow.Time, error) {
	sum := new(big.Rat)
	if text == "" || len(text) > 64 {
		return 0, errSpan
	}
	for text != "" {
		n := 0
		for n < len(text) && (text[n]-'0' <= 9 || text[n] == '.') {
			n++
		}
		u := n
		for u < len(text) && text[u] != '.' && text[u]-'0' > 9 {
			u++
		}
		unit, ok := units[text[n:u]]
		v, isNumber := new(big.Rat).SetString(text[:n])
		if !ok || !isNumber {
			return 0, errSpan
		}
		sum.Add(sum, v.Mul(v, new(big.Rat).SetInt64(int64(unit))))
		text = text[u:]
	}
	whole := new(big.Int).Quo(sum.Num(), sum.Denom())
	if !whole.IsInt64() {
		return 0, fmt.Errorf("duration beyond %s years", strconv.Itoa(292))
	}
	return flow.Time(whole.Int64()), nil
}

// seconds places a number of seconds among spans.
func seconds(n Number) cut[flow.Time] {
	r := new(big.Rat)
	if n.kind == fractional {
		if math.IsInf(n.f, 0) {
			return cut[flow.Time]{below: n.f < 0, above: n.f > 0}
		}
		// The decimal that was meant, not its binary neighbour.
		r.SetString(strconv.FormatFloat(n.f, 'g', -1, 64))
	} else {
		r.SetInt(new(big.Int).SetUint64(n.mag))
		if n.kind == negative {
			r.Neg(r)
		}
	}
	r.Mul(r, new(big.Rat).SetInt64(1e9))
	floor := new(big.Int)
	rest := new(big.Int)
	floor.DivMod(r.Num(), r.Denom(), rest)
	if !floor.IsInt64() {
		return cut[flow.Time]{below: floor.Sign() < 0, above: floor.Sign() > 0}
	}
	return cut[flow.Time]{floor: flow.Time(floor.Int64()), exact: rest.Sign() == 0}
}

// inSeconds is a span as a number.
func inSeconds(t flow.Time) Number {
	if t%flow.Second == 0 {
		return Int(int64(t / flow.Second))
	}
	n, _ := Float(float64(t) / 1e9)
	return n
}
