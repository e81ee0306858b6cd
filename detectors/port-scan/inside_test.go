package portscan

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"seine/detectors"
	"seine/detectors/internal/desk"
	"seine/flow"
)

// TestLikelihoodIsThatOfThePaper checks the ratios of Jung et al.: with
// theta0 = 0.8 a failure counts four times, a success a quarter.
func TestLikelihoodIsThatOfThePaper(t *testing.T) {
	var s host
	for i, failed := range []bool{true, true, true, false, true, true} {
		s.learn(failed, &odds{}, 1000)
		want := []float64{4, 16, 64, 16, 64, 256}[i]
		if got := math.Exp(float64(s.ratio)); math.Abs(got-want) > want/1e4 {
			t.Errorf("after contact %d the ratio is %g, want %g", i+1, got, want)
		}
		if s.certain() != (want > 99) {
			t.Errorf("at a ratio of %g: certain is %v", want, s.certain())
		}
	}
	s.decay(1000 + halfLife)
	if got := math.Exp(float64(s.ratio)); math.Abs(got-16) > 0.01 {
		t.Errorf("a half-life later the ratio is %g, want the square root", got)
	}
	for range 100 {
		s.learn(false, &odds{}, 1000+halfLife)
	}
	if s.ratio != credit {
		t.Errorf("credit of %g", s.ratio)
	}
}

func TestThePriorHoldsItsBounds(t *testing.T) {
	for _, c := range []struct {
		o    odds
		want float64
	}{
		{odds{}, 0.8}, {odds{ok: 1e6}, 0.98}, {odds{failed: 1e6}, 0.5}, {odds{ok: 40, failed: 10}, 0.8},
	} {
		if got := c.o.theta0(); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%+v: %g, want %g", c.o, got, c.want)
		}
	}
}

func TestScansAreReportedOnALogarithmicScale(t *testing.T) {
	n, steps := uint32(0), []uint32{}
	for range 9 {
		n = next(n, 25)
		steps = append(steps, n)
	}
	for i, want := range []uint32{25, 50, 100, 200, 500, 1000, 2000, 5000, 10000} {
		if steps[i] != want {
			t.Fatalf("steps %v", steps)
		}
	}
	if got := next(math.MaxUint32, 25); got != math.MaxUint32 {
		t.Errorf("beyond the largest number comes %d", got)
	}
}

// TestFilterErrsSeldom fills the filter as two million pairs do.
func TestFilterErrsSeldom(t *testing.T) {
	var f filter
	f.ready()
	rng := rand.New(rand.NewPCG(1, 1))
	pairs := func(i int) *flow.Record {
		return &flow.Record{SrcHost: flow.Host(1 + i%5000), DstHost: flow.Host(6000 + i/5000), DstPort: 443, Proto: flow.TCP}
	}
	add := func(r *flow.Record) (pair, service bool) { return f.add(callOf(r)) }
	has := func(r *flow.Record) (pair, service bool) { return f.has(callOf(r)) }
	const n = 2_000_000
	missed := 0
	for i := range n {
		if newPair, _ := add(pairs(i)); !newPair {
			missed++
		}
	}
	if missed > n/100 {
		t.Errorf("of %d new pairs %d were taken for known", n, missed)
	}
	for range 10000 {
		r := pairs(rng.IntN(n))
		if pair, service := has(r); !pair || !service {
			t.Fatal("a pair was forgotten")
		}
	}
	wrong := 0
	for range 10000 {
		r := pairs(rng.IntN(n))
		r.DstPort = 22
		if _, service := has(r); service {
			wrong++
		}
	}
	if wrong > 300 {
		t.Errorf("of 10000 services that never answered %d are known", wrong)
	}
}

// TestTargetKnowsWhatItServes opens up to eight services of many targets.
func TestTargetKnowsWhatItServes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	wrong, asked := 0, 0
	for range 2000 {
		var d target
		open := map[uint16]bool{}
		for range 1 + rng.IntN(8) {
			p := uint16(rng.Uint32())
			d.open(p)
			open[p] = true
		}
		for p := range open {
			if !d.opened(p) {
				t.Fatalf("port %d was forgotten", p)
			}
		}
		for range 50 {
			if p := uint16(rng.Uint32()); !open[p] {
				asked++
				if d.opened(p) {
					wrong++
				}
			}
		}
	}
	if wrong*30 > asked {
		t.Errorf("of %d services that never answered %d are known", asked, wrong)
	}
}

func TestStateIsSmall(t *testing.T) {
	if n, m := unsafe.Sizeof(host{}), unsafe.Sizeof(target{}); n != 32 || m != 16 {
		t.Errorf("%d and %d bytes an address", n, m)
	}
	if n := unsafe.Sizeof(campaign{}); n > 2112 {
		t.Errorf("%d bytes a campaign", n)
	}
}

// A recorder takes alerts and knows every address.
type recorder struct{ alerts []*detectors.Alert }

func (d *recorder) Alert(_ *flow.Record, a *detectors.Alert) { d.alerts = append(d.alerts, a) }
func (d *recorder) Addr(h flow.Host) flow.Addr               { return flow.AddrFrom4(0x0a000000 + uint32(h)) }
func (d *recorder) Text(flow.Symbol) string                  { return "" }
func (d *recorder) File(uint32) string                       { return "" }

func watch() (*watcher, *recorder) {
	d, out := Detector(), &recorder{}
	env := detectors.NewEnv(d, detectors.Settings{Evidence: 3, Runtime: out})
	return d.New(env).(*watcher), out
}

// TestALargeScanStaysSmall tries all ports of five machines.
func TestALargeScanStaysSmall(t *testing.T) {
	w, out := watch()
	rs := make([]flow.Record, 0, 1024)
	at := flow.Time(1e18)
	for d := range 5 {
		for port := 1; port < 1<<16; port++ {
			at += 1e6
			rs = append(rs, tcp(at, 1, flow.Host(2+d), uint16(port), flow.StateRejected))
			if len(rs) == cap(rs) {
				w.Flows(desk.Surveyed(rs))
				w.Tick(at)
				rs = rs[:0]
			}
		}
	}
	w.Flows(desk.Surveyed(rs))
	w.Close()
	if n := w.contacts.Len(); n > exact+1 {
		t.Errorf("%d contacts remembered for one source", n)
	}
	if n := w.services.Len(); n > exact+1 {
		t.Errorf("%d services remembered for one source", n)
	}
	if n := len(out.alerts); n < 2 || n > 30 {
		t.Errorf("%d alerts", n)
	}
	last := out.alerts[len(out.alerts)-1]
	if want := "10.0.0.1 tried at least 4096 ports of at least 5 machines in vain, 327675 contacts in all"; !strings.HasPrefix(last.Summary, want) {
		t.Errorf("%s\nwant %s", last.Summary, want)
	}
}

func tcp(at flow.Time, src, dst flow.Host, port uint16, state flow.State) flow.Record {
	return flow.Record{
		Start: at, SrcHost: src, DstHost: dst, Src: flow.AddrFrom4(0x0a000000 + uint32(src)), Dst: flow.AddrFrom4(0x0a000000 + uint32(dst)),
		SrcPort: 40000, DstPort: port, Proto: flow.TCP, State: state, Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasState,
	}
}

// BenchmarkFlows is over a million flows of 200 000 hosts, most between pairs
// that meet again and again; an eighth fails, most of it what scanners try.
func BenchmarkFlows(b *testing.B) {
	const n = 1 << 20
	rng := rand.New(rand.NewPCG(1, 2))
	rs := make([]flow.Record, n)
	for i := range rs {
		pair := int(300_000 * math.Pow(rng.Float64(), 2))
		src, dst := flow.Host(1+pair%50_000), flow.Host(50_001+pair*7919%150_000)
		port, state := []uint16{443, 443, 53, 80}[rng.IntN(4)], flow.StateClosed
		switch rng.IntN(32) {
		case 0:
			state = flow.StateAttempt
		case 1, 2, 3:
			src, state, port = flow.Host(1+rng.IntN(20)), flow.StateRejected, uint16(1+rng.IntN(1000))
			dst = flow.Host(50_001 + rng.IntN(150_000))
		}
		rs[i] = tcp(flow.Time(1e18)+flow.Time(i)*1e7, src, dst, port, state)
	}
	b.ReportAllocs()
	b.ResetTimer()
	rows := 0
	for rows < b.N {
		w, _ := watch()
		for i := 0; i < n && rows < b.N; i += 1024 {
			w.Flows(desk.Surveyed(rs[i : i+1024]))
			rows += 1024
			if i%65536 == 0 {
				w.Tick(rs[i].Start)
			}
		}
	}
	b.SetBytes(int64(unsafe.Sizeof(flow.Record{})))
}
