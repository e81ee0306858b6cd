package ecs

import (
	"time"

	"seine/flow"
	"seine/flow/internal/parse"
)

// relative is the largest number of milliseconds that is taken for the uptime
// of an exporter, and not for a time since 1970.
const relative = 1e11

// instant reads a time as text, or as a number of milliseconds. known is false
// for one that counts from the start of the exporter.
func (d *decoder) instant(text []byte) (t flow.Time, known bool, err error) {
	if t, ok := parse.Instant(text); ok {
		return t, true, nil
	}
	if v, err := parse.Uint(text); err == nil && v < relative && d.oneWay {
		return flow.Time(v) * flow.Time(parse.Milliseconds), false, nil
	}
	c := parse.Clock{Zone: time.UTC, Unit: parse.Milliseconds}
	t, err = c.Parse(text)
	return t, true, err
}

// begin finds the start; whose says which member told it.
func (d *decoder) begin() (from flow.Time, whose int, err error) {
	if text := d.text(start); text != nil {
		t, known, err := d.instant(text)
		if err != nil || known {
			return t, start, d.fail(start, text, err)
		}
	}
	if t, ok := d.byUptime(); ok {
		return t, startUp, nil
	}
	text := d.text(stamp)
	if text == nil {
		return 0, stamp, d.noTime()
	}
	t, known, err := d.instant(text)
	if err == nil && !known {
		err = parse.ErrTime
	}
	return t, stamp, d.fail(stamp, text, err)
}

// byUptime reckons the start from when the exporter sent the record, and how
// long it had been running then and when the flow began.
func (d *decoder) byUptime() (t flow.Time, ok bool) {
	const day = 24 * 3600 * 1000
	at, ok := parse.Instant(d.text(exported))
	up, err1 := parse.Uint(d.text(uptime))
	from, err2 := parse.Uint(d.text(startUp))
	if !ok || err1 != nil || err2 != nil || up == 0 || from > up || up-from > day {
		return 0, false
	}
	return at.Add(-flow.Time(up-from) * flow.Time(parse.Milliseconds)), true
}

func (d *decoder) times(r *flow.Record) error {
	from, whose, err := d.begin()
	if err != nil {
		return err
	}
	r.Start = from
	r.Has |= flow.HasStart
	if whose == stamp {
		d.seen.noStart.Add(1)
	}
	if d.lasts(r) {
		return nil
	}
	// What lies between two times of one clock.
	a, b := d.text(start), d.text(end)
	if whose == startUp {
		a, b = d.text(startUp), d.text(endUp)
	}
	if a == nil || b == nil { // @timestamp may be the end itself: nothing to subtract from
		return nil
	}
	var to flow.Time
	if whose == startUp {
		x, err1 := parse.Uint(a)
		y, err2 := parse.Uint(b)
		if err1 != nil || err2 != nil || x >= relative || y >= relative {
			return nil
		}
		from, to = flow.Time(x)*flow.Time(parse.Milliseconds), flow.Time(y)*flow.Time(parse.Milliseconds)
	} else {
		var known1, known2 bool
		if from, known1, err = d.instant(a); err != nil {
			return d.fail(start, a, err)
		}
		if to, known2, err = d.instant(b); err != nil {
			return d.fail(end, b, err)
		}
		if known1 != known2 {
			return nil
		}
	}
	switch {
	case to < from:
		d.seen.negative.Add(1)
	case to-from < 0: // further apart than a span can be
		return nil
	default:
		r.Duration = to - from
	}
	r.Has |= flow.HasDuration
	return nil
}

// lasts takes the duration that the event tells by itself.
func (d *decoder) lasts(r *flow.Record) bool {
	text := d.text(duration)
	if text == nil {
		return false
	}
	if d.seconds {
		v, err := parse.Scaled(text, parse.Seconds)
		if err != nil || v < 0 {
			return false
		}
		r.Duration = v
	} else {
		v, ok := parse.Counter(text)
		if !ok || v > uint64(flow.MaxTime) {
			return false
		}
		r.Duration = flow.Time(v)
	}
	r.Has |= flow.HasDuration
	return true
}
