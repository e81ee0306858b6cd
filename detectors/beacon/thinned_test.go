package beacon

import (
	"math"
	"math/rand/v2"
	"testing"

	"seine/detectors/internal/synthetic"
)

// Of series by chance no more than a share x may have a bound below x, and the
// bound must be of use: some come near it.
func TestThinnedTimersAreBounded(t *testing.T) {
	each := 3_000_000
	if testing.Short() {
		each /= 10
	}
	rng := rand.New(rand.NewPCG(3, 4))
	var b bench
	nearest := 0.0
	for _, n := range []int{12, 18, 24, 32, 44, 60, 90, 128} {
		gaps, series := make([]float64, n), each/n
		xs := []float64{0.05, 0.02, 0.01, 0.001}
		below := make([]float64, len(xs))
		for range series {
			sum, logs := 0.0, 0.0
			for i := range gaps {
				gaps[i] = rng.ExpFloat64()
				sum, logs = sum+gaps[i], logs+math.Log(gaps[i])
			}
			p := b.thinned(gaps, sum, logs)
			for i, x := range xs {
				if p < math.Log(x) {
					below[i]++
				}
			}
		}
		for i, x := range xs {
			expect := x * float64(series)
			nearest = max(nearest, below[i]/expect)
			if below[i] > expect+4*math.Sqrt(expect) {
				t.Errorf("%d gaps: %.0f of %d have a bound below %v", n, below[i], series, x)
			}
		}
	}
	if nearest < 0.3 {
		t.Errorf("the bound is never reached by more than %.2f of it", nearest)
	}
}

// The scale of the gaps must not matter, and a thinned timer be found where
// the gaps alone tell less.
func TestThinnedTimersAreFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	better := 0
	for range 200 {
		times := synthetic.Beacon{Period: 300, Jitter: 0.9, Miss: 0.5, Span: 3 * hour}.Times(rng)
		var b bench
		gaps, slow := make([]float64, 0, len(times)), make([]float64, 0, len(times))
		sum, logs := 0.0, 0.0
		for i := 1; i < len(times); i++ {
			g := times[i] - times[i-1]
			gaps, slow = append(gaps, g), append(slow, 1000*g)
			sum, logs = sum+g, logs+math.Log(g)
		}
		n := float64(len(gaps))
		p, q := b.thinned(gaps, sum, logs), b.thinned(slow, 1000*sum, logs+n*math.Log(1000))
		if math.Abs(p-q) > 1e-6*math.Abs(p)+1e-6 {
			t.Fatalf("%v in seconds, %v in milliseconds", p, q)
		}
		if p < moran(n, sum, logs, 0) {
			better++
		}
	}
	if better < 90 {
		t.Errorf("%d of 200 have a smaller bound than probability by the gaps alone", better)
	}
}
