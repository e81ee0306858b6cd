package settings

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich"
)

// Options are the effective settings, checked and typed.
type Options struct {
	InputFormat *flow.Format      // nil: found by the content
	Columns     map[string]string // field → column
	Zone        *time.Location    // of times that carry none
	ByTime      bool              // read files in the order of their first flow
	FieldNames  []string          // of the columns of inputs without a header
	Year        int               // of times that carry none; 0 unless set
	Stitch      analyzer.StitchMode
	Where       []string  // conditions, all of which must hold
	Span        flow.Span // of the starts of flows
	Sample      float64   // share of the connections; 0 all
	Internal    []netip.Prefix
	MaxBad      analyzer.BadLimit

	Assets, Geo []string          // files that tell of machines and places
	Known       *enrich.Knowledge // what was loaded of them and of the rest of the context; nil before that

	Intel []string // files and folders of threat lists

	Inventory, KEV, EPSS, NVD []string // files and folders: scans, and what is known of vulnerabilities

	Chain  []*detectors.Detector
	Params map[string]string // parameters that are not at their default, by full name

	Lateness, Retention flow.Time
	MaxHosts            int
	Fold                flow.Time
	MinSeverity         detectors.Severity
	Evidence            int // 0 all
	FailOn              detectors.Severity
	CanFail             bool // FailOn is set
	FailNew             bool // only new findings count for it

	Ignore, Suppress []string // files of rules
	Baseline         []string // files of alerts
	Match            string   // what makes two findings the same: id, subject
	AsOf             flow.Time
	HasAsOf          bool

	Format     string // of standard output; empty: by what it is
	Outputs    []string
	Summary    string // file, or empty
	Top        int    // rows of the table; 0 all; -1 by what it is written to
	Color      string // auto, always, never
	Lang       string // of texts for people
	Verbose    bool
	Quiet      bool
	NoProgress bool
	Jobs       int // 0 all cores

	only, disable, blacklist []string
	since, until, asOf       string
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
	if err := o.settleSpan(); err != nil {
		return err
	}
	if err := o.settleTriage(); err != nil {
		return err
	}
	for _, file := range o.blacklist {
		o.Params[blacklistParam] += file + "\n"
	}
	return nil
}

// settleSpan reads since and until in the zone of the input.
func (o *Options) settleSpan() error {
	if o.since == "" && o.until == "" {
		return nil
	}
	o.Span = flow.Span{From: flow.MinTime, To: flow.MaxTime}
	var err error
	if o.since != "" {
		if o.Span.From, err = parseMoment(o.since, o.Zone); err != nil {
			return fmt.Errorf("since: %w", err)
		}
	}
	if o.until != "" {
		if o.Span.To, err = parseMoment(o.until, o.Zone); err != nil {
			return fmt.Errorf("until: %w", err)
		}
	}
	if o.Span.To <= o.Span.From {
		return fmt.Errorf("until %s is not after since %s: no flow can be in between", o.Span.To, o.Span.From)
	}
	return nil
}

// settleTriage reads as-of in the zone of the input.
func (o *Options) settleTriage() (err error) {
	if o.asOf != "" {
		o.HasAsOf = true
		if o.AsOf, err = parseMoment(o.asOf, o.Zone); err != nil {
			return fmt.Errorf("as-of: %w", err)
		}
	}
	return nil
}
