package beacon

import (
	"math"
	"math/rand/v2"
	"testing"

	"seine/detectors/internal/stat"
	"seine/detectors/internal/synthetic"
)

// What a bench leaves out must not matter: a probability that does is the one
// that all the work gives, and one that does not is never too small.
func TestShortcutsLoseNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	worth := math.Log(0.05)
	short := &bench{worth: worth}
	kept, left := 0, 0
	for i := range 6000 {
		var times []float64
		gap := math.Exp(7 * rng.Float64())
		switch i % 6 {
		case 0:
			times = synthetic.Poisson(rng, gap, (6+60*rng.Float64())*gap)
		case 1:
			times = synthetic.Browsing(rng, gap, 100*gap)
		case 2:
			b := synthetic.Beacon{Period: gap, Jitter: rng.Float64(), Miss: 0.6 * rng.Float64(), Span: 40 * gap}
			times = b.Times(rng)
		case 3:
			times = floored(synthetic.Poisson(rng, gap, 30*gap))
		case 4: // a change in the middle, and a night
			times = synthetic.Poisson(rng, gap, 20*gap)
			at := 40000 + 20*gap
			for range 20 {
				at += gap / 3 * (1 + 0.2*rng.Float64())
				times = append(times, at)
			}
		case 5: // steps that grow
			for at, g := 0.0, gap/10; len(times) < 12+i%60; g *= 1 + 0.3*rng.Float64() {
				at += g
				times = append(times, at)
			}
		}
		want, got := regularity(times, 0), short.regularity(times, 0)
		if want.logP <= worth {
			kept++
			if got.logP != want.logP || got.way != want.way || got.period != want.period || got.calls != want.calls || got.shape != want.shape {
				t.Fatalf("series %d: %v by %v, with shortcuts %v by %v", i, want.logP, want.way, got.logP, got.way)
			}
		} else {
			left++
			if got.logP <= worth {
				t.Fatalf("series %d: %v, with shortcuts %v", i, want.logP, got.logP)
			}
		}
	}
	if kept < 500 || left < 500 {
		t.Errorf("%d series that matter and %d that do not are too few to tell", kept, left)
	}
}

// The bound is below the probability, and near enough to be of use.
func TestLowerBound(t *testing.T) {
	for _, df := range []float64{2, 3, 4, 6, 9, 20, 61, 300, 4000} {
		for f := 0.001; f < 1.3; f *= 1.2 {
			exact, bound := stat.LogChiSquareLower(f*df, df), lowerBound(df/2, f*df/2)
			if bound > exact+1e-9 {
				t.Errorf("%v at %v degrees of freedom: bound %v, exactly %v", f*df, df, bound, exact)
			}
			if df < 100 && f < 0.9 && bound < exact-1 {
				t.Errorf("%v at %v degrees of freedom: bound %v is far from %v", f*df, df, bound, exact)
			}
		}
	}
}

func TestPickMedianIsTheMedian(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for i := range 3000 {
		v := make([]float64, 1+i%200)
		for j := range v {
			v[j] = float64(rng.IntN(1 + i%50))
			if i%3 == 0 {
				v[j] = rng.ExpFloat64()
			}
		}
		want := stat.Median(v)
		if got := pickMedian(v); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%d values: median %v, want %v", len(v), got, want)
		}
	}
}

func TestCosine(t *testing.T) {
	for x := 0.0; x < 6; x += 0.0007 {
		if got, want := cosine(x), math.Cos(2*math.Pi*x); math.Abs(got-want) > 1e-5 {
			t.Fatalf("cosine of %v turns is %v, want %v", x, got, want)
		}
	}
}

func TestJudgingAllocatesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	times := synthetic.Poisson(rng, 60, 6000)
	b := &bench{worth: math.Log(0.05)}
	b.regularity(times, 0)
	if n := testing.AllocsPerRun(10, func() { b.regularity(times, 0) }); n > 1 {
		t.Errorf("%v allocations for a series", n)
	}
}
