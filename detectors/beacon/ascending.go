package beacon

import (
	"math"
	"math/bits"
	"slices"
)

const (
	fewToSort = 32 // values that are put into their places one by one
	sortBits  = 11 // of what tells buckets apart, at most
)

// ascending appends values, none of them negative, in ascending order.
func (b *bench) ascending(sorted, values []float64) []float64 {
	if len(values) <= fewToSort {
		sorted = append(sorted, values...)
		insert(sorted)
		return sorted
	}
	// Such numbers are in the order of their bits, whose upper ones spread them
	// over buckets.
	low, high := uint64(math.MaxUint64), uint64(0)
	for _, x := range values {
		n := math.Float64bits(x)
		low, high = min(low, n), max(high, n)
	}
	shift := max(0, bits.Len64(high-low)-min(bits.Len(uint(len(values)))+1, sortBits))
	counts := b.counts[:(high-low)>>shift+2]
	clear(counts)
	for _, x := range values {
		counts[(math.Float64bits(x)-low)>>shift+1]++
	}
	for i := 1; i < len(counts); i++ {
		counts[i] += counts[i-1]
	}
	sorted = slices.Grow(sorted, len(values))[:len(values)]
	for _, x := range values {
		at := &counts[(math.Float64bits(x)-low)>>shift]
		sorted[*at] = x
		*at++
	}
	from := uint32(0)
	for _, to := range counts[:len(counts)-1] {
		if bucket := sorted[from:to]; len(bucket) > fewToSort/2 {
			slices.Sort(bucket)
		} else if len(bucket) > 1 {
			insert(bucket)
		}
		from = to
	}
	return sorted
}

// insert sorts values, the fastest way for few.
func insert(v []float64) {
	for i, x := range v {
		j := i
		for ; j > 0 && v[j-1] > x; j-- {
			v[j] = v[j-1]
		}
		v[j] = x
	}
}
