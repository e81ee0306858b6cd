package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seine/analyzer"
	"seine/analyzer/eval"
	"seine/detectors"
	"seine/flow"
	"seine/flow/csv"
)

func TestLabelsTellOfTheSource(t *testing.T) {
	for want, labels := range map[eval.Class][]string{
		eval.Malicious:  {"flow=From-Botnet-V42-TCP-CC6", "Malicious/C&C", "External-Attack-to-Device", "1", "Fuzzers", "attacker", "DoS Hulk", "PortScan", "flow=Malware-DNS"},
		eval.Benign:     {"flow=From-Normal-V42-Stribrek", "Benign", "BENIGN", "Benign/Microsoft", "normal", "Normal", "0"},
		eval.Unlabelled: {"", "-", "(empty)", "flow=Background-UDP", "flow=To-Botnet-V42", "victim", "suspicious", "unknown", "No Label"},
	} {
		for _, l := range labels {
			if got := eval.ClassOf(l); got != want {
				t.Errorf("%q is %v, want %v", l, got, want)
			}
		}
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTruthNamesHostsAndLists(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/scanners.json", `[{"src":"203.0.113.1","grade":"clear"},{"src":"203.0.113.2","grade":"grey"},{"src":"203.0.113.3"}]`)
	truth := write(t, dir, "truth.json", `[{"id":"a","path":"a/conn.log","malicious_hosts":[{"ip":"a/scanners.json"},{"ip":"10.0.0.5"}],"benign_hosts":["10.0.0.6"],"behaviours":["scan"]},
		{"path":"b/conn.log"}]`)
	all, err := eval.LoadTruth(truth)
	if err != nil || len(all) != 2 {
		t.Fatal(len(all), err)
	}
	for ip, want := range map[string]eval.Class{
		"203.0.113.1": eval.Malicious, "203.0.113.2": eval.Unlabelled, "203.0.113.3": eval.Malicious, "10.0.0.5": eval.Malicious, "10.0.0.6": eval.Benign,
	} {
		a, _ := flow.ParseAddr([]byte(ip))
		if got := all[0].Hosts[a]; got != want {
			t.Errorf("%s is %v, want %v", ip, got, want)
		}
	}
	// A copy of the captures is found by the end of its path, and no other file is.
	if c, err := eval.Find(all, dir, filepath.FromSlash("/elsewhere/b/conn.log")); err != nil || c.ID != "b/conn.log" {
		t.Errorf("found %q, %v", c.ID, err)
	}
	if _, err := eval.Find(all, dir, filepath.FromSlash("/elsewhere/c/conn.log")); err == nil {
		t.Error("a file that the truth does not name was found")
	}
	for text, want := range map[string]string{
		`[]`: "names no capture", `{`: "truth", `{"id":"x"}`: "has no path", `{"path":"p","benign_hosts":["nobody"]}`: "not an IP address",
		`{"path":"p","benign_hosts":["10.0.0.1"],"malicious_hosts":[{"ip":"10.0.0.1"}]}`: "malicious and benign",
		`{"path":"p","malicious_hosts":[{"ip":"missing.json"}]}`:                         "missing.json",
	} {
		if _, err := eval.LoadTruth(write(t, dir, "bad.json", text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

// caller alerts on each flow to port 4444, and says of each flow to port 5555
// that its destination is a victim.
func caller() *detectors.Detector {
	d := &detectors.Detector{ID: "caller", Rules: []detectors.Rule{{ID: "calls", Severity: detectors.High}, {ID: "suffers", Severity: detectors.High}}}
	d.New = func(env *detectors.Env) detectors.Watcher {
		return detectors.Each(func(r *flow.Record) {
			switch r.DstPort {
			case 4444:
				env.Report(r, detectors.Alert{Rule: d.Rule("calls"), Subject: detectors.Pair(r.Src, r.Dst)})
			case 5555:
				env.Report(r, detectors.Alert{Rule: d.Rule("suffers"), Subject: detectors.Address(r.Dst, detectors.RoleDst)})
			}
		})
	}
	return d
}

func evaluate(t *testing.T, c *eval.Capture, o eval.Options, rows string) *eval.Result {
	t.Helper()
	opt := &flow.Options{Symbols: flow.NewSymbols(), Workers: 1}
	j := eval.NewJudge(c, o)
	plan, err := analyzer.Prepare(analyzer.Config{
		Sources: []*flow.Source{flow.BytesSource("in.csv", []byte(rows), opt)}, Formats: []*flow.Format{csv.Format()},
		Chain: []*detectors.Detector{caller(), j.Detector()}, Symbols: opt.Symbols, Lateness: 600 * flow.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Run(context.Background(), analyzer.Fold(3600*flow.Second, 3, 0, j)); err != nil {
		t.Fatal(err)
	}
	return j.Result("test")
}

func row(hour, minute int, src, dst string, port int) string {
	return fmt.Sprintf("2026-03-10 %02d:%02d:00,tcp,established,%s,40000,%s,%d,100,100\n", hour, minute, src, dst, port)
}

func TestHostsHoursAndDelaysAreCounted(t *testing.T) {
	rows := row(9, 0, "10.0.0.5", "203.0.113.1", 80) + // malicious: quiet at first
		row(9, 30, "10.0.0.5", "203.0.113.1", 4444) + // named half an hour later
		row(11, 0, "10.0.0.6", "203.0.113.1", 80) + // malicious and missed
		row(11, 1, "10.0.0.7", "203.0.113.1", 4444) + // benign and accused
		row(11, 2, "10.0.0.8", "203.0.113.1", 80) + // benign
		row(11, 3, "10.0.0.9", "203.0.113.1", 4444) + // nothing is known of it
		row(11, 4, "10.0.0.8", "10.0.0.10", 5555) + // a benign victim is not accused
		row(12, 0, "10.0.0.5", "203.0.113.1", 80)
	c := &eval.Capture{Hosts: map[flow.Addr]eval.Class{}}
	for i, class := range map[uint32]eval.Class{5: eval.Malicious, 6: eval.Malicious, 7: eval.Benign, 8: eval.Benign, 10: eval.Benign} {
		c.Hosts[flow.AddrFrom4(10<<24|i)] = class
	}
	r := evaluate(t, c, eval.Options{Window: 3600 * flow.Second, Least: detectors.Medium}, rows)
	s := &r.Total
	if want := (eval.Matrix{TP: 1, FP: 1, FN: 1, TN: 2}); s.Hosts != want {
		t.Errorf("hosts %+v, want %+v", s.Hosts, want)
	}
	// Hours: 10.0.0.5 at 9 (named) and 12, 10.0.0.6 at 11; .7 at 11 (accused), .8 and .10 at 11.
	if want := (eval.Matrix{TP: 1, FP: 1, FN: 2, TN: 2}); s.Windows != want {
		t.Errorf("hours %+v, want %+v", s.Windows, want)
	}
	if s.Others != 1 || !s.HasDelay || s.Delay != 1800 || s.Alerts != 4 {
		t.Errorf("%d others, delay %v, %d alerts", s.Others, s.Delay, s.Alerts)
	}
	if rate, ok := s.Rate(); !ok || rate < 100*4/(6*3.0/24)-1 || rate > 100*4/(6*3.0/24)+1 { // six internal hosts, three hours
		t.Errorf("%v alerts per 100 hosts and day", rate)
	}
	if r.Everything.Hosts != (eval.Matrix{TP: 2, FP: 3}) || r.Nothing.Hosts != (eval.Matrix{FN: 2, TN: 3}) {
		t.Errorf("accusing everybody %+v, nobody %+v", r.Everything.Hosts, r.Nothing.Hosts)
	}
	var doc map[string]any
	var b bytes.Buffer
	if err := eval.WriteJSON(&b, []*eval.Result{r}); err != nil || json.Unmarshal(b.Bytes(), &doc) != nil {
		t.Errorf("JSON: %v", err)
	}
	b.Reset()
	if err := eval.WriteText(&b, []*eval.Result{r, r}, true); err != nil || !strings.Contains(b.String(), "10.0.0.6") || !strings.Contains(b.String(), "caller/calls") {
		t.Errorf("text: %v\n%s", err, b.String())
	}
	// Above the floor nothing is left.
	if r := evaluate(t, c, eval.Options{Window: 3600 * flow.Second, Least: detectors.Critical}, rows); r.Total.Alerts != 0 || r.Total.Hosts.FN != 2 {
		t.Errorf("%d alerts above critical", r.Total.Alerts)
	}
}

func TestLabelsOfFlowsAreTheTruth(t *testing.T) {
	rows := "ts,src_ip,dst_ip,src_port,dst_port,label\n"
	for _, r := range []string{
		"2026-03-10 09:00:00,10.0.0.5,203.0.113.1,1,80,Benign", "2026-03-10 10:00:00,10.0.0.5,203.0.113.1,1,4444,Malicious",
		"2026-03-10 10:00:00,10.0.0.6,203.0.113.1,1,80,Benign", "2026-03-10 10:00:00,10.0.0.7,203.0.113.1,1,80,Background",
	} {
		rows += r + "\n"
	}
	r := evaluate(t, &eval.Capture{}, eval.Options{Window: 3600 * flow.Second, Least: detectors.Medium, ByLabel: true}, rows)
	if want := (eval.Matrix{TP: 1, TN: 1}); r.Total.Hosts != want {
		t.Errorf("hosts %+v, want %+v", r.Total.Hosts, want)
	}
	if want := (eval.Matrix{TP: 1, TN: 2}); r.Total.Windows != want {
		t.Errorf("hours %+v, want %+v", r.Total.Windows, want)
	}
	if r.Total.Delay != 0 {
		t.Errorf("delay %v: it counts from the first malicious flow", r.Total.Delay)
	}
}
