package flow

import "math/bits"

// A Record is one flow record as logged: what one line, object or row of the
// input said. It holds no pointers. What the row did not say is zero and its
// bit in Has is clear: absent is not zero.
type Record struct {
	Start    Time // first packet, as logged, UTC
	Duration Time // nanoseconds; never negative

	SrcHost, DstHost Host // dense numbers of Src and Dst, given by the engine
	Survey                // what the engine finds out about the row, once for all detectors

	SrcPort, DstPort   uint16
	Proto              Proto
	State              State
	SrcFlags, DstFlags TCPFlags // OR of the flags that each side sent
	ICMPType, ICMPCode uint8
	Orient             Orient // by what rule Src is the originator
	Pieces             uint8  // records that this flow was stitched from, held at 255; 0 where it is one as logged
	Has                Fields

	SrcBytes, DstBytes uint64 // bytes sent by Src, by Dst
	SrcPkts, DstPkts   uint64

	Src, Dst Addr // originator and responder

	Row      uint64 // 1-based line, object or row within its file
	File     uint32 // index of the file within the run
	RawState Symbol // the state as the input spelled it
	Service  Symbol
	Label    Symbol
	UID      UID // the producer's own identifier of the flow
}

// Fields is a set of optional fields: which ones a row had, a format can
// carry, or a detector needs.
type Fields uint32

// The optional fields of a Record.
const (
	HasStart Fields = 1 << iota
	HasAddrs
	HasProto
	HasDuration
	HasSrcPort
	HasDstPort
	HasSrcBytes
	HasDstBytes
	HasSrcPkts
	HasDstPkts
	HasState
	HasFlags
	HasICMP
	HasService
	HasLabel
	HasUID

	// HasBytes and HasPkts ask for both directions.
	HasBytes = HasSrcBytes | HasDstBytes
	HasPkts  = HasSrcPkts | HasDstPkts
)

var fieldNames = [...]string{
	"start", "addresses", "protocol", "duration", "src_port", "dst_port",
	"src_bytes", "dst_bytes", "src_pkts", "dst_pkts", "state", "tcp_flags",
	"icmp", "service", "label", "uid",
}

// Names lists the fields of the set in their fixed order.
func (f Fields) Names() []string {
	var names []string
	for i, n := range fieldNames {
		if f&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}

// Bytes is the volume of the flow in both directions, held at the largest
// number.
func (r *Record) Bytes() uint64 {
	sum, carry := bits.Add64(r.SrcBytes, r.DstBytes, 0)
	return sum | -carry
}

// End is the time of the last packet, or Start where no duration is known.
func (r *Record) End() Time { return r.Start.Add(r.Duration) }

// TCPFlags is a set of TCP flags, with the bits of the TCP header.
type TCPFlags uint8

// The TCP flags.
const (
	FIN TCPFlags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// String writes the flags as letters, "SA" for SYN and ACK.
func (f TCPFlags) String() string {
	const letters = "FSRPAUEC"
	var b [8]byte
	n := 0
	for i := range 8 {
		if f&(1<<i) != 0 {
			b[n] = letters[i]
			n++
		}
	}
	return string(b[:n])
}

// Host is the dense number of an address within a run, from 1. Zero means
// that the address has not been numbered.
type Host uint32
