package main

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"seine/flow"
)

// epoch is when the trace begins.
var epoch = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC).UnixMilli()

// A director makes connections. No two of them end, and no two begin, within
// the same second, so that their order is the same whatever the resolution of
// a layout.
type director struct {
	random *rand.Rand
	trace  trace
	begins map[int64]bool
	ends   map[int64]bool
	ports  map[netip.Addr]uint16
}

// shoot makes the trace.
func shoot() trace {
	d := &director{
		random: rand.New(rand.NewPCG(2026, 310)), begins: map[int64]bool{}, ends: map[int64]bool{}, ports: map[netip.Addr]uint16{},
	}
	d.verticalScan()
	d.sweep()
	d.beacon()
	d.guessing()
	d.long()
	d.upload()
	d.pings()
	d.stopped()
	d.office()
	d.trace.sort()
	return d.trace
}

func (d *director) between(from, to int) int { return from + d.random.IntN(to-from+1) }

// client is the next port that a host opens connections from.
func (d *director) client(host netip.Addr) uint16 {
	if d.ports[host] == 0 {
		d.ports[host] = 49200 + uint16(d.between(0, 2000))
	}
	d.ports[host] += uint16(d.between(1, 9))
	return d.ports[host]
}

// place puts a connection, whose packets count from 0, at the first moment
// from second on, at some millisecond within it, that is free.
func (d *director) place(second int64, c *conn) {
	c.sport = cmp.Or(c.sport, d.client(c.src))
	if c.proto == flow.ICMP || c.proto == flow.ICMPv6 {
		c.sport, c.dport = 0, 0
	}
	ms := int64(d.between(0, 899))
	span := c.packets[len(c.packets)-1].at
	for ; ; second++ {
		begin := epoch + second*1000 + ms
		end := begin + span
		if d.begins[begin/1000] || d.ends[end/1000] {
			continue
		}
		d.begins[begin/1000], d.ends[end/1000] = true, true
		for i := range c.packets {
			c.packets[i].at += begin
			c.packets[i].ip = c.header() + c.packets[i].payload
		}
		d.trace = append(d.trace, c)
		return
	}
}

// header is the length of the headers of a packet, without options.
func (c *conn) header() int {
	n := 28
	if c.proto == flow.TCP {
		n = 40
	}
	if c.src.Is6() {
		n += 20
	}
	return n
}

const (
	ack  = flow.ACK
	syn  = flow.SYN
	push = flow.PSH | flow.ACK
	fin  = flow.FIN | flow.ACK
)

// A script writes the packets of one connection.
type script struct {
	at      int64
	rtt     int64
	packets []packet
}

func (s *script) out(after int64, flags flow.TCPFlags, payload int) {
	s.at += after
	s.packets = append(s.packets, packet{at: s.at, flags: flags, payload: payload})
}

func (s *script) in(after int64, flags flow.TCPFlags, payload int) {
	s.at += after
	s.packets = append(s.packets, packet{at: s.at, back: true, flags: flags, payload: payload})
}

func (s *script) open() {
	s.out(0, syn, 0)
	s.in(s.rtt, syn|ack, 0)
	s.out(1, ack, 0)
}

func (s *script) close() {
	s.out(3, fin, 0)
	s.in(s.rtt, fin, 0)
	s.out(1, ack, 0)
}

func tcp(src, dst string, port uint16) *conn {
	return &conn{proto: flow.TCP, src: netip.MustParseAddr(src), dst: netip.MustParseAddr(dst), dport: port}
}

func udp(src, dst string, port uint16) *conn {
	return &conn{proto: flow.UDP, src: netip.MustParseAddr(src), dst: netip.MustParseAddr(dst), dport: port}
}

// verticalScan: one outside host tries 120 ports of a server.
func (d *director) verticalScan() {
	open := map[uint16]bool{22: true, 80: true, 443: true}
	for i := range 120 {
		port := uint16(20 + i*3)
		switch i {
		case 20:
			port = 22
		case 60:
			port = 80
		case 100:
			port = 443
		}
		c := tcp("198.51.100.66", "10.20.0.80", port)
		c.sport = 51000 + uint16(i)
		s := &script{rtt: 31}
		s.out(0, syn, 0)
		switch {
		case open[port]:
			s.in(s.rtt, syn|ack, 0)
			s.out(1, flow.RST, 0)
		case i%2 == 0:
			s.in(s.rtt, flow.RST|ack, 0)
		}
		c.packets = s.packets
		d.place(1200+int64(i), c)
	}
}

// sweep: one outside host looks for a service on 30 addresses.
func (d *director) sweep() {
	for i := range 30 {
		c := tcp("198.51.100.77", "10.20.0."+strconv.Itoa(i+1), 445)
		s := &script{}
		s.out(0, syn, 0)
		c.packets = s.packets
		d.place(2400+int64(i), c)
	}
}

// beacon: a host calls home once a minute, and is answered.
func (d *director) beacon() {
	for i := range 45 {
		c := tcp("10.20.0.13", "203.0.113.99", 8443)
		s := &script{rtt: 42}
		s.open()
		s.out(2, push, 180)
		s.in(s.rtt+5, push, 96)
		s.close()
		c.packets = s.packets
		d.place(3017+60*int64(i), c)
	}
}

// guessing: one outside host tries passwords of an ssh server.
func (d *director) guessing() {
	second := int64(5800)
	for range 20 {
		c := tcp("198.51.100.88", "10.20.0.22", 22)
		c.service = "ssh"
		s := &script{rtt: 25}
		s.open()
		s.in(30, push, 32)
		s.out(s.rtt, push, 32)
		s.in(s.rtt, push, 900)
		s.out(s.rtt, push, 700+d.between(0, 40))
		s.in(1100, push, 80)
		s.out(5, fin, 0)
		s.in(s.rtt, fin, 0)
		s.out(1, ack, 0)
		c.packets = s.packets
		d.place(second, c)
		second += int64(d.between(2, 9))
	}
}

// long: a connection of an hour, with something to say every 20 seconds.
func (d *director) long() {
	c := tcp("10.20.0.15", "203.0.113.50", 22)
	c.service = "ssh"
	s := &script{rtt: 18}
	s.open()
	for range 180 {
		s.out(19_500, push, 64)
		s.in(s.rtt, push, 80)
		s.out(482, ack, 0)
	}
	s.close()
	c.packets = s.packets
	d.place(600, c)
}

// upload: a host sends 4 MB out, in segments that the network card cuts up.
func (d *director) upload() {
	c := tcp("10.20.0.16", "203.0.113.60", 443)
	s := &script{rtt: 22}
	s.open()
	s.out(2, push, 517)
	s.in(s.rtt, push, 3800)
	for range 64 {
		s.out(150, push, 62_000)
		s.in(s.rtt, ack, 0)
	}
	s.close()
	c.packets = s.packets
	d.place(4200, c)
}

// pings: a host looks which of ten others are there.
func (d *director) pings() {
	for i := range 10 {
		c := &conn{proto: flow.ICMP, src: netip.MustParseAddr("10.20.0.17"), dst: netip.MustParseAddr("10.20.0." + strconv.Itoa(101+i))}
		s := &script{}
		s.out(0, 0, 56)
		s.packets[0].typ = 8
		if i%3 == 0 {
			s.in(2, 0, 56)
		}
		c.packets = s.packets
		d.place(5000+2*int64(i), c)
	}
}

// stopped: what the firewall did not let through.
func (d *director) stopped() {
	for i, port := range []uint16{23, 3389, 5900, 23} {
		c := tcp("198.51.100."+strconv.Itoa(10+i), "10.20.0.80", port)
		c.denied = true
		s := &script{}
		s.out(0, syn, 0)
		c.packets = s.packets
		d.place(700+900*int64(i), c)
	}
	c := udp("198.51.100.14", "10.20.0.80", 161)
	c.denied = true
	s := &script{}
	s.out(0, 0, 43)
	c.packets = s.packets
	d.place(4700, c)
}
