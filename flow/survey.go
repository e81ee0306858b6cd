package flow

// A Survey is what the fields of a row come to, as far as every detector reads
// them alike. Readers leave it zero; the engine fills it in where a detector
// has asked for it.
type Survey struct {
	SrcKind, DstKind AddrKind
	Outcome          Outcome
	// Reply says that the row looks like the answering half of a flow that
	// began the other way, Backscatter that it answers packets which somebody
	// else sent under the address of its destination.
	Reply, Backscatter bool
}

// An AddrKind is what an address is, as far as the address itself tells.
type AddrKind uint8

// The kinds. An address may be several; one that is none of
// AddrMulticast to AddrUnspecified is a machine.
const (
	AddrInternal    AddrKind = 1 << iota // of the network that is watched
	AddrMulticast                        // 224.0.0.0/4, ff00::/8
	AddrBroadcast                        // 255.255.255.255, and .255 and .0 at the end of an internal IPv4 address
	AddrLinkLocal                        // 169.254.0.0/16, fe80::/10
	AddrLoopback                         // 127.0.0.0/8, ::1
	AddrUnspecified                      // 0.0.0.0/8, ::
	AddrReserved                         // 240.0.0.0/4, 100::/64: nobody's
)

// AddrGroup are the kinds that stand for many machines, or for none.
const AddrGroup = AddrMulticast | AddrBroadcast | AddrUnspecified | AddrLoopback

// Internal reports whether the address belongs to the network.
func (k AddrKind) Internal() bool { return k&AddrInternal != 0 }

// Machine reports whether the address can be that of one machine.
func (k AddrKind) Machine() bool { return k&(AddrGroup|AddrReserved) == 0 }

// External reports whether it is a machine elsewhere.
func (k AddrKind) External() bool { return k&(AddrInternal|AddrGroup|AddrReserved|AddrLinkLocal) == 0 }

// An Outcome is what came of an attempt to reach somebody.
type Outcome uint8

// The outcomes. OutcomeUnknown is no evidence for anything: a flow seen from
// its middle, a record of one direction that says nothing of the other.
const (
	OutcomeUnknown Outcome = iota
	Answered               // the other side took part
	Refused                // it said no: a reset, an unreachable
	Silent                 // nothing came back, or a firewall stopped it
)

// Failed reports whether the attempt certainly came to nothing.
func (o Outcome) Failed() bool { return o >= Refused }
