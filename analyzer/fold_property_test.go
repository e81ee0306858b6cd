package analyzer_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// naiveFold folds by keeping every alert and looking at all of them each time.
type naiveFold struct {
	span          flow.Time
	evidence, max int
	now           flow.Time
	open          []*naiveFinding // in the order of the first raise
	out           []string
}

type naiveFinding struct {
	alerts  []*detectors.Alert
	touched int // number of the alert that came last
	clock   flow.Time
}

func (g *naiveFinding) bounds() (first, last flow.Time) {
	first, last = flow.MaxTime, flow.MinTime
	for _, a := range g.alerts {
		first, last = min(first, a.Time), max(last, a.Time)
	}
	return first, last
}

func (n *naiveFold) alert(i int, a *detectors.Alert) {
	n.now = max(n.now, a.Time)
	for j := 0; j < len(n.open); {
		if n.open[j].clock+n.span <= n.now {
			n.write(j)
		} else {
			j++
		}
	}
	for j, g := range n.open {
		if g.alerts[0].Subject != a.Subject {
			continue
		}
		first, last := g.bounds()
		if a.Time-last >= n.span {
			n.write(j)
			break
		}
		if first-a.Time >= n.span {
			n.out = append(n.out, n.merged([]*detectors.Alert{a}))
			return
		}
		g.alerts, g.touched, g.clock = append(g.alerts, a), i, n.now
		return
	}
	if len(n.open) == n.max {
		oldest := 0
		for j, g := range n.open {
			if g.touched < n.open[oldest].touched {
				oldest = j
			}
		}
		n.write(oldest)
	}
	n.open = append(n.open, &naiveFinding{alerts: []*detectors.Alert{a}, touched: i, clock: n.now})
}

func (n *naiveFold) write(j int) {
	n.out = append(n.out, n.merged(n.open[j].alerts))
	n.open = slices.Delete(n.open, j, j+1)
}

func (n *naiveFold) merged(as []*detectors.Alert) string {
	m := *as[0]
	m.Count, m.Flows = 0, 0
	var flows []flow.Record
	for _, a := range as {
		if a.Severity > m.Severity {
			m.Severity, m.Summary = a.Severity, a.Summary
		}
		m.Count += a.Count
		m.Flows += a.Flows
		m.FirstSeen, m.LastSeen = min(m.FirstSeen, a.FirstSeen), max(m.LastSeen, a.LastSeen)
		for _, r := range a.Evidence {
			if !slices.ContainsFunc(flows, func(o flow.Record) bool { return o.Row == r.Row }) {
				flows = append(flows, r)
			}
		}
	}
	slices.SortFunc(flows, func(a, b flow.Record) int { return int(a.Row) - int(b.Row) })
	m.Evidence = detectors.Sample(flows, n.evidence)
	return tell(&m)
}

func TestFoldAgreesWithTheNaiveWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		span := rapid.IntRange(1, 60).Draw(t, "span")
		evidence := rapid.IntRange(1, 5).Draw(t, "evidence")
		maxOpen := rapid.IntRange(1, 4).Draw(t, "max open")
		out := &foldedAlerts{}
		f := analyzer.Fold(flow.Time(span)*flow.Second, evidence, maxOpen, out)
		n := &naiveFold{span: flow.Time(span) * flow.Second, evidence: evidence, max: maxOpen, now: flow.MinTime}
		clock := 0
		for i := range rapid.IntRange(0, 60).Draw(t, "alerts") {
			clock += rapid.IntRange(-25, 40).Draw(t, "step")
			a := raise(rapid.Byte().Draw(t, "subject")%5, clock, 0, 0)
			a.Severity = detectors.Severity(rapid.IntRange(0, 4).Draw(t, "severity"))
			a.Summary = string(rune('a' + i%26))
			// One flow at most: the evidence of an alert nothing joined keeps
			// its order, which the naive way does not.
			a.Evidence = nil
			if rapid.Bool().Draw(t, "has evidence") {
				a.Evidence = []flow.Record{{
					Row: uint64(rapid.IntRange(1, 40).Draw(t, "row")),
				}}
				a.Evidence[0].SrcBytes = a.Evidence[0].Row * 7 % 5
			}
			n.alert(i, a)
			if err := f.Alert(a); err != nil {
				t.Fatal(err)
			}
		}
		for len(n.open) > 0 {
			n.write(0)
		}
		if err := f.Close(&analyzer.Summary{}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range out.alerts {
			got = append(got, tell(a))
		}
		if d := cmp.Diff(n.out, got); d != "" {
			t.Fatalf("naive (-) and Fold (+) differ:\n%s", d)
		}
	})
}
