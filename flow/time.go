package flow

import (
	"math"
	"time"
)

// Time is a moment in nanoseconds since 1970-01-01 UTC, or a span in
// nanoseconds. It covers the years 1678 to 2261.
type Time int64

// The ends of time.
const (
	MinTime Time = math.MinInt64
	MaxTime Time = math.MaxInt64
)

// Second is one second.
const Second = Time(time.Second)

// FromTime converts t; ok is false outside the years that Time covers.
func FromTime(t time.Time) (tm Time, ok bool) {
	if y := t.Year(); y < 1678 || y > 2261 {
		return 0, false
	}
	return Time(t.UnixNano()), true
}

// UTC converts t to a time.Time.
func (t Time) UTC() time.Time { return time.Unix(0, int64(t)).UTC() }

// AppendTo appends t as RFC 3339 in UTC, with a fraction only if there is
// one.
func (t Time) AppendTo(b []byte) []byte { return t.UTC().AppendFormat(b, time.RFC3339Nano) }

// String writes t as RFC 3339 in UTC.
func (t Time) String() string { return string(t.AppendTo(nil)) }

// Add is t+d, held at the ends of time.
func (t Time) Add(d Time) Time {
	s := t + d
	if d > 0 && s < t {
		return MaxTime
	}
	if d < 0 && s > t {
		return MinTime
	}
	return s
}

// Sub is t-u, held at the ends of time.
func (t Time) Sub(u Time) Time {
	d := t - u
	switch {
	case t >= u && d < 0:
		return MaxTime
	case t < u && d > 0:
		return MinTime
	}
	return d
}

// Floor rounds t down to a multiple of d, also before 1970.
func (t Time) Floor(d Time) Time {
	r := t % d
	if r < 0 {
		r += d
	}
	return t.Add(-r)
}
