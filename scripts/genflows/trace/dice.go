package trace

import (
	"math/bits"
	"math/rand/v2"
)

// A dice draws the random numbers of a trace.
type dice struct{ *rand.PCG }

func newDice(seed uint64) dice { return dice{rand.NewPCG(seed, 0x5e1e_f10a_75ee_d000)} }

// below draws from 0 … n-1. The bias, below n/2^64, does not matter here.
func (d dice) below(n int) int {
	hi, _ := bits.Mul64(d.Uint64(), uint64(n))
	return int(hi)
}

// between draws from lo … hi.
func (d dice) between(lo, hi int) int { return lo + d.below(hi-lo+1) }

// chance is true in n of 1000 cases.
func (d dice) chance(n int) bool { return d.below(1000) < n }

// rank draws from 0 … n-1 with a heavy tail: first an octave, each as likely
// as the other, then a rank within it. That is Zipf's law with exponent 1, in
// steps.
func (d dice) rank(n int) int {
	octaves := bits.Len(uint(n))
	r := d.Uint64()
	k := 1 << int((r>>32)*uint64(octaves)>>32)
	r = (r&0xffffffff)*uint64(k)>>32 + uint64(k) - 1
	if int(r) >= n {
		return d.below(n)
	}
	return int(r)
}

// size draws a number of bytes around 2^(mid/16) whose logarithm is close to
// normal, with a standard deviation of about spread/16 binary orders.
func (d dice) size(mid, spread int) uint64 {
	r := d.Uint64()
	// The sum of four uniform numbers, less its mean: deviation 0.577 in
	// units of 1<<14.
	z := int(r&0x3fff) + int(r>>14&0x3fff) + int(r>>28&0x3fff) + int(r>>42&0x3fff) - 2<<14
	x := mid<<8 + spread*z*443>>14 // in 4096ths of an order
	return exp2(max(x, 0))
}

// exp2 is 2^(x/4096), with a straight line between powers of two.
func exp2(x int) uint64 {
	return (4096 + uint64(x&4095)) << (x >> 12) >> 12
}

// mix turns a number into another that looks random: the finisher of
// MurmurHash3, which maps the 32-bit numbers one to one.
func mix(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x85ebca6b
	x ^= x >> 13
	x *= 0xc2b2ae35
	return x ^ x>>16
}

// A pick is a choice among n things with weights.
type pick struct{ sums []int }

func newPick(weights ...int) pick {
	p := pick{make([]int, len(weights))}
	sum := 0
	for i, w := range weights {
		sum += w
		p.sums[i] = sum
	}
	return p
}

func (p pick) draw(d dice) int {
	r := d.below(p.sums[len(p.sums)-1])
	for i, s := range p.sums {
		if r < s {
			return i
		}
	}
	return 0
}
