package requestburst

import (
	"math/rand/v2"
	"slices"
	"testing"

	"seine/detectors"
	"seine/detectors/internal/desk"
	"seine/flow"
)

// A stage plays flows to a watcher and numbers their hosts.
type stage struct {
	w *watcher
	desk.Desk
}

func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{}
	env := detectors.NewEnv(Detector(), detectors.Settings{Evidence: 3, Runtime: s})
	s.w = newWatcher(Detector(), env).(*watcher)
	if err := env.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	inner = 10 << 24
	outer = 198<<24 | 51<<16 | 100<<8
	begin = flow.Time(1_700_000_000) * flow.Second
)

func (s *stage) flow(at float64, src, dst uint32, port uint16, up, down uint64) flow.Record {
	r := flow.Record{
		Start: begin + flow.Time(at*1e9), Proto: flow.TCP, DstPort: port, SrcBytes: up, DstBytes: down, State: flow.StateClosed,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDstPort | flow.HasBytes | flow.HasState,
	}
	r.Src, r.SrcHost = s.Host(src)
	r.Dst, r.DstHost = s.Host(dst)
	return r
}

// play plays flows in order of time, with the ticks between.
func (s *stage) play(rs []flow.Record) {
	slices.SortStableFunc(rs, func(a, b flow.Record) int { return int(a.Start - b.Start) })
	tick := flow.MinTime
	for i := range rs {
		rs[i].Row = uint64(i + 1)
		if at := rs[i].Start.Floor(300 * flow.Second); at > tick {
			tick = at
			s.w.Tick(at)
		}
		s.w.Flows(desk.Surveyed(rs[i : i+1]))
	}
	s.w.Close()
}

// browsing is the day of one who reads, with pages of many connections.
func browsing(s *stage, rng *rand.Rand, src uint32, hours float64) (rs []flow.Record) {
	for at := 0.0; at < hours*3600; at += rng.ExpFloat64() * 40 {
		for range 1 + rng.IntN(12) {
			up := 300 + rng.ExpFloat64()*900
			down := 200 + rng.ExpFloat64()*20000
			if rng.IntN(4) == 0 { // counters, pixels, beacons of pages
				up, down = 500+rng.ExpFloat64()*400, 180+rng.ExpFloat64()*200
			}
			rs = append(rs, s.flow(at+rng.Float64()*3, src, outer+uint32(rng.ExpFloat64()*6), []uint16{80, 443}[rng.IntN(2)], uint64(up), uint64(down)))
		}
	}
	return rs
}

func (s *stage) most() (most detectors.Severity, text string) {
	for _, a := range s.Alerts {
		if a.Severity >= most {
			most, text = a.Severity, a.Summary
		}
	}
	return most, text
}

func TestBrowsingIsQuiet(t *testing.T) {
	for seed := range uint64(6) {
		s := newStage(t)
		rng := rand.New(rand.NewPCG(seed, 1))
		var rs []flow.Record
		for i := range uint32(5) {
			rs = append(rs, browsing(s, rng, inner+i, 3)...)
		}
		s.play(rs)
		if len(s.Alerts) > 0 {
			t.Errorf("seed %d: %s", seed, s.Alerts[0].Summary)
		}
	}
}

// TestCheckIns: with the default limits, amid browsing, out of order as logs
// are that are written at the end of flows.
func TestCheckIns(t *testing.T) {
	for _, c := range []struct {
		name    string
		n       int
		servers uint32
		least   detectors.Severity
		most    detectors.Severity
	}{
		{"two servers", 45, 2, detectors.Medium, detectors.Medium},
		{"one server", 45, 1, detectors.Low, detectors.Low},
		{"one server, many", 100, 1, detectors.Medium, detectors.Medium},
		{"too few", 40, 2, detectors.Info, detectors.Info},
	} {
		s := newStage(t)
		rng := rand.New(rand.NewPCG(7, 7))
		rs := browsing(s, rng, inner+5, 1)
		for d := range c.servers {
			at := 1000.0
			for range c.n {
				rs = append(rs, s.flow(at, inner+5, outer+200+d, 80, 268+uint64(rng.IntN(8)), 199))
				at += rng.ExpFloat64() * rng.ExpFloat64() * 2
			}
		}
		s.play(rs)
		if most, text := s.most(); most < c.least || most > c.most {
			t.Errorf("%s: %s %s", c.name, most, text)
		}
		if want := int(c.servers); c.least > detectors.Info && len(s.Alerts) != want {
			t.Errorf("%s: %d alerts, want %d", c.name, len(s.Alerts), want)
		}
	}
}

// TestForgetTellsWhatWaits: a burst of a host that is forgotten is told.
func TestForgetTellsWhatWaits(t *testing.T) {
	s := newStage(t)
	for i := range 50 {
		s.w.Flows(desk.Surveyed([]flow.Record{s.flow(float64(i*i)/10, inner+5, outer, 80, 300, 200)}))
	}
	s.w.Forget([]flow.Host{1, 2})
	if len(s.Alerts) != 1 || s.w.pairs.Len() != 0 || s.w.servers.Len() != 0 || s.w.sources.Len() != 0 {
		t.Errorf("%d alerts, %d pairs left", len(s.Alerts), s.w.pairs.Len())
	}
	s.w.Close()
	if len(s.Alerts) != 1 {
		t.Error("told twice")
	}
}

// BenchmarkFlows is over a million sessions of 5000 people, many of them small.
func BenchmarkFlows(b *testing.B) {
	base := newStage(b)
	rng := rand.New(rand.NewPCG(3, 3))
	rs := make([]flow.Record, 1_000_000)
	for i := range rs {
		rs[i] = base.flow(float64(i)/100, inner+rng.Uint32N(5000), outer+rng.Uint32N(1<<17), []uint16{80, 443, 443, 53, 8080}[rng.IntN(5)],
			300+rng.Uint64N(2000), 100+rng.Uint64N(9000))
	}
	b.ReportAllocs()
	for b.Loop() {
		s := newStage(b)
		s.Know(&base.Desk)
		for i := 0; i < len(rs); i += 1000 {
			s.w.Tick(rs[i].Start.Floor(300 * flow.Second))
			s.w.Flows(desk.Surveyed(rs[i : i+1000]))
		}
		s.w.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}
