package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"seine/analyzer"
	"seine/detectors"
)

// Limits of the summary for people; the JSON one is complete.
const (
	namedFiles = 3  // so many are listed by name
	faultLines = 5  // of each kind: errors, bad rows, warnings, notes
	tableRows  = 10 // rows of a detector's table
)

// WriteSummary writes the summary of a run for people, a few labelled lines.
// It is meant for standard error, so that an error of w is of no interest.
func WriteSummary(w io.Writer, s *analyzer.Summary, o Options) {
	var t summaryText
	t.replayed(s)
	if len(s.Alerts) == 0 || len(s.Files) > 0 {
		t.input(s)
		t.rows(s)
	}
	if s.HasSpan {
		if d := s.Last - s.First; d >= 0 {
			t.line("time", "%s to %s (%s)", s.First, s.Last, span(time.Duration(d)))
		} else { // more than an int64 of nanoseconds
			t.line("time", "%s to %s", s.First, s.Last)
		}
		t.traffic(s)
	}
	t.found(s, o.Color)
	t.triage(s)
	t.limits(s, o.Verbose)
	t.faults(s, o.Told)
	if s.Elapsed > 0 {
		speed := fmt.Sprintf("%s flows/s, %s", scaled(float64(s.Rows)/s.Elapsed.Seconds(), ""), span(s.Elapsed))
		if s.PeakMemory > 0 {
			speed += ", peak memory " + volume(float64(s.PeakMemory))
		}
		t.line("speed", "%s", speed)
	}
	if o.Verbose {
		t.tables(s)
	}
	_, _ = w.Write(t.Bytes())
}

type summaryText struct {
	bytes.Buffer
	label string // of the last line
}

// line writes a labelled line; a label is not repeated on the lines below.
func (t *summaryText) line(label, format string, args ...any) {
	shown := label
	if label == t.label {
		shown = ""
	}
	t.label = label
	fmt.Fprintf(t, "%-10s %s\n", shown, fmt.Sprintf(format, args...))
}

func (t *summaryText) input(s *analyzer.Summary) {
	var read, ignored []string
	kinds := map[string]int{}
	for i := range s.Files {
		f := &s.Files[i]
		if f.Ignored {
			ignored = append(ignored, clean(f.Name))
			continue
		}
		kind := f.Format
		if f.Packing != "" {
			kind = strings.TrimSpace(kind + " in " + f.Packing)
		}
		if kind != "" {
			kinds[kind]++
			kind = " (" + clean(kind) + ")"
		}
		read = append(read, clean(f.Name)+kind)
	}
	switch {
	case len(read) > namedFiles:
		var parts []string
		for kind, n := range kinds {
			parts = append(parts, fmt.Sprintf("%s %s", thousands(uint64(n)), clean(kind)))
		}
		slices.Sort(parts)
		t.line("input", "%s: %s", plural(uint64(len(read)), "file"), strings.Join(parts, ", "))
	case len(read) > 0:
		t.line("input", "%s", strings.Join(read, ", "))
	}
	if len(ignored) > 0 {
		t.line("ignored", "%s without flows: %s", plural(uint64(len(ignored)), "file"), someOf(ignored))
	}
}

// someOf lists the first few and counts the others.
func someOf(words []string) string {
	if len(words) <= namedFiles {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:namedFiles], ", "), len(words)-namedFiles)
}

func (t *summaryText) rows(s *analyzer.Summary) {
	text := thousands(records(s)) + " read"
	for _, c := range []struct {
		n    uint64
		what string
	}{{s.Bad, "bad"}, {s.Skipped, "skipped (headers, comments)"}, {s.Late, "late"}} {
		if c.n > 0 {
			text += ", " + thousands(c.n) + " " + c.what
		}
	}
	if s.Interrupted {
		text += ", interrupted"
	}
	t.line("rows", "%s", text)
	t.stitching(s.Stitched, s.Filtered)
}

// records is how many rows were read: more than there are flows where these
// were stitched.
func records(s *analyzer.Summary) uint64 {
	if s.Stitched.Records == 0 {
		return s.Rows
	}
	var n uint64
	for i := range s.Files {
		n += s.Files[i].Rows
	}
	return max(n, s.Stitched.Records)
}

func (t *summaryText) traffic(s *analyzer.Summary) {
	about := ""
	if s.PairsApprox {
		about = "about "
	}
	text := fmt.Sprintf("%s, %s%s", thousands(s.Hosts), about, plural(s.Pairs, "pair"))
	if s.Forgotten > 0 {
		text += ", " + thousands(s.Forgotten) + " forgotten"
	}
	if s.Hosts > 0 || len(s.Alerts) == 0 { // not known of several runs together
		t.line("addresses", "%s", text)
	}
	if v := s.FlowBytes; v != nil {
		t.line("flow size", "median %s, mean %s, 95%% up to %s, 99%% up to %s, max %s",
			volume(v.Median), volume(v.Mean), volume(v.P95), volume(v.P99), volume(v.Max))
	}
}

func (t *summaryText) found(s *analyzer.Summary, color bool) {
	text := bySeverity(&s.Findings, color)
	if text == "" {
		text = "none"
	}
	if hidden := bySeverity(&s.Hidden, false); hidden != "" {
		text += "; hidden " + hidden
	}
	if s.Suppressed > 0 {
		text += "; suppressed " + thousands(s.Suppressed)
	}
	t.line("findings", "%s", text)
	var raised []string
	for i := range s.Detectors {
		d := &s.Detectors[i]
		var n uint64
		for _, m := range d.Raised {
			n += m
		}
		if n > 0 {
			raised = append(raised, d.ID+" "+thousands(n))
		}
	}
	if len(raised) > 0 {
		t.line("raised", "%s", strings.Join(raised, ", "))
	}
	for i := range s.Detectors {
		if d := &s.Detectors[i]; d.Skipped != "" {
			t.line("skipped", "%s: %s", d.ID, clean(d.Skipped))
		}
	}
}

func (t *summaryText) limits(s *analyzer.Summary, all bool) {
	for i := range s.Detectors {
		for _, c := range s.Detectors[i].Counts {
			if c.Ordinary && !all {
				continue
			}
			t.line("counted", "%s: %s %s (%s)", s.Detectors[i].ID, thousands(c.N), c.Name, clean(c.Doc))
		}
	}
}

// faults tells of files and rows that could not be read, of warnings and
// notes; not of what the error told says of a file.
func (t *summaryText) faults(s *analyzer.Summary, told error) {
	var known string
	if told != nil {
		known = told.Error()
	}
	var errors, bad, notes []string
	count := s.Bad
	for _, f := range slices.Concat(s.Files, s.Alerts) {
		name := clean(f.Name)
		if f.Error != "" && !f.Ignored && !strings.Contains(known, f.Name+": "+f.Error) {
			errors = append(errors, name+": "+clean(f.Error))
		}
		for _, r := range f.BadRows {
			bad = append(bad, fmt.Sprintf("%s:%d: %s", name, r.Row, clean(r.Reason)))
		}
		for _, n := range f.Notes {
			notes = append(notes, name+": "+clean(n))
		}
	}
	warnings := make([]string, len(s.Warnings))
	for i, w := range s.Warnings {
		warnings[i] = clean(w)
	}
	t.some("error", errors, uint64(len(errors)))
	for i := range s.Alerts {
		count += s.Alerts[i].Bad
	}
	t.some("bad rows", bad, max(count, uint64(len(bad))))
	t.some("warning", warnings, uint64(len(warnings)))
	t.some("note", notes, uint64(len(notes)))
}

// some writes the first few lines, and how many of all are not among them.
func (t *summaryText) some(label string, lines []string, all uint64) {
	shown := lines[:min(faultLines, len(lines))]
	for _, l := range shown {
		t.line(label, "%s", l)
	}
	if more := all - uint64(len(shown)); more > 0 {
		t.line(label, "and %s more", thousands(more))
	}
}

// tables writes the first rows of the tables of the detectors.
func (t *summaryText) tables(s *analyzer.Summary) {
	for i := range s.Detectors {
		for j := range s.Detectors[i].Tables {
			t.table(&s.Detectors[i].Tables[j])
		}
	}
}

func (t *summaryText) table(d *detectors.Table) {
	fmt.Fprintf(t, "\n%s\n", clean(d.Title))
	cells := [][]string{d.Columns}
	for _, row := range d.Rows[:min(tableRows, len(d.Rows))] {
		texts := make([]string, len(row))
		for k := range row {
			texts[k] = clean(row[k].String())
		}
		cells = append(cells, texts)
	}
	for _, line := range aligned(cells) {
		fmt.Fprintf(t, "  %s\n", line)
	}
	if more := len(d.Rows) - tableRows; more > 0 {
		fmt.Fprintf(t, "  and %s\n", plural(uint64(more), "more row"))
	}
}
