package explain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seine/analyzer/fixture"
	"seine/detectors"
	"seine/detectors/builtin"
	"seine/flow"
	"seine/flow/csv"
)

// A played is what a scenario of a detector raised.
type played struct {
	name   string // "beacon/fires-minute"
	alerts []*detectors.Alert
	names  inputNames
}

// inputNames says what the input of every scenario is called.
type inputNames struct{}

func (inputNames) File(uint32) string      { return "flows.csv" }
func (inputNames) Text(flow.Symbol) string { return "" }

// play runs every scenario in the testdata folder of a detector.
func play(t testing.TB, d *detectors.Detector) []played {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "detectors", d.ID, "testdata", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var all []played
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := fixture.ParseScenario(path, text)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		p := played{name: d.ID + "/" + s.Name}
		trial := fixture.Trial{Detector: d, Formats: []*flow.Format{csv.Format()}, Each: func(a *detectors.Alert) {
			copied := *a
			copied.Facts = named(copied.Facts, dir)
			p.alerts = append(p.alerts, &copied)
		}}
		if _, err := s.Play(trial, dir); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		all = append(all, p)
	}
	return all
}

// named takes the name of a temporary folder out of facts.
func named(facts []detectors.Fact, dir string) []detectors.Fact {
	all := append([]detectors.Fact{}, facts...)
	for i := range all {
		if s := all[i].String(); strings.Contains(s, dir) {
			all[i] = detectors.Text(all[i].Key, strings.ReplaceAll(s, dir+string(filepath.Separator), ""))
		}
	}
	return all
}

// chain is the detectors that have scenarios.
func chain() []*detectors.Detector { return builtin.Chain() }
