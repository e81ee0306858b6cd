package triage_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"seine/analyzer"
	"seine/analyzer/triage"
	"seine/detectors"
	"seine/flow"
)

func ignoring(t testing.TB, text string) analyzer.Ignorer {
	t.Helper()
	r, err := triage.Load(triage.Files{Ignore: []string{fileOf(t, text)}}, triage.Scope{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return r.Ignorer()
}

func connection(src, dst string, port uint16) *flow.Record {
	return &flow.Record{
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort, Start: moment("2026-03-10T02:30:00Z"),
		Src: addr(src), Dst: addr(dst), SrcPort: 40000, DstPort: port, Proto: flow.TCP,
	}
}

// TestConditionsOfIgnoreRules asks each whether it is about one connection.
func TestConditionsOfIgnoreRules(t *testing.T) {
	for rule, want := range map[string]bool{
		"src: 10.0.0.9":                                      true,
		"src: [192.0.2.1, 10.0.0.8/31]":                      true,
		"src: 10.0.0.10-10.0.0.20":                           false,
		"dst: 10.0.0.9":                                      false,
		"dst: 198.51.100.0/24":                               true,
		"either: 10.0.0.9":                                   true,
		"either: 198.51.100.4":                               true,
		"either: 0.0.0.0/0":                                  true,
		"either: '::/0'":                                     false,
		"src_port: 40000":                                    true,
		"port: 443":                                          true,
		"port: [1-10, 39999-40001]":                          true,
		"dst_port: 80":                                       false,
		"protocol: [udp, tcp]":                               true,
		"service: ssl":                                       false,
		"time: 02:00-03:00":                                  true,
		"time: 03:00-02:00":                                  false,
		"weekdays: mon-wed":                                  true,
		"weekdays: [sun, sat]":                               false,
		"when: src_port > dst_port":                          true,
		"when: dst_bytes > 0":                                false,
		"when: not (dst_bytes > 0)":                          false,
		"when: external(dst_ip)":                             true,
		"src: 10.0.0.9\n    dst_port: 443":                   true,
		"src: 10.0.0.9\n    dst_port: 80":                    false,
		"src: 10.0.0.9\n    dst: 10.0.0.0/8":                 false,
		"src: 10.0.0.9\n    expires: 2026-03-09":             false,
		"src: 10.0.0.9\n    expires: 2026-03-10":             true,
		"src: 10.0.0.9\n    when: dst_port in [22, 80, 443]": true,
	} {
		g := ignoring(t, "ignore:\n  - reason: because\n    "+rule+"\n")
		if got := g.Ignore(connection("10.0.0.9", "198.51.100.4", 443)); got != want {
			t.Errorf("%s is about the connection: %v", rule, got)
		}
		if n := g.Uses(0)[0].Hidden; n == 1 != want {
			t.Errorf("%s counts %d", rule, n)
		}
	}
	if r, _ := triage.Load(triage.Files{}, triage.Scope{}); r.Ignorer() != nil {
		t.Error("no rules make an ignorer")
	}
}

// TestTheIndexChangesNothing compares many rules, of which an index leaves few
// to try, with the same rules one by one.
func TestTheIndexChangesNothing(t *testing.T) {
	addrs := []string{"10.0.0.1", "10.0.0.2", "10.0.0.255", "10.0.1.0", "192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "2001:db8::ffff", "::ffff:10.0.0.1", "::", "ffff::1"}
	lists := []string{"10.0.0.1", "10.0.0.0/24", "10.0.0.2-10.0.1.0", "0.0.0.0/0", "255.255.255.255", "2001:db8::/64", "'::/0'", "'::ffff:10.0.0.0/120'", "192.0.2.0/24", "10.0.0.0/8"}
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		var rules []string
		for i := range rapid.IntRange(1, 70).Draw(rt, "rules") {
			rule := fmt.Sprintf("  - reason: r%d\n", i)
			any := false
			for _, side := range []string{"src", "dst", "either"} {
				if k := rapid.IntRange(0, 5).Draw(rt, side); k < 2 {
					any = true
					rule += "    " + side + ": [" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(lists), 1, 3).Draw(rt, "list"), ", ") + "]\n"
				}
			}
			if !any || rapid.IntRange(0, 3).Draw(rt, "ported") == 0 {
				rule += fmt.Sprintf("    dst_port: %d\n", rapid.IntRange(0, 5).Draw(rt, "port"))
			}
			rules = append(rules, rule)
		}
		load := func(rules []string) analyzer.Ignorer {
			name := fmt.Sprintf("%s/%d.yaml", dir, n)
			writeFile(t, name, "ignore:\n"+strings.Join(rules, ""))
			r, err := triage.Load(triage.Files{Ignore: []string{name}}, triage.Scope{})
			if err != nil {
				rt.Fatal(err)
			}
			return r.Ignorer()
		}
		all := load(rules)
		single := make([]analyzer.Ignorer, len(rules))
		for i := range rules {
			single[i] = load(rules[i : i+1])
		}
		want := make([]uint64, len(rules))
		for range 40 {
			f := connection(rapid.SampledFrom(addrs).Draw(rt, "from"), rapid.SampledFrom(addrs).Draw(rt, "to"), uint16(rapid.IntRange(0, 6).Draw(rt, "dst port")))
			first := -1
			for i := range single {
				if single[i].Ignore(f) && first < 0 {
					first = i
					want[i]++
				}
			}
			if got := all.Ignore(f); got != (first >= 0) {
				rt.Fatalf("%v → %v:%d is ignored: %v, by rule %d alone", f.Src, f.Dst, f.DstPort, got, first)
			}
		}
		for i, u := range all.Uses(0) {
			alone := single[i].Uses(0)[0].Hidden
			// Within a group a rule knows what an earlier one has hidden.
			if u.Hidden != want[i] || u.Hidden+u.Also > alone {
				rt.Fatalf("rule %d: %d and %d, alone %d, first %d", i, u.Hidden, u.Also, alone, want[i])
			}
		}
	})
}

// TestBaseline marks what is new and worse, and tells what is gone.
func TestBaseline(t *testing.T) {
	later := func(a *detectors.Alert) *detectors.Alert {
		a.Time, a.FirstSeen, a.LastSeen = a.Time+86400*flow.Second, a.FirstSeen+86400*flow.Second, a.LastSeen+86400*flow.Second
		return a
	}
	milder := scan()
	milder.Severity = detectors.Low
	other := upload()
	other.Subject.DstPort = 8443
	for _, c := range []struct {
		match       string
		old, new    []*detectors.Alert
		floor       detectors.Severity
		ran         []analyzer.DetectorSummary
		want        string
		gone        int
		unchecked   uint64
		fresh, same uint64
		worse       uint64
	}{
		{match: "id", old: []*detectors.Alert{scan(), upload()}, new: []*detectors.Alert{scan(), other}, want: "known new", gone: 1, fresh: 1, same: 1},
		{match: "id", old: []*detectors.Alert{scan()}, new: []*detectors.Alert{later(scan())}, want: "new", gone: 1, fresh: 1},
		{match: "subject", old: []*detectors.Alert{scan()}, new: []*detectors.Alert{later(scan()), scan()}, want: "known known", same: 2},
		{match: "id", old: []*detectors.Alert{milder}, new: []*detectors.Alert{scan()}, want: "known!", same: 1, worse: 1},
		{match: "id", old: []*detectors.Alert{scan()}, new: []*detectors.Alert{milder}, want: "known", same: 1},
		{match: "id", old: []*detectors.Alert{milder, upload()}, floor: detectors.Medium, gone: 1, unchecked: 1},
		{match: "id", old: []*detectors.Alert{scan(), upload()}, ran: []analyzer.DetectorSummary{{ID: "port-scan"}, {ID: "exfiltration", Skipped: "no bytes"}}, gone: 1, unchecked: 1},
		{match: "id", old: []*detectors.Alert{scan(), upload()}, ran: []analyzer.DetectorSummary{{ID: "exfiltration"}}, gone: 1, unchecked: 1},
	} {
		b := triage.NewBaseline(c.old, c.match)
		var out collect
		s := b.Compare(c.floor, analyzer.Tally(&out))
		for _, a := range c.new {
			if err := s.Alert(a); err != nil {
				t.Fatal(err)
			}
			if a.Status != detectors.NotCompared {
				t.Error("the alert of another was changed")
			}
		}
		if err := s.Close(&analyzer.Summary{Detectors: c.ran}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range out.alerts {
			word := a.Status.String()
			if a.Worse {
				word += "!"
			}
			got = append(got, word)
		}
		x := out.sum.Compared
		if strings.Join(got, " ") != c.want || len(x.Gone) != c.gone || x.Unchecked != c.unchecked || sum(x.New) != c.fresh || sum(x.Known) != c.same || sum(x.Worse) != c.worse {
			t.Errorf("%+v:\n%v %+v", c, got, x)
		}
	}
}

func sum(n [detectors.Severities]uint64) (s uint64) {
	for _, v := range n {
		s += v
	}
	return s
}

// TestDiff tells each finding once.
func TestDiff(t *testing.T) {
	milder := scan()
	milder.Severity = detectors.Low
	other := upload()
	other.Subject.DstPort = 8443
	changes := func(before, after []*detectors.Alert) string {
		var got []string
		for _, d := range triage.Diff(before, after, triage.ByID) {
			got = append(got, d.Change.String())
		}
		return strings.Join(got, " ")
	}
	type list = []*detectors.Alert
	for _, c := range []struct {
		before, after list
		want          string
	}{
		{nil, nil, ""},
		{nil, list{scan(), upload()}, "new new"},
		{list{scan(), upload()}, nil, "gone gone"},
		{list{scan(), upload()}, list{upload(), scan()}, "same same"},
		{list{milder}, list{scan()}, "worse"},
		{list{scan()}, list{milder}, "milder"},
		{list{scan(), milder}, list{scan()}, "same"},
		{list{upload()}, list{other, scan()}, "new new gone"},
	} {
		if got := changes(c.before, c.after); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}

// BenchmarkIgnore is the cost of twenty rules for a flow that none is about.
func BenchmarkIgnore(b *testing.B) {
	rules := "ignore:\n"
	for i := range 16 {
		side := []string{"src", "dst", "either"}[i%3]
		rules += fmt.Sprintf("  - reason: r\n    %s: [10.1.%d.0/24, 192.0.2.%d]\n    dst_port: [22, 443]\n", side, i, i)
	}
	for i := range 4 {
		rules += fmt.Sprintf("  - reason: r\n    when: dst_port == %d and protocol == 'udp'\n", 5000+i)
	}
	g := ignoring(b, rules)
	for _, hosts := range []int{100, 100_000} {
		flows := make([]flow.Record, 8192)
		for i := range flows {
			h := i * 7919 % hosts // of so many, a few thousand at a time, as in a batch
			flows[i] = *connection(fmt.Sprintf("10.2.%d.%d", h/250%250, h%250), fmt.Sprintf("203.%d.%d.%d", h/62500%250, h/250%250, h%250), 443)
		}
		b.Run(fmt.Sprintf("hosts=%d", hosts), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(0)
			for i := 0; b.Loop(); i++ {
				if g.Ignore(&flows[i%len(flows)]) {
					b.Fatal("ignored")
				}
			}
		})
	}
}
