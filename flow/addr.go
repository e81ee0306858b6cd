package flow

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/fnv"
	"math/bits"
	"net/netip"
)

// An Addr is an IP address of 16 bytes that compares with ==. An IPv4
// address is held in its IPv4-mapped form (::ffff:a.b.c.d). An input that
// spells the IPv4-mapped form itself means another thing, so that spelling
// is moved to a range of its own inside ff00::/16, multicast of the reserved
// scope 0, which RFC 4291 forbids on the wire. Names that stand in for
// addresses ([NameAddr]) live there too.
type Addr [16]byte

const (
	v4Low     = 0x0000ffff // bytes 8..11 of an IPv4 address
	mappedTop = 0xff00

	nameTop   = 0xff006e // bytes 0..2 of a name that is held whole
	longTop   = 0xff006c // … of a longer one, of which the begin and a hash are held
	nameRoom  = 13
	nameBegin = 5
)

var (
	errNoAddr   = errors.New("not an IP address")
	errZone     = errors.New("address with a zone")
	errReserved = errors.New("reserved multicast address")
)

// AddrFrom4 makes the address of the big-endian number v.
func AddrFrom4(v uint32) (a Addr) {
	a.Set4(v)
	return a
}

// Set4 makes a the IPv4 address of the big-endian number v.
func (a *Addr) Set4(v uint32) {
	binary.LittleEndian.PutUint64(a[:8], 0)
	binary.LittleEndian.PutUint64(a[8:], 0xffff0000|uint64(bits.ReverseBytes32(v))<<32)
}

// AddrFrom16 makes an Addr of the 16 bytes of an IPv6 address as they stand:
// bytes in the IPv4-mapped range give the IPv4-mapped address, not IPv4.
func AddrFrom16(b [16]byte) (Addr, error) {
	a := Addr(b)
	if a.Is4() {
		a[0] = 0xff
		return a, nil
	}
	if a.Is4In6() || a.IsName() {
		return Addr{}, errReserved
	}
	return a, nil
}

// NameAddr makes an address of the name of a host that is put where an
// address belongs, as data sets do that hide addresses. Such an address is
// compared, counted and shown like any other, but lies in no prefix and is
// neither private nor public. A name consists of letters, digits, - and _,
// begins with a letter or digit, and has at least one character that is no
// digit; ok is false for anything else. Up to 13 bytes are held whole; a
// longer name is shown by its beginning and a hash, which gives the same
// address again.
func NameAddr(name []byte) (a Addr, ok bool) {
	if begin, hash, long := bytes.Cut(name, []byte("~")); long { // as appendName writes it
		_, err := hex.Decode(a[8:], hash[:min(len(hash), 16)])
		if err != nil || len(hash) != 16 || len(begin) != nameBegin || !isWord(begin) {
			return Addr{}, false
		}
		copy(a.top(longTop), begin)
		return a, true
	}
	switch {
	case !isWord(name) || len(bytes.Trim(name, "0123456789")) == 0 || len(name) > 255:
		return Addr{}, false
	case len(name) <= nameRoom:
		copy(a.top(nameTop), name)
		return a, true
	}
	copy(a.top(longTop), name[:nameBegin])
	h := fnv.New64a()
	h.Write(name)
	binary.BigEndian.PutUint64(a[8:], h.Sum64())
	return a, true
}

func isWord(b []byte) bool {
	for i, c := range b {
		switch {
		case c-'0' <= 9, c|0x20 >= 'a' && c|0x20 <= 'z':
		case (c == '_' || c == '-') && i > 0:
		default:
			return false
		}
	}
	return true
}

// top writes the first three bytes and returns the others.
func (a *Addr) top(v uint32) []byte {
	a[0], a[1], a[2] = byte(v>>16), byte(v>>8), byte(v)
	return a[3:]
}

// IsName reports whether a is the name of a host, see [NameAddr].
func (a *Addr) IsName() bool {
	v := binary.BigEndian.Uint32(a[:4]) >> 8
	return v == nameTop || v == longTop
}

// appendName appends the name that a stands for.
func (a *Addr) appendName(b []byte) []byte {
	if a[2] == nameTop&0xff {
		return append(b, bytes.TrimRight(a[3:], "\x00")...)
	}
	return hex.AppendEncode(append(append(b, a[3:3+nameBegin]...), '~'), a[8:])
}

// AddrFromNetip converts n, which must be valid and have no zone.
func AddrFromNetip(n netip.Addr) (Addr, error) {
	switch {
	case !n.IsValid():
		return Addr{}, errNoAddr
	case n.Zone() != "":
		return Addr{}, errZone
	case n.Is4():
		return Addr(n.As16()), nil
	}
	return AddrFrom16(n.As16())
}

// ParseAddr reads an address in any spelling that package net/netip takes,
// without a zone.
func ParseAddr(b []byte) (Addr, error) {
	if v, n, ok := parse4(b); ok && n == len(b) {
		return AddrFrom4(v), nil
	}
	if len(b) > 64 {
		return Addr{}, errNoAddr
	}
	n, err := netip.ParseAddr(string(b))
	if err != nil {
		return Addr{}, errNoAddr
	}
	return AddrFromNetip(n)
}

// parse4 reads a dotted quad from the start of b and tells its length.
func parse4(b []byte) (v uint32, n int, ok bool) {
	for octet := range 4 {
		if octet > 0 {
			if n >= len(b) || b[n] != '.' {
				return 0, 0, false
			}
			n++
		}
		first, x := n, uint32(0)
		for n < len(b) && n < first+3 && b[n]-'0' <= 9 {
			x = x*10 + uint32(b[n]-'0')
			n++
		}
		if n == first || x > 255 || (n > first+1 && b[first] == '0') {
			return 0, 0, false
		}
		v = v<<8 | x
	}
	return v, n, true
}

// Is4 reports whether a is an IPv4 address.
func (a *Addr) Is4() bool {
	return binary.LittleEndian.Uint64(a[:8]) == 0 && binary.BigEndian.Uint32(a[8:12]) == v4Low
}

// Is4In6 reports whether a was spelled as an IPv4-mapped IPv6 address.
func (a *Addr) Is4In6() bool {
	return binary.BigEndian.Uint64(a[:8]) == mappedTop<<48 && binary.BigEndian.Uint32(a[8:12]) == v4Low
}

// Uint32 is the number of an IPv4 address.
func (a *Addr) Uint32() uint32 { return binary.BigEndian.Uint32(a[12:]) }

// Netip converts a. A name gives the zero netip.Addr, which is not valid.
func (a Addr) Netip() netip.Addr {
	if a.Is4() {
		return netip.AddrFrom4([4]byte(a[12:]))
	}
	if a[0] == 0xff {
		if a.IsName() {
			return netip.Addr{}
		}
		if a.Is4In6() {
			a[0] = 0
		}
	}
	return netip.AddrFrom16(a)
}

// String writes a in its shortest form (RFC 5952), or the name that it
// stands for.
func (a Addr) String() string {
	if a.IsName() {
		return string(a.appendName(nil))
	}
	return a.Netip().String()
}

// AppendTo appends the text of a to b.
func (a Addr) AppendTo(b []byte) []byte {
	if a.IsName() {
		return a.appendName(b)
	}
	return a.Netip().AppendTo(b)
}

// Private reports whether a lies in 10/8, 172.16/12, 192.168/16 (RFC 1918)
// or fc00::/7 (RFC 4193).
func (a *Addr) Private() bool {
	if a.Is4() {
		v := a.Uint32()
		return v>>24 == 10 || v>>20 == 0xac1 || v>>16 == 0xc0a8
	}
	return a[0]&0xfe == 0xfc
}
