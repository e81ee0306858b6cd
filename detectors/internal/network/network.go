// Package network tells what sort of place an address is: inside the network
// that is watched or outside, one machine or many.
package network

import (
	"encoding/binary"
	"net/netip"

	"github.com/gaissmai/bart"

	"seine/flow"
)

// A Network knows which addresses are internal: those of RFC 1918, of RFC
// 4193 (ULA), of RFC 6598 (shared by carriers), link-local ones, and those it
// is told of.
type Network struct {
	extra bart.Lite
	any   bool
	tops  [256]flow.AddrKind // of IPv4 addresses by their first byte; 0 where that does not tell
}

// New makes a Network of the private ranges and of extra ones.
func New(extra []netip.Prefix) *Network {
	n := &Network{any: len(extra) > 0}
	for top := range n.tops {
		switch top {
		case 100, 169, 172, 192, 255:
		default:
			n.tops[top] = n.examine(flow.AddrFrom4(uint32(top)<<24|1)) | told
		}
	}
	for _, p := range extra {
		p = p.Masked()
		n.extra.Insert(p)
		if p.Addr().Is4() {
			first := int(p.Addr().As4()[0])
			for top := first; top < first+1<<max(0, 8-p.Bits()); top++ {
				if top != 10 {
					n.tops[top] = 0
				}
			}
		}
	}
	return n
}

// told marks the kinds in tops, lest that of a machine elsewhere be 0.
const told flow.AddrKind = 1 << 7

// Kind tells what a is.
func (n *Network) Kind(a flow.Addr) flow.AddrKind {
	if a.Is4() {
		v := a.Uint32()
		k := n.tops[v>>24]
		if k != 0 && (uint8(v+1) > 1 || k&flow.AddrInternal == 0) { // .255 and .0 are several machines inside
			return k &^ told
		}
	}
	return n.examine(a)
}

// examine tells what a is by all of its bytes.
func (n *Network) examine(a flow.Addr) (k flow.AddrKind) {
	if n.any && n.extra.Contains(a.Netip()) {
		k |= flow.AddrInternal
	}
	if !a.Is4() {
		return k | kind6(&a)
	}
	v := a.Uint32()
	switch {
	case v>>24 == 0:
		return k | flow.AddrUnspecified
	case v>>24 == 127:
		return k | flow.AddrLoopback
	case v>>16 == 169<<8|254:
		return k | flow.AddrLinkLocal | flow.AddrInternal
	case v>>28 == 0xe:
		return k | flow.AddrMulticast
	case v == 1<<32-1:
		return k | flow.AddrBroadcast
	case v>>28 == 0xf:
		return k | flow.AddrReserved
	case v>>24 == 10, v>>20 == 0xac1, v>>16 == 0xc0a8, v>>22 == 100<<2|1:
		k |= flow.AddrInternal
	}
	if last := v & 0xff; k&flow.AddrInternal != 0 && (last == 255 || last == 0) {
		k |= flow.AddrBroadcast // in all but the rarest networks
	}
	return k
}

func kind6(a *flow.Addr) flow.AddrKind {
	hi, lo := binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
	switch {
	case a.Is4In6():
		return 0
	case hi == 0 && lo == 0:
		return flow.AddrUnspecified
	case hi == 0 && lo == 1:
		return flow.AddrLoopback
	case a[0] == 0xff && a[1]&0xf != 0: // scope 0 is never on the wire, see flow.Addr
		return flow.AddrMulticast
	case hi>>54 == 0xfe80>>6:
		return flow.AddrLinkLocal | flow.AddrInternal
	case a[0]&0xfe == 0xfc:
		return flow.AddrInternal
	case hi == 0x0100<<48:
		return flow.AddrReserved
	}
	return 0
}
