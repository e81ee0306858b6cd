package eve

import "seine/flow"

// state judges a flow by Suricata's own state, its verdict, and what the two
// sides sent. Suricata's closed is a success unless the flags tell that the
// server refused: a refused connection ends closed too.
func state(word, action, tcp []byte, r *flow.Record) flow.State {
	if string(action) == "drop" || string(action) == "reject" {
		return flow.StateDenied
	}
	answered := r.Has&flow.HasDstPkts == 0 || r.DstPkts > 0
	if r.Proto == flow.TCP && r.Has&flow.HasFlags != 0 {
		src, dst := r.SrcFlags, r.DstFlags
		switch {
		// Nothing but a reset came back. Pushed data or a FIN shows that
		// the beginning was missed rather than refused.
		case answered && dst&flow.RST != 0 && dst&(flow.SYN|flow.PSH|flow.FIN) == 0:
			return flow.StateRejected
		case !answered && src&flow.SYN != 0 && src&flow.ACK == 0:
			return flow.StateAttempt
		case src&dst&flow.FIN != 0: // both sides were done before any reset
		case answered && src&flow.RST != 0:
			return flow.StateResetOrig
		case answered && dst&flow.RST != 0:
			return flow.StateResetResp
		}
	}
	switch string(tcp) {
	case "syn_sent":
		return flow.StateAttempt
	case "closed", "time_wait":
		return flow.StateClosed
	}
	switch string(word) {
	case "closed":
		return flow.StateClosed
	case "established":
		return flow.StateEstablished
	case "new":
		switch {
		case !answered:
			return flow.StateAttempt
		case r.Proto != flow.TCP && r.Has&flow.HasDstPkts != 0:
			return flow.StateEstablished
		}
		return flow.StatePartial // answered, but no handshake was seen to its end
	case "bypassed", "local_bypassed", "capture_bypassed":
		return flow.StatePartial
	}
	return flow.StateUnknown
}
