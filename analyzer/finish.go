package analyzer

import (
	"fmt"
	"strings"
	"sync/atomic"

	"seine/flow"
)

// finish fills in the summary when the pipeline has stopped.
func (p *Plan) finish(c *census, pl *pipeline, in *input) *Summary {
	s := &p.summary
	s.Rows = pl.row
	s.Files = in.summaries()
	left := in.tally()
	s.Filtered, s.Ignored, s.Stitched = left.filtered, left.ignored, left.stitched
	for _, f := range s.Files {
		s.Bad += f.Bad
		s.Skipped += f.Skipped
	}
	s.Hosts, s.Forgotten = p.hosts.ever, p.hosts.gone
	c.fill(s)
	if ignore := p.cfg.Select.Ignore; ignore != nil && left.over {
		s.Rules = ignore.Uses(s.Last)
	}
	if hint := c.outside.hint(); hint != "" && p.cfg.Params["internal"] == "" {
		s.Warnings = append(s.Warnings, hint)
	}
	if n := p.cfg.Symbols.Dropped(); n > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%d texts (states, services, labels) were dropped: more than %d different ones", n, flow.MaxSymbols))
	}
	for _, r := range p.runners {
		d := DetectorSummary{ID: r.detector.ID, Skipped: r.env.SkipReason(), Raised: r.counts, Tables: r.env.Tables()}
		hidden := r.env.Hidden()
		for i, n := range hidden {
			d.Raised[i] += n
			s.Hidden[i] += n
		}
		if r.passed > 0 {
			lacking := "the input has no " + strings.Join(r.lacking.Names(), ", ")
			if r.passed < r.total {
				lacking = fmt.Sprintf("%d of %d flows not seen: their %s", r.passed, r.total, lacking[len("the "):])
			}
			d.Skipped = lacking
		}
		if r.failed != nil {
			d.Skipped = "failed"
		}
		for _, c := range r.env.Counters() {
			if c.N > 0 {
				d.Counts = append(d.Counts, Count{c.Name, c.Doc, c.N, c.Ordinary})
			}
		}
		s.Detectors = append(s.Detectors, d)
	}
	return s
}

// progress is what a run tells about itself while it goes.
type progress struct{ rows atomic.Uint64 }

// Progress tells rows read, bytes read and, where every size is known, all
// bytes there are (otherwise 0). It may be called from any goroutine.
func (p *Plan) Progress() (rows uint64, done, total int64) {
	for _, s := range p.cfg.Sources {
		done += s.Consumed()
		if s.Size < 0 {
			total = -1
		} else if total >= 0 {
			total += s.Size
		}
	}
	return p.progress.rows.Load(), done, max(total, 0)
}
