package beacon

import (
	"math"
	"slices"
	"testing"

	"seine/detectors"
)

func TestTheHistogramHasEveryGapAndThePeriod(t *testing.T) {
	var gaps []float64
	for i := range 100 {
		gaps = append(gaps, float64(57+i%7))
	}
	c := charts(&verdict{gaps: gaps, period: 60})[0]
	sum := 0.0
	for i, v := range c.Values {
		sum += v
		if whole := c.X.At[i] == math.Trunc(c.X.At[i]); v > 0 && !whole {
			t.Errorf("whole seconds in a bin from %v", c.X.At[i])
		}
	}
	if sum != 100 || !c.HasMark || c.Mark != 60 || c.Kind != detectors.Bars || !slices.IsSorted(c.X.At) || len(c.Values) > chartBins+2 {
		t.Errorf("%v gaps: %+v", sum, c)
	}
	if c.X.At[0] >= 57 || c.X.At[len(c.X.At)-1] <= 63 {
		t.Errorf("from %v to %v: nothing to be seen beside the period", c.X.At[0], c.X.At[len(c.X.At)-1])
	}
}

func TestTheHistogramLeavesOutNights(t *testing.T) {
	gaps := slices.Repeat([]float64{59.5, 60, 60.5}, 30)
	c := charts(&verdict{gaps: append(gaps, 40000, 41000), period: 60})[0]
	if c.Title != "Gaps between calls (2 longer ones left out)" || c.X.At[len(c.X.At)-1] > 100 {
		t.Errorf("%q up to %v", c.Title, c.X.At[len(c.X.At)-1])
	}
	if charts(&verdict{gaps: []float64{1}}) != nil {
		t.Error("a chart of one gap")
	}
}

func FuzzHistogram(f *testing.F) {
	f.Add(60.0, 61.0, 1e9, 60.0)
	f.Add(0.0, 0.0, 0.0, 0.0)
	f.Add(1e-9, 2e-9, 3.0, 1e-9)
	f.Fuzz(func(t *testing.T, a, b, c, period float64) {
		for _, v := range []*float64{&a, &b, &c, &period} {
			if *v = math.Abs(*v); !(*v < 1e10) {
				t.Skip()
			}
		}
		for _, chart := range charts(&verdict{gaps: []float64{a, b, c, a, b, a}, period: period}) {
			if len(chart.Values) > chartBins+2 || len(chart.Values) != len(chart.X.At) {
				t.Errorf("%d values at %d places", len(chart.Values), len(chart.X.At))
			}
		}
	})
}
