package rank

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// check compares every kind of question with sorted counts.
func check(t *testing.T, c *Counts, sorted []int, i int) {
	t.Helper()
	v, next := c.At(i)
	want := sorted[min(i+1, len(sorted)-1)]
	if v != sorted[i] || next != want {
		t.Fatalf("rank %d of %d: %d then %d, want %d then %d", i, len(sorted), v, next, sorted[i], want)
	}
}

// TestCountsBehaveLikeASortedSlice changes numbers at random, near each other
// and far apart up to Max, and asks for random ranks.
func TestCountsBehaveLikeASortedSlice(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 1))
		number := []func() int{
			func() int { return 1 + rng.IntN(5) },
			func() int { return 1 + rng.IntN(200) },
			func() int { return 1 + rng.IntN(Max) },
			func() int { return []int{1, 63, 64, 65, 4095, 4096, 4097, Max - 1, Max}[rng.IntN(9)] },
		}[seed%4]
		c := &Counts{}
		var sorted []int
		add := func(v int) {
			c.Add(v)
			i, _ := slices.BinarySearch(sorted, v)
			sorted = slices.Insert(sorted, i, v)
		}
		add(number())
		for range 3000 {
			switch n := rng.IntN(10); {
			case n < 4:
				add(number())
			case n < 6 && len(sorted) > 1:
				i := rng.IntN(len(sorted))
				c.Remove(sorted[i])
				sorted = slices.Delete(sorted, i, i+1)
			case n < 8: // a number grows by one, as those of detectors do
				i := rng.IntN(len(sorted))
				if v := sorted[i]; v < Max {
					c.Remove(v)
					sorted = slices.Delete(sorted, i, i+1)
					add(v + 1)
				}
			}
			if c.Len() != len(sorted) {
				t.Fatalf("seed %d: %d numbers, want %d", seed, c.Len(), len(sorted))
			}
			for range rng.IntN(3) {
				check(t, c, sorted, rng.IntN(len(sorted)))
			}
		}
		for i := range sorted {
			check(t, c, sorted, i)
		}
	}
}

// TestGrowthToMax follows one number through all values while others stay:
// it passes the cursor, and every boundary between words.
func TestGrowthToMax(t *testing.T) {
	c := &Counts{}
	sorted := []int{1, 1, 5000, 5000, Max}
	for _, v := range sorted {
		c.Add(v)
	}
	for v := 1; v < Max; v++ {
		c.Remove(v)
		c.Add(v + 1)
		now := []int{1, 5000, 5000, v + 1, Max}
		slices.Sort(now)
		check(t, c, now, v%5)
		check(t, c, now, 2)
	}
}

// TestEmptiedCounts: what was taken out leaves no trace, whatever the cursor
// stood on.
func TestEmptiedCounts(t *testing.T) {
	c := &Counts{}
	for _, v := range []int{7, 7, 900, Max} {
		c.Add(v)
	}
	check(t, c, []int{7, 7, 900, Max}, 3)
	for _, v := range []int{Max, 7, 900, 7} {
		c.Remove(v)
	}
	if c.Len() != 0 {
		t.Fatalf("%d numbers are left", c.Len())
	}
	c.Add(3)
	check(t, c, []int{3}, 0)
	c.Add(1)
	check(t, c, []int{1, 3}, 0)
	check(t, c, []int{1, 3}, 1)
}

func BenchmarkGrowingCounts(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	const hosts = 100_000
	c, counts := &Counts{}, make([]int, hosts)
	for i := range counts {
		counts[i] = 1
		c.Add(1)
	}
	for b.Loop() {
		i := int(rng.ExpFloat64()*hosts/20) % hosts
		if counts[i] < Max {
			c.Remove(counts[i])
			counts[i]++
			c.Add(counts[i])
		}
		c.At(9 * (hosts - 1) / 10)
	}
}
