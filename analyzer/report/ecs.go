package report

import (
	"bufio"
	"io"
	"strings"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// ecsVersion is that of the field names that are written.
const ecsVersion = "8.17.0"

// ecsRisk are the risk scores that Elastic's own rules give a severity.
var ecsRisk = [detectors.Severities]uint64{detectors.Info: 5, detectors.Low: 21, detectors.Medium: 47, detectors.High: 73, detectors.Critical: 99}

func ecsFormat() *Format {
	return &Format{
		Name:  "ecs",
		Title: "Elastic Common Schema alerts, one JSON object a line",
		Doc: "One document of the Elastic Common Schema (" + ecsVersion + ") a line, in the order of the input: `event.kind` is alert, " +
			"`event.id` the id, `@timestamp`, `event.start` and `event.end` event times, `rule.*` the detector and its rule, `threat.*` " +
			"the ATT&CK techniques, `source` and `destination` what the alert is about, as far as it is one address or pair, `related.ip` " +
			"the addresses of its evidence. `event.severity` and `event.risk_score` are 5, 21, 47, 73, 99 from info to critical. Facts, " +
			"confidence, evidence with file and row, and the severity in a word stand under `seine`. An empty run writes nothing.",
		Ext: []string{".ecs", ".ecs.json", ".ecs.ndjson"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			enc := newEncoder(o)
			return &lineSink{w: bufio.NewWriterSize(w, bufferSize), line: func(o2 *object, a *detectors.Alert) { o2.ecs(a, o, enc) }}
		},
	}
}

func (o *object) ecs(a *detectors.Alert, opt Options, enc *encoder) {
	shown := shownEvidence(a, opt.Evidence)
	risk := ecsRisk[min(a.Severity, detectors.Critical)]
	o.text("@timestamp", a.Time.String())
	o.key("ecs")
	o.open()
	o.text("version", ecsVersion)
	o.shut()
	o.text("message", a.Summary)
	o.key("event")
	o.open()
	o.text("kind", "alert")
	o.texts("category", []string{"network", "intrusion_detection"})
	o.texts("type", []string{"info"})
	o.text("module", "seine")
	o.text("dataset", "seine.alert")
	o.text("provider", "seine")
	o.text("id", string(a.AppendID(nil)))
	o.text("action", ruleID(a.Detector, a.Rule))
	o.number("severity", risk)
	o.number("risk_score", risk)
	o.text("start", a.FirstSeen.String())
	o.text("end", a.LastSeen.String())
	if d := a.LastSeen.Sub(a.FirstSeen); d >= 0 {
		o.integer("duration", int64(d))
	}
	o.shut()
	o.key("rule")
	o.open()
	o.text("id", ruleID(a.Detector, a.Rule))
	name := a.Rule.Title
	if name == "" {
		name = ruleID(a.Detector, a.Rule)
	}
	o.text("name", name)
	o.text("category", a.Detector.ID)
	o.text("ruleset", "seine")
	o.shut()
	o.ecsThreat(a.Rule.ATTACK)
	src, dst := sides(a)
	o.ecsEnd("source", src)
	o.ecsEnd("destination", dst)
	if a.Subject.Has&detectors.SubjectProtocol != 0 {
		o.key("network")
		o.open()
		o.text("transport", a.Subject.Protocol.String())
		o.text("iana_number", num(uint64(a.Subject.Protocol)))
		o.shut()
	}
	var ips, hosts []string
	for _, addr := range addresses(a, shown) {
		if addr.IsName() {
			hosts = append(hosts, addr.String())
		} else {
			ips = append(ips, addr.String())
		}
	}
	if len(ips)+len(hosts) > 0 {
		o.key("related")
		o.open()
		if len(ips) > 0 {
			o.texts("ip", ips)
		}
		if len(hosts) > 0 {
			o.texts("hosts", hosts)
		}
		o.shut()
	}
	o.key("observer")
	o.open()
	o.text("vendor", "Seine")
	o.text("product", "Seine")
	o.text("type", "ids")
	if opt.Version != "" {
		o.text("version", opt.Version)
	}
	o.shut()
	if len(shown) > 0 {
		o.key("log")
		o.open()
		o.key("file")
		o.open()
		o.text("path", opt.Names.File(shown[0].File))
		o.shut()
		o.shut()
	}
	o.seine(a, shown, enc)
}

// seine appends what is an alert's own, under one name.
func (o *object) seine(a *detectors.Alert, shown []flow.Record, enc *encoder) {
	o.key("seine")
	o.open()
	o.text("id", string(a.AppendID(nil)))
	o.text("severity", a.Severity.String())
	if c := confidence(a); c > 0 {
		o.float("confidence", c)
	}
	if a.Status != detectors.NotCompared {
		o.text("status", a.Status.String())
	}
	o.number("count", a.Count)
	o.number("flows", a.Flows)
	o.key("subject")
	o.open()
	o.subject(&a.Subject)
	o.shut()
	o.facts("facts", a.Facts)
	o.array("evidence", len(shown), func(i int) { o.b = enc.record(o.b, &shown[i]) })
	o.b = appendAnnotations(o.b, a.Annotations)
	o.shut()
}

func num(v uint64) string {
	f := detectors.Uint("", v)
	return f.String()
}

// ecsThreat appends the techniques; a part of one is told with the whole.
func (o *object) ecsThreat(attack []string) {
	var techniques, parts []string
	seen := map[string]bool{}
	for _, t := range attack {
		whole, _, part := strings.Cut(t, ".")
		if part {
			parts = append(parts, t)
		}
		if !seen[whole] {
			seen[whole] = true
			techniques = append(techniques, whole)
		}
	}
	if len(techniques) == 0 {
		return
	}
	o.key("threat")
	o.open()
	o.text("framework", "MITRE ATT&CK")
	o.key("technique")
	o.open()
	o.texts("id", techniques)
	if len(parts) > 0 {
		o.key("subtechnique")
		o.open()
		o.texts("id", parts)
		o.shut()
	}
	o.shut()
	o.shut()
}

func (o *object) ecsEnd(name string, e endpoint) {
	if !e.hasAddr && !e.hasPort {
		return
	}
	o.key(name)
	o.open()
	if e.hasAddr {
		o.text("address", e.addr.String())
		if !e.addr.IsName() {
			o.text("ip", e.addr.String())
		}
	}
	if e.hasPort {
		o.number("port", uint64(e.port))
	}
	o.shut()
}
