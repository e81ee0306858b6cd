package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/ulikunitz/xz"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"seine": main})
}

// busy are the scripts of the commands that run several goroutines, and of
// what stops them.
var busy = []string{"analyze", "convert", "hosts", "inputs", "inspect", "interrupt", "outputs", "stats", "test"}

// TestScripts runs the scripts of testdata/script. Beside what a script
// brings along, its directory has flows.csv (150 quiet flows and a port scan)
// and the same a day later, as later.csv, and packed, under names that say nothing of it; and out.txt and
// in.txt, the two directions of 2000 connections in 33 hours.
func TestScripts(t *testing.T) {
	flows, err := os.ReadFile("testdata/flows.csv")
	if err != nil {
		t.Fatal(err)
	}
	bz2, err := os.ReadFile("testdata/flows.csv.bz2") // Go has no writer for it
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"flows.csv": flows, "packed/bzip2.txt": bz2}
	for name, open := range packers {
		files["packed/"+name+".txt"] = pack(t, flows, open)
	}
	files["later.csv"] = bytes.ReplaceAll(flows, []byte("2024-05-01"), []byte("2024-05-02"))
	files["out.txt"], files["in.txt"] = halves(2000)
	whole := files["packed/gzip.txt"]
	files["packed/cut.gz"] = whole[:len(whole)-20]
	dir := "testdata/script"
	var chosen []string
	if testing.Short() { // as under the race detector, where each command takes half a second
		for _, name := range busy {
			chosen = append(chosen, filepath.Join(dir, name+".txtar"))
		}
		dir = ""
	}
	testscript.Run(t, testscript.Params{
		Dir: dir, Files: chosen,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			for name, data := range files {
				path := filepath.Join(env.WorkDir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					return err
				}
				if err := os.WriteFile(path, data, 0o666); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "many": many},
	})
}

// halves are n connections, a minute from one to the next, of which each
// direction is logged in a file of its own.
func halves(n int) (out, in []byte) {
	out = []byte("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n")
	in = bytes.Clone(out)
	for i := range n {
		at := 1773133200 + 60*i
		out = fmt.Appendf(out, "2 123456789012 eni-0a1b2c3d 10.0.0.5 203.0.113.9 %d 443 6 10 1000 %d %d ACCEPT OK\n", 40000+i, at, at+20)
		in = fmt.Appendf(in, "2 123456789012 eni-0a1b2c3d 203.0.113.9 10.0.0.5 443 %d 6 12 2400 %d %d ACCEPT OK\n", 40000+i, at, at+20)
	}
	return out, in
}

var packers = map[string]func(io.Writer) (io.WriteCloser, error){
	"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	"xz":   func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
	"lz4":  func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil },
}

func pack(t *testing.T, data []byte, open func(io.Writer) (io.WriteCloser, error)) []byte {
	var b bytes.Buffer
	w, err := open(&b)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// code N PROGRAM ARGS… runs a program as exec does and demands that it exits
// with the code N.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("code: %v", err)
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// many FILE TIMES OUT writes the content of FILE so many times to OUT.
func many(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: many file times out")
	}
	times, err := strconv.Atoi(args[1])
	ts.Check(err)
	data := []byte(ts.ReadFile(args[0]))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), bytes.Repeat(data, times), 0o666))
}

func TestProgressText(t *testing.T) {
	for _, c := range []struct {
		rows        uint64
		done, total int64
		want        string
	}{
		{2_500_000, 190_000_000, 760_000_000, "2.5 M rows  190 of 760 MB  1.25 M rows/s  25 %  6s left"},
		{2_500_000, 190_000_000, 0, "2.5 M rows  190 MB  1.25 M rows/s"},
		{0, 0, 760_000_000, "0.0 M rows  0 of 760 MB  0.00 M rows/s"},
	} {
		if got := progressText(c.rows, c.done, c.total, 2e9); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
