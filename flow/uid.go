package flow

import (
	"encoding/hex"
	"hash/fnv"
	"math/bits"
)

// A UID is the identifier that the producer gave to a flow (Zeek's uid,
// Suricata's flow_id …), in 16 bytes without pointers. Texts of up to 15
// bytes, and of up to 20 letters and digits, are kept whole; of a longer one
// a 60-bit hash is kept, which String shows behind a "~".
type UID [16]byte

// The last byte tells the kind: 0 none, 1…15 the length of a raw text,
// packed+n a text of n base-62 digits, hashed the hash of a longer text.
const (
	packed = 0x40
	hashed = 0x80
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

var base62Digit = func() (t [256]uint8) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range len(base62) {
		t[base62[i]] = uint8(i)
	}
	return t
}()

// MakeUID packs text. What String wrote of a hash gives the same UID again.
func MakeUID(text []byte) (u UID) {
	if len(text) <= 15 {
		copy(u[:15], text)
		u[15] = uint8(len(text))
		return u
	}
	if len(text) <= 20 && u.pack(text) {
		return u
	}
	if len(text) == 16 && text[0] == '~' && isHex(text[1:]) {
		copy(u[:15], text[1:])
		u[15] = hashed
		return u
	}
	h := fnv.New64a()
	h.Write(text)
	s := h.Sum64()
	copy(u[:15], hex.EncodeToString([]byte{
		byte(s >> 56), byte(s >> 48), byte(s >> 40), byte(s >> 32),
		byte(s >> 24), byte(s >> 16), byte(s >> 8), byte(s),
	})[:15])
	u[15] = hashed
	return u
}

func isHex(text []byte) bool {
	for _, c := range text {
		if c-'0' > 9 && c-'a' > 5 {
			return false
		}
	}
	return true
}

// number62 reads up to ten digits in base 62.
func number62(text []byte) (v uint64, ok bool) {
	bad := uint8(0)
	for ; len(text) > 1; text = text[2:] { // by two: multiplications wait for each other
		d, e := base62Digit[text[0]], base62Digit[text[1]]
		bad |= d | e
		v = v*(62*62) + uint64(d)*62 + uint64(e)
	}
	if len(text) > 0 {
		d := base62Digit[text[0]]
		bad |= d
		v = v*62 + uint64(d)
	}
	return v, bad != 0xff
}

// pack writes text, of 16 to 20 bytes, as a number in base 62: 20 digits take
// under 120 bits.
func (u *UID) pack(text []byte) bool {
	// Ten digits fit a word, so that only one multiplication needs two.
	first, ok1 := number62(text[:len(text)-10])
	second, ok2 := number62(text[len(text)-10:])
	if !ok1 || !ok2 {
		return false
	}
	hi, lo := bits.Mul64(first, 62*62*62*62*62*62*62*62*62*62)
	lo, carry := bits.Add64(lo, second, 0)
	hi += carry
	for i := range 8 {
		u[i] = byte(lo >> (8 * i))
	}
	for i := range 7 {
		u[8+i] = byte(hi >> (8 * i))
	}
	u[15] = packed + uint8(len(text))
	return true
}

// String gives the text back.
func (u UID) String() string { return string(u.AppendTo(nil)) }

// AppendTo appends the text of u to b.
func (u UID) AppendTo(b []byte) []byte {
	switch k := u[15]; {
	case k == hashed:
		return append(append(b, '~'), u[:15]...)
	case k < packed:
		return append(b, u[:min(k, 15)]...)
	default:
		var hi, lo uint64
		for i := range 8 {
			lo |= uint64(u[i]) << (8 * i)
		}
		for i := range 7 {
			hi |= uint64(u[8+i]) << (8 * i)
		}
		var digits [20]byte
		n := min(k-packed, 20)
		for i := int(n) - 1; i >= 0; i-- {
			var r uint64
			hi, r = hi/62, hi%62
			lo, r = bits.Div64(r, lo, 62)
			digits[i] = base62[r]
		}
		return append(b, digits[:n]...)
	}
}
