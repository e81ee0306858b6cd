package table

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// A Row turns the cells of a line into a record. The record is empty but for
// its protocol, which is unknown. A Row is used by one goroutine at a time.
type Row interface {
	Fill(c *Cells, r *flow.Record) error
}

// Open reads the rows of src. newRow is called once for each decoder, and done
// when all has been read: the moment for notes that sum up. A duration below
// zero becomes 0, which is counted.
func Open(src *flow.Source, l *Layout, newRow func(in *flow.Interner) Row, done ...func()) (flow.Reader, error) {
	if len(src.Options.Map) > 0 {
		src.Note("--map is not used: the columns of this format are known; --input-format csv takes it")
	}
	negative := new(atomic.Uint64)
	r, err := lines.Open(src, func(in *flow.Interner) lines.Decoder {
		return &decoder{layout: l, cells: NewCells(len(l.Names)), row: newRow(in), negative: negative}
	})
	if err != nil {
		return nil, err
	}
	return r.OnEnd(func() {
		columns.NoteNegative(src, negative.Load())
		for _, f := range done {
			f()
		}
	}), nil
}

type decoder struct {
	layout *Layout
	cells  *Cells
	row    Row

	negative *atomic.Uint64 // durations, over all decoders
}

var (
	errQuote = errors.New("quote is not closed")
	errLong  = errors.New("more columns than the header names")
	bom      = []byte("\ufeff")
)

// Decode implements lines.Decoder.
func (d *decoder) Decode(line []byte, r *flow.Record) error {
	*r = flow.Record{Proto: flow.ProtoUnknown}
	err := d.decode(line, r)
	if r.Duration < 0 {
		r.Duration = 0
		if err == nil {
			d.negative.Add(1)
		}
	}
	return err
}

func (d *decoder) decode(line []byte, r *flow.Record) error {
	if len(line) > 2 && line[0] == bom[0] { // of a file, or of one concatenated
		line = bytes.TrimPrefix(line, bom)
	}
	n, ok := d.cells.Cut(line, d.layout.Sep)
	err := error(nil)
	switch {
	case !ok:
		err = errQuote
	case n == len(d.layout.Names) && len(d.cells.rest) == 0:
		err = d.row.Fill(d.cells, r)
	case n < len(d.layout.Names):
		err = d.short(line, n, r)
	case len(bytes.Trim(d.cells.rest, string([]byte{d.layout.Sep, ' '}))) > 0:
		err = errLong
	default: // separators behind the last column
		err = d.row.Fill(d.cells, r)
	}
	if err != nil && err != lines.ErrSkip && d.noRow(line) {
		return lines.ErrSkip
	}
	return err
}

// A Mender is a Row that knows which of its rows have fewer cells than the
// header names, or are no rows at all.
type Mender interface {
	// Mend is given a line with too few cells, and reports whether it has
	// completed them.
	Mend(line []byte, c *Cells) (ok bool, err error)
}

func (d *decoder) short(line []byte, n int, r *flow.Record) error {
	if m, is := d.row.(Mender); is {
		ok, err := m.Mend(line, d.cells)
		if err != nil {
			return err
		}
		if ok {
			return d.row.Fill(d.cells, r)
		}
	}
	return fmt.Errorf("%d columns, need %d", n, len(d.layout.Names))
}

// noRow reports whether a line is a header again, as in concatenated files, a
// comment, or blank.
func (d *decoder) noRow(line []byte) bool {
	line = parse.Trim(line)
	return len(line) == 0 || line[0] == '#' || d.layout.Is(line)
}
