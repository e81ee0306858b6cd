package analyzer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/near"
)

// A Config says what a run does.
type Config struct {
	Sources []*flow.Source // in the order in which they are read
	Formats []*flow.Format // candidates for detection
	Format  *flow.Format   // forced, or nil

	Stitch StitchMode
	Select Selection // the flows that are wanted

	Chain  []*detectors.Detector // in order
	Params map[string]string     // parameters by full name, "port-fanout.percentile"
	// All are all detectors there are, to tell a parameter of one that is
	// not in the chain from a misspelt one.
	All []*detectors.Detector

	Lateness  flow.Time // how far behind the watermark a flow still counts
	MaxHosts  int       // addresses held at once; at least MinHosts
	Retention flow.Time // idle event time after which an address is forgotten; 0 never
	Evidence  int       // flows an alert may cite; 0 all
	Floor     detectors.Severity
	Known     *enrich.Knowledge // what is known beside the flows; nil: nothing
	Location  *time.Location    // zone of times of day; nil: UTC
	MaxBad    BadLimit

	Symbols *flow.Symbols

	BatchRows int // rows handed to the detectors at once; 0 means the default

	// Strict fails a detector that raises an alert within Flows without the
	// row that it is at: where among the alerts of others it belongs would
	// depend on the size of the batches. Tests of detectors set it.
	Strict bool
}

// Bounds and defaults of a Config.
const (
	MinHosts         = 1024
	DefaultMaxHosts  = 10_000_000
	defaultBatchRows = 2048
)

// A BadLimit bounds the rows that cannot be read: a number, or a share of
// all rows. The zero BadLimit does not bound them.
type BadLimit struct {
	Set     bool
	Rows    uint64
	Percent float64
	Share   bool // Percent counts, not Rows
}

// Exceeded reports whether bad rows beside good ones are too many. A share
// is only judged at the end.
func (l BadLimit) Exceeded(bad, good uint64, atEnd bool) bool {
	switch {
	case !l.Set:
		return false
	case l.Share:
		return atEnd && float64(bad)*100 > l.Percent*float64(bad+good)
	}
	return bad > l.Rows
}

// ErrConfig marks errors of the configuration, as opposed to the input.
var ErrConfig = errors.New("configuration")

type configError struct{ err error }

func (e *configError) Error() string        { return e.err.Error() }
func (e *configError) Unwrap() error        { return e.err }
func (e *configError) Is(target error) bool { return target == ErrConfig }

// A Plan is a run ready to start: its configuration has been checked, and
// its lists have been loaded.
type Plan struct {
	cfg      Config
	names    *names
	hosts    *hosts
	surveyor *detectors.Surveyor // nil where no detector goes by what it finds
	runners  []*runner
	summary  Summary
	progress progress
	see      func([]flow.Record) // see Watch
}

// Prepare checks cfg and makes the watchers. Its error, if any, Is ErrConfig.
func Prepare(cfg Config) (*Plan, error) {
	if cfg.Symbols == nil {
		cfg.Symbols = flow.NewSymbols()
	}
	if cfg.BatchRows <= 0 {
		cfg.BatchRows = defaultBatchRows
	}
	if cfg.MaxHosts == 0 {
		cfg.MaxHosts = DefaultMaxHosts
	}
	var errs []error
	if cfg.MaxHosts < MinHosts {
		errs = append(errs, fmt.Errorf("max-hosts is %d, must be at least %d", cfg.MaxHosts, MinHosts))
	}
	if cfg.Lateness < 0 || cfg.Retention < 0 {
		errs = append(errs, errors.New("lateness and retention cannot be negative"))
	}
	errs = append(errs, checkParams(cfg.Params, cfg.All)...)
	p := &Plan{cfg: cfg, names: &names{cfg.Sources, cfg.Symbols}, hosts: newHosts(max(cfg.MaxHosts, MinHosts), cfg.Retention)}
	lookup := func(name string) (string, bool) { v, ok := cfg.Params[name]; return v, ok }
	for _, d := range cfg.Chain {
		r := &runner{plan: p, detector: d, position: len(p.runners)}
		r.env = detectors.NewEnv(d, detectors.Settings{
			Value: lookup, Lateness: cfg.Lateness, Evidence: cfg.Evidence, Floor: cfg.Floor, Known: cfg.Known, Location: cfg.Location, Runtime: r,
		})
		r.watcher = d.New(r.env)
		if err := r.env.Err(); err != nil {
			errs = append(errs, err)
		}
		p.summary.Warnings = append(p.summary.Warnings, r.env.Warnings()...)
		if r.watcher == nil && r.env.SkipReason() == "" {
			errs = append(errs, fmt.Errorf("%s: no watcher and no reason", d.ID))
		}
		p.runners = append(p.runners, r)
		if r.env.WantsSurvey() && p.surveyor == nil {
			p.surveyor = detectors.NewSurveyor(detectors.Settings{Value: lookup})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &configError{err}
	}
	return p, nil
}

// Names resolves the numbers in the records of this run.
func (p *Plan) Names() Names { return p.names }

// Warnings are faults of the configuration that the run survives.
func (p *Plan) Warnings() []string { return p.summary.Warnings }

type names struct {
	sources []*flow.Source
	symbols *flow.Symbols
}

func (n *names) File(i uint32) string {
	if int(i) < len(n.sources) {
		return n.sources[i].Name
	}
	return ""
}

func (n *names) Text(s flow.Symbol) string { return n.symbols.Text(s) }

// checkParams finds parameters that no detector has.
func checkParams(params map[string]string, known []*detectors.Detector) []error {
	if len(params) == 0 {
		return nil
	}
	var all []string
	for _, d := range known {
		for _, p := range d.Params() {
			name := p.Name
			if !p.Shared {
				name = d.ID + "." + p.Name
			}
			all = append(all, name)
		}
	}
	var errs []error
	for _, name := range sortedKeys(params) {
		if !slices.Contains(all, name) {
			errs = append(errs, fmt.Errorf("unknown parameter %q%s", name, DidYouMean(name, all)))
		}
	}
	return errs
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// DidYouMean suggests the nearest of known names, as the end of a sentence:
// `; did you mean "x"?`, or nothing.
func DidYouMean(name string, known []string) string {
	best := near.Word(name, known, 1+len(name)/3)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
