package custom_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seine/detectors"
	"seine/detectors/custom"
	"seine/detectors/internal/scenario"
	"seine/flow"
)

// guests is a trace of a minute: guests and a scanner.
const guests = `2026-03-10 09:00:00,tcp,established,10.99.1.4,40000,10.0.0.5,445,1000,2000
2026-03-10 09:00:10,tcp,established,10.99.1.4,40001,10.0.0.5,445,500,100
2026-03-10 09:00:20,tcp,new,10.99.1.4,40002,10.0.0.5,443,10,20
2026-03-10 09:00:30,tcp,new,10.0.0.9,50000,10.0.0.5,1,60,0
2026-03-10 09:00:31,tcp,new,10.0.0.9,50001,10.0.0.5,2,60,0
2026-03-10 09:00:32,tcp,new,10.0.0.9,50002,10.0.0.5,3,60,0
2026-03-10 09:00:33,tcp,new,10.0.0.9,50003,10.0.0.6,3,60,0
2026-03-10 09:00:34,udp,new,10.0.0.9,50004,10.0.0.5,4,60,0
2026-03-10 09:01:02,tcp,new,10.0.0.9,50005,10.0.0.5,5,60,0
`

// one parses a text of one rule.
func one(t *testing.T, text string) *detectors.Detector {
	t.Helper()
	ds, err := custom.Parse("rules.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(ds) != 1 {
		t.Fatalf("%d rules", len(ds))
	}
	return ds[0]
}

// play runs a rule over a trace; params are without the id.
func play(t *testing.T, d *detectors.Detector, trace string, params ...string) string {
	t.Helper()
	trial := scenario.Trial{Detector: d, CSV: []byte(trace)}
	for _, p := range params {
		if strings.HasPrefix(p, "max-groups=") || strings.HasPrefix(p, "max-values=") {
			p = d.ID + "." + p
		}
		trial.Params = append(trial.Params, p)
	}
	lines, err := trial.Run()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

const head = "id: r\ntitle: a title\nseverity: medium\n"

func TestRulesFindWhatTheySay(t *testing.T) {
	for _, test := range []struct{ name, rule, want string }{
		{"each flow", "when: src_ip in '10.99.0.0/16' and dst_port == 445 and state == 'established'",
			"medium r 10.99.1.4 → 10.0.0.5:445/tcp state=established @1\nmedium r 10.99.1.4 → 10.0.0.5:445/tcp state=established @2"},
		{"a number with its limit", "when: 500 < src_bytes",
			"medium r 10.99.1.4 → 10.0.0.5:445/tcp src_bytes=1000 src_bytes_over=500 @1"},
		{"groups in windows", "when: proto == 'tcp'\ngroup by: [src, dst_ip]\nwindow: 1m\nhaving: count() >= 3 and distinct(dport) > 2",
			"medium r 10.0.0.9 → 10.0.0.5 count=3 count_at_least=3 distinct_dst_port=3 distinct_dst_port_over=2 window_seconds=60 @4,6,5"},
		{"one window", "when: proto == 'tcp'\ngroup by: src_ip\nwindow: all\nhaving: distinct(dst_port) == 4",
			"medium r 10.0.0.9 src distinct_dst_port=4 distinct_dst_port_exactly=4 @4,9,5 of 5"},
		{"no keys", "window: none\nhaving: share(dst_port == 445) < 0.5 and count() > 8",
			"medium r  share_dst_port_445=0.222222 share_dst_port_445_under=0.5 count=9 count_over=8 @1,9,2 of 9"},
		{"networks", "group by: ['net(src_ip, 16)']\nwindow: 1h\nhaving: sum(src_bytes) / count() > 100",
			"medium r src_net=10.99.0.0/16 src_net=10.99.0.0/16 sum_src_bytes=1510 count=3 having=\"sum(src_bytes) / count() > 100\" window_seconds=3600 @1,3,2"},
		{"other keys", "when: dst_port == 445\ngroup by: [state, dst_port, protocol]\nwindow: 10m",
			"medium r port 445/tcp state=established state=established count=2 window_seconds=600 @1,2"},
		{"the destination", "group by: [dst_ip, dst_port]\nwindow: 10m\nhaving: distinct(src_ip) > 0 and max(src_bytes) == 1000 and min(src_bytes) == 500 and avg(src_bytes) == 750 and rate(src_bytes) == 2.5 and rate() > 0",
			"medium r 10.0.0.5 dst port 445 distinct_src_ip=1 distinct_src_ip_over=0 max_src_bytes=1000 max_src_bytes_exactly=1000 min_src_bytes=500 min_src_bytes_exactly=500 avg_src_bytes=750 avg_src_bytes_exactly=750 rate_src_bytes=2.5 rate_src_bytes_exactly=2.5 rate=0.00333333 rate_over=0 window_seconds=600 @1,2"},
		{"time", "group by: dst_ip\nwindow: all\nhaving: span < '5s' and first >= '2026-03-10 09:00:33'",
			"medium r 10.0.0.6 dst count=1 having=\"span < '5s' and first >= '2026-03-10 09:00:33'\" @7"},
		{"what is absent", "group by: dst_ip\nwindow: all\nhaving: sum(duration) < 5 or not (sum(duration) < 5)", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := one(t, head+test.rule)
			if got := play(t, d, guests); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestSummaries(t *testing.T) {
	grouped := "group by: [src_ip, 'net(dst_ip, 24)']\nwindow: all\nhaving: count() > 4\n"
	for _, test := range []struct{ rule, want string }{
		{"when: dst_port == 443", "a title"},
		{"when: src_bytes > 700", "a title: src_bytes 1000 (over 700)"},
		{"when: src_bytes > 700\nsummary: '{src} to {dst_ip}: {src_bytes / 3} of {{x}}, {duration} {state}'",
			"10.99.1.4 to 10.0.0.5: 333.33 of {x}, ? established"},
		{grouped, "a title: count() is 6 (over 4)"},
		{"group by: [src_ip, 'net(dst_ip, 24)']\nwindow: all\nhaving: count() > 4 or distinct(src_ip) > 1000",
			"a title: count() is 6 (over 4), distinct(src_ip) is 1 (not over 1000)"},
		{grouped + "summary: \"{ src } → {net(dst_ip,24)}: {distinct( dst_port )} ports, {sum(src_bytes)/1e3} kB, {span}\"",
			"10.0.0.9 → 10.0.0.0/24: 5 ports, 0.36 kB, 32s"},
	} {
		d := one(t, head+test.rule)
		if got := summaries(t, d, guests); len(got) != 1 || got[0] != test.want {
			t.Errorf("%s\ngot %q\nwant %q", test.rule, got, test.want)
		}
	}
}

// summaries are the sentences of what a rule finds.
func summaries(t *testing.T, d *detectors.Detector, trace string) (all []string) {
	wrapped := *d
	wrapped.Rules = []detectors.Rule{d.Rules[0]}
	trial := scenario.Trial{Detector: &wrapped, CSV: []byte(trace), Each: func(a *detectors.Alert) { all = append(all, a.Summary) }}
	if _, err := trial.Run(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLimitsAreKeptAndCounted(t *testing.T) {
	d := one(t, head+"group by: src_ip\nwindow: 1m\nhaving: distinct(dst_port) > 0")
	want := "medium r 10.99.1.4 src distinct_dst_port=2 distinct_dst_port_over=0 window_seconds=60 @1,3,2\n" +
		"medium r 10.0.0.9 src distinct_dst_port=1 distinct_dst_port_over=0 window_seconds=60 @9\n" +
		"counted: flows-left-out 5\ncounted: late 0"
	got := play(t, d, guests, "max-groups=1", "lateness=1s")
	if want = strings.TrimSuffix(want, "\ncounted: late 0"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	got = play(t, d, guests, "max-values=3")
	if !strings.Contains(got, "10.0.0.9 src distinct_dst_port=1 distinct_dst_port_over=0 window_seconds=60 @4,8") || !strings.Contains(got, "counted: values-left-out 5") {
		t.Errorf("got\n%s", got)
	}
	late := guests + strings.Repeat("2026-03-10 09:05:00,tcp,new,10.0.0.7,1,10.0.0.5,80,1,1\n2026-03-10 09:00:00,tcp,new,10.0.0.7,1,10.0.0.5,80,1,1\n", 2)
	if got = play(t, d, late, "lateness=1s"); !strings.Contains(got, "counted: late 2") {
		t.Errorf("got\n%s", got)
	}
}

func TestDetectorsDescribeThemselves(t *testing.T) {
	d := one(t, `
- id: port-hopper
  title: One host tries many ports of one server.
  severity: HIGH
  confidence: 0.5
  attack: T1046
  expects: [scanner]
  doc: |
    Why it matters.
  when: protocol == 'tcp' and (has(duration) or state == 'attempt') and src_bytes > 5
  group by: [src_ip, dst_port]
  window: 10m
  having: count() > 100
`)
	r := d.Rule("port-hopper")
	if r == nil || r.Severity != detectors.High || r.ATTACK[0] != "T1046" || r.Expects[0] != "scanner" || d.Scope != detectors.BySource ||
		d.Needs != flow.HasAddrs|flow.HasProto|flow.HasSrcBytes|flow.HasDstPort {
		t.Errorf("%+v, needs %v", d, d.Needs.Names())
	}
	var params []string
	for _, p := range d.Params() {
		params = append(params, p.Name)
	}
	if got := strings.Join(params, " "); got != "max-groups max-values internal" {
		t.Errorf("parameters %s", got)
	}
	for _, want := range []string{"# port-hopper\n\nWhy it matters.\n\n## The rule\n\nWritten in rules.yaml, line 2.\n", "    having    count() > 100\n", "    window    10m\n"} {
		if !strings.Contains(d.Doc, want) {
			t.Errorf("doc lacks %q:\n%s", want, d.Doc)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rule := func(id string) string { return "id: " + id + "\ntitle: t\nseverity: low\nwhen: dst_port == 1\n" }
	write("b.yaml", rule("b"))
	write("a/c.yml", rule("c"))
	write(".git/x.yaml", "nonsense")
	write("notes.txt", "nonsense")
	write("empty.yaml", "# nothing yet\n")
	ds, err := custom.Load([]string{dir, filepath.Join(dir, "b.yaml")}, nil)
	if err != nil || len(ds) != 2 || ds[0].ID != "c" || ds[1].ID != "b" {
		t.Errorf("%v, %v", ds, err)
	}
	write("d.yaml", rule("b"))
	_, err = custom.Load([]string{dir}, []*detectors.Detector{{ID: "c"}})
	for _, want := range []string{`a/c.yml:1:1: the id "c" is taken by a detector that Seine comes with`, `d.yaml:1:1: the id "b" is taken by the rule in `} {
		if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
	for _, path := range []string{filepath.Join(dir, "nowhere"), filepath.Join(dir, "notes.txt"), t.TempDir()} {
		if _, err := custom.Load([]string{path}, nil); err == nil {
			t.Errorf("%s is accepted", path)
		}
	}
}

func TestRulesThatAskForMoreThanThereIsAreSkipped(t *testing.T) {
	for rule, want := range map[string]string{
		"when: country(dst_ip) == 'NL'":                                 "skipped: country() needs a database of places; name one with --geo FILE",
		"when: role(src_ip) == 'till'\nwindow: 1h\nhaving: count() > 5": "skipped: role() needs a list of machines; name one with --assets FILE",
	} {
		if got := play(t, one(t, head+rule), guests); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", rule, got, want)
		}
	}
}
