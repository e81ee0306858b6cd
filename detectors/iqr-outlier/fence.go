package iqroutlier

import (
	"math"
	"math/bits"
	"slices"
)

// A fence is the factor num/den of the interquartile range.
type fence struct {
	num, den uint64
	values   []uint64
	counts   []uint32
	used     int // of counts; those behind are 0
}

func newFence(num, den uint64) fence {
	a, b := num, den
	for b != 0 {
		a, b = b, a%b
	}
	return fence{num: num / a, den: den / a, counts: make([]uint32, countable)}
}

// limits are the quartiles of a feature over the pairs of a window, times 4,
// so that they are whole: 4·Q = 4·a[i] + (a[i+1] − a[i])·rem, with i and rem
// the quotient and remainder of k·(n−1) by 4 (linear interpolation, type 7).
// A value stands out if it is below least or above most.
type limits struct {
	q1, q3      uint64
	least, most uint64
}

// countable is up to where numbers of ports are counted instead of sorted.
const countable = 1024

// of works out the limits of a feature over the pairs of t, of which there is
// at least one.
func (f *fence) of(t *table, which feature) limits {
	at := f.counted(t, which)
	if at == nil {
		f.values = f.values[:0]
		for i := range t.pairs {
			f.values = append(f.values, t.value(i, which))
		}
		slices.Sort(f.values)
		at = func(i int) uint64 { return f.values[i] }
	}
	n := t.len()
	quartile := func(k int) uint64 {
		i, rem := k*(n-1)/4, k*(n-1)%4
		low := at(i)
		if rem == 0 {
			return 4 * low
		}
		return 4*low + (at(i+1)-low)*uint64(rem)
	}
	l := limits{q1: quartile(1), q3: quartile(3)}
	l.least, l.most = f.inside(l.q1, l.q3)
	return l
}

// counted gives the i-th smallest number of ports by counting, which most
// windows allow; nil where there is a larger number, or for another feature.
func (f *fence) counted(t *table, which feature) func(i int) uint64 {
	if which != dstPorts {
		return nil
	}
	clear(f.counts[:f.used])
	f.used = 0
	for i := range t.pairs {
		v := int(t.pairs[i].ports)
		if v >= countable {
			return nil
		}
		f.counts[v]++
		f.used = max(f.used, v+1)
	}
	return func(i int) uint64 {
		v, below := 0, uint32(0)
		for below += f.counts[v]; below <= uint32(i); below += f.counts[v] {
			v++
		}
		return uint64(v)
	}
}

// inside are the least and the most that lie within the fences, exactly:
// Q1 − k·IQR ≤ v ≤ Q3 + k·IQR. Times 4·den these are whole numbers of 128 bits.
func (f *fence) inside(q1, q3 uint64) (least, most uint64) {
	unit := 4 * f.den
	reachHi, reachLo := bits.Mul64(q3-q1, f.num)
	hi, lo := bits.Mul64(q1, f.den)
	lo, borrow := bits.Sub64(lo, reachLo, 0)
	hi, borrow = bits.Sub64(hi, reachHi, borrow)
	if borrow == 0 { // rounded up
		lo, carry := bits.Add64(lo, unit-1, 0)
		least, _ = bits.Div64(hi+carry, lo, unit)
	}
	hi, lo = bits.Mul64(q3, f.den)
	lo, carry := bits.Add64(lo, reachLo, 0)
	hi += reachHi + carry
	if hi >= unit {
		return least, math.MaxUint64
	}
	most, _ = bits.Div64(hi, lo, unit)
	return least, most
}

// bounds are the fences as numbers for people.
func (f *fence) bounds(l limits) (low, high float64) {
	q1, q3, k := float64(l.q1)/4, float64(l.q3)/4, float64(f.num)/float64(f.den)
	return q1 - k*(q3-q1), q3 + k*(q3-q1)
}
