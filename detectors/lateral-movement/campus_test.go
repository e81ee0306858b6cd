package lateralmovement

import (
	"math/rand/v2"
	"slices"
	"testing"

	"seine/detectors"
	"seine/detectors/internal/desk"
	"seine/detectors/internal/pairmap"
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
	hour  = 3600 * flow.Second
)

func (s *stage) flow(at flow.Time, src, dst uint32, port uint16) flow.Record {
	r := flow.Record{
		Start: begin + at, Proto: flow.TCP, SrcPort: 50000, DstPort: port, SrcBytes: 2000, DstBytes: 4000, State: flow.StateClosed,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState,
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
		if at := rs[i].Start.Floor(900 * flow.Second); at > tick {
			tick = at
			s.w.Tick(at)
		}
		s.w.Flows(desk.Surveyed(rs[i : i+1]))
	}
	s.w.Close()
}

// The hosts of a campus.
const (
	controller = inner + 2
	files      = inner + 3  // and printers
	jump       = inner + 4  // where shells go through
	station    = inner + 5  // which manages all
	servers    = inner + 20 // 20 of them
	people     = inner + 1000
)

// campus is some days at a place with so many people: shares, names and RPC of
// the controller, printers, remote desktops of some to servers, shells through
// a jump host to any server, small machines that share among two, a station
// that polls everybody, and the web.
func campus(s *stage, rng *rand.Rand, days, n int) (rs []flow.Record) {
	when := func(day int) flow.Time {
		return flow.Time(day)*24*hour + 8*hour + flow.Time(rng.Int64N(int64(10*hour)))
	}
	use := func(at flow.Time, src, dst uint32, ports ...uint16) {
		for _, p := range ports {
			at += flow.Time(rng.Int64N(int64(300 * flow.Second)))
			rs = append(rs, s.flow(at, src, dst, p))
		}
	}
	for day := range days {
		for i := range uint32(n) {
			who := people + i
			for range 6 {
				use(when(day), who, controller, 88, 389, 445, 135, 49700)
			}
			use(when(day), who, files, 445, 135, 49701)
			use(when(day), who, files, 445)
			use(when(day), who, outer+rng.Uint32N(200), 443)
			switch i % 10 {
			case 0: // works on a server by its desktop and shares, always the same
				use(when(day), who, servers+i/10%20, 3389, 445)
			case 1: // a developer
				at := when(day)
				use(at, who, jump, 22)
				use(at+600*flow.Second, jump, servers+rng.Uint32N(20), 22)
				use(at+1200*flow.Second, servers+rng.Uint32N(20), servers+rng.Uint32N(20), 22)
			case 2: // a storage box at the desk
				use(when(day), who, people+uint32(n)+i, 445, 22, 5900)
			case 3: // a colleague's printer
				use(when(day), who, who+1, 445, 135, 49702)
			}
		}
		for h := range flow.Time(24) {
			for i := range uint32(20) {
				use(flow.Time(day)*24*hour+h*hour, station, servers+i, 5985, 135, 445)
			}
		}
	}
	return rs
}

func TestCampusIsQuiet(t *testing.T) {
	for seed := range uint64(4) {
		for _, days := range []int{1, 4} {
			s := newStage(t)
			s.play(campus(s, rand.New(rand.NewPCG(seed, 1)), days, 200))
			low := 0
			for _, a := range s.Alerts {
				if low++; a.Severity > detectors.Low {
					t.Errorf("seed %d, %d days: %s %s: %s", seed, days, a.Severity, a.Rule.ID, a.Summary)
				}
			}
			if low > 120 {
				t.Errorf("seed %d, %d days: %d findings among 200 people", seed, days, low)
			}
		}
	}
}

// TestIntruderOnCampus: one takes over two machines, on the first day and on
// the third.
func TestIntruderOnCampus(t *testing.T) {
	for _, day := range []flow.Time{0, 2} {
		s := newStage(t)
		rs := campus(s, rand.New(rand.NewPCG(9, 9)), 3, 200)
		at := day*24*hour + 15*hour
		a, b, c := uint32(people+15), uint32(people+45), uint32(people+85)
		rs = append(rs, s.flow(at, a, b, 445), s.flow(at+60*flow.Second, a, b, 135), s.flow(at+90*flow.Second, a, b, 5985),
			s.flow(at+1800*flow.Second, b, c, 5985), s.flow(at+1900*flow.Second, b, c, 445))
		s.play(rs)
		found := map[string]detectors.Severity{}
		for _, al := range s.Alerts {
			who, _ := al.Accused()
			found[al.Rule.ID+" "+who.String()] = max(found[al.Rule.ID+" "+who.String()], al.Severity)
		}
		for name, least := range map[string]detectors.Severity{
			"remote-administration " + flow.AddrFrom4(a).String(): detectors.Medium,
			"remote-administration " + flow.AddrFrom4(b).String(): detectors.Medium,
			"chain " + flow.AddrFrom4(a).String():                 detectors.High,
		} {
			if found[name] < least {
				t.Errorf("day %d: %s is %s", day, name, found[name])
			}
		}
	}
}

// TestForgetDropsEverything: what is waiting is told, what is known goes.
func TestForgetDropsEverything(t *testing.T) {
	s := newStage(t)
	rs := []flow.Record{s.flow(0, people, people+1, 5985), s.flow(flow.Second, people, people+1, 445)}
	for i := range rs {
		s.w.Flows(desk.Surveyed(rs[i : i+1]))
	}
	s.w.Forget([]flow.Host{rs[0].SrcHost, rs[0].DstHost})
	if len(s.Alerts) != 1 {
		t.Fatalf("%d alerts, want the one that waited", len(s.Alerts))
	}
	if n := s.w.edges.Len() + s.w.servers.Len() + s.w.sources.Len(); n != 0 {
		t.Errorf("%d entries are left", n)
	}
	s.w.Close()
	if len(s.Alerts) != 1 {
		t.Error("told twice")
	}
	if s.w.sources.Find(pairmap.Key{Src: rs[0].SrcHost}) != nil || s.w.known.Has(rs[0].SrcHost) {
		t.Error("the source is still known")
	}
}

// BenchmarkFlows is over a campus among ten times as many flows to the web.
func BenchmarkFlows(b *testing.B) {
	base := newStage(b)
	rng := rand.New(rand.NewPCG(3, 3))
	rs := campus(base, rng, 2, 2000)
	for range 10 * len(rs) {
		rs = append(rs, base.flow(flow.Time(rng.Int64N(int64(48*hour))), people+rng.Uint32N(2000), outer+rng.Uint32N(1<<18), []uint16{443, 443, 80, 53}[rng.IntN(4)]))
	}
	slices.SortStableFunc(rs, func(a, b flow.Record) int { return int(a.Start - b.Start) })
	b.ReportAllocs()
	for b.Loop() {
		s := newStage(b)
		s.Know(&base.Desk)
		for i := 0; i < len(rs); i += 1000 {
			s.w.Tick(rs[i].Start.Floor(900 * flow.Second))
			s.w.Flows(desk.Surveyed(rs[i:min(i+1000, len(rs))]))
		}
		s.w.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}
