package analyzer

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync/atomic"

	"seine/detectors"
	"seine/flow"
)

// hosts numbers the addresses of a run, in row order, from 1.
//
// An IPv4 address is its own key: a bucket holds the address and the number
// in one word. An IPv6 address is found by 32 bits of its hash and checked
// against the page that holds it. Pages never move, so detectors may look
// addresses up while new ones are added. The hash is seeded, lest an input
// be made to collide; the seed decides nothing but the place in the table.
type hosts struct {
	v4, v6   table
	pages    []atomic.Pointer[addrPage]
	seen     []*seenPage // recency by page, kept only when somebody asks
	live     int
	top      flow.Host   // highest number given
	free     []flow.Host // numbers to give again
	max      int
	tracking bool
	seed     uint64
	ever     uint64 // addresses numbered, a forgotten one again when it returns
	gone     uint64
}

const (
	pageBits = 14
	pageSize = 1 << pageBits
)

type addrPage [pageSize]flow.Addr

// seenPage tells when each host was last seen: at which row, or, with a
// retention, the latest start.
type seenPage [pageSize]int64

// table is open addressing over words: key in the high half, host in the low.
type table struct {
	slots []uint64
	used  int
	mask  uint64
}

func newHosts(limit int, retention flow.Time) *hosts {
	n := limit>>pageBits + 2
	h := &hosts{
		pages: make([]atomic.Pointer[addrPage], n), seen: make([]*seenPage, n),
		max: limit, seed: rand.Uint64() | 1, tracking: retention > 0 || limit <= smallTable,
	}
	h.v4.grow(1<<12, nil)
	h.v6.grow(1<<8, nil)
	return h
}

func (t *table) grow(size int, rehash func(slot uint64) uint64) {
	old := t.slots
	t.slots = make([]uint64, size)
	t.mask = uint64(size - 1)
	// Fresh memory is written before it is read: a page that is read first is
	// mapped to the system's one page of zeros, and the first write then costs
	// a fault that interrupts every other core.
	clear(t.slots)
	for _, s := range old {
		if s != 0 {
			t.put(rehash(s), s)
		}
	}
}

func (t *table) put(hash, slot uint64) {
	i := hash & t.mask
	for t.slots[i] != 0 {
		i = (i + 1) & t.mask
	}
	t.slots[i] = slot
}

func (h *hosts) hash4(v uint32) uint64 {
	hi, lo := bits.Mul64(uint64(v)+h.seed, 0x9e3779b97f4a7c15)
	return hi ^ lo
}

func (h *hosts) hash6(a *flow.Addr) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(a[:8])^h.seed, binary.LittleEndian.Uint64(a[8:])^0x9e3779b97f4a7c15)
	hi, lo = bits.Mul64(hi^lo^h.seed, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// addr is the address of a host. It may be called while hosts are added.
func (h *hosts) addr(n flow.Host) flow.Addr {
	if p := h.pages[n>>pageBits].Load(); p != nil {
		return p[n&(pageSize-1)]
	}
	return flow.Addr{}
}

// full reports whether two more hosts may not fit: room must then be made.
func (h *hosts) full() bool { return h.live+2 > h.max }

// group is how many rows are looked up while the places of the next ones are
// on their way to the cache.
const group = 32

// number gives numbers to both ends of each row. It stops before a row for
// which there may be no room and tells how many rows are done.
func (h *hosts) number(rows []flow.Record) int {
	if h.live+2*len(rows) > h.max {
		for i := range rows {
			if h.full() {
				return i
			}
			rows[i].SrcHost = h.find(&rows[i].Src)
			rows[i].DstHost = h.find(&rows[i].Dst)
		}
		return len(rows)
	}
	for (h.v4.used+2*len(rows))*4 > len(h.v4.slots)*3 { // so that it stays as it is below
		h.grow4()
	}
	var places [2][2 * group]*uint64
	now, coming := &places[0], &places[1]
	h.locate(rows[:min(group, len(rows))], now)
	for left := rows; len(left) > 0; {
		g := left[:min(group, len(left))]
		left = left[len(g):]
		h.locate(left[:min(group, len(left))], coming)
		for i := range g {
			g[i].SrcHost = h.probe(now[2*i&(2*group-1)], &g[i].Src)
			g[i].DstHost = h.probe(now[(2*i+1)&(2*group-1)], &g[i].Dst)
		}
		now, coming = coming, now
	}
	return len(rows)
}

// locate finds where the IPv4 addresses of each row belong and asks for it.
func (h *hosts) locate(g []flow.Record, places *[2 * group]*uint64) {
	slots := h.v4.slots
	mask := uint64(len(slots) - 1)
	for i := range g {
		places[2*i&(2*group-1)] = &slots[h.hash4(g[i].Src.Uint32())&mask]
		places[(2*i+1)&(2*group-1)] = &slots[h.hash4(g[i].Dst.Uint32())&mask]
	}
	detectors.Prefetch(places[:2*len(g)])
}

// probe looks at the place where an IPv4 address belongs, where most are
// found, and leaves the rest to find.
func (h *hosts) probe(place *uint64, a *flow.Addr) flow.Host {
	if s := *place; uint32(s>>32) == a.Uint32() && s != 0 && a.Is4() {
		return flow.Host(s)
	}
	return h.find(a)
}

// find looks one address up and adds it if it is new.
func (h *hosts) find(a *flow.Addr) flow.Host {
	if a.Is4() {
		v := a.Uint32()
		t := &h.v4
		if t.used*4 >= len(t.slots)*3 {
			h.grow4()
		}
		for i := h.hash4(v) & t.mask; ; i = (i + 1) & t.mask {
			s := t.slots[i]
			if s == 0 {
				n := h.add(a)
				t.slots[i] = uint64(v)<<32 | uint64(n)
				t.used++
				return n
			}
			if uint32(s>>32) == v {
				return flow.Host(s)
			}
		}
	}
	t := &h.v6
	if t.used*4 >= len(t.slots)*3 {
		t.grow(2*len(t.slots), func(s uint64) uint64 { x := h.addr(flow.Host(s)); return h.hash6(&x) })
	}
	hash := h.hash6(a)
	tag := hash >> 32
	for i := hash & t.mask; ; i = (i + 1) & t.mask {
		s := t.slots[i]
		if s == 0 {
			n := h.add(a)
			t.slots[i] = tag<<32 | uint64(n)
			t.used++
			return n
		}
		if s>>32 == tag && h.addr(flow.Host(s)) == *a {
			return flow.Host(s)
		}
	}
}

func (h *hosts) grow4() {
	h.v4.grow(2*len(h.v4.slots), func(s uint64) uint64 { return h.hash4(uint32(s >> 32)) })
}

func (h *hosts) add(a *flow.Addr) flow.Host {
	var n flow.Host
	if k := len(h.free); k > 0 {
		n, h.free = h.free[k-1], h.free[:k-1]
	} else {
		h.top++
		n = h.top
	}
	page := n >> pageBits
	p := h.pages[page].Load()
	if p == nil {
		p = new(addrPage)
		h.pages[page].Store(p)
	}
	p[n&(pageSize-1)] = *a
	h.live++
	h.ever++
	return n
}
