package parquet

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"seine/flow"
)

// A testColumn is a column to be written. values is a slice of what the
// physical type holds, with an entry for each row; valid tells which rows
// have a value, all of them if it is nil.
type testColumn struct {
	path    string
	logical schema.LogicalType
	values  any
	length  int
	valid   []bool
}

func (c *testColumn) physical() parquet.Type {
	switch c.values.(type) {
	case []bool:
		return parquet.Types.Boolean
	case []int32:
		return parquet.Types.Int32
	case []int64:
		return parquet.Types.Int64
	case []parquet.Int96:
		return parquet.Types.Int96
	case []float32:
		return parquet.Types.Float
	case []float64:
		return parquet.Types.Double
	case []parquet.FixedLenByteArray:
		return parquet.Types.FixedLenByteArray
	}
	return parquet.Types.ByteArray
}

func (c *testColumn) node(t testing.TB) schema.Node {
	rep := parquet.Repetitions.Required
	if c.valid != nil {
		rep = parquet.Repetitions.Optional
	}
	if c.logical == nil {
		c.logical = schema.NoLogicalType{}
		if _, ok := c.values.([]string); ok {
			c.logical = schema.StringLogicalType{}
		}
	}
	n, err := schema.NewPrimitiveNodeLogical(c.path, rep, c.logical, c.physical(), c.length, -1)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// present keeps the values of rows lo to hi that are valid, and the levels.
func present[T any](vs []T, valid []bool, lo, hi int) ([]T, []int16) {
	if valid == nil {
		return vs[lo:hi], nil
	}
	var kept []T
	var levels []int16
	for i := lo; i < hi; i++ {
		if valid[i] {
			kept, levels = append(kept, vs[i]), append(levels, 1)
		} else {
			levels = append(levels, 0)
		}
	}
	return kept, levels
}

func (c *testColumn) write(t testing.TB, w file.ColumnChunkWriter, lo, hi int) {
	var err error
	switch w := w.(type) {
	case *file.BooleanColumnChunkWriter:
		v, l := present(c.values.([]bool), c.valid, lo, hi)
		_, err = w.WriteBatch(v, l, nil)
	case *file.Int32ColumnChunkWriter:
		v, l := present(c.values.([]int32), c.valid, lo, hi)
		_, err = w.WriteBatch(v, l, nil)
	case *file.Int64ColumnChunkWriter:
		v, l := present(c.values.([]int64), c.valid, lo, hi)
		_, err = w.WriteBatch(v, l, nil)
	case *file.Int96ColumnChunkWriter:
		v, l := present(c.values.([]parquet.Int96), c.valid, lo, hi)
		_, err = w.WriteBatch(v, l, nil)
	case *file.Float32ColumnChunkWriter:
		v, l := present(c.values.([]float32), c.valid, lo, hi)
		_, err = w.WriteBatch(v, l, nil)
	case *file.Float64ColumnChunkWriter:
		v, l := present(c.values.([]float64), c.valid, lo, hi)
		_, err = w.WriteBatch(v, l, nil)
	case *file.FixedLenByteArrayColumnChunkWriter:
		v, l := present(c.values.([]parquet.FixedLenByteArray), c.valid, lo, hi)
		_, err = w.WriteBatch(v, l, nil)
	case *file.ByteArrayColumnChunkWriter:
		var all []parquet.ByteArray
		switch vs := c.values.(type) {
		case []string:
			for _, s := range vs {
				all = append(all, parquet.ByteArray(s))
			}
		case []parquet.ByteArray:
			all = vs
		}
		v, l := present(all, c.valid, lo, hi)
		_, err = w.WriteBatch(v, l, nil)
	default:
		t.Fatalf("no writer for %T", w)
	}
	if err != nil {
		t.Fatalf("%s: %v", c.path, err)
	}
}

// writeFile writes the columns in row groups of at most perGroup rows.
func writeFile(t testing.TB, cols []testColumn, rows, perGroup int, props ...parquet.WriterProperty) []byte {
	var nodes schema.FieldList
	for i := range cols {
		nodes = append(nodes, cols[i].node(t))
	}
	return writeSchema(t, nodes, cols, rows, perGroup, props...)
}

func writeSchema(t testing.TB, nodes schema.FieldList, cols []testColumn, rows, perGroup int, props ...parquet.WriterProperty) []byte {
	t.Helper()
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, nodes, -1)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := file.NewParquetWriter(&buf, root, file.WithWriterProps(parquet.NewWriterProperties(props...)))
	for lo := 0; lo < rows; lo += perGroup {
		g := w.AppendRowGroup()
		for i := range cols {
			cw, err := g.NextColumn()
			if err != nil {
				t.Fatal(err)
			}
			cols[i].write(t, cw, lo, min(lo+perGroup, rows))
			if err := cw.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// seconds repeats a start time, a second later for each row.
func starts(n int) testColumn {
	vs := make([]int64, n)
	for i := range vs {
		vs[i] = 1485534282 + int64(i)
	}
	return testColumn{path: "ts", values: vs}
}

// hosts is a column of n addresses below 10/8.
func hosts(name string, n int) testColumn {
	vs := make([]string, n)
	for i := range vs {
		vs[i] = fmt.Sprintf("10.0.%d.%d", i/250, i%250)
	}
	return testColumn{path: name, values: vs}
}

func options() *flow.Options { return &flow.Options{Workers: 1, Symbols: flow.NewSymbols()} }

// readBytes reads a file held in memory, its rows and what it says of itself.
func readBytes(t interface{ Helper() }, data []byte, opt *flow.Options) ([]flow.Record, *flow.Source, error) {
	t.Helper()
	src := flow.BytesSource("test.parquet", data, opt)
	defer src.Close()
	r, err := open(src)
	if err != nil {
		return nil, src, err
	}
	defer r.(*reader).Close()
	rows, err := flow.ReadAll(r)
	return rows, src, err
}
