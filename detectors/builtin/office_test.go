package builtin_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"seine/analyzer"
	"seine/detectors"
	"seine/detectors/builtin"
	"seine/detectors/internal/office"
	"seine/flow"
)

// A desk is a sink that keeps findings.
type desk struct{ alerts []detectors.Alert }

func (d *desk) Alert(a *detectors.Alert) error {
	d.alerts = append(d.alerts, *a)
	return nil
}

func (d *desk) Close(*analyzer.Summary) error { return nil }

// both keeps alerts as they are raised, and passes them on.
type both struct {
	raised desk
	analyzer.Sink
}

func (b *both) Alert(a *detectors.Alert) error {
	b.raised.Alert(a)
	return b.Sink.Alert(a)
}

// observe runs the chain with its defaults over a week, and gives back the
// alerts as they were raised and folded as users see them.
func observe(t *testing.T, o office.Options) (w *office.Week, raised, findings []detectors.Alert) {
	t.Helper()
	o.Symbols = flow.NewSymbols()
	w = office.New(o)
	opt := &flow.Options{Workers: 1, Symbols: o.Symbols}
	chain := builtin.Chain()
	plan, err := analyzer.Prepare(analyzer.Config{
		Sources: []*flow.Source{flow.BytesSource("office", []byte("a week"), opt)}, Formats: []*flow.Format{w.Format()},
		Chain: chain, All: chain, Lateness: flow.Time(10 * time.Minute), Evidence: 3, Floor: detectors.Low, Symbols: o.Symbols,
	})
	if err != nil {
		t.Fatal(err)
	}
	var folded desk
	all := both{Sink: analyzer.Fold(flow.Time(time.Hour), 3, 0, &folded)}
	s, err := plan.Run(context.Background(), &all)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range s.Detectors {
		if d.Skipped != "" && d.ID != "blacklist" && d.ID != "exposed-service" && d.ID != "threat-intel" {
			t.Errorf("%s was left out: %s", d.ID, d.Skipped)
		}
	}
	t.Logf("%d flows in %v", s.Rows, s.Elapsed.Round(time.Millisecond))
	return w, all.raised.alerts, folded.alerts
}

// blamed are the addresses that an alert names.
func blamed(a *detectors.Alert) []flow.Addr {
	switch s := &a.Subject; {
	case s.Has&detectors.SubjectIP != 0:
		return []flow.Addr{s.IP}
	case s.Has&detectors.SubjectPair != 0:
		return []flow.Addr{s.Src, s.Dst}
	}
	return nil
}

// hints are how many findings of low severity a day of the office may have, by
// detector. The five of the core are left out: they are statistics, which tell
// what is, not what is wrong.
var hints = map[string]float64{
	"port-scan":        40, // strangers who try all our addresses
	"beacon":           60, // sixty computers that ask for updates, mail and news by the clock
	"exfiltration":     8,  // backups, and files kept in the cloud
	"long-connection":  2,
	"unusual-service":  1,
	"flood":            0,
	"many-peers":       0,
	"brute-force":      2, // strangers at the mail server
	"lateral-movement": 0,
	"request-burst":    0,
	"dns-tunnel":       0,
	"icmp-tunnel":      0,
	"policy":           0,
}

// otherHints is the bound of a detector that is not listed.
const otherHints = 40

// An ordinary week accuses nobody of the office, and does not drown what
// matters in hints.
func TestAnOrdinaryWeekIsQuiet(t *testing.T) {
	for _, o := range []office.Options{{Seed: 1, Days: 7, People: 60}, {Seed: 2, Days: 2, People: 30, Zeek: true}} {
		if testing.Short() {
			o.Days, o.People = min(o.Days, 2), o.People/3
		}
		_, _, findings := observe(t, o)
		core := builtin.Core()
		low, rules := map[string]int{}, map[string]int{}
		for i := range findings {
			a := &findings[i]
			rules[a.Detector.ID+" "+a.Rule.ID+" "+a.Severity.String()]++
			if slices.ContainsFunc(core, func(d *detectors.Detector) bool { return d.ID == a.Detector.ID }) {
				continue
			}
			low[a.Detector.ID]++
			if a.Severity >= detectors.Medium && slices.ContainsFunc(blamed(a), office.Inside) {
				t.Errorf("%s: %s %s: %s", a.Severity, a.Detector.ID, a.Rule.ID, a.Summary)
			}
		}
		for _, r := range slices.Sorted(maps.Keys(rules)) {
			t.Logf("%6d %s", rules[r], r)
		}
		for _, id := range slices.Sorted(maps.Keys(low)) {
			bound, listed := hints[id]
			if !listed {
				bound = otherHints
			}
			if bound *= float64(o.Days); float64(low[id]) > bound {
				t.Errorf("%s: %d findings in %d days, want %v at most", id, low[id], o.Days, bound)
			}
		}
	}
}

// delays are how soon an incident must be named, from its first flow on to the
// last flow that the alert tells of.
var delays = map[string]time.Duration{
	"upload at night":   10 * time.Minute,
	"slow scan":         4 * time.Hour,
	"beacon":            3 * time.Hour,
	"rare beacon":       4 * time.Hour,
	"fast scan":         6 * time.Minute,
	"ports of a server": 6 * time.Minute,
	"guessing":          2 * time.Minute,
	"guessed":           time.Minute,
	"tunnel in names":   10 * time.Minute,
	"lateral movement":  2 * time.Hour,
	"spam":              10 * time.Minute,
	"flood":             10 * time.Minute,
	"tunnel in pings":   10 * time.Minute,
}

// Whatever is planted into the week is named: by the right rule, at medium or
// above, and soon.
func TestIncidentsInTheWeekAreNamed(t *testing.T) {
	o := office.Options{Seed: 3, Days: 2, People: 60, Incidents: true, Zeek: true}
	if testing.Short() {
		o.People = 30
	}
	w, raised, findings := observe(t, o)
	culprits := map[flow.Addr]bool{}
	for _, in := range w.Incidents() {
		culprits[in.Host] = true
		least := detectors.Medium
		if in.Hint {
			least = detectors.Low
		}
		known := slices.ContainsFunc(builtin.Chain(), func(d *detectors.Detector) bool { return d.ID == in.Detector })
		i := slices.IndexFunc(raised, func(a detectors.Alert) bool {
			return a.Detector.ID == in.Detector && a.Severity >= least && slices.Contains(blamed(&a), in.Host) && (in.To == flow.Addr{} || slices.Contains(blamed(&a), in.To)) &&
				(len(in.Rules) == 0 || slices.Contains(in.Rules, a.Rule.ID))
		})
		switch {
		case !known:
			t.Errorf("%s: there is no %s in the chain", in.Name, in.Detector)
		case i < 0:
			t.Errorf("%s: not told", in.Name)
		default:
			a := &raised[i]
			delay := time.Duration(told(a) - in.Start)
			t.Logf("%-18s %v after its begin: %s %s %s: %s", in.Name, delay.Round(time.Second), a.Severity, a.Detector.ID, a.Rule.ID, a.Summary)
			if delay < 0 || delay > delays[in.Name] {
				t.Errorf("%s: named after %v, want %v", in.Name, delay, delays[in.Name])
			}
		}
	}
	core := builtin.Core()
	for i := range findings { // what is planted does not make others suspect
		a := &findings[i]
		if a.Severity < detectors.Medium || slices.ContainsFunc(core, func(d *detectors.Detector) bool { return d.ID == a.Detector.ID }) {
			continue
		}
		named := blamed(a)
		if !slices.ContainsFunc(named, func(ip flow.Addr) bool { return culprits[ip] }) && slices.ContainsFunc(named, office.Inside) {
			t.Errorf("%s: %s %s: %s", a.Severity, a.Detector.ID, a.Rule.ID, a.Summary)
		}
	}
}

// told is the time of the last flow that an alert tells of.
func told(a *detectors.Alert) flow.Time {
	at := max(a.Time, a.LastSeen)
	for i := range a.Evidence {
		at = max(at, a.Evidence[i].Start)
	}
	return at
}
