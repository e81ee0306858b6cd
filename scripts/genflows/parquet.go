package main

import (
	"bufio"
	"os"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"seine/scripts/genflows/trace"
)

// groupRows is how many rows a row group has, as DuckDB chooses by itself.
const groupRows = 122_880

// parquetFile writes the nine columns as Parquet, packed with zstd. A group
// of rows is collected by column and written when it is full.
type parquetFile struct {
	file     *os.File
	buf      *bufio.Writer // keeps a write error until Flush: the library loses some
	w        *file.Writer
	fraction bool

	text               []byte // what the byte arrays point into
	protos, states     []parquet.ByteArray
	srcs, dsts         []parquet.ByteArray
	srcPorts, dstPorts []int32
	time               []int64
	srcBytes, dstBytes []int64
}

func newParquet(f *os.File, fraction bool) (*parquetFile, error) {
	columns, err := columns()
	if err != nil {
		return nil, err
	}
	properties := parquet.NewWriterProperties(
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithDictionaryDefault(true),
		// Room for the addresses of a whole group.
		parquet.WithDictionaryPageSizeLimit(4<<20),
		parquet.WithCreatedBy("genflows"))
	p := &parquetFile{file: f, buf: bufio.NewWriterSize(f, 1<<20), fraction: fraction}
	p.w = file.NewParquetWriter(p.buf, columns, file.WithWriterProps(properties))
	return p, nil
}

// columns is the schema; every column is required.
func columns() (*schema.GroupNode, error) {
	port := schema.NewIntLogicalType(16, false)
	text := schema.StringLogicalType{}
	var fields schema.FieldList
	for _, c := range []struct {
		name     string
		logical  schema.LogicalType
		physical parquet.Type
	}{
		{"ts", schema.NewTimestampLogicalType(true, schema.TimeUnitMicros), parquet.Types.Int64},
		{"protocol", text, parquet.Types.ByteArray},
		{"state", text, parquet.Types.ByteArray},
		{"src_ip", text, parquet.Types.ByteArray},
		{"src_port", port, parquet.Types.Int32},
		{"dst_ip", text, parquet.Types.ByteArray},
		{"dst_port", port, parquet.Types.Int32},
		{"src_bytes", schema.NoLogicalType{}, parquet.Types.Int64},
		{"dst_bytes", schema.NoLogicalType{}, parquet.Types.Int64},
	} {
		n, err := schema.NewPrimitiveNodeLogical(c.name, parquet.Repetitions.Required, c.logical, c.physical, -1, -1)
		if err != nil {
			return nil, err
		}
		fields = append(fields, n)
	}
	return schema.NewGroupNode("flows", parquet.Repetitions.Required, fields, -1)
}

func (p *parquetFile) Write(flows []trace.Flow) error {
	for i := range flows {
		p.add(&flows[i])
		if len(p.time) == groupRows {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *parquetFile) add(f *trace.Flow) {
	t := f.Time
	if !p.fraction {
		t -= t % 1_000_000 // the same rows as in the CSV
	}
	p.time = append(p.time, t)
	p.protos = append(p.protos, parquet.ByteArray(f.Proto.String()))
	p.states = append(p.states, parquet.ByteArray(f.State.String()))
	from := len(p.text)
	p.text = f.Src.AppendTo(p.text)
	middle := len(p.text)
	p.text = f.Dst.AppendTo(p.text)
	p.srcs = append(p.srcs, p.text[from:middle:middle])
	p.dsts = append(p.dsts, p.text[middle:len(p.text):len(p.text)])
	p.srcPorts = append(p.srcPorts, int32(f.SrcPort))
	p.dstPorts = append(p.dstPorts, int32(f.DstPort))
	p.srcBytes = append(p.srcBytes, int64(f.SrcBytes))
	p.dstBytes = append(p.dstBytes, int64(f.DstBytes))
}

// flush writes the rows in hand as a row group.
func (p *parquetFile) flush() error {
	if len(p.time) == 0 {
		return nil
	}
	group := p.w.AppendRowGroup()
	for _, values := range []any{p.time, p.protos, p.states, p.srcs, p.srcPorts, p.dsts, p.dstPorts, p.srcBytes, p.dstBytes} {
		c, err := group.NextColumn()
		if err != nil {
			return err
		}
		switch c := c.(type) {
		case *file.Int64ColumnChunkWriter:
			_, err = c.WriteBatch(values.([]int64), nil, nil)
		case *file.Int32ColumnChunkWriter:
			_, err = c.WriteBatch(values.([]int32), nil, nil)
		case *file.ByteArrayColumnChunkWriter:
			_, err = c.WriteBatch(values.([]parquet.ByteArray), nil, nil)
		}
		if err == nil {
			err = c.Close()
		}
		if err != nil {
			return err
		}
	}
	p.time, p.protos, p.states, p.srcs, p.dsts = p.time[:0], p.protos[:0], p.states[:0], p.srcs[:0], p.dsts[:0]
	p.srcPorts, p.dstPorts, p.srcBytes, p.dstBytes = p.srcPorts[:0], p.dstPorts[:0], p.srcBytes[:0], p.dstBytes[:0]
	p.text = p.text[:0]
	return group.Close()
}

func (p *parquetFile) Close() error {
	err := p.flush()
	// Close of the library forgets an error in the footer.
	if e := p.w.FlushWithFooter(); err == nil {
		err = e
	}
	if e := p.w.Close(); err == nil {
		err = e
	}
	if e := p.buf.Flush(); err == nil {
		err = e
	}
	if e := p.file.Close(); err == nil {
		err = e
	}
	return err
}
