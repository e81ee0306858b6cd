package parse

import "seine/flow"

// Halves is the state of a TCP connection by the flags that each side sent,
// of a source that saw both directions. No flag at all stands for a side that
// sent nothing.
func Halves(src, dst flow.TCPFlags) flow.State {
	const open = flow.SYN | flow.ACK
	both := src & dst
	switch {
	case src == 0 && dst == 0:
		return flow.StateUnknown
	case dst == 0 && src&open == flow.SYN:
		return flow.StateAttempt
	case src == 0 || dst == 0:
		return flow.StatePartial
	case src&open == flow.SYN && dst&(flow.SYN|flow.RST) == flow.RST:
		return flow.StateRejected
	case both&flow.FIN != 0:
		return flow.StateClosed
	case src&flow.RST != 0:
		return flow.StateResetOrig
	case dst&flow.RST != 0:
		return flow.StateResetResp
	case both&flow.ACK == 0:
		if src&flow.SYN != 0 && dst&open == open {
			return flow.StateEstablished
		}
		return flow.StatePartial
	case (src|dst)&flow.FIN != 0:
		return flow.StateClosed
	}
	return flow.StateEstablished
}

// Argus is the state of a flow by the word that Argus has for it. pkts is the
// number of packets in both directions, 0 if not known; alone tells that the
// originator sent them all.
func Argus(word []byte, p flow.Proto, pkts uint64, alone bool) flow.State {
	if p == flow.ICMP || p == flow.ICMPv6 { // words for messages, not for connections
		switch string(word) {
		case "ECO":
			return flow.StateAttempt
		case "ECR":
			return flow.StateEstablished
		}
		return flow.StateUnknown
	}
	switch string(word) {
	case "CON", "EST", "ACC":
		return flow.StateEstablished
	case "REQ":
		return flow.StateAttempt
	case "INT":
		if p == flow.TCP || p == flow.UDP || p == flow.SCTP {
			return flow.StateAttempt
		}
		return flow.StateUnknown // multicast, routing: nobody is asked to answer
	case "CLO":
		return flow.StateClosed
	case "FIN":
		if pkts > 3 {
			return flow.StateClosed
		}
		return flow.StatePartial
	case "RST":
		switch {
		case pkts == 1 || pkts == 0:
			return flow.StatePartial // the reset of a flow that was not seen
		case pkts <= 3:
			return flow.StateRejected
		case alone:
			return flow.StateResetOrig
		}
		return flow.StateResetResp
	case "URP", "URH", "URN", "URF", "URS", "URHPRO", "URNPRO", "URFIL", "URO":
		return flow.StateRejected
	case "RSP", "TIM", "UNK", "PAR", "no", "-":
		return flow.StateUnknown
	}
	return State(word)
}
