package firewall

import (
	"bytes"

	"seine/flow"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// payload is the values of a filterlog message: what stands behind the tag,
// with a process number ("[123]:"), or as RFC 5424 has it (" 123 - - ").
func payload(b []byte) []byte {
	if len(b) > 0 && b[0] == '[' {
		if i := bytes.IndexByte(b, ']'); i >= 0 {
			b = b[i+1:]
		}
	}
	if len(b) > 0 && b[0] == ':' {
		return parse.Trim(b[1:])
	}
	for range 2 { // process and message
		b = parse.Trim(b)
		i := bytes.IndexByte(b, ' ')
		if i < 0 {
			return b
		}
		b = b[i+1:]
	}
	b = parse.Trim(b)
	switch {
	case len(b) > 1 && b[0] == '-' && b[1] == ' ':
		b = b[2:]
	case len(b) > 0 && b[0] == '[': // structured data: elements, in which "]" is escaped
		for len(b) > 0 && b[0] == '[' {
			i := 1
			for i < len(b) && b[i] != ']' {
				if b[i] == '\\' {
					i++
				}
				i++
			}
			b = b[min(i+1, len(b)):]
		}
	}
	return bytes.TrimPrefix(parse.Trim(b), []byte("\ufeff"))
}

// The places of the values of a filterlog message.
const (
	pfAction    = 6
	pfVersion   = 8
	pfOffset4   = 13
	pfProto4    = 15
	pfLength4   = 17
	pfProto6    = 13
	pfLength6   = 14
	pfAddr4     = 18
	pfAddr6     = 15
	pfTransport = 2 // behind the addresses: source port, or type of ICMP
	pfFlags     = 5
	pfMost      = 26
)

// pfMessages are the types and codes of the words that filterlog has for
// messages of ICMP, where they leave no choice.
var pfMessages = map[string][2]uint8{
	"request": {8, 0}, "reply": {0, 0}, "unreachproto": {3, 2}, "unreachport": {3, 3}, "needfrag": {3, 4},
	"tstamp": {13, 0}, "tstampreply": {14, 0}, "maskreply": {18, 0},
}

// filterlog reads a message of pfSense and OPNsense.
func (d *decoder) filterlog(b []byte, r *flow.Record) error {
	b = payload(b)
	var cells [pfMost][]byte
	n := 0
	for ; n < pfMost; n++ {
		i := bytes.IndexByte(b, ',')
		if i < 0 {
			cells[n] = b
			n++
			break
		}
		cells[n], b = b[:i], b[i+1:]
	}
	if n <= pfVersion {
		return errShort
	}
	at, protoAt, lengthAt, whole := pfAddr4, pfProto4, pfLength4, true
	switch string(cells[pfVersion]) {
	case "4":
		offset, err := parse.Uint(cells[pfOffset4])
		whole = err != nil || offset == 0 // ports are in the first fragment
	case "6":
		at, protoAt, lengthAt = pfAddr6, pfProto6, pfLength6
	default:
		return fail("IP version", cells[pfVersion], parse.ErrNumber)
	}
	if n < at+pfTransport {
		return errShort
	}
	if err := ends(r, cells[at], cells[at+1]); err != nil {
		return err
	}
	if p, ok := flow.ParseProto(cells[protoAt]); ok {
		r.Proto = p
		r.Has |= flow.HasProto
	}
	if v, err := parse.Uint(cells[lengthAt]); err == nil {
		r.SrcBytes = v
		r.Has |= flow.HasSrcBytes
	}
	r.SrcPkts = 1
	r.Has |= flow.HasSrcPkts
	more := cells[at+pfTransport : n]
	switch {
	case !whole:
	case hasPorts(r.Proto) && (r.Proto == flow.TCP || r.Proto == flow.UDP || len(more) >= 2):
		if len(more) < 2 {
			return errShort
		}
		if err := ports(r, more[0], more[1]); err != nil {
			return err
		}
		if r.Proto == flow.TCP && len(more) > 3 {
			if f, ok := parse.Flags(more[3]); ok {
				r.SrcFlags = f
				r.Has |= flow.HasFlags
			}
		}
	case r.Proto == flow.ICMP && len(more) > 0:
		if m, ok := pfMessages[string(more[0])]; ok {
			r.ICMPType, r.ICMPCode = m[0], m[1]
			r.Has |= flow.HasICMP
		}
	}
	action := cells[pfAction]
	switch string(action) {
	case "pass":
		r.State = allowed(r)
	case "block", "reject", "drop":
		r.State = flow.StateDenied
	case "rdr", "nat", "binat", "no rdr", "no nat", "no binat", "scrub", "no scrub", "synproxy drop", "defer":
		d.seen.nat.Add(1)
		return lines.ErrSkip
	default:
		return fail("action", action, errAction)
	}
	r.RawState = d.intern.Symbol(action)
	r.Has |= flow.HasState
	return nil
}
