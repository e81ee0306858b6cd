package replay

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"seine/detectors"
	"seine/flow"
)

// Limits of one alert.
const (
	maxFacts  = 10_000
	maxDepth  = 32 // of facts within facts
	maxFlows  = 100_000
	maxLabels = 100_000
)

func (c *cursor) uint(most uint64) (uint64, error) {
	text, err := c.number()
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil || v > most {
		return 0, fmt.Errorf("%s is no whole number from 0 to %d", shorten(text), most)
	}
	return v, nil
}

func (c *cursor) float() (float64, error) {
	text, err := c.number()
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is too large a number", shorten(text))
	}
	return v, nil
}

func (c *cursor) texts() ([]string, error) {
	var all []string
	err := c.elements(maxFacts, func() error {
		s, err := c.string()
		all = append(all, s)
		return err
	})
	return all, err
}

// moment reads a time.
func (c *cursor) moment() (flow.Time, error) {
	text, err := c.string()
	if err != nil {
		return 0, err
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time as 2024-03-10T09:00:00Z", shorten(text))
	}
	// Seconds and nanoseconds may each lie outside where their sum does not.
	s, n := t.Unix(), int64(t.Nanosecond())
	if s < 0 {
		s, n = s+1, n-int64(time.Second)
	}
	const most = math.MaxInt64 / int64(time.Second)
	if s > most || s < -most {
		return 0, errTime
	}
	ns := s * int64(time.Second)
	if n > 0 && ns > math.MaxInt64-n || n < 0 && ns < math.MinInt64-n {
		return 0, errTime
	}
	return flow.Time(ns + n), nil
}

var errTime = errors.New("a time outside the years 1678 to 2261")

// seconds reads a span that is given as a number of seconds, exactly as far as
// nanoseconds go.
func (c *cursor) seconds() (flow.Time, error) {
	text, err := c.number()
	if err != nil {
		return 0, err
	}
	digits, minus := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if strings.ContainsAny(text, "eE") || len(fraction) > 9 {
		v, err := strconv.ParseFloat(text, 64)
		if ns := v * float64(flow.Second); err == nil && math.Abs(ns) < 1<<63 {
			return flow.Time(ns), nil
		}
		return 0, errSpan
	}
	s, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", 9-len(fraction)), 10, 64)
	switch {
	case err != nil, s > 1<<63, s == 1<<63 && !minus:
		return 0, errSpan
	case minus:
		return flow.Time(-s), nil
	}
	return flow.Time(s), nil
}

var errSpan = errors.New("a duration of more than 292 years")

// addr reads an address, or the name that stands in for one.
func (c *cursor) addr() (flow.Addr, error) {
	text, err := c.string()
	if err != nil {
		return flow.Addr{}, err
	}
	if a, err := flow.ParseAddr([]byte(text)); err == nil {
		return a, nil
	}
	if a, ok := flow.NameAddr([]byte(text)); ok {
		return a, nil
	}
	return flow.Addr{}, fmt.Errorf("%q is no address", shorten(text))
}

func (c *cursor) protocol() (flow.Proto, error) {
	text, err := c.string()
	if err != nil {
		return 0, err
	}
	p, ok := flow.ParseProto([]byte(text))
	if !ok {
		return 0, fmt.Errorf("%q is no protocol", shorten(text))
	}
	return p, nil
}

// flags reads TCP flags.
func (c *cursor) flags() (flow.TCPFlags, error) {
	text, err := c.string()
	if err != nil {
		return 0, err
	}
	var f flow.TCPFlags
	for _, letter := range []byte(text) {
		i := strings.IndexByte("FSRPAUEC", letter)
		if i < 0 {
			return 0, fmt.Errorf("%q are no TCP flags, which are letters of FSRPAUEC", shorten(text))
		}
		f |= 1 << i
	}
	return f, nil
}

// facts reads an object of facts in their order.
func (c *cursor) facts() ([]detectors.Fact, error) {
	var all []detectors.Fact
	err := c.members(func(key string) error {
		if len(all) == maxFacts {
			return fmt.Errorf("more than %d facts", maxFacts)
		}
		f, err := c.fact(key, 0)
		all = append(all, f)
		return err
	})
	return all, err
}

func (c *cursor) fact(key string, depth int) (detectors.Fact, error) {
	switch c.kind() {
	case '"':
		s, err := c.string()
		return detectors.Text(key, s), err
	case 't', 'f':
		return detectors.Bool(key, c.raw()[0] == 't'), nil
	case 'n':
		return detectors.Spelled(key, string(c.raw())), nil
	case '[':
		if depth == maxDepth {
			return detectors.Fact{}, fmt.Errorf("lists are nested more than %d deep", maxDepth)
		}
		var list []detectors.Fact
		err := c.elements(maxLabels, func() error {
			f, err := c.fact("", depth+1)
			list = append(list, f)
			return err
		})
		return detectors.List(key, list...), err
	case '{':
		return detectors.Fact{}, c.expected("a number, a text, true, false, null or a list of them")
	}
	text, err := c.number()
	return detectors.Spelled(key, text), err
}

// shorten cuts what an error cites.
func shorten(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
