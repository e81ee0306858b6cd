package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const shipped = "../../testdata/demo"

// Whoever changes the office has to write testdata/demo anew:
//
//	go run ./scripts/genflows -demo -o testdata/demo/flows.csv.gz -blacklist testdata/demo/blacklist.txt
func TestTheShippedDemoIsWhatTheGeneratorMakes(t *testing.T) {
	dir := t.TempDir()
	flows, list := filepath.Join(dir, "flows.csv"), filepath.Join(dir, "blacklist.txt")
	if err := run([]string{"-demo", "-o", flows, "-blacklist", list}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(unpack(t, filepath.Join(shipped, "flows.csv.gz")), read(t, flows)) {
		t.Error("testdata/demo/flows.csv.gz is not what the generator makes")
	}
	if !bytes.Equal(read(t, filepath.Join(shipped, "blacklist.txt")), read(t, list)) {
		t.Error("testdata/demo/blacklist.txt is not what the generator makes")
	}
}

func TestAllOutputsHoldTheSameRows(t *testing.T) {
	const rows = groupRows + 1000
	dir := t.TempDir()
	plain, packed, zipped, columnar := filepath.Join(dir, "a.csv"), filepath.Join(dir, "a.csv.zst"), filepath.Join(dir, "a.csv.gz"), filepath.Join(dir, "a.parquet")
	if err := run([]string{"-n", "123880", "-o", plain, "-o", packed, "-o", zipped, "-o", columnar}); err != nil {
		t.Fatal(err)
	}
	want := read(t, plain)
	if n := bytes.Count(want, []byte("\n")); n != rows {
		t.Fatalf("%d lines, want %d", n, rows)
	}
	for _, name := range []string{packed, zipped} {
		if !bytes.Equal(unpack(t, name), want) {
			t.Errorf("%s differs from %s", name, plain)
		}
	}
	if got := printParquet(t, columnar); !bytes.Equal(got, want) {
		t.Errorf("%s differs from %s", columnar, plain)
	}
}

func TestWrongFlagsAreErrors(t *testing.T) {
	for _, args := range [][]string{{}, {"-n", "-1", "-o", "-"}, {"surplus"}, {"-o", filepath.Join(t.TempDir(), "no", "such.csv")}} {
		if run(args) == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unpack(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader
	if filepath.Ext(name) == ".gz" {
		r, err = gzip.NewReader(f)
	} else {
		r, err = zstd.NewReader(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
