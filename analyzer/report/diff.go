package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"seine/analyzer"
	"seine/analyzer/triage"
	"seine/detectors"
)

const diffLayout = "seine.diff/1"

// DiffFormats are the names of the formats that WriteDiff takes.
func DiffFormats() []string { return []string{"table", "json", "ndjson", "markdown"} }

// DiffOptions are the settings of WriteDiff.
type DiffOptions struct {
	Old, New analyzer.Names // of the evidence of either run
	Match    string         // by what findings are the same
	Same     bool           // tells also of those that have not changed
	Width    int            // columns of the terminal; 0 cuts nothing
	Color    bool
}

// WriteDiff writes what has changed from one run to another.
func WriteDiff(w io.Writer, format string, all []triage.Difference, o DiffOptions) error {
	d := diffWriter{w: bufio.NewWriterSize(w, bufferSize), o: o}
	for _, x := range all {
		d.counts[x.Change]++
		if x.Change != triage.Stayed || o.Same {
			d.shown = append(d.shown, x)
		}
	}
	switch format {
	case "json":
		d.json()
	case "ndjson":
		for i := range d.shown {
			o := object{b: []byte(`{"schema":"` + diffLayout + `"`)}
			d.change(&o, &d.shown[i])
			_, _ = d.w.Write(append(o.b, "}\n"...))
		}
	case "markdown":
		d.markdown()
	default:
		d.table()
	}
	return d.w.Flush()
}

type diffWriter struct {
	w      *bufio.Writer
	o      DiffOptions
	counts [triage.Changes]uint64
	shown  []triage.Difference
}

// finding is the alert that stands for a difference.
func finding(x *triage.Difference) *detectors.Alert {
	if x.New != nil {
		return x.New
	}
	return x.Old
}

func (d *diffWriter) json() {
	o := object{b: []byte(`{"schema":"` + diffLayout + `"`)}
	o.text("match", d.o.Match)
	o.key("counts")
	o.open()
	for c, n := range d.counts {
		o.number(triage.Change(c).String(), n)
	}
	o.shut()
	o.array("changes", len(d.shown), func(i int) {
		o.b = append(o.b, '\n')
		inner := object{b: append(o.b, '{')}
		d.change(&inner, &d.shown[i])
		o.b = append(inner.b, '}')
	})
	_, _ = d.w.Write(append(o.b, "}\n"...))
}

func (d *diffWriter) change(o *object, x *triage.Difference) {
	o.text("change", x.Change.String())
	if x.Change == triage.Worsened || x.Change == triage.Eased {
		o.text("was", x.Old.Severity.String())
	}
	names := d.o.New
	if x.New == nil {
		names = d.o.Old
	}
	o.key("alert")
	o.b = newEncoder(Options{Names: names}).alert(o.b, finding(x))
}

// severity is the severity of a finding, and what it was.
func severity(x *triage.Difference) string {
	if x.Change == triage.Worsened || x.Change == triage.Eased {
		return x.Old.Severity.String() + " → " + x.New.Severity.String()
	}
	return finding(x).Severity.String()
}

func (d *diffWriter) table() {
	if len(d.shown) > 0 {
		cells := [][]string{{"change", "severity", "time (UTC)", "detector/rule", "subject", "what"}}
		for i := range d.shown {
			x := &d.shown[i]
			a := finding(x)
			cells = append(cells, []string{x.Change.String(), severity(x), a.Time.Floor(1e9).UTC().Format("2006-01-02 15:04:05"),
				clean(a.Detector.ID) + "/" + clean(a.Rule.ID), clean(a.Subject.String()), clean(a.Summary)})
		}
		for i, line := range aligned(cells) {
			if d.o.Width > 0 {
				line = shorten(line, d.o.Width)
			}
			if word := cells[i][0]; d.o.Color && i > 0 {
				line = paint(finding(&d.shown[i-1]).Severity, word) + strings.TrimPrefix(line, word)
			}
			fmt.Fprintln(d.w, line)
		}
		fmt.Fprintln(d.w)
	}
	fmt.Fprintln(d.w, d.total())
}

// total is a line of the counts.
func (d *diffWriter) total() string {
	var parts []string
	for c, n := range d.counts {
		parts = append(parts, thousands(n)+" "+triage.Change(c).String())
	}
	return strings.Join(parts, ", ")
}

func (d *diffWriter) markdown() {
	fmt.Fprintf(d.w, "**Findings:** %s\n", d.total())
	if len(d.shown) == 0 {
		return
	}
	fmt.Fprint(d.w, "\n| change | severity | time (UTC) | detector/rule | subject | what |\n|---|---|---|---|---|---|\n")
	for i := range d.shown {
		x := &d.shown[i]
		a := finding(x)
		fmt.Fprintf(d.w, "| %s | %s | %s | %s | %s | %s |\n", x.Change, severity(x), a.Time.Floor(1e9).UTC().Format("2006-01-02 15:04:05"),
			markdown(a.Detector.ID+"/"+a.Rule.ID), markdown(a.Subject.String()), markdown(a.Summary))
	}
}
