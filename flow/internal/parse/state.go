package parse

import "seine/flow"

// states are the words of connection states whose meaning does not depend on
// the rest of the row: those of the nine-column CSV, Zeek's conn_state,
// Argus, and firewall actions.
var states = map[string]flow.State{
	"new": flow.StateAttempt, "connecting": flow.StateAttempt, "established": flow.StateEstablished,
	"closing": flow.StateClosed, "closed": flow.StateClosed, "reset": flow.StateResetResp,
	"attempt": flow.StateAttempt, "rejected": flow.StateRejected, "partial": flow.StatePartial,
	"denied": flow.StateDenied, "reset_orig": flow.StateResetOrig, "reset_resp": flow.StateResetResp,

	"s0": flow.StateAttempt, "sh": flow.StateAttempt, "s1": flow.StateEstablished,
	"sf": flow.StateClosed, "s2": flow.StateClosed, "s3": flow.StateClosed,
	"rej": flow.StateRejected, "rstrh": flow.StateRejected, "rstos0": flow.StateRejected,
	"rsto": flow.StateResetOrig, "rstr": flow.StateResetResp,
	"oth": flow.StatePartial, "shr": flow.StatePartial,

	"req": flow.StateAttempt, "int": flow.StateAttempt, "con": flow.StateEstablished,
	"est": flow.StateEstablished, "fin": flow.StateClosed, "clo": flow.StateClosed,
	"urp": flow.StateRejected, "urh": flow.StateRejected, "rst": flow.StateResetResp,

	"drop": flow.StateDenied, "dropped": flow.StateDenied, "deny": flow.StateDenied,
	"reject": flow.StateDenied, "block": flow.StateDenied, "blocked": flow.StateDenied,
}

// State normalises a state word in any case; one that is not known is
// StateUnknown.
func State(word []byte) flow.State {
	if len(word) > 16 {
		return flow.StateUnknown
	}
	var low [16]byte
	for i, c := range word {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	return states[string(low[:len(word)])]
}

// Settle corrects the state of a record by what else the row says: a reset
// without an answer is a rejection.
func Settle(r *flow.Record) {
	if r.State == flow.StateResetResp && r.Proto == flow.TCP &&
		r.Has&flow.HasDstBytes != 0 && r.DstBytes == 0 {
		r.State = flow.StateRejected
	}
}
