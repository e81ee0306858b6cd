package columns

import (
	"fmt"

	"seine/flow"
	"seine/flow/internal/parse"
)

// Portless drops the ports of a row that has 0 for both, unless its protocol is
// known to have ports: it is what tools write for none.
func Portless(r *flow.Record) {
	const ports = flow.HasSrcPort | flow.HasDstPort
	if r.SrcPort|r.DstPort == 0 && r.Has&ports == ports && !r.Proto.Ported() {
		r.Has &^= ports
	}
}

// Settle puts right what several fields tell together: type and code of ICMP,
// ports of protocols that have none, and the state.
func Settle(r *flow.Record) {
	if r.Proto == flow.ICMP || r.Proto == flow.ICMPv6 {
		icmp(r)
	} else {
		Portless(r)
	}
	parse.Settle(r)
}

// icmp moves type and code out of the ports, where tables put them. Other
// numbers there, such as the bytes that Argus prints, are no ports either.
func icmp(r *flow.Record) {
	const ports = flow.HasSrcPort | flow.HasDstPort
	if r.Has&flow.HasICMP != 0 { // told elsewhere: what stands as ports is none
		r.SrcPort, r.DstPort = 0, 0
		r.Has &^= ports
		return
	}
	if r.Has&ports == 0 {
		return
	}
	typ, code, ok := uint8(0), uint8(0), true
	switch {
	case r.SrcPort == 0 && 0 < r.DstPort && r.DstPort < 256: // type.0, which was read as a number
		typ = uint8(r.DstPort)
	case r.SrcPort == 0 && r.DstPort > 0: // type*256+code, as NetFlow has it
		typ, code = uint8(r.DstPort>>8), uint8(r.DstPort)
	case r.SrcPort < 256 && r.DstPort < 256:
		typ, code = uint8(r.SrcPort), uint8(r.DstPort)
	default:
		ok = false
	}
	r.SrcPort, r.DstPort = 0, 0
	r.Has &^= ports
	if ok {
		r.ICMPType, r.ICMPCode = typ, code
		r.Has |= flow.HasICMP
	}
}

// NoteNegative tells how many rows had a duration below zero.
func NoteNegative(src *flow.Source, rows uint64) {
	if rows > 0 {
		src.Note(fmt.Sprintf("%d rows have a negative duration or end before they start: duration taken as 0", rows))
	}
}
