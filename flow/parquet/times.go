package parquet

import (
	"math"
	"math/bits"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"seine/flow"
	"seine/flow/internal/parse"
)

// days is the unit of DATE columns.
const days = parse.Unit(24 * time.Hour)

// unitOf is the unit that the type of a column declares, 0 if it declares
// none. naive tells that its times carry no zone.
func unitOf(leaf *schema.Column) (u parse.Unit, naive bool) {
	of := func(u schema.TimeUnitType) parse.Unit {
		switch u {
		case schema.TimeUnitMillis:
			return parse.Milliseconds
		case schema.TimeUnitMicros:
			return parse.Microseconds
		}
		return parse.Nanoseconds
	}
	if leaf.PhysicalType() == parquet.Types.Int96 {
		return parse.Nanoseconds, false
	}
	switch t := leaf.LogicalType().(type) {
	case *schema.TimestampLogicalType:
		return of(t.TimeUnit()), !t.IsAdjustedToUTC()
	case *schema.TimeLogicalType:
		return of(t.TimeUnit()), false
	case schema.DateLogicalType:
		return days, true
	}
	return 0, false
}

// scaled is v units in nanoseconds.
func scaled(v int64, unit parse.Unit) (flow.Time, error) {
	if hi, lo := bits.Mul64(uint64(v), uint64(unit)); v >= 0 && hi == 0 && lo <= math.MaxInt64 {
		return flow.Time(lo), nil
	}
	t := v * int64(unit)
	if v == outOfTime || t/int64(unit) != v {
		return 0, parse.ErrTimeRange
	}
	return flow.Time(t), nil
}

// scaledFloat is v units in nanoseconds. Beyond 104 days a float64 is no
// longer exact to the nanosecond: such times are rounded to microseconds,
// which brings back what was written.
func scaledFloat(v float64, unit parse.Unit) (flow.Time, error) {
	switch {
	case 0 <= v && v < 1<<22 && unit <= parse.Seconds: // most spans: as below, but faster
		whole := int64(v)
		rest := float64((v - float64(whole)) * float64(unit))
		ns := int64(rest)
		if rest-float64(ns) >= 0.5 {
			ns++
		}
		return flow.Time(whole*int64(unit) + ns), nil
	case v != v:
		return 0, errAbsent
	case math.Abs(v) >= math.MaxInt64/float64(unit):
		return 0, parse.ErrTimeRange
	}
	whole, frac := math.Modf(v)
	ns := flow.Time(whole)*flow.Time(unit) + flow.Time(math.Round(frac*float64(unit)))
	if ns > 1<<53 || ns < -1<<53 {
		ns = (ns + 500).Floor(1000)
	}
	return ns, nil
}

// times is the meaning of a column of moments. unit 0 is guessed from the
// first values. zone is that of times without one.
func times(unit parse.Unit, naive bool, zone *time.Location) meaning[flow.Time] {
	clock := parse.Clock{Zone: zone, Unit: unit}
	local := localTimes{zone: zone, on: naive && zone != nil && zone != time.UTC}
	return meaning[flow.Time]{
		prepare: func(v *values) {
			if clock.Unit == 0 {
				clock.Unit = guess(v)
			}
		},
		fromInt: func(v int64) (flow.Time, error) {
			t, err := scaled(v, clock.Unit)
			if local.on && err == nil {
				t = local.utc(t)
			}
			return t, err
		},
		fromFloat: func(v float64) (flow.Time, error) { return scaledFloat(v, clock.Unit) },
		fromText: func(b []byte) (flow.Time, error) {
			if b = text(b); parse.Unset(b) {
				return 0, errAbsent
			}
			return clock.Parse(b)
		},
	}
}

// guess tells the unit of epoch times from the largest.
func guess(v *values) parse.Unit {
	largest := 0.0
	for _, x := range v.ints {
		largest = max(largest, float64(x))
	}
	for _, x := range v.floats {
		if x == x {
			largest = max(largest, x)
		}
	}
	for _, x := range v.texts {
		if t, err := parse.Scaled(text(x), 1); err == nil {
			largest = max(largest, float64(t))
		}
	}
	return parse.GuessUnit(largest)
}

// localTimes moves times of day in a zone to UTC.
type localTimes struct {
	zone *time.Location
	on   bool

	quarter flow.Time // zones change at quarters of an hour
	offset  flow.Time
	known   bool
}

func (l *localTimes) utc(t flow.Time) flow.Time {
	const quarter = 15 * 60 * flow.Second
	if q := t.Floor(quarter); !l.known || q != l.quarter {
		u := q.UTC()
		at := time.Date(u.Year(), u.Month(), u.Day(), u.Hour(), u.Minute(), 0, 0, l.zone)
		l.quarter, l.offset, l.known = q, flow.Time(at.UnixNano())-q, true
	}
	return t.Add(l.offset)
}

// durations is the meaning of a column of spans. Negative ones are counted,
// and become 0, when the rows are complete.
func durations(unit parse.Unit) meaning[flow.Time] {
	span := func(t flow.Time, err error) (flow.Time, error) {
		if err != nil {
			return 0, errAbsent
		}
		return t, nil
	}
	return meaning[flow.Time]{
		fromInt:   func(v int64) (flow.Time, error) { return span(scaled(v, unit)) },
		fromFloat: func(v float64) (flow.Time, error) { return span(scaledFloat(v, unit)) },
		fromText:  func(b []byte) (flow.Time, error) { return span(parse.Scaled(text(b), unit)) },
	}
}
