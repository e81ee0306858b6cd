package stat

import (
	"math"
	"slices"
)

// Quantile is the q-quantile, 0 ≤ q ≤ 1, of values in ascending order, with
// linear interpolation (type 7 of Hyndman and Fan, 1996). It is NaN for no
// values.
func Quantile(sorted []float64, q float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	at := q * float64(n-1)
	i := int(at)
	if i >= n-1 {
		return sorted[n-1]
	}
	if i < 0 {
		return sorted[0]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Median is the median of values in any order, which it leaves alone.
func Median(values []float64) float64 {
	s := slices.Clone(values)
	slices.Sort(s)
	return Quantile(s, 0.5)
}

// MedianMAD is the median of values and the median of the distances from it.
func MedianMAD(values []float64) (median, mad float64) {
	s := slices.Clone(values)
	slices.Sort(s)
	median = Quantile(s, 0.5)
	for i, v := range s {
		s[i] = math.Abs(v - median)
	}
	slices.Sort(s)
	return median, Quantile(s, 0.5)
}

// RobustZ is 0.6745·(x − median)/MAD (Iglewicz and Hoaglin, 1993), the
// distance in standard deviations if the values were normal. floor is the
// least MAD that counts.
func RobustZ(x, median, mad, floor float64) float64 {
	return 0.6745 * (x - median) / math.Max(mad, floor)
}

// MeanVar is the mean and the variance (of the population) of values.
func MeanVar(values []float64) (mean, variance float64) {
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	for _, v := range values {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(values))
}

// Entropy is the Shannon entropy of a distribution given by counts, divided
// by the logarithm of total: 0 where all are the same, 1 where all differ. It
// is 0 for fewer than two things.
func Entropy[N uint32 | uint64](counts []N) float64 {
	var total float64
	for _, n := range counts {
		total += float64(n)
	}
	if total < 2 {
		return 0
	}
	h := 0.0
	var small [64]float64 // what a count takes off, of those that come again and again
	for _, n := range counts {
		if n == 0 {
			continue
		}
		var off float64
		if n < N(len(small)) {
			off = small[n]
		}
		if off == 0 {
			p := float64(n) / total
			off = p * math.Log(p)
			if n < N(len(small)) {
				small[n] = off
			}
		}
		h -= off
	}
	return h / math.Log(total)
}

// BenjaminiHochberg tells which of the tests with these p-values are
// discoveries at the false discovery rate q (Benjamini and Hochberg, 1995): all
// whose p is at most the largest p(k) ≤ k·q/n. It returns that largest p, or a
// negative number if there is none. n counts the tests made, at least len(ps).
func BenjaminiHochberg(ps []float64, n int, q float64) float64 {
	s := slices.Clone(ps)
	slices.Sort(s)
	n = max(n, len(s))
	for k := len(s); k > 0; k-- {
		if s[k-1] <= float64(k)*q/float64(n) {
			return s[k-1]
		}
	}
	return -1
}
