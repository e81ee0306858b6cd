package analyzer_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/analyzer"
	"seine/detectors"
	"seine/detectors/builtin"
	"seine/flow"
	"seine/flow/formats"
)

// kept is a Sink that keeps the alerts.
type kept struct{ alerts []*detectors.Alert }

func (k *kept) Alert(a *detectors.Alert) error { k.alerts = append(k.alerts, a); return nil }
func (*kept) Close(*analyzer.Summary) error    { return nil }

// rosettaAlerts runs the whole chain. The source is read as the format
// forced, or as what it is recognised for.
func rosettaAlerts(t *testing.T, src *flow.Source, forced *flow.Format, symbols *flow.Symbols) []*detectors.Alert {
	t.Helper()
	plan, err := analyzer.Prepare(analyzer.Config{
		Sources: []*flow.Source{src}, Formats: formats.All(), Format: forced,
		Chain: builtin.Chain(), All: builtin.Chain(), Params: map[string]string{"blacklist.lists": stone("blacklist.txt")},
		Lateness: 10 * 60 * flow.Second, Evidence: 3, Symbols: symbols,
	})
	if err != nil {
		t.Fatal(err)
	}
	var k kept
	if _, err := plan.Run(context.Background(), &k); err != nil {
		t.Fatal(err)
	}
	return k.alerts
}

// given is a format that hands on flows as they are, whatever the source.
func given(rs []flow.Record, fields flow.Fields) *flow.Format {
	return &flow.Format{Name: "given", Open: func(src *flow.Source) (flow.Reader, error) {
		src.Fields = fields
		at := 0
		return readerFunc(func(dst []flow.Record) (int, error) {
			n := copy(dst, rs[at:])
			at += n
			src.Rows += uint64(n)
			if n == 0 {
				return 0, io.EOF
			}
			return n, nil
		}), nil
	}}
}

type readerFunc func(dst []flow.Record) (int, error)

func (f readerFunc) Read(dst []flow.Record) (int, error) { return f(dst) }

// rule and identity tell an alert from others; facts are what it rests on.
func ruleOf(a *detectors.Alert) string { return a.Detector.ID + "/" + a.Rule.ID }

func identity(a *detectors.Alert) string {
	return fmt.Sprintf("%s %v %s", ruleOf(a), a.Severity, a.Subject)
}

func alertText(a *detectors.Alert) string {
	s := identity(a) + ":"
	for _, f := range a.Facts {
		s += fmt.Sprintf(" %s=%s", f.Key, f.String())
	}
	return fmt.Sprintf("%s (%d flows at %v) %s", s, a.Flows, a.Time, a.Summary)
}

// differences names the rules whose alerts differ by subject, severity or
// number, each with an example. Facts are compared elsewhere.
func differences(want, got []*detectors.Alert) map[string]string {
	count := map[string][2]int{}
	rules := map[string]string{}
	for i, as := range [][]*detectors.Alert{want, got} {
		for _, a := range as {
			n := count[identity(a)]
			n[i]++
			count[identity(a)] = n
			rules[identity(a)] = ruleOf(a)
		}
	}
	diffs := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(count)) {
		if n := count[id]; n[0] != n[1] {
			diffs[rules[id]] += fmt.Sprintf("; %s: %d instead of %d", id, n[1], n[0])
		}
	}
	return diffs
}

func TestRosettaAlerts(t *testing.T) {
	symbols := flow.NewSymbols()
	canon, _ := scanStone(t, canonical, symbols)
	want := rosettaAlerts(t, stoneSource(canonical, symbols), nil, symbols)
	for _, rule := range []string{"port-fanout/over-100-ports", "blacklist/blacklisted", "port-activity/first-use", "basic/interesting-port"} {
		if !slices.ContainsFunc(want, func(a *detectors.Alert) bool { return ruleOf(a) == rule }) {
			t.Errorf("the trace has no alert of %s", rule)
		}
	}
	type exception struct {
		lack *lack
		rule string
	}
	named := map[exception]bool{} // and whether it was needed
	for _, l := range rosettaLayouts {
		for _, k := range l.lacks {
			for _, rule := range strings.Fields(k.alerts) {
				named[exception{k, rule}] = false
			}
		}
	}
	ran := 0
	for _, l := range rosettaLayouts {
		t.Run(l.file, func(t *testing.T) {
			ran++
			flows, _ := scanStone(t, l.file, symbols)
			got := rosettaAlerts(t, stoneSource(l.file, symbols), nil, symbols)

			// Less what the layout lacks, every alert and every fact is the same.
			if d := cmp.Diff(alertTexts(alertsWithout(t, canon, flows, l.lacks, symbols)), alertTexts(got)); d != "" {
				t.Errorf("alerts: -canonical, less what %s cannot tell, +file\n%s", l.file, beginning(d))
			}

			// And the rules whose alerts are not those of the canonical file are
			// named with what is lacking.
			diffs := differences(want, got)
			for _, rule := range slices.Sorted(maps.Keys(diffs)) {
				explained := needs(rule)&^fieldsOf(flows) != 0
				for _, k := range l.lacks {
					if slices.Contains(strings.Fields(k.alerts), rule) {
						named[exception{k, rule}], explained = true, true
					}
				}
				if explained {
					continue
				}
				var why []string
				for _, k := range l.lacks {
					if _, ok := differences(want, alertsWithout(t, canon, flows, []*lack{k}, symbols))[rule]; ok {
						why = append(why, k.name)
					}
				}
				t.Errorf("alerts of %s differ (%.400s), which no lack of this layout names; if that is right, name the rule with what is lacking: %s",
					rule, diffs[rule][2:], strings.Join(why, ", "))
			}
		})
	}
	for e, needed := range named {
		if !needed && ran == len(rosettaLayouts) { // -run may have left some out
			t.Errorf("no file without %s differs in the alerts of %s: take the rule away there", e.lack.name, e.rule)
		}
	}
}

// alertsWithout are the alerts of the canonical flows less what is lacking.
func alertsWithout(t *testing.T, canon, flows []flow.Record, lacks []*lack, symbols *flow.Symbols) []*detectors.Alert {
	left := less(canon, flows, lacks)
	return rosettaAlerts(t, flow.BytesSource("canonical", []byte("x"), &flow.Options{Symbols: symbols}), given(left, fieldsOf(left)), symbols)
}

// fieldsOf are the fields that some of the flows have.
func fieldsOf(rs []flow.Record) (fields flow.Fields) {
	for i := range rs {
		fields |= rs[i].Has
	}
	return fields
}

// needs are the fields without which a rule's detector is skipped.
func needs(rule string) flow.Fields {
	id, _, _ := strings.Cut(rule, "/")
	for _, d := range builtin.Chain() {
		if d.ID == id {
			return d.Needs
		}
	}
	return 0
}

func alertTexts(as []*detectors.Alert) []string {
	var all []string
	for _, a := range as {
		all = append(all, alertText(a))
	}
	return all
}
