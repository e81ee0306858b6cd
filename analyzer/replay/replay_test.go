package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"seine/analyzer"
	"seine/analyzer/replay"
	"seine/detectors"
	"seine/flow"
)

const (
	one = `{"schema":"seine.alert/1","id":"00112233445566aa","time":"2026-03-10T09:00:00Z","detector":"port-scan","rule":"vertical","severity":"high",` +
		`"summary":"a scan","ip":"192.0.2.7","role":"src","facts":{"ports":101},"attack":["T1046"],"count":1,"first_seen":"2026-03-10T09:00:00Z",` +
		`"last_seen":"2026-03-10T09:00:00Z","flows":1,"evidence":[]}`
	two = `{"schema":"seine.alert/1","id":"ffeeddccbbaa0099","time":"2026-03-10T10:00:00Z","detector":"beacon","rule":"regular","severity":"low",` +
		`"summary":"a beacon","src_ip":"192.0.2.7","dst_ip":"198.51.100.9","facts":{},"attack":[],"count":3,"first_seen":"2026-03-10T10:00:00Z",` +
		`"last_seen":"2026-03-10T11:00:00Z","flows":3,"evidence":[]}`
	run = `{"files":[{"name":"flows.csv","format":"csv","rows":12,"bad":1,"skipped":0,"bad_rows":[{"row":7,"reason":"too short"}],"notes":["a note"],"ignored":false}],` +
		`"rows":12,"bad":1,"skipped":0,"late":2,"filtered":3,"first":"2026-03-10T08:00:00Z","last":"2026-03-10T12:00:00Z","hosts":5,"forgotten":0,"pairs":6,` +
		`"pairs_approx":false,"flow_bytes":{"samples":12,"mean":1.5,"median":1,"p95":2,"p99":3,"max":4},"findings":{"high":9},"hidden":{"info":4},"suppressed":1,` +
		`"accused":1,"detectors":[{"id":"beacon","skipped":"the input has no start","raised":{"low":2},"counts":[{"name":"full","doc":"rows","n":2}],` +
		`"tables":[{"name":"t","title":"T","columns":["a","b"],"rows":[[1,"x"],[18446744073709551615,null]]}]}],"interrupted":false,"warnings":["careful"]}`
)

func document(alerts ...string) string {
	return `{"schema":"seine.report/1","alerts":[` + "\n" + strings.Join(alerts, ",\n") + "\n" + `],"hosts":[{"ip":"192.0.2.7"}],"summary":` + run + "}\n"
}

func indented(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sorted is a document as "jq -S" writes it.
func sorted(t *testing.T, text string) string {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// play gives the summaries of the alerts, what was read, and the error.
func play(texts ...string) (string, *analyzer.Summary, error) {
	var sources []*flow.Source
	for i, text := range texts {
		sources = append(sources, flow.BytesSource(fmt.Sprintf("in%d", i), []byte(text), &flow.Options{Symbols: flow.NewSymbols()}))
	}
	var got []string
	sum, err := replay.New(sources, chain).Each(context.Background(), func(a *detectors.Alert) error {
		got = append(got, a.ID[:2]+" "+a.Summary)
		return nil
	})
	return strings.Join(got, ", "), sum, err
}

// TestLayouts reads the same two alerts in whatever form they come.
func TestLayouts(t *testing.T) {
	const both = "00 a scan, ff a beacon"
	lines := one + "\n" + two + "\n"
	for name, text := range map[string]string{
		"lines":                      lines,
		"no newline at the end":      one + "\n" + two,
		"windows":                    "\xef\xbb\xbf" + strings.ReplaceAll(lines, "\n", "\r\n") + "\r\n",
		"blank lines":                "\n\n" + one + "\n   \n" + two + "\n\n",
		"gzip":                       packed(t, lines),
		"a document":                 document(one, two),
		"a document with a mark":     "\xef\xbb\xbf" + document(one, two),
		"a document, indented":       indented(t, document(one, two)),
		"a document, sorted":         sorted(t, document(one, two)),
		"a document in one line":     strings.ReplaceAll(document(one, two), "\n", ""),
		"two documents":              document(one) + document(two),
		"a document and a line":      document(one) + two,
		"a line and a document":      one + "\n" + strings.ReplaceAll(document(two), "\n", ""),
		"a list":                     "[" + one + "," + two + "]",
		"a list, indented":           indented(t, "["+one+","+two+"]"),
		"objects, indented":          indented(t, one) + "\n" + indented(t, two),
		"a list of nothing and rest": "[]\n" + lines,
	} {
		got, sum, err := play(text)
		if err != nil || got != both {
			t.Errorf("%s: %q, %v, %+v", name, got, err, sum.Alerts)
		}
		if f := sum.Alerts[0]; f.Rows != 2 || f.Bad != 0 {
			t.Errorf("%s: %d alerts and %d bad ones are told", name, f.Rows, f.Bad)
		}
	}
	if got, _, err := play("", " \n", document(), "[]"); got != "" || err != nil {
		t.Errorf("runs that found nothing give %q, %v", got, err)
	}
	if got, sum, err := play(one, document(two)); got != both || err != nil || sum.Alerts[1].Name != "in1" || sum.Alerts[1].Format != "seine.report/1" {
		t.Errorf("two files give %q, %v, %+v", got, err, sum.Alerts)
	}
}

// TestBrokenAlertsAreCounted goes on behind what cannot be read, and says
// where it was and why.
func TestBrokenAlertsAreCounted(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(one, old) {
			t.Fatalf("%s is not in the alert", old)
		}
		return strings.Replace(one, old, new, 1)
	}
	for _, c := range []struct{ alert, want string }{
		{one[:200], "cut short: the object does not end"},
		{"nonsense", "not JSON: invalid character 'o' in literal null (expecting 'u') at byte 2"},
		{"7", "is a number, not an alert"},
		{"{}", `no member "schema"`},
		{change(`"id":"00112233445566aa",`, ``), `no member "id"`},
		{change(`00112233445566aa`, `0011<b>`), `id: "0011<b>" is no id, which has 16 digits of 0…9a…f`},
		{change(`2026-03-10T09:00:00Z`, `yesterday`), `time: "yesterday" is no time as 2024-03-10T09:00:00Z`},
		{change(`2026-03-10T09:00:00Z`, `2300-01-01T00:00:00Z`), `time: a time outside the years 1678 to 2261`},
		{change(`"high"`, `"huge"`), `severity: unknown severity "huge" (known: info, low, medium, high, critical)`},
		{change(`"high"`, `3`), `severity: is a number, not a text`},
		{change(`"192.0.2.7"`, `"192.0.2.777"`), `ip: "192.0.2.777" is no address`},
		{change(`"role":"src"`, `"role":"boss"`), `role: "boss" is neither src nor dst`},
		{change(`"ip":"192.0.2.7",`, ``), `role without ip`},
		{change(`"count":1`, `"count":-1`), `count: -1 is no whole number from 0 to 18446744073709551615`},
		{change(`"count":1`, `"count":1,"confidence":7`), `confidence: 7 is not between 0 and 1`},
		{change(`"count":1`, `"count":1,"dst_port":70000`), `dst_port: 70000 is no whole number from 0 to 65535`},
		{change(`"count":1`, `"count":1,"protocol":"tcpp"`), `protocol: "tcpp" is no protocol`},
		{change(`"count":1`, `"count":1,"status":"old"`), `status: "old" is none of new, known, gone`},
		{change(`"count":1`, `"count":1,"src_ip":"192.0.2.1"`), `src_ip and dst_ip go together`},
		{change(`"port-scan"`, `""`), `detector: is empty`},
		{change(`{"ports":101}`, `[101]`), `facts: is a list, not an object`},
		{change(`{"ports":101}`, `{"ports":{"n":1}}`), `facts: ports: is an object, not a number, a text, true, false, null or a list of them`},
		{change(`{"ports":101}`, `{"ports":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`}`), `facts: ports: lists are nested more than 32 deep`},
		{change(`"evidence":[]`, `"evidence":[{"file":"a","row":1,"src_ip":"192.0.2.1"}]`), `evidence: src_ip and dst_ip go together`},
		{change(`"evidence":[]`, `"evidence":[{"file":"a","row":1,"duration":1e300}]`), `evidence: duration: a duration of more than 292 years`},
		{change(`"evidence":[]`, `"evidence":{}`), `evidence: is an object, not a list`},
	} {
		got, sum, err := play(c.alert + "\n" + two + "\n" + c.alert)
		if err != nil {
			t.Errorf("%s: %v", c.alert, err)
			continue
		}
		f := sum.Alerts[0]
		if got != "ff a beacon" || f.Rows != 1 || f.Bad != 2 || f.BadRows[0].Row != 1 || f.BadRows[1].Row != 3 {
			t.Errorf("%s: %q, %+v", c.alert, got, f)
			continue
		}
		if f.BadRows[0].Reason != c.want {
			t.Errorf("%s:\n is told as %s\n and not as %s", c.alert, f.BadRows[0].Reason, c.want)
		}
		if json.Valid([]byte(c.alert)) && c.alert[0] == '{' {
			got, sum, err := play(document(two, c.alert, one))
			if f := sum.Alerts[0]; err != nil || got != "ff a beacon, 00 a scan" || f.Bad != 1 || f.BadRows[0].Row != 3 || f.BadRows[0].Reason != c.want {
				t.Errorf("%s in a document: %q, %v, %+v", c.alert, got, err, f)
			}
		}
	}
}

// TestWhatCannotBeUsedIsRefused tells what is wrong with a whole file, after
// the alerts that it has.
func TestWhatCannotBeUsedIsRefused(t *testing.T) {
	for _, c := range []struct{ text, alerts, want string }{
		{one + "\n" + strings.Replace(two, "alert/1", "alert/2", 1), "00 a scan",
			`in0: line 2: schema: layout "seine.alert/2" is of another version of Seine; this one reads "seine.alert/1"`},
		{strings.Replace(document(one), "report/1", "report/7", 1), "",
			`in0: line 1: layout "seine.report/7" is of another version of Seine; this one reads "seine.report/1"`},
		{strings.Replace(one, "seine.alert/1", "seine.hosts/1", 1), "",
			`in0: line 1: schema: layout "seine.hosts/1" is not one of alerts; "seine.alert/1" is (-f ndjson), and "seine.report/1" (-f json)`},
		{document(one, two)[:len(one)+100], "00 a scan", "in0: cut short in line 3"},
		{"[" + one + ";" + two + "]", "00 a scan", `in0: line 1: not JSON: ';' where ',' is expected`},
		{"[" + one + "] nonsense", "00 a scan", `in0: line 1: not JSON: 'n' where an object or a list of alerts is expected`},
		{"{\"alerts\":[],\n12:3}", "", `in0: line 2: not JSON: '1' where a key is expected`},
		{"{\"alerts\":[,]}", "", `in0: line 1: not JSON: ',' where a value is expected`},
		{"ts,src\n1,2\n", "", "in0: no alert could be read, and 2 could not; the first is in line 1: " +
			"not JSON: invalid character 's' in literal true (expecting 'r') at byte 2 (alerts are read as -f ndjson and -f json write them; \"seine analyze\" reads flows)"},
		{packed(t, one+"\n"+two)[:60], "", "in0: gzip data is cut short: unexpected EOF"},
	} {
		got, sum, err := play(c.text)
		if got != c.alerts || err == nil || !errors.Is(err, analyzer.ErrInput) || err.Error() != c.want {
			t.Errorf("%.60q gives %q and\n %v, not\n %s", c.text, got, err, c.want)
		}
		if sum.Alerts[0].Error == "" {
			t.Errorf("%.60q: the summary knows of no error", c.text)
		}
	}
	r := replay.New(replay.Sources([]string{"does-not-exist.json"}), chain)
	if _, _, err := r.All(context.Background()); !errors.Is(err, analyzer.ErrInput) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestTheRunIsRemembered keeps what a document tells of the run over the
// flows.
func TestTheRunIsRemembered(t *testing.T) {
	for _, text := range []string{document(one), sorted(t, document(one))} {
		_, s, err := play(text)
		if err != nil {
			t.Fatal(err)
		}
		if s.Rows != 12 || s.Bad != 1 || s.Late != 2 || s.Filtered != 3 || s.Hosts != 5 || s.Pairs != 6 || s.Suppressed != 1 ||
			s.Hidden[detectors.Info] != 4 || s.Findings != [detectors.Severities]uint64{} || !s.HasSpan || s.Last-s.First != 4*3600*flow.Second {
			t.Errorf("numbers are lost: %+v", s)
		}
		if f := s.Files[0]; f.Name != "flows.csv" || f.Rows != 12 || f.BadRows[0] != (flow.BadRow{Row: 7, Reason: "too short"}) || f.Notes[0] != "a note" {
			t.Errorf("the file is lost: %+v", f)
		}
		d := s.Detectors[0]
		if d.ID != "beacon" || d.Skipped != "the input has no start" || d.Raised[detectors.Low] != 2 || d.Counts[0].N != 2 || d.Tables[0].Rows[1][0].String() != "18446744073709551615" {
			t.Errorf("the detector is lost: %+v", d)
		}
		if s.FlowBytes == nil || s.FlowBytes.P95 != 2 || s.Warnings[0] != "careful" {
			t.Errorf("more is lost: %+v", s)
		}
	}
	_, s, err := play(document(one), document(two))
	if err != nil || s.Rows != 24 || s.Hosts != 0 || s.FlowBytes != nil || s.Detectors[0].Raised[detectors.Low] != 4 || len(s.Detectors) != 1 || len(s.Warnings) != 1 {
		t.Errorf("two documents: %v, %+v", err, s)
	}
}

// TestRulesKeepTheirPlace looks detectors up, and makes up those that are not
// known, each once.
func TestRulesKeepTheirPlace(t *testing.T) {
	strange := strings.Replace(one, `"vertical"`, `"sideways"`, 1)
	foreign := strings.Replace(strings.Replace(one, `"port-scan"`, `"own"`, 1), `"T1046"`, `"T1"`, 1)
	later := strings.Replace(one, `"T1046"`, `"T1046","T1595"`, 1)
	r := replay.New([]*flow.Source{flow.BytesSource("in", []byte(strings.Join([]string{one, one, strange, strange, foreign, foreign, later, later}, "\n")),
		&flow.Options{Symbols: flow.NewSymbols()})}, chain)
	all, _, err := r.All(context.Background())
	if err != nil || len(all) != 8 {
		t.Fatal(len(all), err)
	}
	for i := 0; i < len(all); i += 2 {
		if all[i].Rule != all[i+1].Rule || all[i].Detector != all[i+1].Detector {
			t.Errorf("alerts %d and %d have each a rule of their own", i, i+1)
		}
	}
	if all[0].Detector != chain[0] || all[0].Rule != &chain[0].Rules[0] {
		t.Error("a rule that is known is not found")
	}
	if all[2].Detector != chain[0] || all[2].Rule.ID != "sideways" || all[2].Rule.Severity != detectors.High {
		t.Errorf("an unknown rule: %+v", all[2].Rule)
	}
	if all[4].Detector.ID != "own" || all[4].Rule.ATTACK[0] != "T1" {
		t.Errorf("an unknown detector: %+v", all[4].Detector)
	}
	if r := all[6].Rule; r == all[0].Rule || len(r.ATTACK) != 2 || r.Severity != detectors.High {
		t.Errorf("a rule of another version: %+v", r)
	}
}

// TestASinkMayStop ends a replay by its own error, or by the caller's wish.
func TestASinkMayStop(t *testing.T) {
	sources := func() []*flow.Source {
		return []*flow.Source{flow.BytesSource("in", []byte(one+"\n"+two), &flow.Options{Symbols: flow.NewSymbols()})}
	}
	full := errors.New("disk full")
	n := 0
	sum, err := replay.New(sources(), chain).Each(context.Background(), func(*detectors.Alert) error { n++; return full })
	if n != 1 || !errors.Is(err, full) || errors.Is(err, analyzer.ErrInput) || sum.Interrupted {
		t.Errorf("%d alerts were taken, %v", n, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	n = 0
	sum, err = replay.New(sources(), chain).Each(ctx, func(*detectors.Alert) error { n++; stop(); return nil })
	if n != 1 || err != nil || !sum.Interrupted {
		t.Errorf("%d alerts were taken after the interrupt, %v, %v", n, err, sum.Interrupted)
	}
}

// FuzzReplay holds: no input makes a replay panic, and what it reads it reads
// again from what it wrote.
func FuzzReplay(f *testing.F) {
	for _, text := range []string{one + "\n" + two, document(one, two), "[" + one + "]", "{}", "{\"alerts\":[", one[:90], "\xef\xbb\xbf[", `{"schema":"seine.alert/1"` + "\n" + one,
		strings.Replace(one, "101", `[1.50,1e3,-0,1E+2,null,true,["\ud800",18446744073709551616]]`, 1)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := replay.New([]*flow.Source{flow.BytesSource("in", text, &flow.Options{Symbols: flow.NewSymbols()})}, chain)
		all, _, _ := r.All(context.Background())
		first := written(t, "ndjson", r.Names(), all)
		again, same, _ := reread(t, first)
		if second := written(t, "ndjson", again.Names(), same); !bytes.Equal(first, second) {
			t.Fatalf("written\n%s\nread and written\n%s", first, second)
		}
	})
}

func BenchmarkReplay(b *testing.B) {
	text := []byte(strings.Repeat(one+"\n"+two+"\n", 500))
	for name, text := range map[string][]byte{"lines": text, "document": []byte(document(strings.Split(strings.TrimSpace(string(text)), "\n")...))} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r := replay.New([]*flow.Source{flow.BytesSource("in", text, &flow.Options{Symbols: flow.NewSymbols()})}, chain)
				n := 0
				if _, err := r.Each(context.Background(), func(*detectors.Alert) error { n++; return nil }); err != nil || n != 1000 {
					b.Fatal(n, err)
				}
			}
		})
	}
}
