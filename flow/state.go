package flow

// State is how a connection ended or stands, the same whatever the format
// called it.
type State uint8

// The normalised states.
const (
	StateUnknown     State = iota
	StateAttempt           // no answer seen
	StateRejected          // answered by a reset or an unreachable
	StateEstablished       // open
	StateClosed            // ended normally
	StateResetOrig         // aborted by the originator
	StateResetResp         // aborted by the responder
	StatePartial           // seen from the middle, or one half only
	StateDenied            // stopped by a firewall
	stateCount
)

var stateNames = [stateCount]string{
	"unknown", "attempt", "rejected", "established", "closed",
	"reset_orig", "reset_resp", "partial", "denied",
}

// String names the state.
func (s State) String() string {
	if s >= stateCount {
		return "unknown"
	}
	return stateNames[s]
}

// Failed reports whether the connection certainly did not come about.
func (s State) Failed() bool {
	return s == StateAttempt || s == StateRejected || s == StateDenied
}
