package report

import (
	"bufio"
	"hash/crc32"
	"io"
	"strings"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

func eveFormat() *Format {
	return &Format{
		Name:  "eve",
		Title: "Suricata-like EVE alerts, one JSON object a line",
		Doc: "One record a line as Suricata writes alerts to eve.json, in the order of the input, for tools that read those: " +
			"`event_type` is alert, `timestamp` the event time, addresses and ports those that the alert is about and, what it leaves open, " +
			"those of its first flow of evidence. `alert.gid` is 5318; `alert.signature_id` is a number made of the names of detector and " +
			"rule, the same in every run and version; `alert.severity` is 1 for critical and high, 2 for medium, 3 below. `flow` are the " +
			"counters of that first flow. What is Seine's own stands under `seine`. An empty run writes nothing.",
		Ext: []string{".eve", ".eve.json"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			enc := newEncoder(o)
			return &lineSink{w: bufio.NewWriterSize(w, bufferSize), line: func(o2 *object, a *detectors.Alert) { o2.eve(a, o, enc) }}
		},
	}
}

// eveGroup is the generator id of Seine's signatures, away from those of
// Snort and Suricata.
const eveGroup = 5318

// signatureID is a number of a rule that is the same in every run, in the
// upper half of 31 bits, which is free for own use.
func signatureID(d *detectors.Detector, r *detectors.Rule) uint32 {
	return crc32.ChecksumIEEE([]byte(ruleID(d, r)))&(1<<30-1) | 1<<30
}

// eveTime is how Suricata writes times.
const eveTime = "2006-01-02T15:04:05.000000-0700"

func (o *object) eve(a *detectors.Alert, opt Options, enc *encoder) {
	shown := shownEvidence(a, opt.Evidence)
	src, dst := sides(a)
	proto := a.Subject.Protocol
	hasProto := a.Subject.Has&detectors.SubjectProtocol != 0
	var first *flow.Record
	if len(shown) > 0 {
		first = &shown[0]
		fill(&src, first.Src, first.SrcPort, first.Has, flow.HasSrcPort)
		fill(&dst, first.Dst, first.DstPort, first.Has, flow.HasDstPort)
		if !hasProto && first.Has&flow.HasProto != 0 {
			proto, hasProto = first.Proto, true
		}
	}
	o.text("timestamp", a.Time.UTC().Format(eveTime))
	o.text("event_type", "alert")
	if src.hasAddr {
		o.text("src_ip", src.addr.String())
	}
	if src.hasPort {
		o.number("src_port", uint64(src.port))
	}
	if dst.hasAddr {
		o.text("dest_ip", dst.addr.String())
	}
	if dst.hasPort {
		o.number("dest_port", uint64(dst.port))
	}
	if hasProto && proto != flow.ProtoUnknown {
		o.text("proto", strings.ToUpper(proto.String()))
	}
	if first != nil && first.Has&flow.HasICMP != 0 {
		o.number("icmp_type", uint64(first.ICMPType))
		o.number("icmp_code", uint64(first.ICMPCode))
	}
	title := a.Rule.Title
	if title == "" {
		title = ruleID(a.Detector, a.Rule)
	}
	category := a.Detector.Title
	if category == "" {
		category = a.Detector.ID
	}
	o.key("alert")
	o.open()
	o.text("action", "allowed")
	o.number("gid", eveGroup)
	o.number("signature_id", uint64(signatureID(a.Detector, a.Rule)))
	o.number("rev", 1)
	o.text("signature", "SEINE "+title)
	o.text("category", category)
	severity := uint64(3)
	switch {
	case a.Severity >= detectors.High:
		severity = 1
	case a.Severity == detectors.Medium:
		severity = 2
	}
	o.number("severity", severity)
	o.key("metadata")
	o.open()
	o.texts("detector", []string{a.Detector.ID})
	o.texts("rule", []string{a.Rule.ID})
	o.texts("signature_severity", []string{strings.ToUpper(a.Severity.String()[:1]) + a.Severity.String()[1:]})
	if len(a.Rule.ATTACK) > 0 {
		o.texts("mitre_technique_id", a.Rule.ATTACK)
	}
	o.shut()
	o.shut()
	if first != nil {
		o.eveFlow(first)
	}
	o.text("message", a.Summary)
	o.seine(a, shown, enc)
}

// fill takes from a flow what an alert leaves open of a side that it does not
// contradict.
func fill(e *endpoint, a flow.Addr, port uint16, has, hasPort flow.Fields) {
	if has&flow.HasAddrs == 0 || e.hasAddr && e.addr != a {
		return
	}
	e.addr, e.hasAddr = a, true
	if !e.hasPort && has&hasPort != 0 {
		e.port, e.hasPort = port, true
	}
}

func (o *object) eveFlow(r *flow.Record) {
	o.key("flow")
	o.open()
	if r.Has&flow.HasSrcPkts != 0 {
		o.number("pkts_toserver", r.SrcPkts)
	}
	if r.Has&flow.HasDstPkts != 0 {
		o.number("pkts_toclient", r.DstPkts)
	}
	if r.Has&flow.HasSrcBytes != 0 {
		o.number("bytes_toserver", r.SrcBytes)
	}
	if r.Has&flow.HasDstBytes != 0 {
		o.number("bytes_toclient", r.DstBytes)
	}
	if r.Has&flow.HasStart != 0 {
		o.text("start", r.Start.UTC().Format(eveTime))
	}
	o.shut()
}
