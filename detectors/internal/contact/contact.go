// Package contact judges what came of a flow: whether the other side answered,
// and whether the record shows the flow in the direction in which it went. The
// survey of each row is made of it.
package contact

import "seine/flow"

// Of judges a flow. The state decides; where the format has none, what came
// back does. A flow seen from the middle (Zeek's OTH and SHR, states without
// SYN) tells nothing, since counting it as a failure makes scanners of busy
// machines.
func Of(r *flow.Record) flow.Outcome {
	if r.Proto == flow.ICMP || r.Proto == flow.ICMPv6 {
		return echo(r)
	}
	switch r.State {
	case flow.StateResetOrig, flow.StateResetResp:
		if loneReset(r) {
			return flow.Refused
		}
		return flow.Answered
	case flow.StateEstablished, flow.StateClosed:
		return flow.Answered
	case flow.StateRejected:
		return flow.Refused
	case flow.StateAttempt, flow.StateDenied:
		return flow.Silent
	case flow.StatePartial:
		return flow.OutcomeUnknown
	}
	switch {
	case r.Proto == flow.TCP:
		if r.Has&flow.HasDstPkts != 0 && r.DstPkts > 2 {
			return flow.Answered
		}
		return flow.OutcomeUnknown
	case r.Has&flow.HasDstPkts != 0:
		if r.DstPkts > 0 {
			return flow.Answered
		}
		return flow.Silent
	case r.Has&flow.HasDstBytes != 0 && r.DstBytes > 0:
		return flow.Answered
	}
	return flow.OutcomeUnknown
}

// loneReset reports whether what came back is a reset and nothing else, as far
// as sizes tell: some formats call every connection with a reset by one name.
// A TCP segment without data has 40 to 60 bytes with its headers; what was sent
// is no more than a SYN and two more of the same.
func loneReset(r *flow.Record) bool {
	const bytes = flow.HasSrcBytes | flow.HasDstBytes
	if r.Proto != flow.TCP || r.Has&bytes != bytes || r.Has&flow.HasDstPkts != 0 && r.DstPkts > 1 {
		return false
	}
	return r.DstBytes >= 40 && r.DstBytes <= 60 && r.SrcBytes >= 40 && r.SrcBytes <= 3*64
}

// echo judges ICMP, which has requests and replies of its own. Messages that
// ask for nothing, as "unreachable", are no attempts.
func echo(r *flow.Record) flow.Outcome {
	if !Request(r) {
		return flow.OutcomeUnknown
	}
	switch {
	case r.Has&flow.HasDstPkts != 0 && r.DstPkts > 0, r.Has&flow.HasDstBytes != 0 && r.DstBytes > 0:
		return flow.Answered
	case r.State == flow.StateRejected:
		return flow.Refused
	case r.Has&(flow.HasDstPkts|flow.HasDstBytes) != 0, r.State == flow.StateAttempt, r.State == flow.StateDenied:
		return flow.Silent
	}
	return flow.OutcomeUnknown
}

// Request reports whether an ICMP flow asks for something: echo, timestamp,
// information or address mask (RFC 792, RFC 950), or echo of ICMPv6 (RFC 4443).
// Without a type it is taken for an echo request.
func Request(r *flow.Record) bool {
	if r.Has&flow.HasICMP == 0 {
		return true
	}
	if r.Proto == flow.ICMPv6 {
		return r.ICMPType == 128
	}
	switch r.ICMPType {
	case 8, 13, 15, 17:
		return true
	}
	return false
}

// Reply reports whether a record looks like the answering half of a flow that
// began the other way: from the port of a service to a port that no service
// has, without a sign that its source began it. Scanners that choose the port
// of a service as their own, and aim at high ports, look alike.
func Reply(r *flow.Record) bool {
	const ports = flow.HasSrcPort | flow.HasDstPort
	if r.DstPort < 1024 || r.Has&ports != ports || !flow.ServicePort(r.Proto, r.SrcPort) || flow.ServicePort(r.Proto, r.DstPort) {
		return false
	}
	switch {
	case r.Proto == flow.TCP && r.Has&flow.HasFlags != 0:
		// A SYN of its own makes it the originator, one with an ACK the other.
		return r.SrcFlags&flow.SYN == 0 || r.SrcFlags&flow.ACK != 0 && r.DstFlags&flow.SYN == 0
	case r.Proto == flow.TCP:
		return r.State == flow.StatePartial || r.State == flow.StateUnknown
	}
	return true
}

// Backscatter reports whether a TCP flow is the answer to packets that
// somebody else sent under the address of its destination: a SYN with an ACK,
// or a reset, and nothing before it.
func Backscatter(r *flow.Record) bool {
	if r.Proto != flow.TCP || r.Has&flow.HasFlags == 0 || r.DstFlags&flow.SYN != 0 {
		return false
	}
	f := r.SrcFlags &^ (flow.PSH | flow.URG | flow.ECE | flow.CWR)
	return f == flow.SYN|flow.ACK || f == flow.RST || f == flow.RST|flow.ACK
}

// Served reports whether a flow is one of a service that answered, its server
// known: both sides sent something beyond opening and closing, and who began
// is no guess. The row must have been surveyed.
func Served(r *flow.Record) bool {
	if r.Outcome != flow.Answered || r.Orient >= flow.OrientPopularity || r.Reply {
		return false
	}
	if r.Proto == flow.UDP && r.Has&flow.HasSrcPort != 0 && r.SrcPort < 1024 && r.DstPort >= 1024 {
		return false // an answer to a port that only looks like that of a service
	}
	if r.Has&flow.HasBytes == flow.HasBytes && (r.SrcBytes == 0 || r.DstBytes == 0) {
		return false
	}
	// Opening and closing a TCP connection takes up to three packets of the
	// server, of 60 bytes at most each where headers count.
	return r.Proto != flow.TCP || r.Has&flow.HasPkts != flow.HasPkts ||
		r.SrcPkts >= 3 && (r.DstPkts >= 4 || r.DstBytes/60 > r.DstPkts)
}
