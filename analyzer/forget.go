package analyzer

import (
	"slices"

	"seine/flow"
)

// epochBits is how many rows apart it may be noticed that the table has
// become half full, from when on it is remembered when hosts were seen. A
// small table remembers from the start.
const (
	epochBits  = 12
	smallTable = 1 << (epochBits + 4)
)

// touch remembers when the hosts of rows were seen: at which row, the first
// of rows being number row, or with a retention at what time. Hosts not seen
// since the remembering began count as oldest.
func (h *hosts) touch(rows []flow.Record, row uint64, retention flow.Time) {
	if !h.tracking {
		return
	}
	for i := range rows {
		r := &rows[i]
		when := int64(row+uint64(i)) + 1
		if retention > 0 {
			when = int64(r.Start)
		}
		h.mark(r.SrcHost, when, retention > 0)
		h.mark(r.DstHost, when, retention > 0)
	}
}

func (h *hosts) mark(n flow.Host, when int64, byTime bool) {
	page := n >> pageBits
	p := h.seen[page]
	if p == nil {
		p = new(seenPage)
		if byTime {
			for i := range p {
				p[i] = int64(flow.MinTime)
			}
		}
		h.seen[page] = p
	}
	if s := &p[n&(pageSize-1)]; when > *s {
		*s = when
	}
}

// oldest picks about a sixteenth of the table: the hosts least recently seen,
// in order of their numbers.
func (h *hosts) oldest() []flow.Host {
	want := max(2, h.max/16)
	type aged struct {
		when int64
		host flow.Host
	}
	all := make([]aged, 0, h.live)
	h.each(func(n flow.Host, when int64) { all = append(all, aged{when, n}) })
	slices.SortFunc(all, func(a, b aged) int {
		if a.when != b.when {
			if a.when < b.when {
				return -1
			}
			return 1
		}
		return int(a.host) - int(b.host)
	})
	out := make([]flow.Host, 0, want)
	for _, a := range all[:min(want, len(all))] {
		out = append(out, a.host)
	}
	slices.Sort(out)
	return out
}

// idle lists the hosts last seen before a time, in order of their numbers.
func (h *hosts) idle(before flow.Time) []flow.Host {
	var out []flow.Host
	h.each(func(n flow.Host, when int64) {
		if when < int64(before) {
			out = append(out, n)
		}
	})
	return out
}

// each visits the live hosts in order of their numbers.
func (h *hosts) each(f func(n flow.Host, when int64)) {
	unused := make(map[flow.Host]struct{}, len(h.free))
	for _, n := range h.free {
		unused[n] = struct{}{}
	}
	for n := flow.Host(1); n <= h.top; n++ {
		if _, ok := unused[n]; ok {
			continue
		}
		when := int64(0)
		if p := h.seen[n>>pageBits]; p != nil {
			when = p[n&(pageSize-1)]
		}
		f(n, when)
	}
}

// forget takes hosts out of the table; their numbers will be given again.
// Nobody may be using them any more.
func (h *hosts) forget(hs []flow.Host) {
	dead := make(map[flow.Host]struct{}, len(hs))
	for _, n := range hs {
		dead[n] = struct{}{}
		if p := h.seen[n>>pageBits]; p != nil {
			p[n&(pageSize-1)] = int64(flow.MinTime)
		}
	}
	rebuild := func(t *table, hash func(slot uint64) uint64) {
		old := t.slots
		t.slots, t.used = make([]uint64, len(old)), 0
		for _, s := range old {
			if s == 0 {
				continue
			}
			if _, ok := dead[flow.Host(s)]; !ok {
				t.put(hash(s), s)
				t.used++
			}
		}
	}
	rebuild(&h.v4, func(s uint64) uint64 { return h.hash4(uint32(s >> 32)) })
	rebuild(&h.v6, func(s uint64) uint64 { a := h.addr(flow.Host(s)); return h.hash6(&a) })
	for i := len(hs) - 1; i >= 0; i-- { // the lowest number is given first
		h.free = append(h.free, hs[i])
	}
	h.live -= len(hs)
	h.gone += uint64(len(hs))
}
