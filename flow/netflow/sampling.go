package netflow

import (
	"maps"
	"math"
	"math/bits"

	"seine/flow"
)

// A rate tells how many packets each sampled one stands for: packets / of.
// The zero rate is not known.
type rate struct{ packets, of uint64 }

func (r rate) known() bool    { return r.of != 0 }
func (r rate) sampling() bool { return r.packets > r.of }

// samplers are the sampling rates that a domain told, by the number of the
// sampler; without a number, the rate of all that it exports.
type samplers struct {
	whole rate
	by    map[uint64]rate
}

func (s *samplers) clone() samplers { return samplers{s.whole, maps.Clone(s.by)} }

func (s *samplers) tell(id uint64, numbered bool, r rate) {
	switch _, known := s.by[id]; {
	case !numbered:
		s.whole = r
	case s.by == nil:
		s.by = map[uint64]rate{id: r}
	case known || len(s.by) < maxSamplers:
		s.by[id] = r
	}
}

// rate is that of a record, which may name its sampler. Records that name
// none are taken to be of the only one that there is.
func (s *samplers) rate(id uint64, named bool) rate {
	if named {
		if r, ok := s.by[id]; ok {
			return r
		}
		if id == 0 { // of no sampler
			return rate{}
		}
	}
	if s.whole.known() || named {
		return s.whole
	}
	var only rate
	for _, r := range s.by {
		if only.known() && only != r {
			return rate{}
		}
		only = r
	}
	return only
}

// rate is what a record says of sampling itself.
func (v *values) rate() rate {
	const least = 1<<samplingInterval | 1<<randomInterval | 1<<packetInterval | 1<<samplingPopulation | 1<<samplingProbability
	if !v.any(least) {
		return rate{}
	}
	r := rate{of: 1}
	switch {
	case v.is(packetInterval) && v.n[packetInterval] > 0:
		// So many packets are taken, then so many left out.
		r.of = v.n[packetInterval]
		r.packets = r.of
		if v.is(packetSpace) {
			r.packets += v.n[packetSpace]
		} else { // as exporters that mean one in so many
			r.of = 1
		}
	case v.is(samplingPopulation) && v.is(samplingSize) && v.n[samplingSize] > 0:
		r.packets, r.of = v.n[samplingPopulation], v.n[samplingSize]
	case v.is(samplingProbability):
		p := math.Float64frombits(v.n[samplingProbability])
		if !(p > 1e-9 && p <= 1) {
			return rate{}
		}
		r.packets = uint64(math.Round(1 / p))
	default:
		r.packets, _ = v.first(randomInterval, samplingInterval)
	}
	if r.packets > math.MaxUint32 || r.of > math.MaxUint32 {
		return rate{}
	}
	r.packets = max(r.packets, r.of) // 0 stands for every packet
	return r
}

// option keeps what a record of options tells.
func (d *decoder) option(dom *domain, v *values, h *header) {
	if v.is(bootMillis) {
		if t, ok := millis(v.n[bootMillis]); ok {
			dom.clock = clock{boot: t, known: true}
			h.boot, h.booted, h.told, h.uptime = t, true, true, uint32((h.export-t)/millisecond)
		}
	}
	if r := v.rate(); r.known() {
		id, numbered := v.first(samplerID, selectorID)
		dom.samplers.tell(id, numbered, r)
		if r.sampling() {
			d.seen.rates++
		}
	}
}

// count stores a counter, multiplied by the sampling rate. One that becomes
// too large is absent.
func (d *decoder) count(r *flow.Record, by rate, n uint64, to *uint64, has flow.Fields) {
	if by.sampling() {
		over, low := bits.Mul64(n, by.packets)
		if over >= by.of {
			return
		}
		n, _ = bits.Div64(over, low, by.of)
	}
	*to = n
	r.Has |= has
}

// scaled counts a record whose counters were multiplied.
func (d *decoder) scaled(by rate) {
	if by.sampling() {
		d.seen.sampled++
	}
}
