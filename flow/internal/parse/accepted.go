package parse

import "seine/flow"

// Accepted is the state of one direction of a connection that AWS logged as
// accepted, by the flags of that direction. What the other side did is in
// another record, so that nothing here is a failure.
func Accepted(f flow.TCPFlags) flow.State {
	switch {
	case f&flow.FIN != 0:
		return flow.StateClosed
	case f&(flow.SYN|flow.ACK) == flow.SYN|flow.ACK:
		return flow.StateEstablished
	}
	return flow.StatePartial
}
