package main

import (
	"fmt"
	"strings"

	"seine/flow"
)

// opening are the packets that a firewall with state logs: those of the
// originator before there was an answer.
func (t trace) opening() []seen {
	var all []seen
	for _, s := range t.packets() {
		first := s.number == 0
		again := s.flags == flow.SYN && !s.back
		if first || again {
			all = append(all, s)
		}
	}
	return all
}

func filterlog(t trace) []byte {
	return lines(t.opening(), func(s seen) string {
		action, flags := "pass", strings.ReplaceAll(letters(s.flags, s.proto, "FSRPAUEC"), ".", "")
		if s.denied {
			action = "block"
		}
		var rest string
		switch {
		case s.proto == flow.TCP:
			rest = fmt.Sprintf("%d,%d,%d,%s,1234567890,,64240,,mss", s.sport, s.dport, s.payload, flags)
		case isICMP(s.proto):
			rest = "request,1,2"
		default:
			rest = fmt.Sprintf("%d,%d,%d", s.sport, s.dport, s.payload+8)
		}
		ip := fmt.Sprintf("4,0x0,,64,12345,0,DF,%d,%v,%d", s.proto, s.proto, s.ip)
		if s.src.Is6() {
			ip = fmt.Sprintf("6,0x00,0x00000,64,%v,%d,%d", s.proto, s.proto, s.ip-40)
		}
		return fmt.Sprintf("<134>1 %s fw filterlog 12345 - - 5,,,1000000103,igb0,match,%s,in,%s,%v,%v,%s", at(s.at).Format("2006-01-02T15:04:05.000000Z07:00"),
			action, ip, s.src, s.dst, rest)
	})
}

func iptables(t trace) []byte {
	return lines(t.opening(), func(s seen) string {
		prefix := "[UFW ALLOW] "
		if s.denied {
			prefix = "[UFW BLOCK] "
		}
		var rest string
		switch {
		case s.proto == flow.TCP:
			rest = fmt.Sprintf("PROTO=TCP SPT=%d DPT=%d WINDOW=64240 RES=0x00 SYN URGP=0 ", s.sport, s.dport)
		case isICMP(s.proto):
			rest = fmt.Sprintf("PROTO=ICMP TYPE=%d CODE=%d ID=1 SEQ=1 ", s.packet.typ, s.code)
		default:
			rest = fmt.Sprintf("PROTO=UDP SPT=%d DPT=%d LEN=%d ", s.sport, s.dport, s.payload+8)
		}
		return fmt.Sprintf("%s host kernel: [12345.678901] %sIN=eth0 OUT= MAC= SRC=%v DST=%v LEN=%d TOS=0x00 PREC=0x00 TTL=52 ID=1 %s",
			at(s.at).Format("2006-01-02T15:04:05.000000-07:00"), prefix, s.src.StringExpanded(), s.dst.StringExpanded(), s.ip, rest)
	})
}

// asa logs when a connection is built and when it is torn down, and what the
// access list denies.
func asa(t trace) []byte {
	type message struct {
		at   int64
		text string
	}
	var all []message
	side := func(ip string) string {
		if strings.HasPrefix(ip, "10.") || strings.HasPrefix(ip, "2001:db8:20:") {
			return "inside"
		}
		return "outside"
	}
	for i, c := range t {
		w := c.whole()
		say := func(at int64, format string, args ...any) {
			all = append(all, message{at, fmt.Sprintf(format, args...)})
		}
		src, dst := c.src.String(), c.dst.String()
		from, to := fmt.Sprintf("%s:%s/%d", side(src), src, c.sport), fmt.Sprintf("%s:%s/%d", side(dst), dst, c.dport)
		name := strings.ToUpper(c.proto.String())
		typ, code := c.kind()
		d := w.last/1000 - w.first/1000
		duration := fmt.Sprintf("%d:%02d:%02d", d/3600, d/60%60, d%60)
		switch {
		case c.denied:
			say(w.first, `%%ASA-4-106023: Deny %v src %s dst %s by access-group "out" [0x0, 0x0]`, c.proto, from, to)
			continue
		case isICMP(c.proto):
			say(w.first, "%%ASA-6-302020: Built outbound ICMP connection for faddr %s/0 gaddr %s/1 laddr %s/1 type %d code %d", dst, src, src, typ, code)
			say(w.last, "%%ASA-6-302021: Teardown ICMP connection for faddr %s/0 gaddr %s/1 laddr %s/1 type %d code %d", dst, src, src, typ, code)
			continue
		}
		direction, first, second := "outbound", to, from
		if side(src) == "outside" {
			direction, first, second = "inbound", from, to
		}
		plain := func(end string) string { _, p, _ := strings.Cut(end, ":"); return "(" + p + ")" }
		say(w.first, "%%ASA-6-3020%d: Built %s %s connection %d for %s %s to %s %s", map[bool]int{true: 13, false: 15}[name == "TCP"], direction, name, 1000+i,
			first, plain(first), second, plain(second))
		reason := ""
		resetter := func(ip string) string {
			if side(ip) == "inside" {
				return " TCP Reset-I"
			}
			return " TCP Reset-O"
		}
		switch s := c.state(); {
		case name != "TCP":
		case s == flow.StateClosed:
			reason = " TCP FINs"
		case s == flow.StateAttempt:
			reason = " SYN Timeout"
		case s == flow.StateResetOrig:
			reason = resetter(src)
		default:
			reason = resetter(dst)
		}
		say(w.last, "%%ASA-6-3020%d: Teardown %s connection %d for %s to %s duration %s bytes %d%s", map[bool]int{true: 14, false: 16}[name == "TCP"], name, 1000+i,
			first, second, duration, w.out.payload+w.in.payload, reason)
	}
	sortBy(all, func(m message) int64 { return m.at })
	return lines(all, func(m message) string { return at(m.at).Format("Jan 02 2006 15:04:05") + " fw : " + m.text })
}
