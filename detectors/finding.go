package detectors

import "seine/flow"

// Status is what a finding is against those of an earlier run.
type Status uint8

// The statuses.
const (
	NotCompared Status = iota
	New                // the earlier run did not have it
	Known              // it had
	Gone               // only the earlier run had it
)

// String is "new", "known", "gone" or empty.
func (s Status) String() string { return [...]string{"", "new", "known", "gone"}[s] }

// An Annotation is something known of an address of an alert beside the
// flows, with the file that it comes from.
type Annotation struct {
	IP     flow.Addr
	Key    string // "asset", "role", "owner", "country", "asn", "intel", "service" …
	Value  string // may come from a file, so outputs treat it as hostile
	Source string // "assets.csv:7"
}
