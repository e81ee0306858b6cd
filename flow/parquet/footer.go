package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/parquet/metadata"
)

const magic = "PAR1"

// maxElements is the most columns and groups that a schema may have: arrow
// builds it by recursion, and allocates what each element claims to hold.
const maxElements = 1 << 16

// readFooter reads the metadata at the end of a file of size bytes.
func readFooter(r io.ReaderAt, size int64) (meta *metadata.FileMetaData, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("metadata is damaged: %v", v)
		}
	}()
	if size < int64(len(magic)+8) {
		return nil, fmt.Errorf("%d bytes are too few for a Parquet file", size)
	}
	var tail [8]byte
	if n, err := r.ReadAt(tail[:], size-8); n < len(tail) {
		return nil, fmt.Errorf("reading the end of the file: %w", err)
	}
	switch string(tail[4:]) {
	case magic:
	case "PARE":
		return nil, errors.New("file is encrypted")
	default:
		return nil, errors.New("file does not end in PAR1: it is cut short, or still being written")
	}
	length := int64(binary.LittleEndian.Uint32(tail[:]))
	if length == 0 || length > size-8-int64(len(magic)) {
		return nil, fmt.Errorf("metadata of %d bytes in a file of %d", length, size)
	}
	b := make([]byte, length)
	if n, err := r.ReadAt(b, size-8-length); n < len(b) {
		return nil, fmt.Errorf("reading the metadata: %w", err)
	}
	if err := checkFooter(b); err != nil {
		return nil, err
	}
	meta, err = metadata.NewFileMetaData(b, nil)
	if err != nil {
		return nil, fmt.Errorf("metadata is damaged: %w", err)
	}
	return meta, nil
}

// checkFooter walks the metadata before arrow does, which would believe every
// length in it and allocate that much.
func checkFooter(b []byte) error {
	c := compact{b: b}
	elements, children := 0, 0
	c.fields(func(id int, kind byte) {
		if id != 2 || kind != typeList {
			c.skip(kind, 1, false)
			return
		}
		head := c.byte()
		n := uint64(head >> 4)
		if n == 15 {
			n = c.uvarint()
		}
		if head&15 != typeStruct || n > maxElements {
			c.fail(errThrift)
			return
		}
		elements += int(n)
		for ; n > 0 && c.err == nil; n-- {
			c.fields(func(id int, kind byte) {
				if id != 5 || kind != typeI32 {
					c.skip(kind, 2, false)
					return
				}
				k := c.int()
				if children += k; k < 0 || children > maxElements {
					c.fail(errThrift)
				}
			})
		}
	})
	if c.err != nil {
		return c.err
	}
	if elements == 0 || children >= elements {
		return errors.New("schema is damaged")
	}
	return nil
}
