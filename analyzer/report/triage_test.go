package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"seine/analyzer"
	"seine/analyzer/triage"
	"seine/detectors"
	"seine/flow"
)

// reviewed is the summary of a replay with rules and a baseline.
func reviewed(text string) *analyzer.Summary {
	t0 := moment("2017-01-27T16:24:49Z")
	rule := func(kind string, hidden, also, expired uint64) analyzer.RuleUse {
		return analyzer.RuleUse{
			Kind: kind, Place: text + ":7", ID: text, Reason: text, Author: text, Expires: t0, HasExpires: true,
			Hidden: hidden, Also: also, Expired: expired, Over: expired > 0,
		}
	}
	return &analyzer.Summary{
		Alerts: []analyzer.FileSummary{
			{Name: text, Format: "seine.alert/1", Packing: "gzip", Rows: 1234, Bad: 2, BadRows: []flow.BadRow{{Row: 3, Reason: text}}},
			{Name: "b.json", Format: "seine.report/1", Rows: 1, Error: text},
		},
		Unwanted: 30, Ignored: 1204, Suppressed: 3,
		Rules: []analyzer.RuleUse{rule("ignore", 1204, 0, 0), rule("suppress", 1, 5, 0), rule("suppress", 0, 4, 0), rule("suppress", 0, 0, 7), rule("ignore", 0, 0, 0)},
		Compared: &analyzer.Comparison{
			Match: "id", New: [detectors.Severities]uint64{0, 2, 0, 1, 0}, Known: [detectors.Severities]uint64{0, 5, 0, 0, 0},
			Worse: [detectors.Severities]uint64{0, 1, 0, 0, 0}, Unchecked: 4,
			Gone: []analyzer.GoneFinding{{
				ID: "00112233445566aa", Severity: detectors.High, Detector: text, Rule: text, Subject: text, Summary: text, Time: t0,
			}},
		},
		Findings: [detectors.Severities]uint64{0, 7, 0, 1, 0},
	}
}

func TestTheSummaryTellsOfTriage(t *testing.T) {
	var b bytes.Buffer
	WriteSummary(&b, reviewed("rules.yaml"), Options{Names: names})
	golden(t, "triage-summary.txt", b.Bytes())
	v, root, err := newValidator(ReportSchema())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append(attacks, "rules.yaml") {
		b.Reset()
		WriteSummary(&b, reviewed(text), Options{Names: names})
		harmless(t, b.Bytes())
		out := write(t, "json", Options{Names: names}, nil, reviewed(text))
		harmless(t, out)
		if err := v.check(root, root, read(t, out), ""); err != nil {
			t.Errorf("%v in %s", err, out)
		}
	}
}

func TestTheTableMarksWhatIsNew(t *testing.T) {
	alerts := normal()
	alerts[0].Status = detectors.New
	alerts[1].Status, alerts[1].Worse = detectors.Known, true
	alerts[2].Status = detectors.Known
	golden(t, "triage-table.txt", write(t, "table", Options{Names: names}, alerts, summary(alerts)))
	golden(t, "triage-table-80.txt", write(t, "table", Options{Names: names, Width: 80}, alerts, summary(alerts)))
}

func TestNoAlertsForAReason(t *testing.T) {
	for want, s := range map[string]*analyzer.Summary{
		"No alerts: no flows were read.":            {},
		"No alerts.":                                {Alerts: []analyzer.FileSummary{{}}},
		"No alerts; suppressed: 3.":                 {Suppressed: 3},
		"No alerts: all flows were ignored, 1,204.": {Ignored: 1204},
		"No alerts at low or above; hidden: 4 info (--min-severity info shows them).": {Rows: 5, Hidden: [detectors.Severities]uint64{4}},
	} {
		if got := emptyLine(s); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// differences are of every kind.
func differences(alerts []*detectors.Alert) []triage.Difference {
	var all []triage.Difference
	for i, a := range alerts {
		before := *a
		before.Severity = detectors.Info
		d := triage.Difference{Change: triage.Change(i % int(triage.Changes)), Old: &before, New: a}
		switch d.Change {
		case triage.Appeared:
			d.Old = nil
		case triage.Eased:
			before.Severity = detectors.Critical
		case triage.Vanished:
			d.Old, d.New = a, nil
		}
		all = append(all, d)
	}
	return all
}

func TestDiffs(t *testing.T) {
	v, root, err := newValidator(DiffSchema())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		names analyzer.Names
		all   []triage.Difference
	}{
		{"normal", names, differences(append(normal(), normal()[0]))},
		{"empty", names, nil},
		{"hostile", attackLexicon, differences(hostile())},
	} {
		for _, format := range DiffFormats() {
			var b bytes.Buffer
			if err := WriteDiff(&b, format, c.all, DiffOptions{Old: c.names, New: c.names, Match: "id", Same: true}); err != nil {
				t.Fatal(err)
			}
			golden(t, "diff-"+c.name+"."+format, b.Bytes())
			harmless(t, b.Bytes())
			switch format {
			case "json":
				if err := v.check(root, root, read(t, b.Bytes()), ""); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
			case "ndjson":
				lines := strings.SplitAfter(b.String(), "\n")
				if len(lines)-1 != len(c.all) {
					t.Errorf("%s: %d lines for %d differences", c.name, len(lines)-1, len(c.all))
				}
				for _, l := range lines[:len(lines)-1] {
					if !json.Valid([]byte(l)) {
						t.Errorf("%s: not JSON: %s", c.name, l)
					}
				}
			}
		}
	}
	var b bytes.Buffer
	if err := WriteDiff(&b, "ndjson", differences(append(normal(), normal()[0])), DiffOptions{Old: names, New: names}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != 4 {
		t.Errorf("%d changes are told without those that have not changed", n)
	}
}
