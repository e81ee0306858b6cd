package exfiltration

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"seine/detectors"
	"seine/detectors/internal/desk"
	"seine/flow"
)

// A stage plays flows to a watcher, numbers their hosts and ticks.
type stage struct {
	w *watcher
	desk.Desk
	now flow.Time
}

func newStage(t testing.TB, params map[string]string) *stage {
	t.Helper()
	s := &stage{now: flow.MinTime}
	d := Detector()
	env := detectors.NewEnv(d, detectors.Settings{
		Value:    func(name string) (string, bool) { v, ok := params[name]; return v, ok },
		Lateness: flow.Time(10 * time.Minute), Evidence: 3, Runtime: s,
	})
	s.w = newWatcher(d, env).(*watcher)
	if err := env.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) flow(at flow.Time, src, dst uint32, proto flow.Proto, port uint16, up, down uint64) flow.Record {
	r := flow.Record{
		Start: at, Proto: proto, SrcPort: 40000, DstPort: port, SrcBytes: up, DstBytes: down, State: flow.StateClosed,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState,
	}
	r.Src, r.SrcHost = s.Host(src)
	r.Dst, r.DstHost = s.Host(dst)
	return r
}

func (s *stage) play(rs []flow.Record) {
	for i := range rs {
		rs[i].Row = uint64(i + 1)
		if at := rs[i].Start.Floor(10 * 60 * flow.Second); at > s.now {
			s.now = at
			s.w.Tick(at)
		}
		s.w.Flows(desk.Surveyed(rs[i : i+1]))
	}
}

func (s *stage) told() (lines []string) {
	for i := range s.Alerts {
		lines = append(lines, s.Alerts[i].Severity.String()+" "+s.Alerts[i].Summary)
	}
	return lines
}

const (
	inner = 10 << 24
	outer = 198<<24 | 51<<16 | 100<<8
	lair  = 203<<24 | 113<<8 | 9
)

// office is days of 60 hosts: browsing with heavy tails of volume, mail, calls
// with a shared screen, and file synchronisation to services that all use.
func office(s *stage, rng *rand.Rand, days int) []flow.Record {
	var rs []flow.Record
	begin := flow.Time(1_700_000_000) * flow.Second
	for h := range days * 24 {
		if h%24 < 7 || h%24 > 19 {
			continue
		}
		for host := range uint32(60) {
			at := func() flow.Time { return begin + flow.Time(h)*hourLong + flow.Time(rng.Int64N(int64(hourLong))) }
			for range 20 {
				down := uint64(2000 * rng.ExpFloat64() * 40)
				rs = append(rs, s.flow(at(), inner+host, outer+rng.Uint32N(200), flow.TCP, 443, 500+down/15+uint64(500*rng.ExpFloat64()), down))
			}
			switch rng.IntN(12) {
			case 0:
				rs = append(rs, s.flow(at(), inner+host, outer+250, flow.TCP, 587, uint64(15e6*rng.ExpFloat64()), 6000))
			case 1:
				up := uint64(150e6 * rng.ExpFloat64())
				rs = append(rs, s.flow(at(), inner+host, outer+rng.Uint32N(200), flow.UDP, 50000+uint16(rng.IntN(9)), up, up/12+100))
			case 2:
				rs = append(rs, s.flow(at(), inner+host, outer+240, flow.TCP, 443, uint64(25e6*rng.ExpFloat64()), 90_000))
			}
		}
	}
	slices.SortStableFunc(rs, func(a, b flow.Record) int { return int((a.Start - b.Start) / flow.Second) })
	return rs
}

func TestAnOfficeRaisesNothingAboveLow(t *testing.T) {
	for seed := range uint64(4) {
		s := newStage(t, nil)
		s.play(office(s, rand.New(rand.NewPCG(seed, 1)), 5))
		s.w.Close()
		low := 0
		for _, line := range s.told() {
			if !strings.HasPrefix(line, "low") {
				t.Errorf("seed %d: %s", seed, line)
			}
			low++
		}
		if low > 20 { // 300 host-days with 2000 calls and uploads
			t.Errorf("seed %d: %d alerts of low severity:\n%s", seed, low, strings.Join(s.told(), "\n"))
		}
	}
}

func TestTheirThiefIsFound(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		severity   detectors.Severity
		port       uint16
		flows      int
		every      flow.Time
		up         uint64
	}{
		{"a burst to an odd port", "upload", detectors.Medium, 4443 + 8, 4, 60 * flow.Second, 4e6},
		{"the same in small pieces", "upload", detectors.Medium, 4451, 500, flow.Second, 20_000},
		{"a large one by the web", "upload", detectors.Low, 443, 30, 60 * flow.Second, 8e6},
		{"a little each night", "slow-drip", detectors.Low, 443, 5, dayLong, 3e6},
	} {
		s := newStage(t, nil)
		rs := office(s, rand.New(rand.NewPCG(9, 9)), 6)
		begin := rs[0].Start + 26*hourLong
		for i := range c.flows {
			rs = append(rs, s.flow(begin+flow.Time(i)*c.every, inner+7, lair, flow.TCP, c.port, c.up, c.up/100))
		}
		if c.every == dayLong {
			for i := range c.flows {
				rs[len(rs)-c.flows+i].Start -= 20 * hourLong
			}
		}
		slices.SortStableFunc(rs, func(a, b flow.Record) int { return int((a.Start - b.Start) / flow.Second) })
		s.play(rs)
		s.w.Close()
		found := slices.ContainsFunc(s.Alerts, func(a detectors.Alert) bool {
			return a.Rule.ID == c.rule && a.Severity == c.severity && a.Subject.Dst == flow.AddrFrom4(lair)
		})
		if !found {
			t.Errorf("%s is not found as %s; told is\n%s", c.name, c.rule, strings.Join(s.told(), "\n"))
		}
	}
}

func TestTablesKeepTheirLimits(t *testing.T) {
	s := newStage(t, map[string]string{"exfiltration.max-pairs": "100", "exfiltration.max-hosts": "50"})
	var rs []flow.Record
	for i := range uint32(5000) {
		rs = append(rs, s.flow(flow.Time(i)*flow.Second, inner+i%400, outer+i%251, flow.TCP, 9999, 2e6, 100))
	}
	s.play(rs)
	if n, m := s.w.pairs.Len(), s.w.hosts.Len(); n > 100 || m > 50 {
		t.Errorf("%d pairs and %d hosts", n, m)
	}
	if s.w.droppedPairs.N == 0 || s.w.droppedHosts.N == 0 {
		t.Error("what the limits cost is not counted")
	}
}

func TestForgottenHostsLeaveNothing(t *testing.T) {
	s := newStage(t, nil)
	s.play([]flow.Record{s.flow(0, inner+1, lair, flow.TCP, 9999, 4e6, 100)})
	s.w.Forget([]flow.Host{s.Number(flow.AddrFrom4(inner + 1))})
	if s.w.pairs.Len() != 0 || s.w.hosts.Len() != 0 {
		t.Error("state of a forgotten host stays")
	}
	s.play([]flow.Record{s.flow(flow.Second, inner+1, lair, flow.TCP, 9999, 4e6, 100)})
	if len(s.Alerts) != 0 {
		t.Errorf("what was forgotten counts: %v", s.told())
	}
}

// Rows out of order, hours apart, belong to the same upload.
func TestOrderOfAnUploadDoesNotMatter(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		s := newStage(t, nil)
		var rs []flow.Record
		for _, i := range order {
			rs = append(rs, s.flow(flow.Time(i)*2*hourLong, inner+1, lair, flow.TCP, 9999, 2e6, 100))
		}
		s.play(rs)
		if len(s.Alerts) != 1 || s.Alerts[0].Window != 0 || s.Alerts[0].LastSeen != 4*hourLong {
			t.Errorf("order %v: %v", order, s.told())
		}
	}
}

// trace is n flows like those of a large network.
func trace(s *stage, n int) []flow.Record {
	rng := rand.New(rand.NewPCG(3, 3))
	rs := make([]flow.Record, 0, n)
	for i := range n {
		at := flow.Time(86400*float64(i)/float64(n)) * flow.Second
		switch rng.IntN(10) {
		case 0, 1, 2:
			rs = append(rs, s.flow(at, inner+rng.Uint32N(5000), 203<<24|rng.Uint32N(1<<20), flow.TCP, 443, 60, 0))
		case 3, 4, 5:
			rs = append(rs, s.flow(at, inner+rng.Uint32N(5000), 198<<24|rng.Uint32N(20000), flow.TCP, 443, 900, 9000))
		case 6, 7:
			rs = append(rs, s.flow(at, inner+rng.Uint32N(5000), inner+rng.Uint32N(50), flow.UDP, 53, 60, 120))
		case 8:
			rs = append(rs, s.flow(at, inner+rng.Uint32N(5000), 198<<24|rng.Uint32N(300), flow.TCP, 443, 20_000, 900_000))
		default:
			rs = append(rs, s.flow(at, 203<<24|rng.Uint32N(1<<20), inner+rng.Uint32N(50), flow.TCP, 443, 900, 9000))
		}
	}
	return rs
}

func BenchmarkFlows(b *testing.B) {
	base := newStage(b, nil)
	rs := trace(base, 1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		s := newStage(b, nil)
		s.Know(&base.Desk)
		for i := 0; i < len(rs); i += 1000 {
			if at := rs[i].Start.Floor(10 * 60 * flow.Second); at > s.now {
				s.now = at
				s.w.Tick(at)
			}
			s.w.Flows(desk.Surveyed(rs[i : i+1000]))
		}
		s.w.Close()
		b.ReportMetric(float64(s.w.pairs.Len()), "pairs")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}

// What is new to the network does not depend on how rows come in batches: here
// learning ends within one.
func TestLearningEndsAtItsRow(t *testing.T) {
	rows := func(s *stage) (rs []flow.Record) {
		for i := range flow.Time(60) {
			rs = append(rs, s.flow(i*minuteLong, inner+1, outer+uint32(i), flow.TCP, 443, 1000, 9000))
		}
		return rs
	}
	newcomers := func(batch int) (n []bool) {
		s := newStage(t, map[string]string{"exfiltration.learn": "30m"})
		rs := desk.Surveyed(rows(s))
		for len(rs) > 0 {
			k := min(batch, len(rs))
			s.w.Flows(rs[:k])
			rs = rs[k:]
		}
		for i := range uint32(60) {
			_, h := s.Host(outer + i)
			n = append(n, s.w.users.At(h).newcomer)
		}
		return n
	}
	want := newcomers(1)
	if want[29] || !want[30] {
		t.Fatalf("newcomers from %v", want)
	}
	for _, batch := range []int{7, 60} {
		if got := newcomers(batch); !slices.Equal(got, want) {
			t.Errorf("in batches of %d: %v\nwant %v", batch, got, want)
		}
	}
}

const minuteLong = 60 * flow.Second
