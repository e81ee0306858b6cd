package netflow

import "seine/flow"

// An element is what a field of a template means to us. Elements are the
// bits and places of values.
type element uint8

const (
	skipped element = iota
	srcAddr4
	dstAddr4
	srcAddr6
	dstAddr6
	srcPort
	dstPort
	proto
	tcpFlags
	octets
	octetsTotal
	octetsLayer2
	packets
	packetsTotal
	octetsPost
	packetsPost
	icmpTypeCode
	icmpType
	icmpCode
	forwarding
	biflow
	direction
	firewall
	natEvent
	octetsOrig
	octetsResp
	packetsOrig
	packetsResp
	startUptime
	endUptime
	startSeconds
	endSeconds
	startMillis
	endMillis
	startMicros
	endMicros
	startNanos
	endNanos
	startDelta
	endDelta
	bootMillis
	durationMillis
	durationMicros
	eventSeconds
	eventMillis
	eventMicros
	eventNanos
	samplerID
	selectorID
	samplingInterval
	randomInterval
	packetInterval
	packetSpace
	samplingSize
	samplingPopulation
	samplingProbability
	octetsReverse
	packetsReverse
	flagsReverse
	flagsFirst
	flagsRest
	flagsFirstReverse
	flagsRestReverse
	elementCount
)

// The private enterprises whose elements are read.
const (
	ianaReverse = 29305 // RFC 5103: the elements of IANA, in the other direction
	cert        = 6871  // YAF: TCP flags of the first packet, and of all others
)

// elements are the numbers of IANA's registry, which NetFlow v9 shares.
var elements = map[uint16]element{
	1: octets, 2: packets, 4: proto, 6: tcpFlags, 7: srcPort, 8: srcAddr4, 11: dstPort, 12: dstAddr4,
	21: endUptime, 22: startUptime, 23: octetsPost, 24: packetsPost, 27: srcAddr6, 28: dstAddr6, 32: icmpTypeCode,
	34: samplingInterval, 48: samplerID, 50: randomInterval, 61: direction, 85: octetsTotal, 86: packetsTotal, 89: forwarding,
	139: icmpTypeCode, 150: startSeconds, 151: endSeconds, 152: startMillis, 153: endMillis, 154: startMicros,
	155: endMicros, 156: startNanos, 157: endNanos, 158: startDelta, 159: endDelta, 160: bootMillis,
	161: durationMillis, 162: durationMicros, 176: icmpType, 177: icmpCode, 178: icmpType, 179: icmpCode,
	180: srcPort, 181: dstPort, 182: srcPort, 183: dstPort, 230: natEvent, 231: octetsOrig, 232: octetsResp,
	233: firewall, 239: biflow, 298: packetsOrig, 299: packetsResp, 302: selectorID, 305: packetInterval, 306: packetSpace,
	309: samplingSize, 310: samplingPopulation, 311: samplingProbability,
	322: eventSeconds, 323: eventMillis, 324: eventMicros, 325: eventNanos, 352: octetsLayer2, 353: octetsLayer2,
}

// meaning is the element of a field: its number, the enterprise if enterprise
// is true, and its length in bytes, 0xffff if it varies.
func meaning(id uint16, pen uint32, enterprise bool, length uint16) element {
	e := skipped
	switch {
	case !enterprise:
		e = elements[id]
	case pen == ianaReverse:
		e = map[uint16]element{1: octetsReverse, 85: octetsReverse, 2: packetsReverse, 86: packetsReverse, 6: flagsReverse}[id]
	case pen == cert:
		e = map[uint16]element{14: flagsFirst, 15: flagsRest, 0x400e: flagsFirstReverse, 0x400f: flagsRestReverse}[id]
	}
	switch e {
	case srcAddr4, dstAddr4:
		if length != 4 {
			return skipped
		}
	case srcAddr6, dstAddr6:
		if length != 16 {
			return skipped
		}
	default:
		if length == 0 || length > 8 {
			return skipped
		}
	}
	return e
}

// values are the fields of one data record that mean something to us.
type values struct {
	has      uint64 // bit e for element e
	n        [elementCount]uint64
	src, dst flow.Addr
}

func (v *values) is(e element) bool { return v.has&(1<<e) != 0 }

// any tells whether one of the elements of a set is there.
func (v *values) any(set uint64) bool { return v.has&set != 0 }

// first is the first of several elements that is there.
func (v *values) first(es ...element) (uint64, bool) {
	for _, e := range es {
		if v.is(e) {
			return v.n[e], true
		}
	}
	return 0, false
}

// set stores the bytes of a field. Elements may be shorter than they are
// defined (RFC 7011, section 6.2).
func (v *values) set(e element, b []byte) {
	switch e {
	case srcAddr4:
		if v.is(srcAddr6) && u32(b) == 0 {
			return // a template for both families leaves one empty
		}
		v.src.Set4(u32(b))
	case dstAddr4:
		if v.is(dstAddr6) && u32(b) == 0 {
			return
		}
		v.dst.Set4(u32(b))
	case srcAddr6, dstAddr6:
		a, err := flow.AddrFrom16([16]byte(b))
		other, to := srcAddr4, &v.src
		if e == dstAddr6 {
			other, to = dstAddr4, &v.dst
		}
		if err != nil || v.is(other) && a == (flow.Addr{}) {
			return
		}
		*to = a
	default:
		n := uint64(0)
		for _, c := range b {
			n = n<<8 | uint64(c)
		}
		v.n[e] = n
	}
	v.has |= 1 << e
}
