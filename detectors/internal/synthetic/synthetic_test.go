package synthetic

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The generators keep to what they promise: the number of calls, the gaps, the
// span, the order.
func TestSeriesAreAsAskedFor(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	b := Beacon{Period: 60, Jitter: 0.5, Miss: 0.25, Span: 1e6}
	times := b.Times(rng)
	if n := float64(len(times)); math.Abs(n-b.Calls()) > 0.02*b.Calls() {
		t.Errorf("%v calls, want about %v", n, b.Calls())
	}
	for i := 1; i < len(times); i++ {
		if gap := times[i] - times[i-1]; gap < 30-1e-6 {
			t.Fatalf("a gap of %v s, with a period of 60 and a jitter of half", gap)
		}
	}
	for name, s := range map[string][]float64{
		"beacon": times, "Poisson": Poisson(rng, 30, 1e6), "diurnal": Diurnal(rng, 30, 1e6), "browsing": Browsing(rng, 30, 1e6),
	} {
		if len(s) < 1000 || !slices.IsSorted(s) || s[0] < 0 || s[len(s)-1] > 1e6 {
			t.Errorf("%s: %d times from %v to %v, in order: %v", name, len(s), s[0], s[len(s)-1], slices.IsSorted(s))
		}
	}
	night, noon := 0, 0
	for _, at := range Diurnal(rng, 30, 20*86400) {
		switch hour := int(at/3600) % 24; hour {
		case 0, 1, 23:
			night++
		case 11, 12, 13:
			noon++
		}
	}
	if night*5 > noon {
		t.Errorf("%d events at night, %d at noon", night, noon)
	}
}
