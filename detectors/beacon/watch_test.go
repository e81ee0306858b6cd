package beacon

import (
	"math/rand/v2"
	"slices"
	"testing"

	"seine/detectors"
	"seine/detectors/internal/desk"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// A stage is an engine for one watcher: it numbers addresses, and keeps what
// is reported.
type stage struct {
	desk.Desk
	w      *watcher
	env    *detectors.Env
	row    uint64
	ticked flow.Time
}

func newStage(t testing.TB, params map[string]string) *stage {
	s := &stage{}
	d := Detector()
	s.env = detectors.NewEnv(d, detectors.Settings{
		Value:    func(name string) (string, bool) { v, ok := params[name]; return v, ok },
		Evidence: 3, Runtime: s,
	})
	s.w = d.New(s.env).(*watcher)
	if err := s.env.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// flow is a TCP flow at so many seconds, closed in order.
func (s *stage) flow(at float64, src, dst uint32, port uint16) flow.Record {
	s.row++
	r := flow.Record{
		Start: flow.Time(at * float64(flow.Second)), Src: flow.AddrFrom4(src), Dst: flow.AddrFrom4(dst),
		SrcPort: uint16(40000 + s.row%20000), DstPort: port, Proto: flow.TCP, State: flow.StateClosed, Row: s.row,
		SrcBytes: 300, DstBytes: 500,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState,
	}
	r.SrcHost, r.DstHost = s.Number(r.Src), s.Number(r.Dst)
	return r
}

// play hands rows on with a tick every half hour.
func (s *stage) play(rs []flow.Record) {
	for i := range rs {
		if now := rs[i].Start.Floor(lookEvery); now > s.ticked {
			s.ticked = now
			s.w.Tick(now)
		}
		s.w.Flows(desk.Surveyed(rs[i : i+1]))
	}
}

const (
	inner = 10<<24 | 20<<16 | 31
	outer = 198<<24 | 51<<16 | 100<<8 | 7
)

// clocked are n flows one period apart.
func (s *stage) clocked(from, period float64, n int, dst uint32, port uint16) []flow.Record {
	var rs []flow.Record
	for i := range n {
		rs = append(rs, s.flow(from+period*float64(i)+0.01*float64(i%3), inner, dst, port))
	}
	return rs
}

func TestOneCampaignIsOneFinding(t *testing.T) {
	s := newStage(t, nil)
	s.play(s.clocked(1e6, 300, 288, outer, 8443)) // a day
	s.w.Close()
	if len(s.Alerts) < 2 {
		t.Fatalf("%d alerts", len(s.Alerts))
	}
	var flows uint64
	last := s.Alerts[0].Time
	for i, a := range s.Alerts {
		if a.Subject != s.Alerts[0].Subject || a.Window != s.Alerts[0].Window || a.Rule != s.Alerts[0].Rule {
			t.Errorf("alert %d is about something else: %v", i, a.Subject)
		}
		if !a.Grows || a.Time-last >= 24*3600*flow.Second {
			t.Errorf("alert %d comes %v s after the one before, grows %v: the fold would not join them", i, (a.Time-last)/flow.Second, a.Grows)
		}
		if a.Flows <= flows {
			t.Errorf("alert %d is about %d flows, no more than the one before", i, a.Flows)
		}
		last, flows = a.Time, a.Flows
	}
	if flows != 288 {
		t.Errorf("the last alert is about %d flows, want 288", flows)
	}
	if first := s.Alerts[0].Time; first > flow.Time((1e6+2*3600)*1e9) {
		t.Errorf("first raised at %v, long after it was clear", first)
	}
}

func TestEvidenceIsFirstLastLargest(t *testing.T) {
	s := newStage(t, nil)
	rs := s.clocked(1e6, 60, 30, outer, 4444)
	rs[11].DstBytes = 1 << 40
	s.play(rs)
	s.w.Close()
	if len(s.Alerts) == 0 {
		t.Fatal("no alert")
	}
	got := s.Alerts[len(s.Alerts)-1].Evidence
	var rows []uint64
	for _, r := range got {
		rows = append(rows, r.Row)
	}
	if !slices.Equal(rows, []uint64{1, 30, 12}) {
		t.Errorf("evidence is rows %v, want the first, the last and the largest", rows)
	}
	if got[0].SrcPort != rs[0].SrcPort || got[0].SrcBytes != 300 || got[0].DstPort != 4444 || got[0].Src != rs[0].Src {
		t.Errorf("evidence %+v is not the flow %+v", got[0], rs[0])
	}
}

// A flow written in reply direction belongs to the same pair, and its evidence
// shows it as it was written.
func TestRepliesAreCallsTurnedRound(t *testing.T) {
	s := newStage(t, nil)
	rs := s.clocked(1e6, 60, 30, outer, 443)
	for i := range rs {
		if i%2 == 0 {
			r := &rs[i]
			r.Src, r.Dst, r.SrcHost, r.DstHost = r.Dst, r.Src, r.DstHost, r.SrcHost
			r.SrcPort, r.DstPort, r.State = r.DstPort, r.SrcPort, flow.StatePartial
		}
	}
	s.play(rs)
	s.w.Close()
	if len(s.Alerts) == 0 {
		t.Fatal("no alert")
	}
	a := s.Alerts[len(s.Alerts)-1]
	if a.Subject.Src != flow.AddrFrom4(inner) || a.Subject.DstPort != 443 {
		t.Errorf("subject is %v", a.Subject)
	}
	if e := a.Evidence[0]; e.Src != rs[0].Src || e.SrcPort != 443 || e.DstPort != rs[0].DstPort {
		t.Errorf("evidence is %v:%d → %v:%d", e.Src, e.SrcPort, e.Dst, e.DstPort)
	}
}

// What is kept alive is one connection, however often its pieces were logged.
func TestPiecesOfAConnectionAreNoCalls(t *testing.T) {
	s := newStage(t, nil)
	rs := s.clocked(1e6, 301, 60, outer, 8883)
	for i := range rs {
		rs[i].State, rs[i].SrcPort = flow.StatePartial, 55768
	}
	s.play(rs)
	s.w.Close()
	if len(s.Alerts) != 0 {
		t.Errorf("pieces are reported: %s", s.Alerts[0].Summary)
	}
}

func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	sorted := newStage(t, nil)
	rs := sorted.clocked(1e6, 20, 80, outer, 4444) // less than a tick
	sorted.w.Flows(desk.Surveyed(rs))
	sorted.w.Close()
	mixed := newStage(t, nil)
	same := mixed.clocked(1e6, 20, 80, outer, 4444)
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(same), func(i, j int) { same[i], same[j] = same[j], same[i] })
	mixed.w.Flows(desk.Surveyed(same))
	mixed.w.Close()
	if len(sorted.Alerts) != 1 || len(mixed.Alerts) != 1 {
		t.Fatalf("%d alerts in order, %d mixed", len(sorted.Alerts), len(mixed.Alerts))
	}
	if a, b := sorted.Alerts[0].Summary, mixed.Alerts[0].Summary; a != b {
		t.Errorf("in order: %s\nmixed: %s", a, b)
	}
}

func TestForgottenHostsLeaveNothing(t *testing.T) {
	s := newStage(t, nil)
	s.play(s.clocked(1e6, 60, 25, outer, 4444))
	s.w.Forget([]flow.Host{s.Number(flow.AddrFrom4(inner))})
	if n := s.w.pairs.Len(); n != 0 {
		t.Errorf("%d pairs are left", n)
	}
	if used := len(s.w.store.links) - len(s.w.store.free); used != 0 {
		t.Errorf("%d blocks are left", used)
	}
	before := len(s.Alerts)
	s.w.Close()
	if len(s.Alerts) != before {
		t.Error("what was forgotten is reported")
	}
}

// With tables that are far too small for the traffic, a beacon among pairs that
// come once is still found, and what the limits cost is counted.
func TestLimitsKeepTheBeacon(t *testing.T) {
	s := newStage(t, map[string]string{"beacon.max-pairs": "5000", "beacon.max-calls": "2000"})
	rng := rand.New(rand.NewPCG(2, 2))
	rs := s.clocked(1e6, 60, 60, outer, 4444)
	for range 20_000 {
		dst := 203<<24 | rng.Uint32N(1<<20)
		at := 1e6 + 3600*rng.Float64()
		for range 1 + rng.IntN(3) {
			rs = append(rs, s.flow(at, inner, dst, 443))
			at += rng.Float64()
		}
	}
	slices.SortFunc(rs, func(a, b flow.Record) int { return int(a.Start - b.Start) })
	s.play(rs)
	s.w.Close()
	if len(s.Alerts) == 0 || s.Alerts[0].Subject.DstPort != 4444 {
		t.Errorf("the beacon is lost: %d alerts", len(s.Alerts))
	}
	if s.w.pairs.Len() > 5000 || len(s.w.store.links) > s.w.store.limit {
		t.Errorf("%d pairs, %d blocks", s.w.pairs.Len(), len(s.w.store.links))
	}
	if s.w.evicted.N == 0 || s.w.dropped.N+s.w.crowded.N == 0 {
		t.Errorf("limits cost %d pairs, %d and %d calls: not all are counted", s.w.evicted.N, s.w.dropped.N, s.w.crowded.N)
	}
}

// Only the latest calls of a busy pair are kept, and they are judged as ever.
func TestLongSeriesKeepTheirEnd(t *testing.T) {
	s := newStage(t, map[string]string{"beacon.max-calls-per-pair": "64"})
	s.play(s.clocked(1e6, 10, 1000, outer, 4444))
	p := s.w.pairs
	n := uint32(0)
	p.All(func(_ pairmap.Key, _ flow.Time, p *pair) bool { n = p.kept; return true })
	if n > 64 {
		t.Errorf("%d calls are kept", n)
	}
	s.w.Close()
	if len(s.Alerts) == 0 {
		t.Fatal("no alert")
	}
	if a := s.Alerts[len(s.Alerts)-1]; a.Evidence[1].Row != 1000 {
		t.Errorf("the last flow of the evidence is row %d", a.Evidence[1].Row)
	}
}

func TestInfrastructureIsPassedOver(t *testing.T) {
	for _, c := range []struct {
		name  string
		proto flow.Proto
		dst   uint32
		port  uint16
		seen  bool
	}{
		{"NTP", flow.UDP, outer, 123, false},
		{"TCP to the port of NTP", flow.TCP, outer, 123, true},
		{"mDNS", flow.UDP, 224<<24 | 251, 5353, false},
		{"multicast", flow.UDP, 239<<24 | 1, 9999, false},
		{"LDAP inside", flow.TCP, 10<<24 | 20<<16 | 1, 389, false},
		{"LDAP outside", flow.TCP, outer, 389, true},
		{"link-local", flow.TCP, 169<<24 | 254<<16 | 7, 8000, false},
		{"broadcast", flow.UDP, 10<<24 | 20<<16 | 255, 9999, false},
		{"ICMP", flow.ICMP, outer, 0, false},
		{"a private server", flow.TCP, 192<<24 | 168<<16 | 4, 8443, true},
	} {
		s := newStage(t, nil)
		rs := s.clocked(1e6, 60, 30, c.dst, c.port)
		for i := range rs {
			rs[i].Proto = c.proto
		}
		s.play(rs)
		s.w.Close()
		if got := len(s.Alerts) > 0; got != c.seen {
			t.Errorf("%s: reported is %v, want %v", c.name, got, c.seen)
		}
		if !c.seen && s.w.passed.N != 30 {
			t.Errorf("%s: %d flows counted as passed over", c.name, s.w.passed.N)
		}
	}
}

func TestExemptNetworksAndPorts(t *testing.T) {
	for _, params := range []map[string]string{
		{"beacon.exempt": "198.51.100.0/24"}, {"beacon.exempt": "10.20.0.31"}, {"beacon.exempt-ports": "4440-4450"},
	} {
		s := newStage(t, params)
		s.play(s.clocked(1e6, 60, 30, outer, 4444))
		s.w.Close()
		if len(s.Alerts) != 0 {
			t.Errorf("%v: reported all the same", params)
		}
	}
}

// traffic is n flows like those of a large network: many pairs that come once,
// some that come often, a few clocked.
func traffic(s *stage, n int) []flow.Record {
	rng := rand.New(rand.NewPCG(3, 3))
	rs := make([]flow.Record, 0, n)
	for i := range n {
		at := 1e6 + 86400*float64(i)/float64(n)
		switch n := rng.IntN(100); {
		case n < 40:
			rs = append(rs, s.flow(at, inner+rng.Uint32N(1000), 203<<24|rng.Uint32N(1<<20), 443))
		case n < 99:
			rs = append(rs, s.flow(at, inner+rng.Uint32N(1000), 198<<24|rng.Uint32N(300), 443))
		default:
			rs = append(rs, s.flow(at, inner+uint32(i/10%200), outer+uint32(i/10%200), 8443))
		}
	}
	return rs
}

func BenchmarkFlows(b *testing.B) {
	base := newStage(b, nil)
	rs := traffic(base, 2_000_000)
	b.ReportAllocs()
	var s *stage
	for b.Loop() {
		s = newStage(b, nil)
		s.Know(&base.Desk)
		for i := 0; i < len(rs); i += 1000 {
			if now := rs[i].Start.Floor(lookEvery); now > s.ticked {
				s.ticked = now
				s.w.Tick(now)
			}
			s.w.Flows(desk.Surveyed(rs[i : i+1000]))
		}
		s.w.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
	b.ReportMetric(float64(s.w.pairs.Len()), "pairs")
	b.ReportMetric(float64(len(s.Alerts)), "alerts")
}

// A period of a whole number of seconds or minutes is no sign of a coarse
// clock; where all flows begin at full minutes, chance must not look regular.
func TestCoarseClocks(t *testing.T) {
	exact := newStage(t, nil)
	var rs []flow.Record
	for i := range 60 {
		rs = append(rs, exact.flow(1_200_015+60*float64(i), inner, outer, 4444))
	}
	exact.play(rs)
	exact.w.Close()
	if len(exact.Alerts) == 0 {
		t.Error("calls every 60 s sharp are not found")
	}
	rng := rand.New(rand.NewPCG(4, 4))
	minutes := newStage(t, nil)
	rs = nil
	for k := range uint32(40) {
		at := 0.0
		for range 60 {
			at += 240 * rng.ExpFloat64()
			rs = append(rs, minutes.flow(1_200_000+60*float64(int(at/60)), inner+k, outer, 4444))
		}
	}
	slices.SortStableFunc(rs, func(a, b flow.Record) int { return int(a.Start - b.Start) })
	minutes.play(rs)
	minutes.w.Close()
	if n := len(minutes.Alerts); n != 0 {
		t.Errorf("%d alerts about calls by chance in a log of full minutes: %s", n, minutes.Alerts[0].Summary)
	}
}
