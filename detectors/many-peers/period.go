package manypeers

import (
	"math"
	"slices"

	"seine/flow"
)

// A rhythm is what many gaps have in common.
type rhythm struct {
	period float64 // seconds
	onTime int     // gaps that are multiples of it
	gaps   int     // gaps judged
	logP   float64 // natural logarithm of the chance of as many, tries included
}

const (
	tolerance   = 0.05 // of the period
	multiples   = 12   // a gap of more periods than this tells nothing: its error has grown
	minGaps     = 20
	mostPeriods = 48 // that are tried
)

// common looks for a period of which most gaps are multiples. A gap that has
// nothing to do with the period falls within the tolerance of a multiple with
// probability p = 2·tolerance + clock/period, so k of n do with that of the
// upper tail of the binomial distribution; a bound on it (Chernoff,
// exp(−n·KL(k/n, p))) is multiplied by the number of periods tried. gaps are
// in seconds, without zeros; clock is the step of the clock.
func common(gaps []float64, clock float64) (best rhythm) {
	if len(gaps) < minGaps {
		return best
	}
	sorted := slices.Clone(gaps)
	slices.Sort(sorted)
	step := max(1, len(sorted)/mostPeriods)
	tries := 0
	for i := 0; i < len(sorted); i += step {
		period := sorted[i]
		if period < 1 || period < 4*clock || i > 0 && period < 1.02*sorted[max(0, i-step)] && tries > 0 {
			continue
		}
		tries++
		period = refine(sorted, period)
		if m := measure(sorted, period, clock); m.gaps >= minGaps && 2*m.gaps >= len(sorted) &&
			(best.gaps == 0 || m.logP < best.logP) {
			best = m
		}
	}
	best.logP = min(0, best.logP+math.Log(float64(max(tries, 1))))
	return best
}

// refine is the median of the gaps near multiples, brought to one period.
func refine(sorted []float64, period float64) float64 {
	var folded []float64
	for _, g := range sorted {
		k := math.Round(g / period)
		if k >= 1 && k <= 3 && math.Abs(g/period-k) <= 2*tolerance {
			folded = append(folded, g/k)
		}
	}
	if len(folded) == 0 {
		return period
	}
	slices.Sort(folded)
	return folded[len(folded)/2]
}

func measure(sorted []float64, period, clock float64) rhythm {
	m := rhythm{period: period}
	for _, g := range sorted {
		x := g / period
		k := math.Round(x)
		if k > multiples {
			continue
		}
		m.gaps++
		if k >= 1 && math.Abs(x-k) <= tolerance {
			m.onTime++
		}
	}
	p := min(1, 2*tolerance+clock/period)
	if q := float64(m.onTime) / float64(max(m.gaps, 1)); q > p && p < 1 {
		kl := q * math.Log(q/p)
		if q < 1 {
			kl += (1 - q) * math.Log((1-q)/(1-p))
		}
		m.logP = -float64(m.gaps) * kl
	}
	return m
}

// spells are the gaps in seconds between bursts: times closer than burst to
// the one before count as one.
func spells(times []flow.Time, burst flow.Time) []float64 {
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	var gaps []float64
	begin := 0
	for i := 1; i < len(sorted); i++ {
		if sorted[i]-sorted[i-1] < burst {
			continue
		}
		gaps = append(gaps, seconds(sorted[i]-sorted[begin]))
		begin = i
	}
	return gaps
}

func seconds(t flow.Time) float64 { return float64(t) / 1e9 }

// clockOf is the step of the clock that the times go by, in seconds: 1, a
// thousandth, or none.
func clockOf(times []flow.Time) float64 {
	whole, milli := true, true
	for _, t := range times {
		whole = whole && t%1e9 == 0
		milli = milli && t%1e6 == 0
	}
	switch {
	case whole:
		return 1
	case milli:
		return 1e-3
	}
	return 1e-6
}

// mode is the most frequent size and how many have it; the smaller of equals.
func mode(sizes []uint32) (size uint32, n int) {
	sorted := slices.Clone(sizes)
	slices.Sort(sorted)
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j] == sorted[i] {
			j++
		}
		if j-i > n {
			size, n = sorted[i], j-i
		}
		i = j
	}
	return size, n
}
