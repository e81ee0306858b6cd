package beacon

import (
	"fmt"
	"math"
	"slices"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
)

// surroundings are what a suspect is judged against.
type surroundings struct {
	limit    float64 // natural logarithm of the largest p that is reported
	sources  int     // seen at all
	machines int     // of them internal
	tested   int     // series
}

// hosts are the sources among which a destination is popular or not.
func (c *surroundings) hosts() int {
	if c.machines > 0 {
		return c.machines
	}
	return c.sources
}

// refusedShare is the share of failures above which a beacon is one that is
// refused.
const refusedShare = 0.9

// report says what there is to say of a suspect, unless nothing is new.
func (w *watcher) report(s *suspect, c surroundings) {
	keys := s.services
	if keys == nil {
		keys = []pairmap.Key{s.key}
	}
	ps := w.entries(keys)
	flows, failures := count(ps)
	old := w.found.Find(s.key)
	if old != nil && old.flows == flows {
		return
	}
	v := w.full.regularity(w.series(ps...), w.step())
	if s.services == nil {
		ps[0].logP, ps[0].period = float32(v.logP), float32(v.period)
	}
	enough, clear := v.effect()
	if s.said && v.logP > goesOn {
		return
	}
	if !s.said && (!enough || v.calls < int(w.minCalls)) {
		return
	}
	all := w.work.calls
	calls, last := all[v.from:v.to], all[len(all)-1].at
	f, fresh := w.found.At(s.key, last)
	if fresh {
		f.window, f.rule = calls[0].at, 1
		if float64(failures) >= refusedShare*float64(flows) {
			f.rule = 2
		}
	}
	if s.services == nil {
		ps[0].said = true
	} else if len(w.wholes) < maxWholes && !slices.ContainsFunc(w.wholes, func(o whole) bool { return o.key == s.key }) {
		w.wholes = append(w.wholes, whole{s.key, slices.Clone(s.services)})
	}
	f.flows, f.logP, f.period, f.last, f.callers = flows, v.logP, v.period, last, s.callers
	src, dst := w.env.Addr(s.key.Src), w.env.Addr(s.key.Dst)
	share := float64(failures) / float64(max(flows, 1))
	sure, severity := w.weigh(s, &c, &v, float64(flows), clear, share, src, dst)
	f.sure, f.severity = sure, severity
	rule := w.rule(f)
	if w.hides(rule, severity) {
		return
	}
	subject := w.subject(s.key)
	w.env.Report(nil, detectors.Alert{
		Rule: rule, Severity: severity, Confidence: sure, Subject: subject,
		Summary: sentence(subject, &v, &c, share), Facts: w.facts(s, &c, &v, calls, flows, share),
		Window: f.window, HasWindow: true, Grows: true, Time: last, HasTime: true, FirstSeen: all[0].at, LastSeen: last,
		Evidence: w.evidence(calls, src, dst, s), Flows: uint64(flows),
		Charts: charts(&v),
	})
}

// hides reports whether an alert is only counted, whatever else it says, and
// counts it. The role of a machine may have more to say.
func (w *watcher) hides(rule *detectors.Rule, severity detectors.Severity) bool {
	raised := *rule
	raised.Severity = severity
	return w.env.Known().Assets == nil && !w.env.Shows(&raised)
}

func count(ps []*pair) (flows, failures uint32) {
	for _, p := range ps {
		flows += p.flows
		failures += p.failed
	}
	return flows, failures
}

func (w *watcher) rule(f *finding) *detectors.Rule {
	if f.rule == 2 {
		return w.refused
	}
	return w.beacon
}

func (w *watcher) subject(k pairmap.Key) detectors.Subject {
	s := detectors.Pair(w.env.Addr(k.Src), w.env.Addr(k.Dst))
	if k.Extra != wholePair {
		s = s.WithPort(k.Port)
	}
	return s.WithProtocol(k.Proto)
}

func sentence(subject detectors.Subject, v *verdict, c *surroundings, failures float64) string {
	text := fmt.Sprintf("%s: %d calls, one every %s s (jitter %.0f %%", subject, v.calls, short(v.period), 100*v.jitter)
	if v.way == bySteps {
		text = fmt.Sprintf("%s: %d calls, one every %s s or so, each gap like the one before (%.0f %% of them", subject, v.calls, short(v.period), 100*v.steps)
	}
	if failures >= refusedShare {
		text += fmt.Sprintf(", %.0f %% came to nothing", 100*failures)
	}
	limit := math.Round(10*c.limit/math.Ln10)/10 + 0 // not -0
	return text + fmt.Sprintf("): chance has a probability of 1e%.0f, the limit is 1e%g", v.logP/math.Ln10, limit)
}
