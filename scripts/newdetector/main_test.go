package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const top = "../.."

func TestNames(t *testing.T) {
	for _, name := range []string{"beacon", "dns-tunnel", "a2-b3"} {
		if _, err := parseName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "DNS", "dns_tunnel", "-x", "x-", "x--y", "2x", "../x", "builtin", "internal"} {
		if _, err := parseName(name); err == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}

func TestEnlistNeedsTheListToBeThere(t *testing.T) {
	if _, err := (detector{"beacon", "beacon"}).enlist([]byte("package builtin\n")); err == nil ||
		!strings.Contains(err.Error(), "beacon.Detector()") {
		t.Errorf("got %v, want an error that tells what to add", err)
	}
}

// TestNewDetectorPassesAllTests writes a detector into a copy of the module,
// and runs its tests and those of the contract there.
func TestNewDetectorPassesAllTests(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a copy of the module")
	}
	copied := t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "flow", "detectors", "analyzer"} {
		copyTree(t, filepath.Join(top, part), filepath.Join(copied, part))
	}
	for _, name := range []string{"many-talkers", "talkers"} {
		d, err := parseName(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.write(copied); err != nil {
			t.Fatal(err)
		}
		if err := d.write(copied); err == nil {
			t.Error("a detector that is there is written over")
		}
	}
	for _, args := range [][]string{
		{"vet", "./detectors/many-talkers", "./detectors/talkers", "./detectors/builtin"},
		{"test", "-short", "-run", "TestGolden", "./analyzer/explain", "-update"},
		{"test", "-short", "./detectors/many-talkers", "./detectors/talkers", "./detectors/builtin", "./analyzer/explain"},
	} {
		cmd := exec.Command("go", args...)
		cmd.Dir = copied
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	source, err := os.ReadFile(filepath.Join(copied, "detectors/builtin/builtin.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"\n\tmanytalkers \"seine/detectors/many-talkers\"\n", "\n\t\tmanytalkers.Detector(),\n\t\ttalkers.Detector(),\n\t}\n"} {
		if !bytes.Contains(source, []byte(line)) {
			t.Errorf("the list lacks %q:\n%s", line, source)
		}
	}
}

// copyTree copies a file, or a folder with its Go files and what they embed
// or test with.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if info, err := e.Info(); err != nil || info.Size() > 1<<20 || !info.Mode().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}
