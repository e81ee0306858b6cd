package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > within {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// The values are those of published tables of the χ² distribution.
func TestChiSquareIsThatOfTheTables(t *testing.T) {
	for _, c := range []struct{ x, df, upper float64 }{
		{3.841, 1, 0.05}, {6.635, 1, 0.01}, {18.307, 10, 0.05}, {3.940, 10, 0.95}, {124.342, 100, 0.05}, {77.929, 100, 0.95},
	} {
		near(t, "upper tail", ChiSquareUpper(c.x, c.df), c.upper, 2e-5)
		near(t, "lower tail", ChiSquareLower(c.x, c.df), 1-c.upper, 2e-5)
	}
	// With two degrees of freedom it is an exponential distribution.
	near(t, "log of a tiny lower tail", LogChiSquareLower(2e-40, 2), math.Log(1e-40), 1e-9)
	if v := LogChiSquareLower(0, 3); !math.IsInf(v, -1) {
		t.Errorf("P(χ² ≤ 0) has the logarithm %v", v)
	}
}

func TestPoissonUpperIsTheSumOfTheTerms(t *testing.T) {
	for _, mean := range []float64{0.01, 1, 7.5, 120} {
		term, below := math.Exp(-mean), 0.0
		for n := range 200 {
			near(t, "P(N ≥ n)", PoissonUpper(n, mean), 1-below, 1e-9)
			below += term
			term *= mean / float64(n+1)
		}
	}
}

func TestQuantileInterpolates(t *testing.T) {
	near(t, "lower quartile", Quantile([]float64{10, 20, 30, 40, 1000}, 0.25), 20, 0)
	near(t, "median of an even number", Median([]float64{4, 1, 3, 2}), 2.5, 0)
	near(t, "quartile between values", Quantile([]float64{1, 2, 3, 4, 5, 6}, 0.25), 2.25, 1e-12)
	m, mad := MedianMAD([]float64{1, 1, 2, 2, 4, 6, 9})
	near(t, "median", m, 2, 0)
	near(t, "MAD", mad, 1, 0)
}

func TestEntropyRunsFromZeroToOne(t *testing.T) {
	near(t, "entropy of one thing", Entropy([]uint64{50}), 0, 0)
	near(t, "entropy of different things", Entropy([]uint64{1, 1, 1, 1}), 1, 1e-12)
	near(t, "entropy of two halves", Entropy([]uint64{2, 2}), 0.5, 1e-12)
}

func TestBenjaminiHochbergStepsUp(t *testing.T) {
	ps := []float64{0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216}
	near(t, "cut of the tests", BenjaminiHochberg(ps, len(ps), 0.05), 0.008, 0)
	near(t, "cut among more tests", BenjaminiHochberg(ps, 100, 0.05), -1, 0)
}

// Among gaps by chance, a p below α comes with probability α, however few the
// gaps; regular ones are found.
func TestRegularityKeepsItsLevel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{5, 12, 50} {
		hits := 0
		const trials = 40_000
		gaps := make([]float64, n)
		for range trials {
			for i := range gaps {
				gaps[i] = rng.ExpFloat64()
			}
			if logP, _ := Regularity(gaps); logP < math.Log(0.01) {
				hits++
			}
		}
		near(t, "share below 0.01", float64(hits)/trials, 0.01, 0.002)
		for i := range gaps {
			gaps[i] = 60 * (0.9 + 0.1*rng.Float64())
		}
		if logP, shape := Regularity(gaps); logP > math.Log(1e-4) || shape < 50 {
			t.Errorf("%d regular gaps have p %v and shape %v", n, math.Exp(logP), shape)
		}
	}
	if logP, _ := Regularity([]float64{60, 60, 60, 60, 60}); logP > math.Log(1e-12) {
		t.Errorf("equal gaps have p %v", math.Exp(logP))
	}
}
