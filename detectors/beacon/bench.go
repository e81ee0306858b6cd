package beacon

import (
	"math"
	"slices"

	"seine/detectors/internal/stat"
)

// A bench is where series are judged. What it needs is kept from one series to
// the next.
type bench struct {
	// worth is the natural logarithm of the largest probability that matters;
	// larger ones are not worked out but are 0, and have no other measures.
	worth float64

	views   [2]view
	excess  []float64
	sorted  []float64 // the gaps of a span
	picks   []float64
	sums    []float64 // of the logarithms of the gaps up to each,
	squares []float64 // of the squares of those,
	shares  []float64 // of the gaps themselves
	parts   []float64 // 1/n
	counts  [1<<sortBits + 1]uint32
	trimmed []float64
	thin    []float64 // see thinnedTable
}

// A view is a series with its bursts made one.
type view struct {
	events []event
	gaps   []float64 // between their starts
	sorted []float64 // the same in ascending order
}

// look makes one event of starts that follow each other within width.
func (b *bench) look(v *view, times []float64, width float64) {
	v.events = v.events[:0]
	b.widen(v, times, width)
}

// widen is look for a view of the same times with a lesser width.
func (b *bench) widen(v *view, times []float64, width float64) {
	before := len(v.events)
	v.events = collapse(v.events[:0], times, width)
	if len(v.events) == before {
		return // no more of them are one
	}
	v.gaps = v.gaps[:0]
	for i := 1; i < len(v.events); i++ {
		v.gaps = append(v.gaps, times[v.events[i].from]-times[v.events[i-1].from])
	}
	v.sorted = b.ascending(v.sorted[:0], v.gaps)
}

// median is that of values in any order, which it leaves alone.
func (b *bench) median(values []float64) float64 {
	b.picks = append(b.picks[:0], values...)
	return pickMedian(b.picks)
}

// pickMedian is stat.Median for values that may be put into another order.
func pickMedian(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	k := (len(v) - 1) / 2
	low := v
	for from := 0; len(low) > 16; {
		// Quickselect: what is below the pivot, then the pivot and the rest.
		p := pivot(low)
		i, j := 0, len(low)-1
		for i <= j {
			for low[i] < p {
				i++
			}
			for low[j] > p {
				j--
			}
			if i <= j {
				low[i], low[j] = low[j], low[i]
				i++
				j--
			}
		}
		switch {
		case k-from <= j:
			low = low[:j+1]
		case k-from >= i:
			low, from = low[i:], from+i
		default:
			low = nil // it is in place
		}
	}
	if low != nil {
		slices.Sort(low)
	}
	if len(v)%2 == 1 {
		return v[k]
	}
	next := slices.Min(v[k+1:])
	return v[k] + 0.5*(next-v[k])
}

// pivot is the median of three.
func pivot(v []float64) float64 {
	a, b, c := v[0], v[len(v)/2], v[len(v)-1]
	return max(min(a, b), min(max(a, b), c))
}

// moran is stat.Regularity of n gaps, given their sum and that of their
// logarithms, or 0 if the probability is surely above worth.
func moran(n, sum, logs, worth float64) float64 {
	if n < 2 {
		return 0
	}
	s := max(math.Log(sum/n)-logs/n, 1e-12)
	x := 2 * n * s / (1 + (n+1)/(6*n))
	if worth < 0 && lowerBound((n-1)/2, x/2) > worth {
		return 0
	}
	return stat.LogChiSquareLower(x, n-1)
}

// lowerBound is below the logarithm of the incomplete gamma function P(a, x), a
// at least 1/2: Stirling's bound of the factor in front, and the first terms of
// the series.
func lowerBound(a, x float64) float64 {
	term, sum := 1.0, 1.0
	for k := 1.0; k <= 12; k++ {
		term *= x / (a + k)
		sum += term
	}
	return a*math.Log(x/a) + a - x - 1/(12*a) + math.Log(sum/math.Sqrt(2*math.Pi*a))
}
