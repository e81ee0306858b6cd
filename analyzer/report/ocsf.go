package report

import (
	"bufio"
	"io"
	"strings"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// ocsfVersion is that of the schema whose events are written.
const ocsfVersion = "1.5.0"

// Numbers of the Open Cybersecurity Schema Framework.
const (
	ocsfFindings  = 2    // category_uid
	ocsfDetection = 2004 // class_uid
)

func ocsfFormat() *Format {
	return &Format{
		Name:  "ocsf",
		Title: "OCSF 1.5 Detection Findings (class 2004), one JSON object a line",
		Doc: "One event of the Open Cybersecurity Schema Framework a line, class Detection Finding (2004), in the order of the input: " +
			"`time`, `start_time` and `end_time` are event times in milliseconds, `finding_info` holds the id (`uid`), the title, the " +
			"rule (`analytic`) and the ATT&CK techniques (`attacks`), `evidences` the flows, each also as it stands in other outputs " +
			"(`data`, with file and row), `observables` the addresses and ports. `activity_id` is 1 (Create), or 2 (Update) and 3 (Close) " +
			"for findings that an earlier run had and that only it had. `confidence_id` is 1 below 0.4, 2 below 0.75, 3 from there on, " +
			"0 where the detector has no say. Facts are under `unmapped`. An empty run writes nothing.",
		Ext: []string{".ocsf", ".ocsf.json", ".ocsf.ndjson"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			enc := newEncoder(o)
			return &lineSink{w: bufio.NewWriterSize(w, bufferSize), line: func(o2 *object, a *detectors.Alert) { o2.ocsf(a, o, enc) }}
		},
	}
}

// A lineSink writes an object a line for each alert.
type lineSink struct {
	w    *bufio.Writer
	buf  []byte
	line func(o *object, a *detectors.Alert)
}

func (s *lineSink) Alert(a *detectors.Alert) error {
	o := object{b: s.buf[:0]}
	o.open()
	s.line(&o, a)
	o.b = append(o.b, "}\n"...)
	s.buf = o.b
	_, err := s.w.Write(s.buf)
	return err
}

func (s *lineSink) Close(*analyzer.Summary) error { return s.w.Flush() }

// integer appends a number that may be negative, as times before 1970 are.
func (o *object) integer(name string, v int64) {
	f := detectors.Int("", v)
	o.key(name)
	o.b = f.AppendJSON(o.b, quote)
}

// milliseconds are those since 1970, rounded down.
func milliseconds(t flow.Time) int64 {
	const one = int64(flow.Second / 1000)
	n := int64(t) / one
	if int64(t) < n*one {
		n--
	}
	return n
}

func (o *object) ocsf(a *detectors.Alert, opt Options, enc *encoder) {
	activity, activityName := uint64(1), "Create"
	status, statusName := uint64(1), "New"
	switch a.Status {
	case detectors.Known:
		activity, activityName, status, statusName = 2, "Update", 99, "Known"
	case detectors.Gone:
		activity, activityName, status, statusName = 3, "Close", 4, "Resolved"
	}
	id := string(a.AppendID(nil))
	shown := shownEvidence(a, opt.Evidence)
	o.number("activity_id", activity)
	o.text("activity_name", activityName)
	o.number("category_uid", ocsfFindings)
	o.text("category_name", "Findings")
	o.number("class_uid", ocsfDetection)
	o.text("class_name", "Detection Finding")
	o.number("type_uid", ocsfDetection*100+activity)
	o.integer("time", milliseconds(a.Time))
	o.integer("start_time", milliseconds(a.FirstSeen))
	o.integer("end_time", milliseconds(a.LastSeen))
	o.number("severity_id", uint64(a.Severity)+1)
	o.text("severity", []string{"Informational", "Low", "Medium", "High", "Critical"}[min(a.Severity, detectors.Critical)])
	o.number("status_id", status)
	o.text("status", statusName)
	o.flag("is_alert", true)
	c := confidence(a)
	level := 0
	switch {
	case c >= 0.75:
		level = 3
	case c >= 0.4:
		level = 2
	case c > 0:
		level = 1
	}
	o.number("confidence_id", uint64(level))
	o.text("confidence", []string{"Unknown", "Low", "Medium", "High"}[level])
	if c > 0 {
		o.number("confidence_score", uint64(100*c+0.5))
	}
	o.number("count", min(max(a.Count, 1), 1<<31-1))
	o.text("message", a.Summary)
	o.key("metadata")
	o.open()
	o.text("version", ocsfVersion)
	o.text("uid", id)
	o.key("product")
	o.open()
	o.text("name", "Seine")
	o.text("vendor_name", "Seine")
	if opt.Version != "" {
		o.text("version", opt.Version)
	}
	o.shut()
	o.shut()
	title := a.Rule.Title
	if title == "" {
		title = ruleID(a.Detector, a.Rule)
	}
	o.key("finding_info")
	o.open()
	o.text("uid", id)
	o.text("title", title)
	o.text("desc", a.Summary)
	o.integer("first_seen_time", milliseconds(a.FirstSeen))
	o.integer("last_seen_time", milliseconds(a.LastSeen))
	o.key("analytic")
	o.open()
	o.text("uid", ruleID(a.Detector, a.Rule))
	o.text("name", a.Detector.ID)
	o.number("type_id", 2)
	o.text("type", "Behavioral")
	o.shut()
	if len(a.Rule.ATTACK) > 0 {
		o.array("attacks", len(a.Rule.ATTACK), func(i int) {
			technique, sub, isSub := strings.Cut(a.Rule.ATTACK[i], ".")
			o.open()
			o.key("technique")
			o.open()
			o.text("uid", technique)
			o.shut()
			if isSub {
				o.key("sub_technique")
				o.open()
				o.text("uid", technique+"."+sub)
				o.shut()
			}
			o.shut()
		})
	}
	o.shut()
	if len(shown) > 0 {
		o.array("evidences", len(shown), func(i int) { o.ocsfEvidence(&shown[i], enc) })
	}
	o.observables(a, shown)
	o.key("unmapped")
	o.open()
	o.facts("facts", a.Facts)
	o.key("subject")
	o.open()
	o.subject(&a.Subject)
	o.shut()
	o.number("flows", a.Flows)
	o.b = appendAnnotations(o.b, a.Annotations)
	o.shut()
}

func (o *object) ocsfEvidence(r *flow.Record, enc *encoder) {
	o.open()
	if r.Has&flow.HasAddrs != 0 {
		o.ocsfEnd("src_endpoint", r.Src, r.SrcPort, r.Has&flow.HasSrcPort != 0)
		o.ocsfEnd("dst_endpoint", r.Dst, r.DstPort, r.Has&flow.HasDstPort != 0)
	}
	if r.Has&flow.HasProto != 0 {
		o.key("connection_info")
		o.open()
		o.number("direction_id", 0) // which network is one's own is not said here
		if r.Proto != flow.ProtoUnknown {
			o.number("protocol_num", uint64(r.Proto))
			o.text("protocol_name", r.Proto.String())
		}
		o.shut()
	}
	o.key("data")
	o.b = enc.record(o.b, r)
	o.shut()
}

// ocsfEnd appends one end of a flow; a name that stands for an address is a
// host name.
func (o *object) ocsfEnd(name string, a flow.Addr, port uint16, hasPort bool) {
	o.key(name)
	o.open()
	if a.IsName() {
		o.text("hostname", a.String())
	} else {
		o.text("ip", a.String())
	}
	if hasPort {
		o.number("port", uint64(port))
	}
	o.shut()
}

// ocsfPath is the attribute of the finding that has an address, which an
// observable must name: among the evidence, or what the alert is about.
func ocsfPath(a *detectors.Alert, evidence []flow.Record, addr flow.Addr) string {
	last := ".ip"
	if addr.IsName() {
		last = ".hostname"
	}
	for i := range evidence {
		switch r := &evidence[i]; {
		case r.Has&flow.HasAddrs == 0:
		case r.Src == addr:
			return "evidences.src_endpoint" + last
		case r.Dst == addr:
			return "evidences.dst_endpoint" + last
		}
	}
	switch s := &a.Subject; {
	case s.Has&detectors.SubjectPair != 0 && s.Src == addr:
		return "unmapped.subject.src_ip"
	case s.Has&detectors.SubjectPair != 0 && s.Dst == addr:
		return "unmapped.subject.dst_ip"
	}
	return "unmapped.subject.ip"
}

func (o *object) observables(a *detectors.Alert, evidence []flow.Record) {
	all := addresses(a, evidence)
	port := a.Subject.Has&detectors.SubjectPort != 0
	n := len(all)
	if port {
		n++
	}
	if n == 0 {
		return
	}
	o.array("observables", n, func(i int) {
		o.open()
		switch {
		case i == len(all):
			o.text("name", "unmapped.subject.dst_port")
			o.number("type_id", 11)
			o.text("type", "Port")
			p := detectors.Uint("", uint64(a.Subject.DstPort))
			o.text("value", p.String())
		default:
			kind, number := "IP Address", uint64(2)
			if all[i].IsName() {
				kind, number = "Hostname", 1
			}
			o.text("name", ocsfPath(a, evidence, all[i]))
			o.number("type_id", number)
			o.text("type", kind)
			o.text("value", all[i].String())
		}
		o.shut()
	})
}
