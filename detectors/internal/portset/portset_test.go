package portset

import (
	"math/rand/v2"
	"testing"
)

// TestSetBehavesLikeAMap adds ports in several orders until all are in, ports
// 0 and 65535 among them.
func TestSetBehavesLikeAMap(t *testing.T) {
	orders := map[string]func(rng *rand.Rand, i int) uint16{
		"upwards":     func(_ *rand.Rand, i int) uint16 { return uint16(i) },
		"downwards":   func(_ *rand.Rand, i int) uint16 { return uint16(65535 - i) },
		"in strides":  func(_ *rand.Rand, i int) uint16 { return uint16(i * 4096) },
		"at random":   func(rng *rand.Rand, _ int) uint16 { return uint16(rng.IntN(1 << 16)) },
		"few of them": func(rng *rand.Rand, _ int) uint16 { return uint16(rng.IntN(100) * 655) },
	}
	for name, next := range orders {
		rng := rand.New(rand.NewPCG(1, 2))
		var s Set
		want := map[uint16]bool{}
		for i := range 1 << 16 {
			p := next(rng, i)
			if got := s.Has(p); got != want[p] {
				t.Fatalf("%s: Has(%d) = %v before it is added", name, p, got)
			}
			before := s.Bytes()
			if got := s.Add(p); got == want[p] {
				t.Fatalf("%s: Add(%d) = %v", name, p, got)
			}
			want[p] = true
			if s.Len() != len(want) || !s.Has(p) {
				t.Fatalf("%s: %d ports, want %d; Has(%d) = %v", name, s.Len(), len(want), p, s.Has(p))
			}
			if s.Bytes() < before || s.Bytes() > 8192 {
				t.Fatalf("%s: %d bytes after %d", name, s.Bytes(), before)
			}
		}
		for p := range 1 << 16 {
			if s.Has(uint16(p)) != want[uint16(p)] {
				t.Fatalf("%s: in the end Has(%d) = %v", name, p, s.Has(uint16(p)))
			}
		}
	}
}

// TestPort0SurvivesGrowth: in the hash table it is not kept like the others.
func TestPort0SurvivesGrowth(t *testing.T) {
	for _, others := range []int{0, 1, 23, 24, 3000, 65535} {
		var s Set
		if s.Has(0) || !s.Add(0) || s.Add(0) {
			t.Fatal("port 0 cannot be added once")
		}
		for p := 1; p <= others; p++ {
			s.Add(uint16(p))
		}
		if !s.Has(0) || s.Add(0) || s.Len() != others+1 {
			t.Errorf("port 0 is lost among %d others", others)
		}
	}
}

func TestEmptySetTakesNoSpace(t *testing.T) {
	if s := new(Set); s.Bytes() != 0 || s.Len() != 0 || s.Has(80) || s.Has(0) {
		t.Errorf("an empty set has %d ports in %d bytes", s.Len(), s.Bytes())
	}
}
