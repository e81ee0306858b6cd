package analyzer

import (
	"seine/detectors"
	"seine/flow"
)

// A HostRisk tells how much there is against one host.
type HostRisk struct {
	Addr      flow.Addr
	Score     float64                      // 0…99.99, to two decimals
	Findings  [detectors.Severities]uint64 // that accuse it
	Tactics   []Tactic                     // that these show, in kill-chain order
	Chain     []Tactic                     // that likely findings show one after the other in that order; none or at least two
	Rules     []RuleRisk                   // the strongest first, as many as are told
	MoreRules int                          // those that are not

	// Findings that have the host for their target do not raise its risk.
	Targeted   [detectors.Severities]uint64
	TargetedBy []RuleRisk

	// Notes are what is known of it beside the flows, as its findings say:
	// the machine and the place.
	Notes []detectors.Annotation

	First, Last flow.Time // of what accuses it
	Story       []string  // sentences, in time order
}

// A RuleRisk is what the findings of one rule say of a host. Severity,
// Confidence, Subject and Summary are those of the strongest.
type RuleRisk struct {
	Detector    *detectors.Detector
	Rule        *detectors.Rule
	Score       float64 // 0…99.99, what the host would have by this rule alone
	Severity    detectors.Severity
	Confidence  float64 // 0: the detector has no say
	Subject     detectors.Subject
	Summary     string
	Tactic      Tactic // the zero one if none is known
	Findings    uint64
	First, Last flow.Time
}

// A Tactic is a goal of an attacker in MITRE ATT&CK, as "TA0007", "discovery".
type Tactic struct{ ID, Name string }
