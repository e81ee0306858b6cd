package main

import "seine/flow"

// complete invents what the nine columns of the trace do not have and some
// detectors need, in proportion to what they have: packets, durations from
// milliseconds to hours, and TCP flags.
func complete(r *flow.Record) {
	const frame = 1448
	r.SrcPkts, r.DstPkts = 1+r.SrcBytes/frame+r.DstBytes/frame/2, r.DstBytes/frame+r.SrcBytes/frame/2
	if r.DstBytes > 0 {
		r.DstPkts++
	}
	if r.Bytes() > 0 {
		mixed := (uint64(r.SrcPort)<<32 ^ r.SrcBytes<<16 ^ r.DstBytes) * 0x9e3779b97f4a7c15
		r.Duration = flow.Second / 1000 << (mixed >> 60) // up to half a minute
		r.Duration += r.Duration * flow.Time(mixed>>40&1023) / 1024
		if mixed>>20&511 == 0 {
			r.Duration *= 256 // hours, for one in so many
		}
	}
	r.Has |= flow.HasPkts | flow.HasDuration
	if r.Proto != flow.TCP {
		return
	}
	r.SrcFlags, r.Has = flow.SYN, r.Has|flow.HasFlags
	switch {
	case r.State == flow.StateRejected:
		r.DstFlags = flow.RST | flow.ACK
	case !r.State.Failed() && r.Bytes() > 0:
		r.SrcPkts, r.DstPkts = r.SrcPkts+3, r.DstPkts+2
		r.SrcFlags |= flow.ACK | flow.PSH | flow.FIN
		r.DstFlags = flow.SYN | flow.ACK | flow.PSH | flow.FIN
	}
}
