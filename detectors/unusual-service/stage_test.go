package unusualservice

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

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
	s := &stage{Desk: desk.Desk{Texts: []string{""}}}
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

func (s *stage) flow(at flow.Time, src, dst uint32, proto flow.Proto, port uint16) flow.Record {
	r := flow.Record{
		Start: at, Proto: proto, SrcPort: 40000, DstPort: port, SrcBytes: 900, DstBytes: 800, State: flow.StateClosed,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState,
	}
	r.Src, r.SrcHost = s.Host(src)
	r.Dst, r.DstHost = s.Host(dst)
	return r
}

const (
	inner = 10 << 24
	outer = 198<<24 | 51<<16 | 100<<8
	lair  = 203<<24 | 113<<8 | 9
	begin = flow.Time(1_700_000_000) * flow.Second
	hour  = flow.Time(time.Hour)
)

// Each of the flows that are not established services would be medium if it
// were one.
func TestOnlyEstablishedServicesCount(t *testing.T) {
	for name, change := range map[string]func(*flow.Record){
		"attempt":            func(r *flow.Record) { r.State = flow.StateAttempt },
		"refused":            func(r *flow.Record) { r.State = flow.StateRejected },
		"seen in the middle": func(r *flow.Record) { r.State = flow.StatePartial },
		"a handshake":        func(r *flow.Record) { r.SrcPkts, r.DstPkts, r.Has = 2, 1, r.Has|flow.HasPkts },
		"opened and closed": func(r *flow.Record) {
			r.SrcPkts, r.DstPkts, r.SrcBytes, r.DstBytes, r.Has = 4, 3, 208, 156, r.Has|flow.HasPkts
		},
		"nothing said":      func(r *flow.Record) { r.DstBytes = 0 },
		"direction guessed": func(r *flow.Record) { r.Orient = flow.OrientPort },
		"no port":           func(r *flow.Record) { r.Has &^= flow.HasDstPort },
		"ICMP":              func(r *flow.Record) { r.Proto = flow.ICMP },
		"":                  func(*flow.Record) {},
	} {
		s := newStage(t, map[string]string{"unusual-service.learn": "2h"})
		for h := range flow.Time(4) {
			s.w.Flows(desk.Surveyed([]flow.Record{s.flow(begin+h*hour, inner+1, inner+9, flow.TCP, 443)}))
		}
		r := s.flow(begin+4*hour, lair, inner+9, flow.TCP, 3389)
		change(&r)
		s.w.Flows(desk.Surveyed([]flow.Record{r}))
		told := len(s.Alerts) == 1 && s.Alerts[0].Severity == detectors.Medium
		if told != (name == "") {
			t.Errorf("%q: told is %v", name, told)
		}
	}
}

// office is two weeks of 80 hosts: services of a Zipf-like popularity, each
// used by whom and when it comes, some but once in days; servers that answer
// outside from the first day; scans of everything.
func office(s *stage, rng *rand.Rand) []flow.Record {
	common := []uint16{443, 443, 443, 443, 80, 80, 993, 587, 22, 53, 123, 5228, 8080, 8443, 3478, 465, 143, 21, 5222, 1194, 873}
	var rs []flow.Record
	for range 40_000 {
		at := begin + flow.Time(rng.Int64N(int64(14*24*hour)))
		host := inner + rng.Uint32N(80)
		switch rng.IntN(8) {
		case 0:
			rs = append(rs, s.flow(at, outer+rng.Uint32N(200), inner+200+rng.Uint32N(3), flow.TCP, []uint16{443, 25, 22}[rng.IntN(3)]))
		case 1:
			r := s.flow(at, lair, inner+rng.Uint32N(210), flow.TCP, uint16(1+rng.IntN(9000)))
			r.State = []flow.State{flow.StateAttempt, flow.StateRejected, flow.StateResetOrig}[rng.IntN(3)]
			r.DstBytes = 0
			rs = append(rs, r)
		case 2:
			rs = append(rs, s.flow(at, host, inner+200+rng.Uint32N(3), flow.TCP, []uint16{445, 139, 3389, 5432, 88, 389, 22}[rng.IntN(7)]))
		case 3:
			rs = append(rs, s.flow(at, host, outer+rng.Uint32N(200), flow.UDP, uint16(32768+rng.IntN(30000))))
		default:
			rs = append(rs, s.flow(at, host, outer+rng.Uint32N(200), flow.TCP, common[rng.IntN(len(common))]))
		}
	}
	slices.SortStableFunc(rs, func(a, b flow.Record) int { return int((a.Start - b.Start) / flow.Second) })
	return rs
}

func TestAnOfficeRaisesNothingAboveLow(t *testing.T) {
	for seed := range uint64(4) {
		s := newStage(t, nil)
		s.w.Flows(desk.Surveyed(office(s, rand.New(rand.NewPCG(seed, 4)))))
		low := 0
		for i := range s.Alerts {
			a := &s.Alerts[i]
			if a.Severity > detectors.Low {
				t.Errorf("seed %d: %s: %s", seed, a.Severity, a.Summary)
			}
			if a.Severity == detectors.Low {
				low++
			}
		}
		if low > 5 {
			t.Errorf("seed %d: %d alerts of low severity", seed, low)
		}
		s.w.Flows(desk.Surveyed([]flow.Record{s.flow(begin+15*24*hour, lair, inner+5, flow.TCP, 3389)}))
		if last := s.Alerts[len(s.Alerts)-1]; last.Severity != detectors.Medium {
			t.Errorf("seed %d: the one that matters is %s", seed, last.Severity)
		}
	}
}

func TestAFullTableNoLongerSaysMedium(t *testing.T) {
	s := newStage(t, map[string]string{"unusual-service.max-servers": "20", "unusual-service.learn": "2h"})
	for i := range uint32(400) {
		s.w.Flows(desk.Surveyed([]flow.Record{s.flow(begin+flow.Time(i)*hour/100, lair, inner+i%100, flow.TCP, 22)}))
	}
	if s.w.servers.Len() > 20 || s.w.dropped.N == 0 {
		t.Errorf("%d servers, %d dropped", s.w.servers.Len(), s.w.dropped.N)
	}
	for i := range s.Alerts {
		if s.Alerts[i].Severity > detectors.Low {
			t.Fatalf("%s: %s", s.Alerts[i].Severity, s.Alerts[i].Summary)
		}
	}
}

func TestForgottenHostsLeaveNothing(t *testing.T) {
	s := newStage(t, nil)
	s.w.Flows(desk.Surveyed([]flow.Record{s.flow(begin, lair, inner+9, flow.TCP, 22)}))
	h := s.Number(flow.AddrFrom4(inner + 9))
	if !s.w.known.Has(h) || s.w.servers.Len() != 1 {
		t.Fatal("the server was not learnt")
	}
	s.w.Forget([]flow.Host{h})
	if s.w.known.Has(h) || s.w.servers.Len() != 0 {
		t.Error("state of a forgotten host stays")
	}
}

func BenchmarkFlows(b *testing.B) {
	base := newStage(b, nil)
	rng := rand.New(rand.NewPCG(3, 3))
	rs := make([]flow.Record, 0, 1_000_000)
	for i := range cap(rs) {
		at := begin + flow.Time(2*86400*float64(i)/float64(cap(rs)))*flow.Second
		switch rng.IntN(5) {
		case 0:
			rs = append(rs, base.flow(at, 203<<24|rng.Uint32N(1<<20), inner+rng.Uint32N(5000), flow.TCP, []uint16{443, 25, 22, 80}[rng.IntN(4)]))
		default:
			rs = append(rs, base.flow(at, inner+rng.Uint32N(5000), 198<<24|rng.Uint32N(1<<18), flow.TCP, []uint16{443, 443, 443, 80, 53, 993}[rng.IntN(6)]))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		s := newStage(b, nil)
		s.Know(&base.Desk)
		for i := 0; i < len(rs); i += 1000 {
			s.w.Flows(desk.Surveyed(rs[i : i+1000]))
		}
		b.ReportMetric(float64(s.w.servers.Len()), "servers")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}
