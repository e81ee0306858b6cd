package report

import (
	"math"
	"slices"

	"seine/detectors"
	"seine/flow"
)

// calendarSteps are the widths of the bins of a calendar in seconds. Each
// divides the next, so that bins can be joined.
var calendarSteps = []int64{
	1, 10, 60, 300, 900, 1800, 3600, 10800, 21600, 86400, 7 * 86400, 28 * 86400, 364 * 86400, 3640 * 86400, 36400 * 86400,
}

// calendarBins bounds the bins that a calendar holds at once.
const calendarBins = 4096

// A calendar counts findings by severity over time, in bins that get wider as
// there are more of them. The zero calendar is empty.
type calendar struct {
	step int // of calendarSteps
	bins map[int64]*[detectors.Severities]uint64
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (c *calendar) add(t flow.Time, s detectors.Severity) {
	if c.bins == nil {
		c.bins = map[int64]*[detectors.Severities]uint64{}
	}
	k := floorDiv(floorDiv(int64(t), int64(flow.Second)), calendarSteps[c.step])
	b := c.bins[k]
	if b == nil {
		b = new([detectors.Severities]uint64)
		c.bins[k] = b
	}
	b[s]++
	for len(c.bins) > calendarBins && c.step < len(calendarSteps)-1 {
		c.widen()
	}
}

// widen goes to the next width.
func (c *calendar) widen() {
	n := calendarSteps[c.step+1] / calendarSteps[c.step]
	c.step++
	wide := map[int64]*[detectors.Severities]uint64{}
	for k, b := range c.bins {
		k = floorDiv(k, n)
		if wide[k] == nil {
			wide[k] = b
			continue
		}
		for s := range b {
			wide[k][s] += b[s]
		}
	}
	c.bins = wide
}

// drawnBins bounds the bins that are drawn.
const drawnBins = 96

// counts gives the bins from the earliest to the latest, which include
// first and last, without gaps: their beginnings in seconds since 1970, and
// for each severity how many findings each has.
func (c *calendar) counts(span bool, first, last flow.Time) (at []float64, by [detectors.Severities][]float64) {
	if len(c.bins) == 0 {
		return nil, by
	}
	ends := func() (from, to int64) {
		from, to = math.MaxInt64, math.MinInt64
		for k := range c.bins {
			from, to = min(from, k), max(to, k)
		}
		if span {
			from = min(from, floorDiv(floorDiv(int64(first), int64(flow.Second)), calendarSteps[c.step]))
			to = max(to, floorDiv(floorDiv(int64(last), int64(flow.Second)), calendarSteps[c.step]))
		}
		return from, to
	}
	from, to := ends()
	for to-from >= drawnBins && c.step < len(calendarSteps)-1 {
		c.widen()
		from, to = ends()
	}
	n := int(min(to-from+1, drawnBins))
	for s := range by {
		by[s] = make([]float64, n)
	}
	for i := range n {
		at = append(at, float64((from+int64(i))*calendarSteps[c.step]))
		if b := c.bins[from+int64(i)]; b != nil {
			for s := range b {
				by[s][i] = float64(b[s])
			}
		}
	}
	return slices.Clip(at), by
}
