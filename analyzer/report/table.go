package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"seine/analyzer"
	"seine/detectors"
)

func tableFormat() *Format {
	return &Format{
		Name:  "table",
		Hosts: true,
		Title: "a table for people, the most severe alerts first",
		Doc: "Written at the end of the run: the most severe alerts first, then the earliest. `--top` limits its " +
			"rows, and the last line tells how many more there are. On a terminal it fits the width: the sentence " +
			"is cut, and columns that do not fit are left out. `--verbose` adds the facts and the evidence of each alert. " +
			"Below two alerts or more stand the ten hosts with the highest risk, with the begin of their story, or all " +
			"of it under `--verbose`; `seine hosts` writes the whole ranking.",
		Ext: []string{".txt"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			return &tableSink{w: bufio.NewWriterSize(w, bufferSize), o: o, enc: newEncoder(o)}
		},
	}
}

// A tableSink keeps the alerts that its table will show: at most twice the
// rows asked for, however many there are.
type tableSink struct {
	w     *bufio.Writer
	o     Options
	enc   *encoder
	kept  []ranked
	taken int                          // alerts so far
	all   [detectors.Severities]uint64 // the same by severity
}

type ranked struct {
	*detectors.Alert
	place int // order of arrival
}

func (t *tableSink) Alert(a *detectors.Alert) error {
	t.kept = append(t.kept, ranked{a, t.taken})
	t.taken++
	t.all[min(a.Severity, detectors.Severities-1)]++
	if t.o.Top > 0 && len(t.kept) >= 2*t.o.Top {
		t.rank()
	}
	return nil
}

// rank sorts what is kept, the most severe first, and drops what the table
// has no row for.
func (t *tableSink) rank() {
	slices.SortFunc(t.kept, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Time, b.Time), cmp.Compare(a.place, b.place))
	})
	if t.o.Top > 0 && len(t.kept) > t.o.Top {
		clear(t.kept[t.o.Top:])
		t.kept = t.kept[:t.o.Top]
	}
}

func (t *tableSink) Close(s *analyzer.Summary) error {
	if t.taken == 0 {
		fmt.Fprintln(t.w, emptyLine(s))
		return t.w.Flush()
	}
	t.rank()
	rows := make([]alertRow, len(t.kept))
	for i, k := range t.kept {
		rows[i] = t.row(k.Alert)
	}
	lines, err := layOut(rows, t.o)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.w, lines[0])
	for i, line := range lines[1:] {
		fmt.Fprintln(t.w, line)
		if t.o.Verbose {
			t.details(t.kept[i].Alert)
		}
	}
	if more := t.taken - len(t.kept); more > 0 {
		left := t.all
		for _, k := range t.kept {
			left[min(k.Severity, detectors.Severities-1)]--
		}
		fmt.Fprintf(t.w, "\n%s not shown: %s (--top 0 shows all, -f ndjson writes all)\n",
			plural(uint64(more), "more alert"), bySeverity(&left, t.o.Color))
	}
	if t.taken > 1 && len(s.Ranking) > 0 {
		top := topHosts
		if t.o.Top > 0 {
			top = min(top, t.o.Top)
		}
		fmt.Fprintln(t.w)
		writeHosts(t.w, s, top, t.o)
	}
	return t.w.Flush()
}

// emptyLine tells that there is nothing to show, and what the severity floor
// may have to do with it.
func emptyLine(s *analyzer.Summary) string {
	floor := detectors.Info
	for sev, n := range s.Hidden {
		if n > 0 {
			floor = detectors.Severity(sev) + 1
		}
	}
	if floor == detectors.Info {
		switch {
		case s.Suppressed > 0:
			return fmt.Sprintf("No alerts; suppressed: %s.", thousands(s.Suppressed))
		case s.Rows == 0 && s.Ignored > 0:
			return fmt.Sprintf("No alerts: all flows were ignored, %s.", thousands(s.Ignored))
		case s.Rows == 0 && s.Filtered > 0:
			return fmt.Sprintf("No alerts: no flow was wanted, %s left out (--where, --since, --until, --sample).", thousands(s.Filtered))
		case s.Rows == 0 && len(s.Alerts) == 0:
			return "No alerts: no flows were read."
		}
		return "No alerts."
	}
	line := "No alerts"
	if floor < detectors.Severities {
		line += fmt.Sprintf(" at %s or above", floor)
	}
	return fmt.Sprintf("%s; hidden: %s (--min-severity info shows them).", line, bySeverity(&s.Hidden, false))
}

// An alertRow holds the texts of one row of the table, made harmless.
type alertRow struct {
	severity             detectors.Severity
	date, clock          string
	detector, rule       string
	subject, what, count string
	bare                 string // the subject without what is known of it
	place                string
	status               string // "new", "worse"
}

func (t *tableSink) row(a *detectors.Alert) alertRow {
	at := string(t.enc.time(nil, a.Time))
	date, clock, _ := strings.Cut(at, "T")
	r := alertRow{
		severity: a.Severity,
		date:     date,
		clock:    clock[:len("15:04:05")],
		detector: clean(a.Detector.ID),
		rule:     clean(a.Rule.ID),
		subject:  subjectOf(a),
		bare:     clean(a.Subject.String()),
		what:     clean(a.Summary),
		count:    thousands(a.Count),
	}
	switch {
	case a.Status == detectors.New, a.Status == detectors.Gone:
		r.status = a.Status.String()
	case a.Worse:
		r.status = "worse"
	}
	if len(a.Evidence) > 0 {
		e := &a.Evidence[0]
		r.place = fmt.Sprintf("%s:%d", clean(t.o.Names.File(e.File)), e.Row)
	}
	return r
}
