package flood

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"seine/detectors"
	"seine/detectors/internal/desk"
	"seine/flow"
)

// A world plays traffic to a watcher, as the engine would: minute by minute,
// the flows of each in the order of their starts.
type world struct {
	rng    *rand.Rand
	hosts  map[flow.Addr]flow.Host
	addrs  []flow.Addr
	w      detectors.Watcher
	env    *detectors.Env
	alerts []*detectors.Alert
	now    int // minute
	rows   []flow.Record
	row    uint64
}

func newWorld(seed uint64, params map[string]string) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 3)), hosts: map[flow.Addr]flow.Host{}, addrs: make([]flow.Addr, 1), now: 1000}
	d := Detector()
	w.env = detectors.NewEnv(d, detectors.Settings{
		Value:    func(name string) (string, bool) { v, ok := params[name]; return v, ok },
		Lateness: 5 * minute, Evidence: 3, Floor: detectors.Info, Runtime: w,
	})
	w.w = d.New(w.env)
	return w
}

func (w *world) Alert(_ *flow.Record, a *detectors.Alert) { w.alerts = append(w.alerts, a) }
func (w *world) Addr(h flow.Host) flow.Addr               { return w.addrs[h] }
func (w *world) Text(flow.Symbol) string                  { return "" }
func (w *world) File(uint32) string                       { return "" }

func (w *world) host(a flow.Addr) flow.Host {
	h, ok := w.hosts[a]
	if !ok {
		h = flow.Host(len(w.addrs))
		w.hosts[a] = h
		w.addrs = append(w.addrs, a)
	}
	return h
}

func ip(text string) flow.Addr {
	a, err := flow.ParseAddr([]byte(text))
	if err != nil {
		panic(err)
	}
	return a
}

// outside is one of n addresses elsewhere.
func (w *world) outside(n int) flow.Addr {
	return flow.AddrFrom4(0x50000000 + uint32(w.rng.IntN(n))*2654435761%0x20000000)
}

// inside is one of n addresses of the network.
func (w *world) inside(n int) flow.Addr { return flow.AddrFrom4(0x0a010000 + uint32(w.rng.IntN(n))) }

const everything = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort |
	flow.HasBytes | flow.HasPkts | flow.HasState

// send makes n flows of the current minute.
func (w *world) send(n int, make func() flow.Record) {
	for range n {
		r := make()
		r.Start = flow.Time(w.now)*minute + flow.Time(w.rng.Int64N(int64(minute)))
		r.Has |= everything
		if r.Proto == 0 {
			r.Proto = flow.TCP
		}
		w.rows = append(w.rows, r)
	}
}

// pass ends the current minute.
func (w *world) pass() {
	slices.SortStableFunc(w.rows, func(a, b flow.Record) int { return int(a.Start - b.Start) })
	if len(w.rows) > 0 {
		w.w.Tick(flow.Time(w.now)*minute - 5*minute)
		for i := range w.rows {
			r := &w.rows[i]
			w.row++
			r.Row = w.row
			r.SrcHost, r.DstHost = w.host(r.Src), w.host(r.Dst)
		}
		w.w.Flows(desk.Surveyed(w.rows))
		w.rows = w.rows[:0]
	}
	w.now++
}

func (w *world) end() []*detectors.Alert {
	w.w.Close()
	return w.alerts
}

func (w *world) minutes(n int, f func(i int)) {
	for i := range n {
		f(i)
		w.pass()
	}
}

// poisson is a random number of this mean.
func (w *world) poisson(mean float64) int {
	if mean > 50 {
		return max(0, int(mean+math.Sqrt(mean)*w.rng.NormFloat64()+0.5))
	}
	l, k, p := math.Exp(-mean), 0, 1.0
	for p > l {
		p *= w.rng.Float64()
		k++
	}
	return k - 1
}

func (w *world) ephemeral() uint16 { return uint16(32768 + w.rng.IntN(28000)) }

// answered is a TCP flow as they should be.
func (w *world) answered(src flow.Addr, dst string, port uint16) func() flow.Record {
	to := ip(dst)
	return func() flow.Record {
		return flow.Record{
			Src: src, Dst: to, SrcPort: w.ephemeral(), DstPort: port, State: flow.StateClosed,
			SrcBytes: 900, DstBytes: 5000, SrcPkts: 8, DstPkts: 10,
		}
	}
}

// silent is a SYN that nobody answers.
func (w *world) silent(src func() flow.Addr, dst string, port uint16) func() flow.Record {
	to := ip(dst)
	return func() flow.Record {
		return flow.Record{
			Src: src(), Dst: to, SrcPort: w.ephemeral(), DstPort: port, State: flow.StateAttempt,
			SrcBytes: 60, SrcPkts: 1,
		}
	}
}

// udp is a flow of so many packets, answered or not.
func (w *world) udp(src func() flow.Addr, from uint16, dst string, port uint16, packets, size, back uint64) func() flow.Record {
	to := ip(dst)
	return func() flow.Record {
		return flow.Record{
			Src: src(), Dst: to, SrcPort: from, DstPort: port, Proto: flow.UDP,
			SrcBytes: packets * size, SrcPkts: packets, DstPkts: back, DstBytes: back * 100,
		}
	}
}

const server = "192.0.2.80"

// business is the ordinary traffic of a site: a web server, a resolver, a
// file server, telemetry, and what the Internet always sends.
func (w *world) business(rate float64) {
	day := float64(w.now%1440) / 1440
	busy := 0.15 + max(0, math.Sin(2*math.Pi*(day-0.3)))
	for range w.poisson(20 * rate * busy) {
		src := w.outside(5000)
		w.send(1+w.rng.IntN(12), w.answered(src, server, 443))
	}
	for range w.poisson(15 * rate * busy) {
		src := w.inside(400)
		w.send(1+w.rng.IntN(20), w.udp(func() flow.Addr { return src }, w.ephemeral(), "10.0.0.53", 53, 1, 70, 1))
	}
	for range w.poisson(3 * rate * busy) {
		w.send(1+w.rng.IntN(30), w.answered(w.inside(400), "10.0.0.20", 445))
	}
	w.send(5, w.udp(func() flow.Addr { return w.inside(40) }, 40000, "10.0.0.99", 514, 100, 300, 0))
	w.send(w.poisson(4), w.silent(func() flow.Addr { return w.outside(100000) }, server, uint16(w.rng.IntN(1<<16))))
}

// rules are the alerts in short: the rules of all but info.
func rules(alerts []*detectors.Alert) []string {
	var all []string
	for _, a := range alerts {
		if a.Severity > detectors.Info {
			all = append(all, a.Rule.ID+" "+a.Subject.String())
		}
	}
	return all
}

// attacks are added to two hours of ordinary traffic; want is the rule.
var attacks = []struct {
	name string
	want string // rule and severity of all alerts but info, or nothing
	do   func(w *world, i int)
}{
	{"forged SYNs", "syn-flood", func(w *world, _ int) {
		w.send(3000, w.silent(func() flow.Addr { return w.outside(1 << 28) }, server, 443))
	}},
	{"handshakes left open", "syn-flood", func(w *world, _ int) {
		w.send(3000, func() flow.Record {
			return flow.Record{
				Src: w.outside(1 << 28), Dst: ip(server), SrcPort: w.ephemeral(), DstPort: 80, State: flow.StateEstablished,
				Has: flow.HasFlags, SrcFlags: flow.SYN, DstFlags: flow.SYN | flow.ACK, SrcBytes: 40, SrcPkts: 1, DstBytes: 200, DstPkts: 5,
			}
		})
	}},
	{"SYNs of a botnet", "syn-flood", func(w *world, _ int) {
		w.send(70_000, w.silent(func() flow.Addr { return w.outside(200) }, server, 443))
	}},
	{"SYNs of one source", "syn-flood", func(w *world, _ int) {
		w.send(20_000, w.silent(func() flow.Addr { return ip("198.51.100.66") }, server, 80))
	}},
	{"DNS reflection", "reflection", func(w *world, _ int) {
		w.send(3000, func() flow.Record {
			return w.udp(func() flow.Addr { return w.outside(800) }, 53, server, w.ephemeral(), 20, 1400, 0)()
		})
	}},
	{"memcached reflection, turned round", "reflection", func(w *world, _ int) {
		w.send(500, func() flow.Record {
			return flow.Record{
				Src: ip(server), Dst: w.outside(300), SrcPort: 80, DstPort: 11211, Proto: flow.UDP, DstPkts: 400, DstBytes: 400 * 1400,
			}
		})
	}},
	{"UDP of a botnet", "direct-flood", func(w *world, _ int) {
		w.send(300, func() flow.Record {
			return w.udp(func() flow.Addr { return w.outside(300) }, w.ephemeral(), server, 7777, 4000, 500, 0)()
		})
	}},
	{"UDP of one source", "direct-flood", func(w *world, _ int) {
		w.send(1, w.udp(func() flow.Addr { return ip("198.51.100.66") }, 50000, server, 9999, 3_000_000, 1000, 0))
	}},
	{"requests of one client", "request-flood", func(w *world, _ int) {
		w.send(15_000, w.answered(ip("198.51.100.66"), server, 443))
	}},
	{"a crowd", "", func(w *world, _ int) {
		for range 5000 {
			w.send(1, w.answered(w.outside(30_000), server, 443))
		}
	}},
	{"a scan of all ports", "", func(w *world, _ int) {
		w.send(20_000, func() flow.Record {
			return w.silent(func() flow.Addr { return ip("198.51.100.66") }, server, uint16(1+w.rng.IntN(65535)))()
		})
	}},
	{"scanners of the Internet", "", func(w *world, _ int) {
		w.send(300, func() flow.Record {
			return w.silent(func() flow.Addr { return w.outside(1 << 28) }, server, uint16(w.rng.IntN(65535)))()
		})
	}},
	{"a resolver at work", "", func(w *world, _ int) {
		w.send(20_000, w.udp(func() flow.Addr { return w.inside(500) }, w.ephemeral(), "10.0.0.53", 53, 1, 70, 1))
		w.send(5_000, w.udp(func() flow.Addr { return ip("10.0.0.53") }, w.ephemeral(), w.outside(2000).String(), 53, 1, 70, 1))
	}},
	{"one client asks the resolver without end", "", func(w *world, _ int) {
		w.send(6000, w.udp(func() flow.Addr { return ip("10.1.0.7") }, w.ephemeral(), "10.0.0.53", 53, 1, 70, 1))
	}},
	{"a file server at 500 flows a second", "", func(w *world, _ int) {
		for range 300 {
			w.send(100, w.answered(w.inside(300), "10.0.0.20", 445))
		}
	}},
	{"a large download over UDP", "", func(w *world, _ int) {
		w.send(1, w.udp(func() flow.Addr { return ip("198.51.100.9") }, 443, "10.1.0.7", 50123, 4_000_000, 1300, 0))
	}},
	{"answers to a resolver, requests in records of their own", "", func(w *world, _ int) {
		w.send(20_000, w.udp(func() flow.Addr { return ip("10.0.0.53") }, 5353+1000, "198.51.100.53", 53, 1, 70, 0))
		w.send(20_000, w.udp(func() flow.Addr { return w.outside(3000) }, 53, "10.0.0.53", 6353, 1, 1100, 0))
	}},
	{"a server of the network that is down", "unanswered-surge", func(w *world, _ int) {
		w.send(4000, w.silent(func() flow.Addr { return w.inside(400) }, "10.0.0.20", 445))
	}},
	{"a server that is down, its clients outside", "unanswered-surge", func(w *world, _ int) {
		w.send(3000, w.silent(func() flow.Addr { return w.outside(1500) }, server, 8883))
	}},
	{"a program that never gives up", "unanswered-surge", func(w *world, _ int) {
		w.send(12_000, func() flow.Record {
			return flow.Record{
				Src: ip("10.1.0.9"), Dst: ip("10.0.0.20"), SrcPort: w.ephemeral(), DstPort: 5432, State: flow.StateRejected,
				SrcBytes: 60, SrcPkts: 1, DstBytes: 40, DstPkts: 1,
			}
		})
	}},
}

func TestAttacks(t *testing.T) {
	for i, a := range attacks {
		for _, before := range []int{45, 5} { // with a past, and without
			t.Run(fmt.Sprintf("%s after %d minutes", a.name, before), func(t *testing.T) {
				w := newWorld(uint64(i), nil)
				w.minutes(before, func(int) { w.business(1) })
				start := w.now
				w.minutes(8, func(i int) {
					w.business(1)
					a.do(w, i)
				})
				w.minutes(11, func(int) { w.business(1) })
				alerts := w.end()
				got := rules(alerts)
				if before == 5 && (a.want == "request-flood" || a.want == "direct-flood") {
					a.want = "" // these need a past
				}
				if a.want == "" {
					if len(got) > 0 {
						t.Errorf("raised %v: %s", got, alerts[0].Summary)
					}
					return
				}
				if len(got) == 0 || len(got) > 6 || strings.Fields(got[0])[0] != a.want {
					t.Fatalf("raised %v, want some of %s", got, a.want)
				}
				for _, g := range got {
					if g != got[0] {
						t.Errorf("raised %v: not one finding", got)
					}
				}
				last := alerts[len(alerts)-1]
				text := facts(last)
				if last.Window != flow.Time(start)*minute {
					t.Errorf("begins at %s, want %s", last.Window, flow.Time(start)*minute)
				}
				if !strings.Contains(text, " duration=480 ") || !strings.Contains(text, " ended=true ") {
					t.Errorf("does not tell of 8 minutes that ended: %s", text)
				}
				if len(last.Evidence) == 0 {
					t.Error("no evidence")
				}
				t.Log(last.Summary)
				t.Log(text)
			})
		}
	}
}

func facts(a *detectors.Alert) string {
	var b strings.Builder
	for i := range a.Facts {
		fmt.Fprintf(&b, " %s=%s", a.Facts[i].Key, a.Facts[i].String())
	}
	return b.String() + " "
}

// A week of days and nights, at several sizes of the site: nothing is found.
func TestQuietWeek(t *testing.T) {
	for i, rate := range []float64{0.2, 1, 5} {
		days := 7
		if testing.Short() || rate > 1 {
			days = 2
		}
		w := newWorld(uint64(i), nil)
		w.minutes(days*1440, func(int) { w.business(rate) })
		if alerts := w.end(); len(rules(alerts)) > 0 {
			t.Errorf("rate %v: %v: %s", rate, rules(alerts), alerts[0].Summary)
		}
	}
}

// An attack that grows so slowly that its past grows with it is found by the
// CUSUM.
func TestSlowRamp(t *testing.T) {
	for _, c := range []struct {
		ramp string
		want bool
	}{{"5", true}, {"0", false}} {
		w := newWorld(9, map[string]string{"flood.ramp": c.ramp})
		w.minutes(60, func(int) { w.business(0.1) })
		w.minutes(300, func(i int) {
			w.business(0.1)
			w.send(100+10*i, w.silent(func() flow.Addr { return w.outside(1 << 28) }, server, 443))
		})
		if got := rules(w.end()); (len(got) > 0) != c.want {
			t.Errorf("ramp %s: %v", c.ramp, got)
		}
	}
}

// What grows is reported again when it has doubled, and all of it is one
// finding.
func TestUpdatesGoByTheLogarithm(t *testing.T) {
	w := newWorld(4, nil)
	w.minutes(40, func(int) { w.business(1) })
	n := 2000.0
	w.minutes(40, func(int) {
		w.business(1)
		w.send(int(n), w.silent(func() flow.Addr { return w.outside(1 << 28) }, server, 443))
		n *= 1.1
	})
	w.minutes(10, func(int) { w.business(1) })
	alerts := w.end()
	if len(alerts) < 4 || len(alerts) > 8 {
		t.Errorf("%d alerts on a flood that grew 45 times in 40 minutes", len(alerts))
	}
	for _, a := range alerts {
		if a.Window != alerts[0].Window || a.Subject != alerts[0].Subject || a.Rule != alerts[0].Rule {
			t.Errorf("not one finding: %s", a.Summary)
		}
	}
}

func TestSketchCounts(t *testing.T) {
	for _, n := range []int{0, 1, 10, 50, 100, 200, 500, 1000, 10_000, 1_000_000} {
		for seed := range uint64(5) {
			var s sketch
			rng := rand.New(rand.NewPCG(seed, 8))
			for range n {
				v := rng.Uint64() >> 30
				s.add(v)
				s.add(v)
			}
			if got := s.count(); math.Abs(got-float64(n)) > 0.5*float64(n) {
				t.Errorf("%d things are counted as %.0f", n, got)
			}
		}
	}
}

func TestCUSUMStandsAtItsLimit(t *testing.T) {
	var v victim
	for range 100_000 {
		v.push([measures]float64{1e12, 1e18, 1e18, 1e9})
		v.push([measures]float64{})
	}
	for _, s := range v.ramp {
		if math.IsNaN(float64(s)) || math.IsInf(float64(s), 0) {
			t.Errorf("CUSUM is %v", s)
		}
	}
}

func BenchmarkFlows(b *testing.B) {
	w := newWorld(1, nil)
	var batches [][]flow.Record
	for range 60 {
		w.business(20)
		w.send(2000, w.silent(func() flow.Addr { return w.outside(1 << 20) }, server, 443))
		for range 5000 {
			w.send(1, w.answered(w.inside(1000), w.outside(1<<20).String(), 443))
		}
		var rows []flow.Record
		rows = append(rows, w.rows...)
		batches = append(batches, rows)
		w.pass()
	}
	n := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		rows := batches[i%len(batches)]
		if i%len(batches) == 0 {
			b.StopTimer()
			addrs := w.addrs
			w = newWorld(1, nil)
			w.addrs = addrs
			b.StartTimer()
		}
		w.w.Tick(rows[0].Start - 5*minute)
		w.w.Flows(desk.Surveyed(rows))
		n += len(rows)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/flow")
}
