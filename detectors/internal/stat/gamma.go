// Package stat holds the statistics that several detectors decide with: tail
// probabilities, robust measures of place and spread, and the control of
// false discoveries. Every function is a pure function of its arguments.
package stat

import "math"

// ChiSquareLower is P(χ² ≤ x) for df degrees of freedom, the probability of a
// value as small or smaller by chance. It is the regularised lower incomplete
// gamma function P(df/2, x/2).
func ChiSquareLower(x, df float64) float64 { return math.Exp(LogChiSquareLower(x, df)) }

// LogChiSquareLower is the natural logarithm of ChiSquareLower, which stays
// exact where the probability itself would be 0.
func LogChiSquareLower(x, df float64) float64 {
	switch {
	case !(x > 0) || !(df > 0):
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return 0
	}
	a, x := df/2, x/2
	if x < a+1 {
		return lowerSeries(a, x)
	}
	// The complement is small here, so nothing is lost by subtracting it.
	return math.Log1p(-math.Exp(upperFraction(a, x)))
}

// ChiSquareUpper is P(χ² ≥ x) for df degrees of freedom.
func ChiSquareUpper(x, df float64) float64 {
	switch {
	case !(df > 0), !(x > 0):
		return 1
	case math.IsInf(x, 1):
		return 0
	}
	a, x := df/2, x/2
	if x < a+1 {
		return -math.Expm1(lowerSeries(a, x))
	}
	return math.Exp(upperFraction(a, x))
}

// PoissonUpper is P(N ≥ n) where N has a Poisson distribution with this mean.
// It is the regularised lower incomplete gamma function P(n, mean).
func PoissonUpper(n int, mean float64) float64 {
	switch {
	case n <= 0:
		return 1
	case !(mean > 0):
		return 0
	}
	return ChiSquareLower(2*mean, 2*float64(n))
}

const (
	gammaTerms   = 10_000
	gammaEpsilon = 1e-15
)

// lowerSeries is log P(a, x) by the series x^a e^-x Σ x^n Γ(a)/Γ(a+1+n)
// (Abramowitz and Stegun, 6.5.29), which converges fast for x < a+1.
func lowerSeries(a, x float64) float64 {
	sum, term := 1/a, 1/a
	for n := 1; n < gammaTerms; n++ {
		term *= x / (a + float64(n))
		sum += term
		if term < sum*gammaEpsilon {
			break
		}
	}
	lg, _ := math.Lgamma(a)
	return math.Min(0, a*math.Log(x)-x-lg+math.Log(sum))
}

// upperFraction is log Q(a, x) by the continued fraction of Abramowitz and
// Stegun, 6.5.31, evaluated by the method of Lentz, for x ≥ a+1.
func upperFraction(a, x float64) float64 {
	const tiny = 1e-300
	b := x + 1 - a
	c := 1 / tiny
	d := 1 / b
	h := d
	for n := 1; n < gammaTerms; n++ {
		an := -float64(n) * (float64(n) - a)
		b += 2
		d = an*d + b
		if math.Abs(d) < tiny {
			d = tiny
		}
		c = b + an/c
		if math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		delta := d * c
		h *= delta
		if math.Abs(delta-1) < gammaEpsilon {
			break
		}
	}
	lg, _ := math.Lgamma(a)
	return math.Min(0, a*math.Log(x)-x-lg+math.Log(h))
}
