package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"seine/analyzer"
	"seine/detectors"
)

// groupAlerts is how many alerts a row group has.
const groupAlerts = 1 << 14

func parquetFormat() *Format {
	var names []string
	for _, c := range alertColumns() {
		names = append(names, "`"+c.name+"`")
	}
	return &Format{
		Name:  "parquet",
		Title: "Parquet, a row for each alert, for DuckDB, pandas and Spark",
		Doc: "A row for each alert, in the order of the input, compressed with zstd. Columns: " + strings.Join(names, ", ") + ". " +
			"Times are timestamps of nanoseconds in UTC, counts unsigned integers; what an alert does not have is null. " +
			"`severity_level` is 0 for info to 4 for critical. `attack`, `facts`, `evidence` and `annotations` are JSON texts in the " +
			"layout of the other outputs (`" + alertLayout + "`). An empty run writes a file without rows.",
		Ext:    []string{".parquet"},
		Binary: true,
		New: func(w io.Writer, o Options) analyzer.Sink {
			return newAlertParquet(w, o, groupAlerts)
		},
	}
}

// An alertColumn is one column: exactly one of its functions is set.
type alertColumn struct {
	name  string
	time  bool // whole is a time
	bits  int8 // of an unsigned whole
	whole func(a *detectors.Alert) (int64, bool)
	real  func(a *detectors.Alert) (float64, bool)
	text  func(b []byte, a *detectors.Alert, e *encoder) []byte // nothing is null
	json  bool
}

func alertColumns() []alertColumn {
	text := func(name string, get func(a *detectors.Alert) string) alertColumn {
		return alertColumn{name: name, text: func(b []byte, a *detectors.Alert, _ *encoder) []byte { return append(b, get(a)...) }}
	}
	moment := func(name string, get func(a *detectors.Alert) (int64, bool)) alertColumn {
		return alertColumn{name: name, time: true, whole: get}
	}
	count := func(name string, bits int8, get func(a *detectors.Alert) (int64, bool)) alertColumn {
		return alertColumn{name: name, bits: bits, whole: get}
	}
	has := func(a *detectors.Alert, f detectors.SubjectFields) bool { return a.Subject.Has&f != 0 }
	part := func(f detectors.SubjectFields, get func(a *detectors.Alert) string) func(a *detectors.Alert) string {
		return func(a *detectors.Alert) string {
			if !has(a, f) {
				return ""
			}
			return get(a)
		}
	}
	return []alertColumn{
		{name: "id", text: func(b []byte, a *detectors.Alert, _ *encoder) []byte { return a.AppendID(b) }},
		moment("time", func(a *detectors.Alert) (int64, bool) { return int64(a.Time), true }),
		text("detector", func(a *detectors.Alert) string { return a.Detector.ID }),
		text("rule", func(a *detectors.Alert) string { return a.Rule.ID }),
		text("severity", func(a *detectors.Alert) string { return a.Severity.String() }),
		count("severity_level", 8, func(a *detectors.Alert) (int64, bool) { return int64(a.Severity), true }),
		{name: "confidence", real: func(a *detectors.Alert) (float64, bool) { c := confidence(a); return c, c > 0 }},
		text("status", func(a *detectors.Alert) string { return a.Status.String() }),
		text("summary", func(a *detectors.Alert) string { return a.Summary }),
		text("ip", part(detectors.SubjectIP, func(a *detectors.Alert) string { return a.Subject.IP.String() })),
		text("role", part(detectors.SubjectIP, func(a *detectors.Alert) string { return a.Subject.Role.String() })),
		text("src_ip", part(detectors.SubjectPair, func(a *detectors.Alert) string { return a.Subject.Src.String() })),
		text("dst_ip", part(detectors.SubjectPair, func(a *detectors.Alert) string { return a.Subject.Dst.String() })),
		count("dst_port", 16, func(a *detectors.Alert) (int64, bool) {
			return int64(a.Subject.DstPort), has(a, detectors.SubjectPort)
		}),
		text("protocol", part(detectors.SubjectProtocol, func(a *detectors.Alert) string { return a.Subject.Protocol.String() })),
		text("group", part(detectors.SubjectGroup, func(a *detectors.Alert) string { return a.Subject.Group })),
		count("count", 64, func(a *detectors.Alert) (int64, bool) { return int64(a.Count), true }),
		moment("first_seen", func(a *detectors.Alert) (int64, bool) { return int64(a.FirstSeen), true }),
		moment("last_seen", func(a *detectors.Alert) (int64, bool) { return int64(a.LastSeen), true }),
		moment("window", func(a *detectors.Alert) (int64, bool) { return int64(a.Window), a.HasWindow }),
		count("flows", 64, func(a *detectors.Alert) (int64, bool) { return int64(a.Flows), true }),
		{name: "attack", json: true, text: func(b []byte, a *detectors.Alert, _ *encoder) []byte { return appendTexts(b, a.Rule.ATTACK) }},
		{name: "facts", json: true, text: func(b []byte, a *detectors.Alert, _ *encoder) []byte {
			o := object{b: append(b, '{')}
			for i := range a.Facts {
				o.key(a.Facts[i].Key)
				o.b = a.Facts[i].AppendJSON(o.b, quote)
			}
			return append(o.b, '}')
		}},
		{name: "evidence", json: true, text: func(b []byte, a *detectors.Alert, e *encoder) []byte {
			b = append(b, '[')
			for i, r := range shownEvidence(a, e.evidence) {
				if i > 0 {
					b = append(b, ',')
				}
				b = e.record(b, &r)
			}
			return append(b, ']')
		}},
		{name: "annotations", json: true, text: func(b []byte, a *detectors.Alert, _ *encoder) []byte {
			if len(a.Annotations) == 0 {
				return b
			}
			list := appendAnnotations([]byte{'{'}, a.Annotations) // a member of an object
			return append(b, list[len(`{"annotations":`):]...)
		}},
	}
}

// An alertParquet gathers alerts and writes them as row groups.
type alertParquet struct {
	buf     *bufio.Writer
	file    *file.Writer
	enc     *encoder
	columns []alertColumn
	most    int
	alerts  []*detectors.Alert
	err     error
}

func newAlertParquet(w io.Writer, o Options, most int) *alertParquet {
	p := &alertParquet{buf: bufio.NewWriterSize(w, bufferSize), enc: newEncoder(o), columns: alertColumns(), most: most}
	properties := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithDictionaryDefault(true), parquet.WithStats(true),
		parquet.WithCreatedBy("seine"),
	}
	var nodes schema.FieldList
	for _, c := range p.columns {
		n, err := c.node()
		if err != nil {
			p.err = err
			return p
		}
		nodes = append(nodes, n)
	}
	root, err := schema.NewGroupNode("alerts", parquet.Repetitions.Required, nodes, -1)
	if err != nil {
		p.err = err
		return p
	}
	p.file = file.NewParquetWriter(p.buf, root, file.WithWriterProps(parquet.NewWriterProperties(properties...)))
	return p
}

func (c *alertColumn) node() (schema.Node, error) {
	var logical schema.LogicalType = schema.NoLogicalType{}
	physical := parquet.Types.Int64
	switch {
	case c.time:
		logical = schema.NewTimestampLogicalType(true, schema.TimeUnitNanos)
	case c.whole != nil:
		logical = schema.NewIntLogicalType(c.bits, false)
		if c.bits < 64 {
			physical = parquet.Types.Int32
		}
	case c.real != nil:
		physical = parquet.Types.Double
	case c.json:
		logical, physical = schema.JSONLogicalType{}, parquet.Types.ByteArray
	default:
		logical, physical = schema.StringLogicalType{}, parquet.Types.ByteArray
	}
	return schema.NewPrimitiveNodeLogical(c.name, parquet.Repetitions.Optional, logical, physical, -1, -1)
}

func (p *alertParquet) Alert(a *detectors.Alert) error {
	if p.err == nil {
		if p.alerts = append(p.alerts, a); len(p.alerts) >= p.most {
			p.err = p.flush()
		}
	}
	return p.err
}

func (p *alertParquet) Close(*analyzer.Summary) error {
	if p.err != nil {
		return p.err
	}
	p.err = p.flush()
	// Close of the library forgets an error in the footer.
	for _, step := range []func() error{p.file.FlushWithFooter, p.file.Close, p.buf.Flush} {
		if err := step(); p.err == nil {
			p.err = err
		}
	}
	return p.err
}

// flush writes the alerts in hand as a row group.
func (p *alertParquet) flush() error {
	if len(p.alerts) == 0 {
		return nil
	}
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
			return fmt.Errorf("column %s: %w", p.columns[i].name, err)
		}
	}
	clear(p.alerts)
	p.alerts = p.alerts[:0]
	if err := group.Close(); err != nil {
		return err
	}
	return p.buf.Flush()
}

func (p *alertParquet) column(c *alertColumn, w file.ColumnChunkWriter) error {
	levels := make([]int16, len(p.alerts))
	var err error
	switch w := w.(type) {
	case *file.Int32ColumnChunkWriter:
		var values []int32
		for i, a := range p.alerts {
			if v, ok := c.whole(a); ok {
				values, levels[i] = append(values, int32(v)), 1
			}
		}
		_, err = w.WriteBatch(values, levels, nil)
	case *file.Int64ColumnChunkWriter:
		var values []int64
		for i, a := range p.alerts {
			if v, ok := c.whole(a); ok {
				values, levels[i] = append(values, v), 1
			}
		}
		_, err = w.WriteBatch(values, levels, nil)
	case *file.Float64ColumnChunkWriter:
		var values []float64
		for i, a := range p.alerts {
			if v, ok := c.real(a); ok {
				values, levels[i] = append(values, v), 1
			}
		}
		_, err = w.WriteBatch(values, levels, nil)
	case *file.ByteArrayColumnChunkWriter:
		var values []parquet.ByteArray
		for i, a := range p.alerts {
			text := c.text(nil, a, p.enc)
			if len(text) == 0 {
				continue
			}
			if !utf8.Valid(text) { // readers refuse a whole file for it
				text = []byte(string([]rune(string(text))))
			}
			values, levels[i] = append(values, text), 1
		}
		_, err = w.WriteBatch(values, levels, nil)
	default:
		err = fmt.Errorf("no way to write %T", w)
	}
	return err
}
