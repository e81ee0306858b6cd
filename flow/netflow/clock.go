package netflow

import (
	"math"

	"seine/flow"
)

const (
	microsecond = flow.Second / 1e6
	millisecond = flow.Second / 1e3

	// offClock is how far from its export a record may end.
	offClock = 3600 * flow.Second
	// longest is how old a flow may be: active timeouts go up to a week.
	longest = 7 * 24 * 3600 * flow.Second
)

// A clock tells when an exporter started. Where the time of day comes in whole
// seconds, each datagram gives that moment up to a second too early; the
// latest of them is the best, and the same for the two halves of a connection
// that come in different datagrams.
type clock struct {
	boot  flow.Time
	known bool
}

// tell is the time of the start, after a datagram of that time of day and
// uptime in ms.
func (c *clock) tell(now flow.Time, uptime uint32) flow.Time {
	boot := now - flow.Time(uptime)*millisecond
	if !c.known || boot > c.boot || c.boot-boot >= flow.Second { // else within the second
		c.boot, c.known = boot, true
	}
	return c.boot
}

// at is the time of an uptime near that of the header, ms modulo 2^32.
func (h *header) at(uptime uint32) flow.Time {
	return h.boot + flow.Time(h.uptime)*millisecond + flow.Time(int32(uptime-h.uptime))*millisecond
}

// uptimes sets the times of r by what the exporter's uptime was at its first
// and last packet.
func (d *decoder) uptimes(r *flow.Record, h *header, first, last uint32) {
	length := flow.Time(int32(last-first)) * millisecond
	if length < 0 {
		d.seen.negative++
		length = 0
	}
	end := h.export
	if h.booted {
		end = h.at(last)
		if !h.near(end) {
			end = d.faulty(h, end, last)
		}
	} else {
		d.seen.noBoot++
	}
	d.span(r, end-length, end)
}

func (h *header) near(end flow.Time) bool {
	return end <= h.export+offClock && end >= h.export-offClock
}

// faulty corrects the end of a flow that cannot be by the exporter's clock. If
// the start of the exporter is told by itself, the flow is an old one, exported
// anew. Else all are moved by as much as has the first end when it is exported.
func (d *decoder) faulty(h *header, end flow.Time, last uint32) flow.Time {
	if told := h.boot + flow.Time(last)*millisecond; h.told && told < h.export {
		return told
	}
	d.seen.clock++
	if !h.near(end + d.shift) {
		d.shift = h.export - end
	}
	return end + d.shift
}

// span sets the times of r. A flow that is older than flows can be is held to
// have ended only: its start is a fault.
func (d *decoder) span(r *flow.Record, start, end flow.Time) {
	r.Has |= flow.HasStart | flow.HasDuration
	switch {
	case end < start:
		d.seen.negative++
		r.Start, r.Duration = start, 0
	case end-start < 0 || end-start > longest+offClock:
		d.seen.old++
		r.Start = end
		r.Has &^= flow.HasDuration
	default:
		r.Start, r.Duration = start, end-start
	}
}

// times sets the times of r from the record's own, or else from its export.
func (d *decoder) times(r *flow.Record, v *values, h *header) {
	start, hasStart := v.moment(h, startMillis)
	end, hasEnd := v.moment(h, endMillis)
	event, hasEvent := v.observed(h)
	length, hasLength := v.length()
	switch {
	case hasStart && hasEnd:
		d.span(r, start, end)
	case hasStart && hasLength:
		d.span(r, start, start.Add(length))
	case hasEnd && hasLength:
		d.span(r, end.Add(-length), end)
	case hasStart && hasEvent && v.is(firewall): // an event tells of the flow's end
		d.span(r, start, event)
	case v.is(startUptime) && v.is(endUptime):
		if v.is(bootMillis) && !h.booted {
			if boot, ok := millis(v.n[bootMillis]); ok {
				own := *h
				own.boot, own.booted, own.told, own.uptime = boot, true, true, uint32((h.export-boot)/millisecond)
				h = &own
			}
		}
		d.uptimes(r, h, uint32(v.n[startUptime]), uint32(v.n[endUptime]))
	default:
		at := h.export
		switch {
		case hasStart:
			at = start
		case hasEnd:
			at = end
		case hasEvent:
			at = event
		case v.is(startUptime) && h.booted:
			at = h.at(uint32(v.n[startUptime]))
		case v.is(endUptime) && h.booted:
			at = h.at(uint32(v.n[endUptime]))
		default:
			d.seen.untimed++
		}
		r.Start = at
		r.Has |= flow.HasStart
		if hasLength && !hasStart && !hasEnd && !hasEvent {
			d.span(r, at.Add(-length), at)
		}
	}
}

// moment is the start or the end of a flow in whatever unit it came. The
// elements of ends follow those of starts; as is the one in milliseconds.
func (v *values) moment(h *header, as element) (flow.Time, bool) {
	off := as - startMillis
	switch {
	case v.is(startMillis + off):
		return millis(v.n[startMillis+off])
	case v.is(startNanos + off):
		return ntp(v.n[startNanos+off], 1, h.export)
	case v.is(startMicros + off):
		return ntp(v.n[startMicros+off], microsecond, h.export)
	case v.is(startSeconds + off):
		return seconds(v.n[startSeconds+off])
	case v.is(startDelta + off):
		n := v.n[startDelta+off]
		return h.export - flow.Time(n)*microsecond, n <= math.MaxUint32
	}
	return 0, false
}

func (v *values) observed(h *header) (flow.Time, bool) {
	switch {
	case v.is(eventMillis):
		return millis(v.n[eventMillis])
	case v.is(eventNanos):
		return ntp(v.n[eventNanos], 1, h.export)
	case v.is(eventMicros):
		return ntp(v.n[eventMicros], microsecond, h.export)
	case v.is(eventSeconds):
		return seconds(v.n[eventSeconds])
	}
	return 0, false
}

func (v *values) length() (flow.Time, bool) {
	switch {
	case v.is(durationMillis):
		n := v.n[durationMillis]
		return flow.Time(n) * millisecond, n <= math.MaxUint32
	case v.is(durationMicros):
		n := v.n[durationMicros]
		return flow.Time(n) * microsecond, n <= math.MaxUint32
	}
	return 0, false
}

// Zero is no time: exporters leave it where they know none.

func seconds(n uint64) (flow.Time, bool) {
	return flow.Time(n) * flow.Second, n > 0 && n <= math.MaxUint32
}

func millis(n uint64) (flow.Time, bool) {
	return flow.Time(n) * millisecond, n > 0 && n <= uint64(flow.MaxTime/millisecond)/2
}

// ntp reads a time of RFC 7011, section 6.1.9: seconds since 1900 modulo 2^32,
// and a fraction in as many bits. Some exporters count units since 1970
// instead; that is believed where it comes near the time of export and the
// other does not.
func ntp(n uint64, unit, export flow.Time) (flow.Time, bool) {
	const since1900 = 2208988800
	whole := int64(n>>32) - since1900
	if whole < 0 {
		whole += 1 << 32 // of the era that begins in 2036
	}
	t := flow.Time(whole)*flow.Second + flow.Time((n&math.MaxUint32)*1e9>>32)
	if near(t, export) || n > uint64(flow.MaxTime/unit) {
		return t, n > 0
	}
	if plain := flow.Time(n) * unit; near(plain, export) {
		return plain, true
	}
	return t, n > 0
}

func near(t, other flow.Time) bool {
	const year = 366 * 24 * 3600 * flow.Second
	return t > other-year && t < other+year
}
