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
	words []uint64
	n     int // pairs told
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

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd6e8feb86659fd93)
	h := (hi ^ lo) * 0xbf58476d1ce4e5b9
	return h ^ h>>31
}

// pairHash is the number by which a filter knows the pair of r.
func pairHash(r *flow.Record) uint64 {
	return mix(uint64(r.SrcHost)<<32|uint64(r.DstHost), 0x94d049bb133111eb)
}

// slot is the word of a pair; that of its services is beside it.
func slot(h uint64) uint64 { return h % (filterWords / 2) * 2 }

// place is where a pair is, for detectors.Prefetch.
func (f *filter) place(h uint64) *uint64 { return &f.words[slot(h)] }

// two are two bits of a hash, from its upper end.
func two(h uint64) uint64 { return 1<<(h>>58) | 1<<(h>>52&63) }

func serviceBits(h uint64, r *flow.Record) uint64 {
	return two(mix(h, uint64(r.DstPort)<<8|uint64(r.Proto)))
}

// add notes that the destination of r answered its source, and reports which
// of it is new. h is the hash of the pair.
func (f *filter) add(r *flow.Record, h uint64) (newPair, newService bool) {
	i := slot(h)
	pair, service := two(h), serviceBits(h, r)
	newPair = f.words[i]&pair != pair
	newService = newPair || f.words[i+1]&service != service
	if newPair {
		if f.n++; f.n > filterPairs {
			clear(f.words)
			f.n = 1
		}
	}
	f.words[i] |= pair
	f.words[i+1] |= service
	return newPair, newService
}

// has reports whether the destination of r has answered its source before,
// and whether by that service. h is the hash of the pair.
func (f *filter) has(r *flow.Record, h uint64) (pair, service bool) {
	i := slot(h)
	p, s := two(h), serviceBits(h, r)
	pair = f.words[i]&p == p
	return pair, pair && f.words[i+1]&s == s
}
