package zeek

import "seine/flow"

// letterFlags tells the TCP flags that a letter of a history stands for: the
// low byte those of the originator (capital letters), the high byte those of
// the responder.
var letterFlags = func() (t [256]uint16) {
	for _, l := range []struct {
		letter byte
		flags  flow.TCPFlags
	}{
		{'S', flow.SYN},
		{'H', flow.SYN | flow.ACK},
		{'A', flow.ACK},
		{'D', flow.ACK}, // a segment with data acknowledges
		{'F', flow.FIN},
		{'R', flow.RST},
	} {
		t[l.letter] = uint16(l.flags)
		t[l.letter|0x20] = uint16(l.flags) << 8
	}
	return t
}()

// acceptedReset is the conn_state of a connection that the responder accepted
// and reset, and of which no SYN was seen.
const acceptedReset = "RSTRH"

// history sets what a history tells of: the TCP flags, and who it is that
// opened a flow that Zeek has turned round.
func (m *maker) history(b []byte, r *flow.Record) flow.Fields {
	flags, flipped := uint16(0), false
	for _, c := range b {
		flags |= letterFlags[c]
		flipped = flipped || c == '^'
	}
	if flipped {
		m.seen.flipped.Add(1)
		r.Orient = turned(b, r)
	}
	if r.Proto != flow.TCP || flags == 0 {
		return 0
	}
	r.SrcFlags, r.DstFlags = flow.TCPFlags(flags), flow.TCPFlags(flags>>8)
	return flow.HasFlags
}

// turned tells by what rule Zeek turned a flow round. The first packet it saw
// came from what is now the responder: an answer to a SYN, or a packet from
// the port of a service that Zeek knows.
func turned(b []byte, r *flow.Record) flow.Orient {
	originator, responder := false, false // opened it
	for _, c := range b {
		switch c {
		case 'S', 'h':
			originator = true
		case 's', 'H':
			responder = true
		}
	}
	switch {
	case r.Proto == flow.TCP && (originator || responder):
		if responder {
			return flow.OrientGuess
		}
		return flow.OrientSYN
	case r.DstPort < r.SrcPort:
		return flow.OrientService
	}
	return flow.OrientGuess
}
