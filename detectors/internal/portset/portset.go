// Package portset holds sets of port numbers that grow from a few to all.
package portset

// A Set is a set of ports: a hash table of two bytes a slot while small, a
// bitmap of 8 KiB from where that is no larger. The zero Set is empty.
type Set struct {
	slots []uint16 // hash table; 0 is an empty slot
	bits  *[1024]uint64
	n     int
	zero  bool // port 0 is in the set
}

const (
	firstSlots = 32
	mostSlots  = 4096 // 8 KiB
)

// Len is the number of ports.
func (s *Set) Len() int { return s.n }

// Bytes is about what the set occupies.
func (s *Set) Bytes() int {
	if s.bits != nil {
		return 8192
	}
	return 2 * len(s.slots)
}

// Has reports whether p is in the set.
func (s *Set) Has(p uint16) bool {
	switch {
	case s.bits != nil:
		return s.bits[p>>6]>>(p&63)&1 != 0
	case p == 0:
		return s.zero
	case len(s.slots) == 0:
		return false
	}
	return s.slots[s.find(p)] == p
}

// find is the slot of p, or the empty one where it belongs.
func (s *Set) find(p uint16) int {
	mask := len(s.slots) - 1
	i := int(uint32(p)*0x9e3779b1>>12) & mask
	for s.slots[i] != 0 && s.slots[i] != p {
		i = (i + 1) & mask
	}
	return i
}

// Add puts p in and reports whether it is new.
func (s *Set) Add(p uint16) bool {
	if s.bits != nil {
		w, bit := &s.bits[p>>6], uint64(1)<<(p&63)
		if *w&bit != 0 {
			return false
		}
		*w |= bit
		s.n++
		return true
	}
	if p == 0 {
		if s.zero {
			return false
		}
		s.zero = true
		s.n++
		return true
	}
	if (s.n+1)*4 > len(s.slots)*3 {
		s.grow()
		if s.bits != nil {
			return s.Add(p)
		}
	}
	i := s.find(p)
	if s.slots[i] == p {
		return false
	}
	s.slots[i] = p
	s.n++
	return true
}

func (s *Set) grow() {
	old := s.slots
	if 2*len(old) > mostSlots {
		s.slots, s.bits = nil, new([1024]uint64)
		for _, p := range old {
			if p != 0 {
				s.bits[p>>6] |= 1 << (p & 63)
			}
		}
		if s.zero {
			s.bits[0] |= 1
		}
		return
	}
	s.slots = make([]uint16, max(firstSlots, 2*len(old)))
	for _, p := range old {
		if p != 0 {
			s.slots[s.find(p)] = p
		}
	}
}
