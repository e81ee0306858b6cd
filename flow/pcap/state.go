package pcap

import (
	"encoding/binary"

	"seine/flow"
	"seine/flow/internal/packet"
)

// state is how far one side of a connection has come, as far as seen.
type state uint8

const (
	silent      state = iota // has sent nothing
	midway                   // has sent, but no SYN was seen
	synSent                  // has sent a SYN
	synAckSent               // has answered a SYN that was not seen
	established              // the handshake is over
	closed                   // has sent a FIN
	reset                    // has sent the first RST
)

// outcome is the state of a connection as Zeek's conn_state.
type outcome uint8

const (
	s0 outcome = iota
	s1
	sf
	rej
	s2
	s3
	rsto
	rstr
	rstos0
	rstrh
	sh
	shr
	oth
	outcomes
)

var outcomeNames = [outcomes]string{"S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH"}

// String is the word that Zeek has for o.
func (o outcome) String() string { return outcomeNames[o] }

// segment moves the state of a connection by the flags that a side sent.
func (c *connection) segment(from uint8, flags flow.TCPFlags) {
	s, peer := &c.sides[from], &c.sides[1-from]
	switch {
	case c.over(): // what follows the end does not change it
		return
	case flags&flow.RST != 0:
		s.state = reset
		return
	case flags&flow.SYN != 0 && flags&flow.ACK == 0:
		if s.state == silent {
			s.state = synSent
		}
	case flags&flow.SYN != 0:
		switch {
		case peer.state == synSent:
			s.state, peer.state = established, established
		case s.state == silent:
			s.state = synAckSent
		}
	case s.state == silent && peer.state == synAckSent,
		s.state == synSent && peer.state == midway: // one packet of the handshake was missed
		s.state, peer.state = established, established
	case s.state == silent:
		s.state = midway
	case s.state == synSent:
		s.state = established // there was an answer that was not seen
	}
	if flags&flow.FIN != 0 {
		s.state = closed
	}
}

// over reports whether the end of the connection has been seen.
func (c *connection) over() bool {
	a, b := c.sides[0].state, c.sides[1].state
	return a == reset || b == reset || a == closed && b == closed
}

// renewed reports whether a SYN, or a SYN and ACK, begins another connection
// between the same ports.
func (c *connection) renewed(from uint8, flags flow.TCPFlags, isn uint32) bool {
	s, peer := &c.sides[from], &c.sides[1-from]
	switch {
	case s.synced && s.isn == isn: // sent again
		return false
	case flags&flow.ACK != 0:
		return c.over() && s.state != silent
	case s.state == silent && (peer.state == synSent || peer.state == synAckSent):
		return false // both sides began, or its answer came first
	}
	return true
}

// outcome follows the rules of Zeek.
func (c *connection) outcome() outcome {
	o, r := &c.sides[c.orig], &c.sides[1-c.orig]
	switch {
	case c.key.kind != withPorts:
		return oth
	case c.key.proto == flow.UDP:
		if r.pkts > 0 {
			return sf
		}
		return s0
	case c.key.proto != flow.TCP && c.key.proto != flow.SCTP:
		return oth
	}
	unheardO, unheardR := o.state <= midway, r.state <= midway
	switch {
	case r.state == reset && (o.state == synSent || o.state == synAckSent):
		return rej
	case r.state == reset && unheardO:
		return rstrh
	case r.state == reset:
		return rstr
	case o.state == reset && unheardR:
		return rstos0
	case o.state == reset:
		return rsto
	case o.state == closed && r.state == closed:
		return sf
	case o.state == closed && unheardR:
		return sh
	case o.state == closed:
		return s2
	case r.state == closed && unheardO:
		return shr
	case r.state == closed:
		return s3
	case o.state == synSent && r.state == silent:
		return s0
	case o.state == established && r.state == established:
		return s1
	}
	return oth
}

// connected reports whether a connection of c's protocol has a begin and an
// end.
func (c *connection) connected() bool {
	return c.key.kind == withPorts && (c.key.proto == flow.TCP || c.key.proto == flow.SCTP)
}

// midstream reports whether the begin of the connection was not seen.
func (c *connection) midstream() bool {
	return c.connected() && (c.sides[0].flags|c.sides[1].flags)&flow.SYN == 0
}

// waitsFor is the list that c belongs to.
func (c *connection) waitsFor() uint8 {
	switch {
	case !c.connected():
		return idle
	case c.over():
		return over
	case c.sides[c.orig].state == synSent && c.sides[1-c.orig].state == silent:
		return unheard
	}
	return idleTCP
}

// signals are the flags of a TCP segment and its sequence number. A packet of
// SCTP has those that mean the same as its first chunk, and the tag of its
// sender. What was not captured is none.
func signals(p *packet.Packet) (flags flow.TCPFlags, isn uint32) {
	if p.Proto != flow.SCTP {
		return p.TCPFlags, p.Sequence
	}
	if len(p.Payload) >= 8 {
		isn = binary.BigEndian.Uint32(p.Payload[4:])
	}
	if len(p.Payload) == 0 {
		return 0, 0
	}
	switch p.Payload[0] {
	case 1: // INIT
		return flow.SYN, isn
	case 2: // INIT ACK
		return flow.SYN | flow.ACK, isn
	case 6: // ABORT
		return flow.RST, 0
	case 7, 8: // SHUTDOWN and its ACK
		return flow.FIN | flow.ACK, 0
	}
	return flow.ACK, 0
}
