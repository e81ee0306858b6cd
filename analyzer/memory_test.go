package analyzer_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"seine/analyzer"
	"seine/detectors"
	"seine/detectors/builtin"
	"seine/flow"
	"seine/flow/formats"
)

// discard is a sink that counts.
type discard struct{ n int }

func (d *discard) Alert(*detectors.Alert) error  { d.n++; return nil }
func (d *discard) Close(*analyzer.Summary) error { return nil }

// plan prepares the core detectors on a text.
func plan(t testing.TB, text []byte, chain []*detectors.Detector, change func(*analyzer.Config)) *analyzer.Plan {
	t.Helper()
	opt := &flow.Options{Workers: 1, Symbols: flow.NewSymbols()}
	cfg := analyzer.Config{
		Sources: []*flow.Source{flow.BytesSource("trace.csv", text, opt)}, Formats: formats.All(), Chain: chain, All: builtin.Chain(),
		Lateness: 600 * flow.Second, Evidence: 3, Floor: detectors.Low, Symbols: opt.Symbols,
	}
	if change != nil {
		change(&cfg)
	}
	p, err := analyzer.Prepare(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// finish runs a plan.
func finish(t testing.TB, p *analyzer.Plan) *analyzer.Summary {
	t.Helper()
	s, err := p.Run(context.Background(), &discard{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// heap is the live memory and all that was ever allocated, in bytes.
func heap() (live, ever uint64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.TotalAlloc
}

// quietTraffic is n rows, a hundred a second, of few hosts on usual ports.
func quietTraffic(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 1))
	var b []byte
	for i := range n {
		at := time.Unix(1485534289+int64(i/100), 0).UTC()
		b = at.AppendFormat(b, "2006-01-02 15:04:05")
		b = fmt.Appendf(b, ",tcp,established,10.0.0.%d,%d,192.0.2.%d,%d,%d,%d\n", rng.IntN(100), 32768+rng.IntN(20_000), rng.IntN(50),
			[]int{443, 80, 53, 8443}[rng.IntN(4)], rng.IntN(5000), rng.IntN(50_000))
	}
	return b
}

// TestRowsCostNoMemory: batches, windows and tables are reused.
func TestRowsCostNoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("half a million rows")
	}
	const rows = 150_000
	measure := func(text []byte) uint64 {
		least := ^uint64(0)
		for range 3 {
			p := plan(t, text, builtin.Core(), func(c *analyzer.Config) { c.Floor = detectors.Critical })
			_, before := heap()
			if s := finish(t, p); s.Bad != 0 {
				t.Fatal(s.Files)
			}
			_, after := heap()
			least = min(least, after-before)
		}
		return least
	}
	text := quietTraffic(2 * rows)
	half := measure(text[:bytes.IndexByte(text[len(text)/2:], '\n')+len(text)/2+1])
	whole := measure(text)
	if perRow := (float64(whole) - float64(half)) / rows; perRow > 4 {
		t.Errorf("%.1f bytes are allocated per row", perRow)
	} else {
		t.Logf("%.2f bytes per row", perRow)
	}
}

// TestAddressesCostLittleMemory feeds addresses that are seen once each.
func TestAddressesCostLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("300,000 addresses")
	}
	const addresses = 300_000
	var text []byte
	for i := range addresses / 2 {
		text = fmt.Appendf(text, "2017-01-27 16:%02d:%02d,tcp,established,10.%d.%d.%d,1,198.%d.%d.%d,443,900,4000\n", i/4000, i/60%60,
			i>>16, i>>8&255, i&255, i>>16, i>>8&255, i&255)
	}
	p := plan(t, text, builtin.Core(), nil)
	before, _ := heap()
	s := finish(t, p)
	after, _ := heap()
	runtime.KeepAlive(p)
	if s.Hosts != addresses {
		t.Fatalf("%d hosts", s.Hosts)
	}
	if each := (float64(after) - float64(before)) / addresses; each > 256 {
		t.Errorf("%.0f bytes are held per address", each)
	} else {
		t.Logf("%.0f bytes per address", each)
	}
}

// TestTheLimitOfHostsBoundsTheMemory: with a limit, further addresses cost nothing.
func TestTheLimitOfHostsBoundsTheMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("400,000 addresses")
	}
	text := func(n int) (b []byte) {
		for i := range n {
			b = fmt.Appendf(b, "2017-01-27 16:%02d:%02d,tcp,established,10.%d.%d.%d,1,198.51.%d.%d,443,900,4000\n", i/4000, i/60%60,
				i>>16, i>>8&255, i&255, i>>8&255, i&255)
		}
		return b
	}
	held := func(n int) float64 {
		p := plan(t, text(n), builtin.Core(), func(c *analyzer.Config) { c.MaxHosts = 4096 })
		before, _ := heap()
		s := finish(t, p)
		after, _ := heap()
		if s.Forgotten == 0 {
			t.Fatal("nobody was forgotten")
		}
		runtime.KeepAlive(p)
		return float64(after) - float64(before)
	}
	if few, many := held(60_000), held(160_000); many > few+2<<20 {
		t.Errorf("%.1f MB after 60,000 rows of strangers, %.1f MB after 160,000", few/1e6, many/1e6)
	} else {
		t.Logf("%.1f MB, %.1f MB", few/1e6, many/1e6)
	}
}
