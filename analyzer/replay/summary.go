package replay

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// A told is the summary of a run as a document tells it.
type told struct {
	Files []struct {
		Name, Format, Packing string
		Rows, Bad, Skipped    uint64
		BadRows               []struct {
			Row    uint64
			Reason string
		} `json:"bad_rows"`
		Notes   []string
		Error   string
		Ignored bool
	}
	Rows, Bad, Skipped, Late, Filtered, Ignored uint64
	Stitched                                    struct {
		Records, Flows, Merged, Paired, Dropped, Turned, Evicted, Late uint64
	}
	First, Last             *time.Time
	Hosts, Forgotten, Pairs uint64
	PairsApprox             bool `json:"pairs_approx"`
	FlowBytes               *struct {
		Samples                     int
		Mean, Median, P95, P99, Max float64
	} `json:"flow_bytes"`
	Hidden     counts
	Suppressed uint64
	Detectors  []struct {
		ID      string
		Skipped string
		Raised  counts
		Counts  []struct {
			Name, Doc string
			N         uint64
			Ordinary  bool
		}
		Tables []struct {
			Name, Title string
			Columns     []string
			Rows        []json.RawMessage
		}
	}
	Interrupted bool
	Warnings    []string
	Rules       []struct {
		Kind, Place, ID, Reason, Author string
		Expires                         *time.Time
		Hidden, Expired                 uint64
		Over                            bool
	}
}

// counts are numbers by severity.
type counts map[string]uint64

func (c counts) addTo(n *[detectors.Severities]uint64) {
	for s := range n {
		n[s] += c[detectors.Severity(s).String()]
	}
}

// summary takes what a document tells of its run. Of several documents the
// numbers add up, but for those of distinct addresses, which are not known.
func (p *playing) summary(text []byte) error {
	var t told
	if err := json.Unmarshal(text, &t); err != nil {
		p.src.Note(fmt.Sprintf("what the document says of its run cannot be read: %v", err))
		return nil
	}
	p.reports++
	s := &p.sum
	for _, f := range t.Files {
		file := analyzer.FileSummary{
			Name: f.Name, Format: f.Format, Packing: f.Packing, Rows: f.Rows, Bad: f.Bad, Skipped: f.Skipped,
			Notes: f.Notes, Error: f.Error, Ignored: f.Ignored,
		}
		for _, b := range f.BadRows {
			file.BadRows = append(file.BadRows, flow.BadRow{Row: b.Row, Reason: b.Reason})
		}
		s.Files = append(s.Files, file)
	}
	s.Rows += t.Rows
	s.Bad += t.Bad
	s.Skipped += t.Skipped
	s.Late += t.Late
	s.Filtered += t.Filtered
	s.Ignored += t.Ignored
	s.Suppressed += t.Suppressed
	s.Forgotten += t.Forgotten
	st := &t.Stitched
	s.Stitched = add(s.Stitched, flow.StitchCounts{
		Records: st.Records, Flows: st.Flows, Merged: st.Merged, Paired: st.Paired, Dropped: st.Dropped,
		Turned: st.Turned, Evicted: st.Evicted, Late: st.Late,
	})
	if t.First != nil && t.Last != nil {
		first, ok1 := flow.FromTime(*t.First)
		last, ok2 := flow.FromTime(*t.Last)
		if ok1 && ok2 {
			if !s.HasSpan {
				s.HasSpan, s.First, s.Last = true, first, last
			}
			s.First, s.Last = min(s.First, first), max(s.Last, last)
		}
	}
	if p.reports == 1 {
		s.Hosts, s.Pairs, s.PairsApprox = t.Hosts, t.Pairs, t.PairsApprox
		if b := t.FlowBytes; b != nil {
			s.FlowBytes = &analyzer.Spread{Samples: b.Samples, Mean: b.Mean, Median: b.Median, P95: b.P95, P99: b.P99, Max: b.Max}
		}
	} else {
		s.Hosts, s.Pairs, s.PairsApprox, s.FlowBytes = 0, 0, false, nil
	}
	t.Hidden.addTo(&s.Hidden)
	p.detectors(&t)
	s.Interrupted = s.Interrupted || t.Interrupted
	for _, w := range t.Warnings {
		if !slices.Contains(s.Warnings, w) {
			s.Warnings = append(s.Warnings, w)
		}
	}
	for _, r := range t.Rules {
		use := analyzer.RuleUse{
			Kind: r.Kind, Place: r.Place, ID: r.ID, Reason: r.Reason, Author: r.Author,
			Hidden: r.Hidden, Expired: r.Expired, Over: r.Over,
		}
		if r.Expires != nil {
			use.Expires, use.HasExpires = flow.FromTime(*r.Expires)
		}
		s.Rules = append(s.Rules, use)
	}
	return nil
}

// detectors takes what a document tells of the detectors. One that several
// tell of is told once.
func (p *playing) detectors(t *told) {
	s := &p.sum
	for _, d := range t.Detectors {
		at := slices.IndexFunc(s.Detectors, func(o analyzer.DetectorSummary) bool { return o.ID == d.ID })
		if at < 0 {
			at = len(s.Detectors)
			s.Detectors = append(s.Detectors, analyzer.DetectorSummary{ID: d.ID})
		}
		o := &s.Detectors[at]
		if o.Skipped == "" {
			o.Skipped = d.Skipped
		}
		d.Raised.addTo(&o.Raised)
		for _, c := range d.Counts {
			at := slices.IndexFunc(o.Counts, func(h analyzer.Count) bool { return h.Name == c.Name })
			if at < 0 {
				o.Counts = append(o.Counts, analyzer.Count{Name: c.Name, Doc: c.Doc, N: c.N, Ordinary: c.Ordinary})
			} else {
				o.Counts[at].N += c.N
			}
		}
		for _, tab := range d.Tables {
			table := detectors.Table{Name: tab.Name, Title: tab.Title, Columns: tab.Columns}
			for _, row := range tab.Rows {
				c := &cursor{text: row}
				var facts []detectors.Fact
				err := c.elements(maxFacts, func() error {
					f, err := c.fact("", 0)
					facts = append(facts, f)
					return err
				})
				if err == nil {
					table.Rows = append(table.Rows, facts)
				}
			}
			o.Tables = append(o.Tables, table)
		}
	}
}

func add(a, b flow.StitchCounts) flow.StitchCounts {
	return flow.StitchCounts{
		Records: a.Records + b.Records, Flows: a.Flows + b.Flows, Merged: a.Merged + b.Merged, Paired: a.Paired + b.Paired,
		Dropped: a.Dropped + b.Dropped, Turned: a.Turned + b.Turned, Evicted: a.Evicted + b.Evicted, Late: a.Late + b.Late,
	}
}
