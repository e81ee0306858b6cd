package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// Limits of a report that is meant to be pasted.
const (
	markdownRows    = 100 // of the table, unless --top says otherwise
	markdownDetails = 25  // findings that are told whole
	markdownHosts   = 5
)

func markdownFormat() *Format {
	return &Format{
		Name:  "markdown",
		Hosts: true,
		Title: "Markdown to paste into a ticket: summary, table, each finding",
		Doc: fmt.Sprintf("Written at the end of the run, in the Markdown that GitHub, GitLab and most trackers take: what was read, the hosts with "+
			"the highest risk, a table of the findings, the most severe first (at most %d, or what `--top` says), and the first %d of "+
			"them with their facts and their evidence, file and row. What texts of the input hold of Markdown, HTML, links or mentions is "+
			"made harmless. It says what it leaves out.", markdownRows, markdownDetails),
		Ext: []string{".md", ".markdown"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			if o.Top <= 0 {
				o.Top = markdownRows
			}
			return &markdownSink{w: bufio.NewWriterSize(w, bufferSize), kept: &tableSink{o: o, enc: newEncoder(o)}}
		},
	}
}

// A markdownSink keeps what it will show, as the table does.
type markdownSink struct {
	w    *bufio.Writer
	kept *tableSink
}

func (m *markdownSink) Alert(a *detectors.Alert) error { return m.kept.Alert(a) }

// marks are the characters that mean something in Markdown wherever they
// stand in a line. A colon before slashes makes a link, as "www." does, and @
// and # mention people and issues where trackers are clever: the entity is an
// invisible blank that keeps them from it.
var marks = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "$", `\$`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "://", `\://`, "www.", `www\.`, "WWW.", `WWW\.`, "@", "@&#8203;", "#", "#&#8203;",
)

// markdown makes a text harmless inside a line of Markdown.
func markdown(s string) string {
	return marks.Replace(strings.Join(strings.Fields(clean(s)), " "))
}

// code is a text in a span of code, of which nothing is read but backticks,
// and the bars of a table.
func code(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(clean(s), "`", "'"), "|", "¦")
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func (m *markdownSink) Close(s *analyzer.Summary) error {
	k := m.kept
	k.rank()
	w := m.w
	if s == nil {
		s = &analyzer.Summary{}
	}
	if k.taken == 0 {
		fmt.Fprintf(w, "# Seine: no findings\n\n%s\n\n", markdown(emptyLine(s)))
	} else {
		fmt.Fprintf(w, "# Seine: %s (%s)\n\n", plural(uint64(k.taken), "finding"), bySeverity(&k.all, false))
	}
	m.read(s)
	m.hosts(s)
	if len(k.kept) > 0 {
		m.table()
		m.details()
	}
	m.blind(s)
	return w.Flush()
}

// read tells what the findings rest on.
func (m *markdownSink) read(s *analyzer.Summary) {
	var files []string
	for i := range s.Files {
		if !s.Files[i].Ignored && len(files) < namedFiles {
			files = append(files, code(s.Files[i].Name))
		}
	}
	named := len(files)
	all := 0
	for i := range s.Files {
		if !s.Files[i].Ignored {
			all++
		}
	}
	if all > named {
		files = append(files, fmt.Sprintf("%d more", all-named))
	}
	if len(s.Files) == 0 && len(s.Alerts) > 0 { // lines of alerts tell nothing of the run that they come from
		fmt.Fprint(m.w, "Of alerts that were read again; they do not tell how many flows they are of. Times are UTC.\n")
		return
	}
	fmt.Fprintf(m.w, "%s", plural(s.Rows, "flow"))
	if len(files) > 0 {
		fmt.Fprintf(m.w, " from %s", strings.Join(files, ", "))
	}
	if s.HasSpan {
		fmt.Fprintf(m.w, ", %s to %s", s.First, s.Last)
		if d := s.Last - s.First; d >= 0 {
			fmt.Fprintf(m.w, " (%s)", span(time.Duration(d)))
		}
	}
	fmt.Fprint(m.w, ".")
	if s.Bad > 0 {
		fmt.Fprintf(m.w, " %s could not be read.", plural(s.Bad, "row"))
	}
	if s.Interrupted {
		fmt.Fprint(m.w, " **The run was interrupted.**")
	}
	fmt.Fprint(m.w, " Times are UTC.\n")
	told := 0
	for i := range s.Files {
		f := &s.Files[i]
		if f.Error == "" || f.Ignored {
			continue
		}
		if told++; told == 1 {
			fmt.Fprintln(m.w)
		}
		if told > faultLines {
			fmt.Fprint(m.w, "- and more\n")
			break
		}
		fmt.Fprintf(m.w, "- Not read to its end: %s: %s\n", code(f.Name), markdown(f.Error))
	}
}

func (m *markdownSink) hosts(s *analyzer.Summary) {
	if m.kept.taken < 2 || len(s.Ranking) == 0 {
		return
	}
	fmt.Fprint(m.w, "\n## Hosts by risk\n\n| risk | host | findings |\n|---:|---|---|\n")
	for i := range s.Ranking[:min(len(s.Ranking), markdownHosts)] {
		h := &s.Ranking[i]
		var parts []string
		for _, r := range h.Rules[:min(len(h.Rules), 4)] {
			parts = append(parts, ruleID(r.Detector, r.Rule))
		}
		if more := h.MoreRules + len(h.Rules) - len(parts); more > 0 {
			parts = append(parts, fmt.Sprintf("%d more", more))
		}
		fmt.Fprintf(m.w, "| %.0f | %s | %s |\n", h.Score, code(h.Addr.String()), markdown(strings.Join(parts, ", ")))
	}
}

func (m *markdownSink) table() {
	k := m.kept
	fmt.Fprint(m.w, "\n## Findings\n\n| # | severity | time | rule | subject | what |\n|---:|---|---|---|---|---|\n")
	for i, a := range k.kept {
		r := k.row(a.Alert)
		status := ""
		if a.Status != detectors.NotCompared {
			status = " (" + a.Status.String() + ")"
		}
		fmt.Fprintf(m.w, "| %d | %s%s | %s %s | %s | %s | %s |\n", i+1, r.severity, status, r.date, r.clock,
			markdown(ruleID(a.Detector, a.Rule)), code(a.Subject.String()), markdown(a.Summary))
	}
	if more := k.taken - len(k.kept); more > 0 {
		fmt.Fprintf(m.w, "\n%s not listed here (`--top`; `-f ndjson` writes all).\n", plural(uint64(more), "further finding"))
	}
}

func (m *markdownSink) details() {
	k := m.kept
	for i, a := range k.kept[:min(len(k.kept), markdownDetails)] {
		fmt.Fprintf(m.w, "\n### %d. %s: %s\n\n", i+1, a.Severity, markdown(ruleID(a.Detector, a.Rule)))
		fmt.Fprintf(m.w, "%s\n\n", markdown(sentence(a.Summary)))
		id := string(a.AppendID(nil))
		fmt.Fprintf(m.w, "- **Subject:** %s\n", code(a.Subject.String()))
		fmt.Fprintf(m.w, "- **Seen:** %s to %s, %s, %s\n", a.FirstSeen, a.LastSeen, plural(a.Count, "time"), plural(a.Flows, "flow"))
		if c := confidence(a.Alert); c > 0 {
			fmt.Fprintf(m.w, "- **Confidence:** %.0f %%\n", 100*c)
		}
		if len(a.Rule.ATTACK) > 0 {
			fmt.Fprintf(m.w, "- **ATT&amp;CK:** %s\n", strings.Join(a.Rule.ATTACK, ", "))
		}
		fmt.Fprintf(m.w, "- **Id:** `%s`; in plain words: `seine explain ALERTS %s`\n", id, id)
		for _, n := range a.Annotations {
			fmt.Fprintf(m.w, "- **%s** %s: %s (%s)\n", code(n.IP.String()), markdown(n.Key), markdown(n.Value), markdown(n.Source))
		}
		if len(a.Facts) > 0 {
			fmt.Fprint(m.w, "\n| fact | value |\n|---|---|\n")
			for j := range a.Facts {
				fmt.Fprintf(m.w, "| %s | %s |\n", markdown(a.Facts[j].Key), markdown(a.Facts[j].String()))
			}
		}
		m.evidence(shownEvidence(a.Alert, k.o.Evidence))
	}
	if more := len(k.kept) - markdownDetails; more > 0 {
		fmt.Fprintf(m.w, "\n%s told in the table alone.\n", plural(uint64(more), "finding"))
	}
}

// sentence ends a summary as one.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

func (m *markdownSink) evidence(rows []flow.Record) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprint(m.w, "\n| flow | time | protocol | from | to | state | bytes | place |\n|---:|---|---|---|---|---|---|---|\n")
	for i := range rows {
		r := &rows[i]
		has := func(f flow.Fields, text func() string) string {
			if r.Has&f == 0 {
				return ""
			}
			return text()
		}
		end := func(a flow.Addr, port uint16, f flow.Fields) string {
			text := has(flow.HasAddrs, a.String)
			if r.Has&f != 0 {
				text += fmt.Sprintf(" port %d", port)
			}
			return strings.TrimSpace(text)
		}
		var bytes []string
		if r.Has&flow.HasSrcBytes != 0 {
			bytes = append(bytes, thousands(r.SrcBytes)+" up")
		}
		if r.Has&flow.HasDstBytes != 0 {
			bytes = append(bytes, thousands(r.DstBytes)+" down")
		}
		fmt.Fprintf(m.w, "| %d | %s | %s | %s | %s | %s | %s | %s |\n", i+1, has(flow.HasStart, r.Start.String), has(flow.HasProto, r.Proto.String),
			end(r.Src, r.SrcPort, flow.HasSrcPort), end(r.Dst, r.DstPort, flow.HasDstPort), markdown(m.kept.enc.state(r)),
			strings.Join(bytes, ", "), code(fmt.Sprintf("%s:%d", m.kept.o.Names.File(r.File), r.Row)))
	}
}

// blind tells what could not be looked for.
func (m *markdownSink) blind(s *analyzer.Summary) {
	var skipped []analyzer.DetectorSummary
	for _, d := range s.Detectors {
		if d.Skipped != "" {
			skipped = append(skipped, d)
		}
	}
	if len(skipped) == 0 {
		return
	}
	slices.SortStableFunc(skipped, func(a, b analyzer.DetectorSummary) int { return cmp.Compare(a.Skipped, b.Skipped) })
	fmt.Fprint(m.w, "\n## Not observable\n\n")
	for _, d := range skipped {
		fmt.Fprintf(m.w, "- %s: %s\n", markdown(d.ID), markdown(d.Skipped))
	}
}
