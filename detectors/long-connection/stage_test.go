package longconnection

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

func newStage(t testing.TB, params map[string]string) *stage {
	t.Helper()
	s := &stage{}
	d := Detector()
	env := detectors.NewEnv(d, detectors.Settings{
		Value:    func(name string) (string, bool) { v, ok := params[name]; return v, ok },
		Evidence: 3, Runtime: s,
	})
	s.w = newWatcher(d, env).(*watcher)
	if err := env.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) flow(at, long flow.Time, src uint32, srcPort uint16, dst uint32, port uint16) flow.Record {
	r := flow.Record{
		Start: at, Duration: long, Proto: flow.TCP, SrcPort: srcPort, DstPort: port, SrcBytes: 900, DstBytes: 800, State: flow.StateEstablished,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState,
	}
	r.Src, r.SrcHost = s.Host(src)
	r.Dst, r.DstHost = s.Host(dst)
	return r
}

func (s *stage) play(rs []flow.Record) {
	for i := range rs {
		rs[i].Row = uint64(i + 1)
	}
	s.w.Flows(desk.Surveyed(rs))
}

// most is the highest severity told, with the sentence.
func (s *stage) most() (most detectors.Severity, text string) {
	for i := range s.Alerts {
		if a := &s.Alerts[i]; a.Severity >= most {
			most, text = a.Severity, a.Summary
		}
	}
	return most, text
}

const (
	inner = 10 << 24
	outer = 198<<24 | 51<<16 | 100<<8
	lair  = 203<<24 | 113<<8 | 9
	begin = flow.Time(1_700_000_000) * flow.Second
)

// The pieces of one connection come one after the other, or in a file turned
// round the last first; those of others of the same pair lie between.
func TestPiecesMakeOneConnection(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := newStage(t, nil)
		var rs []flow.Record
		for i := range flow.Time(13) {
			for _, port := range rng.Perm(4) {
				rs = append(rs, s.flow(begin+i*hour+flow.Time(port)*flow.Second, 3500*flow.Second, inner+1, 40000+uint16(port), lair, 4455))
			}
		}
		if seed%2 == 1 {
			slices.Reverse(rs)
		}
		s.play(rs)
		most, _ := s.most()
		at := slices.IndexFunc(s.Alerts, func(a detectors.Alert) bool { return a.Severity == detectors.Medium })
		if most != detectors.Medium || s.Alerts[at].LastSeen-s.Alerts[at].FirstSeen < 12*hour || s.Alerts[at].Flows != 13 {
			t.Errorf("seed %d: the most told is %s", seed, most)
		}
	}
}

func TestSteps(t *testing.T) {
	for n, want := range map[int64]int64{1: 1, 3: 1, 4: 4, 11: 4, 12: 12, 23: 12, 24: 24, 191: 180} {
		if got := step(n); got != want {
			t.Errorf("of %d the step is %d, want %d", n, got, want)
		}
	}
}

func TestExtremeTimesDoNoHarm(t *testing.T) {
	s := newStage(t, nil)
	for _, at := range []flow.Time{flow.MinTime, flow.MaxTime, 0, flow.MinTime, flow.MaxTime} {
		for _, long := range []flow.Time{flow.MaxTime, 0, 60 * flow.Second} {
			s.play([]flow.Record{s.flow(at, long, inner+1, 40000, lair, 4455)})
		}
	}
	for i := range s.Alerts {
		if a := &s.Alerts[i]; a.LastSeen < a.FirstSeen {
			t.Errorf("ends before it begins: %s", a.Summary)
		}
	}
}

// office is a week of 50 hosts, each with connections that stay open through
// the day and the night: messengers, mail, push, shells, things, tunnels.
func office(s *stage, rng *rand.Rand) []flow.Record {
	var rs []flow.Record
	ports := []uint16{443, 993, 5228, 5223, 22, 8883, 1194, 443, 443, 5222}
	for day := range flow.Time(7) {
		for host := range uint32(50) {
			for range 12 {
				at := begin + 24*day*hour + flow.Time(rng.Int64N(int64(24*hour)))
				long := flow.Time(rng.ExpFloat64() * float64(2*hour))
				p := ports[rng.IntN(len(ports))]
				rs = append(rs, s.flow(at, long, inner+host, uint16(32768+rng.IntN(20000)), outer+rng.Uint32N(250), p))
			}
			rs = append(rs, s.flow(begin+24*day*hour, 24*hour, inner+host, uint16(32768+rng.IntN(20000)), inner+200, 445))
		}
	}
	slices.SortStableFunc(rs, func(a, b flow.Record) int { return int((a.End() - b.End()) / flow.Second) })
	return rs
}

func TestAnOfficeRaisesNothingAboveLow(t *testing.T) {
	for seed := range uint64(4) {
		s := newStage(t, nil)
		s.play(office(s, rand.New(rand.NewPCG(seed, 2))))
		if most, text := s.most(); most > detectors.Low {
			t.Errorf("seed %d: %s: %s", seed, most, text)
		}
		low := slices.DeleteFunc(s.Alerts, func(a detectors.Alert) bool { return a.Severity < detectors.Low })
		if len(low) > 25 { // 4200 connections
			t.Errorf("seed %d: %d alerts of low severity", seed, len(low))
		}
		s.play([]flow.Record{s.flow(begin, 14*hour, inner+7, 41000, lair, 4455)})
		if most, _ := s.most(); most != detectors.Medium {
			t.Errorf("seed %d: the one that matters is told as %s", seed, most)
		}
	}
}

func TestTablesKeepTheirLimits(t *testing.T) {
	s := newStage(t, map[string]string{"long-connection.max-connections": "50", "long-connection.max-services": "60"})
	for i := range uint32(3000) {
		s.play([]flow.Record{s.flow(begin+flow.Time(i)*flow.Second, 2*hour, inner+i%300, 40000, outer+i%251, uint16(20000+i))})
	}
	if n, m := s.w.pieces.Len(), s.w.pairs.Len(); n > 50 || m > 60 {
		t.Errorf("%d connections and %d services", n, m)
	}
	if s.w.droppedConnections.N == 0 || s.w.droppedServices.N == 0 {
		t.Error("what the limits cost is not counted")
	}
}

func TestForgottenHostsLeaveNothing(t *testing.T) {
	s := newStage(t, nil)
	s.play([]flow.Record{s.flow(begin, 3000*flow.Second, inner+1, 40000, lair, 4455)})
	s.w.Forget([]flow.Host{s.Number(flow.AddrFrom4(lair))})
	if s.w.pairs.Len() != 0 || s.w.pieces.Len() != 0 {
		t.Error("state of a forgotten host stays")
	}
}

func BenchmarkFlows(b *testing.B) {
	base := newStage(b, nil)
	rng := rand.New(rand.NewPCG(3, 3))
	rs := make([]flow.Record, 0, 1_000_000)
	for i := range cap(rs) {
		at := begin + flow.Time(86400*float64(i)/float64(cap(rs)))*flow.Second
		long := flow.Time(rng.ExpFloat64()) * flow.Second
		if rng.IntN(12) == 0 {
			long = flow.Time(30+300*rng.ExpFloat64()) * flow.Second
		}
		rs = append(rs, base.flow(at, long, inner+rng.Uint32N(5000), uint16(32768+rng.IntN(30000)), 198<<24|rng.Uint32N(1<<18), []uint16{443, 443, 443, 80, 53, 993, 20000}[rng.IntN(7)]))
	}
	b.ReportAllocs()
	for b.Loop() {
		s := newStage(b, nil)
		s.Know(&base.Desk)
		for i := 0; i < len(rs); i += 1000 {
			s.w.Flows(desk.Surveyed(rs[i : i+1000]))
		}
		b.ReportMetric(float64(s.w.pairs.Len()), "services")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}
