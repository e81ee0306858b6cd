package scenario

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/analyzer/fixture"
	"seine/detectors"
)

var update = flag.Bool("update", false, "write the want sections of the scenarios anew")

// A Case is one scenario.
type Case struct{ *fixture.Scenario }

// Load reads the scenarios in dir, in order of their names.
func Load(dir string) ([]*Case, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	var cases []*Case
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		s, err := fixture.ParseScenario(path, text)
		if err != nil {
			return nil, err
		}
		cases = append(cases, &Case{s})
	}
	return cases, nil
}

// Run tests d with every scenario of its testdata folder.
func Run(t *testing.T, d *detectors.Detector) {
	t.Helper()
	cases, err := Load("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatal("no scenario in testdata")
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { c.test(t, d) })
	}
}

// test runs the scenario as a whole and cut up: that must not matter.
func (c *Case) test(t *testing.T, d *detectors.Detector) {
	if c.Comment == "" {
		t.Error("no text in front says what this shows")
	}
	got := c.Play(t, d, 0)
	for _, rows := range []int{1, 2, 7} {
		if diff := cmp.Diff(got, c.Play(t, d, rows)); diff != "" {
			t.Fatalf("handed on %d rows at a time (-at once +cut):\n%s", rows, diff)
		}
	}
	if *update {
		if err := c.write(got); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(c.Want, got); diff != "" {
		t.Errorf("%s\n(-want +got; go test -update writes want anew):\n%s", c.Comment, diff)
	}
}

// Play runs d over the flows of the scenario, handed on so many rows at a
// time (0 means the default of the engine), and tells what came of it.
func (c *Case) Play(t testing.TB, d *detectors.Detector, batchRows int) []string {
	t.Helper()
	lines, err := c.Scenario.Play(fixture.Trial{Detector: d, Formats: formats(), BatchRows: batchRows}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// write stores lines as the want section.
func (c *Case) write(lines []string) error {
	return os.WriteFile(c.Path, c.Updated(lines), 0o644)
}
