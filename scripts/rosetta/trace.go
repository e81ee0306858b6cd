package main

import (
	"cmp"
	"net/netip"
	"slices"

	"seine/flow"
)

// A packet is one packet of a connection.
type packet struct {
	at        int64 // ms since 1970
	back      bool  // sent by the responder
	flags     flow.TCPFlags
	typ, code uint8 // of ICMP
	payload   int   // bytes behind the headers
	ip        int   // length of the IP packet
}

// A conn is a connection as it was: everything that any layout tells of it
// follows from its packets.
type conn struct {
	proto        flow.Proto
	src, dst     netip.Addr
	sport, dport uint16
	denied       bool // stopped by the firewall, which let nothing through
	service      string
	packets      []packet
}

// A tally is what an observer counts of some packets of one direction.
type tally struct {
	first, last       int64
	pkts              int
	ip, wire, payload int // bytes: of IP packets, with Ethernet headers, without any headers
	flags             flow.TCPFlags
}

func (t *tally) add(p *packet) {
	if t.pkts == 0 {
		t.first = p.at
	}
	t.last = p.at
	t.pkts++
	t.ip += p.ip
	t.wire += p.ip + etherHeader
	t.payload += p.payload
	t.flags |= p.flags
}

const etherHeader = 14

// A piece is what an observer logs of a connection at one time: both
// directions.
type piece struct {
	*conn
	first, last int64
	out, in     tally
	begin, end  bool // it has the first, the last packet
}

// A half is a piece of one direction.
type half struct {
	proto        flow.Proto
	src, dst     netip.Addr
	sport, dport uint16
	typ, code    uint8
	back         bool // it goes from the responder to the originator
	tally
	of *conn
}

// A cut tells whether a record that began at first ends before a packet at
// the time at.
type cut func(first, at int64) bool

func whole(first, at int64) bool { return false }

// every cuts when a record has lasted for ms.
func every(ms int64) cut {
	return func(first, at int64) bool { return at-first >= ms }
}

// windows cuts at whole multiples of ms since 1970.
func windows(ms int64) cut {
	return func(first, at int64) bool { return at/ms != first/ms }
}

// pieces cuts a connection into pieces.
func (c *conn) pieces(cut cut) []piece {
	var all []piece
	for i := range c.packets {
		p := &c.packets[i]
		if n := len(all); n == 0 || cut(all[n-1].first, p.at) {
			all = append(all, piece{conn: c, first: p.at})
		}
		last := &all[len(all)-1]
		last.last = p.at
		if p.back {
			last.in.add(p)
		} else {
			last.out.add(p)
		}
	}
	all[0].begin, all[len(all)-1].end = true, true
	return all
}

// whole is the connection as one piece.
func (c *conn) whole() piece { return c.pieces(whole)[0] }

// halves cuts each direction of a connection into pieces by itself.
func (c *conn) halves(cut cut) []half {
	var all []half
	for _, back := range []bool{false, true} {
		from := len(all)
		for i := range c.packets {
			p := &c.packets[i]
			if p.back != back {
				continue
			}
			if len(all) == from || cut(all[len(all)-1].first, p.at) {
				h := half{proto: c.proto, src: c.src, dst: c.dst, sport: c.sport, dport: c.dport, typ: p.typ, code: p.code, back: back, of: c}
				if back {
					h.src, h.dst, h.sport, h.dport = c.dst, c.src, c.dport, c.sport
				}
				all = append(all, h)
			}
			all[len(all)-1].add(p)
		}
	}
	return all
}

// state is how the connection ended.
func (c *conn) state() flow.State {
	w := c.whole()
	switch {
	case c.denied:
		return flow.StateDenied
	case w.in.pkts == 0:
		return flow.StateAttempt
	case c.proto != flow.TCP:
		return flow.StateEstablished
	case w.in.flags&flow.SYN == 0:
		return flow.StateRejected
	case w.out.flags&w.in.flags&flow.FIN != 0:
		return flow.StateClosed
	case w.out.flags&flow.RST != 0:
		return flow.StateResetOrig
	case w.in.flags&flow.RST != 0:
		return flow.StateResetResp
	}
	return flow.StateEstablished
}

// A trace is the connections in the order of their ends.
type trace []*conn

func (t trace) sort() {
	slices.SortStableFunc(t, func(a, b *conn) int { return cmp.Compare(a.whole().last, b.whole().last) })
}

// halves are the halves of all connections in the order of their ends.
func (t trace) halves(cut cut) []half {
	var all []half
	for _, c := range t {
		all = append(all, c.halves(cut)...)
	}
	slices.SortStableFunc(all, func(a, b half) int { return cmp.Compare(a.last, b.last) })
	return all
}

// A seen is a packet with its connection.
type seen struct {
	*conn
	*packet
	number int // within the connection
}

// packets are the packets of all connections in the order of time.
func (t trace) packets() []seen {
	var all []seen
	for _, c := range t {
		for i := range c.packets {
			all = append(all, seen{c, &c.packets[i], i})
		}
	}
	slices.SortStableFunc(all, func(a, b seen) int { return cmp.Compare(a.at, b.at) })
	return all
}
