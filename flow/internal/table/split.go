package table

import "bytes"

// A Splitter cuts a line into fields. A field in double quotes may hold
// separators and doubled quotes.
type Splitter struct {
	rest  []byte
	sep   byte
	more  bool
	Field []byte // the current field, without its quotes
	buf   []byte
	Bad   bool // a quote was not closed
}

// Reset begins a line.
func (s *Splitter) Reset(line []byte, sep byte) {
	s.rest, s.sep, s.more, s.Bad = line, sep, true, false
}

// Next moves to the next field.
func (s *Splitter) Next() bool {
	if !s.more {
		return false
	}
	if len(s.rest) > 0 && s.rest[0] == '"' {
		return s.quoted()
	}
	i := bytes.IndexByte(s.rest, s.sep)
	if i < 0 {
		s.Field, s.rest, s.more = s.rest, nil, false
		return true
	}
	s.Field, s.rest = s.rest[:i], s.rest[i+1:]
	return true
}

func (s *Splitter) quoted() bool {
	s.buf = s.buf[:0]
	in := s.rest[1:]
	for {
		i := bytes.IndexByte(in, '"')
		if i < 0 {
			s.Bad, s.more = true, false
			s.Field, s.rest = in, nil
			return true
		}
		s.buf = append(s.buf, in[:i]...)
		in = in[i+1:]
		if len(in) > 0 && in[0] == '"' {
			s.buf = append(s.buf, '"')
			in = in[1:]
			continue
		}
		break
	}
	// What stands between the closing quote and the separator belongs to
	// the field too.
	i := bytes.IndexByte(in, s.sep)
	if i < 0 {
		s.buf = append(s.buf, in...)
		s.rest, s.more = nil, false
	} else {
		s.buf = append(s.buf, in[:i]...)
		s.rest = in[i+1:]
	}
	s.Field = s.buf
	return true
}
