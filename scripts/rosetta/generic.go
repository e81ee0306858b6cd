package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"seine/flow"
)

var nineStates = map[flow.State]string{
	flow.StateAttempt: "new", flow.StateRejected: "reset", flow.StateEstablished: "established", flow.StateClosed: "closed",
	flow.StateResetOrig: "reset", flow.StateResetResp: "reset", flow.StateDenied: "new",
}

// nine has one row for each connection: TCP and UDP only.
func nine(t trace) []byte {
	var b bytes.Buffer
	for _, c := range t {
		if isICMP(c.proto) {
			continue
		}
		w := c.whole()
		down := w.in.ip
		if c.state() == flow.StateRejected {
			down = 0 // what carries nothing is no byte of this layout
		}
		fmt.Fprintf(&b, "%s,%v,%s,%v,%d,%v,%d,%d,%d\n", at(w.first).Format(time.DateTime), c.proto, nineStates[c.state()], c.src, c.sport, c.dst, c.dport, w.out.ip, down)
	}
	return b.Bytes()
}

// generic is a table that names its columns in its own way.
func generic(t trace) []byte {
	var b bytes.Buffer
	b.WriteString("Start Time;End Time;Protocol;Source Address;Source Port;Destination Address;Destination Port;Bytes Sent;Bytes Received;Packets Sent;Packets Received\n")
	for _, c := range t {
		w := c.whole()
		sport, dport := fmt.Sprint(c.sport), fmt.Sprint(c.dport)
		if isICMP(c.proto) {
			sport, dport = "", ""
		}
		const layout = "2006-01-02T15:04:05.000Z07:00"
		fmt.Fprintf(&b, "%s;%s;%v;%v;%s;%v;%s;%d;%d;%d;%d\n", at(w.first).Format(layout), at(w.last).Format(layout), c.proto, c.src, sport, c.dst, dport,
			w.out.ip, w.in.ip, w.out.pkts, w.in.pkts)
	}
	return b.Bytes()
}

// genericJSON is a log that nobody knows, with names that speak for themselves.
func genericJSON(t trace) []byte {
	return lines(t, func(c *conn) string {
		w := c.whole()
		end := func(ip any, port uint16) *line {
			l := object().member("ip", ip)
			return l.when(!isICMP(c.proto), "port", port)
		}
		return object().member("startTime", at(w.first).Format(time.RFC3339Nano)).member("endTime", at(w.last).Format(time.RFC3339Nano)).
			member("source", end(c.src, c.sport)).member("dest", end(c.dst, c.dport)).member("protocol", strings.ToUpper(c.proto.String())).
			member("bytesSent", w.out.ip).member("bytesReceived", w.in.ip).member("packetsSent", w.out.pkts).member("packetsReceived", w.in.pkts).String()
	})
}
