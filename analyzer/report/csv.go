package report

import (
	"bufio"
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// csvColumns are fixed: a new one may only be added at the end.
var csvColumns = [...]string{
	"id", "time", "severity", "confidence", "detector", "rule", "ip", "role", "src_ip", "dst_ip", "dst_port",
	"protocol", "summary", "count", "first_seen", "last_seen", "flows", "attack", "facts", "file", "row", "evidence", "status",
	"annotations",
}

func csvFormat() *Format {
	return &Format{
		Name:  "csv",
		Title: "one row for each alert, safe to open in a spreadsheet",
		Doc: "Columns: `" + strings.Join(csvColumns[:], "`, `") + "`. `facts` holds `key=value` pairs and `evidence` " +
			"`file:row` places, separated by semicolons; `annotations` what is known of the addresses (`10.0.0.5 asset=nas`); `file` and `row` are the first piece of evidence. " +
			"What a spreadsheet would take for a formula has an apostrophe before it; control characters are " +
			"spelled out. The header is written also for an empty run.",
		Ext: []string{".csv"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			out := bufio.NewWriterSize(w, bufferSize)
			return &csvSink{w: csv.NewWriter(out), enc: newEncoder(o)}
		},
	}
}

type csvSink struct {
	w     *csv.Writer
	enc   *encoder
	begun bool
	row   [len(csvColumns)]string
}

func (c *csvSink) begin() error {
	if c.begun {
		return nil
	}
	c.begun = true
	return c.w.Write(csvColumns[:])
}

func (c *csvSink) Alert(a *detectors.Alert) error {
	if err := c.begin(); err != nil {
		return err
	}
	time := func(t flow.Time) string { return string(c.enc.time(nil, t)) }
	s := &a.Subject
	clear(c.row[:])
	at := 0
	put := func(v string) {
		c.row[at] = v
		at++
	}
	optional := func(has bool, v func() string) {
		if has {
			c.row[at] = v()
		}
		at++
	}
	put(string(appendID(nil, a)))
	put(time(a.Time))
	put(a.Severity.String())
	optional(a.Confidence > 0, func() string { return strconv.FormatFloat(a.Confidence, 'f', -1, 64) })
	put(cell(a.Detector.ID))
	put(cell(a.Rule.ID))
	optional(s.Has&detectors.SubjectIP != 0, s.IP.String)
	optional(s.Has&detectors.SubjectIP != 0, s.Role.String)
	optional(s.Has&detectors.SubjectPair != 0, s.Src.String)
	optional(s.Has&detectors.SubjectPair != 0, s.Dst.String)
	optional(s.Has&detectors.SubjectPort != 0, func() string { return strconv.Itoa(int(s.DstPort)) })
	optional(s.Has&detectors.SubjectProtocol != 0, s.Protocol.String)
	put(cell(a.Summary))
	put(strconv.FormatUint(a.Count, 10))
	put(time(a.FirstSeen))
	put(time(a.LastSeen))
	put(strconv.FormatUint(a.Flows, 10))
	put(cell(strings.Join(a.Rule.ATTACK, "; ")))
	put(cell(joinFacts(a.Facts)))
	if len(a.Evidence) > 0 {
		put(cell(c.enc.names.File(a.Evidence[0].File)))
		put(strconv.FormatUint(a.Evidence[0].Row, 10))
	} else {
		at += 2
	}
	var places []string
	for _, r := range shownEvidence(a, c.enc.evidence) {
		places = append(places, listed(c.enc.names.File(r.File))+":"+strconv.FormatUint(r.Row, 10))
	}
	put(cell(strings.Join(places, "; ")))
	put(a.Status.String())
	put(cell(joinNotes(a.Annotations)))
	return c.w.Write(c.row[:])
}

func joinFacts(facts []detectors.Fact) string {
	var b strings.Builder
	for i := range facts {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(facts[i].Key)
		b.WriteByte('=')
		b.WriteString(listed(facts[i].String()))
	}
	return b.String()
}

func (c *csvSink) Close(*analyzer.Summary) error {
	if err := c.begin(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}
