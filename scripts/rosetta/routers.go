package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"seine/flow"
)

// letters writes flags the way nfdump does, eight places with dots.
func letters(f flow.TCPFlags, proto flow.Proto, order string) string {
	var b strings.Builder
	for _, l := range order {
		bit := flow.TCPFlags(1) << strings.IndexRune("FSRPAUEC", l)
		if f&bit != 0 && proto == flow.TCP {
			b.WriteRune(l)
		} else {
			b.WriteByte('.')
		}
	}
	return b.String()
}

// active is how long the routers of these layouts let a flow last before they
// log what they have counted.
const active = 300_000

// icmpPort is where collectors of NetFlow put type and code.
func icmpPort(h *half) uint16 {
	if isICMP(h.proto) {
		return uint16(h.typ)<<8 | uint16(h.code)
	}
	return h.dport
}

// dotted is the destination port of nfdump, "8.0" for ICMP.
func dotted(h *half) string {
	if isICMP(h.proto) {
		return fmt.Sprintf("%d.%d", h.typ, h.code)
	}
	return fmt.Sprint(h.dport)
}

// routed is what a router logs: each direction for itself, in pieces. The
// answer to an echo request is a message of type 0.
func (t trace) routed() []half {
	all := t.halves(every(active))
	for i := range all {
		if h := &all[i]; isICMP(h.proto) && h.back {
			h.typ, h.code = 0, 0
		}
	}
	return all
}

func nfdumpOld(t trace) []byte {
	var b bytes.Buffer
	b.WriteString("ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt,in,out,sas,das,smk,dmk,dtos,dir,nh,nhb,svln,dvln,ismc,odmc,idmc,osmc,mpls1,mpls2,cl,sl,al,ra,eng,exid,tr\n")
	octets, packets, n := 0, 0, 0
	for _, h := range t.routed() {
		fmt.Fprintf(&b, "%s,%s,%s,%v,%v,%d,%s,%s,%s,0,0,%d,%d,0,0%s\n", at(h.first).Format(time.DateTime), at(h.last).Format(time.DateTime),
			seconds(h.last-h.first), h.src, h.dst, h.sport, dotted(&h), strings.ToUpper(h.proto.String()),
			letters(h.flags, h.proto, "CEUAPRSF"), h.pkts, h.ip, strings.Repeat(",0", 25))
		octets, packets, n = octets+h.ip, packets+h.pkts, n+1
	}
	fmt.Fprintf(&b, "Summary\nflows,bytes,packets,avg_bps,avg_pps,avg_bpp\n%d,%d,%d,0,0,0\n", n, octets, packets)
	return b.Bytes()
}

func nfdumpNew(t trace) []byte {
	var b bytes.Buffer
	b.WriteString("firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows\n")
	for _, h := range t.routed() {
		fmt.Fprintf(&b, "%s,%s,%d,%v,%d,%v,%s,%d,%d,1\n", at(h.first).Format("2006-01-02 15:04:05.000"), seconds(h.last-h.first),
			h.proto, h.src, h.sport, h.dst, dotted(&h), h.pkts, h.ip)
	}
	return b.Bytes()
}

func nfdumpFast(t trace) []byte {
	var b bytes.Buffer
	b.WriteString("cnt,af,firstSeen,lastSeen,proto,srcAddr,srcPort,dstAddr,dstPort,srcAS,dstAS,input,output,flags,srcTos,packets,bytes\n")
	for i, h := range t.routed() {
		af := 2
		if h.src.Is6() {
			af = 10
		}
		fmt.Fprintf(&b, "%d,%d,%d,%d,%d,%v,%d,%v,%d,0,0,1,2,%s,0,%d,%d\n", i+1, af, h.first, h.last,
			h.proto, h.src, h.sport, h.dst, icmpPort(&h), letters(h.flags, h.proto, "CEUAPRSF"), h.pkts, h.ip)
	}
	return b.Bytes()
}

func nfdumpText(t trace) []byte {
	var b bytes.Buffer
	b.WriteString("Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port   Flags Tos  Packets    Bytes Flows\n")
	octets, packets, n := 0, 0, 0
	for _, h := range t.routed() {
		octets, packets, n = octets+h.ip, packets+h.pkts, n+1
		colon := ":"
		if h.src.Is6() {
			colon = "."
		}
		fmt.Fprintf(&b, "%s %9s %-5s %16s%s%-5d -> %16s%s%-5s %s %3d %8d %8d %5d\n", at(h.first).Format("2006-01-02 15:04:05.000"), seconds(h.last-h.first),
			strings.ToUpper(h.proto.String()), h.src, colon, h.sport, h.dst, colon, dotted(&h), letters(h.flags, h.proto, "UAPRSF"), 0, h.pkts, h.ip, 1)
	}
	fmt.Fprintf(&b, "Summary: total flows: %d, total bytes: %d, total packets: %d, avg bps: 1, avg pps: 1, avg bpp: 1\n", n, octets, packets)
	fmt.Fprintf(&b, "Time window: 2026-03-10 09:00:00 - 2026-03-10 11:00:00\nTotal flows processed: %d, Blocks skipped: 0, Bytes read: 1\n", n)
	b.WriteString("Sys: 0.001s flows/second: 1.0 Wall: 0.001s flows/second: 1.0\n")
	return b.Bytes()
}

// nfdumpRecord is one of -o json or ndjson.
func nfdumpRecord(h half) string {
	family := "4"
	if h.src.Is6() {
		family = "6"
	}
	const layout = "2006-01-02T15:04:05.000"
	l := object().member("type", "FLOW").member("sampled", 0).member("export_sysid", 1).member("first", at(h.first).Format(layout)).member("last", at(h.last).Format(layout)).
		member("received", at(h.last+1000).Format(layout)).member("in_packets", h.pkts).member("in_bytes", h.ip).member("proto", uint8(h.proto)).
		member("tcp_flags", letters(h.flags, h.proto, "CEUAPRSF"))
	if isICMP(h.proto) {
		l.member("icmp_type", h.typ).member("icmp_code", h.code)
	} else {
		l.member("src_port", h.sport).member("dst_port", h.dport)
	}
	return l.member("src_tos", 0).member("src"+family+"_addr", h.src).member("dst"+family+"_addr", h.dst).member("label", "<none>").String()
}

func nfdumpNDJSON(t trace) []byte { return lines(t.routed(), nfdumpRecord) }

func nfdumpJSON(t trace) []byte {
	var all []string
	for _, h := range t.routed() {
		all = append(all, nfdumpRecord(h))
	}
	return []byte("[\n" + strings.Join(all, ",\n") + "\n]\n")
}

func cidds(t trace) []byte {
	var b bytes.Buffer
	b.WriteString("Date first seen,Duration,Proto,Src IP Addr,Src Pt,Dst IP Addr,Dst Pt,Packets,Bytes,Flows,Flags,Tos,class,attackType,attackID,attackDescription\n")
	for _, h := range t.routed() {
		count := fmt.Sprintf("%8d", h.ip)
		fmt.Fprintf(&b, "%s,%9s,%-5s,%v,%5d,%v,%s,%8d,%s,    1,%s,  0,normal,---,---,---\n", at(h.first).Format("2006-01-02 15:04:05.000"), seconds(h.last-h.first),
			strings.ToUpper(h.proto.String()), h.src, h.sport, h.dst, dotted(&h), h.pkts, count, letters(h.flags, h.proto, "UAPRSF"))
	}
	return b.Bytes()
}

func silk(t trace) []byte {
	var b bytes.Buffer
	const title, row = "%39s|%39s|%5s|%5s|%3s|%10s|%10s|%8s|%23s|%9s|%23s|%6s|\n", "%39v|%39v|%5d|%5d|%3d|%10d|%10d|%-8s|%23s|%9s|%23s|%6s|\n"
	fmt.Fprintf(&b, title, "sIP", "dIP", "sPort", "dPort", "pro", "packets", "bytes", "flags", "sTime", "duration", "eTime", "sensor")
	const layout = "2006/01/02T15:04:05.000"
	for _, h := range t.routed() {
		fmt.Fprintf(&b, row, h.src, h.dst, h.sport, icmpPort(&h), h.proto, h.pkts, h.ip,
			strings.ReplaceAll(letters(h.flags, h.proto, "FSRPAUEC"), ".", " "), at(h.first).Format(layout), seconds(h.last-h.first), at(h.last).Format(layout), "S0")
	}
	return b.Bytes()
}

// codec is what Logstash's codec makes of NetFlow v9 and IPFIX.
func codec(t trace) []byte {
	return lines(t.routed(), func(h half) string {
		family := "ipv4"
		if h.src.Is6() {
			family = "ipv6"
		}
		n := object().member("version", 9).member(family+"_src_addr", h.src).member(family+"_dst_addr", h.dst).member("in_pkts", h.pkts).member("in_bytes", h.ip).
			member("first_switched", iso(h.first)).member("last_switched", iso(h.last)).member("l4_src_port", h.sport).member("l4_dst_port", icmpPort(&h)).
			member("tcp_flags", int(h.flags)).member("protocol", uint8(h.proto))
		return object().member("@timestamp", iso(h.last)).member("host", "192.0.2.1").member("netflow", n).String()
	})
}

func elastiflow(t trace) []byte {
	return lines(t.routed(), func(h half) string {
		client, server := h.src, h.dst
		if h.back {
			client, server = server, client
		}
		return object().member("@timestamp", h.last).member("flow.src.ip.addr", h.src).member("flow.src.l4.port.id", h.sport).
			member("flow.dst.ip.addr", h.dst).member("flow.dst.l4.port.id", icmpPort(&h)).member("flow.client.ip.addr", client).member("flow.server.ip.addr", server).
			member("l4.proto.name", strings.ToUpper(h.proto.String())).member("flow.bytes", h.ip).member("flow.packets", h.pkts).
			member("flow.start.timestamp", h.first).member("flow.end.timestamp", h.last).member("tcp.flags.bits", int(h.flags)).String()
	})
}

func goflow2(t trace) []byte {
	return lines(t.routed(), func(h half) string {
		etype := "IPv4"
		if h.src.Is6() {
			etype = "IPv6"
		}
		l := object().member("type", "IPFIX").member("time_received_ns", (h.last+1000)*1_000_000).member("sequence_num", 1).member("sampling_rate", 0).
			member("sampler_address", "192.0.2.1").member("time_flow_start_ns", h.first*1_000_000).member("time_flow_end_ns", h.last*1_000_000).
			member("bytes", h.ip).member("packets", h.pkts).member("src_addr", h.src).member("dst_addr", h.dst).member("etype", etype).
			member("proto", strings.ToUpper(h.proto.String()))
		if isICMP(h.proto) {
			l.member("src_port", 0).member("dst_port", 0)
		} else {
			l.member("src_port", h.sport).member("dst_port", h.dport)
		}
		return l.member("tcp_flags", int(h.flags)).member("icmp_type", h.typ).member("icmp_code", h.code).String()
	})
}
