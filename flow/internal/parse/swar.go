package parse

import (
	"encoding/binary"
	"math/bits"

	"seine/flow"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
	lows7 = 0x7f7f7f7f7f7f7f7f
)

// nonDigits marks, with the top bit of each byte, the bytes of w that are no
// decimal digits.
func nonDigits(w uint64) uint64 {
	x := w ^ 0x3030303030303030 // digits become 0…9
	return ((x & lows7) + (0x7f-9)*ones | x) & highs
}

// gather packs the top bits of the eight bytes of m into eight bits.
func gather(m uint64) uint64 { return (m >> 7) * 0x0102040810204080 >> 56 }

// eight reads eight digits, the first in the lowest byte.
func eight(w uint64) uint64 {
	w = (w & 0x0f0f0f0f0f0f0f0f) * (10<<8 + 1) >> 8
	w = (w & 0x00ff00ff00ff00ff) * (100<<16 + 1) >> 16
	return (w & 0x0000ffff0000ffff) * (10000<<32 + 1) >> 32
}

// Digits reads the decimal number at the start of b, which must have eight
// readable bytes. It takes up to seven digits; n is how many there were, 0
// for none or more.
func Digits(b []byte) (v uint64, n int) {
	w := binary.LittleEndian.Uint64(b)
	n = bits.TrailingZeros64(nonDigits(w)) >> 3
	if n == 0 || n == 8 {
		return 0, 0
	}
	return eight(w << (64 - 8*uint(n))), n
}

// Room is how many bytes behind its start Quad may read, and the capacity that
// Addr asks of its text.
const Room = 20

// least is the smallest octet of so many digits without a leading zero, out
// of reach for none.
var least = [4]uint64{256, 0, 10, 100}

// quad is Quad for every machine. Two octets are worked on at a time, one in
// each half of a word.
func quad(b []byte) (v uint32, n int) {
	a := (*[Room]byte)(b)
	lo, hi := binary.LittleEndian.Uint64(a[:]), binary.LittleEndian.Uint64(a[8:])
	m := uint32(gather(nonDigits(lo)) | gather(nonDigits(hi))<<8)
	p1 := bits.TrailingZeros16(uint16(m))
	m &= m - 1
	p2 := bits.TrailingZeros16(uint16(m))
	m &= m - 1
	p3 := bits.TrailingZeros16(uint16(m))
	m &= m - 1
	p4 := bits.TrailingZeros16(uint16(m))
	if p4 > 15 || (a[p1&15]^'.')|(a[p2&15]^'.')|(a[p3&15]^'.') != 0 {
		return 0, 0
	}
	n2, n3, n4 := p2-p1-1, p3-p2-1, p4-p3-1
	// The digits of an octet, ones in the top byte.
	const digit = 0x0f0f0f0f_0f0f0f0f
	w1 := binary.LittleEndian.Uint32(a[:]) << (uint(-8*p1) & 31)
	w2 := binary.LittleEndian.Uint32(a[(p1+1)&15:]) << (uint(-8*n2) & 31)
	w3 := binary.LittleEndian.Uint32(a[(p2+1)&15:]) << (uint(-8*n3) & 31)
	w4 := binary.LittleEndian.Uint32(a[(p3+1)&15:]) << (uint(-8*n4) & 31)
	x := (uint64(w1) | uint64(w2)<<32) & digit
	y := (uint64(w3) | uint64(w4)<<32) & digit
	const half = 0x000000ff_000000ff
	x = x>>24&half + x>>16&half*10 + x>>8&half*100
	y = y>>24&half + y>>16&half*10 + y>>8&half*100
	const over = 0x80000000_80000000
	bad := (x|y)&^half |
		(x-least[p1&3]-least[n2&3]<<32)&over | (y-least[n3&3]-least[n4&3]<<32)&over |
		uint64(p1|n2|n3|n4)>>2
	if bad != 0 {
		return 0, 0
	}
	return uint32(x)<<24 | uint32(x>>32)<<16 | uint32(y)<<8 | uint32(y>>32), p4
}

// TailRoom is how many bytes behind its start ReadTail may read.
const TailRoom = 80

// A Tail is the end of a line of the nine columns.
type Tail struct {
	Src, Dst         uint32
	SrcPort, DstPort uint64 // not checked to be ports
	Up, Down         uint64
}

// Addr reads the address in the whole of text, whose capacity must be at
// least Room.
func Addr(text []byte) (flow.Addr, error) {
	if v, n := Quad(text[:Room]); n == len(text) && n > 0 {
		return flow.AddrFrom4(v), nil
	}
	if n := len(text); n > 0 && n < cap(text) {
		var a flow.Addr
		if IPv6(text[:n+1], &a) == n {
			return a, nil
		}
	}
	return flow.ParseAddr(text)
}
