package scenario

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"seine/detectors"
)

var update = flag.Bool("update", false, "write the want sections of the scenarios anew")

// A Case is one scenario.
type Case struct {
	Name    string // file name without its extension
	Comment string // what it shows
	Flows   []byte
	Params  []string // lines "name=value"
	Want    []string // lines

	path    string
	archive *txtar.Archive
}

// Load reads the scenarios in dir, in order of their names.
func Load(dir string) ([]*Case, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	var cases []*Case
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			return nil, err
		}
		c := &Case{
			Name: strings.TrimSuffix(filepath.Base(path), ".txtar"), Comment: strings.TrimSpace(string(a.Comment)),
			path: path, archive: a,
		}
		for _, f := range a.Files {
			switch f.Name {
			case "flows.csv":
				c.Flows = f.Data
			case "params":
				c.Params = textLines(f.Data)
			case "want":
				c.Want = textLines(f.Data)
			}
		}
		cases = append(cases, c)
	}
	return cases, nil
}

func textLines(text []byte) []string {
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// Alerts are the lines of want that are alerts.
func (c *Case) Alerts() []string {
	var alerts []string
	for _, line := range c.Want {
		word, _, _ := strings.Cut(line, " ")
		if _, err := detectors.ParseSeverity(word); err == nil {
			alerts = append(alerts, line)
		}
	}
	return alerts
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
	dir := t.TempDir()
	for _, f := range c.archive.Files {
		switch f.Name {
		case "flows.csv", "params", "want":
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trial := Trial{Detector: d, CSV: c.Flows, BatchRows: batchRows}
	for _, line := range c.Params {
		trial.Params = append(trial.Params, strings.ReplaceAll(line, "$DIR", filepath.ToSlash(dir)))
	}
	lines, err := trial.Run()
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], filepath.ToSlash(dir), "$DIR")
	}
	return lines
}

// write stores lines as the want section.
func (c *Case) write(lines []string) error {
	var want bytes.Buffer
	for _, line := range lines {
		fmt.Fprintln(&want, line)
	}
	found := false
	for i := range c.archive.Files {
		if f := &c.archive.Files[i]; f.Name == "want" {
			f.Data, found = want.Bytes(), true
		}
	}
	if !found {
		c.archive.Files = append(c.archive.Files, txtar.File{Name: "want", Data: want.Bytes()})
	}
	return os.WriteFile(c.path, txtar.Format(c.archive), 0o644)
}
