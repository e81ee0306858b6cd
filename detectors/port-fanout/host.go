package portfanout

import (
	"seine/detectors"
	"seine/detectors/internal/portset"
)

// A host is what is known of an address, in one cache line.
type host struct {
	up, down, flows uint64
	ports           uint32 // distinct destination ports
	more            uint32 // its set in the portBook plus 1, or 0
	bits            uint16 // popular ports used
	fired           uint8
	inline          uint8 // how many of few are used
	few             [14]uint16
}

const (
	firedMany = 1 << iota
	firedOver
)

// noBit marks popular ports beyond those that have a bit of their own.
const noBit = 17

// facts appends what else is known of the address.
func (h *host) facts(fs []detectors.Fact) []detectors.Fact {
	return append(fs, detectors.Uint("flows", h.flows), detectors.Uint("bytes_up", h.up), detectors.Uint("bytes_down", h.down))
}

// A portBook holds the port sets of hosts that outgrew their line.
type portBook struct {
	sets  []portset.Set
	free  []uint32
	size  int // bytes in use
	limit int // bytes allowed
	lost  *detectors.Counter
}

// add counts a port of h that has no bit of its own, and reports whether it
// is new.
func (b *portBook) add(h *host, port uint16) bool {
	for _, p := range h.few[:h.inline] {
		if p == port {
			return false
		}
	}
	if int(h.inline) < len(h.few) {
		h.few[h.inline] = port
		h.inline++
		h.ports++
		return true
	}
	return b.addMore(h, port)
}

func (b *portBook) addMore(h *host, port uint16) bool {
	if h.more == 0 {
		if b.size >= b.limit {
			b.lost.N++
			return false
		}
		if n := len(b.free); n > 0 {
			h.more, b.free = b.free[n-1], b.free[:n-1]
		} else {
			b.sets = append(b.sets, portset.Set{})
			h.more = uint32(len(b.sets))
		}
	}
	s := &b.sets[h.more-1]
	if b.size >= b.limit {
		if !s.Has(port) {
			b.lost.N++
		}
		return false
	}
	before := s.Bytes()
	if !s.Add(port) {
		return false
	}
	b.size += s.Bytes() - before
	h.ports++
	return true
}

// drop gives the set of a forgotten host back.
func (b *portBook) drop(h *host) {
	if h.more == 0 {
		return
	}
	s := &b.sets[h.more-1]
	b.size -= s.Bytes()
	*s = portset.Set{}
	b.free = append(b.free, h.more)
}
