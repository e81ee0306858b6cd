package beacon

import (
	"fmt"
	"math"
	"slices"

	"seine/detectors"
	"seine/detectors/internal/stat"
)

// chartBins is about how many bins the histogram of gaps has that is drawn; one
// or two more where its ends are rounded.
const chartBins = 32

// charts are the histogram of the gaps between calls, with the period. The
// longest gaps of all, as of a night, would leave nothing to be seen of the
// others: they are counted in the title.
func charts(v *verdict) []detectors.Chart {
	if len(v.gaps) < 2 {
		return nil
	}
	sorted := slices.Clone(v.gaps)
	slices.Sort(sorted)
	low, high := sorted[0], stat.Quantile(sorted, 0.95)
	if last := sorted[len(sorted)-1]; last <= 2*high-low {
		high = last
	}
	// A regular beacon has bins on both sides of its period.
	if spread := 0.25 * v.period; high-low < 2*spread {
		low, high = max(0, min(low, v.period-spread)), max(high, v.period+spread)
	}
	// Whole seconds fall into bins of whole seconds.
	width := roundUp(max((high-low)/chartBins, 0.001))
	low = math.Floor(low/width) * width
	n := int((high-low)/width) + 1
	c := detectors.Chart{
		Kind: detectors.Bars, Title: "Gaps between calls",
		X: detectors.Axis{Name: "gap", Unit: "s"}, Y: detectors.Axis{Name: "calls"},
		Values: make([]float64, n),
	}
	for i := range n {
		c.X.At = append(c.X.At, milli(low+float64(i)*width))
	}
	longer := 0
	for _, g := range sorted {
		if g > high {
			longer++
			continue
		}
		c.Values[min(int((g-low)/width+1e-9), n-1)]++
	}
	if longer > 0 {
		c.Title += fmt.Sprintf(" (%d longer ones left out)", longer)
	}
	c.MarkAt(milli(v.period), fmt.Sprintf("period %s s", short(v.period)))
	return []detectors.Chart{c}
}

// milli rounds to thousandths.
func milli(v float64) float64 { return math.Round(v*1000) / 1000 }

// roundUp is the least of 1, 2, 5 times a power of ten that is not below v.
func roundUp(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*p >= v*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}
