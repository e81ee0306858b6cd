package report

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs, want (-) got (+); -update rewrites it:\n%s", path, d)
	}
}

func TestOutputs(t *testing.T) {
	runs := []struct {
		name   string
		names  analyzer.Names
		alerts []*detectors.Alert
	}{
		{"normal", names, normal()},
		{"empty", names, nil},
		{"hostile", attackLexicon, hostile()},
	}
	for _, f := range Formats() {
		if f.Binary || f.Name == "html" { // see TestParquet, TestPages
			continue
		}
		for _, r := range runs {
			t.Run(f.Name+"/"+r.name, func(t *testing.T) {
				got := write(t, f.Name, Options{Names: r.names}, r.alerts, summary(r.alerts))
				golden(t, r.name+f.Ext[0], got)
				harmless(t, got)
			})
		}
	}
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      Options
		alerts []*detectors.Alert
		names  analyzer.Names
	}{
		{"table-160.txt", Options{Width: 160}, normal(), names},
		{"table-120.txt", Options{Width: 120}, normal(), names},
		{"table-80.txt", Options{Width: 80}, normal(), names},
		{"table-40.txt", Options{Width: 40}, normal(), names},
		{"table-verbose.txt", Options{Verbose: true, Width: 100}, normal(), names},
		{"table-verbose-hostile.txt", Options{Verbose: true}, hostile(), attackLexicon},
		{"table-color.txt", Options{Color: true}, normal(), names},
		{"table-top.txt", Options{Top: 1}, normal(), names},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Names = c.names
			got := write(t, "table", c.o, c.alerts, summary(c.alerts))
			golden(t, c.name, got)
			if !c.o.Color {
				harmless(t, got)
			}
			if c.o.Width > 0 && !c.o.Verbose {
				for _, line := range bytes.Split(got, []byte("\n")) {
					if w := width(string(line)); w > c.o.Width {
						t.Errorf("a line of %d columns does not fit %d: %s", w, c.o.Width, line)
					}
				}
			}
		})
	}
}

func TestSummaryForPeople(t *testing.T) {
	many := summary(nil)
	for range 5 {
		many.Files = append(many.Files, many.Files[:2]...)
	}
	for _, c := range []struct {
		name string
		s    *analyzer.Summary
		o    Options
	}{
		{"summary.txt", summary(normal()), Options{Verbose: true}},
		{"summary-many.txt", many, Options{}},
		{"summary-empty.txt", &analyzer.Summary{}, Options{}},
		{"summary-color.txt", summary(normal()), Options{Color: true}},
		{"summary-hostile.txt", hostileSummary(), Options{Verbose: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			WriteSummary(&out, c.s, c.o)
			golden(t, c.name, out.Bytes())
			if !c.o.Color {
				harmless(t, out.Bytes())
			}
		})
	}
}

// Rows are what was read, whatever became of them.
func TestRowsAreThoseOfTheInput(t *testing.T) {
	s := &analyzer.Summary{
		Rows: 309, Stitched: flow.StitchCounts{Records: 531, Flows: 307, Merged: 200, Paired: 24},
		Files: []analyzer.FileSummary{{Name: "a.nfcapd", Format: "nfcapd", Rows: 531}, {Name: "conn.log", Format: "zeek", Rows: 2}},
	}
	var out bytes.Buffer
	WriteSummary(&out, s, Options{})
	for _, want := range []string{"rows       533 read\n", "stitched   531 records became 307 flows, "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no line %q in\n%s", want, &out)
		}
	}
}

// What the caller tells of a file is not told twice.
func TestFaultsAreToldOnce(t *testing.T) {
	files := []analyzer.FileSummary{{Name: "a", Error: "no flows"}, {Name: "b", Error: "empty input"}}
	told := errors.Join(errors.New("a: no flows"), errors.New("c: b"))
	var analysis, conversion bytes.Buffer
	WriteSummary(&analysis, &analyzer.Summary{Files: files}, Options{Told: told})
	WriteTaken(&conversion, &analyzer.Taken{Files: files}, told)
	for _, got := range []string{analysis.String(), conversion.String()} {
		if strings.Contains(got, "no flows") || !strings.Contains(got, "error      b: empty input\n") {
			t.Errorf("got\n%s", got)
		}
	}
}

func TestSummaryHasNothingOfTheMachine(t *testing.T) {
	s := summary(nil)
	before := AppendSummaryJSON(nil, s)
	s.Elapsed, s.PeakMemory = s.Elapsed*2, s.PeakMemory*2
	if after := AppendSummaryJSON(nil, s); !bytes.Equal(before, after) {
		t.Errorf("the summary changed with speed and memory:\n%s\n%s", before, after)
	}
}
