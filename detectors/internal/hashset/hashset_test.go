package hashset

import (
	"math/rand/v2"
	"testing"
)

// TestSetBehavesLikeAMap does at random what a map does as well.
func TestSetBehavesLikeAMap(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s, want := New(), map[uint64]bool{}
		key := func() uint64 { // mostly few keys, now and then any at all
			if rng.IntN(10) == 0 {
				return rng.Uint64() | 1
			}
			return 1 + rng.Uint64N(4000)<<(seed%3*20)
		}
		for range 20_000 {
			k := key()
			switch n := rng.IntN(10_000); {
			case n == 0:
				s.Clear()
				clear(want)
			case n < 5:
				third := rng.Uint64N(3)
				s.Remove(func(k uint64) bool { return k%3 == third })
				for k := range want {
					if k%3 == third {
						delete(want, k)
					}
				}
			case n < 5000:
				if got := s.Add(k); got == want[k] {
					t.Fatalf("seed %d: Add(%d) = %v", seed, k, got)
				}
				want[k] = true
			default:
				s.Place(k)
				if got := s.Has(k); got != want[k] {
					t.Fatalf("seed %d: Has(%d) = %v", seed, k, got)
				}
			}
			if s.Len() != len(want) {
				t.Fatalf("seed %d: %d keys, want %d", seed, s.Len(), len(want))
			}
		}
		for k := range want {
			if !s.Has(k) {
				t.Fatalf("seed %d: %d is lost", seed, k)
			}
		}
	}
}

func TestClearOfALargeSet(t *testing.T) {
	s := New()
	for k := uint64(1); k <= 100_000; k++ {
		s.Add(k)
	}
	s.Clear()
	if s.Len() != 0 || s.Has(1) || len(s.slots) > 1<<16 {
		t.Errorf("%d keys, %d slots after Clear", s.Len(), len(s.slots))
	}
	if !s.Add(7) || !s.Has(7) || s.Len() != 1 {
		t.Error("the set is of no use after Clear")
	}
}

func BenchmarkAdd(b *testing.B) {
	s := New()
	for i := range b.N {
		s.Add(uint64(i)<<7 | 1)
	}
}
