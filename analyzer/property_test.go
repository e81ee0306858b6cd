package analyzer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seine/analyzer"
	"seine/detectors"
	"seine/detectors/builtin"
	"seine/flow"
	"seine/flow/csv"
)

// shape is how a run is cut up, which must not matter.
type shape struct{ workers, chunk, batch int }

// collector keeps the alerts of a run as lines.
type collector struct{ lines []string }

func (c *collector) Close(*analyzer.Summary) error { return nil }

func (c *collector) Alert(a *detectors.Alert) error {
	fact := map[string]string{}
	for i := range a.Facts {
		fact[a.Facts[i].Key] = a.Facts[i].String()
	}
	n := uint64(0)
	if len(a.Evidence) > 0 {
		n = a.Evidence[0].Row
	}
	ip := func() string { return fmt.Sprint(a.Subject.Role, "=", a.Subject.IP) }
	line := a.Detector.ID + " " + a.Rule.ID
	switch a.Rule.ID {
	case "interesting-port":
		line += fmt.Sprintf(" row=%d port=%s", n, fact["port"])
	case "broadcast-destination":
		line += fmt.Sprintf(" row=%d kind=%s", n, fact["kind"])
	case "zero-bytes", "private-pair":
		line += fmt.Sprintf(" row=%d", n)
	case "blacklisted":
		line += fmt.Sprintf(" row=%d %s", n, ip())
	case "first-use":
		line += fmt.Sprintf(" row=%d port=%d %s before=%s", n, a.Subject.DstPort, ip(), fact["addresses_before"])
	case "too-many-ports":
		line += fmt.Sprintf(" row=%d %s ports=%s threshold=%s hosts=%s flows=%s up=%s down=%s", n, ip(),
			fact["ports"], fact["threshold"], fact["hosts"], fact["flows"], fact["bytes_up"], fact["bytes_down"])
	case "over-100-ports":
		line += fmt.Sprintf(" row=%d %s ports=%s flows=%s up=%s down=%s", n, ip(),
			fact["ports"], fact["flows"], fact["bytes_up"], fact["bytes_down"])
	case "outlier":
		line += fmt.Sprintf(" window=%d src=%s dst=%s features=%s dst_ports=%s connections=%s src_bytes=%s dst_bytes=%s",
			int64(a.Window), a.Subject.Src, a.Subject.Dst, fact["features"], fact["dst_ports"], fact["connections"], fact["src_bytes"], fact["dst_bytes"])
	}
	c.lines = append(c.lines, line)
	return nil
}

// run puts text through the engine.
func run(t *testing.T, text string, params map[string]string, lateness int64, sh shape, change ...func(*analyzer.Config)) (*collector, *analyzer.Summary) {
	t.Helper()
	opt := &flow.Options{Workers: sh.workers, Chunk: sh.chunk, Symbols: flow.NewSymbols()}
	cfg := analyzer.Config{
		Sources: []*flow.Source{flow.BytesSource("trace.csv", []byte(text), opt)},
		Format:  csv.Format(), Chain: builtin.Core(), All: builtin.Chain(), Params: params,
		Lateness: flow.Time(lateness), Evidence: 3, Floor: detectors.Info,
		Symbols: opt.Symbols, BatchRows: sh.batch,
	}
	for _, f := range change {
		f(&cfg)
	}
	p, err := analyzer.Prepare(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{}
	s, err := p.Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// randomTrace makes few rows in which much coincides: few addresses, ties in
// time, bursts at the edges of windows, one address at both ends, disorder.
func randomTrace(rng *rand.Rand, s *settings) []row {
	pool := []string{
		"10.0.0.1", "10.0.0.2", "192.168.1.5", "172.16.0.9", "172.32.0.9", "8.8.8.8", "203.0.113.9", "198.51.100.7",
		"255.255.255.255", "0.0.0.0", "2001:db8::1", "2001:db8::2", "fd00::1", "fc00::2", "fe80::1", "::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
	}
	rng.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
	pool = pool[:2+rng.IntN(len(pool)-2)]
	ports := []uint16{0, 22, 53, 67, 80, 81, 82, 443, 993, 1000, 1001, 6881, 65535}
	states := []string{"new", "established", "closed", "reset", "connecting", "closing"}
	base := []int64{0, -20e9, 1485534280e9, 5e9, -1e18}[rng.IntN(5)]
	step := []int64{0, 1e6, 1e9, 3e9, 60e9}[rng.IntN(5)]
	at := base
	rows := make([]row, 1+rng.IntN(150))
	for i := range rows {
		switch rng.IntN(12) {
		case 0: // to the edge of a window
			at = floorDiv(at, s.window)*s.window + s.window - []int64{0, 1, 1000, 1e9}[rng.IntN(4)]
		case 1:
			at += step * int64(rng.IntN(40))
		default:
			if step > 0 {
				at += rng.Int64N(step + 1)
			}
		}
		r := row{at: at, proto: []string{"tcp", "udp"}[rng.IntN(2)], state: states[rng.IntN(len(states))],
			src: netip.MustParseAddr(pool[rng.IntN(len(pool))]), dst: netip.MustParseAddr(pool[rng.IntN(len(pool))]),
			sport: ports[rng.IntN(len(ports))], dport: ports[rng.IntN(len(ports))],
		}
		if rng.IntN(10) == 0 {
			r.at -= rng.Int64N(30e9)
		}
		if rng.IntN(8) == 0 {
			r.sport, r.dport = 68, 67
		}
		if rng.IntN(3) == 0 {
			r.dport = uint16(rng.IntN(1 << 16))
		}
		if rng.IntN(4) > 0 {
			r.up, r.down = uint64(rng.IntN(5)), uint64(rng.IntN(3000))
		}
		if rng.IntN(50) == 0 {
			r.up = rng.Uint64N(1 << 40)
		}
		rows[i] = r
	}
	return rows
}

func csvText(rows []row, rng *rand.Rand) string {
	var b strings.Builder
	for _, r := range rows {
		t := time.Unix(0, r.at).UTC()
		layout := []string{"2006-01-02 15:04:05.999999999", time.RFC3339Nano}[rng.IntN(2)]
		src := r.src.String()
		if r.src.Is6() && !r.src.Is4In6() && rng.IntN(3) == 0 {
			src = strings.ToUpper(r.src.StringExpanded())
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s,%d,%s,%d,%d,%d\n", t.Format(layout), r.proto, r.state, src, r.sport, r.dst, r.dport, r.up, r.down)
	}
	return b.String()
}

func randomSettings(rng *rand.Rand) settings {
	s := settings{
		lateness:   []int64{0, 3e9, 10e9, 600e9, 876000 * 3600e9}[rng.IntN(5)],
		percentile: []int{90_000, 90_000, 50_000, 0, 100_000, 99_900, 33_333}[rng.IntN(7)],
		limit:      []int{100, 3, 0, 10}[rng.IntN(4)],
		window:     []int64{10e9, 10e9, 1e9, 7_500_000_000, 60e9}[rng.IntN(5)],
		fence:      []int{3000, 3000, 1500, 0, 250}[rng.IntN(5)],
		separate:   rng.IntN(3) == 0,
	}
	if rng.IntN(3) == 0 {
		s.minHosts, s.minPorts = rng.IntN(6), rng.IntN(4)
	}
	for _, f := range []string{"dst_ports", "connections", "src_bytes", "dst_bytes"} {
		if f == "dst_ports" || rng.IntN(2) == 0 {
			s.features = append(s.features, f)
		}
	}
	for _, p := range []string{"203.0.113.9/32", "198.51.100.0/24", "2001:db8::2/128", "::ffff:8.8.8.8/128", "fd00::/8"} {
		if rng.IntN(2) == 0 {
			s.list = append(s.list, netip.MustParsePrefix(p))
		}
	}
	return s
}

func (s settings) params(list string) map[string]string {
	roles := "merged"
	if s.separate {
		roles = "separate"
	}
	return map[string]string{
		"port-fanout.percentile": fmt.Sprint(float64(s.percentile) / 1000), "port-fanout.min-hosts": fmt.Sprint(s.minHosts),
		"port-fanout.min-ports": fmt.Sprint(s.minPorts), "port-fanout.limit": fmt.Sprint(s.limit), "port-fanout.roles": roles,
		"iqr-outlier.window": time.Duration(s.window).String(), "iqr-outlier.features": strings.Join(s.features, ","),
		"iqr-outlier.fence": fmt.Sprint(float64(s.fence) / 1000), "blacklist.lists": list,
	}
}

// TestEngineEqualsReference compares the engine, cut up at random, with the
// slow implementation on thousands of small traces: the same alerts with the
// same numbers in the same order.
func TestEngineEqualsReference(t *testing.T) {
	traces := uint64(3000)
	if testing.Short() {
		traces = 300
	}
	const parts = 8
	for part := range uint64(parts) {
		t.Run(fmt.Sprint("seeds ", part, " modulo ", parts), func(t *testing.T) {
			t.Parallel()
			list := filepath.Join(t.TempDir(), "list.txt")
			for seed := part; seed < traces; seed += parts {
				compareWithReference(t, seed, list)
			}
		})
	}
}

func compareWithReference(t *testing.T, seed uint64, list string) {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := randomSettings(rng)
	rows := randomTrace(rng, &s)
	var text []string
	for _, p := range s.list {
		text = append(text, p.String())
	}
	if err := os.WriteFile(list, []byte(strings.Join(text, ", ")+"\n# nothing else\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	sh := shape{1 + rng.IntN(3), 1 + rng.IntN(2000), 1 + rng.IntN(70)}
	got, _ := run(t, csvText(rows, rng), s.params(list), s.lateness, sh)
	if diff := cmp.Diff(reference(rows, s), got.lines); diff != "" {
		t.Fatalf("seed %d, %+v, %+v (-reference +engine):\n%s", seed, s, sh, diff)
	}
}
