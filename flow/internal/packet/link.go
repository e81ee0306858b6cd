package packet

import (
	"encoding/binary"
	"fmt"
)

// A Link is a link type, as files number them.
type Link uint16

// The link types that are read.
const (
	null     Link = 0
	ethernet Link = 1
	ppp      Link = 9
	raw12    Link = 12 // what systems call raw IP by themselves, as some programs write it
	raw14    Link = 14
	pppHDLC  Link = 50
	pppoe    Link = 51
	raw      Link = 101
	ciscoHD  Link = 104
	loop     Link = 108
	cooked   Link = 113
	pflog    Link = 117
	ipv4     Link = 228
	ipv6     Link = 229
	cooked2  Link = 276
)

var linkNames = map[Link]string{
	null: "BSD loopback", ethernet: "Ethernet", ppp: "PPP", raw12: "raw IP", raw14: "raw IP",
	pppHDLC: "PPP in HDLC", pppoe: "PPPoE", raw: "raw IP", ciscoHD: "Cisco HDLC", loop: "OpenBSD loopback",
	cooked: "Linux cooked", pflog: "pflog", ipv4: "IPv4", ipv6: "IPv6", cooked2: "Linux cooked v2",
	105: "IEEE 802.11", 119: "Prism and IEEE 802.11", 127: "radiotap and IEEE 802.11", 163: "AVS and IEEE 802.11",
	6: "token ring", 10: "FDDI", 122: "IP over fibre channel", 187: "Bluetooth", 201: "Bluetooth",
	189: "USB", 220: "USB", 249: "USB", 195: "IEEE 802.15.4", 227: "CAN", 239: "nflog", 253: "netlink",
	252: "exported PDUs",
}

// Known reports whether the packets of l are read.
func (l Link) Known() bool {
	switch l {
	case null, ethernet, ppp, raw12, raw14, pppHDLC, pppoe, raw, ciscoHD, loop, cooked, pflog, ipv4, ipv6, cooked2:
		return true
	}
	return false
}

// String names l with its number.
func (l Link) String() string {
	if name, ok := linkNames[l]; ok {
		return fmt.Sprintf("%s (%d)", name, uint16(l))
	}
	return fmt.Sprintf("number %d", uint16(l))
}

// The EtherTypes that are followed. Those of IP stand for what a frame carries
// also where the link says it in another way.
const (
	EtherIPv4  = 0x0800
	EtherIPv6  = 0x86dd
	etherVLAN  = 0x8100 // IEEE 802.1Q
	etherQinQ  = 0x88a8 // IEEE 802.1ad
	etherQinQ2 = 0x9100 // as it was before
	etherQinQ3 = 0x9200
	etherPPPoE = 0x8864 // of a session
)

const errFrame = Damage("cut within the header of the link")

// decode takes the frame apart.
func (p *Packet) decode(l Link, b []byte) error {
	kind, at := uint16(0), 0
	switch l {
	case ethernet:
		if len(b) < 14 {
			return errFrame
		}
		kind, at = binary.BigEndian.Uint16(b[12:]), 14
	case cooked:
		if len(b) < 16 {
			return errFrame
		}
		kind, at = binary.BigEndian.Uint16(b[14:]), 16
	case cooked2:
		if len(b) < 20 {
			return errFrame
		}
		kind, at = binary.BigEndian.Uint16(b), 20
	case raw, raw12, raw14, ipv4, ipv6:
		if len(b) < 1 {
			return errFrame
		}
		switch b[0] >> 4 {
		case 4:
			kind = EtherIPv4
		case 6:
			kind = EtherIPv6
		}
	case null, loop:
		if len(b) < 4 {
			return errFrame
		}
		family := binary.BigEndian.Uint32(b)
		if family>>16 != 0 { // of a machine of the other byte order
			family = binary.LittleEndian.Uint32(b)
		}
		kind, at = ofFamily(family), 4
	case pflog:
		if len(b) < 2 {
			return errFrame
		}
		kind, at = ofFamily(uint32(b[1])), (int(b[0])+3)&^3
	case ppp, pppHDLC:
		if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
			at = 2
		}
		kind, at = ofPPP(b, at)
	case pppoe:
		kind, at = ofPPP(b, 6)
	case ciscoHD:
		if len(b) < 4 {
			return errFrame
		}
		kind, at = binary.BigEndian.Uint16(b[2:]), 4
	default:
		return ErrNotIP
	}
	for {
		switch kind {
		case EtherIPv4:
			p.EtherType = kind
			return p.ipv4(b, at)
		case EtherIPv6:
			p.EtherType = kind
			return p.ipv6(b, at)
		case etherVLAN, etherQinQ, etherQinQ2, etherQinQ3:
			if len(b) < at+4 {
				return errFrame
			}
			kind, at = binary.BigEndian.Uint16(b[at+2:]), at+4
		case etherPPPoE:
			kind, at = ofPPP(b, at+6)
		default:
			// A length: LLC, and with SNAP an EtherType after all.
			if kind <= 1500 && len(b) >= at+8 && string(b[at:at+6]) == "\xaa\xaa\x03\x00\x00\x00" {
				kind, at = binary.BigEndian.Uint16(b[at+6:]), at+8
				if kind > 1500 {
					continue
				}
			}
			p.EtherType = kind
			return ErrNotIP
		}
	}
}

// ofFamily is the EtherType of an address family. Systems have different
// numbers for IPv6.
func ofFamily(family uint32) uint16 {
	switch family {
	case 2:
		return EtherIPv4
	case 10, 23, 24, 28, 30:
		return EtherIPv6
	}
	return 0
}

// ofPPP is the EtherType of the protocol number of PPP at the place, which
// may be of one byte, and the place behind it.
func ofPPP(b []byte, at int) (kind uint16, behind int) {
	if len(b) < at+2 {
		return 0, at
	}
	n, behind := binary.BigEndian.Uint16(b[at:]), at+2
	if n>>8&1 != 0 { // the first byte is odd: it is all
		n, behind = n>>8, at+1
	}
	switch n {
	case 0x21:
		return EtherIPv4, behind
	case 0x57:
		return EtherIPv6, behind
	}
	return 0, behind
}
