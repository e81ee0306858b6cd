package parquet

import (
	"encoding/binary"
	"errors"
	"math/bits"
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

// match takes n values and adds to set those that equal want, the first as
// row lo. It counts them.
func (h *hybrid) match(want uint32, set *rowSet, lo, n int) (count int, err error) {
	for hi := lo + n; lo < hi; {
		k := hi - lo
		switch {
		case h.run > 0:
			k = min(k, h.run)
			if h.value == want {
				set.fill(lo, k)
				count += k
			}
			h.run -= k
		case h.packed > 0:
			k = min(k, h.packed, 56) // which lie within one load
			w := h.equal(want, k)
			set.add(lo, k, w)
			count += bits.OnesCount64(w)
			h.packed -= k
		default:
			if err := h.next(); err != nil {
				return count, err
			}
			continue
		}
		lo += k
	}
	return count, nil
}

// equal tells which of the next n values of a bit-packed stretch equal want.
func (h *hybrid) equal(want uint32, n int) (w uint64) {
	if h.width == 1 && want == 1 {
		w = binary.LittleEndian.Uint64(h.b[:len(h.b)+pad][h.bit>>3:]) >> (h.bit & 7) & low(n)
		h.bit += n
		return w
	}
	var values [64]uint32
	h.unpack(values[:n])
	for i, v := range values[:n] {
		if v == want {
			w |= 1 << i
		}
	}
	return w
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
	mask, step := uint64(1)<<width-1, uint(width)&63
	i := 0
	if width <= 14 { // four values lie within one load
		for ; i+4 <= len(dst); i += 4 {
			w := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7)
			d := dst[i : i+4 : i+4]
			d[0] = uint32(w & mask)
			w >>= step
			d[1] = uint32(w & mask)
			w >>= step
			d[2] = uint32(w & mask)
			w >>= step
			d[3] = uint32(w & mask)
			bit += 4 * width
		}
	} else if width <= 28 {
		for ; i+2 <= len(dst); i += 2 {
			w := binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7)
			d := dst[i : i+2 : i+2]
			d[0] = uint32(w & mask)
			d[1] = uint32(w >> step & mask)
			bit += 2 * width
		}
	}
	for ; i < len(dst); i++ {
		dst[i] = uint32(binary.LittleEndian.Uint64(b[bit>>3:]) >> (bit & 7) & mask)
		bit += width
	}
	h.bit = bit
}
