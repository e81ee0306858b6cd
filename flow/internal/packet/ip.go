package packet

import (
	"encoding/binary"

	"seine/flow"
)

// ipv4 takes an IPv4 packet at b[at:] apart.
func (p *Packet) ipv4(b []byte, at int) error {
	if len(b) < at+20 {
		return Damage("cut within the IPv4 header")
	}
	ip := b[at:]
	if ip[0]>>4 != 4 {
		return Damage("said to be IPv4, and is not")
	}
	header := int(ip[0]&15) * 4
	total := int(binary.BigEndian.Uint16(ip[2:]))
	if total == 0 { // left to the network card, as it cuts large segments itself
		total = max(p.Length, p.CaptureLength) - at
	}
	if header < 20 || total < header {
		return Damage("the lengths in the IPv4 header cannot be")
	}
	p.Src.Set4(binary.BigEndian.Uint32(ip[12:]))
	p.Dst.Set4(binary.BigEndian.Uint32(ip[16:]))
	p.Proto = flow.Proto(ip[9])
	p.IPLength = uint64(total)
	fragment := binary.BigEndian.Uint16(ip[6:])
	if fragment&0x3fff != 0 {
		p.FragmentID = uint32(binary.BigEndian.Uint16(ip[4:]))
		p.FirstFragment, p.LaterFragment = fragment&0x1fff == 0, fragment&0x1fff != 0
	}
	return p.transport(ip[min(header, len(ip)):min(total, len(ip))], total-header)
}

// ipv6 takes an IPv6 packet at b[at:] apart.
func (p *Packet) ipv6(b []byte, at int) error {
	if len(b) < at+40 {
		return Damage("cut within the IPv6 header")
	}
	ip := b[at:]
	if ip[0]>>4 != 6 {
		return Damage("said to be IPv6, and is not")
	}
	length := int(binary.BigEndian.Uint16(ip[4:]))
	if length == 0 && ip[6] != 59 { // a jumbogram, or left to the network card
		length = max(max(p.Length, p.CaptureLength)-at-40, 0)
	}
	var err error
	if p.Src, err = flow.AddrFrom16([16]byte(ip[8:24])); err == nil {
		p.Dst, err = flow.AddrFrom16([16]byte(ip[24:40]))
	}
	if err != nil {
		return Damage("an address that RFC 4291 forbids")
	}
	p.IPLength = uint64(length) + 40
	body := ip[40:min(40+length, len(ip))]
	next := ip[6]
	for {
		size := 0
		switch next {
		case 0, 43, 60, 135, 139, 140: // hop by hop, routing, destination, mobility, HIP, Shim6
			if len(body) >= 2 {
				size = int(body[1])*8 + 8
			}
		case 51: // authentication
			if len(body) >= 2 {
				size = int(body[1])*4 + 8
			}
		case 44: // fragment
			if len(body) >= 8 {
				size = 8
				if f := binary.BigEndian.Uint16(body[2:]); f&0xfff9 != 0 { // else it is whole, RFC 6946
					p.FragmentID = binary.BigEndian.Uint32(body[4:])
					p.FirstFragment, p.LaterFragment = f&0xfff8 == 0, f&0xfff8 != 0
				}
			}
		default:
			p.Proto = flow.Proto(next)
			return p.transport(body, length)
		}
		if size == 0 || size > len(body) {
			return Damage("cut within the IPv6 extension headers")
		}
		next, body, length = body[0], body[size:], length-size
		if p.LaterFragment { // what follows is not a header
			p.Proto = flow.Proto(next)
			return p.transport(body, length)
		}
	}
}

// transport takes b apart, what was captured of length bytes behind the IP
// headers. What the capture cut off is left out.
func (p *Packet) transport(b []byte, length int) error {
	p.Payload, p.PayloadLength = b, max(length, 0)
	if p.LaterFragment {
		return nil
	}
	header := 0
	switch p.Proto {
	case flow.TCP:
		header = 20
		if p.ports(b) && len(b) >= 14 {
			p.HasFlags, p.TCPFlags = true, flow.TCPFlags(b[13])
			p.Sequence = binary.BigEndian.Uint32(b[4:])
			if header = int(b[12]>>4) * 4; header < 20 || header > length && !p.FirstFragment {
				return Damage("the lengths in the TCP header cannot be")
			}
		}
	case flow.UDP:
		header = 8
		p.ports(b)
		if len(b) >= 6 { // a shorter datagram than the packet has room for
			if n := int(binary.BigEndian.Uint16(b[4:])); n >= 8 && n < length {
				p.PayloadLength = n
				p.Payload = b[:min(n, len(b))]
			}
		}
	case flow.SCTP:
		header = 12
		p.ports(b)
	case flow.ICMP, flow.ICMPv6:
		header = 4
		if len(b) >= 2 {
			p.HasICMP, p.ICMPType, p.ICMPCode = true, b[0], b[1]
		}
		if len(b) >= 6 {
			p.ICMPID = binary.BigEndian.Uint16(b[4:])
		}
	}
	p.Payload = p.Payload[min(header, len(p.Payload)):]
	p.PayloadLength = max(p.PayloadLength-header, 0)
	return nil
}

// ports sets the ports.
func (p *Packet) ports(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	p.HasPorts, p.SrcPort, p.DstPort = true, binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	return true
}
