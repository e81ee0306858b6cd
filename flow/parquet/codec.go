package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// lz4Raw has no name in arrow v17.
const lz4Raw = compress.Compression(7)

var errUnpacked = errors.New("unpacked page is not as long as its header says")

// An unpacker undoes the compression of pages, never beyond the length that
// their headers announce. It serves all columns of a stage, so that its tables
// stay in the cache.
type unpacker struct {
	packed []byte // the page at hand
	zstd   *zstd.Decoder
}

// known tells whether pages of the codec can be read.
func known(codec compress.Compression) error {
	switch codec {
	case compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Zstd, lz4Raw,
		compress.Codecs.Gzip, compress.Codecs.Brotli:
		return nil
	}
	return fmt.Errorf("compression %s is not supported", codec)
}

// unpack fills dst with what src holds.
func (u *unpacker) unpack(codec compress.Compression, dst, src []byte) error {
	var n int
	switch codec {
	case compress.Codecs.Uncompressed:
		if n = len(src); n == len(dst) {
			copy(dst, src)
		}
	case compress.Codecs.Snappy:
		size, err := snappy.DecodedLen(src)
		if err != nil {
			return err
		}
		if n = size; n == len(dst) {
			if _, err := snappy.Decode(dst, src); err != nil {
				return err
			}
		}
	case compress.Codecs.Zstd:
		if u.zstd == nil {
			d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
			if err != nil {
				return err
			}
			u.zstd = d
		}
		// With bytes to spare behind the page it is copied in longer steps.
		room := dst[:min(cap(dst), len(dst)+pad)]
		out, err := u.zstd.DecodeAll(src, room[:0:len(room)])
		clear(room[len(dst):])
		if err != nil {
			return err
		}
		n = len(out)
	case lz4Raw:
		k, err := lz4.UncompressBlock(src, dst)
		if err != nil {
			return err
		}
		n = k
	default: // gzip, brotli: as a stream
		stream, err := compress.GetCodec(codec)
		if err != nil {
			return err
		}
		r := stream.NewReader(bytes.NewReader(src))
		defer r.Close()
		if n, err = io.ReadFull(r, dst); err != nil {
			return err
		}
	}
	if n != len(dst) {
		return errUnpacked
	}
	return nil
}

func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
		u.zstd = nil
	}
}
