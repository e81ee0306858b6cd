// Package table reads the text tables of known producers: delimited rows whose
// columns are known by name or by place.
//
// A format finds the [Layout] of its input in the head, says which column
// carries which field, and supplies a [Row] that turns the cells of one line
// into a record. What all such tables share is done here: headers that are
// repeated, comments, quotes, rows that are too short or too long.
package table

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// Limits of what is looked at in the head of an input.
const (
	headerLines = 20  // in which the header must be
	sampleLines = 400 // kept as Rows
	maxColumns  = 512
)

// Blanks is the separator of tables whose cells stand in columns of blanks.
const Blanks = ' '

// A Layout is what the head of an input tells of its columns.
type Layout struct {
	Sep    byte
	Header []byte   // the header line without its end; nil if there is none
	Names  []string // of the columns
	Rows   [][]byte // the first lines behind the header

	folded  []string
	mapping *columns.Mapping
}

// Lines cuts head into its first lines, without their ends, a byte order mark
// and empty ones. A line that head cuts short is left out.
func Lines(head []byte) [][]byte {
	var out [][]byte
	whole := len(head) < flow.HeadSize
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	for len(head) > 0 && len(out) < sampleLines {
		line, rest, found := bytes.Cut(head, []byte("\n"))
		if !found && !whole {
			break
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(bytes.TrimSpace(line)) > 0 {
			out = append(out, line)
		}
		head = rest
	}
	return out
}

// Find looks for a header that is accepted, separated by one of seps, among
// the first lines of head. Nil means that there is none.
func Find(head []byte, seps string, accept func(l *Layout) bool) *Layout {
	if bytes.IndexByte(head, 0) >= 0 {
		return nil
	}
	all := Lines(head)
	for i, line := range all {
		if i == headerLines {
			break
		}
		for _, sep := range []byte(seps) {
			if names := SplitAll(line, sep); len(names) > 1 {
				l := New(sep, names)
				l.Header, l.Rows = line, all[i+1:]
				if accept(l) {
					return l
				}
			}
		}
	}
	return nil
}

// New makes the layout of a table with the given columns.
func New(sep byte, names []string) *Layout {
	l := &Layout{Sep: sep, Names: names}
	for _, n := range names {
		l.folded = append(l.folded, columns.Fold(n))
	}
	l.mapping = &columns.Mapping{Columns: names}
	for f := range l.mapping.Of {
		l.mapping.Of[f] = -1
	}
	return l
}

// SplitAll cuts a line into its cells, trimmed; nil for one with too many.
func SplitAll(line []byte, sep byte) []string {
	if len(line) > flow.HeadSize {
		return nil
	}
	c := NewCells(maxColumns)
	padded := append(slices.Clone(line), make([]byte, lines.Pad)...)
	n, ok := c.Cut(padded[:len(line)], sep)
	if !ok || len(c.Rest()) > 0 {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = strings.TrimSpace(string(c.Get(i)))
	}
	return out
}

// Column is the first column with one of the names, the earlier name first,
// or -1. Case, blanks, quotes and _ - . # do not count.
func (l *Layout) Column(names ...string) int {
	for _, n := range names {
		if i := slices.Index(l.folded, columns.Fold(n)); i >= 0 {
			return i
		}
	}
	return -1
}

// Has reports whether all the names are columns.
func (l *Layout) Has(names ...string) bool {
	for _, n := range names {
		if l.Column(n) < 0 {
			return false
		}
	}
	return true
}

// Use finds the column of a field as Column does, and remembers it for Fields
// and Explain.
func (l *Layout) Use(f columns.Field, names ...string) int {
	i := l.Column(names...)
	l.mapping.Of[f] = i
	return i
}

// Fields is what the columns in use can carry.
func (l *Layout) Fields() flow.Fields { return l.mapping.Fields() }

// Explain describes the columns, for Source.Mapping, behind a first line that
// names the layout.
func (l *Layout) Explain(what string) []string {
	how := "header"
	if l.Header == nil {
		how = "no header"
	}
	sep := map[byte]string{',': "comma", '\t': "tab", ';': "semicolon", '|': "bar", Blanks: "blank"}[l.Sep]
	first := fmt.Sprintf("%s: %s-separated, %s, %d columns", what, sep, how, len(l.Names))
	return append([]string{first}, l.mapping.Explain()...)
}

// Sample gives the cells of the first rows to f, until it returns false. Rows
// with another number of cells are left out.
func (l *Layout) Sample(f func(cells []string) bool) {
	for _, line := range l.Rows {
		if cells := SplitAll(line, l.Sep); len(cells) == len(l.Names) && !f(cells) {
			return
		}
	}
}

// Is reports whether line is the header again.
func (l *Layout) Is(line []byte) bool {
	if l.Header == nil {
		return false
	}
	if bytes.Equal(parse.Trim(line), parse.Trim(l.Header)) {
		return true
	}
	names := SplitAll(line, l.Sep)
	if len(names) != len(l.folded) {
		return false
	}
	for i, n := range names {
		if columns.Fold(n) != l.folded[i] {
			return false
		}
	}
	return true
}
