package parquet

import (
	"encoding/binary"
	"errors"
)

var errLevels = errors.New("page ends within its levels or indexes")

// pad is how many bytes behind the end of a page may be read, so that
// eight-byte loads and the fast address parser need no checks.
const pad = 32

// hybrid decodes Parquet's mixture of runs and bit-packed groups: definition
// levels and dictionary indexes. Each run takes bytes, so that decoding ends
// whatever the bytes are.
type hybrid struct {
	b     []byte // pad readable bytes follow
	at    int
	width int // bits of a value, up to 32

	run    int // values left of a run
	value  uint32
	packed int // values left of a bit-packed stretch
	bit    int // where its next value starts, counted from b[0]
}

func newHybrid(b []byte, width int) hybrid { return hybrid{b: b, width: width} }

// next reads the head of the next run.
func (h *hybrid) next() error {
	head, n := binary.Uvarint(h.b[h.at:])
	if n <= 0 || head>>1 > 1<<32 {
		return errLevels
	}
	h.at += n
	left := len(h.b) - h.at
	if head&1 == 0 {
		size := (h.width + 7) / 8
		if left < size {
			return errLevels
		}
		h.run, h.value = int(head>>1), 0
		for i := range size {
			h.value |= uint32(h.b[h.at+i]) << (8 * i)
		}
		h.at += size
		return nil
	}
	// Some writers leave out the padding of the last stretch.
	size := min(int(head>>1)*h.width, left)
	h.packed = int(head>>1) * 8
	if h.width > 0 {
		h.packed = min(h.packed, size*8/h.width)
	}
	h.bit = h.at * 8
	h.at += size
	return nil
}

// constant takes n values at once if they all lie in one run.
func (h *hybrid) constant(n int) (v uint32, ok bool) {
	for h.run == 0 && h.packed == 0 {
		if h.next() != nil {
			return 0, false
		}
	}
	if h.run < n {
		return 0, false
	}
	h.run -= n
	return h.value, true
}

// read fills dst.
func (h *hybrid) read(dst []uint32) error {
	for len(dst) > 0 {
		switch {
		case h.run > 0:
			n := min(h.run, len(dst))
			for i := range dst[:n] {
				dst[i] = h.value
			}
			h.run -= n
			dst = dst[n:]
		case h.packed > 0:
			n := min(h.packed, len(dst))
			h.unpack(dst[:n])
			h.packed -= n
			dst = dst[n:]
		default:
			if err := h.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *hybrid) unpack(dst []uint32) {
	b, bit, width := h.b[:len(h.b)+pad], h.bit, h.width
	mask := uint64(1)<<width - 1
	i := 0
	if width <= 14 { // four values lie within one load
		for ; i+4 <= len(dst); i += 4 {
			w := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7)
			d := dst[i : i+4 : i+4]
			d[0] = uint32(w & mask)
			d[1] = uint32(w >> width & mask)
			d[2] = uint32(w >> (2 * width) & mask)
			d[3] = uint32(w >> (3 * width) & mask)
			bit += 4 * width
		}
	} else if width <= 28 {
		for ; i+2 <= len(dst); i += 2 {
			w := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7)
			dst[i] = uint32(w & mask)
			dst[i+1] = uint32(w >> width & mask)
			bit += 2 * width
		}
	}
	for ; i < len(dst); i++ {
		dst[i] = uint32(binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7) & mask)
		bit += width
	}
	h.bit = bit
}
