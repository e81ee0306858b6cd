package triage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"seine/analyzer"
	"seine/analyzer/replay"
	"seine/detectors"
)

// How two runs' findings are told to be the same.
const (
	ByID      = "id"      // detector, rule, subject, and the window or when it was first seen
	BySubject = "subject" // detector, rule and subject, whenever
)

// A key tells findings apart.
type key [16]byte

// keyOf is the key of a finding.
func keyOf(a *detectors.Alert, match string) (k key) {
	if match == ByID {
		copy(k[:], a.AppendID(nil))
		return k
	}
	sum := sha256.Sum256([]byte(a.Matter()))
	copy(k[:], sum[:])
	return k
}

// A Baseline is the findings of an earlier run.
type Baseline struct {
	match    string
	findings map[key]*old
}

type old struct {
	analyzer.GoneFinding
	seen bool
}

// NewBaseline makes a baseline of findings.
func NewBaseline(findings []*detectors.Alert, match string) *Baseline {
	b := &Baseline{match: match, findings: map[key]*old{}}
	for _, a := range findings {
		b.add(a)
	}
	return b
}

// LoadBaseline reads the findings of an earlier run.
func LoadBaseline(ctx context.Context, files []string, match string, known []*detectors.Detector) (*Baseline, error) {
	b := NewBaseline(nil, match)
	sum, err := replay.New(replay.Sources(files), known).Each(ctx, func(a *detectors.Alert) error {
		b.add(a)
		return nil
	})
	if err == nil {
		err = ctx.Err()
	}
	for _, f := range sum.Alerts {
		if f.Bad > 0 && err == nil {
			err = fmt.Errorf("%s: %d alerts cannot be read, so what is new cannot be told; the first is in line %d: %s",
				f.Name, f.Bad, f.BadRows[0].Row, f.BadRows[0].Reason)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	return b, nil
}

// add adds a finding; of several with one key the most severe counts.
func (b *Baseline) add(a *detectors.Alert) {
	k := keyOf(a, b.match)
	o := b.findings[k]
	if o != nil && o.Severity >= a.Severity {
		return
	}
	b.findings[k] = &old{GoneFinding: gone(a)}
}

func gone(a *detectors.Alert) analyzer.GoneFinding {
	return analyzer.GoneFinding{
		ID: string(a.AppendID(nil)), Severity: a.Severity, Detector: a.Detector.ID, Rule: a.Rule.ID,
		Subject: a.Subject.String(), Summary: a.Summary, Time: a.Time,
	}
}

// Compare gives each finding that passes its status against the baseline, and
// tells in the summary what only the baseline had. Findings under floor are
// not expected. It serves one run.
func (b *Baseline) Compare(floor detectors.Severity, sink analyzer.Sink) analyzer.Sink {
	return &comparison{Baseline: b, floor: floor, sink: sink}
}

type comparison struct {
	*Baseline
	floor detectors.Severity
	sink  analyzer.Sink
}

// Alert implements analyzer.Sink.
func (c *comparison) Alert(a *detectors.Alert) error {
	marked := *a
	marked.Status, marked.Worse = detectors.New, false
	if o := c.findings[keyOf(a, c.match)]; o != nil {
		o.seen = true
		marked.Status, marked.Worse = detectors.Known, a.Severity > o.Severity
	}
	return c.sink.Alert(&marked)
}

// Close implements analyzer.Sink.
func (c *comparison) Close(s *analyzer.Summary) error {
	sum := &analyzer.Comparison{Match: c.match}
	ran := map[string]bool{}
	for i := range s.Detectors {
		ran[s.Detectors[i].ID] = s.Detectors[i].Skipped == ""
	}
	for _, o := range c.findings {
		switch {
		case o.seen:
		case o.Severity < c.floor, len(ran) > 0 && !ran[o.Detector]:
			sum.Unchecked++
		default:
			sum.Gone = append(sum.Gone, o.GoneFinding)
		}
	}
	slices.SortFunc(sum.Gone, func(a, b analyzer.GoneFinding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Time, b.Time), cmp.Compare(a.ID, b.ID))
	})
	s.Compared = sum
	return c.sink.Close(s)
}
