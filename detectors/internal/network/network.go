// Package network tells what sort of place an address is: inside the network
// that is watched or outside, one machine or many.
package network

import (
	"encoding/binary"
	"net/netip"

	"github.com/gaissmai/bart"

	"seine/flow"
)

// A Kind is what an address is, as far as the address itself tells.
type Kind uint8

// The kinds. An address may be several; one that is none of Multicast to
// Unspecified is a machine.
const (
	Internal    Kind = 1 << iota // of the network that is watched
	Multicast                    // 224.0.0.0/4, ff00::/8
	Broadcast                    // 255.255.255.255, and .255 and .0 at the end of an internal IPv4 address
	LinkLocal                    // 169.254.0.0/16, fe80::/10
	Loopback                     // 127.0.0.0/8, ::1
	Unspecified                  // 0.0.0.0/8, ::
	Reserved                     // 240.0.0.0/4, 100::/64: nobody's
	Known                        // set once an address has been looked at, so that 0 means not yet
)

// Group are the kinds that stand for many machines, or for none.
const Group = Multicast | Broadcast | Unspecified | Loopback

// Internal reports whether the address belongs to the network.
func (k Kind) Internal() bool { return k&Internal != 0 }

// Machine reports whether the address can be that of one machine.
func (k Kind) Machine() bool { return k&(Group|Reserved) == 0 }

// External reports whether it is a machine elsewhere.
func (k Kind) External() bool { return k&(Internal|Group|Reserved|LinkLocal) == 0 }

// A Network knows which addresses are internal: those of RFC 1918, of RFC
// 4193 (ULA), of RFC 6598 (shared by carriers), link-local ones, and those it
// is told of.
type Network struct {
	extra bart.Lite
	any   bool
	tops  [256]Kind // of IPv4 addresses by their first byte; 0 where that does not tell
}

// New makes a Network of the private ranges and of extra ones.
func New(extra []netip.Prefix) *Network {
	n := &Network{any: len(extra) > 0}
	for top := range n.tops {
		switch top {
		case 100, 169, 172, 192, 255:
		default:
			n.tops[top] = n.Kind(flow.AddrFrom4(uint32(top)<<24 | 1))
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

// top is the kind of an IPv4 address whose first byte tells it, or 0: most of
// them, at less than it costs to look one up.
func (n *Network) top(a *flow.Addr) Kind {
	if !a.Is4() {
		return 0
	}
	v := a.Uint32()
	k := n.tops[v>>24]
	if k&Internal != 0 && uint8(v+1) <= 1 { // .255 and .0
		return 0
	}
	return k
}

// Kind tells what a is.
func (n *Network) Kind(a flow.Addr) Kind {
	k := Known
	if n.any && n.extra.Contains(a.Netip()) {
		k |= Internal
	}
	if !a.Is4() {
		return k | kind6(&a)
	}
	v := a.Uint32()
	switch {
	case v>>24 == 0:
		return k | Unspecified
	case v>>24 == 127:
		return k | Loopback
	case v>>16 == 169<<8|254:
		return k | LinkLocal | Internal
	case v>>28 == 0xe:
		return k | Multicast
	case v == 1<<32-1:
		return k | Broadcast
	case v>>28 == 0xf:
		return k | Reserved
	case v>>24 == 10, v>>20 == 0xac1, v>>16 == 0xc0a8, v>>22 == 100<<2|1:
		k |= Internal
	}
	if last := v & 0xff; k&Internal != 0 && (last == 255 || last == 0) {
		k |= Broadcast // in all but the rarest networks
	}
	return k
}

func kind6(a *flow.Addr) Kind {
	hi, lo := binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
	switch {
	case a.Is4In6():
		return 0
	case hi == 0 && lo == 0:
		return Unspecified
	case hi == 0 && lo == 1:
		return Loopback
	case a[0] == 0xff && a[1]&0xf != 0: // scope 0 is never on the wire, see flow.Addr
		return Multicast
	case hi>>54 == 0xfe80>>6:
		return LinkLocal | Internal
	case a[0]&0xfe == 0xfc:
		return Internal
	case hi == 0x0100<<48:
		return Reserved
	}
	return 0
}

// Kinds remembers the kinds of hosts.
type Kinds struct {
	network *Network
	kinds   []Kind
}

// Remember makes an empty memory for n.
func (n *Network) Remember() *Kinds { return &Kinds{network: n} }

// At is the kind of a host, whose address is a.
func (k *Kinds) At(h flow.Host, a flow.Addr) Kind {
	if v := k.network.top(&a); v != 0 {
		return v
	}
	return k.remembered(h, a)
}

func (k *Kinds) remembered(h flow.Host, a flow.Addr) Kind {
	if int(h) < len(k.kinds) {
		if v := k.kinds[h]; v != 0 {
			return v
		}
	} else {
		k.kinds = append(k.kinds, make([]Kind, int(h)+1-len(k.kinds)+len(k.kinds)/4)...)
	}
	v := k.network.Kind(a)
	k.kinds[h] = v
	return v
}

// Forget drops hosts whose numbers will be given to others.
func (k *Kinds) Forget(hs []flow.Host) {
	for _, h := range hs {
		if int(h) < len(k.kinds) {
			k.kinds[h] = 0
		}
	}
}
