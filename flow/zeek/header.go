package zeek

import (
	"bytes"
	"fmt"
	"strings"
)

// A header is what the lines that begin with # have said so far. It is never
// changed once made: scout and decoders share it.
type header struct {
	names  *[fieldCount][]string
	sep    []byte
	empty  string
	unset  string
	path   string
	fields []string // nil before the first #fields line

	column [fieldCount]int // -1 for a field that is not there
	err    error           // why no row can be read under this header
}

// maxColumns is how many columns a header may name.
const maxColumns = 1000

// newHeader is the header in force at the start of an input.
func newHeader(names *[fieldCount][]string) *header {
	return &header{names: names, sep: []byte{'\t'}, empty: "(empty)", unset: "-", err: errNoFields}
}

var errNoFields = fmt.Errorf("no #fields line before this row")

// apply is the header in force behind a line that begins with #.
func (h *header) apply(line []byte) *header {
	if rest, ok := bytes.CutPrefix(line, []byte("#separator")); ok {
		n := newHeader(h.names)
		sep := unescape(nil, bytes.TrimLeft(rest, " \t"))
		if len(sep) == 0 || len(sep) > 16 || sep[0] == '\n' {
			n.err = fmt.Errorf("#separator %q cannot be used", clip(rest))
			return n
		}
		n.sep = sep
		return n
	}
	name, value, ok := bytes.Cut(line, h.sep)
	if !ok {
		if name, value, ok = bytes.Cut(line, []byte(" ")); !ok {
			return h
		}
	}
	n := *h
	switch string(name) {
	case "#empty_field":
		n.empty = string(value)
	case "#unset_field":
		n.unset = string(value)
	case "#path":
		n.path = string(value)
	case "#fields":
		n.setFields(value)
	default:
		return h
	}
	return &n
}

// setFields finds the fields among the columns named.
func (h *header) setFields(value []byte) {
	h.fields = nil
	for i := range h.column {
		h.column[i] = -1
	}
	for _, cell := range bytes.Split(value, h.sep) {
		h.fields = append(h.fields, glued(string(cell))...)
	}
	if len(h.fields) > maxColumns {
		h.err = fmt.Errorf("the header names %d columns, more than %d", len(h.fields), maxColumns)
		return
	}
	for f := range fieldCount {
		for _, want := range h.names[f] {
			for i, name := range h.fields {
				if name == want && h.column[f] < 0 {
					h.column[f] = i
				}
			}
		}
	}
	h.err = nil
	var missing []string
	for _, f := range needed {
		if h.column[f] < 0 {
			missing = append(missing, strings.Join(h.names[f][:min(1, len(h.names[f]))], ""))
		}
	}
	if missing != nil {
		h.err = fmt.Errorf("the header has no column %s", strings.Join(missing, ", "))
	}
}

// glued cuts the names that some labelled logs glue to the last column, with
// runs of blanks for tabs.
func glued(name string) []string {
	if !strings.Contains(name, "  ") {
		return []string{name}
	}
	var names []string
	for _, n := range strings.Split(name, "  ") {
		if n = strings.Trim(n, " "); n != "" {
			names = append(names, n)
		}
	}
	return names
}

// isConn reports whether the rows under h are connections, or would be if they
// could be read.
func (h *header) isConn() bool {
	if h.path == "" {
		return h.err != nil || h.column[connState] >= 0 || h.column[srcPkts] >= 0 || h.column[history] >= 0
	}
	return isConn(h.path)
}

// found names the columns that carry the fields.
func (h *header) found() (names [fieldCount]string) {
	for f, i := range h.column {
		if i >= 0 {
			names[f] = h.fields[i]
		}
	}
	return names
}

// headerLine drops what may stand before the # of a header line: a byte order
// mark, tabs and blanks. It is nil for another line.
func headerLine(line []byte) []byte {
	for len(line) > 0 {
		switch line[0] {
		case '#':
			return line
		case ' ', '\t', 0xef, 0xbb, 0xbf:
			line = line[1:]
		default:
			return nil
		}
	}
	return nil
}

// follow applies all header lines of text, which holds whole lines, to h.
// each, if given, sees every header on the way and may stop.
func follow(h *header, text []byte, each func(*header) bool) *header {
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '#')
		if i < 0 {
			return h
		}
		i += at
		end := bytes.IndexByte(text[i:], '\n')
		if end < 0 {
			end = len(text) - i
		}
		end += i
		first := bytes.LastIndexByte(text[at:i], '\n') + 1 + at
		if line := headerLine(bytes.TrimSuffix(text[first:end], []byte("\r"))); line != nil {
			if h = h.apply(line); each != nil && !each(h) {
				return h
			}
		}
		if at = end; at >= len(text) {
			return h
		}
	}
}

// opens reports whether one of the headers in head is that of a log of
// connections that still last.
func opens(head []byte, names *[fieldCount][]string) (open bool) {
	follow(newHeader(names), head, func(h *header) bool {
		open = open || isOpen(h.path)
		return !open
	})
	return open
}

// unescape appends b to to, with \xNN for the byte it stands for.
func unescape(to, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+3 < len(b) && b[i+1] == 'x' {
			if hi, lo := digit(b[i+2]), digit(b[i+3]); hi|lo < 16 {
				to = append(to, hi<<4|lo)
				i += 3
				continue
			}
		}
		to = append(to, b[i])
	}
	return to
}

func digit(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0xff
}
