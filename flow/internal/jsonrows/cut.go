package jsonrows

import (
	"bytes"
	"errors"
	"io"

	"seine/flow/internal/lines"
)

// maxObject is the longest object that is looked at, in bytes.
const maxObject = lines.MaxLine

var (
	errGarbage = errors.New("text between the objects")
	errTooLong = errors.New("object longer than 1 MiB")
)

// A cutter finds the objects of a stream by their braces; whether each is
// valid is for others to judge.
type cutter struct {
	in    io.Reader
	buf   []byte // Pad bytes more than are used
	at, n int    // the part that has not been looked at
	err   error  // of the stream
	depth int    // of arrays around the objects
	open  bool   // the stream ended inside an object
	begun bool
}

// fill drops what has been looked at and reads on behind the rest. It reports
// false at the end of the stream.
func (c *cutter) fill() bool {
	if c.err != nil {
		return false
	}
	if c.at > 0 {
		c.n = copy(c.buf, c.buf[c.at:c.n])
		c.at = 0
	}
	if len(c.buf)-lines.Pad <= c.n {
		grown := make([]byte, max(64<<10, 2*c.n)+lines.Pad)
		copy(grown, c.buf[:c.n])
		c.buf = grown
	}
	for range 100 {
		k, err := c.in.Read(c.buf[c.n : len(c.buf)-lines.Pad])
		c.n += k
		c.err = err
		if k > 0 || err != nil {
			return k > 0
		}
	}
	c.err = io.ErrNoProgress
	return false
}

// next gives the next object, valid until the following call. A stream that
// ends within an object or an array gives io.ErrUnexpectedEOF.
func (c *cutter) next() ([]byte, error) {
	garbage := false
	for {
		if !c.begun {
			for c.n < len(bom) && c.fill() {
			}
			if bytes.HasPrefix(c.buf[:c.n], bom) {
				c.at = len(bom)
			}
			c.begun = true
		}
		if c.at == c.n && !c.fill() {
			switch {
			case garbage:
				return nil, errGarbage
			case c.err == io.EOF && c.depth > 0:
				return nil, io.ErrUnexpectedEOF
			}
			return nil, c.err
		}
		switch c.buf[c.at] {
		case ' ', '\t', '\r', '\n', ',':
		case '[':
			c.depth++
		case ']':
			c.depth = max(0, c.depth-1)
		case '{':
			if garbage {
				return nil, errGarbage
			}
			return c.object()
		default:
			garbage = true
		}
		c.at++
	}
}

// object finds the end of the object that begins at c.at.
func (c *cutter) object() ([]byte, error) {
	depth, quoted, i := 0, false, 0
	for {
		b, quote := c.buf[c.at:c.n], -1
		for i < len(b) {
			if quoted {
				// The next quote is looked for once, not again behind every
				// escape, or a string of escapes would take for ever.
				if quote < i {
					if quote = bytes.IndexByte(b[i:], '"'); quote < 0 {
						quote = len(b)
					} else {
						quote += i
					}
				}
				if e := bytes.IndexByte(b[i:quote], '\\'); e >= 0 {
					i += e + 2 // whatever is escaped does not end the string
				} else if i = quote; i < len(b) {
					quoted = false
					i++
				}
				continue
			}
			switch b[i] {
			case '"':
				quoted = true
			case '{':
				depth++
			case '}':
				depth--
			}
			if i++; depth > 0 {
				continue
			}
			if i > maxObject {
				c.at += maxObject
				return nil, errTooLong
			}
			c.at += i
			return b[:i], nil
		}
		if len(b) >= maxObject {
			c.at += maxObject
			return nil, errTooLong
		}
		if !c.fill() {
			c.at, c.open = c.n, true
			if c.err == io.EOF {
				c.err = io.ErrUnexpectedEOF
			}
			return nil, c.err
		}
	}
}
