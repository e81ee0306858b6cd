package main

import (
	"strconv"

	"seine/flow"
)

// office: what people do all day.
func (d *director) office() {
	host := func(i int) string { return "10.20.0." + strconv.Itoa(11+i%8) }
	for i := range 24 { // names
		c := udp(host(i), "192.0.2.53", 53)
		c.service = "dns"
		s := &script{}
		s.out(0, 0, 30+d.between(0, 20))
		s.in(int64(d.between(4, 30)), 0, 60+d.between(0, 120))
		c.packets = s.packets
		d.place(20+int64(i)*290, c)
	}
	for i := range 22 { // the web
		c := tcp(host(i*3), "203.0.113."+strconv.Itoa(20+i%7), 443)
		s := &script{rtt: int64(d.between(8, 60))}
		s.open()
		s.out(2, push, 517)
		s.in(s.rtt, push, 1400)
		for range d.between(1, 4) {
			s.out(int64(d.between(20, 3000)), push, d.between(80, 900))
			s.in(s.rtt, push, d.between(200, 9000))
			s.out(3, ack, 0)
		}
		s.close()
		c.packets = s.packets
		d.place(60+int64(i)*300, c)
	}
	for i := range 6 { // the web without encryption, on IPv6
		c := tcp("2001:db8:20::"+strconv.Itoa(11+i%3), "2001:db8:ffff::80", 80)
		c.service = "http"
		s := &script{rtt: 15}
		s.open()
		s.out(2, push, 240)
		s.in(s.rtt, push, 1200)
		s.close()
		c.packets = s.packets
		d.place(100+int64(i)*1100, c)
	}
	for i := range 6 { // the time
		c := udp(host(i), "192.0.2.123", 123)
		c.service = "ntp"
		c.sport = 123
		s := &script{}
		s.out(0, 0, 48)
		s.in(12, 0, 48)
		c.packets = s.packets
		d.place(300+int64(i)*1000, c)
	}
	for i := range 3 { // administration
		c := tcp("10.20.0.11", "10.20.0.22", 22)
		c.service = "ssh"
		s := &script{rtt: 2}
		s.open()
		for range 8 {
			s.out(int64(d.between(100, 4000)), push, d.between(40, 120))
			s.in(s.rtt, push, d.between(60, 600))
		}
		s.close()
		c.packets = s.packets
		d.place(2000+int64(i)*1700, c)
	}
	for i := range 5 { // a call: a UDP service that is answered
		c := udp(host(i), "203.0.113.70", 1194)
		s := &script{}
		for range 5 {
			s.out(700, 0, d.between(90, 160))
			s.in(60, 0, d.between(90, 160))
		}
		first := s.packets[0].at
		for i := range s.packets {
			s.packets[i].at -= first
		}
		c.packets = s.packets
		d.place(900+int64(i)*1200, c)
	}
	for i := range 3 { // messages to a log server, which does not answer
		c := udp(host(i), "10.20.0.5", 514)
		s := &script{}
		s.out(0, 0, 120)
		s.out(40, 0, 95)
		c.packets = s.packets
		d.place(400+int64(i)*2000, c)
	}
	for i := range 2 { // aborted by the client, by the server
		c := tcp(host(i+2), "203.0.113.20", 443)
		s := &script{rtt: 20}
		s.open()
		s.out(2, push, 517)
		s.in(s.rtt, push, 1400)
		if i == 0 {
			s.out(400, flow.RST|ack, 0)
		} else {
			s.in(400, flow.RST|ack, 0)
		}
		c.packets = s.packets
		d.place(6000+int64(i)*200, c)
	}
	for i := range 2 { // a server that is down: the SYN is sent again
		c := tcp(host(i), "203.0.113.44", 993)
		s := &script{}
		s.out(0, syn, 0)
		s.out(1000, syn, 0)
		s.out(2000, syn, 0)
		c.packets = s.packets
		d.place(3300+int64(i)*2500, c)
	}
	// Somebody on the list of bad addresses is called.
	c := tcp("10.20.0.14", "192.0.2.200", 443)
	s := &script{rtt: 90}
	s.open()
	s.out(2, push, 400)
	s.in(s.rtt, push, 700)
	s.close()
	c.packets = s.packets
	d.place(4444, c)
	// An open port with another number, and one that ordinary software does not use.
	c = tcp("10.20.0.12", "203.0.113.81", 81)
	s = &script{rtt: 12}
	s.open()
	s.out(2, push, 100)
	s.in(s.rtt, push, 300)
	s.close()
	c.packets = s.packets
	d.place(4800, c)
}
