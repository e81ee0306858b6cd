package beacon

import "math"

// A thinned timer is one that waits between a tenth of its period and all of
// it, and of whose calls half are lost. Its gaps are the hardest to tell from
// chance, so they get a test of their own: how much more likely the gaps are
// under it than with independent events. Both sides are averaged over the
// period, or the rate, with the weight 1/period that favours no scale. By
// chance such a ratio has a mean of 1, so that it exceeds x with a probability
// of at most 1/x (Markov's inequality, or Ville 1939).

const (
	thinnedBins  = 100  // a period
	thinnedTop   = 12   // periods: longer gaps are taken for that
	thinnedMin   = 12   // gaps: fewer tell nothing
	thinnedMax   = 128  // gaps: more need no such help
	thinnedMean  = 1.1  // gap in periods
	thinnedStep  = 0.08 // between the logarithms of the periods tried
	thinnedTries = 13
	thinnedLogs  = 0.5 // by which ln(mean) must exceed mean(ln) at most: by chance it is 0.58
)

// thinnedBound is how much of the bound is used: of series by chance at most
// 0.27 of the share x have a bound below x.
var thinnedBound = math.Log(0.3)

// thinnedTable is the logarithm of the density of gaps in periods.
func thinnedTable() []float64 {
	n := thinnedTop * thinnedBins
	density := make([]float64, n)
	gap := make([]float64, n) // of so many waits
	from := thinnedBins / 10
	for i := from; i < thinnedBins; i++ {
		gap[i] = 1 / float64(thinnedBins-from)
	}
	share := 0.5
	for range 2 * thinnedTop {
		for i, p := range gap {
			density[i] += share * p
		}
		share /= 2
		// One wait more: a moving sum, with the middle of the bins at half.
		next := make([]float64, n)
		sums := make([]float64, n+1)
		for i, p := range gap {
			sums[i+1] = sums[i] + p
		}
		for i := range next {
			lo, hi := max(0, i-thinnedBins+1), max(0, i-from+1)
			next[i] = (sums[hi] - sums[lo]) / float64(thinnedBins-from)
		}
		gap = next
	}
	total := 0.0
	for _, p := range density {
		total += p
	}
	const floor = 1e-4 // of the mass, over all bins: nothing is impossible
	for i, p := range density {
		density[i] = math.Log(((1-floor)*p/total + floor/float64(n)) * thinnedBins)
	}
	return density
}

// thinned is the logarithm of a bound on the probability by chance that the
// gaps, with these sums of them and of their logarithms, are so like those of
// a thinned timer.
func (b *bench) thinned(gaps []float64, sum, logs float64) float64 {
	n := len(gaps)
	if n < thinnedMin || n > thinnedMax || math.Log(sum/float64(n))-logs/float64(n) > thinnedLogs {
		return 0
	}
	if b.thin == nil {
		b.thin = thinnedTable()
	}
	mean := sum / float64(n)
	most, all := math.Inf(-1), 0.0
	for try := range thinnedTries {
		period := mean / thinnedMean * math.Exp(thinnedStep*float64(try-thinnedTries/2))
		scale, l := thinnedBins/period, 0.0
		for _, g := range gaps {
			l += b.thin[min(int(g*scale), len(b.thin)-1)]
		}
		l -= float64(n) * math.Log(period)
		if l > most {
			all = all*math.Exp(most-l) + 1
			most = l
		} else {
			all += math.Exp(l - most)
		}
	}
	chance, _ := math.Lgamma(float64(n))
	chance -= float64(n) * math.Log(sum)
	return min(0, chance-most-math.Log(all*thinnedStep)+thinnedBound)
}
