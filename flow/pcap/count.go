package pcap

import (
	"encoding/binary"

	"seine/flow"
	"seine/flow/internal/packet"
)

// identify finds the key of the packet, and the side that sent it.
func (r *reader) identify() {
	p := &r.p
	kind, from, to := bare, uint16(0), uint16(0)
	switch {
	case p.LaterFragment:
		f, ok := r.pieces.find(p, r.clock.now)
		if ok {
			kind, from, to = f.kind, f.from, f.to
		} else {
			r.headless++
		}
	case p.HasPorts:
		kind, from, to = withPorts, p.SrcPort, p.DstPort
		if p.Proto == flow.TCP && !p.HasFlags {
			r.cut++
		}
	case p.HasICMP:
		kind, from, to = message, uint16(p.ICMPType), uint16(p.ICMPCode)
		if answer, ok := counterpart(p.Proto, p.ICMPType); ok {
			kind, to = question, uint16(answer)
		}
	case p.Proto == flow.TCP || p.Proto == flow.UDP || p.Proto == flow.SCTP || p.Proto == flow.ICMP || p.Proto == flow.ICMPv6:
		r.cut++
	}
	if p.FirstFragment {
		r.pieces.add(p, r.clock.now, kind, from, to)
	}
	r.key, r.side = keyOf(p, kind, from, to)
	r.hash = r.flows.hash(&r.key)
}

// count adds the packet to its flow c, or to a new one: if c is nil, or over
// with this packet.
func (r *reader) count(c *connection) {
	p := &r.p
	flags, isn := signals(p)
	syn := flags&(flow.SYN|flow.RST|flow.FIN) == flow.SYN
	if c != nil && syn && c.connected() && c.renewed(r.side, flags, isn) {
		r.flows.finish(c)
		c = nil
	}
	if c == nil {
		c = r.begin(flags)
	}
	s := &c.sides[r.side]
	s.bytes += p.IPLength
	s.pkts++
	s.flags |= flags
	c.first, c.last, c.seen = min(c.first, p.Time), max(c.last, p.Time), r.clock.now
	if c.connected() {
		if syn && !s.synced {
			s.synced, s.isn = true, isn
		}
		c.hasFlags = c.hasFlags || p.HasFlags
		if !p.LaterFragment {
			c.segment(r.side, flags)
		}
	}
	r.flows.touch(c, c.waitsFor())
}

// begin opens a flow with the packet.
func (r *reader) begin(flags flow.TCPFlags) *connection {
	p := &r.p
	c := r.flows.add(&r.key, r.hash)
	c.first, c.last, c.row = p.Time, p.Time, p.Number
	c.orig, c.orient = r.side, flow.OrientEarlier
	if c.connected() && flags&flow.SYN != 0 {
		c.orient = flow.OrientSYN
		if flags&flow.ACK != 0 {
			c.orig = 1 - r.side
		}
	}
	switch c.key.kind {
	case question:
		c.icmpType, c.icmpCode = uint8(c.key.ports[r.side]), p.ICMPCode
		c.asked = asks(p.Proto, c.icmpType)
	case message:
		c.icmpType, c.icmpCode = uint8(c.key.ports[0]), uint8(c.key.ports[1])
	}
	return c
}

// counterpart is the type of the message that answers, or asked for, one of
// type t.
func counterpart(p flow.Proto, t uint8) (uint8, bool) {
	if p == flow.ICMP {
		switch t {
		case 0, 8: // echo
			return 8 - t, true
		case 9: // router
			return 10, true
		case 10:
			return 9, true
		case 13, 15, 17: // timestamp, information, mask
			return t + 1, true
		case 14, 16, 18:
			return t - 1, true
		}
		return 0, false
	}
	switch t {
	case 128, 130, 133, 135, 139, 144: // echo, listeners, router, neighbour, information, home agent
		return t + 1, true
	case 129, 131, 134, 136, 140, 145:
		return t - 1, true
	}
	return 0, false
}

// asks reports whether a message of type t asks one host for an answer.
func asks(p flow.Proto, t uint8) bool {
	if p == flow.ICMP {
		return t == 8 || t == 13 || t == 15 || t == 17
	}
	return t == 128 || t == 139
}

// fragments remembers the ports of first fragments for those that follow.
// What does not fit is forgotten.
type fragments struct {
	entries [1024]fragment
}

type fragment struct {
	src, dst flow.Addr
	id       uint32
	proto    flow.Proto
	kind     uint8
	from, to uint16
	until    flow.Time // 0 where there is none
}

// patience is how long the fragments of a datagram may take.
const patience = 30 * flow.Second

func (f *fragments) place(p *packet.Packet) *fragment {
	h := binary.LittleEndian.Uint64(p.Src[8:])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(p.Dst[8:]) ^ uint64(p.FragmentID)<<8 ^ uint64(p.Proto)
	return &f.entries[h*0x9e3779b97f4a7c15>>54]
}

func (f *fragments) add(p *packet.Packet, now flow.Time, kind uint8, from, to uint16) {
	*f.place(p) = fragment{p.Src, p.Dst, p.FragmentID, p.Proto, kind, from, to, now.Add(patience)}
}

func (f *fragments) find(p *packet.Packet, now flow.Time) (*fragment, bool) {
	e := f.place(p)
	return e, e.until != 0 && e.until >= now && e.id == p.FragmentID && e.proto == p.Proto && e.src == p.Src && e.dst == p.Dst
}
