package analyzer

import (
	"seine/detectors"
	"seine/flow"
)

// A RuleUse tells what came of one rule of the user's triage.
type RuleUse struct {
	Kind       string // "ignore" or "suppress"
	Place      string // "triage.yaml:7"
	ID         string // may be empty
	Reason     string
	Author     string
	Expires    flow.Time // the last moment at which it holds
	HasExpires bool
	Hidden     uint64 // flows that no detector saw, or findings that are not shown
	Also       uint64 // the same that it is about as well, and an earlier rule hides
	Expired    uint64 // the same that it would have hidden before it expired
	Over       bool   // it had expired by the end of what was read
}

// An Ignorer keeps flows from the detectors.
type Ignorer interface {
	// Ignore reports whether no detector shall see a flow.
	Ignore(r *flow.Record) bool
	// Uses tells what came of each rule; last is the start of the latest flow.
	Uses(last flow.Time) []RuleUse
}

// A Comparison is one of the findings with those of an earlier run.
type Comparison struct {
	Match      string // by what findings are the same: "id" or "subject"
	New, Known [detectors.Severities]uint64
	Worse      [detectors.Severities]uint64 // of the known ones, those that were less severe
	Gone       []GoneFinding                // that only the earlier run had, the most severe first
	// Unchecked counts findings of the earlier run that this one could not
	// have: their detector did not run, or they are under the severity floor.
	Unchecked uint64
}

// A GoneFinding is one of an earlier run.
type GoneFinding struct {
	ID             string
	Severity       detectors.Severity
	Detector, Rule string
	Subject        string // in a few words
	Summary        string
	Time           flow.Time
}
