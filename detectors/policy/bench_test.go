package policy_test

import (
	"testing"

	"seine/detectors"
	"seine/detectors/internal/desk"
	"seine/detectors/policy"
)

func BenchmarkFlows(b *testing.B) {
	s := &desk.Desk{}
	rs := s.Trace()
	d := policy.Detector()
	b.ReportAllocs()
	for b.Loop() {
		w := d.New(detectors.NewEnv(d, detectors.Settings{Evidence: 3, Runtime: s}))
		for i := 0; i < len(rs); i += 1000 {
			w.Flows(desk.Surveyed(rs[i : i+1000]))
		}
		w.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}

// A table that is full tells of what it drops, and goes on.
func TestFullTablesGoOn(t *testing.T) {
	s := &desk.Desk{}
	rs := s.Trace()[:200_000]
	d := policy.Detector()
	set := map[string]string{"policy.max-services": "20", "policy.max-clients": "100"}
	env := detectors.NewEnv(d, detectors.Settings{Evidence: 3, Runtime: s, Value: func(n string) (string, bool) { v, ok := set[n]; return v, ok }})
	w := d.New(env)
	w.Flows(desk.Surveyed(rs))
	w.Close()
	counted := map[string]uint64{}
	for _, c := range env.Counters() {
		counted[c.Name] = c.N
	}
	if counted["services-dropped"] == 0 || counted["clients-not-counted"] == 0 || len(s.Alerts) < 20 {
		t.Errorf("%d alerts, counted %v", len(s.Alerts), counted)
	}
}
