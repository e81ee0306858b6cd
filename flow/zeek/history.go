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

// history sets the TCP flags that a history tells of, and counts flows that
// Zeek has turned round.
func (m *maker) history(b []byte, r *flow.Record) flow.Fields {
	flags, flipped := uint16(0), false
	for _, c := range b {
		flags |= letterFlags[c]
		flipped = flipped || c == '^'
	}
	if flipped {
		m.seen.flipped.Add(1)
	}
	if r.Proto != flow.TCP || flags == 0 {
		return 0
	}
	r.SrcFlags, r.DstFlags = flow.TCPFlags(flags), flow.TCPFlags(flags>>8)
	return flow.HasFlags
}
