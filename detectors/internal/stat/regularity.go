package stat

import "math"

// Regularity tests whether gaps are more regular than those of events that
// come independently at a constant rate. It is the test of Bartlett (1937) for
// equal rates, applied to gaps as by Moran (1951): with s = ln(mean) − mean(ln)
// and n gaps, B = 2ns / (1 + (n+1)/(6n)) has about a χ² distribution with n−1
// degrees of freedom if the gaps are exponential; small B means regular. logP
// is the natural logarithm of the probability of a B as small by chance, and
// shape the shape mean²/variance of a gamma distribution: 1 for events by
// chance, 12 for gaps even between half and one and a half times their mean.
// Gaps must be positive; fewer than two give logP 0.
func Regularity(gaps []float64) (logP, shape float64) {
	n := float64(len(gaps))
	if len(gaps) < 2 {
		return 0, 1
	}
	var sum, logs float64
	for _, g := range gaps {
		sum += g
		logs += math.Log(g)
	}
	mean := sum / n
	s := math.Log(mean) - logs/n
	_, variance := MeanVar(gaps)
	shape = math.Inf(1)
	if variance > 0 {
		shape = mean * mean / variance
	}
	if s <= 0 { // all equal, but for rounding
		s = 1e-12
	}
	b := 2 * n * s / (1 + (n+1)/(6*n))
	return LogChiSquareLower(b, n-1), shape
}
