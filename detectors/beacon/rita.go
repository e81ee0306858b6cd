package beacon

import (
	"math"
	"slices"

	"seine/detectors/internal/stat"
)

// A ritaScore is the beacon score of RITA, version 5, with its four parts,
// before its modifiers: each from 0 to 1.
type ritaScore struct{ total, ts, ds, duration, histogram float64 }

const (
	ritaSpan = 86400.0 // seconds that are looked at
	ritaBins = 24
)

// rita scores calls at times (seconds, ascending) with sizes (bytes sent,
// nil where not known), in a data set from begin to end. ok is false where
// RITA would not score them.
func rita(times, sizes []float64, begin, end float64) (s ritaScore, ok bool) {
	begin = max(begin, end-ritaSpan)
	from, _ := slices.BinarySearch(times, begin)
	times = times[from:]
	if sizes != nil {
		sizes = sizes[from:]
	}
	var gaps []float64
	unique := 0
	for i, t := range times {
		if i == 0 {
			unique++
			continue
		}
		if gap := math.Floor(t) - math.Floor(times[i-1]); gap > 0 {
			unique++
			gaps = append(gaps, gap)
		}
	}
	if unique < 4 || len(gaps) < 3 || len(times) >= ritaSpan {
		return s, false
	}
	s.ts = ritaSpread(gaps)
	if len(sizes) > 0 {
		s.ds = ritaSpread(slices.Clone(sizes))
	}
	bins := make([]float64, ritaBins)
	for _, t := range times {
		if end > begin {
			bins[min(int((t-begin)/(end-begin)*ritaBins), ritaBins-1)]++
		}
	}
	s.duration = ritaDuration(bins, times[len(times)-1]-times[0], end-begin)
	s.histogram = ritaHistogram(bins)
	s.total = math.Round((s.ts+s.ds+s.duration+s.histogram)/4*1000) / 1000
	return s, true
}

// ritaSpread is the mean of 1 − |Bowley's skewness| and 1 − MAD/median.
func ritaSpread(v []float64) float64 {
	slices.Sort(v)
	q1, q2, q3 := stat.Quantile(v, 0.25), stat.Quantile(v, 0.5), stat.Quantile(v, 0.75)
	skew := 0.0
	if q3-q1 >= 10 && q2 != q1 && q2 != q3 {
		skew = (q1 + q3 - 2*q2) / (q3 - q1)
	}
	median, mad := stat.MedianMAD(v)
	even := 1.0
	if median >= 1 {
		even = max(0, (median-mad)/median)
	}
	return (1 - math.Abs(skew) + even) / 2
}

func ritaDuration(bins []float64, span, all float64) float64 {
	filled, run, longest := 0, 0, 0
	for i := range 2 * len(bins) { // twice round: a run may go over midnight
		if bins[i%len(bins)] == 0 {
			run = 0
			continue
		}
		if i < len(bins) {
			filled++
		}
		run++
		longest = max(longest, run)
	}
	if filled < 6 || all <= 0 {
		return 0
	}
	return max(min(1, span/all), min(1, float64(min(longest, len(bins)))/12))
}

func ritaHistogram(bins []float64) float64 {
	mean, variance := stat.MeanVar(bins)
	even := 0.0
	if cv := math.Sqrt(variance) / mean; cv <= 1 {
		even = 1 - cv
	}
	width := math.Ceil(slices.Max(bins) * 0.05)
	bars := 0
	heights := map[int]int{}
	for _, b := range bins {
		if b > 0 {
			bars++
			heights[int(math.Floor(b/width))]++
		}
	}
	if bars < 11 {
		return even
	}
	first, second := 0, 0
	for _, n := range heights {
		if n > first {
			first, second = n, first
		} else if n > second {
			second = n
		}
	}
	return max(even, min(1, float64(first+second)/float64(bars-1)))
}
