package table

import (
	"bytes"
	"math/bits"

	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// Cells are the cells of one line. They are slices of it, or of a buffer
// where the line has quotes, with lines.Pad readable bytes behind them.
type Cells struct {
	text       []byte
	from, ends []int32 // of each cell in text
	n          int
	rest       []byte
	marks      []uint64 // a bit for each separator in a line
	buf        []byte
}

// NewCells makes room for so many cells.
func NewCells(n int) *Cells {
	return &Cells{ends: make([]int32, n), from: make([]int32, n)}
}

// Cut cuts line at sep, or at runs of blanks if sep is Blanks, into as many
// cells as there is room for, and tells how many there were. A cell in double
// quotes may hold separators and doubled quotes; ok is false if a quote is not
// closed.
func (c *Cells) Cut(line []byte, sep byte) (n int, ok bool) {
	switch {
	case sep == Blanks:
		return c.blanks(line), true
	case bytes.IndexByte(line, '"') >= 0:
		return c.quoted(line, sep)
	}
	c.text, c.rest = line, nil
	words := (len(line) + 63) / 64
	if words > len(c.marks) {
		c.marks = make([]uint64, words+8)
	}
	parse.Marks(line, sep, c.marks)
	start, room := int32(0), len(c.ends)
	from, ends := c.from[:room], c.ends[:room]
	for k, m := range c.marks[:words] {
		for ; m != 0; m &= m - 1 {
			i := int32(k*64 + bits.TrailingZeros64(m))
			from[n], ends[n] = start, i
			n, start = n+1, i+1
			if n == room {
				c.n, c.rest = n, line[i:]
				return n, true
			}
		}
	}
	from[n], ends[n] = start, int32(len(line))
	c.n = n + 1
	return n + 1, true
}

// blanks cuts at runs of blanks.
func (c *Cells) blanks(line []byte) int {
	c.text, c.rest, c.n = line, nil, 0
	for i := 0; ; {
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
		if i == len(line) {
			return c.n
		}
		if c.n == len(c.ends) {
			c.rest = line[i:]
			return c.n
		}
		c.from[c.n] = int32(i)
		for i < len(line) && line[i] != ' ' && line[i] != '\t' {
			i++
		}
		c.ends[c.n] = int32(i)
		c.n++
	}
}

// quoted cuts a line with quotes somewhere; the cells are copied.
func (c *Cells) quoted(line []byte, sep byte) (int, bool) {
	var s Splitter
	s.Reset(line, sep)
	c.buf, c.n, c.rest = c.buf[:0], 0, nil
	for s.Next() {
		if c.n == len(c.ends) {
			c.rest = line[len(line)-1:]
			break
		}
		c.from[c.n] = int32(len(c.buf))
		c.buf = append(c.buf, s.Field...)
		c.ends[c.n] = int32(len(c.buf))
		c.n++
	}
	n := len(c.buf)
	var pad [lines.Pad]byte
	c.buf = append(c.buf, pad[:]...)
	c.text = c.buf[:n]
	return c.n, !s.Bad
}

// Get is cell i as it stands, or nothing if i is -1 or beyond the last.
func (c *Cells) Get(i int) []byte {
	if uint(i) >= uint(c.n) {
		return nil
	}
	return c.text[c.from[i]:c.ends[i]]
}

// Rest is what stands behind the cells there was room for, with its separator.
func (c *Cells) Rest() []byte { return c.rest }

// Span is the text from the start of cell i to the end of cell j.
func (c *Cells) Span(i, j int) []byte {
	if i < 0 || j < i || j >= c.n {
		return nil
	}
	return c.text[c.from[i]:c.ends[j]]
}

// Insert puts an empty cell before cell i, if there is room.
func (c *Cells) Insert(i int) {
	if c.n == len(c.ends) || i > c.n {
		return
	}
	c.n++
	copy(c.from[i+1:c.n], c.from[i:c.n-1])
	copy(c.ends[i+1:c.n], c.ends[i:c.n-1])
	c.ends[i] = c.from[i]
}

// Len is the number of cells.
func (c *Cells) Len() int { return c.n }
