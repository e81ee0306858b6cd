package analyzer_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"seine/analyzer"
	"seine/analyzer/report"
	"seine/detectors"
	"seine/detectors/builtin"
	"seine/flow"
	"seine/flow/formats"
	"seine/scripts/genflows/trace"
)

// untidy is a trace with whole seconds, disorder, late rows, IPv6, a header
// in between, blank lines and bad rows.
func untidy(n int, strangers int) string {
	rng := rand.New(rand.NewPCG(1, 1))
	g, p, f := trace.New(5, n, trace.Options{Strangers: strangers}), trace.Printer{}, trace.Flow{}
	var b, held []byte
	for i := 0; g.Next(&f); i++ {
		switch rng.IntN(200) {
		case 0:
			f.Time -= int64(20 * time.Minute / time.Microsecond)
		case 1:
			f.Time -= rng.Int64N(int64(30 * time.Second / time.Microsecond))
		}
		line := p.Append(nil, &f)
		switch rng.IntN(300) {
		case 0:
			b = append(b, "2026-03-10 00:00:00,tcp,new,nobody,1,10.0.0.1,2,3,4\n"...)
		case 1:
			b = append(b, "\n\r\n# a comment\n"...)
		case 2:
			b = append(b, "ts,protocol,state,src_ip,src_port,dst_ip,dst_port,src_bytes,dst_bytes\n"...)
		case 3: // hold a row back
			b, held = append(b, held...), line
			continue
		case 4:
			line = bytes.Replace(line, []byte(",10."), []byte(",::ffff:10."), 1)
		}
		b = append(b, line...)
	}
	return string(append(b, held...))
}

// document is all that a run tells: the alerts as NDJSON with their evidence,
// then the summary.
func document(t *testing.T, texts []string, sh shape, fold flow.Time, change func(*analyzer.Config)) string {
	t.Helper()
	symbols := flow.NewSymbols()
	opt := &flow.Options{Workers: sh.workers, Chunk: sh.chunk, Symbols: symbols}
	cfg := analyzer.Config{
		Formats: formats.All(), Chain: builtin.Chain(), All: builtin.Chain(), Params: map[string]string{},
		Lateness: 10 * 60 * flow.Second, Evidence: 3, Floor: detectors.Low, Symbols: symbols, BatchRows: sh.batch,
	}
	for i, text := range texts {
		cfg.Sources = append(cfg.Sources, flow.BytesSource(fmt.Sprintf("part%d.csv", i), []byte(text), opt))
	}
	if change != nil {
		change(&cfg)
	}
	plan, err := analyzer.Prepare(cfg)
	if err != nil {
		t.Fatal(err)
	}
	format, err := report.ByName("ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	sink := format.New(&out, report.Options{Names: plan.Names()})
	s, err := plan.Run(context.Background(), analyzer.Fold(fold, cfg.Evidence, 0, analyzer.Tally(sink)))
	if err != nil {
		t.Fatal(err)
	}
	return string(report.AppendSummaryJSON(append(out.Bytes(), "summary "...), s))
}

// shapes are ways to cut a run up; the first is the plainest.
func shapes(rng *rand.Rand, n int) []shape {
	chunks, batches := []int{777, 10_000, 0, 1 << 20}, []int{1, 7, 512, 2048, 1 << 20}
	all := []shape{{1, 0, 0}, {8, 777, 1}, {2, 0, 7}, {3, 10_000, 512}}
	for len(all) < n {
		all = append(all, shape{1 + rng.IntN(8), chunks[rng.IntN(len(chunks))], batches[rng.IntN(len(batches))]})
	}
	return all[:n]
}

// TestCoresAndBatchesDoNotMatter is the first law: the same input and
// configuration give the same bytes.
func TestCoresAndBatchesDoNotMatter(t *testing.T) {
	rows, tries := 24_000, 10
	if testing.Short() {
		rows, tries = 8000, 4
	}
	text := untidy(rows, 0)
	strange := untidy(rows, 400)
	half := strings.LastIndexByte(text[:len(text)/2], '\n') + 1
	list := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(list, []byte(strings.Join(trace.Blacklist(), "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	listed := func(c *analyzer.Config) { c.Params["blacklist.lists"] = list }
	for _, test := range []struct {
		name   string
		texts  []string
		fold   flow.Time
		change func(*analyzer.Config)
		holds  string // what the document must show, lest the test be void
	}{
		{"as they come", []string{text}, 0, listed, `"rule":"blacklisted"`},
		{"folded", []string{text}, 3600 * flow.Second, listed, `"count":2`},
		{"all alerts of few rows, with all evidence", []string{text[:len(text)/6]}, 0,
			func(c *analyzer.Config) { c.Floor, c.Evidence = detectors.Info, 0 }, `"rule":"first-use"`},
		{"few hosts held", []string{strange}, 0,
			func(c *analyzer.Config) { c.MaxHosts = analyzer.MinHosts }, `"rule":"too-many-ports"`},
		{"a short retention", []string{strange}, 60 * flow.Second,
			func(c *analyzer.Config) { c.Retention = 300 * flow.Second }, `"rule":"too-many-ports"`},
		{"several files", []string{text[half:], text[:half], "ts,src_ip,dst_ip\n2026-03-10 00:00:00,10.0.0.1,10.0.0.2\n", strange}, 3600 * flow.Second,
			func(c *analyzer.Config) { c.MaxHosts, c.Retention = 2000, 3600*flow.Second }, `"file":"part3.csv"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
			rng := rand.New(rand.NewPCG(2, 2))
			want := ""
			for i, sh := range shapes(rng, tries) {
				procs := []int{1, 4, 2}[i%3]
				runtime.GOMAXPROCS(procs)
				got := document(t, test.texts, sh, test.fold, test.change)
				if i == 0 {
					if want = got; !strings.Contains(want, test.holds) {
						t.Fatalf("nothing with %s among %d bytes", test.holds, len(want))
					}
					continue
				}
				if got != want {
					t.Fatalf("%+v on %d cores differs from the plainest:\n%s", sh, procs, firstDifference(want, got))
				}
			}
		})
	}
}

// firstDifference shows the first lines that differ.
func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d of %d and %d:\n-%.3000s\n+%.3000s", i+1, len(a), len(b), a[i], strings.Join(b[i:min(i+1, len(b))], ""))
		}
	}
	return fmt.Sprintf("%d and %d lines", len(a), len(b))
}

// What the tests above rely on.
func TestTheUntidyTraceIsUntidy(t *testing.T) {
	text := untidy(24_000, 400)
	_, s := run(t, text, nil, int64(600*flow.Second), shape{1, 0, 0}, func(c *analyzer.Config) {
		c.MaxHosts, c.Floor = analyzer.MinHosts, detectors.Critical
	})
	if s.Rows < 20_000 || s.Bad == 0 || s.Skipped == 0 || s.Late == 0 || s.Forgotten < 1000 || s.Hosts < 5000 {
		t.Errorf("%d rows, %d bad, %d skipped, %d late, %d hosts, %d forgotten", s.Rows, s.Bad, s.Skipped, s.Late, s.Hosts, s.Forgotten)
	}
	if !strings.Contains(text, ",2001:") && !strings.Contains(text, ",fd") {
		t.Error("no IPv6")
	}
}
