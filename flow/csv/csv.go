// Package csv reads delimited text: the nine-column flow CSV, which needs no
// header, and any table whose header names a time and two addresses.
package csv

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

//go:embed README.md
var doc string

// Format describes delimited text.
func Format() *flow.Format {
	return &flow.Format{
		Name:  "csv",
		Title: "CSV or TSV: nine columns without a header, or any header that names time and addresses",
		Doc:   doc,
		Ext:   []string{".csv", ".tsv"},
		Fields: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
			flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasFlags |
			flow.HasICMP | flow.HasService | flow.HasLabel | flow.HasUID,
		Mapped: true,
		Match:  match,
		Open:   open,
		Create: create,
	}
}

// nineColumns are the columns of the layout that needs no header.
var nineColumns = []string{"ts", "protocol", "state", "src_ip", "src_port", "dst_ip", "dst_port", "src_bytes", "dst_bytes"}

// deltas is how the rows of these columns relate to connections: each has what
// was sent since the row before. Whoever wants rows as they are gets them.
var deltas = flow.Stitching{Pieces: true, Gap: 65 * flow.Second}

// A layout is what the head of an input tells of its columns.
type layout struct {
	sep     byte
	header  []byte // the header line without its end; nil for nine columns
	mapping *columns.Mapping
	nine    bool // the nine columns in their order, separated by commas
	unit    parse.Unit
}

// headLines is how many lines of the head are looked at.
const headLines = 200

func match(head []byte) (int, string) {
	if bytes.IndexByte(head, 0) >= 0 {
		return 0, "binary data"
	}
	if first := bytes.TrimLeft(head, "\ufeff\t "); bytes.HasPrefix(first, []byte("#separator")) || bytes.HasPrefix(first, []byte("#fields")) {
		return 0, "a log of Zeek"
	}
	l, err := detect(head, nil)
	switch {
	case err != nil:
		return 0, err.Error()
	case l.header == nil:
		return 70, ""
	}
	if at := bytes.Index(head, l.header); at >= 0 && bytes.IndexByte(head[at:], '\n') < 0 {
		return 0, "the line that names the columns may be cut short, and no row follows"
	}
	return 60, ""
}

// detect finds the layout of the text that starts with head.
func detect(head []byte, overrides map[string]string) (*layout, error) {
	first := firstLines(head)
	if len(first) == 0 {
		return nil, errors.New("no line of text")
	}
	var near *columns.Mapping // the header that came closest
	for i, line := range first {
		if i >= 20 {
			break
		}
		for _, sep := range []byte{',', '\t', ';', '|'} {
			names := splitHeader(line, sep)
			if len(names) < 3 {
				continue
			}
			m, err := columns.Map(names, nil)
			if err != nil {
				return nil, err
			}
			named := len(m.Missing()) == 0
			if len(overrides) > 0 && i == 0 && (named || !looksLikeFlow(splitHeader(line, sep))) {
				if m, err = columns.Map(names, overrides); err != nil {
					return nil, err
				}
			}
			if len(m.Missing()) == 0 && !looksLikeFlow(names) {
				l := &layout{sep: sep, header: line, mapping: m}
				l.nine = sep == ',' && sameOrder(m)
				l.unit = m.StartUnit(startTimes(first[i+1:], sep, m))
				return l, nil
			}
			if near == nil || len(m.Missing()) < len(near.Missing()) {
				near = m
			}
		}
	}
	for _, line := range first {
		if names := splitHeader(line, ','); len(names) >= len(nineColumns) && looksLikeFlow(names) {
			base := nineColumns
			for i := len(base); i < len(names); i++ {
				base = append(base[:i:i], fmt.Sprintf("column%d", i+1))
			}
			m, err := columns.Map(base, overrides)
			if err != nil {
				return nil, err
			}
			l := &layout{sep: ',', mapping: m, nine: len(overrides) == 0}
			l.unit = m.StartUnit(startTimes(first, ',', m))
			return l, nil
		}
	}
	if near != nil && len(near.Missing()) < 3 {
		return nil, fmt.Errorf("the header has no column for %s (columns: %s); --map %s=COLUMN names one",
			strings.Join(near.Missing(), ", "), clip(strings.Join(near.Columns, ", "), 200), near.Missing()[0])
	}
	return nil, errors.New("no header that names time and addresses, and no row of nine columns (ts,protocol,state,src_ip,src_port,dst_ip,dst_port,src_bytes,dst_bytes)")
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

// sameOrder reports whether the columns begin with the nine, in their order.
func sameOrder(m *columns.Mapping) bool {
	order := []columns.Field{columns.Start, columns.Proto, columns.State, columns.SrcIP, columns.SrcPort,
		columns.DstIP, columns.DstPort, columns.SrcBytes, columns.DstBytes}
	for i, f := range order {
		if m.Column(f) != i {
			return false
		}
	}
	return m.Fields() == nineFields && m.Column(columns.RawState) < 0 && m.Column(columns.OrientBy) < 0
}

const nineFields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasState | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes

// firstLines cuts head into lines, without their ends; a line that head cuts
// short is left out unless it is the only one.
func firstLines(head []byte) [][]byte {
	var out [][]byte
	for len(head) > 0 && len(out) < headLines {
		line, rest, found := bytes.Cut(head, []byte("\n"))
		if !found && len(out) > 0 && len(line) > 0 && cap(head) == 0 {
			break
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(out) == 0 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if len(bytes.TrimSpace(line)) > 0 {
			out = append(out, line)
		}
		head = rest
	}
	return out
}

func splitHeader(line []byte, sep byte) []string {
	if len(line) > 64<<10 {
		return nil
	}
	var names []string
	var s table.Splitter
	s.Reset(line, sep)
	for s.Next() {
		names = append(names, strings.TrimSpace(string(s.Field)))
		if len(names) > 2000 {
			return nil
		}
	}
	return names
}

// looksLikeFlow reports whether the fields are a row of the nine columns.
func looksLikeFlow(f []string) bool {
	if len(f) < len(nineColumns) {
		return false
	}
	var c parse.Clock // an epoch time may be out of range in seconds
	if _, err := c.Parse([]byte(f[0])); err != nil && err != parse.ErrTimeRange {
		return false
	}
	_, err1 := flow.ParseAddr([]byte(f[3]))
	_, err2 := flow.ParseAddr([]byte(f[5]))
	return err1 == nil && err2 == nil
}

// startTimes are the values of the time column in the first rows.
func startTimes(rows [][]byte, sep byte, m *columns.Mapping) (values []string) {
	for _, line := range rows {
		f := splitHeader(line, sep)
		if i := m.Column(columns.Start); i < len(f) {
			values = append(values, f[i])
		}
	}
	return values
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	l, err := detect(head, src.Options.Map)
	if err != nil {
		return nil, err
	}
	if src.Fields = l.mapping.Fields(); !l.nine {
		src.Fields = l.mapping.Carried()
	}
	src.Mapping = append([]string{l.describe()}, l.mapping.Explain()...)
	if l.header == nil || l.nine {
		src.Stitch = deltas
	}
	naive := src.Options.Location
	negative := new(atomic.Uint64)
	r, err := lines.Open(src, func(in *flow.Interner) lines.Decoder {
		g := newGeneral(l, in, naive)
		g.fill.Negative = negative
		if l.nine {
			return &nine{general: g, clock: g.fill.Clock}
		}
		return g
	})
	if err != nil {
		return nil, err
	}
	return r.OnEnd(func() { columns.NoteNegative(src, negative.Load()) }), nil
}

func (l *layout) describe() string {
	sep := map[byte]string{',': "comma", '\t': "tab", ';': "semicolon", '|': "bar"}[l.sep]
	how := "header"
	if l.header == nil {
		how = "no header, nine columns"
	}
	return fmt.Sprintf("csv: %s-separated, %s; a time that is a number counts %s since 1970", sep, how, l.unit)
}
