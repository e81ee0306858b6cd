package main

import (
	"encoding/binary"
	"net/netip"

	"seine/flow"
)

// Bytes as they go over the wire, big end first.

func b16(vs ...uint16) (b []byte) {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

func b32(vs ...uint32) (b []byte) {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func b64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func cat(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// snap is how much of each packet is captured: all headers.
const snap = etherHeader + 40 + 20

// A frame is a packet as a wire carries it, cut after its headers.
type frame struct {
	at     int64
	head   []byte
	length int
}

// frames are the packets of the trace. A SYN that is sent again has the same
// sequence number, all else goes on from there.
func frames(t trace) []frame {
	next := map[*conn]*[2]uint32{}
	var all []frame
	for _, s := range t.packets() {
		seq := next[s.conn]
		if seq == nil {
			seq = &[2]uint32{uint32(s.at) * 7, uint32(s.at) * 13}
			next[s.conn] = seq
		}
		src, dst, sport, dport, side := s.src, s.dst, s.sport, s.dport, 0
		if s.back {
			src, dst, sport, dport, side = dst, src, dport, sport, 1
		}
		var inner []byte
		switch {
		case s.proto == flow.TCP:
			number, acked := seq[side], uint32(0)
			if s.flags&flow.ACK != 0 {
				acked = seq[1-side]
				if s.back && s.flags == flow.RST|flow.ACK && s.number == 1 {
					acked++
				}
			}
			inner = cat(b16(sport, dport), b32(number, acked), []byte{5 << 4, uint8(s.flags)}, b16(64240, 0, 0))
			if s.flags&flow.SYN != 0 && s.flags&flow.ACK == 0 {
				// The one that follows a SYN without an answer is the same SYN again.
				if n := s.number + 1; n < len(s.conn.packets) && s.conn.packets[n].back {
					seq[side]++
				}
			} else {
				if s.flags&(flow.SYN|flow.FIN) != 0 {
					seq[side]++
				}
				seq[side] += uint32(s.payload)
			}
		case isICMP(s.proto):
			typ := s.conn.packets[0].typ
			if s.back {
				typ = 0
			}
			inner = cat([]byte{typ, 0}, b16(0, 77, 1))
		default:
			inner = cat(b16(sport, dport, uint16(8+s.payload), 0))
		}
		all = append(all, frame{s.at, cat(ethernet(src), ipHeader(src, dst, uint8(s.proto), s.ip), inner), s.ip + etherHeader})
	}
	return all
}

func ethernet(src netip.Addr) []byte {
	typ := uint16(0x0800)
	if src.Is6() {
		typ = 0x86dd
	}
	return cat([]byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1}, b16(typ))
}

// ipHeader is that of a packet of the given length.
func ipHeader(src, dst netip.Addr, proto uint8, length int) []byte {
	if src.Is6() {
		return cat(b32(6<<28), b16(uint16(length-40)), []byte{proto, 64}, src.AsSlice(), dst.AsSlice())
	}
	h := cat([]byte{0x45, 0}, b16(uint16(length), 1, 0x4000), []byte{64, proto}, b16(0), src.AsSlice(), dst.AsSlice())
	sum := uint32(0)
	for i := 0; i < len(h); i += 2 {
		sum += uint32(h[i])<<8 | uint32(h[i+1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(h[10:], ^uint16(sum))
	return h
}

// pcapOf makes a pcap file with times in microseconds.
func pcapOf(all []frame) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)
	for _, f := range all {
		b = le.AppendUint32(b, uint32(f.at/1000))
		b = le.AppendUint32(b, uint32(f.at%1000*1000))
		b = le.AppendUint32(b, uint32(len(f.head)))
		b = le.AppendUint32(b, uint32(f.length))
		b = append(b, f.head...)
	}
	return b
}

func pcap(t trace) []byte { return pcapOf(frames(t)) }

// pcapng has one section, one interface, and times in microseconds.
func pcapng(t trace) []byte {
	le := binary.LittleEndian
	block := func(b []byte, typ uint32, body []byte) []byte {
		body = append(body, make([]byte, -len(body)&3)...)
		b = le.AppendUint32(b, typ)
		b = le.AppendUint32(b, uint32(len(body)+12))
		b = append(b, body...)
		return le.AppendUint32(b, uint32(len(body)+12))
	}
	section := le.AppendUint32(nil, 0x1a2b3c4d)
	section = append(section, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255)
	b := block(nil, 0x0a0d0d0a, section)
	b = block(b, 1, append([]byte{1, 0, 0, 0}, le.AppendUint32(nil, snap)...))
	for _, f := range frames(t) {
		us := uint64(f.at) * 1000
		body := le.AppendUint32(nil, 0)
		body = le.AppendUint32(body, uint32(us>>32))
		body = le.AppendUint32(body, uint32(us))
		body = le.AppendUint32(body, uint32(len(f.head)))
		body = le.AppendUint32(body, uint32(f.length))
		b = block(b, 6, append(body, f.head...))
	}
	return b
}
