package ocsf

import "seine/flow"

// strip takes fields out of a record: what a record is not said to have is
// zero.
func strip(r *flow.Record, fields flow.Fields) {
	r.Has &^= fields
	for bit := flow.HasProto; bit <= flow.HasUID; bit <<= 1 {
		if fields&bit == 0 {
			continue
		}
		switch bit {
		case flow.HasProto:
			r.Proto = flow.ProtoUnknown
		case flow.HasDuration:
			r.Duration = 0
		case flow.HasSrcPort:
			r.SrcPort = 0
		case flow.HasDstPort:
			r.DstPort = 0
		case flow.HasSrcBytes:
			r.SrcBytes = 0
		case flow.HasDstBytes:
			r.DstBytes = 0
		case flow.HasSrcPkts:
			r.SrcPkts = 0
		case flow.HasDstPkts:
			r.DstPkts = 0
		case flow.HasState:
			r.State, r.RawState = flow.StateUnknown, 0
		case flow.HasFlags:
			r.SrcFlags, r.DstFlags = 0, 0
		case flow.HasICMP:
			r.ICMPType, r.ICMPCode = 0, 0
		case flow.HasService:
			r.Service = 0
		case flow.HasLabel:
			r.Label = 0
		case flow.HasUID:
			r.UID = flow.UID{}
		}
	}
}
