package json

import (
	"io"
	"unicode/utf8"

	"seine/flow"
	"seine/flow/internal/canonical"
)

// flushAt is how many bytes are gathered before they are written.
const flushAt = 64 << 10

type writer struct {
	w       io.Writer
	names   flow.Names
	columns []canonical.Column
	buf     []byte
	text    []byte
}

// Write implements flow.Writer.
func (j *writer) Write(rs []flow.Record) error {
	for i := range rs {
		j.object(&rs[i])
		if len(j.buf) >= flushAt {
			if err := j.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close implements flow.Writer.
func (j *writer) Close() error { return j.flush() }

func (j *writer) flush() error {
	_, err := j.w.Write(j.buf)
	j.buf = j.buf[:0]
	return err
}

// object appends a record as an object on a line of its own.
func (j *writer) object(r *flow.Record) {
	open := byte('{')
	for i := range j.columns {
		c := &j.columns[i]
		if !c.In(r) {
			continue
		}
		before := len(j.buf)
		j.buf = append(j.buf, open, '"')
		j.buf = append(j.buf, c.Name...)
		j.buf = append(j.buf, '"', ':')
		switch c.Kind {
		case canonical.Number, canonical.Span:
			j.buf = c.AppendTo(j.buf, r, j.names)
		case canonical.Text:
			j.text = c.AppendTo(j.text[:0], r, j.names)
			if c.Has == 0 && len(j.text) == 0 {
				j.buf = j.buf[:before]
				continue
			}
			j.buf = appendString(j.buf, j.text)
		default:
			j.buf = append(j.buf, '"')
			j.buf = c.AppendTo(j.buf, r, j.names)
			j.buf = append(j.buf, '"')
		}
		open = ','
	}
	if open == '{' {
		j.buf = append(j.buf, open)
	}
	j.buf = append(j.buf, '}', '\n')
}

const hexDigits = "0123456789abcdef"

// appendString appends text as a JSON string. Bytes that are no UTF-8 become
// U+FFFD: JSON has no other way. The separators of lines U+2028 and U+2029
// are escaped, since some who read lines cut there.
func appendString(b, text []byte) []byte {
	b = append(b, '"')
	for len(text) > 0 {
		if c := text[0]; c < utf8.RuneSelf {
			switch {
			case c == '"' || c == '\\':
				b = append(b, '\\', c)
			case c < ' ' || c == 0x7f:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			default:
				b = append(b, c)
			}
			text = text[1:]
			continue
		}
		c, n := utf8.DecodeRune(text)
		switch {
		case c == utf8.RuneError && n == 1:
			b = append(b, "\ufffd"...)
		case c == '\u2028' || c == '\u2029':
			b = append(b, '\\', 'u', '2', '0', '2', hexDigits[c&15])
		default:
			b = append(b, text[:n]...)
		}
		text = text[n:]
	}
	return append(b, '"')
}
