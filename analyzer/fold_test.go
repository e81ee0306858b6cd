package analyzer_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

var foldDetector = &detectors.Detector{ID: "d", Rules: []detectors.Rule{{ID: "r"}, {ID: "q"}}}

// foldedAlerts is a Sink that keeps what it is given.
type foldedAlerts struct {
	alerts []*detectors.Alert
	fail   error
	closed int
}

func (g *foldedAlerts) Alert(a *detectors.Alert) error {
	g.alerts = append(g.alerts, a)
	return g.fail
}

func (g *foldedAlerts) Close(*analyzer.Summary) error {
	g.closed++
	return g.fail
}

func foldHost(n byte) flow.Addr { return flow.AddrFrom4(0x0a000000 | uint32(n)) }

// raise makes an alert about host subject at second at, supported by one flow
// of its own of the given size.
func raise(subject byte, at int, row, bytes uint64) *detectors.Alert {
	t := flow.Time(at) * flow.Second
	return &detectors.Alert{
		Detector: foldDetector, Rule: &foldDetector.Rules[0], Severity: detectors.Low,
		Subject: detectors.Address(foldHost(subject), detectors.RoleSrc),
		Summary: fmt.Sprintf("row %d", row),
		Time:    t, HasTime: true, FirstSeen: t, LastSeen: t, Count: 1, Flows: 1,
		Evidence: []flow.Record{{Row: row, SrcBytes: bytes}},
	}
}

func with(a *detectors.Alert, change func(*detectors.Alert)) *detectors.Alert {
	change(a)
	return a
}

// tell writes a finding in a line: subject, count, times, evidence rows.
func tell(a *detectors.Alert) string {
	var rows []string
	for i := range a.Evidence {
		rows = append(rows, fmt.Sprint(a.Evidence[i].Row))
	}
	return fmt.Sprintf("%s %s %s x%d flows %d %d-%d at %d %q [%s]", a.Rule.ID, a.Subject, a.Severity, a.Count, a.Flows,
		a.FirstSeen/flow.Second, a.LastSeen/flow.Second, a.Time/flow.Second, a.Summary, strings.Join(rows, " "))
}

func TestFold(t *testing.T) {
	high := func(a *detectors.Alert) { a.Severity = detectors.High }
	for _, c := range []struct {
		name     string
		span     int // seconds
		evidence int
		maxOpen  int
		alerts   []*detectors.Alert
		want     []string
	}{
		{
			name: "alerts of one subject become one finding", span: 100, evidence: 3,
			alerts: []*detectors.Alert{raise(1, 0, 1, 5), raise(1, 99, 2, 5), raise(1, 198, 3, 5)},
			want:   []string{`r 10.0.0.1 low x3 flows 3 0-198 at 0 "row 1" [1 3 2]`},
		},
		{
			name: "a gap of the whole span parts them", span: 100, evidence: 3,
			alerts: []*detectors.Alert{raise(1, 0, 1, 5), raise(1, 100, 2, 5)},
			want: []string{
				`r 10.0.0.1 low x1 flows 1 0-0 at 0 "row 1" [1]`,
				`r 10.0.0.1 low x1 flows 1 100-100 at 100 "row 2" [2]`,
			},
		},
		{
			name: "a span of zero passes all on and trims", span: 0, evidence: 2,
			alerts: []*detectors.Alert{raise(1, 0, 1, 5), with(raise(1, 0, 2, 5), func(a *detectors.Alert) {
				a.Evidence = []flow.Record{{Row: 2}, {Row: 3, SrcBytes: 9}, {Row: 4}}
			})},
			want: []string{
				`r 10.0.0.1 low x1 flows 1 0-0 at 0 "row 1" [1]`,
				`r 10.0.0.1 low x1 flows 1 0-0 at 0 "row 2" [2 4]`,
			},
		},
		{
			name: "subject, rule and port tell findings apart", span: 100,
			alerts: []*detectors.Alert{
				raise(1, 0, 1, 5), raise(2, 0, 2, 5),
				with(raise(1, 0, 3, 5), func(a *detectors.Alert) { a.Rule = &foldDetector.Rules[1] }),
				with(raise(1, 0, 4, 5), func(a *detectors.Alert) { a.Subject = a.Subject.WithPort(22) }),
			},
			want: []string{
				`r 10.0.0.1 low x1 flows 1 0-0 at 0 "row 1" [1]`,
				`r 10.0.0.2 low x1 flows 1 0-0 at 0 "row 2" [2]`,
				`q 10.0.0.1 low x1 flows 1 0-0 at 0 "row 3" [3]`,
				`r 10.0.0.1 port 22 low x1 flows 1 0-0 at 0 "row 4" [4]`,
			},
		},
		{
			name: "what the subject does not announce does not part them", span: 100,
			alerts: []*detectors.Alert{raise(1, 0, 1, 5), with(raise(1, 1, 2, 5), func(a *detectors.Alert) { a.Subject.DstPort = 9 })},
			want:   []string{`r 10.0.0.1 low x2 flows 2 0-1 at 0 "row 1" [1 2]`},
		},
		{
			name: "the first alert of the highest severity gives the words", span: 100, evidence: 1,
			alerts: []*detectors.Alert{raise(1, 0, 1, 5), with(raise(1, 1, 2, 5), high), with(raise(1, 2, 3, 5), high), raise(1, 3, 4, 5)},
			want:   []string{`r 10.0.0.1 high x4 flows 4 0-3 at 0 "row 2" [1]`},
		},
		{
			name: "what ends together is written in the order of the first raise", span: 100,
			alerts: []*detectors.Alert{raise(1, 0, 1, 5), raise(2, 1, 2, 5), raise(1, 2, 3, 5), raise(3, 500, 4, 5)},
			want: []string{
				`r 10.0.0.1 low x2 flows 2 0-2 at 0 "row 1" [1 3]`,
				`r 10.0.0.2 low x1 flows 1 1-1 at 1 "row 2" [2]`,
				`r 10.0.0.3 low x1 flows 1 500-500 at 500 "row 4" [4]`,
			},
		},
		{
			name: "an alert out of time order joins what it lies beside", span: 100,
			alerts: []*detectors.Alert{raise(1, 150, 2, 5), raise(1, 60, 1, 5)},
			want:   []string{`r 10.0.0.1 low x2 flows 2 60-150 at 150 "row 2" [1 2]`},
		},
		{
			name: "a straggler from long before stands alone", span: 100,
			alerts: []*detectors.Alert{raise(1, 500, 2, 5), raise(1, 400, 1, 5), raise(1, 501, 3, 5)},
			want: []string{
				`r 10.0.0.1 low x1 flows 1 400-400 at 400 "row 1" [1]`,
				`r 10.0.0.1 low x2 flows 2 500-501 at 500 "row 2" [2 3]`,
			},
		},
		{
			name: "late alerts of one subject still fold", span: 100,
			alerts: []*detectors.Alert{raise(9, 9000, 9, 5), raise(1, 0, 1, 5), raise(1, 50, 2, 5), raise(1, 400, 3, 5)},
			want: []string{
				`r 10.0.0.1 low x2 flows 2 0-50 at 0 "row 1" [1 2]`,
				`r 10.0.0.9 low x1 flows 1 9000-9000 at 9000 "row 9" [9]`,
				`r 10.0.0.1 low x1 flows 1 400-400 at 400 "row 3" [3]`,
			},
		},
		{
			name: "the one idle longest leaves a full table", span: 1000, maxOpen: 2,
			alerts: []*detectors.Alert{raise(1, 0, 1, 5), raise(2, 1, 2, 5), raise(1, 2, 3, 5), raise(3, 3, 4, 5)},
			want: []string{
				`r 10.0.0.2 low x1 flows 1 1-1 at 1 "row 2" [2]`,
				`r 10.0.0.1 low x2 flows 2 0-2 at 0 "row 1" [1 3]`,
				`r 10.0.0.3 low x1 flows 1 3-3 at 3 "row 4" [4]`,
			},
		},
		{
			name: "evidence is the first, the last, the largest, each once", span: 100, evidence: 4,
			alerts: []*detectors.Alert{
				raise(1, 0, 1, 1), raise(1, 1, 2, 7), raise(1, 2, 3, 9), raise(1, 3, 3, 9), raise(1, 4, 4, 7),
				raise(1, 5, 5, 2), raise(1, 6, 6, 3), raise(1, 7, 7, 2), raise(1, 8, 8, 8), raise(1, 9, 9, 1),
				with(raise(1, 10, 10, 0), func(a *detectors.Alert) { a.Evidence = nil }),
			},
			want: []string{`r 10.0.0.1 low x11 flows 11 0-10 at 0 "row 1" [1 9 3 8]`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before []string
			for _, a := range c.alerts {
				before = append(before, tell(a))
			}
			out := &foldedAlerts{}
			f := analyzer.Fold(flow.Time(c.span)*flow.Second, c.evidence, c.maxOpen, out)
			for _, a := range c.alerts {
				if err := f.Alert(a); err != nil {
					t.Fatal(err)
				}
			}
			if err := f.Close(&analyzer.Summary{}); err != nil || out.closed != 1 {
				t.Fatalf("Close: %v, the sink was closed %d times", err, out.closed)
			}
			var got []string
			for _, a := range out.alerts {
				got = append(got, tell(a))
			}
			if g, w := strings.Join(got, "\n"), strings.Join(c.want, "\n"); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
			for i, a := range c.alerts {
				if now := tell(a); now != before[i] {
					t.Errorf("alert %d was changed: %s", i, now)
				}
			}
		})
	}
}

func TestFoldCountsWhatLeftEarly(t *testing.T) {
	f := analyzer.Fold(flow.Second, 0, 1, &foldedAlerts{})
	for i := range 5 {
		if err := f.Alert(raise(byte(i), 0, 1, 1)); err != nil {
			t.Fatal(err)
		}
	}
	var s analyzer.Summary
	if err := f.Close(&s); err != nil {
		t.Fatal(err)
	}
	if f.Early() != 4 || len(s.Warnings) != 1 || !strings.HasPrefix(s.Warnings[0], "4 findings") {
		t.Errorf("early %d, warnings %q", f.Early(), s.Warnings)
	}
}

func TestFoldTellsOfABrokenSinkAndStillClosesIt(t *testing.T) {
	broken := errors.New("broken pipe")
	out := &foldedAlerts{fail: broken}
	f := analyzer.Fold(flow.Second, 0, 0, out)
	if err := f.Alert(raise(1, 0, 1, 1)); err != nil {
		t.Fatal(err)
	}
	if err := f.Alert(raise(1, 10, 2, 1)); !errors.Is(err, broken) {
		t.Errorf("Alert: %v", err)
	}
	if err := f.Close(&analyzer.Summary{}); !errors.Is(err, broken) || out.closed != 1 {
		t.Errorf("Close: %v, closed %d times", err, out.closed)
	}
}

func BenchmarkFold(b *testing.B) {
	for _, subjects := range []int{1, 200} {
		b.Run(fmt.Sprintf("subjects=%d", subjects), func(b *testing.B) {
			alerts := make([]*detectors.Alert, 4096)
			for i := range alerts {
				alerts[i] = raise(byte(i%subjects), i*60, uint64(i+1), uint64(i*7919%1000))
			}
			f := analyzer.Fold(3600*flow.Second, 3, 0, analyzer.Tee())
			b.ReportAllocs()
			for b.Loop() {
				for _, a := range alerts {
					if err := f.Alert(a); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(alerts)), "ns/alert")
		})
	}
}

// Alerts that grow are one finding as long as it goes on, with the last words
// of the highest; another window is another finding.
func TestAFindingThatGrowsHasTheLastWords(t *testing.T) {
	rule := &detectors.Rule{ID: "campaign", Severity: detectors.Low}
	alert := func(hours int, window flow.Time, severity detectors.Severity, targets uint64) *detectors.Alert {
		at := flow.Time(hours) * 3600 * flow.Second
		return &detectors.Alert{
			Rule: rule, Severity: severity, Subject: detectors.Address(flow.AddrFrom4(1), detectors.RoleSrc),
			Window: window, HasWindow: true, Grows: true, Time: at, FirstSeen: window, LastSeen: at,
			Summary: fmt.Sprintf("%d targets", targets), Flows: targets, Count: 1,
		}
	}
	var got []string
	sink := sinkFunc(func(a *detectors.Alert) error {
		got = append(got, fmt.Sprintf("%v %s, %d flows, count %d", a.Severity, a.Summary, a.Flows, a.Count))
		return nil
	})
	f := analyzer.Fold(3600*flow.Second, 3, 0, sink)
	for _, a := range []*detectors.Alert{
		alert(0, 1, detectors.Low, 4), alert(5, 1, detectors.High, 10), alert(9, 1, detectors.High, 40), alert(10, 1, detectors.Low, 60),
		alert(11, 2, detectors.Low, 5), alert(40, 2, detectors.Low, 9),
	} {
		if err := f.Alert(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(&analyzer.Summary{}); err != nil {
		t.Fatal(err)
	}
	want := []string{"high 40 targets, 60 flows, count 1", "low 5 targets, 5 flows, count 1", "low 9 targets, 9 flows, count 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

type sinkFunc func(*detectors.Alert) error

func (f sinkFunc) Alert(a *detectors.Alert) error { return f(a) }
func (f sinkFunc) Close(*analyzer.Summary) error  { return nil }
