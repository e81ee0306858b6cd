package exposedservice_test

import (
	"math/rand/v2"
	"testing"

	"seine/detectors"
	exposedservice "seine/detectors/exposed-service"
	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/enrich/inventory"
)

// A stage gives a watcher what it needs of an engine.
type stage struct {
	addrs  []flow.Addr
	alerts int
}

func (s *stage) Alert(*flow.Record, *detectors.Alert) { s.alerts++ }
func (s *stage) Addr(h flow.Host) flow.Addr           { return s.addrs[h-1] }
func (s *stage) Text(flow.Symbol) string              { return "" }
func (s *stage) File(uint32) string                   { return "" }

// trace is a million flows of two thousand hosts: mostly web, some of services
// that policies are about.
func trace(s *stage) []flow.Record {
	rng := rand.New(rand.NewPCG(3, 3))
	hosts := map[flow.Addr]flow.Host{}
	host := func(a flow.Addr) flow.Host {
		if hosts[a] == 0 {
			s.addrs = append(s.addrs, a)
			hosts[a] = flow.Host(len(s.addrs))
		}
		return hosts[a]
	}
	rs := make([]flow.Record, 1_000_000)
	for i := range rs {
		r := &rs[i]
		*r = flow.Record{
			Start: flow.Time(i) * flow.Second / 10, Src: flow.AddrFrom4(10<<24 | rng.Uint32N(2000)), Dst: flow.AddrFrom4(198<<24 | rng.Uint32N(1<<16)),
			SrcPort: 50000, DstPort: []uint16{443, 443, 443, 443, 443, 80, 80, 53, 993, 22}[rng.IntN(10)], Proto: flow.TCP, State: flow.StateClosed,
			SrcBytes: 900, DstBytes: 9000, Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState, Row: uint64(i + 1),
		}
		if rng.IntN(20) == 0 {
			r.Dst, r.DstPort = flow.AddrFrom4(10<<24|rng.Uint32N(50)), []uint16{389, 445, 3389, 23, 80}[rng.IntN(5)]
		}
		r.SrcHost, r.DstHost = host(r.Src), host(r.Dst)
	}
	return rs
}

func BenchmarkFlows(b *testing.B) {
	s := &stage{}
	rs := trace(s)
	var services []*inventory.Service
	for i := range uint32(50) {
		services = append(services, &inventory.Service{Addr: flow.AddrFrom4(10<<24 | i), Proto: flow.TCP, Port: 443})
	}
	known := &enrich.Knowledge{Inventory: inventory.New(services)}
	d := exposedservice.Detector()
	b.ReportAllocs()
	for b.Loop() {
		w := d.New(detectors.NewEnv(d, detectors.Settings{Evidence: 3, Runtime: s, Known: known}))
		for i := 0; i < len(rs); i += 1000 {
			w.Flows(rs[i : i+1000])
		}
		w.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}
