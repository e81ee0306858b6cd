package analyzer

import (
	"cmp"
	"container/list"
	"fmt"
	"slices"

	"seine/detectors"
	"seine/flow"
)

// DefaultMaxOpen is how many findings a Folding keeps open where the caller
// has no say.
const DefaultMaxOpen = 100_000

// Fold makes one finding of the alerts with the same detector, rule and
// subject while less than span of event time (Alert.Time) lies between two of
// them, and hands it to sink once it has ended or the run has. Alerts may be
// out of time order: one joins an open finding if it lies within span of it.
//
// A finding has the severity of its highest alert and the words, facts,
// confidence and window of the first alert of that severity; its counts are
// sums, its times span those of all. Its evidence is the first flow, the last
// and the largest, at most evidence of them (0 means detectors.MaxEvidence).
// A span of zero passes each alert on at once.
//
// Alerts that grow (detectors.Alert.Grows) are one finding with those of the
// same window only, while less than a day lies between two of them; it has
// the words, facts and charts of the last of the highest, whose flows it
// supports, and counts once: it is the same thing told again.
//
// At most maxOpen findings are open (0 means DefaultMaxOpen): beyond that the
// one idle longest is handed on early, which Early counts and Close adds to
// the warnings of the summary.
func Fold(span flow.Time, evidence, maxOpen int, sink Sink) *Folding {
	if evidence <= 0 {
		evidence = detectors.MaxEvidence
	}
	if maxOpen <= 0 {
		maxOpen = DefaultMaxOpen
	}
	return &Folding{
		span: span, evidence: evidence, maxOpen: maxOpen, sink: sink,
		open: map[findingKey]*list.Element{}, now: flow.MinTime,
	}
}

// A Folding is the Sink that Fold makes.
type Folding struct {
	span     flow.Time
	evidence int
	maxOpen  int
	sink     Sink

	open map[findingKey]*list.Element
	idle [2]list.List // the open *finding, the one idle longest in front; apart those that grow
	now  flow.Time    // the largest Alert.Time so far

	raised uint64
	early  uint64
}

// A findingKey is what makes alerts one finding. A rule belongs to one
// detector.
type findingKey struct {
	rule    *detectors.Rule
	subject detectors.Subject
	grows   bool
	window  flow.Time // of one that grows
}

// list is the index of the idle list of the finding.
func (k *findingKey) list() int {
	if k.grows {
		return 1
	}
	return 0
}

// growing is how long a finding that grows waits for more, in event time, at
// least.
const growing = 24 * 3600 * flow.Second

// spanOf is how long a finding waits for more.
func (f *Folding) spanOf(list int) flow.Time {
	if list == 1 {
		return max(f.span, growing)
	}
	return f.span
}

func keyOf(a *detectors.Alert) findingKey {
	k := findingKey{rule: a.Rule, grows: a.Grows && a.HasWindow}
	if k.grows {
		k.window = a.Window
	}
	// What Has does not announce is no part of the subject.
	s := &k.subject
	s.Has = a.Subject.Has
	if s.Has&detectors.SubjectIP != 0 {
		s.IP, s.Role = a.Subject.IP, a.Subject.Role
	}
	if s.Has&detectors.SubjectPair != 0 {
		s.Src, s.Dst = a.Subject.Src, a.Subject.Dst
	}
	if s.Has&detectors.SubjectPort != 0 {
		s.DstPort = a.Subject.DstPort
	}
	if s.Has&detectors.SubjectProtocol != 0 {
		s.Protocol = a.Subject.Protocol
	}
	if s.Has&detectors.SubjectGroup != 0 {
		s.Group = a.Subject.Group
	}
	return k
}

// A finding is one or more alerts about the same thing.
type finding struct {
	key         findingKey
	place       uint64    // order of the first raise
	first, last flow.Time // earliest and latest Alert.Time
	touched     flow.Time // Folding.now at the last change: never decreases along the idle list

	// alert is the one raised, which belongs to others, until a second one
	// joins; from then on a copy whose evidence is gathered in flows.
	alert  *detectors.Alert
	merged bool
	flows  []flow.Record
}

// Early counts the findings handed on before their end because too many were
// open; more of the same come as further findings.
func (f *Folding) Early() uint64 { return f.early }

// Alert implements Sink.
func (f *Folding) Alert(a *detectors.Alert) error {
	if f.span <= 0 {
		return f.sink.Alert(f.trim(a))
	}
	var errs firstError
	if a.Time > f.now {
		f.now = a.Time
		errs.keep(f.expire())
	}
	key := keyOf(a)
	idle, span := &f.idle[key.list()], f.spanOf(key.list())
	if at, ok := f.open[key]; ok {
		open := at.Value.(*finding)
		switch {
		case a.Time < open.last.Add(span) && open.first < a.Time.Add(span):
			open.merge(a, f.evidence)
			open.touched = f.now
			idle.MoveToBack(at)
			return errs.err
		case a.Time < open.first: // a straggler from a finding of its own
			errs.keep(f.sink.Alert(f.trim(a)))
			return errs.err
		}
		errs.keep(f.end(at))
	}
	if len(f.open) >= f.maxOpen {
		f.early++
		errs.keep(f.end(f.oldest()))
	}
	f.open[key] = idle.PushBack(&finding{
		key: key, place: f.raised, first: a.Time, last: a.Time, touched: f.now, alert: a,
	})
	f.raised++
	return errs.err
}

// Close implements Sink: the findings still open follow in the order in which
// they were first raised.
func (f *Folding) Close(s *Summary) error {
	var all []*list.Element
	for i := range f.idle {
		for at := f.idle[i].Front(); at != nil; at = at.Next() {
			all = append(all, at)
		}
	}
	var errs firstError
	errs.keep(f.endAll(all))
	if f.early > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf(
			"%d findings were written before they ended, because more than %d were open at once", f.early, f.maxOpen))
	}
	errs.keep(f.sink.Close(s))
	return errs.err
}

// oldest is the open finding that has been idle longest.
func (f *Folding) oldest() *list.Element {
	a, b := f.idle[0].Front(), f.idle[1].Front()
	if a == nil || b != nil && b.Value.(*finding).touched < a.Value.(*finding).touched {
		return b
	}
	return a
}

// expire ends the findings that have been idle for their span. Each alert is looked
// at once: whatever changes goes to the back of the list.
func (f *Folding) expire() error {
	var ended []*list.Element
	for i := range f.idle {
		span := f.spanOf(i)
		for at := f.idle[i].Front(); at != nil && at.Value.(*finding).touched.Add(span) <= f.now; at = at.Next() {
			ended = append(ended, at)
		}
	}
	return f.endAll(ended)
}

// endAll ends findings in the order in which they were first raised.
func (f *Folding) endAll(ended []*list.Element) error {
	slices.SortFunc(ended, func(a, b *list.Element) int {
		return cmp.Compare(a.Value.(*finding).place, b.Value.(*finding).place)
	})
	var errs firstError
	for _, at := range ended {
		errs.keep(f.end(at))
	}
	return errs.err
}

func (f *Folding) end(at *list.Element) error {
	done := at.Value.(*finding)
	f.idle[done.key.list()].Remove(at)
	delete(f.open, done.key)
	if !done.merged {
		return f.sink.Alert(f.trim(done.alert))
	}
	done.alert.Evidence = sampleRows(done.flows, f.evidence)
	return f.sink.Alert(done.alert)
}

// trim cuts the evidence of an alert that nothing was merged into. The alert
// belongs to others, so it is copied first.
func (f *Folding) trim(a *detectors.Alert) *detectors.Alert {
	if len(a.Evidence) <= f.evidence {
		return a
	}
	c := *a
	c.Evidence = sampleRows(slices.Clone(a.Evidence), f.evidence)
	return &c
}

func (d *finding) merge(a *detectors.Alert, evidence int) {
	if !d.merged {
		c := *d.alert
		c.Count = max(c.Count, 1)
		c.ID = "" // of an alert that was read back: the finding has one of its own
		d.alert, d.merged = &c, true
		d.flows = slices.Clone(c.Evidence)
	}
	m := d.alert
	if a.Severity > m.Severity || d.key.grows && a.Severity == m.Severity {
		m.Severity, m.Confidence = a.Severity, a.Confidence
		m.Summary, m.Facts, m.Charts = a.Summary, a.Facts, a.Charts
		m.Window, m.HasWindow = a.Window, a.HasWindow
	}
	if a.Status != m.Status {
		m.Status = detectors.NotCompared
	}
	if d.key.grows {
		m.Count, m.Flows = max(m.Count, a.Count), max(m.Flows, a.Flows)
	} else {
		m.Count += max(a.Count, 1)
		m.Flows += a.Flows
	}
	m.FirstSeen = min(m.FirstSeen, a.FirstSeen)
	m.LastSeen = max(m.LastSeen, a.LastSeen)
	d.first = min(d.first, a.Time)
	d.last = max(d.last, a.Time)
	d.flows = append(d.flows, a.Evidence...)
	if len(d.flows) > 2*evidence+2 {
		d.flows = append(d.flows[:0], sampleRows(d.flows, evidence)...)
	}
}

// sampleRows is detectors.Sample for flows in any order, some of them perhaps
// given twice. Sampling what was sampled before and more gives the same as
// sampling all at once. It reorders rs.
func sampleRows(rs []flow.Record, n int) []flow.Record {
	slices.SortStableFunc(rs, func(a, b flow.Record) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row))
	})
	rs = slices.CompactFunc(rs, func(a, b flow.Record) bool { return a.File == b.File && a.Row == b.Row })
	return detectors.Sample(rs, n)
}

// firstError keeps the first of many errors: a sink that is broken says the
// same for every alert.
type firstError struct{ err error }

func (e *firstError) keep(err error) {
	if e.err == nil {
		e.err = err
	}
}
