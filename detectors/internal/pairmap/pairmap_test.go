package pairmap

import (
	"math/rand/v2"
	"testing"

	"seine/flow"
)

func randomKey(rng *rand.Rand) Key {
	return Key{Src: flow.Host(1 + rng.IntN(60)), Dst: flow.Host(rng.IntN(60)), Port: uint16(rng.IntN(3)), Proto: flow.Proto(rng.IntN(2))}
}

// Any sequence of calls leaves the same in a Map as in a Go map.
func TestMapBehavesLikeAGoMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	m := New[int](1<<20, nil)
	want := map[Key]int{}
	for i := range 200_000 {
		k := randomKey(rng)
		switch rng.IntN(20) {
		case 0, 1, 2, 3, 4:
			m.Delete(k)
			delete(want, k)
		case 5:
			if i%50 == 0 {
				h := flow.Host(1 + rng.IntN(60))
				m.Forget([]flow.Host{h})
				for k := range want {
					if k.Src == h || k.Dst == h {
						delete(want, k)
					}
				}
			}
		case 6, 7:
			if v, n := m.Find(k), want[k]; (v == nil) != (n == 0) || v != nil && *v != n {
				t.Fatalf("call %d: Find(%v) = %v, want %d", i, k, v, n)
			}
		default:
			v, fresh := m.At(k, flow.Time(i))
			if _, known := want[k]; fresh == known || *v != want[k] {
				t.Fatalf("call %d: At(%v) = %d, %v, want %d", i, k, *v, fresh, want[k])
			}
			*v = i + 1
			want[k] = i + 1
		}
		if m.Len() != len(want) {
			t.Fatalf("call %d: %d entries, want %d", i, m.Len(), len(want))
		}
	}
	seen := 0
	m.All(func(k Key, _ flow.Time, v *int) bool {
		if seen++; want[k] != *v {
			t.Errorf("%v has %d, want %d", k, *v, want[k])
		}
		return true
	})
	if seen != len(want) {
		t.Errorf("All went through %d entries, want %d", seen, len(want))
	}
}

func TestAFullMapDropsWhatIsIdle(t *testing.T) {
	dropped := map[Key]int{}
	m := New[int](1000, func(k Key, v *int) { dropped[k] = *v })
	busy := Key{Src: 9999, Dst: 1}
	for i := range 50_000 {
		v, _ := m.At(Key{Src: flow.Host(i + 1), Dst: 2}, flow.Time(i))
		*v = i
		if b, fresh := m.At(busy, flow.Time(i)); fresh && i > 0 {
			t.Fatalf("at %d an entry that is asked for all the time was dropped", i)
		} else {
			*b = -1
		}
		if m.Len() > 1000 {
			t.Fatalf("%d entries", m.Len())
		}
	}
	if len(dropped) != 50_001-1000 {
		t.Errorf("%d entries were dropped, want %d", len(dropped), 50_001-1000)
	}
	for k, v := range dropped {
		if v != int(k.Src)-1 {
			t.Fatalf("%v was dropped with %d", k, v)
		}
	}
}

func TestAtAllocatesNothingOnceFull(t *testing.T) {
	m := New[[4]uint64](5000, nil)
	i := 0
	touch := func() {
		for range 20_000 {
			i++
			m.At(Key{Src: flow.Host(i + 1), Dst: 7}, flow.Time(i))
		}
	}
	touch()
	if n := testing.AllocsPerRun(5, touch); n > 1 {
		t.Errorf("%v allocations for 20,000 entries in a full map", n)
	}
}

func BenchmarkAt(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 4))
	keys := make([]Key, 1<<20)
	for i := range keys {
		keys[i] = Key{Src: flow.Host(rng.IntN(1 << 20)), Dst: flow.Host(rng.IntN(1 << 10)), Port: 443, Proto: flow.TCP}
	}
	m := New[[6]uint64](1<<22, nil)
	i := 0
	for b.Loop() {
		m.At(keys[i&(1<<20-1)], flow.Time(i))
		i++
	}
}

// Touch finds what Find finds, and keeps it from being dropped as idle.
func TestTouchMarksWhatItFinds(t *testing.T) {
	m := New[int](1000, nil)
	kept := Pair(9999, 1)
	v, _ := m.At(kept, 0)
	for i := range 50_000 {
		k := Pair(flow.Host(i+1), 2)
		if m.Touch(k, k.Hash(), flow.Time(i)) != nil {
			t.Fatalf("%v is found before it was entered", k)
		}
		m.At(k, flow.Time(i))
		if m.Touch(kept, kept.Hash(), flow.Time(i)) != v {
			t.Fatalf("at %d an entry that is touched all the time is gone", i)
		}
	}
}

// A guess is right, or none; and nearly always there is one.
func TestGuessIsTheValueOrNothing(t *testing.T) {
	m := New[int](1000, nil)
	for i := range 600 {
		m.At(Pair(flow.Host(i+1), 1), 0)
	}
	hits := 0
	for i := range 600 {
		k := Pair(flow.Host(i+1), 1)
		if g := m.GuessOf(k.Hash()); g != nil {
			if hits++; g != m.Find(k) {
				t.Fatalf("the guess for %v is another entry", k)
			}
		}
	}
	if hits < 300 {
		t.Errorf("%d guesses for 600 entries", hits)
	}
}

// What is asked with the hash of a key is what is asked with the key.
func TestHashStandsForTheKey(t *testing.T) {
	m := New[int](1000, nil)
	for i := range 600 {
		k := Pair(flow.Host(i+1), 1)
		v, fresh := m.AtOf(k, k.Hash(), 0)
		if again, _ := m.At(k, 0); !fresh || again != v || m.PlaceOf(k.Hash()) != m.Place(k) {
			t.Fatalf("%v is sought elsewhere by its hash", k)
		}
	}
}
