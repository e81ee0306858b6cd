// Package jsonscan reads the members that a format asks for out of a JSON
// object, in one pass and without allocating. It checks the whole text as
// strictly as encoding/json, so that a damaged record is an error and never a
// record with other values.
//
//	var paths = jsonscan.Compile("timestamp", "src_ip", "flow/bytes_toserver")
//
//	s := paths.Scanner() // one for each goroutine
//	if err := s.Scan(line); err != nil { … }
//	if s.Kind(1) == jsonscan.String { ip := s.Text(1) … }
//
// Of a key that is repeated the last value counts, as with encoding/json.
package jsonscan

import "fmt"

// Pad is how many bytes behind its end a text should have room for, so that
// it need not be copied. The lines of flow/internal/lines have more.
const Pad = 32

// MaxDepth is how deep objects and arrays may be nested.
const MaxDepth = 200

// Kind is the kind of a value.
type Kind uint8

// The kinds of values; Absent is a member that is not there.
const (
	Absent Kind = iota
	Null
	False
	True
	Number
	String
	Object
	Array
)

// A Scanner holds the values found by its last Scan.
type Scanner struct {
	paths *Paths
	spans []span
	text  []byte // with Pad readable bytes behind the end
	end   int
	plain []byte // strings without their escapes
	spare []byte
	outer []byte // the key at the top whose value is read
	found int    // members that Else found
}

type span struct {
	from, to uint32
	kind     Kind
	escaped  bool
}

// An Error tells what is wrong with a text and behind how many bytes.
type Error struct {
	What string
	At   int
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("not JSON: %s at byte %d", e.What, e.At+1) }

// Scanner makes a scanner for the paths.
func (p *Paths) Scanner() *Scanner {
	return &Scanner{paths: p, spans: make([]span, p.slots)}
}

// Scan reads text, which must be one object with nothing but white space
// around it. What Kind and Text tell is valid until the next Scan, as long as
// text is not changed.
func (s *Scanner) Scan(text []byte) error {
	clear(s.spans)
	s.plain = s.plain[:0]
	s.found = 0
	s.end = len(text)
	if cap(text)-len(text) < Pad {
		s.spare = append(append(s.spare[:0], text...), make([]byte, Pad)...)
		text = s.spare
	}
	s.text = text[:s.end+Pad]
	i := s.blanks(0)
	if i >= s.end || s.text[i] != '{' {
		return &Error{"no object", i}
	}
	i, err := s.object(i, 0, 1)
	if err != nil {
		return err
	}
	if i = s.blanks(i); i != s.end {
		return &Error{"text behind the object", i}
	}
	return nil
}

// Kind is the kind of the value at path i.
func (s *Scanner) Kind(i int) Kind { return s.spans[i].kind }

// Text is the value at path i: a string without quotes and escapes, anything
// else as it is spelled, nil if absent. Pad bytes behind it are readable.
// Bytes that are no UTF-8 stay as they are.
func (s *Scanner) Text(i int) []byte {
	v := &s.spans[i]
	if v.escaped {
		return s.unescape(s.text[v.from:v.to])
	}
	if v.kind == Absent {
		return nil
	}
	return s.text[v.from:v.to]
}

// blanks skips white space.
func (s *Scanner) blanks(i int) int {
	for i < s.end {
		switch s.text[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// object reads the object that opens at i; node -1 asks for none of it. It
// returns the place behind.
func (s *Scanner) object(i int, nodeIndex int32, depth int) (int, error) {
	if depth > MaxDepth {
		return i, &Error{"nested too deep", i}
	}
	if i = s.blanks(i + 1); i < s.end && s.text[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= s.end || s.text[i] != '"' {
			return i, &Error{"no key", i}
		}
		from := i + 1
		to, escaped, err := s.str(from)
		if err != nil {
			return i, err
		}
		if i = to + 1; s.text[i] != ':' || i >= s.end {
			if i = s.blanks(i); i >= s.end || s.text[i] != ':' {
				return i, &Error{"no colon", i}
			}
		}
		if i++; s.text[i] <= ' ' {
			i = s.blanks(i)
		}
		var e *entry
		var other *span
		child := int32(-1)
		if nodeIndex >= 0 {
			key, length := s.text[from:], to-from
			if escaped {
				plain := s.unescape(s.text[from:to])
				key, length = plain[:len(plain)+8], len(plain)
			}
			e = s.paths.nodes[nodeIndex].find(key, length)
			if s.paths.find != nil && depth <= 2 {
				other, child = s.other(e == nil, key[:length], depth)
			}
		}
		if e == nil {
			i, err = s.value(i, other, child, depth)
		} else {
			v := &s.spans[e.slot]
			if e.child >= 0 {
				if child = e.child; v.kind != Absent {
					s.forget(child)
				}
			}
			i, err = s.value(i, v, child, depth)
		}
		if err != nil {
			return i, err
		}
		if s.text[i] <= ' ' {
			i = s.blanks(i)
		}
		switch {
		case i >= s.end:
			return i, &Error{"object is cut short", i}
		case s.text[i] == '}':
			return i + 1, nil
		case s.text[i] != ',':
			return i, &Error{"no comma", i}
		}
		if i++; s.text[i] <= ' ' {
			i = s.blanks(i)
		}
	}
}

// other asks Else for the place of a member that is on no path, and notes the
// key for the members of its value.
func (s *Scanner) other(unnamed bool, key []byte, depth int) (v *span, child int32) {
	child = -1
	var outer []byte
	if depth == 1 {
		s.outer, child = key, s.paths.bare
	} else {
		outer = s.outer
	}
	if unnamed {
		if i := s.paths.find(outer, key); i >= 0 {
			v = &s.spans[s.paths.more+i]
			s.found++
		}
	}
	return v, child
}

// Found is how many members Else has found.
func (s *Scanner) Found() int { return s.found }

// forget drops what a repeated object said the first time.
func (s *Scanner) forget(nodeIndex int32) {
	for i := range s.paths.nodes[nodeIndex].table {
		e := &s.paths.nodes[nodeIndex].table[i]
		if e.key == "" {
			continue
		}
		s.spans[e.slot] = span{}
		if e.child >= 0 {
			s.forget(e.child)
		}
	}
}

// array reads the array that opens at i.
func (s *Scanner) array(i, depth int) (int, error) {
	if depth > MaxDepth {
		return i, &Error{"nested too deep", i}
	}
	if i = s.blanks(i + 1); i < s.end && s.text[i] == ']' {
		return i + 1, nil
	}
	for {
		var err error
		if i, err = s.value(i, nil, -1, depth); err != nil {
			return i, err
		}
		i = s.blanks(i)
		switch {
		case i >= s.end:
			return i, &Error{"array is cut short", i}
		case s.text[i] == ']':
			return i + 1, nil
		case s.text[i] != ',':
			return i, &Error{"no comma", i}
		}
		i = s.blanks(i + 1)
	}
}

// value reads the value at i into v, unless that is nil.
func (s *Scanner) value(i int, v *span, child int32, depth int) (int, error) {
	if i >= s.end {
		return i, &Error{"no value", i}
	}
	from, to := i, i
	var kind Kind
	var escaped bool
	var err error
	switch c := s.text[i]; c {
	case '"':
		from = i + 1
		to, escaped, err = s.str(from)
		if err != nil {
			return i, err
		}
		kind, i = String, to+1
	case '{':
		kind = Object
		if i, err = s.object(i, child, depth+1); err != nil {
			return i, err
		}
		to = i
	case '[':
		kind = Array
		if i, err = s.array(i, depth+1); err != nil {
			return i, err
		}
		to = i
	case 't':
		kind = True
		if to, err = s.literal(i, "true"); err != nil {
			return i, err
		}
		i = to
	case 'f':
		kind = False
		if to, err = s.literal(i, "false"); err != nil {
			return i, err
		}
		i = to
	case 'n':
		kind = Null
		if to, err = s.literal(i, "null"); err != nil {
			return i, err
		}
		i = to
	default:
		kind = Number
		if to, err = s.number(i); err != nil {
			return i, err
		}
		i = to
	}
	if v != nil {
		*v = span{uint32(from), uint32(to), kind, escaped}
	}
	return i, nil
}
