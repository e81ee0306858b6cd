package report

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// story are findings about a host that scanned, called home and was probed,
// and about others that did less.
func story() []*detectors.Alert {
	alerts := normal()[:2]
	more := func(a detectors.Alert, host string, hours flow.Time, summary string) {
		a.Subject = detectors.Pair(addr(host), addr("192.168.100.15"))
		a.FirstSeen, a.LastSeen, a.Summary = a.FirstSeen+hours*3600*flow.Second, a.LastSeen+hours*3600*flow.Second, summary
		alerts = append(alerts, &a)
	}
	more(*alerts[0], "2001:db8::1", -2, "2001:db8::1 reached 300 destination ports (limit 100)")
	more(*alerts[0], "2001:db8::1", 9, "2001:db8::1 reached 200 destination ports (limit 100)")
	more(*alerts[1], "192.168.100.96", 30, "192.168.100.96 → 192.168.100.15: calls by the clock, "+strings.Repeat("again ", 40))
	more(*alerts[0], "192.168.100.15", 1, "192.168.100.15 reached 101 destination ports (limit 100)")
	for i := range 11 {
		more(*alerts[0], "10.0.0."+strconv.Itoa(i), 2, "scanned")
	}
	return alerts
}

// written is what NewHosts writes.
func written(t *testing.T, asJSON bool, o Options, s *analyzer.Summary) []byte {
	t.Helper()
	var out bytes.Buffer
	o.Names = names
	sink := NewHosts(&out, asJSON, o)
	if err := sink.Close(s); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHosts(t *testing.T) {
	full, hostileRun := summary(story()), summary(hostile())
	for _, c := range []struct {
		name string
		json bool
		o    Options
		s    *analyzer.Summary
	}{
		{"hosts.txt", false, Options{}, full},
		{"hosts.json", true, Options{Top: 3}, full},
		{"hosts-100.txt", false, Options{Width: 100, Top: 2}, full},
		{"hosts-verbose.txt", false, Options{Verbose: true, Width: 80, Top: 3}, full},
		{"hosts-hostile.txt", false, Options{Verbose: true}, hostileRun},
		{"hosts-hostile.json", true, Options{}, hostileRun},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := written(t, c.json, c.o, c.s)
			golden(t, c.name, got)
			harmless(t, got)
		})
	}
}

func TestHostsValidateAgainstTheSchema(t *testing.T) {
	v, root, err := newValidator(HostsSchema())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*analyzer.Summary{summary(story()), summary(hostile()), {}} {
		out := read(t, written(t, true, Options{}, s))
		if err := v.check(root, root, out, ""); err != nil {
			t.Error(err)
		}
		hosts := out.(map[string]any)["hosts"].([]any)
		if len(hosts) > 0 {
			delete(hosts[0].(map[string]any), "score")
			if v.check(root, root, out, "") == nil {
				t.Error("a host without a score passes")
			}
		}
	}
}

func TestHostsFitEveryWidth(t *testing.T) {
	s := summary(story())
	for _, verbose := range []bool{false, true} {
		for w := 25; w < 200; w++ {
			for _, line := range strings.Split(string(written(t, false, Options{Width: w, Verbose: verbose}, s)), "\n") {
				if got := width(line); got > max(w, len("    (port-fanout/over-100-ports,")) {
					t.Errorf("width %d: a line of %d: %s", w, got, line)
				}
			}
		}
	}
}

func TestHostsOfAQuietRun(t *testing.T) {
	for _, c := range []struct {
		s    analyzer.Summary
		want string
	}{
		{analyzer.Summary{Rows: 5}, "No alerts.\n"},
		{analyzer.Summary{Rows: 5, Findings: [detectors.Severities]uint64{0, 2}}, "No host is accused: 2 findings are about none, or of severity info.\n"},
	} {
		if got := string(written(t, false, Options{}, &c.s)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if got := string(written(t, true, Options{}, &analyzer.Summary{})); got != `{"schema":"seine.hosts/1","accused":0,"hosts":[]}`+"\n" {
		t.Errorf("%s", got)
	}
}

func TestTheTableEndsWithTheHosts(t *testing.T) {
	section := func(alerts []*detectors.Alert, o Options) int {
		o.Names = names
		_, below, found := strings.Cut(string(write(t, "table", o, alerts, summary(alerts))), "\nrisk ")
		if !found {
			return 0
		}
		return strings.Count(below, "\n") - 1
	}
	for name, c := range map[string]struct{ got, want int }{
		"ten and a line that counts the others": {section(story(), Options{}), topHosts + 1},
		"as few as the alerts":                  {section(story(), Options{Top: 2}), 3},
		"one alert needs no ranking":            {section(story()[:1], Options{}), 0},
		"two alerts do":                         {section(story()[:2], Options{}), 2},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d lines, want %d", name, c.got, c.want)
		}
	}
}

// The ranking stands beside the alerts in a report, and in the summary where
// that comes alone.
func TestTheRankingIsWrittenOnce(t *testing.T) {
	s := summary(story())
	doc := write(t, "json", Options{Names: names}, story(), s)
	for what, c := range map[string]struct {
		in   []byte
		want int
	}{"report": {doc, 1}, "summary": {AppendSummaryJSON(nil, s), 1}} {
		if n := bytes.Count(c.in, []byte(`{"ip":"2001:db8::1","score":`)); n != c.want {
			t.Errorf("%s: %d times, want %d", what, n, c.want)
		}
	}
	top := read(t, doc).(map[string]any)
	if n := len(top["hosts"].([]any)); n != len(s.Ranking) {
		t.Errorf("%d hosts, want %d", n, len(s.Ranking))
	}
	if _, ok := top["summary"].(map[string]any)["ranking"]; ok {
		t.Error("the summary of a report repeats the ranking")
	}
	if only, ok := read(t, AppendSummaryJSON(nil, s)).(map[string]any)["ranking"].([]any); !ok || len(only) != len(s.Ranking) {
		t.Errorf("%d hosts in the summary alone", len(only))
	}
}
