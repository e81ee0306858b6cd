// Package jsonstream reads a JSON text of any size token by token, for inputs
// whose rows lie deep within one document. Memory is bounded by the longest
// string, of MaxText bytes at most; the grammar is checked as strictly as by
// encoding/json, but for bytes in strings that are no UTF-8.
package jsonstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Pad is how many bytes behind a text may be read, though not trusted.
const Pad = 32

// MaxText is the length of the longest string or number, in bytes.
const MaxText = 1 << 20

// MaxDepth is how deep objects and arrays may be nested.
const MaxDepth = 200

// Kind is the kind of a token.
type Kind uint8

// The kinds of tokens. An End ends the innermost object or array.
const (
	None Kind = iota
	Object
	Array
	End
	Key
	String
	Number
	Literal // true, false, null
)

// Errors of texts; io.ErrUnexpectedEOF is that of one cut short.
var (
	ErrSyntax  = errors.New("not JSON")
	ErrTooLong = errors.New("JSON text longer than 1 MiB")
	ErrDepth   = errors.New("JSON nested too deep")
)

// What may come next.
type state uint8

const (
	wantValue state = iota
	wantValueOrEnd
	wantKey
	wantKeyOrEnd
	wantColon
	wantComma
)

// A Reader reads tokens of one or several documents, one behind the other.
type Reader struct {
	in    io.Reader
	buf   []byte // Pad bytes more than are used
	at, n int    // the part that has not been read
	base  int64  // bytes of the stream before buf
	err   error  // of the stream
	stack []byte // the brackets that are open
	state state
	begun bool
}

// NewReader reads tokens from in.
func NewReader(in io.Reader) *Reader {
	return &Reader{in: in, buf: make([]byte, 64<<10+Pad)}
}

// Depth is how many objects and arrays are open.
func (r *Reader) Depth() int { return len(r.stack) }

// fill drops what has been read and reads on behind the rest. It reports false
// at the end of the stream.
func (r *Reader) fill() bool {
	if r.err != nil {
		return false
	}
	if r.at > 0 {
		r.base += int64(r.at)
		r.n = copy(r.buf, r.buf[r.at:r.n])
		r.at = 0
	}
	if len(r.buf)-Pad <= r.n {
		grown := make([]byte, 2*r.n+Pad)
		copy(grown, r.buf[:r.n])
		r.buf = grown
	}
	for range 100 {
		k, err := r.in.Read(r.buf[r.n : len(r.buf)-Pad])
		r.n += k
		r.err = err
		if k > 0 || err != nil {
			return k > 0
		}
	}
	r.err = io.ErrNoProgress
	return false
}

// Next gives the next token. text is that of a Key, String, Number or Literal,
// without quotes and escapes; it is valid until the following call, and so are
// Pad bytes behind it. At the end of the stream the error is io.EOF.
func (r *Reader) Next() (kind Kind, text []byte, err error) {
	for {
		c, err := r.peek()
		if err != nil {
			return None, nil, err
		}
		switch r.state {
		case wantColon:
			if c != ':' {
				return None, nil, r.syntax("no colon")
			}
			r.at++
			r.state = wantValue
			continue
		case wantComma:
			top := r.stack[len(r.stack)-1]
			switch {
			case c == ',' && top == '{':
				r.at++
				r.state = wantKey
				continue
			case c == ',':
				r.at++
				r.state = wantValue
				continue
			case c == top+2: // in ASCII the closing bracket is two behind
				return r.close()
			}
			return None, nil, r.syntax("no comma")
		case wantKey, wantKeyOrEnd:
			switch {
			case c == '"':
				text, err = r.str()
				r.state = wantColon
				return Key, text, err
			case c == '}' && r.state == wantKeyOrEnd:
				return r.close()
			}
			return None, nil, r.syntax("no key")
		}
		switch {
		case c == '{' || c == '[':
			if len(r.stack) == MaxDepth {
				return None, nil, ErrDepth
			}
			r.at++
			r.stack = append(r.stack, c)
			if r.state = wantValueOrEnd; c == '[' {
				return Array, nil, nil
			}
			r.state = wantKeyOrEnd
			return Object, nil, nil
		case c == ']' && r.state == wantValueOrEnd:
			return r.close()
		case c == '"':
			text, err = r.str()
			r.after()
			return String, text, err
		}
		return r.plain(c)
	}
}

// Reset makes r read from in, as if it were new.
func (r *Reader) Reset(in io.Reader) {
	*r = Reader{in: in, buf: r.buf, stack: r.stack[:0]}
}

// peek is the next byte that is no white space.
func (r *Reader) peek() (byte, error) {
	if !r.begun {
		for r.n < 3 && r.fill() {
		}
		if bytes.HasPrefix(r.buf[:r.n], []byte("\ufeff")) {
			r.at = 3
		}
		r.begun = true
	}
	for {
		for ; r.at < r.n; r.at++ {
			switch c := r.buf[r.at]; c {
			case ' ', '\t', '\r', '\n':
			default:
				return c, nil
			}
		}
		if !r.fill() {
			if r.err == io.EOF && (len(r.stack) > 0 || r.state != wantValue) {
				return 0, io.ErrUnexpectedEOF
			}
			return 0, r.err
		}
	}
}

// after says what follows a value.
func (r *Reader) after() {
	if r.state = wantComma; len(r.stack) == 0 {
		r.state = wantValue
	}
}

func (r *Reader) close() (Kind, []byte, error) {
	r.at++
	r.stack = r.stack[:len(r.stack)-1]
	r.after()
	return End, nil, nil
}

func (r *Reader) syntax(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrSyntax, what, r.base+int64(r.at)+1)
}

// more makes sure that the byte i behind r.at is there.
func (r *Reader) more(i int) error {
	for r.at+i >= r.n {
		if i > MaxText {
			return ErrTooLong
		}
		if !r.fill() {
			if r.err == io.EOF {
				return io.ErrUnexpectedEOF
			}
			return r.err
		}
	}
	return nil
}

// str reads the string that begins at r.at with its quote.
func (r *Reader) str() ([]byte, error) {
	escaped := false
	for i := 1; ; i++ {
		if r.at+i >= r.n || i > MaxText {
			if err := r.more(i); err != nil {
				return nil, err
			}
			if i > MaxText {
				return nil, ErrTooLong
			}
		}
		switch c := r.buf[r.at+i]; {
		case c == '"':
			text := r.buf[r.at+1 : r.at+i]
			if escaped {
				var s string
				if json.Unmarshal(r.buf[r.at:r.at+i+1], &s) != nil {
					return nil, r.syntax("bad escape")
				}
				text = append(make([]byte, 0, len(s)+Pad), s...)
			}
			r.at += i + 1
			return text, nil
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			return nil, r.syntax("control character in a string")
		}
	}
}

// plain reads a number or a literal.
func (r *Reader) plain(first byte) (Kind, []byte, error) {
	i := 0
	for ; ; i++ {
		if err := r.more(i); err != nil {
			if err == io.ErrUnexpectedEOF && len(r.stack) == 0 {
				break // a document of one number
			}
			return None, nil, err
		}
		c := r.buf[r.at+i]
		if c-'0' > 9 && c|0x20-'a' > 25 && c != '-' && c != '+' && c != '.' {
			break
		}
	}
	if i > MaxText {
		return None, nil, ErrTooLong
	}
	text := r.buf[r.at : r.at+i]
	kind := Literal
	switch string(text) {
	case "true", "false", "null":
	default:
		if kind = Number; first != '-' && first-'0' > 9 || !json.Valid(text) {
			return None, nil, r.syntax("no value")
		}
	}
	r.at += i
	r.after()
	return kind, text, nil
}
