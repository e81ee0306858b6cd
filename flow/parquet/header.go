package parquet

import (
	"errors"
	"fmt"
)

// Bounds of what a page may ask for, in bytes. A page of up to freePage is
// taken as its header says; a larger one must be backed by what is stored.
const (
	freePage = 64 << 20
	maxPage  = 1 << 30
	maxRatio = 256
)

var errHeader = errors.New("page header is damaged")

// Kinds of pages, and the encodings that this package decodes itself.
const (
	pageData       = 0
	pageDictionary = 2
	pageDataV2     = 3

	encPlain     = 0
	encPlainDict = 2
	encRLE       = 3
	encRLEDict   = 8
)

// A pageHeader is what stands in front of a page. Sizes are in bytes.
type pageHeader struct {
	kind             int
	unpacked, packed int
	checksum         uint32
	hasChecksum      bool

	values               int // rows, or entries of a dictionary
	encoding             int
	levelEncoding        int // of the definition levels, version 1
	defLength, repLength int // of the levels, version 2
	compressed           bool
}

// parseHeader reads the header at the start of b and tells its length.
func parseHeader(b []byte) (h pageHeader, n int, err error) {
	c := compact{b: b}
	h.compressed, h.values, h.levelEncoding = true, -1, encRLE
	c.fields(func(id int, kind byte) {
		switch {
		case id <= 4 && kind == typeI32:
			switch id {
			case 1:
				h.kind = c.int()
			case 2:
				h.unpacked = c.int()
			case 3:
				h.packed = c.int()
			case 4:
				h.checksum, h.hasChecksum = uint32(c.int()), true
			}
		case (id == 5 || id == 7) && kind == typeStruct:
			c.fields(func(id int, kind byte) {
				switch {
				case id == 1 && kind == typeI32:
					h.values = c.int()
				case id == 2 && kind == typeI32:
					h.encoding = c.int()
				case id == 3 && kind == typeI32:
					h.levelEncoding = c.int()
				default:
					c.skip(kind, 2, false)
				}
			})
		case id == 8 && kind == typeStruct:
			c.fields(func(id int, kind byte) { h.version2(&c, id, kind) })
		default:
			c.skip(kind, 1, false)
		}
	})
	return h, c.at, c.err
}

func (h *pageHeader) version2(c *compact, id int, kind byte) {
	switch {
	case id == 1 && kind == typeI32:
		h.values = c.int()
	case id == 4 && kind == typeI32:
		h.encoding = c.int()
	case id == 5 && kind == typeI32:
		h.defLength = c.int()
	case id == 6 && kind == typeI32:
		h.repLength = c.int()
	case id == 7 && kind == typeFalse:
		h.compressed = false
	default:
		c.skip(kind, 2, false)
	}
}

// check holds the sizes against the bytes left in the chunk.
func (h *pageHeader) check(left int64) error {
	switch {
	case h.unpacked < 0 || h.packed < 0 || h.defLength < 0 || h.repLength < 0:
		return errHeader
	case int64(h.packed) > left:
		return fmt.Errorf("page of %d bytes where its column has %d left", h.packed, left)
	case h.unpacked > maxPage || h.unpacked > freePage && h.unpacked/maxRatio > h.packed:
		return fmt.Errorf("page of %d bytes claims to unpack to %d", h.packed, h.unpacked)
	case h.kind == pageDataV2 && h.defLength+h.repLength > min(h.packed, h.unpacked):
		return errHeader
	case h.values < 0 && (h.kind == pageData || h.kind == pageDataV2 || h.kind == pageDictionary):
		return errHeader
	}
	return nil
}
