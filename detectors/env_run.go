package detectors

import (
	"errors"

	"seine/flow"
)

// Lateness is how far behind the watermark a flow may start and still belong
// in its window, in nanoseconds.
func (e *Env) Lateness() flow.Time { return e.set.Lateness }

// MaxEvidence bounds the evidence of one alert where the user asked for all.
const MaxEvidence = 1000

// Evidence is how many flows an alert may cite.
func (e *Env) Evidence() int {
	if e.set.Evidence <= 0 || e.set.Evidence > MaxEvidence {
		return MaxEvidence
	}
	return e.set.Evidence
}

// TickEvery asks for a Tick at every multiple of period that the watermark
// reaches. Called from New.
func (e *Env) TickEvery(period flow.Time) { e.tick = max(period, 1) }

// WantsSurvey reports whether the Watcher goes by the survey of rows.
func (e *Env) WantsSurvey() bool { return e.surveyed }

// Skip says why the configuration leaves the detector nothing to do; New
// then returns nil.
func (e *Env) Skip(why string) { e.skip = why }

// Counter declares a counter of the run summary, shown where it is not zero.
func (e *Env) Counter(name, doc string) *Counter {
	c := &Counter{Name: name, Doc: doc}
	e.counters = append(e.counters, c)
	return c
}

// Tally declares a counter of what is left out by rule, as it should be.
func (e *Env) Tally(name, doc string) *Counter {
	c := e.Counter(name, doc)
	c.Ordinary = true
	return c
}

// Summarise adds a table to the run summary. Called from Close.
func (e *Env) Summarise(t Table) { e.tables = append(e.tables, t) }

// Addr is the address of a host that has not been forgotten.
func (e *Env) Addr(h flow.Host) flow.Addr { return e.set.Runtime.Addr(h) }

// Text is the text of a symbol.
func (e *Env) Text(s flow.Symbol) string { return e.set.Runtime.Text(s) }

// File is the name of an input.
func (e *Env) File(i uint32) string { return e.set.Runtime.File(i) }

// Shows reports whether alerts of a rule are shown. Where they are not it
// counts one and the caller need not build it: Report would only count it too.
// It goes by the rule's severity, so it is not for an alert of a higher one.
// Where the role of a machine may lower the severity it is left to Report.
func (e *Env) Shows(rule *Rule) bool {
	if rule.Severity < e.set.Floor && (rule.Severity == Info || e.assets() == nil || !rule.asksRole()) {
		e.hidden[rule.Severity]++
		return false
	}
	return true
}

// At tells which row of a run a Watcher is at. Alerts that it raises there
// without a flow of their own, as for what a full table drops, take their place
// among those of other detectors from it. The engine forgets it when Flows
// returns.
func (e *Env) At(r *flow.Record) { e.row = r }

// Report raises an alert. at is the flow that raised it; nil in Tick and
// Close, and after At. The severity is that of the rule, or a.Severity where that is
// higher, unless the role of a machine explains it; see Rule.Expects.
func (e *Env) Report(at *flow.Record, a Alert) {
	a.Severity = max(a.Severity, a.Rule.Severity)
	e.judgeRole(&a)
	if a.Severity < e.set.Floor {
		e.hidden[a.Severity]++
		return
	}
	a.Detector = e.detector
	if !a.HasTime && at != nil {
		a.Time, a.HasTime = at.Start, true
	}
	if len(a.Evidence) == 0 && at != nil {
		a.Evidence = []flow.Record{*at}
	}
	if !a.HasTime && len(a.Evidence) > 0 {
		a.Time, a.HasTime = a.Evidence[0].Start, true
	}
	if a.Flows == 0 {
		a.Flows = uint64(len(a.Evidence))
	}
	if a.Count == 0 {
		a.Count = 1
	}
	if a.FirstSeen == 0 && a.LastSeen == 0 {
		a.FirstSeen, a.LastSeen = a.Time, a.Time
	}
	if at == nil {
		at = e.row
	}
	e.set.Runtime.Alert(at, &a)
}

// What the engine reads of an Env once New has run.

// Err joins the configuration errors.
func (e *Env) Err() error { return errors.Join(e.errs...) }

// Warnings are faults of the configuration that a run survives.
func (e *Env) Warnings() []string { return e.warnings }

// SkipReason is empty unless the detector has nothing to do.
func (e *Env) SkipReason() string { return e.skip }

// TickPeriod is the period asked for, or zero.
func (e *Env) TickPeriod() flow.Time { return e.tick }

// Counters are the counters declared.
func (e *Env) Counters() []*Counter { return e.counters }

// Tables are the sections for the summary.
func (e *Env) Tables() []Table { return e.tables }

// Hidden counts the alerts under the floor, by severity.
func (e *Env) Hidden() [Severities]uint64 { return e.hidden }
