package analyzer

import (
	"math"
	"math/bits"

	"github.com/montanaflynn/stats"

	"seine/flow"
)

// A census counts what the summary tells about all flows. It works beside the
// detectors, as one of them.
type census struct {
	in          chan *item
	any         bool
	first, last flow.Time
	pairs       distinct
	sizes       []float64 // bytes of every stride-th flow that has them
	stride      uint64
	sized       uint64
	lives       map[flow.Host]uint64 // how often a number has been given again; nil at first
	outside     outside
}

// maxSizes bounds the sample of flow sizes.
const maxSizes = 8192

func newCensus() *census {
	return &census{in: make(chan *item, inFlight), stride: 1, pairs: newDistinct()}
}

func (c *census) queue() chan *item { return c.in }

func (c *census) work(it *item) {
	for _, h := range it.hosts {
		if c.lives == nil {
			c.lives = map[flow.Host]uint64{}
		}
		c.lives[h]++
	}
	rows := it.rows
	if len(rows) == 0 {
		return
	}
	if !c.any {
		c.any, c.first, c.last = true, rows[0].Start, rows[0].Start
	}
	first, last := c.first, c.last
	for i := range rows {
		r := &rows[i]
		first, last = min(first, r.Start), max(last, r.Start)
		c.outside.add(r)
		pair := uint64(r.SrcHost)<<32 | uint64(r.DstHost)
		if c.lives != nil {
			pair ^= c.lives[r.SrcHost]*0x9e3779b97f4a7c15 ^ c.lives[r.DstHost]*0xd6e8feb86659fd93
		}
		c.pairs.add(pair)
		if r.Has&flow.HasBytes == flow.HasBytes {
			if c.sized%c.stride == 0 {
				c.sample(float64(r.Bytes()))
			}
			c.sized++
		}
	}
	c.first, c.last = first, last
}

func (c *census) sample(v float64) {
	if len(c.sizes) == maxSizes { // thin to every other one
		for i := range maxSizes / 2 {
			c.sizes[i] = c.sizes[2*i]
		}
		c.sizes = c.sizes[:maxSizes/2]
		c.stride *= 2
		if c.sized%c.stride != 0 {
			return
		}
	}
	c.sizes = append(c.sizes, v)
}

func (c *census) fill(s *Summary) {
	s.HasSpan, s.First, s.Last = c.any, c.first, c.last
	s.Pairs, s.PairsApprox = c.pairs.count()
	s.PairsApprox = s.PairsApprox || c.lives != nil // one that returns counts anew
	if len(c.sizes) > 0 {
		s.FlowBytes = spread(c.sizes)
	}
}

// spread describes a sample with the definitions of montanaflynn/stats, whose
// Percentile interpolates linearly (type 7).
func spread(v []float64) *Spread {
	// No call fails on a sample that is not empty and percentages above 0.
	mean, _ := stats.Mean(v)
	median, _ := stats.Median(v)
	p95, _ := stats.Percentile(v, 95)
	p99, _ := stats.Percentile(v, 99)
	largest, _ := stats.Max(v)
	return &Spread{Samples: len(v), Mean: mean, Median: median, P95: p95, P99: p99, Max: largest}
}

// distinct counts different numbers: exactly up to maxExact, beyond that by
// HyperLogLog (Flajolet et al., 2007) with 2^14 registers, whose standard
// error is 0.8 %.
type distinct struct {
	exact     map[uint64]struct{}
	registers []uint8
	last      uint64
}

const (
	maxExact     = 1 << 14
	registerBits = 14
)

func newDistinct() distinct {
	return distinct{exact: map[uint64]struct{}{}, registers: make([]uint8, 1<<registerBits)}
}

func (d *distinct) add(v uint64) {
	if v == d.last {
		return
	}
	d.last = v
	hi, lo := bits.Mul64(v^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	h := hi ^ lo
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 29
	rank := uint8(bits.LeadingZeros64(h<<registerBits|1<<(registerBits-1))) + 1
	if r := &d.registers[h>>(64-registerBits)]; rank > *r {
		*r = rank
	}
	if d.exact != nil {
		if d.exact[v] = struct{}{}; len(d.exact) > maxExact {
			d.exact = nil
		}
	}
}

// count is the number, and whether it is an estimate.
func (d *distinct) count() (n uint64, approx bool) {
	if d.exact != nil {
		return uint64(len(d.exact)), false
	}
	m := float64(len(d.registers))
	sum, zeros := 0.0, 0
	for _, r := range d.registers {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			zeros++
		}
	}
	e := 0.7213 / (1 + 1.079/m) * m * m / sum
	if e <= 2.5*m && zeros > 0 {
		e = m * math.Log(m/float64(zeros))
	}
	return uint64(e + 0.5), true
}
