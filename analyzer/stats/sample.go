package stats

import "math"

// A sample holds distinct values of groups by their hashes: all of them up to
// its limit, beyond it those whose hash begins with ever more zero bits. What
// it holds depends on the values alone, not on their order.
//
// P. B. Gibbons, Distinct Sampling for Highly-Accurate Answers to Distinct
// Values Queries and Event Reports, VLDB 2001.
type sample struct {
	slots []hashed
	n     int
	limit int
	level uint
}

// A hashed value and its group. Both zero is an empty slot.
type hashed struct{ group, value uint64 }

// place spreads a value of a group; its high bits choose the sample.
func (h hashed) place() uint64 { return mix(h.group + mix(h.value)) }

func newSample(limit int) *sample { return &sample{limit: limit, slots: make([]hashed, 64)} }

// add notes a value. The hash of a group must not be zero.
func (s *sample) add(group, value uint64) {
	h := hashed{group, value}
	p := h.place()
	if p>>1>>(63-s.level) != 0 {
		return
	}
	mask := uint64(len(s.slots) - 1)
	for at := p & mask; ; at = (at + 1) & mask {
		if s.slots[at] == h {
			return
		}
		if s.slots[at] == (hashed{}) {
			s.slots[at] = h
			break
		}
	}
	if s.n++; s.n > s.limit {
		s.thin()
	} else if s.n > len(s.slots)/4*3 {
		s.rehash(2 * len(s.slots))
	}
}

// thin drops about half of what it holds.
func (s *sample) thin() {
	for s.n > s.limit {
		s.level++
		s.rehash(len(s.slots))
	}
}

func (s *sample) rehash(size int) {
	old := s.slots
	s.slots, s.n = make([]hashed, size), 0
	mask := uint64(size - 1)
	for _, h := range old {
		p := h.place()
		if h == (hashed{}) || p>>1>>(63-s.level) != 0 {
			continue
		}
		at := p & mask
		for s.slots[at] != (hashed{}) {
			at = (at + 1) & mask
		}
		s.slots[at] = h
		s.n++
	}
}

// counts gives the number of values of each group.
func (s *sample) counts() map[uint64]uint64 {
	all := map[uint64]uint64{}
	for _, h := range s.slots {
		if h != (hashed{}) {
			all[h.group]++
		}
	}
	return all
}

// estimate is what a number of values in the sample stands for.
func (s *sample) estimate(n uint64) Distinct {
	d := Distinct{N: n << s.level}
	if s.level > 0 {
		// Each of N values is in the sample with probability 2^-level.
		d.Error = math.Sqrt(float64(max(n, 1)<<s.level) * (math.Exp2(float64(s.level)) - 1))
	}
	return d
}

// A Distinct is a number of distinct values, exact where Error, the standard
// error, is zero.
type Distinct struct {
	N     uint64
	Error float64
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014), a
// bijection.
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// hashWords is a hash of a value of any number of words; of one word, or of
// IPv4 addresses, no two have the same.
func hashWords(value []uint64) uint64 {
	var h uint64
	for _, w := range value {
		h = mix(h ^ w)
	}
	return h
}
