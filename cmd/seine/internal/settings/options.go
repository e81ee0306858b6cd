package settings

import (
	"fmt"
	"slices"
	"time"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// Options are the effective settings, checked and typed.
type Options struct {
	InputFormat *flow.Format      // nil: found by the content
	Columns     map[string]string // field → column
	Zone        *time.Location    // of times that carry none
	ByTime      bool              // read files in the order of their first flow
	MaxBad      analyzer.BadLimit

	Chain  []*detectors.Detector
	Params map[string]string // parameters that are not at their default, by full name

	Lateness, Retention flow.Time
	MaxHosts            int
	Fold                flow.Time
	MinSeverity         detectors.Severity
	Evidence            int // 0 all
	FailOn              detectors.Severity
	CanFail             bool // FailOn is set

	Format     string // of standard output; empty: by what it is
	Outputs    []string
	Summary    string // file, or empty
	Top        int    // rows of the table; 0 all; -1 by what it is written to
	Color      string // auto, always, never
	Verbose    bool
	Quiet      bool
	NoProgress bool
	Jobs       int // 0 all cores

	only, disable, blacklist []string
}

// blacklistParam is the parameter that --blacklist adds to.
const blacklistParam = "blacklist.lists"

// settle works out what rests on several settings.
func (o *Options) settle(known []*detectors.Detector) error {
	for _, d := range known {
		if (len(o.only) == 0 || slices.Contains(o.only, d.ID)) && !slices.Contains(o.disable, d.ID) {
			o.Chain = append(o.Chain, d)
		}
	}
	if len(o.Chain) == 0 {
		return fmt.Errorf("only and disable leave no detector")
	}
	for _, file := range o.blacklist {
		o.Params[blacklistParam] += file + "\n"
	}
	return nil
}
