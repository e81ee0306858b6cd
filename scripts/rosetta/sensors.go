package main

import (
	"bytes"
	"fmt"
	"strings"

	"seine/flow"
)

// number is a number of the connection that an observer could have given it.
func (c *conn) number() int64 { return c.packets[0].at*1000 + int64(c.dport) }

func suricataTime(ms int64) string { return at(ms).Format("2006-01-02T15:04:05.000000-0700") }

func suricataEnds(l *line, proto flow.Proto, src, dst any, sport, dport uint16, typ, code uint8) *line {
	name := strings.ToUpper(proto.String())
	if proto == flow.ICMPv6 {
		name = "IPv6-ICMP"
	}
	if isICMP(proto) {
		return l.member("src_ip", src).member("dest_ip", dst).member("proto", name).member("icmp_type", typ).member("icmp_code", code)
	}
	return l.member("src_ip", src).member("src_port", sport).member("dest_ip", dst).member("dest_port", dport).member("proto", name)
}

func hex(f flow.TCPFlags) string { return fmt.Sprintf("%02x", uint8(f)) }

func eveFlow(t trace) []byte {
	return lines(t, func(c *conn) string {
		w := c.whole()
		typ, code := c.kind()
		s := c.state()
		l := object().member("timestamp", suricataTime(w.last+60_000)).member("flow_id", c.number()).member("in_iface", "eth0").member("event_type", "flow")
		suricataEnds(l, c.proto, c.src, c.dst, c.sport, c.dport, typ, code).when(c.service != "", "app_proto", c.service)
		state := "new"
		switch {
		case s == flow.StateClosed || s == flow.StateRejected || s == flow.StateResetOrig || s == flow.StateResetResp:
			state = "closed"
		case s == flow.StateEstablished:
			state = "established"
		}
		f := object().member("pkts_toserver", w.out.pkts).member("pkts_toclient", w.in.pkts).member("bytes_toserver", w.out.wire).member("bytes_toclient", w.in.wire).
			member("start", suricataTime(w.first)).member("end", suricataTime(w.last)).member("age", (w.last-w.first)/1000).member("state", state).
			member("reason", "timeout").member("alerted", false).when(c.denied, "action", "drop")
		l.member("flow", f)
		if c.proto == flow.TCP {
			l.member("tcp", object().member("tcp_flags", hex(w.out.flags|w.in.flags)).member("tcp_flags_ts", hex(w.out.flags)).member("tcp_flags_tc", hex(w.in.flags)))
		}
		return l.String()
	})
}

func eveNetflow(t trace) []byte {
	return lines(t.halves(whole), func(h half) string {
		l := object().member("timestamp", suricataTime(h.last+60_000)).member("flow_id", h.of.number()).member("event_type", "netflow")
		suricataEnds(l, h.proto, h.src, h.dst, h.sport, h.dport, h.typ, h.code)
		l.member("netflow", object().member("pkts", h.pkts).member("bytes", h.wire).member("start", suricataTime(h.first)).member("end", suricataTime(h.last)).member("age", (h.last-h.first)/1000))
		if h.proto == flow.TCP {
			l.member("tcp", object().member("tcp_flags", hex(h.flags)))
		}
		return l.String()
	})
}

// argusFlags are the flags of one side in the order of Argus.
func argusFlags(f flow.TCPFlags) string {
	return strings.ReplaceAll(letters(f, flow.TCP, "FSRPAUEC"), ".", "")
}

func argus(t trace) []byte {
	var b bytes.Buffer
	b.WriteString("StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,SrcPkts,Label\n")
	for _, c := range t {
		w := c.whole()
		dir, state := "   ->", "INT"
		sport, dport := fmt.Sprint(c.sport), fmt.Sprint(c.dport)
		answered := w.in.pkts > 0
		switch {
		case c.proto == flow.TCP:
			state = argusFlags(w.out.flags) + "_" + argusFlags(w.in.flags)
		case isICMP(c.proto):
			typ, code := c.kind()
			sport, dport, state = fmt.Sprintf("0x%02x%02x", code, typ), "", "ECO"
			if answered {
				dir, state = "  <->", "ECR"
			}
		case answered:
			dir, state = "  <->", "CON"
		}
		fmt.Fprintf(&b, "%s000,%s000,%v,%v,%s,%s,%v,%s,%s,0,0,%d,%d,%d,%d,\n", at(w.first).Format("2006/01/02 15:04:05.000"), seconds(w.last-w.first),
			c.proto, c.src, sport, dir, c.dst, dport, state, w.out.pkts+w.in.pkts, w.out.wire+w.in.wire, w.out.wire, w.out.pkts)
	}
	return b.Bytes()
}

func netflowML(t trace) []byte {
	var b bytes.Buffer
	b.WriteString("FLOW_START_MILLISECONDS,FLOW_END_MILLISECONDS,IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,L7_PROTO,IN_BYTES,IN_PKTS,OUT_BYTES,OUT_PKTS,TCP_FLAGS,CLIENT_TCP_FLAGS,SERVER_TCP_FLAGS,FLOW_DURATION_MILLISECONDS,ICMP_TYPE,ICMP_IPV4_TYPE,Label,Attack\n")
	for _, c := range t {
		if c.src.Is6() {
			continue
		}
		w := c.whole()
		typ, code := c.kind()
		icmp := int(typ)<<8 | int(code)
		fmt.Fprintf(&b, "%d,%d,%v,%d,%v,%d,%d,7.0,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,0,Benign\n", w.first, w.last, c.src, c.sport, c.dst, c.dport, c.proto,
			w.out.ip, w.out.pkts, w.in.ip, w.in.pkts, w.out.flags|w.in.flags, w.out.flags, w.in.flags, w.last-w.first, icmp, icmp>>8)
	}
	return b.Bytes()
}

// cic writes one of the spellings of CICFlowMeter. Flags are those of both
// sides.
func cic(names string, layout string) func(trace) []byte {
	return func(t trace) []byte {
		var b bytes.Buffer
		b.WriteString(names)
		for _, c := range t {
			w := c.whole()
			flag := func(f flow.TCPFlags) (n int) {
				for i := range c.packets {
					if c.packets[i].flags&f != 0 {
						n++
					}
				}
				return n
			}
			fmt.Fprintf(&b, "%v-%v-%d-%d-%d,%v,%d,%v,%d,%d,%s,%d,%d,%d,%d,%d,%d,%d,%d,%d,%d,BENIGN\n", c.src, c.dst, c.sport, c.dport, c.proto,
				c.src, c.sport, c.dst, c.dport, c.proto, at(w.first).Format(layout), (w.last-w.first)*1000,
				w.out.pkts, w.in.pkts, w.out.payload, w.in.payload,
				flag(flow.FIN), flag(flow.SYN), flag(flow.RST), flag(flow.PSH), flag(flow.ACK))
		}
		return b.Bytes()
	}
}

const (
	cic4    = "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts,TotLen Fwd Pkts,TotLen Bwd Pkts,FIN Flag Cnt,SYN Flag Cnt,RST Flag Cnt,PSH Flag Cnt,ACK Flag Cnt,Label\n"
	cic2017 = "Flow ID, Source IP, Source Port, Destination IP, Destination Port, Protocol, Timestamp, Flow Duration, Total Fwd Packets, Total Backward Packets,Total Length of Fwd Packets, Total Length of Bwd Packets,FIN Flag Count, SYN Flag Count, RST Flag Count, PSH Flag Count, ACK Flag Count, Label\n"
	cicNew  = "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Total Fwd Packet,Total Bwd packets,Total Length of Fwd Packet,Total Length of Bwd Packet,FIN Flag Count,SYN Flag Count,RST Flag Count,PSH Flag Count,ACK Flag Count,Label\n"
)

func unsw(t trace) []byte {
	var b bytes.Buffer
	for _, c := range t {
		w := c.whole()
		sport, dport := fmt.Sprint(c.sport), fmt.Sprint(c.dport)
		state := "INT"
		answered := w.in.pkts > 0
		switch s := c.state(); {
		case isICMP(c.proto):
			sport, dport, state = "0", "0", "ECO"
		case c.proto == flow.TCP && s == flow.StateClosed:
			state = "FIN"
		case c.proto == flow.TCP && (s == flow.StateRejected || s == flow.StateResetOrig || s == flow.StateResetResp):
			state = "RST"
		case answered:
			state = "CON"
		case c.proto == flow.TCP:
			state = "REQ"
		}
		fmt.Fprintf(&b, "%v,%s,%v,%s,%v,%s,%s000,%d,%d,64,64,0,0,%s,0,0,%d,%d,0,0,0,0,0,0,0,0,0,0,%d,%d,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,,0\n",
			c.src, sport, c.dst, dport, c.proto, state, seconds(w.last-w.first), w.out.wire, w.in.wire, orDash(c.service), w.out.pkts, w.in.pkts,
			w.first/1000, w.last/1000)
	}
	return b.Bytes()
}
