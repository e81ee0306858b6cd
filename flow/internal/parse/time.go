package parse

import (
	"encoding/binary"
	"errors"
	"time"

	"seine/flow"
)

// Errors of times.
var (
	ErrTime      = errors.New("not a time")
	ErrTimeRange = errors.New("time outside the years 1678 to 2261")
	ErrNaiveT    = errors.New("time with a T but no zone")
)

// Unit is the unit of a time given as a number, in nanoseconds.
type Unit int64

// The units of epoch times.
const (
	Seconds      Unit = 1e9
	Milliseconds Unit = 1e6
	Microseconds Unit = 1e3
	Nanoseconds  Unit = 1
)

// GuessUnit tells the unit of epoch times from the largest of a column.
func GuessUnit(largest float64) Unit {
	switch {
	case largest < 1e11:
		return Seconds
	case largest < 1e14:
		return Milliseconds
	case largest < 1e17:
		return Microseconds
	}
	return Nanoseconds
}

// String names the unit.
func (u Unit) String() string {
	switch u {
	case Seconds:
		return "s"
	case Milliseconds:
		return "ms"
	case Microseconds:
		return "µs"
	}
	return "ns"
}

// A Clock reads the times of one column. The zero Clock reads naive times as
// UTC and numbers as seconds.
type Clock struct {
	Zone   *time.Location // of times without a zone; nil means UTC
	Unit   Unit           // of numbers; 0 means seconds
	Strict bool           // a T without a zone is an error, as in RFC 3339

	// The last naive minute read, and its start: most rows share it.
	word0, word1 uint64
	minute       flow.Time
	known        bool
}

// Parse reads a time: "2006-01-02 15:04:05" with T or a blank, a fraction,
// a zone (Z, +02:00, +0200) or none; slashes for hyphens; or a number of
// units since 1970, with a fraction.
func (c *Clock) Parse(b []byte) (flow.Time, error) {
	if len(b) >= 19 && b[16] == ':' && (b[4] == '-' || b[4] == '/') {
		w0, w1 := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		s1, s0 := b[17]-'0', b[18]-'0'
		if s1 <= 5 && s0 <= 9 {
			sec := flow.Time(s1*10+s0) * flow.Second
			if c.known && w0 == c.word0 && w1 == c.word1 && (len(b) == 19 || b[19] == '.') && b[10] == ' ' {
				frac, ok := fraction(b[19:])
				if !ok {
					return c.slow(b)
				}
				return c.minute + sec + frac, nil
			}
			return c.slow(b)
		}
	}
	return c.slow(b)
}

// fraction reads "" or a point and up to nine digits as nanoseconds.
func fraction(b []byte) (flow.Time, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != '.' || len(b) < 2 || len(b) > 10 {
		return 0, false
	}
	v, unit := flow.Time(0), flow.Second
	for _, ch := range b[1:] {
		if ch-'0' > 9 {
			return 0, false
		}
		unit /= 10
		v += flow.Time(ch-'0') * unit
	}
	return v, true
}

func (c *Clock) slow(b []byte) (flow.Time, error) {
	if len(b) == 0 || len(b) > 64 {
		return 0, ErrTime
	}
	if len(b) < 19 || !digits(b[:4]) || (b[4] != '-' && b[4] != '/') {
		return c.number(b)
	}
	year, ok1 := int2(b[:4])
	month, ok2 := int2(b[5:7])
	day, ok3 := int2(b[8:10])
	hour, ok4 := int2(b[11:13])
	minute, ok5 := int2(b[14:16])
	sec, ok6 := int2(b[17:19])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || b[7] != b[4] || b[13] != ':' || b[16] != ':' ||
		(b[10] != ' ' && b[10] != 'T' && b[10] != 't') ||
		month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || sec > 59 {
		return 0, ErrTime
	}
	rest := b[19:]
	n := 0
	if len(rest) > 0 && rest[0] == ',' {
		return 0, ErrTime
	}
	if len(rest) > 0 && rest[0] == '.' {
		for n = 1; n < len(rest) && rest[n]-'0' <= 9; n++ {
		}
	}
	cut := min(n, 10) // digits beyond nanoseconds are dropped
	frac, ok := fraction(rest[:cut])
	if !ok {
		return 0, ErrTime
	}
	zone, naive, ok := zoneOf(rest[n:])
	if !ok {
		return 0, ErrTime
	}
	loc := zone
	if naive {
		if b[10] != ' ' && c.Strict {
			return 0, ErrNaiveT
		}
		if loc = c.Zone; loc == nil {
			loc = time.UTC
		}
	}
	t := time.Date(year, time.Month(month), day, hour, minute, 0, 0, loc)
	if _, _, d := t.In(loc).Date(); d != day {
		return 0, ErrTime // 30 February
	}
	at, ok := flow.FromTime(t)
	if !ok {
		return 0, ErrTimeRange
	}
	if naive && b[10] == ' ' {
		c.word0, c.word1 = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		c.minute, c.known = at, true
	}
	return at + flow.Time(sec)*flow.Second + frac, nil
}

// zoneOf reads what stands behind the seconds.
func zoneOf(b []byte) (loc *time.Location, naive, ok bool) {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	switch s := string(b); {
	case s == "":
		return nil, true, true
	case s == "Z" || s == "z" || s == "UTC" || s == "GMT":
		return time.UTC, false, true
	case len(s) < 3 || s[0] != '+' && s[0] != '-':
		return nil, false, false
	}
	h, ok1 := int2(b[1:3])
	m, rest := 0, b[3:]
	if len(rest) > 0 && rest[0] == ':' {
		rest = rest[1:]
	}
	ok2 := true
	if len(rest) > 0 {
		m, ok2 = int2(rest)
		ok2 = ok2 && len(rest) == 2
	}
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return nil, false, false
	}
	off := h*3600 + m*60
	if b[0] == '-' {
		off = -off
	}
	return time.FixedZone("", off), false, true
}

func digits(b []byte) bool {
	for _, ch := range b {
		if ch-'0' > 9 {
			return false
		}
	}
	return true
}

func int2(b []byte) (v int, ok bool) {
	for _, ch := range b {
		if ch-'0' > 9 {
			return 0, false
		}
		v = v*10 + int(ch-'0')
	}
	return v, true
}

// number reads an epoch time exactly: -12, 1485534282, 1485534282.123456.
func (c *Clock) number(b []byte) (flow.Time, error) {
	unit := c.Unit
	if unit == 0 {
		unit = Seconds
	}
	return Scaled(b, unit)
}

// Scaled reads a decimal number of units, perhaps with a sign and a fraction,
// as nanoseconds. Digits beyond nanoseconds are dropped.
func Scaled(b []byte, unit Unit) (flow.Time, error) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	v, n := int64(0), 0
	for n < len(b) && b[n]-'0' <= 9 {
		if v > (1<<63-1)/10-1 {
			return 0, ErrTimeRange
		}
		v = v*10 + int64(b[n]-'0')
		n++
	}
	if n == 0 {
		return 0, ErrTime
	}
	if v > int64(flow.MaxTime)/int64(unit) {
		return 0, ErrTimeRange
	}
	ns := v * int64(unit)
	if n < len(b) {
		if b[n] != '.' {
			return 0, ErrTime
		}
		place := int64(unit)
		for _, ch := range b[n+1:] {
			if ch-'0' > 9 {
				return 0, ErrTime
			}
			place /= 10
			if add := int64(ch-'0') * place; ns <= int64(flow.MaxTime)-add {
				ns += add
			} else {
				return 0, ErrTimeRange
			}
		}
	}
	if neg {
		ns = -ns
	}
	return flow.Time(ns), nil
}
