package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

func read(t *testing.T, data []byte) any {
	t.Helper()
	var x any
	if err := json.Unmarshal(data, &x); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return x
}

func TestAlertsValidateAgainstTheSchema(t *testing.T) {
	v, root, err := newValidator(Schema())
	if err != nil {
		t.Fatal(err)
	}
	for name, alerts := range map[*lexicon][]*detectors.Alert{&names: append(normal(), charted()...), &attackLexicon: hostile()} {
		out := write(t, "ndjson", Options{Names: name}, alerts, summary(nil))
		lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
		if len(lines) != len(alerts) {
			t.Errorf("%d lines for %d alerts", len(lines), len(alerts))
		}
		for _, line := range lines {
			if err := v.check(root, root, read(t, line), ""); err != nil {
				t.Errorf("%v in %s", err, line)
			}
		}
	}
}

func TestReportsValidateAgainstTheSchema(t *testing.T) {
	v, root, err := newValidator(ReportSchema())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		names  analyzer.Names
		alerts []*detectors.Alert
		s      *analyzer.Summary
	}{
		{names, normal(), summary(normal())},
		{names, story(), summary(story())},
		{names, nil, summary(nil)},
		{names, nil, &analyzer.Summary{}},
		{attackLexicon, hostile(), hostileSummary()},
	} {
		out := write(t, "json", Options{Names: c.names}, c.alerts, c.s)
		x := read(t, out)
		if err := v.check(root, root, x, ""); err != nil {
			t.Errorf("%v in %s", err, out)
		}
		if n := len(x.(map[string]any)["alerts"].([]any)); n != len(c.alerts) {
			t.Errorf("%d alerts, want %d", n, len(c.alerts))
		}
	}
}

// Whoever renames a key must notice: each key of a full report is renamed in
// turn, and the schema must refuse the outcome.
func TestTheSchemaRefusesEveryRenamedKey(t *testing.T) {
	v, root, err := newValidator(ReportSchema())
	if err != nil {
		t.Fatal(err)
	}
	s := summary(story())
	s.Ranking = append(s.Ranking[:1:1], s.Ranking[len(s.Ranking)-1])
	s.Stitched = flow.StitchCounts{Records: 2, Flows: 1, Paired: 1}
	report := read(t, write(t, "json", Options{Names: names}, normal(), s))
	renamed := 0
	var walk func(x any, at string)
	walk = func(x any, at string) {
		switch x := x.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(x)) {
				value := x[key]
				delete(x, key)
				x[key+"_"] = value
				if v.check(root, root, report, "") == nil {
					t.Errorf("%s/%s was renamed and nothing noticed", at, key)
				}
				delete(x, key+"_")
				x[key] = value
				renamed++
				if key != "facts" { // their names belong to the detectors
					walk(value, at+"/"+key)
				}
			}
		case []any:
			for i, y := range x {
				walk(y, fmt.Sprintf("%s/%d", at, i))
			}
		}
	}
	walk(report, "")
	if renamed < 250 {
		t.Errorf("only %d keys were renamed", renamed)
	}
	if err := v.check(root, root, report, ""); err != nil {
		t.Errorf("the report itself: %v", err)
	}
}
