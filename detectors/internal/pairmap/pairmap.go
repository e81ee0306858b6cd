// Package pairmap keeps a value for each of many pairs of hosts, or pairs and
// services, within a limit. Entries lie in pages that never move, so that a
// pointer to a value holds until its entry is dropped; what the table costs
// beyond the values is 40 bytes an entry.
//
// A table that is full drops, of some entries that it looks at in turn, the
// one that has been idle longest: near enough to the least recently used at no
// cost where there is room. All of it depends on the calls alone.
package pairmap

import (
	"math/bits"

	"seine/flow"
)

// A Key names an entry. A detector that wants a host alone leaves Dst 0; the
// zero Key names no entry.
type Key struct {
	Src, Dst flow.Host
	Port     uint16
	Proto    flow.Proto
	Extra    uint8 // whatever else tells entries apart
}

// Pair is the key of two hosts.
func Pair(src, dst flow.Host) Key { return Key{Src: src, Dst: dst} }

// Service is the key of a source, a destination, and the service there.
func Service(r *flow.Record) Key {
	return Key{Src: r.SrcHost, Dst: r.DstHost, Port: r.DstPort, Proto: r.Proto}
}

// Hash is a number that differs between keys, nearly always. Who needs it for
// more than one call asks for it once.
func (k *Key) Hash() uint64 { return k.hash() }

func (k *Key) hash() uint64 {
	a := uint64(k.Src)<<32 | uint64(k.Dst)
	b := uint64(k.Port)<<16 | uint64(k.Proto)<<8 | uint64(k.Extra)
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xd6e8feb86659fd93)
	h := hi ^ lo ^ a*0x94d049bb133111eb
	h ^= h >> 29
	return h * 0xbf58476d1ce4e5b9
}

const (
	pageBits = 8
	pageSize = 1 << pageBits
	scan     = 8 // entries looked at for one to drop
)

type entry[V any] struct {
	key   Key
	used  bool
	last  flow.Time // when it was last asked for
	value V
}

// A Map holds a V for each key. V should hold no pointers, so that the
// collector passes the pages over.
type Map[V any] struct {
	limit int
	drop  func(Key, *V)
	pages [][]entry[V] // not arrays: the check for nil would touch each page
	// slots hold the number of an entry plus 1, and in the upper half that of
	// its hash, whose lower bits say where the search for it begins.
	slots []uint64
	mask  uint64
	n     int // entries in use
	next  uint32
	free  []uint32
	hand  uint32
}

// New makes a Map of at most limit entries. drop, if not nil, hears of each
// entry that goes for want of room, before it goes; it leaves the Map alone.
func New[V any](limit int, drop func(Key, *V)) *Map[V] {
	m := &Map[V]{limit: max(limit, 2*scan), drop: drop}
	m.resize(256)
	return m
}

// Len is the number of entries.
func (m *Map[V]) Len() int { return m.n }

func (m *Map[V]) entry(i uint32) *entry[V] { return &m.pages[i>>pageBits][i&(pageSize-1)] }

// Place is where the search for k begins, for detectors.Prefetch. It holds
// until the next At.
func (m *Map[V]) Place(k Key) *uint64 { return m.PlaceOf(k.hash()) }

// PlaceOf is the Place of the key with this hash.
func (m *Map[V]) PlaceOf(hash uint64) *uint64 { return &m.slots[hash>>32&m.mask] }

// GuessOf is where the value of the key with this hash probably lies, or nil,
// for detectors.Prefetch once what PlaceOf gave is at hand: it looks at no entry.
func (m *Map[V]) GuessOf(hash uint64) *V {
	if s := m.slots[hash>>32&m.mask]; s != 0 && s>>32 == hash>>32 {
		return &m.entry(uint32(s) - 1).value
	}
	return nil
}

// Find is the value of k, or nil.
func (m *Map[V]) Find(k Key) *V {
	h := k.hash()
	for i := h >> 32 & m.mask; m.slots[i] != 0; i = (i + 1) & m.mask {
		if m.slots[i]>>32 == h>>32 {
			if e := m.entry(uint32(m.slots[i]) - 1); e.key == k {
				return &e.value
			}
		}
	}
	return nil
}

// Touch is the value of k, whose hash this is, marked as used at now, or nil.
func (m *Map[V]) Touch(k Key, hash uint64, now flow.Time) *V {
	for i := hash >> 32 & m.mask; m.slots[i] != 0; i = (i + 1) & m.mask {
		if m.slots[i]>>32 == hash>>32 {
			if e := m.entry(uint32(m.slots[i]) - 1); e.key == k {
				e.last = max(e.last, now)
				return &e.value
			}
		}
	}
	return nil
}

// At is the value of k, a zero one if it is new, and marks it as used at now.
func (m *Map[V]) At(k Key, now flow.Time) (v *V, fresh bool) { return m.AtOf(k, k.hash(), now) }

// AtOf is At of k, whose hash this is.
func (m *Map[V]) AtOf(k Key, hash uint64, now flow.Time) (v *V, fresh bool) {
	if v := m.Touch(k, hash, now); v != nil {
		return v, false
	}
	return m.Add(k, hash, now), true
}

// Add is a zero value for k, whose hash this is and which has none, marked as
// used at now.
func (m *Map[V]) Add(k Key, hash uint64, now flow.Time) *V {
	if m.n >= m.limit {
		m.evict()
	}
	if uint64(m.n+1)*4 > uint64(len(m.slots))*3 {
		m.resize(2 * len(m.slots))
	}
	var number uint32
	if f := len(m.free); f > 0 {
		number, m.free = m.free[f-1], m.free[:f-1]
	} else {
		number = m.next
		m.next++
		if int(number>>pageBits) == len(m.pages) {
			m.pages = append(m.pages, make([]entry[V], pageSize))
			clear(m.pages[number>>pageBits]) // written before it is read; see package hostmap
		}
	}
	m.put(hash&^(1<<32-1) | uint64(number+1))
	e := m.entry(number)
	e.key, e.used, e.last = k, true, now // it is zero
	m.n++
	return &e.value
}

// put enters what a slot holds.
func (m *Map[V]) put(slot uint64) {
	i := slot >> 32 & m.mask
	for m.slots[i] != 0 {
		i = (i + 1) & m.mask
	}
	m.slots[i] = slot
}

func (m *Map[V]) resize(n int) {
	old := m.slots
	m.slots, m.mask = make([]uint64, n), uint64(n-1)
	clear(m.slots)
	for _, s := range old {
		if s != 0 {
			m.put(s)
		}
	}
}

// evict drops the entry that has been idle longest among the next few.
func (m *Map[V]) evict() {
	var worst *entry[V]
	number := uint32(0)
	for seen := 0; seen < scan; {
		if m.hand >= m.next {
			m.hand = 0
		}
		if e := m.entry(m.hand); e.used {
			seen++
			if worst == nil || e.last < worst.last {
				worst, number = e, m.hand
			}
		}
		m.hand++
	}
	if m.drop != nil {
		m.drop(worst.key, &worst.value)
	}
	m.remove(number)
}

// remove takes an entry out, and moves those behind it in the row of slots
// forward so that searches still find them.
func (m *Map[V]) remove(number uint32) {
	e := m.entry(number)
	i := e.key.hash() >> 32 & m.mask
	for uint32(m.slots[i]) != number+1 {
		i = (i + 1) & m.mask
	}
	*e = entry[V]{}
	m.free = append(m.free, number)
	m.n--
	for j := i; ; {
		m.slots[i] = 0
		for {
			j = (j + 1) & m.mask
			if m.slots[j] == 0 {
				return
			}
			home := m.slots[j] >> 32 & m.mask
			if (j-home)&m.mask >= (j-i)&m.mask { // its home is at i or before
				m.slots[i], i = m.slots[j], j
				break
			}
		}
	}
}

// Delete drops the entry of k, if there is one.
func (m *Map[V]) Delete(k Key) {
	h := k.hash()
	for i := h >> 32 & m.mask; m.slots[i] != 0; i = (i + 1) & m.mask {
		if m.slots[i]>>32 == h>>32 {
			if number := uint32(m.slots[i]) - 1; m.entry(number).key == k {
				m.remove(number)
				return
			}
		}
	}
}

// All calls f for every entry, in an order that depends on the calls alone,
// until f returns false. f may delete the entry it is called with, and no other.
func (m *Map[V]) All(f func(k Key, last flow.Time, v *V) bool) {
	for number := range m.next {
		if e := m.entry(number); e.used && !f(e.key, e.last, &e.value) {
			return
		}
	}
}

// Forget drops the entries of hosts whose numbers will be given to others.
func (m *Map[V]) Forget(hs []flow.Host) {
	if len(hs) == 0 || m.n == 0 {
		return
	}
	gone := make([]uint64, int(maxHost(hs))>>6+1)
	for _, h := range hs {
		gone[h>>6] |= 1 << (h & 63)
	}
	has := func(h flow.Host) bool { i := int(h >> 6); return i < len(gone) && gone[i]>>(h&63)&1 != 0 }
	m.All(func(k Key, _ flow.Time, _ *V) bool {
		if has(k.Src) || has(k.Dst) {
			m.Delete(k)
		}
		return true
	})
}

func maxHost(hs []flow.Host) flow.Host {
	most := hs[0]
	for _, h := range hs {
		most = max(most, h)
	}
	return most
}
