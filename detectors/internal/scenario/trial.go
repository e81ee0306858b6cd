package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
	"seine/flow/csv"
)

// A Trial is one run of one detector over a text of flows.
type Trial struct {
	Detector  *detectors.Detector
	CSV       []byte
	Params    []string // "name=value"; also lateness, evidence, retention, max-hosts
	BatchRows int      // rows handed on at once; 0 means the default of the engine
}

// Run tells what comes of the trial, a line each; see the package comment for
// their form. A row that cannot be read is an error.
func (tr *Trial) Run() ([]string, error) {
	opt := &flow.Options{Workers: 1, Symbols: flow.NewSymbols()}
	cfg := analyzer.Config{
		Strict:  true,
		Sources: []*flow.Source{flow.BytesSource("flows.csv", tr.CSV, opt)},
		Formats: []*flow.Format{csv.Format()},
		Chain:   []*detectors.Detector{tr.Detector}, All: []*detectors.Detector{tr.Detector},
		Params: map[string]string{}, Lateness: flow.Time(10 * time.Minute), Evidence: 3, Floor: detectors.Info,
		Symbols: opt.Symbols, BatchRows: tr.BatchRows,
	}
	for _, line := range tr.Params {
		if err := set(&cfg, line); err != nil {
			return nil, err
		}
	}
	plan, err := analyzer.Prepare(cfg)
	if err != nil {
		return nil, err
	}
	var out sink
	s, err := plan.Run(context.Background(), &out)
	if err != nil {
		return nil, err
	}
	if s.Bad > 0 {
		b := s.Files[0].BadRows[0]
		return nil, fmt.Errorf("flows.csv:%d: %s", b.Row, b.Reason)
	}
	return append(out.lines, rest(s)...), nil
}

func set(cfg *analyzer.Config, line string) error {
	name, value, ok := strings.Cut(line, "=")
	if !ok {
		return fmt.Errorf("params: %q is not name=value", line)
	}
	var err error
	span := func(to *flow.Time) {
		var d time.Duration
		d, err = time.ParseDuration(value)
		*to = flow.Time(d)
	}
	switch name {
	case "lateness":
		span(&cfg.Lateness)
	case "retention":
		span(&cfg.Retention)
	case "evidence":
		cfg.Evidence, err = strconv.Atoi(value)
	case "max-hosts":
		cfg.MaxHosts, err = strconv.Atoi(value)
	default:
		cfg.Params[name] = value
	}
	return err
}

type sink struct{ lines []string }

func (s *sink) Alert(a *detectors.Alert) error {
	s.lines = append(s.lines, Line(a))
	return nil
}

func (s *sink) Close(*analyzer.Summary) error { return nil }

// Line writes an alert in one line: severity, rule, subject, window, facts,
// and the rows of its evidence.
func Line(a *detectors.Alert) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", a.Severity, a.Rule.ID, subject(&a.Subject))
	for i := range a.Facts {
		value := a.Facts[i].String()
		if value == "" || strings.ContainsAny(value, " \t\"") {
			value = strconv.Quote(value)
		}
		fmt.Fprintf(&b, " %s=%s", a.Facts[i].Key, value)
	}
	for i := range a.Evidence {
		b.WriteString([]string{" @", ","}[min(i, 1)])
		fmt.Fprint(&b, a.Evidence[i].Row)
	}
	if n := uint64(len(a.Evidence)); a.Flows != n {
		fmt.Fprintf(&b, " of %d", a.Flows)
	}
	return b.String()
}

// subject writes what an alert is about, the role of an address included.
func subject(s *detectors.Subject) string {
	if s.Has&detectors.SubjectIP == 0 {
		return s.String()
	}
	text := fmt.Sprint(s.IP, " ", s.Role)
	if s.Has&detectors.SubjectPort != 0 {
		text += fmt.Sprint(" port ", s.DstPort)
	}
	return text
}

// rest tells what the summary of a run says of its only detector.
func rest(s *analyzer.Summary) []string {
	var lines []string
	d := &s.Detectors[0]
	if d.Skipped != "" {
		lines = append(lines, "skipped: "+d.Skipped)
	}
	for _, c := range d.Counts {
		lines = append(lines, fmt.Sprintf("counted: %s %d", c.Name, c.N))
	}
	for _, t := range d.Tables {
		for _, row := range t.Rows {
			line := "table " + t.Name
			for i := range row {
				line += fmt.Sprintf(" %s=%s", row[i].Key, row[i].String())
			}
			lines = append(lines, line)
		}
	}
	for _, w := range s.Warnings {
		lines = append(lines, "warning: "+w)
	}
	return lines
}
