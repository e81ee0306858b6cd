package main

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
)

// printParquet reads a Parquet file back and prints it as the CSV would be.
func printParquet(t *testing.T, name string) []byte {
	t.Helper()
	r, err := file.OpenParquetFile(name, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out bytes.Buffer
	for g := range r.NumRowGroups() {
		group := r.RowGroup(g)
		cells := make([][]string, 9)
		for i := range cells {
			cells[i] = column(t, group, i)
		}
		for row := range int(group.NumRows()) {
			for i := range cells {
				if i > 0 {
					out.WriteByte(',')
				}
				out.WriteString(cells[i][row])
			}
			out.WriteByte('\n')
		}
	}
	return out.Bytes()
}

// column reads column i of a row group as text.
func column(t *testing.T, group *file.RowGroupReader, i int) (text []string) {
	t.Helper()
	c, err := group.Column(i)
	if err != nil {
		t.Fatal(err)
	}
	for c.HasNext() {
		switch c := c.(type) {
		case *file.Int64ColumnChunkReader:
			text = append(text, batch(t, c.ReadBatch, func(v int64) string {
				if i == 0 {
					return time.UnixMicro(v).UTC().Format(time.DateTime)
				}
				return fmt.Sprint(v)
			})...)
		case *file.Int32ColumnChunkReader:
			text = append(text, batch(t, c.ReadBatch, func(v int32) string { return fmt.Sprint(v) })...)
		case *file.ByteArrayColumnChunkReader:
			text = append(text, batch(t, c.ReadBatch, func(v parquet.ByteArray) string { return string(v) })...)
		default:
			t.Fatalf("column %d is a %T", i, c)
		}
	}
	return text
}

func batch[T any](t *testing.T, read func(int64, []T, []int16, []int16) (int64, int, error), print func(T) string) (text []string) {
	t.Helper()
	values := make([]T, 8192)
	_, n, err := read(int64(len(values)), values, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values[:n] {
		text = append(text, print(v))
	}
	return text
}
