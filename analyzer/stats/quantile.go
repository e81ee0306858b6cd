package stats

import (
	"math/bits"
	"slices"
)

// maxValues are kept as they are; more go to a histogram.
const maxValues = 1 << 18

// fine is the number of bins for each power of two, which makes a bin at most
// 1/128 of its values wide and its middle at most 1/256 wrong.
const fine = 128

// QuantileError bounds the relative error of percentiles that are not exact.
const QuantileError = 1.0 / (2 * fine)

// quantiles gathers numbers for their percentiles: exact up to maxValues of
// them, beyond that with QuantileError.
type quantiles struct {
	values []uint64
	bins   []uint64
	n      uint64
	max    uint64
}

func (q *quantiles) add(v uint64) {
	q.n++
	q.max = max(q.max, v)
	if q.bins != nil {
		q.bins[binOf(v)]++
		return
	}
	if len(q.values) < maxValues {
		q.values = append(q.values, v)
		return
	}
	q.bins = make([]uint64, binOf(1<<64-1)+1)
	q.bins[binOf(v)]++
	for _, v := range q.values {
		q.bins[binOf(v)]++
	}
	q.values = nil
}

// binOf is the bin of v: small numbers have one each.
func binOf(v uint64) int {
	shift := max(0, bits.Len64(v)-8)
	return fine*shift + int(v>>shift)
}

// middleOf is the middle of a bin.
func middleOf(bin int) uint64 {
	if bin < 2*fine {
		return uint64(bin)
	}
	shift := bin/fine - 1
	return uint64(bin-fine*shift)<<shift + 1<<shift/2
}

// Percentiles are by nearest rank: of 200 numbers, P90 is the 180th smallest.
type Percentiles struct {
	Of, Unit                string
	N                       uint64
	Min, P50, P90, P95, P99 uint64
	Max                     uint64
	Exact                   bool // else P50 … P99 are within QuantileError
}

func (q *quantiles) percentiles(of, unit string) Percentiles {
	p := Percentiles{Of: of, Unit: unit, N: q.n, Max: q.max, Exact: q.bins == nil}
	if q.n == 0 {
		return p
	}
	slices.Sort(q.values)
	p.Min = q.rank(1)
	p.P50, p.P90, p.P95, p.P99 = q.at(50), q.at(90), q.at(95), q.at(99)
	return p
}

func (q *quantiles) at(percent uint64) uint64 {
	high, low := bits.Mul64(q.n, percent)
	rank, rest := bits.Div64(high, low, 100)
	if rest > 0 {
		rank++
	}
	return q.rank(max(rank, 1))
}

// rank is the n-th smallest number, from 1.
func (q *quantiles) rank(n uint64) uint64 {
	if q.bins == nil {
		return q.values[n-1]
	}
	for bin, count := range q.bins {
		if n <= count {
			return min(middleOf(bin), q.max)
		}
		n -= count
	}
	return q.max
}
