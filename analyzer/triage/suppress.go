package triage

import (
	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// Suppress passes on the findings that no suppress rule hides, counts the
// others, and tells in the summary what came of the rules.
func (r *Rules) Suppress(sink analyzer.Sink) analyzer.Sink {
	if len(r.suppress) == 0 {
		return sink
	}
	return &suppression{rules: r, sink: sink, last: flow.MinTime}
}

type suppression struct {
	rules  *Rules
	sink   analyzer.Sink
	hidden uint64
	last   flow.Time
}

// Alert implements analyzer.Sink.
func (s *suppression) Alert(a *detectors.Alert) error {
	s.last = max(s.last, a.LastSeen)
	if _, hidden := s.rules.Judge(a); hidden {
		s.hidden++
		return nil
	}
	return s.sink.Alert(a)
}

// Close implements analyzer.Sink.
func (s *suppression) Close(sum *analyzer.Summary) error {
	sum.Suppressed += s.hidden
	last := s.last
	if sum.HasSpan {
		last = max(last, sum.Last)
	}
	sum.Rules = append(sum.Rules, s.rules.Uses(last)...)
	return s.sink.Close(sum)
}

// A Match is a rule that is about a finding.
type Match struct {
	Rule    int  // index among the suppress rules
	Hides   bool // it is the first of those that hide it
	Expired bool // it would hide it, and has expired
}

// Judge tells which suppress rules are about a finding, and whether one hides
// it. It counts both.
func (r *Rules) Judge(a *detectors.Alert) (all []Match, hidden bool) {
	for i, u := range r.suppress {
		if !u.hides(a) {
			continue
		}
		m := Match{Rule: i}
		switch {
		case u.expired(r.moment(a.LastSeen)):
			m.Expired = true
			u.use.Expired++
		case hidden:
			u.also++
		default:
			m.Hides, hidden = true, true
			u.use.Hidden++
		}
		all = append(all, m)
	}
	return all, hidden
}

// Uses tells what came of the suppress rules. last is the time of the latest
// finding.
func (r *Rules) Uses(last flow.Time) []analyzer.RuleUse { return r.uses(r.suppress, last) }

// hides reports whether all conditions of a suppress rule hold. The whole of
// a finding must lie in its times of day.
func (u *rule) hides(a *detectors.Alert) bool {
	for _, c := range u.alerts {
		if !c.Keep(a) {
			return false
		}
	}
	return u.clock.any() || u.clock.has(a.FirstSeen) && u.clock.has(a.LastSeen)
}

// Place is where a suppress rule stands: file and line.
func (r *Rules) Place(i int) string { return r.suppress[i].use.Place }
