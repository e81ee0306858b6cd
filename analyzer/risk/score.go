package risk

import (
	"cmp"
	"math"
	"slices"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// weights of the severities. See the package comment.
var weights = [detectors.Severities]float64{
	detectors.Low: 0.1, detectors.Medium: 0.3, detectors.High: 0.6, detectors.Critical: 0.9,
}

const (
	unsaid  = 0.5 // the confidence of a detector that has no say
	repeats = 5   // findings of one rule that count
)

// weight is how likely a finding alone makes its host guilty.
func weight(a *detectors.Alert) float64 {
	sure := a.Confidence
	if !(sure > 0) { // NaN too
		sure = unsaid
	}
	return weights[min(a.Severity, detectors.Severities-1)] * min(sure, 1)
}

// The levels of criticality that weigh.
const (
	usual = iota
	high
	critical
)

// level is how much depends on the machines that an alert is about, its
// accused or its target: the higher of the two.
func level(a *detectors.Alert) int {
	l := usual
	for i := range a.Annotations {
		if a.Annotations[i].Key != analyzer.NoteCriticality {
			continue
		}
		switch a.Annotations[i].Value {
		case "high":
			l = max(l, high)
		case "critical":
			l = max(l, critical)
		}
	}
	return l
}

// weighed is the weight of a finding that counts one and a half times, or
// twice: as so many independent findings would.
func weighed(w float64, level int) float64 {
	doubt := 1 - w
	switch level {
	case high:
		doubt = float64(doubt * math.Sqrt(doubt))
	case critical:
		doubt = float64(doubt * doubt)
	default:
		return w
	}
	return 1 - doubt
}

// An account is what the findings of one rule say of a host.
type account struct {
	detector    *detectors.Detector
	rule        *detectors.Rule
	strongest   [repeats]float64 // weights, falling
	findings    uint64
	first, last flow.Time

	// Of the strongest finding, the first of several.
	severity   detectors.Severity
	confidence float64
	subject    detectors.Subject
	summary    string
}

// add counts a finding of weight w.
func (c *account) add(a *detectors.Alert, w float64) {
	if c.findings == 0 {
		c.first, c.last = a.FirstSeen, a.LastSeen
	}
	if c.findings == 0 || w > c.strongest[0] {
		c.severity, c.confidence, c.subject, c.summary = a.Severity, a.Confidence, a.Subject, a.Summary
	}
	c.findings++
	c.first, c.last = min(c.first, a.FirstSeen), max(c.last, a.LastSeen)
	for i := range c.strongest {
		if w > c.strongest[i] {
			w, c.strongest[i] = c.strongest[i], w
		}
	}
}

// doubt is the chance that all findings of the rule are wrong. The products
// are rounded one by one, so that no processor fuses them and gets another
// last digit.
func (c *account) doubt() float64 {
	doubt, share := 1.0, 1.0
	for _, w := range c.strongest {
		doubt = float64(doubt * (1 - float64(w*share)))
		share /= 2
	}
	return doubt
}

// doubt is the chance that all findings about a host are wrong. It puts the
// accounts in the order of their names, so that the last digit does not
// depend on which came first.
func (h *host) doubt() float64 {
	slices.SortFunc(h.accused, byName)
	doubt := 1.0
	for i := range h.accused {
		doubt = float64(doubt * h.accused[i].doubt())
	}
	return doubt
}

func byName(a, b account) int {
	return cmp.Or(cmp.Compare(a.detector.ID, b.detector.ID), cmp.Compare(a.rule.ID, b.rule.ID))
}

// score makes a score of a doubt. It is certain of nothing, so that it stays
// under 100.
func score(doubt float64) float64 {
	return min(math.Round((1-doubt)*1e4)/100, 99.99)
}

// told is what is told of an account.
func (c *account) told(of side) analyzer.RuleRisk {
	r := analyzer.RuleRisk{
		Detector: c.detector, Rule: c.rule, Score: score(c.doubt()), Severity: c.severity, Confidence: c.confidence,
		Subject: c.subject, Summary: c.summary, Findings: c.findings, First: c.first, Last: c.last,
	}
	if t, ok := reached(c.rule.ATTACK, of); ok {
		r.Tactic = killChain[t].Tactic
	}
	return r
}
