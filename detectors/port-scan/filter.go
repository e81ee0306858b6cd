package portscan

import (
	"math/bits"

	"seine/flow"
)

// A filter remembers who has been answered by whom, and by which service: a
// Bloom filter in which a pair has two bits of one word, and each of its
// services two bits of the next. Of the new pairs it takes one in a hundred for
// known when it holds two million, and one in thirteen when it is full; it then
// begins anew.
type filter struct {
	words  []uint64
	recent [1 << 11]uint64 // services told of late, each in its one place
	n      int             // pairs told
	begun  int             // how often it began anew
}

const (
	filterWords = 1 << 20 // 8 MiB
	filterPairs = 5 << 20
)

// ready makes the table on first use.
func (f *filter) ready() {
	if f.words == nil {
		f.words = make([]uint64, filterWords)
	}
}

// A call is a row as a filter knows it: hashes of its pair, and of its service.
type call struct{ pair, service uint64 }

func callOf(r *flow.Record) call {
	pair := mix(uint64(r.SrcHost)<<32|uint64(r.DstHost), 0x94d049bb133111eb)
	return call{pair, mix(pair, uint64(r.DstPort)<<8|uint64(r.Proto))}
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd6e8feb86659fd93)
	h := (hi ^ lo) * 0xbf58476d1ce4e5b9
	return h ^ h>>31
}

// slot is the word of a pair; that of its services is beside it.
func (c call) slot() uint64 { return c.pair % (filterWords / 2) * 2 }

// place is where a pair is, for detectors.Prefetch.
func (f *filter) place(c call) *uint64 { return &f.words[c.slot()] }

// two are two bits of a hash, from its upper end.
func two(h uint64) uint64 { return 1<<(h>>58) | 1<<(h>>52&63) }

// late reports whether the service was told of late. What it does not report
// may be known all the same.
func (f *filter) late(c call) bool { return f.recent[c.service%uint64(len(f.recent))] == c.service }

// add notes that a destination answered its source, and reports which of it is
// new.
func (f *filter) add(c call) (newPair, newService bool) {
	i := c.slot()
	pair, service := two(c.pair), two(c.service)
	newPair = f.words[i]&pair != pair
	newService = newPair || f.words[i+1]&service != service
	if newPair {
		if f.n++; f.n > filterPairs {
			clear(f.words)
			clear(f.recent[:])
			f.n = 1
			f.begun++
		}
	}
	f.words[i] |= pair
	f.words[i+1] |= service
	f.recent[c.service%uint64(len(f.recent))] = c.service
	return newPair, newService
}

// has reports whether a destination has answered its source before, and
// whether by that service.
func (f *filter) has(c call) (pair, service bool) {
	i := c.slot()
	p, s := two(c.pair), two(c.service)
	pair = f.words[i]&p == p
	return pair, pair && f.words[i+1]&s == s
}
