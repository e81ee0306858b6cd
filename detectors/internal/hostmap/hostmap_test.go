package hostmap

import (
	"math/rand/v2"
	"testing"

	"seine/flow"
)

func TestMapKeepsAValueForEachHost(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var m Map[uint64]
	want := map[flow.Host]uint64{}
	places := map[flow.Host]*uint64{}
	edges := []flow.Host{0, 1, pageSize - 1, pageSize, pageSize + 1, 10_000_000}
	for i := range 20_000 {
		h := flow.Host(rng.IntN(200_000))
		if i < len(edges) {
			h = edges[i]
		}
		p := m.At(h)
		if *p != want[h] {
			t.Fatalf("host %d has %d, want %d", h, *p, want[h])
		}
		if q, ok := places[h]; ok && p != q {
			t.Fatalf("the value of host %d moved", h)
		}
		want[h]++
		*p, places[h] = want[h], p
	}
	for h, v := range want {
		if *m.At(h) != v {
			t.Errorf("host %d has %d, want %d", h, *m.At(h), v)
		}
	}
}

func TestBitsBehaveLikeASet(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var b Bits
	want := map[flow.Host]bool{}
	for range 20_000 {
		h := flow.Host(rng.IntN(5000))
		switch rng.IntN(3) {
		case 0:
			b.Set(h)
			want[h] = true
		case 1:
			b.Unset(h)
			delete(want, h)
		}
		if b.Has(h) != want[h] {
			t.Fatalf("Has(%d) = %v", h, b.Has(h))
		}
	}
	if b.Has(1 << 31) {
		t.Error("a host far beyond the set is in it")
	}
}
