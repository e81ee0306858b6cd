package parquet

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"seine/flow"
	"seine/flow/internal/canonical"
)

const (
	// groupRows is how many rows a row group has: few enough to be held in
	// memory, enough for dictionaries to pay.
	groupRows = 1 << 18
	// writeRows is how many values are handed to the library at a time.
	writeRows = 4096
)

// dictionaryBytes is how large a dictionary may grow before a column is
// written plainly: room for the addresses of a group.
const dictionaryBytes = 4 << 20

// A writer collects records and writes them as row groups, each sorted by
// start.
type writer struct {
	buf     *bufio.Writer // keeps a write error until Flush: the library loses some
	file    *file.Writer
	names   flow.Names
	columns []canonical.Column
	err     error
	closed  bool

	most  int // rows of a group
	rows  []flow.Record
	order []sorted

	levels []int16
	text   []byte // of a column; the library keeps slices of it until the column is done
	small  []int32
	large  []int64
	real   []float64
	arrays []parquet.ByteArray
}

// sorted is a row of the group by its start.
type sorted struct {
	start flow.Time
	row   int32
}

func create(w io.Writer, names flow.Names) (flow.Writer, error) {
	return newWriter(w, names, groupRows)
}

func newWriter(w io.Writer, names flow.Names, most int) (*writer, error) {
	p := &writer{
		most: most,
		buf:  bufio.NewWriterSize(w, 1<<16), names: names, columns: canonical.Columns(),
		levels: make([]int16, 0, writeRows), small: make([]int32, 0, writeRows), large: make([]int64, 0, writeRows),
		real: make([]float64, 0, writeRows), arrays: make([]parquet.ByteArray, 0, writeRows),
	}
	properties := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithDictionaryDefault(true),
		parquet.WithDictionaryPageSizeLimit(dictionaryBytes),
		parquet.WithStats(true),
		parquet.WithCreatedBy("seine"),
	}
	var nodes schema.FieldList
	for i := range p.columns {
		c := &p.columns[i]
		n, err := node(c)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		if !repeats(c) {
			properties = append(properties, parquet.WithDictionaryFor(c.Name, false))
		}
	}
	root, err := schema.NewGroupNode("flows", parquet.Repetitions.Required, nodes, -1)
	if err != nil {
		return nil, err
	}
	p.file = file.NewParquetWriter(p.buf, root, file.WithWriterProps(parquet.NewWriterProperties(properties...)))
	return p, nil
}

// node is the column of the schema. Every value may be absent.
func node(c *canonical.Column) (schema.Node, error) {
	var logical schema.LogicalType = schema.NoLogicalType{}
	physical := parquet.Types.Int64
	switch c.Kind {
	case canonical.Time:
		logical = schema.NewTimestampLogicalType(true, schema.TimeUnitNanos)
	case canonical.Span:
		physical = parquet.Types.Double
	case canonical.Number:
		logical = schema.NewIntLogicalType(int8(c.Bits), false)
		if c.Bits < 64 {
			physical = parquet.Types.Int32
		}
	default:
		logical, physical = schema.StringLogicalType{}, parquet.Types.ByteArray
	}
	return schema.NewPrimitiveNodeLogical(c.Name, parquet.Repetitions.Optional, logical, physical, -1, -1)
}

// repeats reports whether the values of a column occur often enough for a
// dictionary.
func repeats(c *canonical.Column) bool {
	switch c.Name {
	case "uid", "row", "src_bytes", "dst_bytes":
		return false
	}
	return c.Kind != canonical.Time && c.Kind != canonical.Span
}

// Write implements flow.Writer.
func (p *writer) Write(rs []flow.Record) error {
	for len(rs) > 0 && p.err == nil {
		n := min(len(rs), p.most-len(p.rows))
		p.rows = append(p.rows, rs[:n]...)
		rs = rs[n:]
		if len(p.rows) == p.most {
			p.err = p.flush()
		}
	}
	return p.err
}

// Close implements flow.Writer.
func (p *writer) Close() error {
	if p.closed || p.err != nil {
		return p.err
	}
	p.closed = true
	p.err = p.flush()
	// Close of the library forgets an error in the footer.
	for _, step := range []func() error{p.file.FlushWithFooter, p.file.Close, p.buf.Flush} {
		if err := step(); p.err == nil {
			p.err = err
		}
	}
	p.rows, p.order = nil, nil
	return p.err
}

// flush writes the rows in hand as a row group.
func (p *writer) flush() error {
	if len(p.rows) == 0 {
		return nil
	}
	p.sort()
	group := p.file.AppendRowGroup()
	for i := range p.columns {
		w, err := group.NextColumn()
		if err == nil {
			err = p.column(&p.columns[i], w)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", p.columns[i].Name, err)
		}
	}
	p.rows = p.rows[:0]
	if err := group.Close(); err != nil {
		return err
	}
	return p.buf.Flush()
}

// sort puts the rows of the group in the order of their starts, those that
// start together in the order of writing.
func (p *writer) sort() {
	p.order = p.order[:0]
	for i := range p.rows {
		p.order = append(p.order, sorted{p.rows[i].Start, int32(i)})
	}
	slices.SortFunc(p.order, func(a, b sorted) int {
		if a.start != b.start {
			return cmp.Compare(a.start, b.start)
		}
		return int(a.row) - int(b.row)
	})
}

// column writes one column of the group.
func (p *writer) column(c *canonical.Column, w file.ColumnChunkWriter) error {
	p.text = p.text[:0]
	for run := range slices.Chunk(p.order, writeRows) {
		p.levels = p.levels[:0]
		var err error
		switch w := w.(type) {
		case *file.Int32ColumnChunkWriter:
			p.small = p.small[:0]
			p.each(c, run, func(r *flow.Record) bool { p.small = append(p.small, int32(c.Int(r))); return true })
			_, err = w.WriteBatch(p.small, p.levels, nil)
		case *file.Int64ColumnChunkWriter:
			p.large = p.large[:0]
			p.each(c, run, func(r *flow.Record) bool { p.large = append(p.large, c.Int(r)); return true })
			_, err = w.WriteBatch(p.large, p.levels, nil)
		case *file.Float64ColumnChunkWriter:
			p.real = p.real[:0]
			p.each(c, run, func(r *flow.Record) bool {
				p.real = append(p.real, float64(c.Int(r))/float64(flow.Second))
				return true
			})
			_, err = w.WriteBatch(p.real, p.levels, nil)
		case *file.ByteArrayColumnChunkWriter:
			p.arrays = p.arrays[:0]
			p.each(c, run, func(r *flow.Record) bool { return p.word(c, r) })
			_, err = w.WriteBatch(p.arrays, p.levels, nil)
		default:
			err = fmt.Errorf("no way to write %T", w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// each has add take the value of every row of the run that has one, and notes
// which do.
func (p *writer) each(c *canonical.Column, run []sorted, add func(r *flow.Record) bool) {
	for _, at := range run {
		r, level := &p.rows[at.row], int16(0)
		if c.In(r) && add(r) {
			level = 1
		}
		p.levels = append(p.levels, level)
	}
}

// word adds a text. Readers refuse a whole file for a text that is not UTF-8.
func (p *writer) word(c *canonical.Column, r *flow.Record) bool {
	from := len(p.text)
	p.text = c.AppendTo(p.text, r, p.names)
	if c.Has == 0 && len(p.text) == from {
		return false
	}
	if !utf8.Valid(p.text[from:]) {
		p.text = append(p.text[:from], bytes.ToValidUTF8(p.text[from:], []byte("\ufffd"))...)
	}
	to := len(p.text)
	p.arrays = append(p.arrays, p.text[from:to:to])
	return true
}
