package analyzer

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"seine/flow"
)

// numbering drives a table of hosts as the pipeline does, beside a map.
type numbering struct {
	t         *testing.T
	h         *hosts
	retention flow.Time
	row       uint64
	known     map[flow.Addr]flow.Host
	seen      map[flow.Host]int64 // as the table should remember it
	released  map[flow.Host]bool  // numbers that may be given again
	ever      uint64
}

func newNumbering(t *testing.T, limit int, retention flow.Time) *numbering {
	return &numbering{
		t: t, h: newHosts(limit, retention), retention: retention,
		known: map[flow.Addr]flow.Host{}, seen: map[flow.Host]int64{}, released: map[flow.Host]bool{},
	}
}

// feed numbers rows, making room where there is none.
func (n *numbering) feed(rows []flow.Record, batch int) {
	for len(rows) > 0 {
		if n.row&(1<<epochBits-1) == 0 && !n.h.tracking && n.h.live >= n.h.max/2 {
			n.h.tracking = true
		}
		k := n.h.number(rows[:min(len(rows), batch, int(1<<epochBits-n.row&(1<<epochBits-1)))])
		if k == 0 {
			if !n.h.full() {
				n.t.Fatalf("row %d is not numbered, and the table holds %d of %d", n.row, n.h.live, n.h.max)
			}
			n.evict(n.h.oldest())
			continue
		}
		n.h.touch(rows[:k], n.row, n.retention)
		for i := range rows[:k] {
			n.check(&rows[i].Src, rows[i].SrcHost, rows[i].Start)
			n.check(&rows[i].Dst, rows[i].DstHost, rows[i].Start)
		}
		n.row += uint64(k)
		rows = rows[k:]
	}
	if n.h.live != len(n.known) || n.h.ever != n.ever || n.h.live > n.h.max {
		n.t.Fatalf("%d live and %d ever, want %d and %d; at most %d", n.h.live, n.h.ever, len(n.known), n.ever, n.h.max)
	}
}

// check compares one number with the map.
func (n *numbering) check(a *flow.Addr, h flow.Host, start flow.Time) {
	before, ok := n.known[*a]
	switch {
	case ok && before != h:
		n.t.Fatalf("%v was host %d and is host %d", *a, before, h)
	case !ok && h == 0:
		n.t.Fatalf("%v has no number", *a)
	case !ok && !n.released[h] && int(h) != len(n.known)+len(n.released)+1:
		n.t.Fatalf("%v is host %d, with %d known and %d released", *a, h, len(n.known), len(n.released))
	case !ok:
		delete(n.released, h)
		delete(n.seen, h)
		n.known[*a] = h
		n.ever++
	}
	if n.h.addr(h) != *a {
		n.t.Fatalf("host %d is %v, not %v", h, n.h.addr(h), *a)
	}
	when := int64(n.row>>epochBits) + 1
	if n.retention > 0 {
		when = int64(start)
		if s, ok := n.seen[h]; ok {
			when = max(when, s)
		}
	}
	if n.h.tracking {
		n.seen[h] = when
	}
}

// evict checks that hs, which are to be forgotten, are those seen longest
// ago, and forgets them.
func (n *numbering) evict(hs []flow.Host) {
	if len(hs) == 0 {
		n.t.Fatal("nothing is forgotten")
	}
	if !slices.IsSorted(hs) {
		n.t.Fatal("hosts to forget are not in the order of their numbers")
	}
	gone := map[flow.Host]bool{}
	latest := int64(-1 << 63)
	for _, h := range hs {
		gone[h] = true
		latest = max(latest, n.seen[h])
	}
	for a, h := range n.known {
		if gone[h] {
			if n.h.addr(h) != a {
				n.t.Fatalf("host %d has lost its address before it is forgotten", h)
			}
			delete(n.known, a)
			n.released[h] = true
		} else if n.seen[h] < latest {
			n.t.Fatalf("host %d, seen at %d, stays; one seen at %d goes", h, n.seen[h], latest)
		}
	}
	if len(gone) != len(hs) {
		n.t.Fatal("a host is forgotten twice")
	}
	n.h.forget(hs)
}

// randomAddr picks one of about pool addresses, few of them often.
func randomAddr(rng *rand.Rand, pool int) flow.Addr {
	v := uint32(rng.IntN(1 + rng.IntN(pool)))
	switch v % 5 {
	case 0, 1, 2:
		return flow.AddrFrom4(v * 0x9e3779b1)
	case 3:
		b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
		binary.BigEndian.PutUint32(b[12:], v)
		a, _ := flow.AddrFrom16(b)
		return a
	}
	mapped := [16]byte{10: 0xff, 11: 0xff} // of an address that is there, too
	binary.BigEndian.PutUint32(mapped[12:], (v-1)*0x9e3779b1)
	a, _ := flow.AddrFrom16(mapped)
	return a
}

func randomRows(rng *rand.Rand, n, pool int, at flow.Time) []flow.Record {
	rows := make([]flow.Record, n)
	for i := range rows {
		rows[i].Start = at + flow.Time(rng.Int64N(int64(20*flow.Second)))
		rows[i].Src, rows[i].Dst = randomAddr(rng, pool), randomAddr(rng, pool)
		if rng.IntN(20) == 0 {
			rows[i].Dst = rows[i].Src
		}
	}
	return rows
}

func TestEveryAddressHasOneNumber(t *testing.T) {
	n, rng := newNumbering(t, DefaultMaxHosts, 0), rand.New(rand.NewPCG(1, 1))
	for range 40 {
		n.feed(randomRows(rng, 1+rng.IntN(5000), 100_000, 0), 1+rng.IntN(3000))
	}
	if len(n.known) < 30_000 || n.h.gone != 0 {
		t.Errorf("%d addresses, %d gone", len(n.known), n.h.gone)
	}
}

func TestTheLeastRecentlySeenHostsMakeRoom(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 2))
		limit := []int{MinHosts, 1500, 5000, 20_000}[seed]
		n := newNumbering(t, limit, 0)
		for range 60 {
			n.feed(randomRows(rng, 1+rng.IntN(3000), limit*3, 0), 1+rng.IntN(3000))
		}
		if n.h.gone == 0 || int(n.h.top) > limit {
			t.Errorf("limit %d: %d gone, numbers up to %d", limit, n.h.gone, n.h.top)
		}
	}
}

func TestIdleHostsAreThoseNotSeenSince(t *testing.T) {
	const retention = 100 * flow.Second
	n, rng := newNumbering(t, DefaultMaxHosts, retention), rand.New(rand.NewPCG(1, 3))
	forgotten := 0
	for i := range 60 {
		now := flow.Time(i-30) * 20 * flow.Second // before 1970, too
		n.feed(randomRows(rng, 1+rng.IntN(2000), 20_000, now), 1+rng.IntN(3000))
		idle := n.h.idle(now - retention)
		for _, h := range n.known {
			if slices.Contains(idle, h) != (n.seen[h] < int64(now-retention)) {
				t.Fatalf("host %d, seen at %d, at %d", h, n.seen[h], now)
			}
		}
		if len(idle) > 0 {
			n.evict(idle)
			forgotten += len(idle)
		}
	}
	if forgotten < 1000 {
		t.Errorf("only %d hosts were idle", forgotten)
	}
}

// A table that has room for two more takes the next row, whoever is in it.
func TestTheTableFillsToItsLimit(t *testing.T) {
	n := newNumbering(t, MinHosts, 0)
	var rows []flow.Record
	for i := range uint32(MinHosts / 2) {
		rows = append(rows, flow.Record{Src: flow.AddrFrom4(2 * i), Dst: flow.AddrFrom4(2*i + 1)})
	}
	n.feed(rows, 4096)
	if n.h.live != MinHosts || n.h.gone != 0 || !n.h.full() {
		t.Fatalf("%d live, %d gone", n.h.live, n.h.gone)
	}
	n.feed([]flow.Record{{Src: flow.AddrFrom4(1 << 20), Dst: flow.AddrFrom4(1<<20 + 1)}}, 4096)
	if n.h.gone != MinHosts/16 {
		t.Errorf("%d gone for two new ones", n.h.gone)
	}
}
