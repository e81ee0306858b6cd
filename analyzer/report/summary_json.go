package report

import (
	"strconv"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// AppendSummaryJSON appends the summary of a run as one JSON object, without
// what differs between two runs over the same input: speed and memory. The
// ranking of hosts is its last member.
func AppendSummaryJSON(b []byte, s *analyzer.Summary) []byte { return appendSummary(b, s, true) }

func appendSummary(b []byte, s *analyzer.Summary, ranking bool) []byte {
	o := object{b: append(b, '{')}
	o.array("files", len(s.Files), func(i int) { o.file(&s.Files[i]) })
	o.number("rows", s.Rows)
	o.number("bad", s.Bad)
	o.number("skipped", s.Skipped)
	o.number("late", s.Late)
	o.number("filtered", s.Filtered)
	if s.Stitched.Records > 0 {
		o.stitched("stitched", s.Stitched)
	}
	if s.HasSpan {
		o.text("first", s.First.String())
		o.text("last", s.Last.String())
	}
	o.number("hosts", s.Hosts)
	o.number("forgotten", s.Forgotten)
	o.number("pairs", s.Pairs)
	o.flag("pairs_approx", s.PairsApprox)
	if v := s.FlowBytes; v != nil {
		o.key("flow_bytes")
		o.open()
		o.number("samples", uint64(v.Samples))
		o.float("mean", v.Mean)
		o.float("median", v.Median)
		o.float("p95", v.P95)
		o.float("p99", v.P99)
		o.float("max", v.Max)
		o.shut()
	}
	o.severities("findings", &s.Findings)
	o.severities("hidden", &s.Hidden)
	o.number("suppressed", s.Suppressed)
	o.triage(s)
	o.number("accused", s.Accused)
	o.array("detectors", len(s.Detectors), func(i int) { o.detector(&s.Detectors[i]) })
	o.flag("interrupted", s.Interrupted)
	o.texts("warnings", s.Warnings)
	if ranking {
		o.key("ranking")
		o.b = newEncoder(Options{}).hosts(o.b, s.Ranking)
	}
	return append(o.b, '}')
}

// An object appends the members of nested JSON objects.
type object struct{ b []byte }

// key starts a member; the last byte tells whether it is the first.
func (o *object) key(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(quote(o.b, name), ':')
}

func (o *object) open() { o.b = append(o.b, '{') }
func (o *object) shut() { o.b = append(o.b, '}') }

func (o *object) text(name, v string) {
	o.key(name)
	o.b = quote(o.b, v)
}

func (o *object) number(name string, v uint64) {
	o.key(name)
	o.b = strconv.AppendUint(o.b, v, 10)
}

func (o *object) float(name string, v float64) {
	o.key(name)
	f := detectors.Float("", v)
	o.b = f.AppendJSON(o.b, quote)
}

func (o *object) flag(name string, v bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, v)
}

func (o *object) texts(name string, v []string) {
	o.key(name)
	o.b = appendTexts(o.b, v)
}

func (o *object) array(name string, n int, element func(i int)) {
	o.key(name)
	o.b = append(o.b, '[')
	for i := range n {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		element(i)
	}
	o.b = append(o.b, ']')
}

func (o *object) severities(name string, n *[detectors.Severities]uint64) {
	o.key(name)
	o.open()
	for s, v := range n {
		o.number(detectors.Severity(s).String(), v)
	}
	o.shut()
}

func (o *object) file(f *analyzer.FileSummary) {
	o.open()
	o.text("name", f.Name)
	if f.Format != "" {
		o.text("format", f.Format)
	}
	if f.Packing != "" {
		o.text("packing", f.Packing)
	}
	o.number("rows", f.Rows)
	o.number("bad", f.Bad)
	o.number("skipped", f.Skipped)
	o.array("bad_rows", len(f.BadRows), func(i int) { o.badRow(&f.BadRows[i]) })
	o.texts("notes", f.Notes)
	if f.Error != "" {
		o.text("error", f.Error)
	}
	o.flag("ignored", f.Ignored)
	o.shut()
}

func (o *object) badRow(r *flow.BadRow) {
	o.open()
	o.number("row", r.Row)
	o.text("reason", r.Reason)
	o.shut()
}

func (o *object) detector(d *analyzer.DetectorSummary) {
	o.open()
	o.text("id", d.ID)
	if d.Skipped != "" {
		o.text("skipped", d.Skipped)
	}
	o.severities("raised", &d.Raised)
	o.array("counts", len(d.Counts), func(i int) {
		o.open()
		o.text("name", d.Counts[i].Name)
		o.text("doc", d.Counts[i].Doc)
		o.number("n", d.Counts[i].N)
		if d.Counts[i].Ordinary {
			o.flag("ordinary", true)
		}
		o.shut()
	})
	o.array("tables", len(d.Tables), func(i int) { o.table(&d.Tables[i]) })
	o.shut()
}

func (o *object) table(t *detectors.Table) {
	o.open()
	o.text("name", t.Name)
	o.text("title", t.Title)
	o.texts("columns", t.Columns)
	o.array("rows", len(t.Rows), func(i int) {
		o.b = append(o.b, '[')
		for j := range t.Rows[i] {
			if j > 0 {
				o.b = append(o.b, ',')
			}
			o.b = t.Rows[i][j].AppendJSON(o.b, quote)
		}
		o.b = append(o.b, ']')
	})
	o.shut()
}
