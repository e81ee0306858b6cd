package azure

import (
	"bytes"
	"errors"
	"fmt"

	"seine/flow"
	"seine/flow/internal/parse"
)

// The values of a tuple.
const (
	when = iota
	srcIP
	dstIP
	srcPort
	dstPort
	protocol
	direction
	first  // VNet: flow state; NSG: decision
	second // VNet: encryption; NSG: flow state
	srcPkts
	srcBytes
	dstPkts
	dstBytes
	values
)

// Tuples of version 1 end with the decision.
const leastValues = first + 1

var valueNames = [values]string{
	"time", "source address", "destination address", "source port", "destination port", "protocol", "direction",
	"state", "state", "packets", "bytes", "packets", "bytes",
}

var (
	errNoTuple   = errors.New("not a tuple")
	errDirection = errors.New("not I or O")
	errState     = errors.New("no state or decision that is known")
	errProtocol  = errors.New("not a protocol")
)

// decode reads a tuple and tells the letter of its state.
func (r *reader) decode(text []byte, to *flow.Record) (letter byte, err error) {
	var v [values][]byte
	n := 0
	for rest := text; n < values; n++ {
		i := bytes.IndexByte(rest, ',')
		if i < 0 {
			v[n] = rest
			n++
			break
		}
		v[n], rest = rest[:i], rest[i+1:]
	}
	if text == nil || n < leastValues {
		return 0, errNoTuple
	}
	*to = flow.Record{Proto: flow.ProtoUnknown, Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasState}
	if to.Start, err = start(v[when]); err != nil {
		return 0, fail(when, v[when], err)
	}
	if to.Src, err = parse.Addr(v[srcIP]); err != nil {
		return 0, fail(srcIP, v[srcIP], err)
	}
	if to.Dst, err = parse.Addr(v[dstIP]); err != nil {
		return 0, fail(dstIP, v[dstIP], err)
	}
	switch p := v[protocol]; {
	case len(p) == 1 && p[0] == 'T':
		to.Proto = flow.TCP
	case len(p) == 1 && p[0] == 'U':
		to.Proto = flow.UDP
	default:
		number, err := parse.Uint(p)
		if err != nil || number > 255 {
			return 0, fail(protocol, p, errProtocol)
		}
		to.Proto = flow.Proto(number)
	}
	if d := v[direction]; len(d) != 1 || d[0] != 'I' && d[0] != 'O' {
		return 0, fail(direction, d, errDirection)
	}
	if err := port(v[srcPort], &to.SrcPort, flow.HasSrcPort, to); err != nil {
		return 0, fail(srcPort, v[srcPort], err)
	}
	if err := port(v[dstPort], &to.DstPort, flow.HasDstPort, to); err != nil {
		return 0, fail(dstPort, v[dstPort], err)
	}
	letter = stateOf(v[first], v[second])
	switch letter {
	case 'D':
		to.State = flow.StateDenied
	case 'B', 'C':
		to.State = flow.StateEstablished
	case 'E':
		to.State = flow.StateClosed
	case 'A': // by a rule; what became of it is not told
	default:
		return 0, fmt.Errorf("%q, %q: %w", clip(v[first]), clip(v[second]), errState)
	}
	to.RawState = r.intern.Symbol(letters[letter-'A' : letter-'A'+1])
	count(v[srcPkts], &to.SrcPkts, flow.HasSrcPkts, to)
	count(v[srcBytes], &to.SrcBytes, flow.HasSrcBytes, to)
	count(v[dstPkts], &to.DstPkts, flow.HasDstPkts, to)
	count(v[dstBytes], &to.DstBytes, flow.HasDstBytes, to)
	return letter, nil
}

var letters = []byte("ABCDE")

// stateOf finds the letter of the state: B, C, E, or D for denied, or A for
// allowed where no more is told. It goes by the values, not by their order:
// a network security group writes the decision and then the state, a virtual
// network the state and then the encryption, and some writers the reverse.
func stateOf(a, b []byte) byte {
	if encrypted(a) {
		a, b = b, nil
	} else if encrypted(b) {
		b = nil
	}
	if len(a) != 1 || len(b) > 1 {
		return 0
	}
	one, two := a[0], byte(0)
	if len(b) == 1 {
		two = b[0]
	}
	switch {
	case two == 0 && (one == 'A' || one >= 'B' && one <= 'E'):
		return one
	case one == 'D' && (two == 'B' || two == 'C' || two == 'E'):
		return 'D'
	case one == 'A' && (two == 'B' || two == 'C' || two == 'E'):
		return two
	}
	return 0
}

// encrypted reports whether v is a value of the column encryption: X, NX,
// NX_HW_NOT_SUPPORTED, …
func encrypted(v []byte) bool {
	return len(v) == 1 && v[0] == 'X' || len(v) >= 2 && v[0] == 'N' && v[1] == 'X' && (len(v) == 2 || v[2] == '_')
}

// start reads a time of seconds or milliseconds since 1970, which its size
// tells apart.
func start(text []byte) (flow.Time, error) {
	v, err := parse.Uint(text)
	switch {
	case err != nil:
		return 0, parse.ErrTime
	case v < 1e11:
		return flow.Time(v) * flow.Second, nil
	case v < 1e14:
		return flow.Time(v) * (flow.Second / 1000), nil
	}
	return 0, parse.ErrTimeRange
}

func port(text []byte, to *uint16, has flow.Fields, r *flow.Record) error {
	if len(text) == 0 {
		return nil
	}
	v, err := parse.Uint(text)
	switch {
	case err != nil || v > 65535:
		return parse.ErrPort
	case v == 0 && r.Proto != flow.TCP && r.Proto != flow.UDP:
		return nil // of a protocol without ports
	}
	*to = uint16(v)
	r.Has |= has
	return nil
}

// count reads a counter; one that is empty or no number is absent.
func count(text []byte, to *uint64, has flow.Fields, r *flow.Record) {
	if v, err := parse.Uint(text); err == nil {
		*to = v
		r.Has |= has
	}
}

func clip(b []byte) []byte { return b[:min(len(b), 60)] }

func fail(i int, value []byte, err error) error {
	return fmt.Errorf("%s %q: %w", valueNames[i], clip(value), err)
}
