package main

import (
	"bytes"
	"fmt"
	"strings"

	"seine/flow"
)

// awsFlags are those that AWS tells of a direction: an ACK only with a SYN.
func awsFlags(h *half) int {
	f := h.flags & (flow.FIN | flow.SYN | flow.RST)
	if h.back && f&flow.SYN != 0 {
		f |= flow.ACK
	}
	return int(f)
}

func awsAction(h *half) string {
	if h.of.denied {
		return "REJECT"
	}
	return "ACCEPT"
}

// awsRow is a row of version 2.
func awsRow(h half) string {
	return fmt.Sprintf("2 123456789012 eni-0a1b2c3d %v %v %d %d %d %d %d %d %d %s OK", h.src, h.dst, h.sport, h.dport, h.proto, h.pkts, h.ip,
		h.first/1000, h.last/1000, awsAction(&h))
}

func aws2(t trace) []byte { return lines(t.halves(windows(60_000)), awsRow) }

const aws5Header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status " +

	"vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id " +
	"pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path\n"

func aws5(t trace) []byte {
	rows := lines(t.halves(windows(60_000)), func(h half) string {
		family, direction := "IPv4", "ingress"
		if h.src.Is6() {
			family = "IPv6"
		}
		if strings.HasPrefix(h.src.String(), "10.") {
			direction = "egress"
		}
		return strings.Replace(awsRow(h), "2", "5", 1) + fmt.Sprintf(" vpc-0a subnet-0b i-0c %d %s %v %v eu-west-1 euw1-az1 - - - - %s 1", awsFlags(&h), family, h.src, h.dst, direction)
	})
	return append([]byte(aws5Header), rows...)
}

// awsWrapped is what CloudWatch Logs gives to those who subscribe.
func awsWrapped(t trace) []byte {
	all := t.halves(windows(60_000))
	var b bytes.Buffer
	for len(all) > 0 {
		n := min(len(all), 40)
		var events []string
		for i, h := range all[:n] {
			events = append(events, object().member("id", fmt.Sprintf("%056d", i)).member("timestamp", h.first).member("message", awsRow(h)).String())
		}
		all = all[n:]
		fmt.Fprintln(&b, object().member("messageType", "DATA_MESSAGE").member("owner", "123456789012").member("logGroup", "vpc").
			member("logStream", "eni-0a1b2c3d-all").member("subscriptionFilters", raw(`["s"]`)).member("logEvents", raw("["+strings.Join(events, ",")+"]")))
	}
	return b.Bytes()
}

// awsOCSF is what a security lake makes of the rows.
func awsOCSF(t trace) []byte {
	return lines(t.halves(windows(60_000)), func(h half) string {
		action, id := "Allowed", 1
		if h.of.denied {
			action, id = "Denied", 2
		}
		return object().member("metadata", raw(`{"product":{"version":"5","name":"Amazon VPC","feature":{"name":"Flowlogs"},"vendor_name":"AWS"},"version":"1.1.0"}`)).
			member("src_endpoint", object().member("port", h.sport).member("ip", h.src)).member("dst_endpoint", object().member("port", h.dport).member("ip", h.dst)).
			member("connection_info", object().member("protocol_num", uint8(h.proto)).member("tcp_flags", awsFlags(&h))).
			member("traffic", object().member("packets", h.pkts).member("bytes", h.ip)).
			member("time", h.first/1000*1000).member("start_time", h.first/1000*1000).member("end_time", h.last/1000*1000).
			member("class_uid", 4001).member("activity_id", 6).member("action", action).member("action_id", id).String()
	})
}

// azurePieces are a record at the begin, one for every five minutes and one
// at the end. What is denied is a single record.
func azurePieces(t trace) []azureTuple {
	var all []azureTuple
	for _, c := range t {
		if c.denied {
			p := c.whole()
			all = append(all, azureTuple{piece: p, at: p.first, state: "D"})
			continue
		}
		pieces := c.pieces(every(active))
		all = append(all, azureTuple{piece: pieces[0], at: pieces[0].first, state: "B"})
		for _, p := range pieces {
			state := "C"
			if p.end {
				state = "E"
			}
			all = append(all, azureTuple{piece: p, at: p.last, state: state, counts: true})
		}
	}
	sortBy(all, func(a azureTuple) int64 { return a.at })
	return all
}

type azureTuple struct {
	piece
	at     int64
	state  string
	counts bool
}

func (a *azureTuple) direction() string {
	if strings.HasPrefix(a.src.String(), "10.") || a.src.Is6() {
		return "O"
	}
	return "I"
}

func quoted(all []string) string { return `"` + strings.Join(all, `","`) + `"` }

func azureVNet(t trace) []byte {
	var tuples []string
	for _, a := range azurePieces(t) {
		counts := "0,0,0,0"
		if a.counts {
			counts = fmt.Sprintf("%d,%d,%d,%d", a.out.pkts, a.out.ip, a.in.pkts, a.in.ip)
		}
		tuples = append(tuples, fmt.Sprintf("%d,%v,%v,%d,%d,%d,%s,%s,NX,%s", a.at, a.src, a.dst, a.sport, a.dport, a.proto, a.direction(), a.state, counts))
	}
	return azureDocument(tuples, func(tuples string) string {
		return `{"time":"2026-03-10T09:00:52.5625085Z","flowLogVersion":4,"flowLogGUID":"0","macAddress":"00224800AA01","category":"FlowLogFlowEvent",` +
			`"flowLogResourceID":"/SUBSCRIPTIONS/0","targetResourceID":"/subscriptions/0","operationName":"FlowLogFlowEvent","flowRecords":{"flows":[{"aclID":"0",` +
			`"flowGroups":[{"rule":"DefaultRule_AllowInternetOutBound","flowTuples":[` + tuples + `]}]}]}}`
	})
}

// azureNSG has seconds, TCP and UDP alone.
func azureNSG(t trace) []byte {
	var tuples []string
	for _, a := range azurePieces(t) {
		proto, decision, state, counts := "T", "A", a.state, ",,,"
		switch {
		case isICMP(a.proto):
			continue
		case a.proto == flow.UDP:
			proto = "U"
		}
		if a.denied {
			decision, state = "D", "B"
		}
		if a.counts {
			counts = fmt.Sprintf("%d,%d,%d,%d", a.out.pkts, a.out.ip, a.in.pkts, a.in.ip)
		}
		tuples = append(tuples, fmt.Sprintf("%d,%v,%v,%d,%d,%s,%s,%s,%s,%s", a.at/1000, a.src, a.dst, a.sport, a.dport, proto, a.direction(), decision, state, counts))
	}
	return azureDocument(tuples, func(tuples string) string {
		return `{"time":"2026-03-10T09:00:52Z","systemId":"0","macAddress":"000D3A000001","category":"NetworkSecurityGroupFlowEvent","resourceId":"/SUBSCRIPTIONS/0",` +
			`"operationName":"NetworkSecurityGroupFlowEvents","properties":{"Version":2,"flows":[{"rule":"DefaultRule_AllowInternetOutBound","flows":[{"mac":"000D3A000001","flowTuples":[` + tuples + `]}]}]}}`
	})
}

// azureDocument has a record for every 100 tuples.
func azureDocument(tuples []string, record func(tuples string) string) []byte {
	var records []string
	for len(tuples) > 0 {
		n := min(len(tuples), 100)
		records = append(records, record(quoted(tuples[:n])))
		tuples = tuples[n:]
	}
	return []byte(`{"records":[` + strings.Join(records, ",") + "]}\n")
}

// gcp is the log of one machine's network: both directions, a record for each
// five minutes. Google logs nothing of what a firewall rule denied.
func gcp(t trace) []byte {
	return lines(t.halves(every(active)), func(h half) string {
		reporter := "SRC"
		if !strings.HasPrefix(h.src.String(), "10.") {
			reporter = "DEST"
		}
		c := object().member("src_ip", h.src).member("dest_ip", h.dst).member("protocol", uint8(h.proto))
		if !isICMP(h.proto) {
			c.member("src_port", h.sport).member("dest_port", h.dport)
		}
		p := object().member("connection", c).member("bytes_sent", fmt.Sprint(h.ip)).member("packets_sent", fmt.Sprint(h.pkts)).member("reporter", reporter).
			member("start_time", iso(h.first)).member("end_time", iso(h.last))
		return object().member("insertId", fmt.Sprintf("%x", h.first)).member("logName", "projects/p/logs/compute.googleapis.com%2Fvpc_flows").
			member("timestamp", iso(h.last+5000)).member("jsonPayload", p).String()
	})
}

func hubble(t trace) []byte {
	return lines(t.packets(), func(s seen) string {
		src, dst, sport, dport := s.src, s.dst, s.sport, s.dport
		if s.back {
			src, dst, sport, dport = dst, src, dport, sport
		}
		key, l4 := "UDP", object()
		switch {
		case s.proto == flow.TCP:
			key = "TCP"
			f := object()
			for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK"} {
				f.when(s.flags&(1<<i) != 0, name, true)
			}
			l4.member("source_port", sport).member("destination_port", dport).member("flags", f)
		case isICMP(s.proto):
			key = "ICMPv4"
			typ := s.conn.packets[0].typ
			if s.back {
				typ = 0
			}
			l4.when(typ != 0, "type", typ)
		default:
			l4.member("source_port", sport).member("destination_port", dport)
		}
		verdict, version := "FORWARDED", "IPv4"
		if s.denied {
			verdict = "DROPPED"
		}
		if src.Is6() {
			version = "IPv6"
		}
		f := object().member("time", iso(s.at)).member("verdict", verdict).when(s.denied, "drop_reason_desc", "POLICY_DENIED").
			member("IP", object().member("source", src).member("destination", dst).member("ipVersion", version)).member("l4", object().member(key, l4)).
			member("Type", "L3_L4").member("node_name", "a").member("is_reply", s.back)
		return object().member("flow", f).member("node_name", "a").member("time", iso(s.at)).String()
	})
}
