package trace

import (
	"net/netip"
	"strconv"
)

// A Flow is one row of a trace.
type Flow struct {
	Time               int64 // microseconds since 1970, UTC
	Proto              Proto
	State              State
	Src, Dst           netip.Addr
	SrcPort, DstPort   uint16
	SrcBytes, DstBytes uint64
}

// Proto is the protocol of a flow.
type Proto uint8

// The protocols that occur in a trace.
const (
	TCP Proto = iota
	UDP
	ICMP
)

var protoNames = [...]string{"tcp", "udp", "icmp"}

// String is the name as it stands in the trace.
func (p Proto) String() string { return protoNames[p] }

// State is how a flow stands, in the words of the nine-column format.
type State uint8

// The states that occur in a trace.
const (
	Fresh State = iota // "new"
	Connecting
	Established
	Closing
	Closed
	Reset
)

var stateNames = [...]string{"new", "connecting", "established", "closing", "closed", "reset"}

// String is the word as it stands in the trace.
func (s State) String() string { return stateNames[s] }

// A Printer writes flows as text.
type Printer struct {
	Fraction bool // six decimals of a second
	calendar
}

// Append appends f to b as a line of the headerless nine-column format: ts,
// protocol, state, src_ip, src_port, dst_ip, dst_port, src_bytes, dst_bytes.
func (p *Printer) Append(b []byte, f *Flow) []byte {
	b = p.append(b, f.Time, p.Fraction)
	b = append(b, ',')
	b = append(b, protoNames[f.Proto]...)
	b = append(b, ',')
	b = append(b, stateNames[f.State]...)
	b = append(b, ',')
	b = f.Src.AppendTo(b)
	b = append(b, ',')
	b = strconv.AppendUint(b, uint64(f.SrcPort), 10)
	b = append(b, ',')
	b = f.Dst.AppendTo(b)
	b = append(b, ',')
	b = strconv.AppendUint(b, uint64(f.DstPort), 10)
	b = append(b, ',')
	b = strconv.AppendUint(b, f.SrcBytes, 10)
	b = append(b, ',')
	b = strconv.AppendUint(b, f.DstBytes, 10)
	return append(b, '\n')
}
