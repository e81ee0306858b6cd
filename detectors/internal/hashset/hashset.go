// Package hashset is a set of 64-bit keys in one flat table: eight bytes a
// slot, nothing for the collector to follow.
package hashset

import "math/bits"

// A Set holds keys other than 0. Its order of storage means nothing.
type Set struct {
	slots []uint64
	used  int
	mask  uint64
}

// first is how many slots a set begins with: half a kilobyte.
const first = 1 << 6

// New makes an empty set.
func New() *Set {
	s := &Set{}
	s.resize(first)
	return s
}

func (s *Set) resize(n int) {
	old := s.slots
	s.slots, s.mask = make([]uint64, n), uint64(n-1)
	clear(s.slots) // written before it is read; see package hostmap
	for _, k := range old {
		if k != 0 {
			s.put(k)
		}
	}
}

func (s *Set) put(k uint64) {
	i := hash(k) & s.mask
	for s.slots[i] != 0 {
		i = (i + 1) & s.mask
	}
	s.slots[i] = k
}

func hash(k uint64) uint64 {
	hi, lo := bits.Mul64(k^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// Len is the number of keys.
func (s *Set) Len() int { return s.used }

// Place is where k belongs, for detectors.Prefetch. It holds until the next
// Add.
func (s *Set) Place(k uint64) *uint64 { return &s.slots[hash(k)&s.mask] }

// Has reports whether k is in the set.
func (s *Set) Has(k uint64) bool {
	for i := hash(k) & s.mask; ; i = (i + 1) & s.mask {
		switch s.slots[i] {
		case k:
			return true
		case 0:
			return false
		}
	}
}

// Add puts k in and reports whether it is new.
func (s *Set) Add(k uint64) bool {
	for i := hash(k) & s.mask; ; i = (i + 1) & s.mask {
		switch s.slots[i] {
		case k:
			return false
		case 0:
			s.slots[i] = k
			if s.used++; s.used*4 > len(s.slots)*3 {
				s.resize(2 * len(s.slots))
			}
			return true
		}
	}
}

// Clear empties the set and keeps its table, unless that is large.
func (s *Set) Clear() {
	if len(s.slots) > 1<<16 {
		s.slots = nil
		s.resize(first)
	} else if s.used > 0 {
		clear(s.slots)
	}
	s.used = 0
}

// Remove drops the keys that drop names.
func (s *Set) Remove(drop func(k uint64) bool) {
	old := s.slots
	s.slots, s.used = make([]uint64, len(old)), 0
	for _, k := range old {
		if k != 0 && !drop(k) {
			s.put(k)
			s.used++
		}
	}
}
