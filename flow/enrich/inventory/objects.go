package inventory

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Limits on what a file may hold.
const (
	maxObject  = 16 << 20 // bytes of one entry
	maxNesting = 64
)

var errTooLarge = fmt.Errorf("entry larger than %d MB", maxObject>>20)

// jsonText walks through JSON text without holding more of it than one entry.
// It is lenient about what is between entries: masscan leaves a comma after the
// last one, and an object that is no JSON.
type jsonText struct {
	br   *bufio.Reader
	line int
	buf  []byte
}

func newJSONText(r io.Reader) *jsonText {
	return &jsonText{br: bufio.NewReaderSize(r, 256<<10), line: 1}
}

// next is the next byte that is not blank.
func (t *jsonText) next() (byte, error) {
	for {
		c, err := t.br.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			t.line++
		case ' ', '\t', '\r', 0xef, 0xbb, 0xbf: // and a byte order mark
		default:
			return c, nil
		}
	}
}

// object reads the rest of an object or array that begins with first. What is
// too large is passed over. It tells the line of its beginning; the bytes are
// good until the next call.
func (t *jsonText) object(first byte, keep bool) (raw []byte, line int, err error) {
	line = t.line
	t.buf = append(t.buf[:0], first)
	depth, quoted, escaped, large := 1, false, false, false
	for depth > 0 {
		if t.br.Buffered() == 0 {
			if _, err := t.br.Peek(1); err != nil {
				return nil, line, cutShort(err)
			}
		}
		chunk, _ := t.br.Peek(t.br.Buffered())
		n := 0
		for n < len(chunk) && depth > 0 {
			c := chunk[n]
			n++
			switch {
			case c == '\n':
				t.line++
				escaped = false
			case escaped:
				escaped = false
			case quoted && c == '\\':
				escaped = true
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				depth--
			}
		}
		if keep && !large {
			if large = len(t.buf)+n > maxObject; !large {
				t.buf = append(t.buf, chunk[:n]...)
			}
		}
		_, _ = t.br.Discard(n)
	}
	if large {
		return nil, line, errTooLarge
	}
	return t.buf, line, nil
}

// text reads the rest of a string. Of a long one the beginning is kept.
func (t *jsonText) text() (string, error) {
	var b []byte
	escaped := false
	for {
		c, err := t.br.ReadByte()
		if err != nil {
			return "", cutShort(err)
		}
		if c == '\n' {
			t.line++
		}
		if c == '"' && !escaped {
			if s, err := strconv.Unquote(`"` + string(b) + `"`); err == nil {
				return s, nil
			}
			return string(b), nil
		}
		escaped = c == '\\' && !escaped
		if len(b) < 256 {
			b = append(b, c)
		}
	}
}

func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// objects visits the objects of a text that holds them one after the other, in
// an array, or both. An error of visit about one of them is its own affair:
// objects ends with those of the text alone.
func (t *jsonText) objects(visit func(raw []byte, line int, err error)) error {
	for {
		c, err := t.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case c == '{':
			raw, line, err := t.object(c, true)
			if err != nil && !errors.Is(err, errTooLarge) {
				return err
			}
			visit(raw, line, err)
		case c == '"':
			if _, err := t.text(); err != nil {
				return err
			}
		}
	}
}

// members visits the elements of the array that the first object of the text
// holds under one of some keys, and tells the texts that it holds beside.
func (t *jsonText) members(keys []string, beside func(key, value string), visit func(raw []byte, line int, err error)) (found bool, err error) {
	if c, err := t.next(); err != nil || c != '{' {
		return false, err
	}
	key, isKey := "", true
	for {
		c, err := t.next()
		if err != nil {
			return found, cutShort(err)
		}
		switch c {
		case '"':
			s, err := t.text()
			if err != nil {
				return found, err
			}
			if isKey {
				key = s
			} else {
				beside(key, s)
			}
		case ':':
			isKey = false
		case ',':
			isKey = true
		case '}':
			return found, nil
		case '[':
			wanted := false
			for _, k := range keys {
				wanted = wanted || k == key
			}
			if !wanted {
				if _, _, err := t.object(c, false); err != nil {
					return found, err
				}
				continue
			}
			found = true
			if err := t.elements(visit); err != nil {
				return found, err
			}
		case '{':
			if _, _, err := t.object(c, false); err != nil {
				return found, err
			}
		}
	}
}

// elements visits the objects of an array of which the bracket has been read.
func (t *jsonText) elements(visit func(raw []byte, line int, err error)) error {
	for {
		c, err := t.next()
		if err != nil {
			return cutShort(err)
		}
		switch c {
		case ']':
			return nil
		case '{':
			raw, line, err := t.object(c, true)
			if err != nil && !errors.Is(err, errTooLarge) {
				return err
			}
			visit(raw, line, err)
		case '[':
			if _, _, err := t.object(c, false); err != nil {
				return err
			}
		case '"':
			if _, err := t.text(); err != nil {
				return err
			}
		}
	}
}
