package ecs

import (
	"bytes"

	"seine/flow"
	"seine/flow/internal/parse"
)

// outcome takes Zeek's state, or a firewall's verdict, or what the flags of
// Arkime's packets tell; the schema has no state of its own.
func (d *decoder) outcome(r *flow.Record) {
	if word := d.text(state); len(word) > 0 {
		r.RawState, r.State = d.intern.Symbol(word), parse.State(word)
		r.Has |= flow.HasState
		return
	}
	if word := d.text(action); parse.State(word) == flow.StateDenied {
		r.RawState, r.State = d.intern.Symbol(word), flow.StateDenied
		r.Has |= flow.HasState
		return
	}
	if i, ok := d.find(kinds); ok && bytes.Contains(d.scan.Text(i), denied) {
		r.RawState, r.State = d.intern.Symbol(denied), flow.StateDenied
		r.Has |= flow.HasState
		return
	}
	d.handshake(r)
}

var denied = []byte("denied")

// handshake judges a session by how many of its packets had which flags.
// Arkime does not tell which side sent them, so nobody knows who sent a reset.
func (d *decoder) handshake(r *flow.Record) {
	if _, ok := d.find(syn); !ok || r.Proto != flow.TCP {
		return
	}
	asked, answered := d.number(syn) > 0, d.number(synAck) > 0
	ended, reset := d.number(fin) > 0, d.number(rst) > 0
	silent := r.Has&flow.HasDstPkts != 0 && r.DstPkts == 0
	raw := ""
	switch {
	case answered && ended:
		raw, r.State = "syn-ack fin", flow.StateClosed
	case answered && reset:
		raw, r.State = "syn-ack rst", flow.StateClosed
	case answered:
		raw, r.State = "syn-ack", flow.StateEstablished
	case asked && silent:
		raw, r.State = "syn", flow.StateAttempt
	case asked && reset:
		raw, r.State = "syn rst", flow.StateRejected
	default:
		raw, r.State = "no handshake", flow.StatePartial
	}
	r.RawState = d.intern.Symbol([]byte(raw))
	r.Has |= flow.HasState
}
