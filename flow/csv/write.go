package csv

import (
	"bytes"
	"io"

	"seine/flow"
	"seine/flow/internal/canonical"
)

// create begins a table of all canonical columns, under a header.
func create(w io.Writer, names flow.Names) (flow.Writer, error) {
	c := &writer{w: w, names: names, columns: canonical.Columns()}
	for i := range c.columns {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = append(c.buf, c.columns[i].Name...)
	}
	c.buf = append(c.buf, '\n')
	return c, nil
}

// flushAt is how many bytes are gathered before they are written.
const flushAt = 64 << 10

type writer struct {
	w       io.Writer
	names   flow.Names
	columns []canonical.Column
	buf     []byte
}

// Write implements flow.Writer.
func (c *writer) Write(rs []flow.Record) error {
	for i := range rs {
		c.row(&rs[i])
		if len(c.buf) >= flushAt {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close implements flow.Writer.
func (c *writer) Close() error { return c.flush() }

func (c *writer) flush() error {
	_, err := c.w.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}

// row appends a record. An empty field says that it has no such value.
func (c *writer) row(r *flow.Record) {
	for i := range c.columns {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		col := &c.columns[i]
		if !col.In(r) {
			continue
		}
		from := len(c.buf)
		c.buf = col.AppendTo(c.buf, r, c.names)
		if col.Kind == canonical.Text {
			c.quote(from)
		}
	}
	c.buf = append(c.buf, '\n')
}

// quote puts the text from from on into quotes if it needs them (RFC 4180).
// Line breaks and zero bytes, which a line of text cannot hold, become blanks.
func (c *writer) quote(from int) {
	text := c.buf[from:]
	if !bytes.ContainsAny(text, ",\"\r\n\x00") {
		return
	}
	quotes := bytes.Count(text, []byte{'"'})
	n := len(c.buf)
	for range quotes + 2 {
		c.buf = append(c.buf, '"')
	}
	to := len(c.buf) - 2 // the last byte is the closing quote
	for i := n - 1; i >= from; i-- {
		b := c.buf[i]
		switch b {
		case '\r', '\n', 0:
			b = ' '
		case '"':
			c.buf[to] = b
			to--
		}
		c.buf[to] = b
		to--
	}
	c.buf[from] = '"'
}
