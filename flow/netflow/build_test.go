package netflow

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

// Bytes as they go over the wire, big end first.

func b8(vs ...uint8) []byte { return vs }

func b16(vs ...uint16) (b []byte) {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

func b32(vs ...uint32) (b []byte) {
	for _, v := range vs {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func b64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func ip(s string) []byte { return netip.MustParseAddr(s).AsSlice() }

func cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

const noon = 1767225600 // 2026-01-01T00:00:00Z

// set is a set with its header.
func setOf(id uint16, parts ...[]byte) []byte {
	body := cat(parts...)
	return cat(b16(id, uint16(4+len(body))), body)
}

// v9 is a datagram of NetFlow v9 of source 7: uptime in ms, time of day in s.
func v9(uptime, seconds uint32, sets ...[]byte) []byte {
	return cat(b16(9, uint16(len(sets))), b32(uptime, seconds, 1, 7), cat(sets...))
}

// message is an IPFIX message of observation domain 7.
func message(seconds uint32, sets ...[]byte) []byte {
	body := cat(sets...)
	return cat(b16(10, uint16(16+len(body))), b32(seconds, 1, 7), body)
}

// fieldsOf are the fields of a template: number, length, number, length …
func templateOf(id uint16, fields ...uint16) []byte {
	return cat(b16(id, uint16(len(fields)/2)), b16(fields...))
}

// v5 is a datagram of NetFlow v5.
func v5(uptime, seconds uint32, sampling uint16, records ...[]byte) []byte {
	return cat(b16(5, uint16(len(records))), b32(uptime, seconds, 0, 1), b16(0, sampling), cat(records...))
}

// flow5 is a record of NetFlow v5.
func flow5(src, dst string, sport, dport uint16, proto, flags uint8, pkts, bytes, first, last uint32) []byte {
	return cat(ip(src), ip(dst), b32(0), b16(1, 2), b32(pkts, bytes, first, last), b16(sport, dport), b8(0, flags, proto, 0), b16(0, 0), b8(24, 24), b16(0))
}

// The template most tests use, and a record of it.
var plain = []uint16{8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 6, 1, 1, 4, 2, 4, 22, 4, 21, 4}

func plainFlow(last byte, first, end uint32) []byte {
	return cat(ip("192.0.2.1"), b8(198, 51, 100, last), b16(40001, 443), b8(6, 0x1b), b32(5000, 10, first, end))
}

// A sent datagram of a capture.
type sent struct {
	from    string
	port    uint16 // of the destination
	at      flow.Time
	payload []byte
	cut     int // bytes that the capture left out
}

func frame(from, to string, port uint16, payload []byte) []byte {
	udp := cat(b16(50000, port, uint16(8+len(payload)), 0), payload)
	return cat(make([]byte, 12), b16(0x0800), b8(0x45, 0), b16(uint16(20+len(udp)), 1, 0), b8(64, 17), b16(0), ip(from), ip(to), udp)
}

// capture makes a pcap file of nanoseconds.
func captureOf(all ...sent) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b23c4d)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)
	for _, s := range all {
		f := frame(s.from, "203.0.113.9", s.port, s.payload)
		b = le.AppendUint32(b, uint32(s.at/flow.Second))
		b = le.AppendUint32(b, uint32(s.at%flow.Second))
		b = le.AppendUint32(b, uint32(len(f)-s.cut))
		b = le.AppendUint32(b, uint32(len(f)))
		b = append(b, f[:len(f)-s.cut]...)
	}
	return b
}

// sflow makes an sFlow datagram.
func sflowOf(samples ...[]byte) []byte {
	return cat(b32(5, 1), ip("192.0.2.254"), b32(0, 1, 5000, uint32(len(samples))), cat(samples...))
}

func sized(format uint32, parts ...[]byte) []byte {
	body := cat(parts...)
	return cat(b32(format, uint32(len(body))), body)
}

// sampleOf is a flow sample with the beginning of a packet that was length
// bytes long.
func sampleOf(rate, protocol, length uint32, head []byte) []byte {
	pad := make([]byte, -len(head)&3)
	return sized(1, b32(1, 3, rate, 1000, 0, 1, 2, 1),
		sized(1, b32(protocol, length, 4, uint32(len(head))), head, pad))
}

func dump(t testing.TB, data []byte) string {
	t.Helper()
	return flowtest.Dump(Format(), data, &flow.Options{})
}
