package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

var errShortPage = errors.New("page holds fewer values than its header says")

// foreign decodes the pages whose encoding this package leaves to arrow: the
// delta encodings and run lengths of booleans. They are rare, and slower.
type foreign struct {
	leaf  *schema.Column
	chunk file.ColumnChunkReader // of the chunk at hand; some encodings go on from page to page
	page  onePage
	defs  []int16
	plain plain

	ints32 []int32
	bools  []bool
	arrays []parquet.ByteArray
	fixed  []parquet.FixedLenByteArray
}

func newForeign(leaf *schema.Column) *foreign {
	return &foreign{leaf: leaf, plain: newPlain(leaf), defs: make([]int16, batchRows)}
}

// take starts a page, whose levels and values are in raw.
func (f *foreign) take(h *pageHeader, raw []byte) error {
	buf := memory.NewBufferBytes(bytes.Clone(raw)) // which the decoder may keep a value of
	enc := parquet.Encoding(h.encoding)
	if h.kind == pageDataV2 {
		f.page.next = file.NewDataPageV2(buf, int32(h.values), 0, int32(h.values), enc,
			int32(h.defLength), int32(h.repLength), int32(len(raw)), false)
	} else {
		level := parquet.Encoding(h.levelEncoding)
		f.page.next = file.NewDataPageV1(buf, int32(h.values), enc, level, level, int32(len(raw)))
	}
	if f.chunk == nil {
		pool := &sync.Pool{New: func() any { return memory.NewResizableBuffer(memory.DefaultAllocator) }}
		f.chunk = file.NewColumnReader(f.leaf, &f.page, memory.DefaultAllocator, pool)
	}
	if !f.chunk.HasNext() {
		if err := f.chunk.Err(); err != nil {
			return fmt.Errorf("%s encoding: %w", enc, err)
		}
	}
	return nil
}

// read takes the next n rows of the page: those that have a value are added
// to set, the first as row lo, and the values are appended to v.
func (f *foreign) read(set *rowSet, lo, n int, v *values) (count int, err error) {
	for at := lo; at < lo+n; {
		if !f.chunk.HasNext() {
			if err := f.chunk.Err(); err != nil {
				return count, err
			}
			return count, errShortPage
		}
		rows, k, err := f.batch(lo+n-at, v)
		if err != nil {
			return count, err
		}
		if rows == 0 {
			return count, errShortPage
		}
		for i := range rows {
			if f.leaf.MaxDefinitionLevel() == 0 || f.defs[i] == f.leaf.MaxDefinitionLevel() {
				set.fill(at+i, 1)
			}
		}
		at += rows
		count += k
	}
	return count, nil
}

// scratch is n zero values, in the memory of s where that is enough.
func scratch[T any](s *[]T, n int) []T {
	if len(*s) < n {
		*s = make([]T, n)
	}
	return (*s)[:n]
}

func (f *foreign) batch(n int, v *values) (rows, count int, err error) {
	var total int64
	want := int64(n)
	switch c := f.chunk.(type) {
	case *file.Int32ColumnChunkReader:
		s := scratch(&f.ints32, n)
		total, count, err = c.ReadBatch(want, s, f.defs, nil)
		for _, x := range s[:count] {
			if f.plain.unsigned {
				v.ints = append(v.ints, int64(uint32(x)))
			} else {
				v.ints = append(v.ints, int64(x))
			}
		}
	case *file.Int64ColumnChunkReader:
		at := len(v.ints)
		v.ints = append(v.ints, make([]int64, n)...)
		total, count, err = c.ReadBatch(want, v.ints[at:], f.defs, nil)
		v.ints = v.ints[:at+count]
	case *file.BooleanColumnChunkReader:
		s := scratch(&f.bools, n)
		total, count, err = c.ReadBatch(want, s, f.defs, nil)
		for _, x := range s[:count] {
			b := int64(0)
			if x {
				b = 1
			}
			v.ints = append(v.ints, b)
		}
	case *file.ByteArrayColumnChunkReader:
		s := scratch(&f.arrays, n)
		total, count, err = c.ReadBatch(want, s, f.defs, nil)
		for _, x := range s[:count] {
			v.texts = append(v.texts, x)
		}
	case *file.FixedLenByteArrayColumnChunkReader:
		s := scratch(&f.fixed, n)
		total, count, err = c.ReadBatch(want, s, f.defs, nil)
		for _, x := range s[:count] {
			v.texts = append(v.texts, x)
		}
	default:
		err = fmt.Errorf("%s in an encoding that is not supported", f.leaf.PhysicalType())
	}
	if err == nil && f.plain.scale != 0 {
		f.plain.decimals(v)
	}
	return int(total), count, err
}

// onePage is a file.PageReader of a single page.
type onePage struct{ next, page file.Page }

func (o *onePage) Next() bool {
	o.page, o.next = o.next, nil
	return o.page != nil
}
func (o *onePage) Page() file.Page          { return o.page }
func (o *onePage) Err() error               { return nil }
func (o *onePage) SetMaxPageHeaderSize(int) {}

// Reset is part of the interface; a page has nothing to go back to.
func (o *onePage) Reset(parquet.BufferedReader, int64, compress.Compression, *file.CryptoContext) {
	o.next, o.page = nil, nil
}
