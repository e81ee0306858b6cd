package main

import (
	"net/netip"
)

// A router exports what it has counted, some records at a time. It was
// started an hour before the trace begins.
var booted = epoch - 3600_000

// exported is how long behind a flow's end it is exported.
const exported = 1000

// batches are the flows as they are exported, up to n at a time and no
// longer than ten seconds apart.
func batches(all []half, n int, each func(at int64, some []half)) {
	for len(all) > 0 {
		k := 1
		for k < len(all) && k < n && all[k].last-all[0].last < 10_000 {
			k++
		}
		each(all[k-1].last+exported, all[:k])
		all = all[k:]
	}
}

// datagram is a frame that carries payload to a collector.
func datagram(at int64, port uint16, payload []byte) frame {
	from, to := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.9")
	f := cat(ethernet(from), ipHeader(from, to, 17, 28+len(payload)), b16(50000, port, uint16(8+len(payload)), 0), payload)
	return frame{at, f, len(f)}
}

// only4 are the halves between IPv4 addresses.
func only4(all []half) (some []half) {
	for _, h := range all {
		if h.src.Is4() {
			some = append(some, h)
		}
	}
	return some
}

func uptime(ms int64) uint32 { return uint32(ms - booted) }

func netflow5(t trace) []byte {
	var all []frame
	sequence := uint32(0)
	batches(only4(t.routed()), 30, func(at int64, some []half) {
		b := cat(b16(5, uint16(len(some))), b32(uptime(at), uint32(at/1000), uint32(at%1000*1_000_000), sequence), b16(0, 0))
		for _, h := range some {
			b = cat(b, h.src.AsSlice(), h.dst.AsSlice(), b32(0), b16(1, 2), b32(uint32(h.pkts), uint32(h.ip), uptime(h.first), uptime(h.last)),
				b16(h.sport, icmpPort(&h)), []byte{0, uint8(h.flags), uint8(h.proto), 0}, b16(0, 0), []byte{24, 24}, b16(0))
			sequence++
		}
		all = append(all, datagram(at, 2055, b))
	})
	return pcapOf(all)
}

// set is a set of v9 or IPFIX with its header.
func set(id uint16, parts ...[]byte) []byte {
	body := cat(parts...)
	return cat(b16(id, uint16(4+len(body))), body)
}

func template(id uint16, fields ...uint16) []byte {
	return cat(b16(id, uint16(len(fields)/2)), b16(fields...))
}

// families are the flows of IPv4 and those of IPv6.
func families(some []half) (v4, v6 []half) {
	for _, h := range some {
		if h.src.Is4() {
			v4 = append(v4, h)
		} else {
			v6 = append(v6, h)
		}
	}
	return v4, v6
}

// netflow9 dates flows by the uptime of the router. Its header tells whole
// seconds, so this router exports on the full second.
func netflow9(t trace) []byte {
	const id4, id6 = 260, 261
	var all []frame
	sequence := uint32(0)
	data := func(some []half) (b []byte) {
		for _, h := range some {
			b = cat(b, h.src.AsSlice(), h.dst.AsSlice(), b16(h.sport, icmpPort(&h)), []byte{uint8(h.proto), uint8(h.flags)},
				b32(uint32(h.ip), uint32(h.pkts), uptime(h.first), uptime(h.last)))
		}
		return b
	}
	batches(t.routed(), 24, func(at int64, some []half) {
		at = (at + 999) / 1000 * 1000
		var sets [][]byte
		count := len(some)
		if sequence%20 == 0 {
			sets = append(sets, set(0, template(id4, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 6, 1, 1, 4, 2, 4, 22, 4, 21, 4),
				template(id6, 27, 16, 28, 16, 7, 2, 11, 2, 4, 1, 6, 1, 1, 4, 2, 4, 22, 4, 21, 4)))
			count += 2
		}
		v4, v6 := families(some)
		if len(v4) > 0 {
			sets = append(sets, set(id4, data(v4)))
		}
		if len(v6) > 0 {
			sets = append(sets, set(id6, data(v6)))
		}
		all = append(all, datagram(at, 9995, cat(b16(9, uint16(count)), b32(uptime(at), uint32(at/1000), sequence, 7), cat(sets...))))
		sequence++
	})
	return pcapOf(all)
}

// messages are IPFIX messages, with times in milliseconds.
func messages(t trace, each func(at int64, message []byte)) {
	const id4, id6 = 300, 301
	sequence, first := uint32(0), true
	data := func(some []half) (b []byte) {
		for _, h := range some {
			sport, dport := h.sport, h.dport
			b = cat(b, h.src.AsSlice(), h.dst.AsSlice(), b16(sport, dport), []byte{uint8(h.proto), uint8(h.flags)},
				b64(uint64(h.ip)), b64(uint64(h.pkts)), b64(uint64(h.first)), b64(uint64(h.last)), b16(uint16(h.typ)<<8|uint16(h.code)))
		}
		return b
	}
	rest := []uint16{7, 2, 11, 2, 4, 1, 6, 1, 1, 8, 2, 8, 152, 8, 153, 8, 32, 2}
	batches(t.routed(), 20, func(at int64, some []half) {
		var sets [][]byte
		if first {
			sets = append(sets, set(2, template(id4, append([]uint16{8, 4, 12, 4}, rest...)...), template(id6, append([]uint16{27, 16, 28, 16}, rest...)...)))
			first = false
		}
		v4, v6 := families(some)
		if len(v4) > 0 {
			sets = append(sets, set(id4, data(v4)))
		}
		if len(v6) > 0 {
			sets = append(sets, set(id6, data(v6)))
		}
		body := cat(sets...)
		each(at, cat(b16(10, uint16(16+len(body))), b32(uint32(at/1000), sequence, 7), body))
		sequence += uint32(len(some))
	})
}

func ipfixCapture(t trace) []byte {
	var all []frame
	messages(t, func(at int64, message []byte) { all = append(all, datagram(at, 4739, message)) })
	return pcapOf(all)
}

func ipfixFile(t trace) []byte {
	var b []byte
	messages(t, func(_ int64, message []byte) { b = append(b, message...) })
	return b
}

// sflow samples every packet, and sends each on at once.
func sflow(t trace) []byte {
	var all []frame
	agent := netip.MustParseAddr("192.0.2.254")
	sized := func(format uint32, parts ...[]byte) []byte {
		body := cat(parts...)
		return cat(b32(format, uint32(len(body))), body)
	}
	for i, f := range frames(t) {
		head := f.head
		pad := make([]byte, -len(head)&3)
		sample := sized(1, b32(uint32(i), 3, 1, uint32(i), 0, 1, 2, 1), sized(1, b32(1, uint32(f.length+4), 4, uint32(len(head))), head, pad))
		all = append(all, datagram(f.at, 6343, cat(b32(5, 1), agent.AsSlice(), b32(0, uint32(i), uptime(f.at), 1), sample)))
	}
	return pcapOf(all)
}
