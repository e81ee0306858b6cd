// Package rank keeps exact order statistics of many small counts that grow by
// one at a time.
package rank

import "math/bits"

// Max is the largest count that a Counts can hold.
const Max = 1 << 16

// Counts is a multiset of numbers from 1 to Max, with a cursor at one rank of
// it: a change, and a step of the cursor, cost O(1).
type Counts struct {
	hist  [Max + 1]uint32
	some  [Max/64 + 1]uint64    // which numbers occur
	words [Max/64/64 + 1]uint64 // which words of some are not zero
	n     int
	at    int // the cursor's number
	below int // how many are smaller than at
}

// Len is how many numbers there are.
func (c *Counts) Len() int { return c.n }

// Add puts a number in.
func (c *Counts) Add(v int) {
	if c.hist[v] == 0 {
		c.some[v>>6] |= 1 << (v & 63)
		c.words[v>>12] |= 1 << (v >> 6 & 63)
	}
	c.hist[v]++
	c.n++
	if v < c.at {
		c.below++
	}
}

// Remove takes a number out.
func (c *Counts) Remove(v int) {
	if c.hist[v]--; c.hist[v] == 0 {
		if c.some[v>>6] &^= 1 << (v & 63); c.some[v>>6] == 0 {
			c.words[v>>12] &^= 1 << (v >> 6 & 63)
		}
	}
	c.n--
	if v < c.at {
		c.below--
	}
}

// At is the number of rank i, from 0, and that of rank i+1 (the same where
// there is none).
func (c *Counts) At(i int) (v, next int) {
	for i < c.below {
		c.at = c.before(c.at)
		c.below -= int(c.hist[c.at])
	}
	for i >= c.below+int(c.hist[c.at]) {
		c.below += int(c.hist[c.at])
		c.at = c.after(c.at)
	}
	if i+1 < c.below+int(c.hist[c.at]) || i+1 >= c.n {
		return c.at, c.at
	}
	return c.at, c.after(c.at)
}

// after is the smallest number above v; there must be one.
func (c *Counts) after(v int) int {
	w := (v + 1) >> 6
	if rest := c.some[w] >> ((v + 1) & 63); rest != 0 {
		return v + 1 + bits.TrailingZeros64(rest)
	}
	w++
	g := w >> 6
	rest := c.words[g] >> (w & 63) << (w & 63)
	for rest == 0 {
		g++
		rest = c.words[g]
	}
	w = g<<6 + bits.TrailingZeros64(rest)
	return w<<6 + bits.TrailingZeros64(c.some[w])
}

// before is the largest number below v; there must be one.
func (c *Counts) before(v int) int {
	w := (v - 1) >> 6
	if rest := c.some[w] << (63 - (v-1)&63); rest != 0 {
		return v - 1 - bits.LeadingZeros64(rest)
	}
	w--
	g := w >> 6
	rest := c.words[g] << (63 - w&63) >> (63 - w&63)
	for rest == 0 {
		g--
		rest = c.words[g]
	}
	w = g<<6 + 63 - bits.LeadingZeros64(rest)
	return w<<6 + 63 - bits.LeadingZeros64(c.some[w])
}
