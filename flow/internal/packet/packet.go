package packet

import (
	"errors"
	"fmt"

	"seine/flow"
)

// A Packet is one packet of a capture. Its slices are valid until the next
// call of Next.
type Packet struct {
	Number        uint64    // 1-based within the file, as Wireshark numbers frames
	Time          flow.Time // of capture, UTC
	CaptureLength int       // bytes of the frame that the file holds
	Length        int       // bytes of the frame as it was on the wire
	EtherType     uint16    // of what the frame carries; set also beside ErrNotIP, where the link tells

	Src, Dst flow.Addr
	Proto    flow.Proto // of the transport; IPv6 extension headers are passed over
	IPLength uint64     // bytes of the IP packet with its header, as the header says, however much was captured

	// A datagram may come in fragments, of which only the first has a
	// transport header. FragmentID tells which belong together, for one pair
	// of addresses and one protocol; it counts only where one of First and
	// Later is set.
	FragmentID    uint32
	FirstFragment bool // the first of several
	LaterFragment bool // any but the first

	// HasPorts tells that SrcPort and DstPort were there: TCP, UDP and SCTP,
	// not in later fragments nor where the capture cut them off.
	HasPorts         bool
	SrcPort, DstPort uint16

	HasFlags bool // of TCP; tells of Sequence too
	TCPFlags flow.TCPFlags
	Sequence uint32 // of the first byte of a TCP segment

	HasICMP            bool // of ICMP and ICMPv6
	ICMPType, ICMPCode uint8
	ICMPID             uint16 // of messages that carry an identifier, as echoes do; else whatever stands there

	// Payload is what was captured behind the transport header (behind the IP
	// headers where the transport has none that is known), without padding of
	// the frame. PayloadLength is its length in bytes as the headers say, which
	// is more than len(Payload) where the capture cut it. For a first fragment
	// both are those of the fragment.
	Payload       []byte
	PayloadLength int
}

// ErrNotIP is the error of Next for a packet that is not IP: ARP, LLDP, MPLS,
// or of a link type that is not known. Number, Time and the lengths are set.
var ErrNotIP = errors.New("not an IP packet")

// A Damage is the error of Next for a packet that cannot be read; the next
// one can. Number is set.
type Damage string

// Error tells what is wrong with the packet.
func (d Damage) Error() string { return string(d) }

// A Broken is the error of Next where the file itself is cut short or damaged,
// so that nobody can tell where the next packet begins. It is the last.
type Broken struct {
	Number uint64 // of the packet that would have been next
	Reason string
}

// Error tells where the file ends and why.
func (b *Broken) Error() string { return fmt.Sprintf("packet %d: %s", b.Number, b.Reason) }

// MaxPacket is the largest captured packet that is read, in bytes.
const MaxPacket = 1 << 20

// maxSeconds bounds the times that packets may have, a second from the ends
// of what flow.Time can hold.
const maxSeconds = int64(flow.MaxTime/flow.Second) - 1
