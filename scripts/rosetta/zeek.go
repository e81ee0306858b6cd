package main

import (
	"bytes"
	"fmt"
	"strings"

	"seine/flow"
)

var zeekStates = map[flow.State]string{
	flow.StateAttempt: "S0", flow.StateRejected: "REJ", flow.StateEstablished: "S1", flow.StateClosed: "SF",
	flow.StateResetOrig: "RSTO", flow.StateResetResp: "RSTR", flow.StateDenied: "S0",
}

func zeekState(c *conn) string {
	switch s := c.state(); {
	case isICMP(c.proto):
		return "OTH"
	case c.proto == flow.UDP && s == flow.StateEstablished:
		return "SF"
	default:
		return zeekStates[s]
	}
}

// history writes each kind of packet once, in the order in which they came.
func history(c *conn) string {
	var b strings.Builder
	for i := range c.packets {
		p := &c.packets[i]
		kinds := ""
		switch {
		case isICMP(c.proto):
		case c.proto == flow.UDP:
			kinds = "D"
		case p.flags&flow.SYN != 0 && p.flags&flow.ACK != 0:
			kinds = "H"
		case p.flags&flow.SYN != 0:
			kinds = "S"
		case p.flags&flow.RST != 0:
			kinds = "R"
		case p.flags&flow.FIN != 0:
			kinds = "F"
		case p.payload > 0:
			kinds = "D"
		default:
			kinds = "A"
		}
		if p.back {
			kinds = strings.ToLower(kinds)
		}
		if !strings.Contains(b.String(), kinds) {
			b.WriteString(kinds)
		}
	}
	return b.String()
}

func zeekUID(c *conn) string {
	return fmt.Sprintf("C%08x%04x%04x", c.packets[0].at, c.sport, c.dport)
}

// zeekDuration is unset for a single packet, and payload then too.
func zeekDuration(w *piece) bool { return w.last > w.first }

func zeekPorts(c *conn) (uint16, uint16) {
	if isICMP(c.proto) {
		typ, code := c.kind()
		return uint16(typ), uint16(code)
	}
	return c.sport, c.dport
}

func zeekProto(c *conn) string {
	if isICMP(c.proto) {
		return "icmp"
	}
	return c.proto.String()
}

func zeekTSV(t trace) []byte {
	var b bytes.Buffer
	b.WriteString("#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t2026-03-10-09-00-00\n")
	b.WriteString("#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n")
	b.WriteString("#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n")
	for _, c := range t {
		w := c.whole()
		duration, up, down := "-", "-", "-"
		if zeekDuration(&w) {
			duration, up, down = seconds(w.last-w.first)+"000", fmt.Sprint(w.out.payload), fmt.Sprint(w.in.payload)
		}
		sport, dport := zeekPorts(c)
		fmt.Fprintf(&b, "%s000\t%s\t%v\t%d\t%v\t%d\t%s\t%s\t%s\t%s\t%s\t%s\tT\tF\t0\t%s\t%d\t%d\t%d\t%d\t-\n",
			seconds(w.first), zeekUID(c), c.src, sport, c.dst, dport, zeekProto(c), orDash(c.service), duration, up, down,
			zeekState(c), orDash(history(c)), w.out.pkts, w.out.ip, w.in.pkts, w.in.ip)
	}
	b.WriteString("#close\t2026-03-10-11-00-00\n")
	return b.Bytes()
}

func zeekJSON(nested bool) func(trace) []byte {
	return func(t trace) []byte {
		return lines(t, func(c *conn) string {
			w := c.whole()
			l := object().member("ts", raw(seconds(w.first)+"000")).member("uid", zeekUID(c))
			sport, dport := zeekPorts(c)
			ends := func(l *line, prefix string) *line {
				return l.member(prefix+"orig_h", c.src).member(prefix+"orig_p", sport).member(prefix+"resp_h", c.dst).member(prefix+"resp_p", dport)
			}
			if nested {
				l.member("id", ends(object(), ""))
			} else {
				ends(l, "id.")
			}
			l.member("proto", zeekProto(c)).when(c.service != "", "service", c.service)
			if zeekDuration(&w) {
				l.member("duration", raw(seconds(w.last-w.first))).member("orig_bytes", w.out.payload).member("resp_bytes", w.in.payload)
			}
			h := history(c)
			l.member("conn_state", zeekState(c)).member("missed_bytes", 0).when(h != "", "history", h)
			l.member("orig_pkts", w.out.pkts).member("orig_ip_bytes", w.out.ip).member("resp_pkts", w.in.pkts).member("resp_ip_bytes", w.in.ip)
			return l.String()
		})
	}
}

// ecs is Zeek's log as Malcolm writes it.
func ecs(t trace) []byte {
	return lines(t, func(c *conn) string {
		w := c.whole()
		end := func(ip any, port uint16, s *tally) *line {
			l := object().member("ip", ip)
			if !isICMP(c.proto) {
				l.member("port", port)
			}
			return l.member("bytes", s.ip).member("packets", s.pkts)
		}
		event := object().member("kind", "event").member("provider", "zeek").member("dataset", "conn").member("start", iso(w.first)).member("end", iso(w.last)).
			member("duration", (w.last-w.first)*1_000_000)
		network := object().member("transport", c.proto).member("iana_number", fmt.Sprint(uint8(c.proto))).when(c.service != "", "protocol", c.service)
		return object().member("@timestamp", iso(w.last)).member("event", event).member("source", end(c.src, c.sport, &w.out)).
			member("destination", end(c.dst, c.dport, &w.in)).member("network", network).
			member("zeek", object().member("conn", object().member("conn_state", zeekState(c)))).String()
	})
}
