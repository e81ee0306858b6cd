package threatintel

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seine/detectors"
	"seine/detectors/internal/desk"
	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/enrich/intel"
)

// An engine numbers hosts and keeps alerts.
type engine struct {
	hosts  map[flow.Addr]flow.Host
	addrs  []flow.Addr
	alerts []detectors.Alert
}

func (e *engine) Alert(_ *flow.Record, a *detectors.Alert) { e.alerts = append(e.alerts, *a) }
func (e *engine) Addr(h flow.Host) flow.Addr               { return e.addrs[h] }
func (e *engine) Text(flow.Symbol) string                  { return "" }
func (e *engine) File(uint32) string                       { return "" }

func (e *engine) host(v uint32) (flow.Addr, flow.Host) {
	a := flow.AddrFrom4(v)
	h, ok := e.hosts[a]
	if !ok {
		h = flow.Host(len(e.addrs))
		e.hosts[a], e.addrs = h, append(e.addrs, a)
	}
	return a, h
}

func (e *engine) flow(at flow.Time, src, dst uint32, port uint16) flow.Record {
	r := flow.Record{
		Start: at, Proto: flow.TCP, SrcPort: 40000, DstPort: port, SrcBytes: 900, DstBytes: 800, State: flow.StateEstablished,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState,
	}
	r.Src, r.SrcHost = e.host(src)
	r.Dst, r.DstHost = e.host(dst)
	return r
}

func start(t testing.TB, list string, params map[string]string) (*watcher, *engine) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	table, err := intel.Load([]string{file}, intel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{hosts: map[flow.Addr]flow.Host{}, addrs: make([]flow.Addr, 1)}
	d := Detector()
	env := detectors.NewEnv(d, detectors.Settings{
		Value:    func(name string) (string, bool) { v, ok := params[name]; return v, ok },
		Evidence: 3, Runtime: e, Known: &enrich.Knowledge{Intel: table},
	})
	w := newWatcher(d, env).(*watcher)
	if err := env.Err(); err != nil {
		t.Fatal(err)
	}
	return w, e
}

// TestTheGridOfTheReadme says the grid once more.
func TestTheGridOfTheReadme(t *testing.T) {
	w, _ := start(t, "198.51.100.1\n", nil)
	const low, medium, high, critical = detectors.Low, detectors.Medium, detectors.High, detectors.Critical
	for _, row := range []struct {
		category string
		score    int
		fit      int
		yes, no  detectors.Severity
	}{
		{intel.C2, -1, byPort, critical, high}, {intel.C2, -1, byAddress, high, medium}, {intel.C2, -1, otherPort, medium, low},
		{intel.C2, 25, byPort, high, medium}, {intel.C2, 100, byPort, critical, high},
		{intel.Malware, -1, byPort, high, medium}, {intel.Malware, -1, byAddress, medium, low}, {intel.Malware, -1, otherPort, low, low},
		{intel.Phishing, -1, byAddress, medium, low}, {intel.Hijacked, -1, byAddress, medium, low}, {"", -1, byAddress, medium, low},
		{intel.Attacker, -1, byAddress, low, low}, {intel.Abuse, 75, byAddress, medium, low}, {intel.Abuse, 74, byAddress, low, low},
		{intel.TorExit, -1, byAddress, low, low}, {intel.Proxy, 100, byPort, low, low},
	} {
		for _, answered := range []bool{true, false} {
			m := meeting{r: &flow.Record{}, outcome: flow.Silent}
			want := row.no
			if answered {
				m.outcome, want = flow.Answered, row.yes
			}
			e := intel.Indicator{Category: row.category, Score: row.score, Proto: flow.ProtoUnknown}
			if got := w.severity(&e, &m, row.fit); got != want {
				t.Errorf("%s, score %d, fit %d, answered %v: %s, want %s", row.category, row.score, row.fit, answered, got, want)
			}
		}
	}
}

func TestConfidenceFallsWithAge(t *testing.T) {
	w, _ := start(t, "198.51.100.1\n", nil)
	at := flow.Time(1000) * day
	entry := func(score int, age flow.Time) *intel.Indicator {
		e := &intel.Indicator{Score: score}
		e.Date, e.HasDate = at-age, true
		return e
	}
	for _, c := range []struct {
		e    *intel.Indicator
		fit  int
		want float64
	}{
		{entry(100, 0), byAddress, 1}, {entry(100, 180*day), byAddress, 0.5}, {entry(100, 360*day), byAddress, 0.25},
		{entry(100, -30*day), byAddress, 1}, {entry(60, 0), otherPort, 0.3}, {entry(-1, 0), byAddress, 0.6},
		{&intel.Indicator{Score: 50}, byAddress, 0.4}, {entry(1, 900*day), byAddress, 0.05},
	} {
		if got := w.confidence(c.e, at, c.fit); got != c.want {
			t.Errorf("score %d, date %s, fit %d: %v, want %v", c.e.Score, c.e.Date, c.fit, got, c.want)
		}
	}
}

// A sweep of one listed address over many hosts is one finding, told a few
// times.
func TestASweepIsOneFinding(t *testing.T) {
	w, e := start(t, "# attacks\n198.51.100.1\n", nil)
	for i := range uint32(5000) {
		r := e.flow(flow.Time(i)*flow.Second, 0xc6336401, 0x0a000000+i<<2+2, 23)
		r.State, r.DstBytes = flow.StateAttempt, 0
		w.Flows(desk.Surveyed([]flow.Record{r}))
	}
	w.Close()
	if n := len(e.alerts); n < 4 || n > 6 {
		t.Fatalf("%d alerts", n)
	}
	for _, a := range e.alerts {
		if a.Subject != e.alerts[0].Subject || a.Window != e.alerts[0].Window || a.Severity != detectors.Low || !a.Grows {
			t.Errorf("%+v", a.Subject)
		}
	}
	if last := e.alerts[len(e.alerts)-1]; last.Flows != 5000 || !strings.Contains(last.Summary, "turned to 5000 hosts") {
		t.Errorf("%d flows: %s", last.Flows, last.Summary)
	}
}

// After a pause a finding begins anew, and counts its hosts anew.
func TestAFindingEndsWhenItIsQuiet(t *testing.T) {
	w, e := start(t, "# attacks\n198.51.100.1\n", nil)
	play := func(at flow.Time) {
		r := e.flow(at, 0xc6336401, 0x0a000002, 23)
		w.Flows(desk.Surveyed([]flow.Record{r, r}))
	}
	play(day)
	w.Tick(5 * day)
	play(5 * day)
	w.Close()
	if len(e.alerts) != 4 || e.alerts[0].Window == e.alerts[2].Window || e.alerts[3].Flows != 2 {
		t.Fatalf("%d alerts", len(e.alerts))
	}
	for _, a := range e.alerts {
		if !strings.Contains(a.Summary, "198.51.100.1") {
			t.Error(a.Summary)
		}
	}
	if w.campaigns.Len() != 2 { // the pair, and the count of its service
		t.Errorf("%d findings open", w.campaigns.Len())
	}
}

// BenchmarkFlows plays a million flows of a hundred thousand hosts past a list
// of a million entries, of which few are met.
func BenchmarkFlows(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	var list strings.Builder
	for range 1_000_000 {
		fmt.Fprintf(&list, "%d.%d.%d.%d\n", 11+rng.IntN(80), rng.IntN(256), rng.IntN(256), rng.IntN(256))
	}
	w, e := start(b, list.String(), nil)
	flows := make([]flow.Record, 1_000_000)
	for i := range flows {
		flows[i] = e.flow(flow.Time(i)*flow.Second/100, 0x0a000000+uint32(rng.IntN(50_000)), 0xc0000000+uint32(rng.IntN(50_000)), 443)
		if i%1000 == 0 {
			flows[i] = e.flow(flows[i].Start, 0x0a000000+uint32(rng.IntN(50_000)), 0x0b000000+rng.Uint32N(80<<24), 443)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for rs := flows; len(rs) > 0; {
			n := min(len(rs), 2048)
			w.Flows(desk.Surveyed(rs[:n]))
			rs = rs[n:]
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(flows)), "ns/flow")
}

// What further lists add does not depend on the order in which they speak.
func TestFurtherListsAddConfidence(t *testing.T) {
	w, _ := start(t, "198.51.100.1\n", nil)
	entry := func(file string, score int) intel.Indicator {
		e := intel.Indicator{Category: intel.Abuse, Score: score, Proto: flow.ProtoUnknown}
		e.File, e.Date, e.HasDate = file, day, true
		return e
	}
	entries := []intel.Indicator{entry("weak", 20), entry("strong", 80), entry("strong", 60)}
	for range 2 {
		v, ok := w.judge(&meeting{r: &flow.Record{Start: day}, entries: entries, outcome: flow.Answered})
		if want := 0.81; !ok || v.confidence != want || v.lists != 2 { // 1 - 0.2 × (1 - 0.3 × 0.2)
			t.Errorf("confidence %v, want %v, of %d lists", v.confidence, want, v.lists)
		}
		slices.Reverse(entries)
	}
}
