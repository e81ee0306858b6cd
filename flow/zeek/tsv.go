package zeek

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"seine/flow"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

func matchTSV(head []byte) (int, string) {
	names, _ := spellings(nil)
	if _, err := firstConn(head, &names); err != nil {
		return 0, err.Error()
	}
	return 95, ""
}

// firstConn finds the first header of a connection log in head.
func firstConn(head []byte, names *[fieldCount][]string) (*header, error) {
	if bytes.IndexByte(head, 0) >= 0 {
		return nil, errors.New("binary data")
	}
	if i := bytes.LastIndexByte(head, '\n'); i > 0 && len(head) == flow.HeadSize {
		head = head[:i+1]
	}
	var found *header
	why := errors.New("no #fields line")
	follow(newHeader(names), head, func(h *header) bool {
		switch {
		case h.fields == nil:
		case !h.isConn():
			why = fmt.Errorf("a Zeek log of %q, not of connections", h.path)
		case h.err != nil:
			why = h.err
		default:
			found = h
			return false
		}
		return true
	})
	if found == nil {
		return nil, why
	}
	return found, nil
}

// mapped puts the names of columns for the numbers that --map may give.
func mapped(head []byte, overrides map[string]string) (map[string]string, error) {
	if len(overrides) == 0 {
		return nil, nil
	}
	var columns []string
	names, _ := spellings(nil)
	follow(newHeader(&names), head, func(h *header) bool {
		columns = h.fields
		return columns == nil
	})
	out := map[string]string{}
	for key, column := range overrides {
		if n, err := strconv.Atoi(column); err == nil && n >= 1 && n <= len(columns) && !slices.Contains(columns, column) {
			column = columns[n-1]
		}
		if !slices.Contains(columns, column) {
			return nil, fmt.Errorf("--map %s=%s: no such column (columns: %s)", key, column, clip([]byte(strings.Join(columns, ", "))))
		}
		out[key] = column
	}
	return out, nil
}

func openTSV(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	overrides, err := mapped(head, src.Options.Map)
	if err != nil {
		return nil, err
	}
	names, err := spellings(overrides)
	if err != nil {
		return nil, err
	}
	first, err := firstConn(head, &names)
	if err != nil {
		return nil, err
	}
	if isOpen(filepath.Base(src.Name)) || opens(head, &names) {
		src.Stitch = whileOpen
	}
	found := first.found()
	src.Fields = carried(found)
	src.Mapping = append([]string{fmt.Sprintf("zeek: #path %s, %d columns, separator %q", first.path, len(first.fields), first.sep)},
		explain(found, first.fields)...)
	seen := new(tally)
	header := newHeader(&names)
	scout := func(text []byte) any {
		before := header
		header = follow(header, text, nil)
		return before
	}
	zone := src.Options.Location
	in, err := lines.OpenScouted(src, scout, func(in *flow.Interner) lines.Beginner {
		return &rows{maker: maker{intern: in, seen: seen, clock: parse.Clock{Zone: zone, Unit: parse.Seconds}}}
	})
	if err != nil {
		return nil, err
	}
	return in.OnEnd(func() { seen.note(src) }), nil
}

// rows decodes the rows of a text log.
type rows struct {
	maker
	header *header
	isConn bool
	unset  byte    // the first of the text that stands for no value
	empty  byte    // the first of the one that stands for an empty one
	field  []field // of each column; fieldCount for one that is not used
	values values
	marks  []uint64 // where the separators of a line stand
	from   []int32  // cells of an odd line
	to     []int32
	plain  []byte
}

// Begin implements lines.Beginner.
func (d *rows) Begin(state any) { d.under(state.(*header)) }

// under prepares for the rows under a header.
func (d *rows) under(h *header) {
	if h == d.header {
		return
	}
	d.header, d.isConn = h, h.isConn()
	clear(d.values[:])
	if h.err != nil {
		return
	}
	d.unset, d.empty = firstByte(h.unset), firstByte(h.empty)
	d.field = d.field[:0]
	for range h.fields {
		d.field = append(d.field, fieldCount)
	}
	for f, i := range h.column {
		if i >= 0 {
			d.field[i] = field(f)
		}
	}
	if n := len(h.fields); len(d.from) < n {
		d.from, d.to = make([]int32, n), make([]int32, n)
	}
}

func firstByte(s string) byte {
	if s == "" {
		return 0
	}
	return s[0]
}

// Decode implements lines.Decoder.
func (d *rows) Decode(line []byte, r *flow.Record) error {
	if c := line[0]; c-'0' > 9 {
		if h := headerLine(line); h != nil {
			d.under(d.header.apply(h))
			return lines.ErrSkip
		}
	}
	if !d.isConn {
		d.seen.others.Add(1)
		return lines.ErrSkip
	}
	if d.header.err != nil {
		return d.header.err
	}
	if !d.fill(line) {
		if err := d.fillOdd(line); err != nil {
			return err
		}
	}
	if bytes.IndexByte(line, '\\') >= 0 {
		d.unescape()
	}
	return d.record(&d.values, r)
}

// isUnset reports whether a cell stands for no value.
func (d *rows) isUnset(cell []byte) bool {
	return len(cell) == 0 || string(cell) == d.header.unset || string(cell) == d.header.empty
}

// set stores a cell.
func (d *rows) set(f field, cell []byte) {
	if d.isUnset(cell) {
		cell = nil
	}
	d.values[f] = cell
}

// fill takes the values out of a line with one byte between the cells and as
// many cells as the header has. It reports false for another.
func (d *rows) fill(line []byte) bool {
	if len(d.header.sep) > 1 {
		return false
	}
	words := (len(line) + 63) / 64
	if len(d.marks) < words {
		d.marks = make([]uint64, 2*words)
	}
	parse.Marks(line, d.header.sep[0], d.marks)
	fields, v := d.field, &d.values
	unset, empty := d.unset, d.empty
	column, last, start := 0, len(fields)-1, 0
	for w, marks := range d.marks[:words] {
		for ; marks != 0; marks &= marks - 1 {
			if column >= last {
				return false
			}
			end := w*64 + bits.TrailingZeros64(marks)
			cell := line[start:end]
			if len(cell) == 0 || (cell[0] == unset || cell[0] == empty) && d.isUnset(cell) {
				cell = nil
			}
			v[fields[column]&31] = cell
			column, start = column+1, end+1
		}
	}
	if column != last {
		return false
	}
	d.set(fields[last], line[start:])
	return true
}

// fillOdd is fill for any line.
func (d *rows) fillOdd(line []byte) error {
	n, want := d.cut(line, d.header.sep), len(d.field)
	if n < want {
		n = d.unglue(line, n)
	}
	if n != want {
		return fmt.Errorf("%d columns, the header has %d", n, want)
	}
	for i := range want {
		d.set(d.field[i], line[d.from[i]:d.to[i]])
	}
	return nil
}

// cut finds the cells of a line and tells how many there are. It notes no more
// than the header has.
func (d *rows) cut(line, sep []byte) int {
	for n, at := 0, 0; ; n++ {
		i := bytes.Index(line[at:], sep)
		if i < 0 {
			i = len(line) - at
		}
		if n < len(d.header.fields) {
			d.from[n], d.to[n] = int32(at), int32(at+i)
		}
		if at += i + len(sep); at > len(line) {
			return n + 1
		}
	}
}

// unglue cuts the last of n cells at runs of blanks, which stand for tabs in
// the labels of some logs.
func (d *rows) unglue(line []byte, n int) int {
	room := len(d.header.fields)
	at, end := d.from[n-1], d.to[n-1]
	for {
		i := bytes.Index(line[at:end], []byte("  "))
		if i < 0 || n == room {
			return n
		}
		d.to[n-1] = at + int32(i)
		for at += int32(i); at < end && line[at] == ' '; at++ {
		}
		d.from[n], d.to[n] = at, end
		n++
	}
}

// unescape puts the bytes that \xNN stands for into the values.
func (d *rows) unescape() {
	d.plain = d.plain[:0]
	for f, v := range d.values[:fieldCount] {
		if bytes.IndexByte(v, '\\') < 0 {
			continue
		}
		first := len(d.plain)
		d.plain = unescape(d.plain, v)
		last := len(d.plain)
		var pad [lines.Pad]byte
		d.plain = append(d.plain, pad[:]...)
		d.values[f] = d.plain[first:last]
	}
}
