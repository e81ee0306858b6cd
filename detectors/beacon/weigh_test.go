package beacon

import (
	"testing"

	"seine/detectors"
	"seine/flow"
)

// worst is the highest severity raised.
func (s *stage) worst() detectors.Severity {
	worst := detectors.Info
	for _, a := range s.Alerts {
		worst = max(worst, a.Severity)
	}
	return worst
}

// The same regular calls weigh more or less by where they go.
func TestSurroundingsDecideSeverity(t *testing.T) {
	const day = 86400
	for _, c := range []struct {
		name     string
		dst      uint32
		port     uint16
		period   float64
		calls    int
		callers  int // others that do the same
		siblings int // other destinations, called as well
		state    flow.State
		want     detectors.Severity
	}{
		{"a port of its own", outer, 4444, 60, 300, 0, 0, flow.StateClosed, detectors.High},
		{"the web, every half minute for a day", outer, 80, 30, day / 30, 0, 0, flow.StateClosed, detectors.High},
		{"the web, for an hour", outer, 443, 30, 120, 0, 0, flow.StateClosed, detectors.Medium},
		{"the web, every quarter of an hour", outer, 443, 900, 96, 0, 0, flow.StateClosed, detectors.Low},
		{"a web server that refuses", outer, 443, 900, 96, 0, 0, flow.StateRejected, detectors.Medium},
		{"mail", outer, 993, 300, 288, 0, 0, flow.StateClosed, detectors.Low},
		{"called by all", outer, 4444, 60, 300, 12, 0, flow.StateClosed, detectors.Info},
		{"one of four", outer, 4444, 60, 300, 0, 3, flow.StateClosed, detectors.Low},
		{"the same network", 10<<24 | 20<<16 | 99, 4444, 60, 300, 0, 0, flow.StateClosed, detectors.Low},
		{"another network inside", 192<<24 | 168<<16 | 4, 4444, 60, 300, 0, 0, flow.StateClosed, detectors.Medium},
	} {
		s := newStage(t, nil)
		var rs []flow.Record
		for i := range c.calls {
			at := 1e6 + c.period*float64(i) + 0.2*float64(i%3)
			rs = append(rs, s.flow(at, inner, c.dst, c.port))
			for k := range c.callers {
				rs = append(rs, s.flow(at+0.1*float64(k), inner+1+uint32(k), c.dst, c.port))
			}
			for k := range c.siblings {
				rs = append(rs, s.flow(at+0.1*float64(k), inner, c.dst+1+uint32(k), c.port))
			}
		}
		for i := range rs {
			rs[i].State = c.state
		}
		s.play(rs)
		s.w.Close()
		if got := s.worst(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// What comes from outside by the clock is a probe, not a beacon.
func TestVisitorsStayLow(t *testing.T) {
	s := newStage(t, nil)
	var rs []flow.Record
	for i := range 300 {
		rs = append(rs, s.flow(1e6+60*float64(i), outer, inner, 4444))
	}
	s.play(rs)
	s.w.Close()
	if got := s.worst(); got != detectors.Low {
		t.Errorf("raised as %v", got)
	}
}
