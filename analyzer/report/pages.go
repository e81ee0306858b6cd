package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"seine/analyzer"
	"seine/flow"
)

// A Blind is a detector that cannot work on an input, and what it misses.
type Blind struct {
	Detector string
	Missing  flow.Fields
}

// Pages writes what was found out about inputs, one after the other.
type Pages struct {
	w     io.Writer
	json  bool
	count int
}

// NewPages writes to w, as one JSON document or as text for people.
func NewPages(w io.Writer, asJSON bool) *Pages { return &Pages{w: w, json: asJSON} }

// Write writes the page of one input.
func (p *Pages) Write(page *analyzer.Page, blind []Blind) error {
	p.count++
	var b []byte
	if p.json {
		b = append(b, ",\n"...)
		if p.count == 1 {
			b = []byte(`{"schema":"seine.inspect/1","files":[` + "\n")
		}
		b = appendPage(b, page, blind)
	} else {
		if p.count > 1 {
			b = append(b, '\n')
		}
		b = append(b, pageText(page, blind)...)
	}
	_, err := p.w.Write(b)
	return err
}

// Close completes the document.
func (p *Pages) Close() error {
	if !p.json {
		return nil
	}
	text := "\n]}\n"
	if p.count == 0 {
		text = `{"schema":"seine.inspect/1","files":[]}` + "\n"
	}
	_, err := io.WriteString(p.w, text)
	return err
}

func pageText(p *analyzer.Page, blind []Blind) string {
	var t summaryText
	fmt.Fprintln(&t, clean(p.Name))
	kind := clean(p.Format)
	if p.Packing != "" {
		kind = strings.TrimSpace(kind + " in " + clean(p.Packing))
	}
	if p.Title != "" {
		kind += ": " + clean(p.Title)
	}
	if kind != "" {
		t.line("  format", "%s", kind)
	}
	if p.Error != "" {
		t.line("  error", "%s", clean(p.Error))
	}
	t.line("  rows", "%s, %s bad, %s skipped", plural(p.Rows, "record"), thousands(p.Bad), thousands(p.Skipped))
	if p.Wanted != p.Rows {
		t.line("  wanted", "%s, of which the following tells (--where, --since, --until, --sample)", plural(p.Wanted, "record"))
	}
	if p.HasSpan {
		text := fmt.Sprintf("%s to %s", p.First, p.Last)
		if d := p.Last - p.First; d >= 0 {
			text += " (" + span(time.Duration(d)) + ")"
		}
		t.line("  time", "%s", text)
		t.order(p)
	}
	for _, g := range p.Gaps {
		t.line("  gaps", "no flow starts for %s from %s", span(time.Duration(g.To.Sub(g.From))), g.From)
	}
	if p.Hosts > 0 {
		about := ""
		if p.Approx {
			about = "about "
		}
		t.line("  addresses", "%s%s", about, thousands(p.Hosts))
	}
	t.shares("  fields", p.Present, p.Wanted, 0)
	t.shares("  protocols", p.Protocols, p.Wanted, 8)
	t.shares("  states", p.States, p.Wanted, 0)
	t.shares("  services", p.Services, p.Wanted, 8)
	if text := stitchingText(p); text != "" {
		t.line("  stitching", "%s", text)
	}
	for _, b := range blind {
		t.line("  detectors", "%s cannot work: no %s", b.Detector, strings.Join(b.Missing.Names(), ", "))
	}
	for _, m := range p.Mapping {
		t.line("  columns", "%s", clean(m))
	}
	for _, n := range p.Notes {
		t.line("  note", "%s", clean(n))
	}
	for _, r := range p.BadRows {
		t.line("  bad rows", "%s:%d: %s", clean(p.Name), r.Row, clean(r.Reason))
	}
	if more := p.Bad - uint64(len(p.BadRows)); p.Bad > uint64(len(p.BadRows)) {
		t.line("  bad rows", "and %s more", thousands(more))
	}
	return t.String()
}

// order tells how far the rows are out of order.
func (t *summaryText) order(p *analyzer.Page) {
	if p.Back == 0 {
		t.line("  order", "by time")
		return
	}
	text := fmt.Sprintf("%s of the rows start before the one ahead of them, at most %s behind the latest", percent(p.Back, p.Wanted), span(time.Duration(p.Furthest)))
	if p.Late > 0 {
		text += fmt.Sprintf("; %s are later than --lateness and count in no window", percent(p.Late, p.Wanted))
	}
	t.line("  order", "%s", text)
}

// shares lists kinds with their percentage, at most limit of them.
func (t *summaryText) shares(label string, shares []analyzer.Share, all uint64, limit int) {
	if len(shares) == 0 {
		return
	}
	var parts []string
	for i, s := range shares {
		if limit > 0 && i == limit && len(shares) > limit+1 {
			parts = append(parts, fmt.Sprintf("and %d more", len(shares)-limit))
			break
		}
		parts = append(parts, clean(s.Name)+" "+percent(s.N, all))
	}
	t.line(label, "%s", strings.Join(parts, ", "))
}

// percent is a share for people; one that is not nothing is never 0 %, and
// one that is not all never 100 %.
func percent(n, all uint64) string {
	switch {
	case all == 0 || n == 0:
		return "0 %"
	case n >= all:
		return "100 %"
	}
	p := 100 * float64(n) / float64(all)
	switch {
	case p < 0.1:
		return "< 0.1 %"
	case p > 99.9:
		return "> 99.9 %"
	case p < 10 || p > 99:
		return fmt.Sprintf("%.1f %%", p)
	}
	return fmt.Sprintf("%.0f %%", p)
}

// stitchingText tells what the records are to connections, and what a run
// makes of them.
func stitchingText(p *analyzer.Page) string {
	var parts []string
	for _, k := range []struct {
		on   bool
		what string
	}{
		{p.Stitching.Pieces, "long connections are several records"},
		{p.Stitching.Halves, "each direction is a record"},
		{p.Stitching.Copies, "two observers may log the same"},
		{p.Stitching.ByUID, "several records report on one connection"},
	} {
		if k.on {
			parts = append(parts, k.what)
		}
	}
	text := strings.Join(parts, ", ")
	if p.Stitched {
		return text + ": " + stitchedText(p.Flows)
	}
	if text != "" {
		text += "; read as they are, unless with --stitch on"
	}
	return text
}

// stitchedText tells how records became flows.
func stitchedText(c flow.StitchCounts) string {
	text := fmt.Sprintf("%s became %s", plural(c.Records, "record"), plural(c.Flows, "flow"))
	for _, k := range []struct {
		n    uint64
		what string
	}{
		{c.Merged, "merged"}, {c.Paired, "paired"}, {c.Dropped, "dropped as copies"}, {c.Turned, "turned round"},
		{c.Evicted, "cut short for want of room"},
		{c.Late, "perhaps apart from the rest of their flow because they came too late (--lateness)"},
	} {
		if k.n > 0 {
			text += fmt.Sprintf(", %s %s", thousands(k.n), k.what)
		}
	}
	return text
}

// appendStitched appends how records became flows.
func (o *object) stitched(name string, c flow.StitchCounts) {
	o.key(name)
	o.open()
	o.number("records", c.Records)
	o.number("flows", c.Flows)
	o.number("merged", c.Merged)
	o.number("paired", c.Paired)
	o.number("dropped", c.Dropped)
	o.number("turned", c.Turned)
	o.number("evicted", c.Evicted)
	o.number("late", c.Late)
	o.shut()
}

func appendPage(b []byte, p *analyzer.Page, blind []Blind) []byte {
	o := object{b: append(b, '{')}
	o.text("name", p.Name)
	o.text("format", p.Format)
	o.text("packing", p.Packing)
	if p.Error != "" {
		o.text("error", p.Error)
	}
	o.flag("ignored", p.Ignored)
	o.number("rows", p.Rows)
	o.number("wanted", p.Wanted)
	o.number("bad", p.Bad)
	o.number("skipped", p.Skipped)
	if p.HasSpan {
		o.text("first", p.First.String())
		o.text("last", p.Last.String())
		o.number("back", p.Back)
		o.float("furthest_s", time.Duration(p.Furthest).Seconds())
		o.number("late", p.Late)
	}
	o.array("gaps", len(p.Gaps), func(i int) {
		o.open()
		o.text("from", p.Gaps[i].From.String())
		o.text("to", p.Gaps[i].To.String())
		o.shut()
	})
	o.number("hosts", p.Hosts)
	o.flag("hosts_approx", p.Approx)
	o.shares("fields", p.Present)
	o.shares("protocols", p.Protocols)
	o.shares("states", p.States)
	o.shares("services", p.Services)
	if p.Stitched {
		o.stitched("stitched", p.Flows)
	}
	o.array("blind", len(blind), func(i int) {
		o.open()
		o.text("detector", blind[i].Detector)
		o.texts("missing", blind[i].Missing.Names())
		o.shut()
	})
	o.texts("mapping", p.Mapping)
	o.texts("notes", p.Notes)
	o.array("bad_rows", len(p.BadRows), func(i int) {
		o.open()
		o.number("row", p.BadRows[i].Row)
		o.text("reason", p.BadRows[i].Reason)
		o.shut()
	})
	return append(o.b, '}')
}

func (o *object) shares(name string, shares []analyzer.Share) {
	o.key(name)
	o.open()
	for _, s := range shares {
		o.number(s.Name, s.N)
	}
	o.shut()
}

// WriteTaken tells people what a conversion read and wrote, but for what the
// caller tells by itself: told, as in Options. It is meant for standard error,
// so that an error of w is of no interest.
func WriteTaken(w io.Writer, t *analyzer.Taken, told error) {
	s := &analyzer.Summary{Files: t.Files, Bad: t.Bad}
	var text summaryText
	text.input(s)
	line := plural(t.Records, "record") + " read"
	for _, c := range []struct {
		n    uint64
		what string
	}{{t.Bad, "bad"}, {t.Skipped, "skipped (headers, comments)"}} {
		if c.n > 0 {
			line += ", " + thousands(c.n) + " " + c.what
		}
	}
	text.line("rows", "%s", line)
	text.stitching(t.Stitched, t.Filtered)
	text.line("written", "%s", plural(t.Flows, "flow"))
	text.faults(s, told)
	_, _ = w.Write(text.Bytes())
}

// stitching tells how records became flows, and which were not wanted.
func (t *summaryText) stitching(c flow.StitchCounts, filtered uint64) {
	if c.Records > 0 {
		t.line("stitched", "%s", stitchedText(c))
	}
	if filtered > 0 {
		t.line("filtered", "%s left out (--where, --since, --until, --sample)", plural(filtered, "flow"))
	}
}
