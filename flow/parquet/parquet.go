// Package parquet reads Apache Parquet tables whose columns name a time and
// two addresses, and writes flows as such a table.
//
// The metadata and the rarer encodings are left to arrow; headers of pages,
// their compression, levels, plain values and dictionary indexes are decoded
// here. That way a page never claims more memory than the file can back, its
// buffers serve again, and a value that is stored once in a dictionary is
// converted once. Columns are decoded in steps of batchRows rows, all of them
// in turn, so that memory does not grow with the row group.
package parquet

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/metadata"

	"seine/flow"
	"seine/flow/internal/columns"
)

//go:embed README.md
var doc string

// Format describes Parquet tables.
func Format() *flow.Format {
	return &flow.Format{
		Name:  "parquet",
		Title: "Apache Parquet with columns that name a time and two addresses",
		Doc:   doc,
		Ext:   []string{".parquet", ".parq", ".pq"},
		Fields: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
			flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasFlags |
			flow.HasICMP | flow.HasService | flow.HasLabel | flow.HasUID,
		Mapped: true,
		Match:  match,
		Open:   open,
		Create: create,
	}
}

func match(head []byte) (int, string) {
	if bytes.HasPrefix(head, []byte(magic)) {
		return 100, ""
	}
	return 0, "does not start with PAR1"
}

// patience is how long decoding may stand still before the file counts as
// damaged: no page read, no column of a batch done.
const patience = 30 * time.Second

func open(src *flow.Source) (flow.Reader, error) {
	r, size, err := src.ReaderAt()
	if err != nil {
		return nil, err
	}
	return openAt(src, r, size, patience)
}

func openAt(src *flow.Source, r io.ReaderAt, size int64, patience time.Duration) (flow.Reader, error) {
	meta, err := readFooter(r, size)
	if err != nil {
		return nil, err
	}
	rows := int64(0)
	for i, g := range meta.RowGroups {
		if g.NumRows < 0 {
			return nil, fmt.Errorf("row group %d has %d rows: metadata is damaged", i+1, g.NumRows)
		}
		rows += g.NumRows
	}
	if rows != meta.NumRows {
		src.Note(fmt.Sprintf("The metadata counts %d rows, the row groups hold %d.", meta.NumRows, rows))
	}
	in := &input{r: r, size: size}
	t, err := findColumns(src, meta, in)
	if err != nil {
		return nil, err
	}
	return newReader(src, meta, in, t, patience), nil
}

// A boundColumn is a column of the file that fills a field of the records.
type boundColumn struct {
	filler
	leaf  int // index among the columns of the file
	field columns.Field
}

// tableColumns are the columns of a file that matter.
type tableColumns struct {
	bound   []*boundColumn
	exact   bool    // written by Seine, so that nothing is to be guessed or put right
	aws     *awsLog // if it is one
	outside []bool  // row groups that are not wanted, if any
}

// ownAlerts reports whether the columns are those of Seine's alerts, which
// have a time and two addresses as flows do.
func ownAlerts(names []string) bool {
	for _, name := range []string{"detector", "rule", "severity", "severity_level", "first_seen", "evidence"} {
		if !slices.Contains(names, name) {
			return false
		}
	}
	return true
}

// findColumns finds the columns that matter, and tells src about them. A
// column inside a list has no value of its own for a row, and is passed over.
func findColumns(src *flow.Source, meta *metadata.FileMetaData, in *input) (*tableColumns, error) {
	var names []string
	var leaves []int
	for i := range meta.Schema.NumColumns() {
		if leaf := meta.Schema.Column(i); leaf.MaxRepetitionLevel() == 0 {
			names, leaves = append(names, leaf.Path()), append(leaves, i)
		}
	}
	if len(src.Options.Map) == 0 && ownAlerts(names) {
		return nil, flow.OwnAlerts("parquet")
	}
	m, err := columns.Map(names, src.Options.Map)
	if err != nil {
		return nil, err
	}
	t := &tableColumns{aws: awsColumns(names, m, src.Options.Map)}
	if missing := m.Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("no column for %s (columns: %s); --map %s=COLUMN names one",
			strings.Join(missing, ", "), strings.Join(names, ", "), missing[0])
	}
	src.Mapping, src.Fields = m.Explain(), m.Carried()
	t.exact = m.Column(columns.OrientBy) >= 0
	if t.aws != nil {
		src.Fields = m.Fields()
		src.Stitch = t.aws.stitching(m)
		src.Mapping = t.aws.explain(src.Mapping)
	}
	for f := columns.Start; f.Valid(); f++ {
		at := m.Column(f)
		if at < 0 {
			continue
		}
		leaf := meta.Schema.Column(leaves[at])
		if leaf.PhysicalType() == parquet.Types.FixedLenByteArray && leaf.TypeLength() <= 0 {
			return nil, fmt.Errorf("column %q: values of %d bytes", leaf.Path(), leaf.TypeLength())
		}
		zone := src.Options.Location
		if _, naive := unitOf(leaf); naive && (f == columns.Start || f == columns.End) && zone == nil {
			src.Note(fmt.Sprintf("Times in %q carry no zone and were read as UTC; --tz names another.", leaf.Path()))
		}
		if t.aws != nil && (f == columns.SrcIP || f == columns.DstIP) {
			t.bound = append(t.bound, t.aws.address(f, leaf, in, leaves[at]))
		} else if filler := newFiller(f, leaf, in, m.Unit[f], zone, t.exact); filler != nil {
			t.bound = append(t.bound, &boundColumn{filler, leaves[at], f})
		}
	}
	if t.aws != nil {
		t.bound = append(t.bound, t.aws.columns(meta, in, leaves)...)
	}
	t.outside = outside(src, meta, t.bound, m.Unit[columns.Start])
	return t, nil
}
