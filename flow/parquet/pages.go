package parquet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

const readAhead = 64 << 10 // bytes; also the longest page header

var (
	errChunkEnd   = errors.New("column ends before its row group")
	errChecksum   = errors.New("page checksum does not match")
	errNoDict     = errors.New("page of indexes without a dictionary")
	errTwoDicts   = errors.New("column chunk with two dictionaries")
	errDictionary = errors.New("dictionary is not stored plainly")
)

// pages steps through the pages of one column, chunk by chunk. Its buffers
// serve one page after the other.
type pages struct {
	leaf     *schema.Column
	plain    plain
	maxLevel int // definition level of a value that is there

	input    *input
	section  section
	in       *bufio.Reader
	left     int64 // bytes of the chunk behind the last page
	codec    compress.Compression
	unpacker *unpacker
	raw      []byte

	dict    values
	dictRaw []byte
	hasDict bool

	// The current page.
	rows    int // not yet taken
	levels  hybrid
	indexed bool
	index   hybrid
	data    []byte // plain values
	bit     int
	foreign *foreign // decodes this page, if not nil
	arrow   *foreign // of the chunk, once it is needed
}

func newPages(leaf *schema.Column, in *input) *pages {
	p := &pages{
		leaf:     leaf,
		plain:    newPlain(leaf),
		maxLevel: int(leaf.MaxDefinitionLevel()),
		input:    in,
	}
	p.section.input = in
	p.in = bufio.NewReaderSize(&p.section, readAhead)
	return p
}

// open starts the chunk of a row group of so many rows.
func (p *pages) open(c *metadata.ColumnChunkMetaData, rows int64) error {
	switch {
	case c.CryptoMetadata() != nil:
		return errors.New("column is encrypted")
	case c.FilePath() != "":
		return fmt.Errorf("column lies in another file, %q", c.FilePath())
	case c.Type() != p.leaf.PhysicalType():
		return fmt.Errorf("column is %s in this row group, %s in the schema", c.Type(), p.leaf.PhysicalType())
	case c.NumValues() != rows:
		return fmt.Errorf("column has %d values in a row group of %d rows", c.NumValues(), rows)
	}
	start, length := c.DataPageOffset(), c.TotalCompressedSize()
	if d := c.DictionaryPageOffset(); c.HasDictionaryPage() && d > 0 && d < start {
		start = d
	}
	if start < 0 || length < 0 || start > p.input.size || length > p.input.size-start {
		return fmt.Errorf("column chunk (%d bytes at %d) lies outside the file of %d bytes", length, start, p.input.size)
	}
	// Old writers leave the header of the dictionary out of the length
	// (PARQUET-816); reading ends with the rows anyway.
	length = min(length+100, p.input.size-start)
	p.codec = c.Compression()
	if err := known(p.codec); err != nil {
		return err
	}
	p.section.at, p.section.end, p.left = start, start+length, length
	p.in.Reset(&p.section)
	p.rows, p.hasDict, p.foreign, p.arrow = 0, false, nil, nil
	p.dict.reset()
	return nil
}

// more makes sure that the page at hand has rows left, and counts them.
func (p *pages) more() (int, error) {
	for p.rows == 0 {
		if err := p.nextPage(); err != nil {
			return 0, err
		}
	}
	return p.rows, nil
}

// header reads the header of the next page.
func (p *pages) header() (h pageHeader, err error) {
	for look := int64(1 << 10); ; look *= 8 {
		b, err := p.in.Peek(int(min(look, p.left, readAhead)))
		if err != nil && err != io.EOF {
			return h, err
		}
		if len(b) == 0 {
			return h, errChunkEnd
		}
		h, n, err := parseHeader(b)
		if err == errThriftEnd && look < min(p.left, readAhead) {
			continue
		}
		if err != nil {
			return h, fmt.Errorf("page header: %w", err)
		}
		_, _ = p.in.Discard(n)
		p.left -= int64(n)
		return h, h.check(p.left)
	}
}

func grown(b []byte, n int) []byte {
	if cap(b) < n+pad {
		b = make([]byte, n+pad+n/4)
	}
	b = b[:n+pad]
	clear(b[n:])
	return b[:n]
}

// body reads and unpacks the page behind h into to. The first plainBytes are
// never compressed.
func (p *pages) body(h *pageHeader, to []byte, plainBytes int) ([]byte, error) {
	to = grown(to, h.unpacked)
	p.left -= int64(h.packed)
	stored := to
	if packed := h.compressed && p.codec != 0; packed || h.packed != h.unpacked {
		p.unpacker.packed = grown(p.unpacker.packed, h.packed)
		stored = p.unpacker.packed
		if !packed {
			return nil, errUnpacked
		}
	}
	if _, err := io.ReadFull(p.in, stored); err != nil {
		return nil, fmt.Errorf("page is cut short: %w", err)
	}
	if h.hasChecksum && crc32.ChecksumIEEE(stored) != h.checksum {
		return nil, errChecksum
	}
	if h.compressed && p.codec != 0 {
		copy(to[:plainBytes], stored)
		if plainBytes < len(to) {
			if err := p.unpacker.unpack(p.codec, to[plainBytes:], stored[plainBytes:]); err != nil {
				return nil, fmt.Errorf("%s: %w", p.codec, err)
			}
		}
	}
	return to, nil
}

// nextPage moves to the next page of data, past a dictionary.
func (p *pages) nextPage() error {
	h, err := p.header()
	if err != nil {
		return err
	}
	switch h.kind {
	case pageDictionary:
		return p.dictionary(&h)
	case pageData, pageDataV2:
	default: // an index, or a kind that is yet to be invented
		_, err := io.CopyN(io.Discard, p.in, int64(h.packed))
		p.left -= int64(h.packed)
		return err
	}
	if p.raw, err = p.body(&h, p.raw, h.defLength+h.repLength); err != nil {
		return err
	}
	p.rows, p.foreign = h.values, nil
	data := p.raw
	switch {
	case h.kind == pageDataV2:
		if p.maxLevel > 0 {
			p.levels = newHybrid(data[h.repLength:h.repLength+h.defLength], bits.Len(uint(p.maxLevel)))
		}
		data = data[h.repLength+h.defLength:]
	case h.levelEncoding == encRLE && p.maxLevel > 0:
		n := 4
		if len(data) >= 4 {
			n += int(binary.LittleEndian.Uint32(data))
		}
		if n > len(data) {
			return errLevels
		}
		p.levels = newHybrid(data[4:n], bits.Len(uint(p.maxLevel)))
		data = data[n:]
	}
	old := h.kind == pageData && h.levelEncoding != encRLE && p.maxLevel > 0
	switch {
	case (h.encoding == encPlainDict || h.encoding == encRLEDict) && !old:
		if !p.hasDict {
			return errNoDict
		}
		p.indexed = true
		if len(data) == 0 { // nothing but nulls
			p.index = hybrid{}
			return nil
		}
		if data[0] > 32 {
			return errLevels
		}
		p.index = newHybrid(data[1:], int(data[0]))
	case h.encoding == encPlain && !old:
		p.indexed, p.data, p.bit = false, data, 0
	default:
		p.indexed = false
		if p.arrow == nil {
			p.arrow = newForeign(p.leaf)
		}
		p.foreign = p.arrow
		return p.foreign.take(&h, p.raw)
	}
	return nil
}

// dictionary reads the dictionary of the chunk.
func (p *pages) dictionary(h *pageHeader) error {
	if p.hasDict {
		return errTwoDicts
	}
	if h.encoding != encPlain && h.encoding != encPlainDict {
		return errDictionary
	}
	var err error
	if p.dictRaw, err = p.body(h, p.dictRaw, 0); err != nil {
		return err
	}
	p.dict.reset()
	if _, err := p.plain.read(p.dictRaw, 0, h.values, &p.dict); err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	p.hasDict = true
	return nil
}

// present takes the levels of the next n rows of the page. It counts those
// that have a value and adds them to set, the first as row lo.
func (p *pages) present(set *rowSet, lo, n int) (count int, err error) {
	p.rows -= n
	if p.maxLevel == 0 {
		set.fill(lo, n)
		return n, nil
	}
	return p.levels.match(uint32(p.maxLevel), set, lo, n)
}

// take appends the next n values of a page that is not indexed to v.
func (p *pages) take(n int, v *values) error {
	used, err := p.plain.read(p.data, p.bit, n, v)
	p.data = p.data[used:]
	if len(p.data) > 0 && used == 0 {
		p.bit += n // booleans
	}
	return err
}
