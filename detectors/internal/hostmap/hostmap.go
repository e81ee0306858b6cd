// Package hostmap keeps a value for each host, in pages that never move:
// growth copies nothing and leaves nothing behind.
package hostmap

import "seine/flow"

const (
	pageBits = 12
	pageSize = 1 << pageBits
)

// A Map holds a T for every host from 1 to the highest asked for. T should
// hold no pointers, so that the collector passes the pages over.
type Map[T any] struct {
	// Slices: of an array the page's first line would be touched each time,
	// to see whether the pointer is nil.
	pages [][]T
}

// At is the value of h, zero at first.
func (m *Map[T]) At(h flow.Host) *T {
	p := int(h >> pageBits)
	if p >= len(m.pages) || m.pages[p] == nil {
		m.add(p)
	}
	return &m.pages[p][h&(pageSize-1)]
}

func (m *Map[T]) add(p int) {
	for p >= len(m.pages) {
		m.pages = append(m.pages, nil)
	}
	m.pages[p] = make([]T, pageSize)
	// Fresh memory is written before it is read: a page that is read first is
	// mapped to the system's one page of zeros, and the first write then costs
	// a fault that interrupts every other core.
	clear(m.pages[p])
}

// Bits is a set of hosts, a bit each.
type Bits struct{ words []uint64 }

// Has reports whether h is in the set.
func (b *Bits) Has(h flow.Host) bool {
	i := int(h >> 6)
	return i < len(b.words) && b.words[i]>>(h&63)&1 != 0
}

// Set puts h in.
func (b *Bits) Set(h flow.Host) {
	for i := int(h >> 6); i >= len(b.words); {
		b.words = append(b.words, 0)
	}
	b.words[h>>6] |= 1 << (h & 63)
}

// Unset takes h out.
func (b *Bits) Unset(h flow.Host) {
	if i := int(h >> 6); i < len(b.words) {
		b.words[i] &^= 1 << (h & 63)
	}
}
