package stats

import "seine/flow"

// seriesBins is how many bins a series of automatic width has at most.
const seriesBins = 64

// widths are the widths of bins that people think in. Each is a multiple of
// the one before, so that bins only ever join.
var widths = []flow.Time{
	1e6, 5e6, 10e6, 50e6, 100e6, 500e6, 1e9, 5e9, 15e9, 60e9, 300e9, 900e9, 3600e9, 3 * 3600e9, 6 * 3600e9, 12 * 3600e9,
	day1, 7 * day1, 28 * day1, 364 * day1,
}

const day1 = 86400 * flow.Second

// A clock numbers the bins of time. It widens them so that the flows so far
// span at most seriesBins.
type clock struct {
	width     flow.Time
	low, high int64 // numbers of the first and the last bin, counted from 1970
	any       bool
}

// number is the bin that a moment lies in.
func (c *clock) number(t flow.Time) int64 {
	n := int64(t) / int64(c.width)
	if int64(t) < n*int64(c.width) {
		n--
	}
	return n
}

// wider is the next width.
func wider(w flow.Time) flow.Time {
	for _, next := range widths {
		if next > w && next%w == 0 {
			return next
		}
	}
	return 2 * w
}

// reach makes the bins span from first to last also. If they became wider it
// gives the clock from before.
func (c *clock) reach(first, last flow.Time) (before clock, changed bool) {
	before = *c
	if !c.any {
		c.any = true
		c.low, c.high = c.number(first), c.number(last)
	} else {
		c.low, c.high = min(c.low, c.number(first)), max(c.high, c.number(last))
	}
	for c.high-c.low >= seriesBins {
		w := wider(c.width)
		k := int64(w / c.width)
		c.low, c.high, c.width = floorDiv(c.low, k), floorDiv(c.high, k), w
		changed = true
	}
	return before, changed && before.any
}

func floorDiv(a, b int64) int64 {
	n := a / b
	if a < n*b {
		n--
	}
	return n
}

// slotOf is where a bin is held: as many follow each other as there are.
func slotOf(number int64) int { return int(uint64(number) % seriesBins) }

// rebin moves what was counted under another clock.
func (c *clock) rebin(before clock, values *[seriesBins]uint64) {
	var moved [seriesBins]uint64
	k := int64(c.width / before.width)
	for n := before.low; n <= before.high; n++ {
		to := &moved[slotOf(floorDiv(n, k))]
		*to = plus(*to, values[slotOf(n)])
	}
	*values = moved
}

// unroll gives the values in the order of time.
func (c *clock) unroll(values *[seriesBins]uint64) []uint64 {
	var all []uint64
	if c.any {
		for n := c.low; n <= c.high; n++ {
			all = append(all, values[slotOf(n)])
		}
	}
	return all
}

// A Series is what happened in bins of time of one width.
type Series struct {
	Start flow.Time // of the first bin
	Width flow.Time
	Fixed bool      // the width was asked for, rather than chosen
	Asked flow.Time // the width that was asked for, if Width is larger
	Bins  []Bin
}

// A Bin is what the flows that start in it sum up to.
type Bin struct {
	Flows, Bytes, Packets uint64
}

// maxBins bounds a series of a width that was asked for; more make it wider.
const maxBins = 1 << 16

// bins counts by bins of a width that was asked for.
type bins struct {
	asked, width flow.Time
	all          map[int64]*Bin
	last         *Bin
	at           int64
	low, high    int64
}

func newBins(width flow.Time) *bins { return &bins{asked: width, width: width, all: map[int64]*Bin{}} }

func (b *bins) add(r *flow.Record, packets uint64) {
	c := clock{width: b.width}
	n := c.number(r.Start)
	if b.last == nil || n != b.at {
		if len(b.all) == 0 {
			b.low, b.high = n, n
		}
		b.low, b.high = min(b.low, n), max(b.high, n)
		for b.high-b.low >= maxBins {
			b.widen()
			c.width = b.width
			n = c.number(r.Start)
		}
		if b.last = b.all[n]; b.last == nil {
			b.last = &Bin{}
			b.all[n] = b.last
		}
		b.at = n
	}
	b.last.Flows++
	b.last.Bytes = plus(b.last.Bytes, r.Bytes())
	b.last.Packets = plus(b.last.Packets, packets)
}

// widen doubles the width.
func (b *bins) widen() {
	all := make(map[int64]*Bin, len(b.all)/2)
	for n, bin := range b.all {
		to := all[floorDiv(n, 2)]
		if to == nil {
			to = &Bin{}
			all[floorDiv(n, 2)] = to
		}
		to.Flows += bin.Flows
		to.Bytes = plus(to.Bytes, bin.Bytes)
		to.Packets = plus(to.Packets, bin.Packets)
	}
	b.all, b.width, b.last = all, 2*b.width, nil
	b.low, b.high = floorDiv(b.low, 2), floorDiv(b.high, 2)
}

func (b *bins) series() *Series {
	s := &Series{Start: flow.Time(b.low) * b.width, Width: b.width, Fixed: true}
	if b.width != b.asked {
		s.Asked = b.asked
	}
	if len(b.all) == 0 {
		return nil
	}
	s.Bins = make([]Bin, b.high-b.low+1)
	for n, bin := range b.all {
		s.Bins[n-b.low] = *bin
	}
	return s
}
