package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

func TestTheTableKeepsTheMostSevere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		top := rapid.IntRange(0, 7).Draw(t, "top")
		sink := &tableSink{o: Options{Names: names, Top: top}}
		var all []*detectors.Alert
		for range rapid.IntRange(0, 60).Draw(t, "alerts") {
			a := *normal()[0]
			a.Severity = detectors.Severity(rapid.IntRange(0, 4).Draw(t, "severity"))
			a.Time = flow.Time(rapid.IntRange(0, 5).Draw(t, "time"))
			all = append(all, &a)
			if err := sink.Alert(&a); err != nil {
				t.Fatal(err)
			}
			if top > 0 && len(sink.kept) > 2*top {
				t.Fatalf("%d alerts are held for %d rows", len(sink.kept), top)
			}
		}
		sink.rank()
		slices.SortStableFunc(all, func(a, b *detectors.Alert) int {
			return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Time, b.Time))
		})
		if top > 0 {
			all = all[:min(top, len(all))]
		}
		if len(sink.kept) != len(all) {
			t.Fatalf("%d rows, want %d", len(sink.kept), len(all))
		}
		for i, k := range sink.kept {
			if k.Alert != all[i] {
				t.Fatalf("row %d is another alert", i)
			}
		}
	})
}

func TestNothingFound(t *testing.T) {
	hidden := func(s detectors.Severity) (n [detectors.Severities]uint64) {
		n[s] = 2
		return n
	}
	for _, c := range []struct {
		s    analyzer.Summary
		want string
	}{
		{analyzer.Summary{Rows: 5}, "No alerts."},
		{analyzer.Summary{}, "No alerts: no flows were read."},
		{analyzer.Summary{Filtered: 1160}, "No alerts: no flow was wanted, 1,160 left out (--where, --since, --until, --sample)."},
		{analyzer.Summary{Rows: 5, Hidden: hidden(detectors.Info)}, "No alerts at low or above; hidden: 2 info (--min-severity info shows them)."},
		{analyzer.Summary{Rows: 5, Hidden: hidden(detectors.Critical)}, "No alerts; hidden: 2 critical (--min-severity info shows them)."},
	} {
		if got := emptyLine(&c.s); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestEveryWidthFits(t *testing.T) {
	for w := 1; w < 200; w++ {
		out := write(t, "table", Options{Names: names, Width: w}, normal(), summary(nil))
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if len(lines) != len(normal())+1 {
			t.Fatalf("width %d: %d lines", w, len(lines))
		}
		for _, l := range lines {
			if got := width(l); got > max(w, len("severity")+gap+narrow) {
				t.Errorf("width %d: a line of %d: %s", w, got, l)
			}
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{thousands(0), "0"}, {thousands(999), "999"}, {thousands(1000), "1,000"}, {thousands(1234567), "1,234,567"},
		{volume(0), "0 B"}, {volume(999), "999 B"}, {volume(1000), "1 kB"}, {volume(1234), "1.23 kB"},
		{volume(18_250), "18.2 kB"}, {volume(999_900), "1 MB"}, {volume(7.25e9), "7.25 GB"}, {volume(1.8e19), "18 EB"},
		{volume(0.5), "0.5 B"}, {plural(1, "alert"), "1 alert"}, {plural(0, "alert"), "0 alerts"},
		{shorten("abcdef", 4), "abc…"}, {shorten("abcd", 4), "abcd"}, {shorten("日本語です", 5), "日本…"},
		{fmt.Sprint(aligned([][]string{{"日", "x"}, {"abc", "y"}})), "[日   x abc  y]"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
