package report

import (
	"math"
	"strconv"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// hosts appends the ranking of hosts as an array, an entry a line.
func (e *encoder) hosts(b []byte, ranking []analyzer.HostRisk) []byte {
	b = append(b, '[')
	for i := range ranking {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '\n')
		b = e.host(b, &ranking[i])
	}
	if len(ranking) > 0 {
		b = append(b, '\n')
	}
	return append(b, ']')
}

func (e *encoder) host(b []byte, h *analyzer.HostRisk) []byte {
	o := object{b: append(b, '{')}
	o.text("ip", h.Addr.String())
	o.known(h.Notes)
	o.decimal("score", h.Score)
	o.severities("findings", &h.Findings)
	o.moment("first_seen", e, h.First)
	o.moment("last_seen", e, h.Last)
	o.tactics("tactics", h.Tactics)
	o.tactics("chain", h.Chain)
	o.text("story", joined(h.Story))
	o.array("rules", len(h.Rules), func(i int) { o.ruleRisk(e, &h.Rules[i]) })
	if h.MoreRules > 0 {
		o.number("more_rules", uint64(h.MoreRules))
	}
	o.severities("targeted", &h.Targeted)
	o.array("targeted_by", len(h.TargetedBy), func(i int) { o.ruleRisk(e, &h.TargetedBy[i]) })
	return append(o.b, '}')
}

func (o *object) ruleRisk(e *encoder, r *analyzer.RuleRisk) {
	o.open()
	o.text("detector", r.Detector.ID)
	o.text("rule", r.Rule.ID)
	o.decimal("score", r.Score)
	o.text("severity", r.Severity.String())
	if sure := r.Confidence; sure > 0 && !math.IsInf(sure, 0) {
		o.decimal("confidence", sure)
	}
	if r.Tactic.ID != "" {
		o.text("tactic", r.Tactic.ID)
	}
	o.number("findings", r.Findings)
	o.moment("first_seen", e, r.First)
	o.moment("last_seen", e, r.Last)
	o.text("summary", r.Summary)
	o.b = appendSubject(o.b, &r.Subject)
	o.shut()
}

func (o *object) tactics(name string, ts []analyzer.Tactic) {
	o.array(name, len(ts), func(i int) {
		o.open()
		o.text("id", ts[i].ID)
		o.text("name", ts[i].Name)
		o.shut()
	})
}

// decimal appends a number without an exponent.
func (o *object) decimal(name string, v float64) {
	o.key(name)
	o.b = strconv.AppendFloat(o.b, v, 'f', -1, 64)
}

func (o *object) moment(name string, e *encoder, t flow.Time) {
	o.key(name)
	o.b = append(o.b, '"')
	o.b = e.time(o.b, t)
	o.b = append(o.b, '"')
}

// findings counts findings of all severities.
func findings(n *[detectors.Severities]uint64) (sum uint64) {
	for _, v := range n {
		sum += v
	}
	return sum
}
