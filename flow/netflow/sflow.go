package netflow

import (
	"errors"
	"fmt"

	"seine/flow"
	"seine/flow/internal/packet"
)

// sflowHeader reads the header of an sFlow datagram and tells where its
// samples begin, and how many there are.
func sflowHeader(b []byte) (at int, samples uint32, err error) {
	if len(b) < 8 {
		return 0, 0, errShort
	}
	switch u32(b[4:]) {
	case 1:
		at = 12
	case 2:
		at = 24
	default:
		return 0, 0, errors.New("the agent's address is neither IPv4 nor IPv6")
	}
	at += 16 // sub-agent, sequence, uptime, number of samples
	if len(b) < at {
		return 0, 0, errShort
	}
	samples = u32(b[at-4:])
	if samples == 0 || samples > maxSize/8 {
		return 0, 0, fmt.Errorf("says that it has %d samples", samples)
	}
	return at, samples, nil
}

// sflow takes an sFlow datagram apart: a row for each packet that was sampled.
// sFlow tells no time of day, so there has to be that of the capture.
func (d *decoder) sflow(g *datagram) error {
	if !g.seen {
		return errNoClock
	}
	at, samples, err := sflowHeader(g.data)
	if err != nil {
		return err
	}
	b := g.data[at:]
	for range samples {
		if len(b) < 8 || uint64(u32(b[4:])) > uint64(len(b)-8) {
			return errShort
		}
		format, body := u32(b), b[8:8+u32(b[4:])]
		b = b[8+len(body):]
		switch format {
		case 1: // a flow sample
			err = d.sample(g, body, 8, 32)
		case 3: // an expanded one
			err = d.sample(g, body, 12, 44)
		case 2, 4:
			d.skip(&d.seen.counters)
		default:
			d.skip(&d.seen.foreign)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sample reads a flow sample, whose sampling rate stands at rateAt and whose
// records begin at recordsAt.
func (d *decoder) sample(g *datagram, b []byte, rateAt, recordsAt int) error {
	if len(b) < recordsAt {
		return errors.New("flow sample is cut short")
	}
	r := rate{uint64(max(u32(b[rateAt:]), 1)), 1}
	count := u32(b[recordsAt-4:])
	b = b[recordsAt:]
	var plain []byte // the record of addresses, for want of the packet itself
	var plainFormat uint32
	for ; count > 0 && len(b) >= 8; count-- {
		if uint64(u32(b[4:])) > uint64(len(b)-8) {
			return errors.New("record of a flow sample is cut short")
		}
		format, body := u32(b), b[8:8+u32(b[4:])]
		b = b[8+len(body):]
		switch format {
		case 1:
			return d.sampledHeader(g, body, r)
		case 3, 4:
			plainFormat, plain = format, body
		}
	}
	switch {
	case plainFormat == 3 && len(plain) >= 28:
		d.sampledIP(g, plain, 4, r)
	case plainFormat == 4 && len(plain) >= 52:
		d.sampledIP(g, plain, 16, r)
	default:
		d.skip(&d.seen.foreign)
	}
	return nil
}

// sampledHeader reads the first bytes of a packet.
func (d *decoder) sampledHeader(g *datagram, b []byte, by rate) error {
	if len(b) < 16 || uint64(u32(b[12:])) > uint64(len(b)-16) {
		return errors.New("sampled packet is cut short")
	}
	frame := b[16 : 16+u32(b[12:])]
	length := u32(b[4:])
	var link packet.Link
	switch u32(b) {
	case 1:
		link = packet.Ethernet
	case 11, 12:
		link = packet.RawIP
	default:
		d.skip(&d.seen.foreign)
		return nil
	}
	p := &d.packet
	if p.Decode(link, frame, int(min(length, packet.MaxPacket))) != nil {
		d.skip(&d.seen.foreign)
		return nil
	}
	r := d.sampled(g, by, uint64(length))
	r.Src, r.Dst, r.Proto = p.Src, p.Dst, p.Proto
	r.Has |= flow.HasProto
	if p.HasPorts {
		r.SrcPort, r.DstPort = p.SrcPort, p.DstPort
		r.Has |= flow.HasSrcPort | flow.HasDstPort
	}
	if p.HasFlags {
		r.SrcFlags = p.TCPFlags
		r.Has |= flow.HasFlags
	}
	if p.HasICMP {
		r.ICMPType, r.ICMPCode = p.ICMPType, p.ICMPCode
		r.Has |= flow.HasICMP
	}
	return nil
}

// sampledIP reads the addresses and ports of a packet, of which the agent did
// not send the bytes. size is that of an address.
func (d *decoder) sampledIP(g *datagram, b []byte, size int, by rate) {
	src, err1 := address(b[8 : 8+size])
	dst, err2 := address(b[8+size : 8+2*size])
	if err1 != nil || err2 != nil {
		d.skip(&d.seen.foreign)
		return
	}
	length, proto := u32(b), u32(b[4:])
	b = b[8+2*size:]
	r := d.sampled(g, by, uint64(length))
	r.Src, r.Dst = src, dst
	if proto < 255 {
		r.Proto = flow.Proto(proto)
		r.Has |= flow.HasProto
	}
	d.ports(r, uint64(u32(b)), uint64(u32(b[4:])))
	if r.Proto == flow.TCP {
		r.SrcFlags = flow.TCPFlags(u32(b[8:]))
		r.Has |= flow.HasFlags
	}
}

// sampled adds the row of a packet of so many bytes.
func (d *decoder) sampled(g *datagram, by rate, length uint64) *flow.Record {
	r := d.out.add()
	*r = flow.Record{Start: g.at, Proto: flow.ProtoUnknown, Has: flow.HasStart | flow.HasAddrs}
	d.count(r, by, length, &r.SrcBytes, flow.HasSrcBytes)
	d.count(r, by, 1, &r.SrcPkts, flow.HasSrcPkts)
	d.scaled(by)
	return r
}

// address makes an address of 4 or 16 bytes.
func address(b []byte) (flow.Addr, error) {
	if len(b) == 4 {
		return flow.AddrFrom4(u32(b)), nil
	}
	return flow.AddrFrom16([16]byte(b))
}
