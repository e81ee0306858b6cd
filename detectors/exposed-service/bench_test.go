package exposedservice_test

import (
	"testing"

	"seine/detectors"
	exposedservice "seine/detectors/exposed-service"
	"seine/detectors/internal/desk"
	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/enrich/inventory"
)

func BenchmarkFlows(b *testing.B) {
	s := &desk.Desk{}
	rs := s.Trace()
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
			w.Flows(desk.Surveyed(rs[i : i+1000]))
		}
		w.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}
