package analyzer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seine/analyzer"
	"seine/flow"
	"seine/flow/formats"
)

// scan reads files in the order of time and gives the rows as "file:row", or
// what name makes of them.
func scan(t *testing.T, files []string, chunk int, name func(*flow.Record) string) []string {
	t.Helper()
	opt := &flow.Options{Workers: 1, Chunk: chunk, Symbols: flow.NewSymbols()}
	sources := flow.Expand(files, opt)
	analyzer.SortByFirstFlow(sources, nil, formats.All())
	var got []string
	in := analyzer.Intake{Sources: sources, Formats: formats.All(), Symbols: opt.Symbols}
	_, err := analyzer.Scan(context.Background(), in, func(rows []flow.Record) error {
		for i := range rows {
			got = append(got, name(&rows[i]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Files of the same hours are read side by side, row by row: each row comes
// when the latest start before it in its file has been reached, whatever the
// size of the chunks in which the files are decoded.
func TestFilesOfTheSameTimeAreMerged(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for trial := range 30 {
		dir := t.TempDir()
		type row struct {
			key  int
			file int
			line int
		}
		var files []string
		var want []row
		begins := map[int]int{}
		for f := range 1 + rng.IntN(6) {
			at, latest := rng.IntN(2000), 0
			begins[f] = at
			var b strings.Builder
			for line := range 1 + rng.IntN(300) {
				start := at
				if line > 0 && rng.IntN(10) == 0 {
					start -= rng.IntN(50) // a row out of order
				}
				start = max(start, 0)
				latest = max(latest, start)
				want = append(want, row{latest, f, line + 1})
				fmt.Fprintf(&b, "2026-03-10 %02d:%02d:%02d,tcp,new,10.0.0.%d,%d,192.0.2.1,80,1,1\n", start/3600, start/60%60, start%60, f, line+1)
				at += rng.IntN(20)
			}
			name := filepath.Join(dir, fmt.Sprintf("%d.csv", f))
			if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, name)
		}
		order := make([]int, len(files)) // of the files: by their first row
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return begins[a] - begins[b] })
		place := map[int]int{}
		for i, f := range order {
			place[f] = i
		}
		slices.SortStableFunc(want, func(a, b row) int {
			if a.key != b.key {
				return a.key - b.key
			}
			return place[a.file] - place[b.file]
		})
		var texts []string
		for _, w := range want {
			texts = append(texts, fmt.Sprintf("10.0.0.%d:%d", w.file, w.line))
		}
		for _, chunk := range []int{0, 100, 1000} {
			got := scan(t, files, chunk, func(r *flow.Record) string {
				if int(r.SrcPort) != int(r.Row) {
					t.Fatalf("row %d cites row %d", r.SrcPort, r.Row)
				}
				return fmt.Sprintf("%v:%d", r.Src, r.Row)
			})
			if !slices.Equal(got, texts) {
				t.Fatalf("trial %d, chunks of %d: got %v, want %v", trial, chunk, got, texts)
			}
		}
	}
}

// A connection is one flow although its directions, or its observers, are
// logged in files of their own, and a file of another format lies between.
func TestAConnectionInSeveralFilesIsOneFlow(t *testing.T) {
	dir := t.TempDir()
	const header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags\n"
	var up, down, other strings.Builder
	up.WriteString(header)
	down.WriteString(header)
	const hours = 3
	for m := range hours * 60 {
		at := 1773133200 + 60*m
		fmt.Fprintf(&up, "5 123456789012 eni-0a 10.0.0.5 203.0.113.9 40001 22 6 10 1000 %d %d ACCEPT OK %d\n", at, at+59, map[bool]int{true: 2}[m == 0])
		fmt.Fprintf(&down, "5 123456789012 eni-0b 203.0.113.9 10.0.0.5 22 40001 6 12 2400 %d %d ACCEPT OK %d\n", at, at+59, map[bool]int{true: 18}[m == 0])
		if m%30 == 0 {
			fmt.Fprintf(&other, "2026-03-10 %02d:%02d:00,tcp,established,10.0.0.9,%d,192.0.2.1,80,1,1\n", 9+m/60, m%60, 1000+m)
		}
	}
	var files []string
	for name, text := range map[string]string{"up.log": up.String(), "down.log": down.String(), "other.csv": other.String()} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	slices.Sort(files)
	for _, chunk := range []int{0, 200} {
		got := scan(t, files, chunk, func(r *flow.Record) string {
			return fmt.Sprintf("%v %d/%d bytes, %v", r.Src, r.SrcBytes, r.DstBytes, r.State)
		})
		session := fmt.Sprintf("10.0.0.5 %d/%d bytes, established", hours*60*1000, hours*60*2400)
		n := 0
		for _, g := range got {
			if g == session {
				n++
			}
		}
		if n != 1 || len(got) != 1+hours*2 {
			t.Errorf("chunks of %d: got %q, want one %q and %d others", chunk, got, session, hours*2)
		}
	}
}
