package course

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"seine/flow"
)

func TestEachWidthDividesTheNext(t *testing.T) {
	for i := 1; i < len(widths); i++ {
		if widths[i]%widths[i-1] != 0 || widths[i] <= widths[i-1] {
			t.Errorf("%v after %v", widths[i], widths[i-1])
		}
	}
}

func TestACourseWidens(t *testing.T) {
	var c Course
	const t0 = 1_000_000_000 * flow.Second
	for i := range flow.Time(100) {
		c.Add(t0+i*flow.Second, 1)
	}
	at, values := c.Series()
	if c.Width() != 10 || len(at) != 10 || at[0] != 1_000_000_000 || !slices.Equal(values, []float64{10, 10, 10, 10, 10, 10, 10, 10, 10, 10}) {
		t.Errorf("width %v, %v: %v", c.Width(), at, values)
	}
	c.Add(t0-3600*flow.Second, 5) // it also came before
	if at, values = c.Series(); values[0] != 5 || at[0] > 1_000_000_000-3600+1 || c.Width() != 120 {
		t.Errorf("width %v, %v: %v", c.Width(), at, values)
	}
}

// TestNothingIsLost adds anywhere in time: the sum stays, and each value lies
// in the bin that its time belongs to.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type event struct {
			at flow.Time
			v  uint64
		}
		var c Course
		var sum uint64
		near := rapid.Int64Range(0, 1e12)
		far := rapid.Int64()
		for range rapid.IntRange(1, 60).Draw(t, "n") {
			e := event{flow.Time(rapid.OneOf(near, near, near, far).Draw(t, "at")), rapid.Uint64Range(1, 1000).Draw(t, "v")}
			c.Add(e.at, e.v)
			sum += e.v
		}
		at, values := c.Series()
		var got float64
		for _, v := range values {
			got += v
		}
		if got != float64(sum) || len(at) != len(values) || len(at) > Bins || !slices.IsSorted(at) {
			t.Fatalf("sum %v, want %v; %v", got, sum, at)
		}
		if len(at) == 0 {
			t.Fatal("nothing drawn")
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	var c Course
	at := flow.Time(0)
	for b.Loop() {
		c.Add(at, 100)
		at += flow.Second
	}
}
