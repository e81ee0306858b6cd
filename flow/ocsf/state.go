package ocsf

import (
	"seine/flow"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/parse"
)

// The values of activity_id.
const (
	activityOpen    = 1
	activityClose   = 2
	activityReset   = 3
	activityFail    = 4
	activityRefuse  = 5
	activityTraffic = 6
	activityListen  = 7
)

var activityNames = [...]string{1: "open", 2: "close", 3: "reset", 4: "fail", 5: "refuse", 6: "traffic", 7: "listen"}

func (d *decoder) activity() int { return d.number(activityID) }

// ours reports whether this package wrote the event.
func (d *decoder) ours() bool { return d.scan.Kind(ownState) != jsonscan.Absent }

// oneWay reports whether the product logs each direction as an event: the
// flow logs of an Amazon VPC.
func (d *decoder) oneWay() bool {
	return string(d.text(productName)) == "Amazon VPC" && string(d.text(vendorName)) == "AWS"
}

// refused are the words for what a control did, other than those that parse
// knows, and the numbers of disposition_id: blocked, dropped, rejected,
// unauthorized; and reset, which a control did and not an endpoint.
func refused(word []byte, id int) bool {
	switch id {
	case 2, 6, 21, 25, 26:
		return true
	}
	s := parse.State(word)
	return s == flow.StateDenied || s == flow.StateRejected
}

// state judges by what a control did, then by the activity and the flags.
func (d *decoder) state(r *flow.Record) {
	if word := d.text(ownState); word != nil {
		if len(word) > 0 {
			r.State = parse.State(word)
			r.RawState = d.intern.Symbol(d.text(ownRawState))
			r.Has |= flow.HasState
		}
		return
	}
	word := d.text(disposition)
	denied := refused(word, d.number(dispositionID))
	if !denied {
		if a := d.text(action); d.number(actionID) == 2 || parse.State(a) == flow.StateDenied {
			word, denied = a, true
		}
	}
	for _, m := range [...]int{status, statusCode} {
		if s := d.text(m); !denied && parse.State(s) == flow.StateDenied {
			word, denied = s, true
		}
	}
	kind := d.activity()
	name := ""
	if kind > 0 && kind < len(activityNames) {
		name = activityNames[kind]
	}
	if denied {
		if len(word) == 0 {
			word = []byte("denied")
		}
		r.RawState, r.State = d.intern.Symbol(word), flow.StateDenied
		r.Has |= flow.HasState
		return
	}
	switch kind {
	case activityOpen:
		r.State = flow.StateEstablished
	case activityClose:
		r.State = flow.StateClosed
	case activityReset: // by whom is not told
		r.State = flow.StateResetResp
		parse.Settle(r)
	case activityFail:
		r.State = flow.StateAttempt
	case activityRefuse:
		r.State = flow.StateRejected
	case activityTraffic:
		r.State = byFlags(r)
	default:
		return
	}
	r.RawState = d.intern.Symbol([]byte(name))
	r.Has |= flow.HasState
}

// byFlags is the state of a flow of which no more is said than that there was
// traffic.
func byFlags(r *flow.Record) flow.State {
	switch f := r.SrcFlags; {
	case r.Has&flow.HasFlags == 0 || r.Proto != flow.TCP || f == 0:
		return flow.StateUnknown
	case r.DstFlags != 0:
		return parse.Halves(f, r.DstFlags)
	case f&flow.FIN != 0:
		return flow.StateClosed
	case f&(flow.SYN|flow.ACK) == flow.SYN|flow.ACK:
		return flow.StateEstablished
	}
	return flow.StatePartial
}

// flags takes the flags of an event that tells one direction. Those of both
// together do not tell who sent what.
func (d *decoder) flags(r *flow.Record) {
	v := d.number(tcpFlags)
	if v < 0 || r.Proto != flow.TCP || d.ours() {
		return
	}
	if r.Has&(flow.HasDstBytes|flow.HasDstPkts) != 0 || !d.oneWay() && r.Has&(flow.HasBytes|flow.HasPkts) == 0 {
		d.seen.union.Add(1)
		return
	}
	r.SrcFlags = flow.TCPFlags(v) // bits above the eighth hold no flag we know
	r.Has |= flow.HasFlags
}

// own takes what the writer put into unmapped.
func (d *decoder) own(r *flow.Record) {
	if s, t := d.number(ownSrcFlags), d.number(ownDstFlags); s >= 0 && s < 256 && t >= 0 && t < 256 {
		r.SrcFlags, r.DstFlags = flow.TCPFlags(s), flow.TCPFlags(t)
		r.Has |= flow.HasFlags
	}
	if t, c := d.number(ownICMPType), d.number(ownICMPCode); t >= 0 && t < 256 && c >= 0 && c < 256 {
		r.ICMPType, r.ICMPCode = uint8(t), uint8(c)
		r.Has |= flow.HasICMP
	}
	if d.scan.Kind(ownLabel) == jsonscan.String {
		r.Label = d.intern.Symbol(d.text(ownLabel))
		r.Has |= flow.HasLabel
	}
	d.count(ownSrcBytes, &r.SrcBytes, flow.HasSrcBytes, r)
	d.count(ownDstBytes, &r.DstBytes, flow.HasDstBytes, r)
	d.count(ownSrcPkts, &r.SrcPkts, flow.HasSrcPkts, r)
	d.count(ownDstPkts, &r.DstPkts, flow.HasDstPkts, r)
	if n := d.number(ownPieces); n > 0 && n < 256 {
		r.Pieces = uint8(n)
	}
	if word := d.text(ownOrient); word != nil {
		for o := flow.OrientSource; o <= flow.OrientGuess; o++ {
			if o.String() == string(word) {
				r.Orient = o
			}
		}
	}
}
