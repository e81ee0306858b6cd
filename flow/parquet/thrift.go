package parquet

import (
	"errors"
	"math"
)

// Types of Thrift's compact protocol.
const (
	typeTrue   = 1
	typeFalse  = 2
	typeByte   = 3
	typeI16    = 4
	typeI32    = 5
	typeI64    = 6
	typeDouble = 7
	typeBinary = 8
	typeList   = 9
	typeSet    = 10
	typeMap    = 11
	typeStruct = 12
)

// maxDepth is how deep structures of Parquet metadata nest at most, with room.
const maxDepth = 24

var (
	errThrift    = errors.New("metadata is damaged")
	errThriftEnd = errors.New("metadata is cut short")
)

// compact walks Thrift's compact protocol. It allocates nothing, and holds
// each length that it meets against the bytes that are really there, so that
// a damaged or hostile one costs nothing. After an error it stays at it.
type compact struct {
	b   []byte
	at  int
	err error
}

func (c *compact) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.at = len(c.b)
}

func (c *compact) byte() byte {
	if c.at >= len(c.b) {
		c.fail(errThriftEnd)
		return 0
	}
	c.at++
	return c.b[c.at-1]
}

func (c *compact) uvarint() (v uint64) {
	for shift := 0; shift < 64; shift += 7 {
		b := c.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	c.fail(errThrift)
	return 0
}

func (c *compact) varint() int64 {
	v := c.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// int reads a number of 16 to 64 bits that must fit 32.
func (c *compact) int() int {
	v := c.varint()
	if v < math.MinInt32 || v > math.MaxInt32 {
		c.fail(errThrift)
		return 0
	}
	return int(v)
}

func (c *compact) jump(n uint64) {
	if n > uint64(len(c.b)-c.at) {
		c.fail(errThriftEnd)
		return
	}
	c.at += int(n)
}

// fields calls f for each field of a structure; f must read the value of the
// kind given, or skip it.
func (c *compact) fields(f func(id int, kind byte)) {
	id := 0
	for c.err == nil {
		head := c.byte()
		if head == 0 {
			return
		}
		if head>>4 != 0 {
			id += int(head >> 4)
		} else {
			id = c.int()
		}
		f(id, head&15)
	}
}

// skip passes over a value. element says that it is a member of a list, where
// a boolean takes a byte.
func (c *compact) skip(kind byte, depth int, element bool) {
	if depth > maxDepth {
		c.fail(errThrift)
		return
	}
	switch kind {
	case typeTrue, typeFalse:
		if element {
			c.byte()
		}
	case typeByte:
		c.byte()
	case typeI16, typeI32, typeI64:
		c.uvarint()
	case typeDouble:
		c.jump(8)
	case typeBinary:
		c.jump(c.uvarint())
	case typeList, typeSet:
		head := c.byte()
		n := uint64(head >> 4)
		if n == 15 {
			n = c.uvarint()
		}
		c.items(n, depth, head&15)
	case typeMap:
		if n := c.uvarint(); n > 0 {
			kinds := c.byte()
			c.items(n, depth, kinds>>4, kinds&15)
		}
	case typeStruct:
		c.fields(func(_ int, kind byte) { c.skip(kind, depth+1, false) })
	default:
		c.fail(errThrift)
	}
}

// items passes over n members, each of which takes a byte at least.
func (c *compact) items(n uint64, depth int, kinds ...byte) {
	if n > uint64(len(c.b)-c.at) {
		c.fail(errThriftEnd)
	}
	for ; n > 0 && c.err == nil; n-- {
		for _, k := range kinds {
			c.skip(k, depth+1, true)
		}
	}
}
