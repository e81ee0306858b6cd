package triage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seine/analyzer"
	"seine/analyzer/triage"
	"seine/detectors"
	"seine/flow"
)

var known = []*detectors.Detector{
	{ID: "port-scan", Rules: []detectors.Rule{{ID: "vertical", Severity: detectors.High, ATTACK: []string{"T1046"}}}},
	{ID: "exfiltration", Rules: []detectors.Rule{{ID: "upload", Severity: detectors.Medium}}},
}

func moment(text string) flow.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return flow.Time(t.UnixNano())
}

func addr(text string) flow.Addr {
	a, err := flow.ParseAddr([]byte(text))
	if err != nil {
		panic(err)
	}
	return a
}

// scan is about one address, on a Tuesday.
func scan() *detectors.Alert {
	at := moment("2026-03-10T02:30:00Z")
	return &detectors.Alert{
		Detector: known[0], Rule: &known[0].Rules[0], Severity: detectors.High, Confidence: 0.75,
		Subject: detectors.Address(addr("10.0.0.9"), detectors.RoleSrc), Summary: "10.0.0.9 scans",
		Facts: []detectors.Fact{detectors.Int("ports", 101), detectors.Text("service", "ssh"), detectors.Bool("night", true), detectors.Texts("names", []string{"a", "b"})},
		Time:  at, HasTime: true, FirstSeen: at, LastSeen: at + 1800*flow.Second, Count: 1, Flows: 101,
	}
}

// upload is about a pair.
func upload() *detectors.Alert {
	a := scan()
	a.Detector, a.Rule, a.Severity, a.Facts = known[1], &known[1].Rules[0], detectors.Medium, nil
	a.Subject = detectors.Pair(addr("10.0.0.5"), addr("203.0.113.7")).WithPort(443).WithProtocol(flow.TCP)
	return a
}

func fileOf(t testing.TB, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

func suppressing(t testing.TB, files triage.Files, text string) *triage.Rules {
	t.Helper()
	files.Suppress = []string{fileOf(t, text)}
	r, err := triage.Load(files, triage.Scope{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return r
}

// TestConditionsOfSuppressRules asks of each whether it is about the scan, and
// about the upload.
func TestConditionsOfSuppressRules(t *testing.T) {
	for rule, want := range map[string]string{
		"src: 10.0.0.9":                         "scan",
		"src: [10.0.0.0/29, 10.0.0.9]":          "scan upload",
		"src: 10.0.0.5-10.0.0.8":                "upload",
		"src: 2001:db8::/32":                    "",
		"dst: 203.0.113.0/24":                   "upload",
		"dst: 10.0.0.9":                         "",
		"either: 203.0.113.7":                   "upload",
		"either: 10.0.0.9":                      "scan",
		"dst_port: [80, 440-450]":               "upload",
		"dst_port: 80":                          "",
		"protocol: tcp":                         "upload",
		"protocol: 6":                           "upload",
		"protocol: udp":                         "",
		"detector: port-scan":                   "scan",
		"detector: [port-scan, exfiltration]":   "scan upload",
		"rule: upload":                          "upload",
		"severity: high":                        "scan",
		"severity: <= medium":                   "upload",
		`severity: "≥ medium"`:                  "scan upload",
		"severity: [low, '> medium']":           "scan",
		"time: 02:00-03:30":                     "scan upload",
		"time: 02:00-03:00":                     "", // the last flow is not in it
		"time: 02:30-03:01":                     "scan upload",
		"time: 22:00-06:00":                     "scan upload",
		"time: [00:00-01:00, 02:00-24:00]":      "scan upload",
		"weekdays: tue":                         "scan upload",
		"weekdays: [mon, wed-fri]":              "",
		"weekdays: Saturday-tuesday":            "scan upload",
		"when: confidence < 0.8":                "scan upload",
		"when: facts.ports > 100":               "scan",
		"when: facts.ports > 101":               "",
		"when: facts.service == 'ssh'":          "scan",
		"when: facts.night == 1":                "scan",
		"when: \"'b' in facts.names\"":          "scan",
		"when: has(facts.ports)":                "scan",
		"when: severity >= 'medium'":            "scan upload",
		"when: internal(src_ip) and flows > 99": "scan upload",
		"when: external(dst_ip)":                "upload",
		"when: ip in '203.0.113.0/24'":          "upload",
		"when: accused == '10.0.0.9'":           "scan",
		"when: attack contains 'T104'":          "scan",
		"when: hour == 2 and weekday == 'tue'":  "scan upload",
		"when: duration > '20m'":                "scan upload",
		"when: status == 'new'":                 "",
		"status: known":                         "",
		"finding: '" + id(scan()) + "'":         "scan",
		"src: 10.0.0.9\n    dst_port: 443":      "",
		"src: 10.0.0.5\n    dst_port: 443\n    when: protocol == 'tcp'": "upload",
	} {
		r := suppressing(t, triage.Files{}, "suppress:\n  - reason: because\n    "+rule+"\n")
		var got []string
		if _, hidden := r.Judge(scan()); hidden {
			got = append(got, "scan")
		}
		if _, hidden := r.Judge(upload()); hidden {
			got = append(got, "upload")
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is about %q, not %q", rule, got, want)
		}
	}
}

func id(a *detectors.Alert) string { return string(a.AppendID(nil)) }

// TestMistakesHaveTheirPlace tells what is wrong, and where.
func TestMistakesHaveTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"supress: []":                  `1:1: unknown section "supress" (known: ignore, suppress); did you mean "suppress"?`,
		"suppress: 7":                  "1:11: suppress must be a list of rules, each behind a dash, not a single value",
		"- a":                          "1:1: a file of rules must be names with their values, not a list",
		"suppress:\n  - src: 10.0.0.1": "2:5: the rule has no reason: say why, for whoever reads it later",
		"suppress:\n  - reason: x":     "2:5: the rule has no condition, so it would hide everything; if that is meant, say when: 'true'",
		"suppress:\n  - reason: x\n    sorce: 1.2.3.4":                                            `3:5: unknown member "sorce" of a rule; did you mean "src"?`,
		"suppress:\n  - reason: x\n    severty: low":                                              `3:5: unknown member "severty" of a rule; did you mean "severity"?`,
		"suppress:\n  - reason: x\n    src_port: 53":                                              "3:5: src_port is of flows: suppress rules are about findings; ignore rules have it",
		"ignore:\n  - reason: x\n    detector: beacon":                                            "3:5: detector is of findings: ignore rules are about flows, which no detector has seen; suppress rules have it",
		"suppress:\n  - reason: x\n    src: 10.0.0.5/8":                                           "3:10: '10.0.0.5/8' has bits set behind its length; write '10.0.0.0/8', or '10.0.0.5' for the one address",
		"suppress:\n  - reason: x\n    src: [10.0.0.1,\n      10.0.0.300]":                        "4:7: '10.0.0.300' is no address",
		"suppress:\n  - reason: x\n    src: host'x":                                               `3:10: "host'x" is no address, network such as 10.0.0.0/8, or range such as 10.0.0.5-10.0.0.9`,
		"suppress:\n  - reason: x\n    src: 10.0.0.9-10.0.0.5":                                    "3:10: the range is empty",
		"suppress:\n  - reason: x\n    dst_port: 70000":                                           `3:15: "70000" is no port from 0 to 65535, nor a range such as 8000-8010`,
		"suppress:\n  - reason: x\n    dst_port: {a: b}":                                          "3:15: dst_port must be a single value or a list of them, not a mapping",
		"suppress:\n  - reason: x\n    dst_port: []":                                              "3:15: dst_port: the list is empty",
		"suppress:\n  - reason: x\n    protocol: tpc":                                             `3:15: "tpc" is no protocol`,
		"suppress:\n  - reason: x\n    severity: hihg":                                            `3:15: severity is one of info, low, medium, high, critical, perhaps behind <= or >=, and not "hihg"; did you mean "high"?`,
		"suppress:\n  - reason: x\n    expires: soon\n    src: 10.0.0.1":                          `3:14: "soon" is no time such as 2027-01-31`,
		"suppress:\n  - reason: x\n    time: 25:00-26:00":                                         `3:11: "25:00-26:00" is no time of day`,
		"suppress:\n  - reason: x\n    weekdays: noday":                                           `3:15: "noday" is no day of the week`,
		"suppress:\n  - reason: x\n    finding: 12":                                               `3:14: "12" is no id of a finding`,
		"suppress:\n  - reason: x\n    when: confidnce < 1":                                       `3:11: when: column 1: unknown name "confidnce"; did you mean confidence?`,
		"ignore:\n  - reason: x\n    when: dst_port == ":                                          "3:11: when: column 12: the expression ends too soon",
		"suppress:\n  - reason: x\n    reason: y\n    src: 10.0.0.1":                              `3:5: "reason" is given twice, first in line 2`,
		"suppress:\n  - {id: a, reason: x, src: 10.0.0.1}\n  - {id: a, reason: y, src: 10.0.0.2}": `3:10: the id "a" is taken, by`,
		"suppress:\n  - reason: x\n   src: 10.0.0.1":                                              "1: not valid YAML",
		"a: b\n---\nc: d": "2:1: a second document",
	} {
		name := fileOf(t, text)
		_, err := triage.Load(triage.Files{Suppress: []string{name}}, triage.Scope{})
		if err == nil || !strings.Contains(err.Error(), name+":"+want) {
			t.Errorf("%q: %v\n not %s", text, err, want)
		}
	}
	if _, err := triage.Load(triage.Files{Ignore: []string{"nowhere.yaml"}}, triage.Scope{}); err == nil {
		t.Error("a file that is not there is taken")
	}
}

// TestSlipsAreWarnedOf tells of what is allowed and probably not meant.
func TestSlipsAreWarnedOf(t *testing.T) {
	both := fileOf(t, "ignore:\n  - {reason: x, src: 10.0.0.1}\nsuppress:\n  - {reason: x, detector: port-scna}\n")
	for _, c := range []struct {
		files triage.Files
		want  string
	}{
		{triage.Files{Suppress: []string{both}, Detectors: known}, `no detector is called "port-scna"; did you mean "port-scan"?`},
		{triage.Files{Suppress: []string{both}}, "the ignore rules of"},
		{triage.Files{Ignore: []string{both}}, "the suppress rules of"},
		{triage.Files{Ignore: []string{both}, Suppress: []string{both}}, ""},
		{triage.Files{Suppress: []string{both}, NoFlows: true}, ""},
		{triage.Files{Suppress: []string{fileOf(t, "")}}, "has no suppress rules"},
	} {
		r, err := triage.Load(c.files, triage.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(r.Warnings(), "\n"); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%+v warns %q, not %q", c.files, got, c.want)
		}
	}
}

// collect is a Sink that keeps the ids.
type collect struct {
	alerts []*detectors.Alert
	sum    *analyzer.Summary
}

func (c *collect) Alert(a *detectors.Alert) error  { c.alerts = append(c.alerts, a); return nil }
func (c *collect) Close(s *analyzer.Summary) error { c.sum = s; return nil }

// TestExpiry goes by the time of the finding or, where it is named, by the
// moment of the review.
func TestExpiry(t *testing.T) {
	// The scan is seen last at 2026-03-10T03:00:00Z.
	for _, c := range []struct {
		expires, asOf string
		hidden, over  bool
	}{
		{"2026-03-10", "", true, false},
		{"2026-03-09", "", false, true},
		{"2026-03-10 03:00", "", true, false},
		{"2026-03-10 02:59", "", false, true},
		{"2026-03-10T03:00:00Z", "", true, false},
		{"2026-03-10T04:00:00+01:00", "", true, false},
		{"2026-03-10T02:59:59Z", "", false, true},
		{"2026-03-10", "2026-03-11T00:00:00Z", false, true},
		{"2026-03-10", "2026-03-10T23:59:59Z", true, false},
		{"2026-03-09", "2026-03-01T00:00:00Z", true, false},
	} {
		files := triage.Files{}
		if c.asOf != "" {
			files.AsOf, files.HasAsOf = moment(c.asOf), true
		}
		r := suppressing(t, files, "suppress:\n  - {reason: x, src: 10.0.0.9, expires: '"+c.expires+"'}\n")
		var out collect
		s := r.Suppress(&out)
		if err := s.Alert(scan()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(&analyzer.Summary{}); err != nil {
			t.Fatal(err)
		}
		use := out.sum.Rules[0]
		if (len(out.alerts) == 0) != c.hidden || use.Over != c.over || use.Hidden+use.Expired != 1 || out.sum.Suppressed != use.Hidden {
			t.Errorf("%+v: %d shown, %+v", c, len(out.alerts), use)
		}
	}
	// A rule that nothing met has expired as well, if what was seen is later.
	r := suppressing(t, triage.Files{}, "suppress:\n  - {reason: x, src: 10.9.9.9, expires: 2026-03-09}\n")
	var out collect
	s := r.Suppress(&out)
	_ = s.Alert(scan())
	_ = s.Close(&analyzer.Summary{})
	if u := out.sum.Rules[0]; !u.Over || u.Expired != 0 {
		t.Errorf("%+v", u)
	}
}

// TestTheFirstRuleHides, and the others know that they would have.
func TestTheFirstRuleHides(t *testing.T) {
	r := suppressing(t, triage.Files{}, `
suppress:
  - {id: old, reason: x, src: 10.0.0.9, expires: 2020-01-01}
  - {id: one, reason: x, src: 10.0.0.9, author: me}
  - {id: two, reason: x, detector: port-scan}
  - {id: none, reason: x, detector: beacon}
`)
	var out collect
	s := r.Suppress(&out)
	for _, a := range []*detectors.Alert{scan(), upload(), scan()} {
		_ = s.Alert(a)
	}
	_ = s.Close(&analyzer.Summary{Suppressed: 3})
	var got []string
	for _, u := range out.sum.Rules {
		got = append(got, fmt.Sprintf("%s %d %d %d", u.ID, u.Hidden, u.Also, u.Expired))
	}
	if want := "old 0 0 2, one 2 0 0, two 0 2 0, none 0 0 0"; strings.Join(got, ", ") != want {
		t.Errorf("%s, not %s", got, want)
	}
	if out.sum.Suppressed != 5 || len(out.alerts) != 1 || out.sum.Rules[1].Author != "me" || !strings.HasSuffix(out.sum.Rules[1].Place, "rules.yaml:4") {
		t.Errorf("%+v", out.sum)
	}
}

// TestMembersAreDocumented keeps the table of the README.
func TestMembersAreDocumented(t *testing.T) {
	_, table, _ := strings.Cut(triage.Doc, "<!-- members -->\n")
	table, _, _ = strings.Cut(table, "<!-- end of members -->")
	if want := triage.MembersTable(); table != want {
		t.Errorf("the table of members should be\n%s", want)
	}
	// What the README shows is understood.
	_, example, _ := strings.Cut(triage.Doc, "    suppress:\n")
	example, _, _ = strings.Cut(example, "`--ignore FILE` puts")
	example = strings.ReplaceAll("    suppress:\n"+example, "\n    ", "\n")[4:]
	name := fileOf(t, example)
	r, err := triage.Load(triage.Files{Ignore: []string{name}, Suppress: []string{name}}, triage.Scope{})
	if err != nil {
		t.Fatalf("%v\n%s", err, example)
	}
	if i, s := r.Count(); i != 1 || s != 2 {
		t.Errorf("the README shows %d and %d rules", i, s)
	}
}

// FuzzRules holds: no file makes reading it panic or hang.
func FuzzRules(f *testing.F) {
	f.Add([]byte("suppress:\n  - id: a\n    reason: x\n    src: [10.0.0.0/8, 2001:db8::1, 10.0.0.1-10.0.0.9]\n    time: '22:00-06:00'\n    when: facts.a > 1\n"))
	f.Add([]byte("ignore: &a\n  - &b {reason: x, dst_port: &c [1, 2-3], weekdays: fri-mon, expires: 2026-01-01}\n  - *b\nsuppress: *a\n"))
	f.Add([]byte("ignore:\n  - reason: |\n      text\n    when: >\n      src_ip in\n      ['10.0.0.1']\n    service: \"\\u00e9\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		name := filepath.Join(t.TempDir(), "rules")
		if err := os.WriteFile(name, text, 0o666); err != nil {
			t.Fatal(err)
		}
		r, err := triage.Load(triage.Files{Ignore: []string{name}, Suppress: []string{name}}, triage.Scope{})
		if err != nil {
			return
		}
		r.Judge(scan())
		r.Judge(upload())
		if g := r.Ignorer(); g != nil {
			g.Ignore(&flow.Record{Has: ^flow.Fields(0), Src: addr("10.0.0.1"), Dst: addr("2001:db8::1"), DstPort: 2})
			g.Ignore(&flow.Record{})
		}
	})
}

func writeFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
