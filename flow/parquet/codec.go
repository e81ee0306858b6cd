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

// unpacker undoes the compression of pages, never beyond the length that
// their headers announce.
type unpacker struct {
	codec compress.Compression
	zstd  *zstd.Decoder
}

// check tells whether pages of the codec can be read.
func (u *unpacker) check() error {
	switch u.codec {
	case compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Zstd, lz4Raw,
		compress.Codecs.Gzip, compress.Codecs.Brotli:
		return nil
	}
	return fmt.Errorf("compression %s is not supported", u.codec)
}

// unpack fills dst with what src holds.
func (u *unpacker) unpack(dst, src []byte) error {
	var n int
	switch u.codec {
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
		out, err := u.zstd.DecodeAll(src, dst[:0:len(dst)])
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
		codec, err := compress.GetCodec(u.codec)
		if err != nil {
			return err
		}
		r := codec.NewReader(bytes.NewReader(src))
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
