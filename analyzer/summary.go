package analyzer

import (
	"time"

	"seine/detectors"
	"seine/flow"
)

// A Summary tells what a run read and found. All but Elapsed and PeakMemory
// is the same for the same input and configuration.
type Summary struct {
	Files []FileSummary

	Rows    uint64 // flows that the detectors saw
	Bad     uint64 // rows that could not be read
	Skipped uint64 // rows that are no flows (repeated headers, comments)
	Late    uint64 // flows that started more than the lateness before the watermark

	Filtered uint64            // flows that were read and not wanted
	Stitched flow.StitchCounts // how records became flows, where they were stitched

	HasSpan     bool // at least one flow was read
	First, Last flow.Time

	Hosts       uint64 // distinct addresses
	Forgotten   uint64 // addresses dropped by max-hosts or retention
	Pairs       uint64 // distinct (source, destination) pairs
	PairsApprox bool   // Pairs is an estimate (standard error 0.8 %)

	FlowBytes *Spread // bytes per flow over an even sample; nil without byte counts

	Detectors  []DetectorSummary            // in chain order
	Findings   [detectors.Severities]uint64 // written after folding, by severity
	Hidden     [detectors.Severities]uint64 // under the severity floor, before folding
	Suppressed uint64                       // findings that a rule of the user's hides

	// Alerts are the files of alerts that were read back, of a run that plays
	// an earlier one. What the other fields then tell of flows is of that one.
	Alerts   []FileSummary
	Unwanted uint64      // alerts of theirs that a condition left out
	Ignored  uint64      // flows that a rule of the user's kept from the detectors
	Rules    []RuleUse   // the user's rules of triage, in their order
	Compared *Comparison // with an earlier run; nil: with none

	// Ranking are the hosts that findings accuse, the riskiest first, as far
	// as the ranking goes; Accused counts all of them, one that left the ranking
	// early and came back twice.
	Ranking []HostRisk
	Accused uint64

	Interrupted bool
	Warnings    []string // faults that the run survived

	Elapsed    time.Duration // stderr only
	PeakMemory int64         // bytes of resident memory; stderr only; 0 if not known
}

// A FileSummary tells what became of one input.
type FileSummary struct {
	Name, Format, Packing string
	Rows, Bad, Skipped    uint64
	BadRows               []flow.BadRow // the first few
	Notes                 []string
	Error                 string // why it could not be read, or not to its end
	Ignored               bool   // found in a directory, and no flow data
}

// A DetectorSummary tells what one detector did.
type DetectorSummary struct {
	ID      string
	Skipped string                       // why it did not run, or empty
	Raised  [detectors.Severities]uint64 // alerts before folding, hidden ones included
	Counts  []Count
	Tables  []detectors.Table
}

// A Count is a counter of a detector that is not zero.
type Count struct {
	Name, Doc string
	N         uint64
	Ordinary  bool // counts what is left out by rule, not what a limit cost
}

// A Spread describes a set of numbers. Quantiles are linear interpolations
// (type 7).
type Spread struct {
	Samples                     int
	Mean, Median, P95, P99, Max float64
}
