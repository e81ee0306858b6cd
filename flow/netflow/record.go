package netflow

import (
	"seine/flow"
	"seine/flow/internal/parse"
)

// The values of firewallEvent that are told apart.
const (
	eventCreated = 1
	eventDenied  = 3
	eventAlert   = 4
)

const (
	counters = 1<<octets | 1<<octetsTotal | 1<<octetsLayer2 | 1<<packets | 1<<packetsTotal | 1<<octetsPost | 1<<packetsPost |
		1<<octetsOrig | 1<<octetsResp | 1<<packetsOrig | 1<<packetsResp
	pairs = 1<<octetsReverse | 1<<packetsReverse | 1<<octetsResp | 1<<packetsResp
)

// record adds the flow that a data record tells of, if it tells of one.
func (d *decoder) record(dom *domain, v *values, h *header) {
	switch {
	case !v.any(1<<srcAddr4|1<<srcAddr6) || !v.any(1<<dstAddr4|1<<dstAddr6):
		d.skip(&d.seen.addressless)
		return
	case v.is(firewall) && (v.n[firewall] == eventCreated || v.n[firewall] == eventAlert):
		d.skip(&d.seen.events) // its end comes in another, and counts
		return
	case v.is(natEvent) && !v.is(firewall) && !v.any(counters):
		d.skip(&d.seen.events)
		return
	}
	r := d.out.add()
	r.Src, r.Dst, r.Proto = v.src, v.dst, flow.ProtoUnknown
	r.Has = flow.HasAddrs
	if v.is(proto) && v.n[proto] < 255 {
		r.Proto = flow.Proto(v.n[proto])
		r.Has |= flow.HasProto
	}
	d.times(r, v, h)
	d.ports(r, v.port(srcPort), v.port(dstPort))
	if icmp(r) {
		v.icmp(r)
	}
	by := v.rate()
	if !by.known() {
		id, named := v.first(samplerID, selectorID)
		by = dom.samplers.rate(id, named)
	}
	d.counters(r, v, by)
	d.scaled(by)
	d.flags(r, v)
	if v.is(biflow) && v.n[biflow] == 2 && v.any(pairs) {
		turn(r) // the source is who answered
	}
	d.state(r, v, by)
	if v.is(direction) && v.n[direction] < 2 {
		d.meter(r, 1<<v.n[direction])
	}
}

// metered is what an exporter that meters flows at ingress and at egress tells
// twice. (To some, the two halves of a connection are ingress and egress, so
// that both occur means nothing.)
type metered struct {
	src, dst     flow.Addr
	sport, dport uint16
	proto        flow.Proto
}

const maxMetered = 4096 // the first flows tell

func (d *decoder) meter(r *flow.Record, way uint8) {
	if d.seen.twice || len(d.metered) == maxMetered {
		return
	}
	key := metered{r.Src, r.Dst, r.SrcPort, r.DstPort, r.Proto}
	d.metered[key] |= way
	d.seen.twice = d.metered[key] == 3
}

const noPort = 1 << 32

// port is a port, or noPort.
func (v *values) port(e element) uint64 {
	if !v.is(e) {
		return noPort
	}
	return v.n[e]
}

func icmp(r *flow.Record) bool { return r.Proto == flow.ICMP || r.Proto == flow.ICMPv6 }

// ports stores the ports. Exporters write 0 for protocols that have none, and
// the type and code of ICMP for the destination's.
func (d *decoder) ports(r *flow.Record, src, dst uint64) {
	if icmp(r) {
		if dst <= 0xffff {
			r.ICMPType, r.ICMPCode = uint8(dst>>8), uint8(dst)
			r.Has |= flow.HasICMP
		}
		return
	}
	if src == 0 && dst == 0 && r.Has&flow.HasProto != 0 && r.Proto != flow.TCP && r.Proto != flow.UDP {
		return
	}
	if src <= 0xffff {
		r.SrcPort = uint16(src)
		r.Has |= flow.HasSrcPort
	}
	if dst <= 0xffff {
		r.DstPort = uint16(dst)
		r.Has |= flow.HasDstPort
	}
}

// icmp prefers the elements made for type and code to the port.
func (v *values) icmp(r *flow.Record) {
	switch {
	case v.is(icmpTypeCode) && (v.n[icmpTypeCode] != 0 || !v.is(dstPort)):
		r.ICMPType, r.ICMPCode = uint8(v.n[icmpTypeCode]>>8), uint8(v.n[icmpTypeCode])
	case v.is(icmpType) && v.is(icmpCode):
		r.ICMPType, r.ICMPCode = uint8(v.n[icmpType]), uint8(v.n[icmpCode])
	default:
		return
	}
	r.Has |= flow.HasICMP
}

func (d *decoder) counters(r *flow.Record, v *values, by rate) {
	if n, ok := v.first(octets, octetsOrig, octetsTotal, octetsLayer2, octetsPost); ok {
		d.count(r, by, n, &r.SrcBytes, flow.HasSrcBytes)
	}
	if n, ok := v.first(packets, packetsOrig, packetsTotal, packetsPost); ok {
		d.count(r, by, n, &r.SrcPkts, flow.HasSrcPkts)
	}
	if n, ok := v.first(octetsReverse, octetsResp); ok {
		d.count(r, by, n, &r.DstBytes, flow.HasDstBytes)
	}
	if n, ok := v.first(packetsReverse, packetsResp); ok {
		d.count(r, by, n, &r.DstPkts, flow.HasDstPkts)
	}
}

// flags stores the TCP flags; they may come in two bytes, whose upper holds
// none that we know (RFC 7125).
func (d *decoder) flags(r *flow.Record, v *values) {
	if r.Proto != flow.TCP || !v.any(1<<tcpFlags|1<<flagsFirst|1<<flagsRest) {
		return
	}
	either := func(es ...element) (f flow.TCPFlags) {
		for _, e := range es {
			if v.is(e) {
				f |= flow.TCPFlags(v.n[e])
			}
		}
		return f
	}
	r.SrcFlags = either(tcpFlags, flagsFirst, flagsRest)
	r.DstFlags = either(flagsReverse, flagsFirstReverse, flagsRestReverse)
	r.Has |= flow.HasFlags
}

// state tells how the connection stands as far as one record knows: that the
// exporter stopped it, or what became of it where both directions are told.
func (d *decoder) state(r *flow.Record, v *values, by rate) {
	switch {
	case v.is(firewall) && v.n[firewall] == eventDenied, v.is(forwarding) && v.n[forwarding]>>6&3 == 2:
		r.State, r.RawState = flow.StateDenied, d.denied
	case !v.any(pairs):
		return
	default:
		d.seen.paired++
		answered := r.DstPkts > 0 || r.DstBytes > 0
		switch {
		case r.Proto == flow.TCP && r.Has&flow.HasFlags != 0 && v.any(1<<flagsReverse|1<<flagsFirstReverse|1<<flagsRestReverse):
			r.State = parse.Halves(r.SrcFlags, r.DstFlags)
		case r.Proto != flow.TCP && r.Proto != flow.UDP && r.Proto != flow.SCTP:
		case answered:
			r.State = flow.StateEstablished
		case v.any(1<<packetsReverse | 1<<packetsResp | 1<<octetsReverse):
			r.State = flow.StateAttempt
		}
		if by.sampling() && (r.State == flow.StateAttempt || r.State == flow.StatePartial) {
			r.State = flow.StateUnknown // the answer may not have been sampled
		}
	}
	if r.State != flow.StateUnknown {
		r.Has |= flow.HasState
	}
}

// turn makes the destination the originator.
func turn(r *flow.Record) {
	r.Src, r.Dst = r.Dst, r.Src
	r.SrcPort, r.DstPort = r.DstPort, r.SrcPort
	r.SrcFlags, r.DstFlags = r.DstFlags, r.SrcFlags
	r.SrcBytes, r.DstBytes = r.DstBytes, r.SrcBytes
	r.SrcPkts, r.DstPkts = r.DstPkts, r.SrcPkts
	for _, pair := range [...][2]flow.Fields{
		{flow.HasSrcPort, flow.HasDstPort}, {flow.HasSrcBytes, flow.HasDstBytes}, {flow.HasSrcPkts, flow.HasDstPkts},
	} {
		both := pair[0] | pair[1]
		if has := r.Has & both; has != 0 && has != both {
			r.Has ^= both
		}
	}
}
