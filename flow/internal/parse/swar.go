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

// Room is how many bytes behind its start Quad and Addr may read.
const Room = 20

// Quad reads the dotted quad at the start of b, which must have Room readable
// bytes. n is its length, 0 where the bytes are no quad in its usual spelling.
func Quad(b []byte) (v uint32, n int) {
	_ = b[Room-1]
	lo := binary.LittleEndian.Uint64(b)
	hi := binary.LittleEndian.Uint64(b[8:])
	m := gather(nonDigits(lo)) | gather(nonDigits(hi))<<8
	p1 := bits.TrailingZeros64(m)
	m &= m - 1
	p2 := bits.TrailingZeros64(m)
	m &= m - 1
	p3 := bits.TrailingZeros64(m)
	m &= m - 1
	p4 := bits.TrailingZeros64(m)
	if p4 > 15 || b[p1&15] != '.' || b[p2&15] != '.' || b[p3&15] != '.' {
		return 0, 0
	}
	o1, bad1 := octet(b, 0, p1)
	o2, bad2 := octet(b, p1+1, p2-p1-1)
	o3, bad3 := octet(b, p2+1, p3-p2-1)
	o4, bad4 := octet(b, p3+1, p4-p3-1)
	if bad1|bad2|bad3|bad4 != 0 {
		return 0, 0
	}
	return o1<<24 | o2<<16 | o3<<8 | o4, p4
}

// least is the smallest number of so many digits without a leading zero.
var least = [4]uint32{1, 0, 10, 100}

// octet reads n digits at b[i]. bad is not zero where they are no octet as it
// is usually spelled: too many, too large, a leading zero.
func octet(b []byte, i, n int) (v, bad uint32) {
	w := binary.LittleEndian.Uint32(b[i:]) << (32 - 8*uint(n&3)) // ones in the top byte
	v = w>>24&15 + w>>16&15*10 + w>>8&15*100
	return v, uint32(n)>>2 | (255-v)>>31 | (v-least[n&3])>>31
}

// Addr reads the address in the whole of text, whose capacity must be at
// least Room.
func Addr(text []byte) (flow.Addr, error) {
	if v, n := Quad(text[:Room]); n == len(text) && n > 0 {
		return flow.AddrFrom4(v), nil
	}
	return flow.ParseAddr(text)
}
