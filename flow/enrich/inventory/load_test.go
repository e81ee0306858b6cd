package inventory

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
)

var update = flag.Bool("update", false, "write the want sections of testdata anew")

// TestLoad reads the files of each archive in testdata, of which the names
// begin with what they are, and compares what is known then.
func TestLoad(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := load(t, a)
			for i := range a.Files {
				if f := &a.Files[i]; f.Name == "want" {
					if *update {
						f.Data = []byte(got)
						if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
							t.Fatal(err)
						}
						return
					}
					if diff := cmp.Diff(string(f.Data), got); diff != "" {
						t.Errorf("%s(-want +got; go test -update writes want anew):\n%s", a.Comment, diff)
					}
					return
				}
			}
			t.Error("no section want")
		})
	}
}

// load tells what comes of the files of an archive.
func load(t *testing.T, a *txtar.Archive) string {
	t.Helper()
	dir := t.TempDir()
	var files Files
	for _, f := range a.Files {
		path := filepath.Join(dir, f.Name)
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		switch word, _, _ := strings.Cut(f.Name, "."); strings.TrimRight(word, "0123456789") {
		case "scan":
			files.Scans = append(files.Scans, path)
		case "kev":
			files.KEV = append(files.KEV, path)
		case "epss":
			files.EPSS = append(files.EPSS, path)
		case "nvd":
			files.NVD = append(files.NVD, path)
		}
	}
	table, err := Load(files)
	return strings.ReplaceAll(told(table, err), dir+string(filepath.Separator), "")
}

// told writes a table down.
func told(table *Table, err error) string {
	var b bytes.Buffer
	if err != nil {
		fmt.Fprintln(&b, "error:", err)
	}
	for _, s := range table.All() {
		fmt.Fprintf(&b, "%s %d/%s %q %q %q", s.Addr, s.Port, s.Proto, s.Name, s.Product, s.Version)
		if s.Packaged != "" {
			fmt.Fprintf(&b, " packaged by %s", s.Packaged)
		}
		fmt.Fprintf(&b, " (%s:%d %s", s.File, s.Line, s.List)
		if s.HasDate {
			fmt.Fprintf(&b, " %s", s.Date)
		}
		fmt.Fprintln(&b, ")")
		for _, c := range s.CPEs {
			fmt.Fprintln(&b, "   ", c)
		}
		for i := range s.CVEs {
			v := &s.CVEs[i]
			fmt.Fprintf(&b, "    %s cvss %g epss %g", v.ID, v.CVSS, v.EPSS)
			if v.EPSSSource != "" {
				fmt.Fprintf(&b, " (%s)", v.EPSSSource)
			}
			if v.KEV {
				fmt.Fprintf(&b, " kev since %s (%s)", v.KEVSince, v.KEVSource)
			}
			if v.Ransomware {
				b.WriteString(" ransomware")
			}
			fmt.Fprintf(&b, ": %s (%s:%d)\n", v.Basis, v.File, v.Line)
		}
	}
	for _, w := range table.Warnings() {
		fmt.Fprintln(&b, "warning:", w)
	}
	return b.String()
}
