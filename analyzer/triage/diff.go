package triage

import (
	"seine/detectors"
)

// A Change is what became of a finding from one run to another.
type Change uint8

// The changes.
const (
	Appeared Change = iota // only the new run has it
	Worsened               // it is more severe
	Eased                  // it is less severe
	Vanished               // only the old run had it
	Stayed                 // both have it, as severe as it was
	Changes                // their number
)

// String is "new", "worse", "milder", "gone" or "same".
func (c Change) String() string { return [...]string{"new", "worse", "milder", "gone", "same"}[c] }

// A Difference is one finding in two runs.
type Difference struct {
	Change   Change
	Old, New *detectors.Alert // nil where the run does not have it
}

// Diff compares the findings of two runs: those of the new one in their order,
// then those that only the old one had, in theirs. Of several findings with one
// key a run has, the most severe counts, and stands for all.
func Diff(before, after []*detectors.Alert, match string) []Difference {
	first := strongest(before, match)
	second := strongest(after, match)
	var all []Difference
	for _, k := range second.order {
		d := Difference{New: second.of[k], Old: first.of[k]}
		switch {
		case d.Old == nil:
			d.Change = Appeared
		case d.New.Severity > d.Old.Severity:
			d.Change = Worsened
		case d.New.Severity < d.Old.Severity:
			d.Change = Eased
		default:
			d.Change = Stayed
		}
		all = append(all, d)
	}
	for _, k := range first.order {
		if second.of[k] == nil {
			all = append(all, Difference{Change: Vanished, Old: first.of[k]})
		}
	}
	return all
}

// findings are those of a run by their keys, in the order of the first of
// each.
type findings struct {
	order []key
	of    map[key]*detectors.Alert
}

func strongest(alerts []*detectors.Alert, match string) findings {
	f := findings{of: map[key]*detectors.Alert{}}
	for _, a := range alerts {
		k := keyOf(a, match)
		was := f.of[k]
		if was == nil {
			f.order = append(f.order, k)
		}
		if was == nil || a.Severity > was.Severity {
			f.of[k] = a
		}
	}
	return f
}
