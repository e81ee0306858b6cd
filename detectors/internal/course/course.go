// Package course keeps how much of something came when, for a chart: in few
// bins of equal width, which get wider as time goes on.
package course

import "seine/flow"

// Bins is how many bins a Course has.
const Bins = 36

// A Course is a sum over time. The zero Course is empty.
type Course struct {
	start flow.Time // of the first bin, a multiple of the width
	step  uint8     // of widths, plus 1; 0: nothing came
	n     [Bins]uint64
}

// widths of the bins. Each divides the next, so that bins can be joined.
var widths = [...]flow.Time{
	1 * flow.Second, 2 * flow.Second, 10 * flow.Second, 30 * flow.Second, 60 * flow.Second, 120 * flow.Second, 600 * flow.Second,
	1800 * flow.Second, 3600 * flow.Second, 2 * 3600 * flow.Second, 4 * 3600 * flow.Second, 12 * 3600 * flow.Second, day, 2 * day, 4 * day,
	8 * day, 40 * day, 200 * day, 1000 * day,
}

const day = 24 * 3600 * flow.Second

// Add adds v at a time. Beyond a hundred years it counts at the ends.
func (c *Course) Add(at flow.Time, v uint64) {
	if c.step == 0 {
		c.step, c.start = 1, at.Floor(widths[0])
	}
	i := c.bin(at)
	if i < 0 || i >= Bins {
		c.widen(at)
		i = min(max(c.bin(at), 0), Bins-1)
	}
	if sum := c.n[i] + v; sum >= v {
		c.n[i] = sum
	}
}

func (c *Course) bin(at flow.Time) int {
	if at < c.start {
		return -1
	}
	return int(min(uint64(at-c.start)/uint64(widths[c.step-1]), Bins))
}

// widen makes the bins so wide that they reach from the first to at.
func (c *Course) widen(at flow.Time) {
	old, width := *c, widths[c.step-1]
	first, last := Bins, 0
	for i, n := range old.n {
		if n > 0 {
			first, last = min(first, i), i
		}
	}
	first = min(first, last)
	from, to := old.start.Add(flow.Time(first)*width), old.start.Add(flow.Time(last)*width)
	from, to = min(from, at), max(to, at)
	for {
		w := widths[c.step-1]
		c.start = from.Floor(w)
		if uint64(to-c.start)/uint64(w) < Bins || int(c.step) == len(widths) {
			break
		}
		c.step++
	}
	c.n = [Bins]uint64{}
	for i, n := range old.n {
		if n > 0 {
			c.n[min(max(c.bin(old.start.Add(flow.Time(i)*width)), 0), Bins-1)] += n
		}
	}
}

// Series gives the bins from the first that is not empty to the last: their
// beginnings in seconds since 1970, and the sums.
func (c *Course) Series() (at, values []float64) {
	if c.step == 0 {
		return nil, nil
	}
	first, last := -1, 0
	for i, n := range c.n {
		if n > 0 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return nil, nil
	}
	for i := first; i <= last; i++ {
		at = append(at, float64(c.start/flow.Second)+float64(i)*c.Width())
		values = append(values, float64(c.n[i]))
	}
	return at, values
}

// Width is that of the bins, in seconds.
func (c *Course) Width() float64 {
	if c.step == 0 {
		return 0
	}
	return float64(widths[c.step-1] / flow.Second)
}
