package nfcapd

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// A packed record is what the tests put into a file of their own making, in
// layout 2, without compression.
type packed struct {
	first, last    time.Time
	proto, flags   uint8
	src, dst       string // address and port
	icmp           uint16 // type and code, in place of the ports
	pkts, bytes    uint64
	outPkts, outBy uint64
	flows          uint64
}

// element is a part of a record: its number, its length, and what it holds.
func element(b []byte, id uint16, content []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, id)
	b = binary.LittleEndian.AppendUint16(b, uint16(4+len(content)))
	return append(b, content...)
}

func record(p packed) []byte {
	le := binary.LittleEndian
	src, dst := netip.MustParseAddrPort(p.src), netip.MustParseAddrPort(p.dst)
	var g []byte
	for _, v := range []uint64{uint64(p.first.UnixMilli()), uint64(p.last.UnixMilli()), 0, p.pkts, p.bytes} {
		g = le.AppendUint64(g, v)
	}
	if p.icmp != 0 {
		g = append(g, 0, 0, byte(p.icmp), byte(p.icmp>>8))
	} else {
		g = le.AppendUint16(g, src.Port())
		g = le.AppendUint16(g, dst.Port())
	}
	g = append(g, p.proto, p.flags, 0, 0)
	body, n := element(nil, 1, g), uint16(2)
	reverse := func(a netip.Addr) (out []byte) { // words in the machine's order
		b := a.AsSlice()
		for len(b) > 0 {
			w := min(8, len(b))
			for i := w - 1; i >= 0; i-- {
				out = append(out, b[i])
			}
			b = b[w:]
		}
		return out
	}
	id := uint16(2)
	if src.Addr().Is6() {
		id = 3
	}
	body = element(body, id, append(reverse(src.Addr()), reverse(dst.Addr())...))
	if p.outPkts > 0 || p.flows > 0 {
		var c []byte
		for _, v := range []uint64{p.flows, p.outPkts, p.outBy} {
			c = le.AppendUint64(c, v)
		}
		body, n = element(body, 5, c), n+1
	}
	head := le.AppendUint16(nil, 11)
	head = le.AppendUint16(head, uint16(12+len(body)))
	head = le.AppendUint16(head, n)
	return append(append(head, 0, 0, 1, 0, 0, 0), body...)
}

// capfile is a file of these records.
func capfile(records ...packed) []byte {
	le := binary.LittleEndian
	var block []byte
	for _, p := range records {
		block = append(block, record(p)...)
	}
	f := le.AppendUint16(nil, magic)
	f = le.AppendUint16(f, 2)
	f = le.AppendUint32(f, 0x01070100)
	f = le.AppendUint64(f, 1767225600)
	f = append(f, 0, 0, 0, 0, 0, 0, 0, 0)
	f = le.AppendUint64(f, 0)
	f = le.AppendUint32(f, 0)
	f = le.AppendUint32(f, 1)
	f = le.AppendUint32(f, uint32(len(records)))
	f = le.AppendUint32(f, uint32(len(block)))
	f = append(f, 3, 0, 0, 0)
	return append(f, block...)
}
