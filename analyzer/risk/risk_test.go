package risk

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

var (
	scan = &detectors.Detector{ID: "scan", Rules: []detectors.Rule{
		{ID: "sweep", ATTACK: []string{"T1046", "T1595.001"}}, {ID: "probe", ATTACK: []string{"T1046"}},
	}}
	guess  = &detectors.Detector{ID: "guess", Rules: []detectors.Rule{{ID: "password", ATTACK: []string{"T1110.001"}}}}
	upload = &detectors.Detector{ID: "upload", Rules: []detectors.Rule{{ID: "large", ATTACK: []string{"T1048.003"}}}}
	odd    = &detectors.Detector{ID: "odd", Rules: []detectors.Rule{{ID: "thing", ATTACK: []string{"T0000"}}, {ID: "listed", Accuses: true}}}
)

func addr(s string) flow.Addr {
	a, err := flow.ParseAddr([]byte(s))
	if err != nil {
		panic(err)
	}
	return a
}

// at is a moment of 2026-03-10, and of the days after it from 24:00 on.
func at(clock string) flow.Time {
	var h, m int
	if _, err := fmt.Sscanf(clock, "%d:%d", &h, &m); err != nil {
		panic(err)
	}
	return flow.Time(time.Date(2026, 3, 10, h, m, 0, 0, time.UTC).UnixNano())
}

// finding makes a finding of the first rule of d.
func finding(d *detectors.Detector, s detectors.Severity, sure float64, subject detectors.Subject, from, to, summary string) *detectors.Alert {
	return &detectors.Alert{
		Detector: d, Rule: &d.Rules[0], Severity: s, Confidence: sure, Subject: subject,
		Time: at(from), FirstSeen: at(from), LastSeen: at(to), Summary: summary, Count: 1,
	}
}

func rank(t testing.TB, o Options, alerts ...*detectors.Alert) *analyzer.Summary {
	t.Helper()
	s := &analyzer.Summary{}
	r := Rank(o, analyzer.Tee())
	for _, a := range alerts {
		if err := r.Alert(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(s); err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	home = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	bad  = detectors.Address(addr("10.0.0.5"), detectors.RoleSrc)
)

func TestScores(t *testing.T) {
	of := func(d *detectors.Detector, s detectors.Severity, sure float64) *detectors.Alert {
		return finding(d, s, sure, bad, "09:00", "09:00", "x")
	}
	many := make([]*detectors.Alert, 1000)
	for i := range many {
		many[i] = of(scan, detectors.Critical, 1)
	}
	for _, c := range []struct {
		name   string
		alerts []*detectors.Alert
		want   float64
	}{
		{"low", []*detectors.Alert{of(scan, detectors.Low, 1)}, 10},
		{"medium", []*detectors.Alert{of(scan, detectors.Medium, 1)}, 30},
		{"high", []*detectors.Alert{of(scan, detectors.High, 1)}, 60},
		{"critical", []*detectors.Alert{of(scan, detectors.Critical, 1)}, 90},
		{"half sure", []*detectors.Alert{of(scan, detectors.High, 0.5)}, 30},
		{"no say", []*detectors.Alert{of(scan, detectors.High, 0)}, 30},
		{"surer than sure", []*detectors.Alert{of(scan, detectors.High, 7)}, 60},
		{"not a number", []*detectors.Alert{of(scan, detectors.High, math.NaN())}, 30},
		{"two rules", []*detectors.Alert{of(scan, detectors.High, 1), of(guess, detectors.Medium, 1)}, 72},             // 1 − 0.4·0.7
		{"the same rule twice", []*detectors.Alert{of(scan, detectors.Medium, 1), of(scan, detectors.High, 1)}, 66},    // 1 − 0.4·0.85
		{"a thousand times", many, 96.97},                                                                              // 1 − 0.1·0.55·0.775·0.8875·0.94375 = 0.9643…
		{"three times", []*detectors.Alert{of(scan, 1, 1), of(scan, 1, 1), of(scan, 1, 1)}, 16.64},                     // 1 − 0.9·0.95·0.975
		{"everything", []*detectors.Alert{of(scan, 4, 1), of(guess, 4, 1), of(upload, 4, 1), of(odd, 4, 1)}, 99.99},    // 1 − 10⁻⁴
		{"all and more", append(many[:9:9], of(guess, 4, 1), of(upload, 4, 1), of(odd, 4, 1), of(guess, 4, 1)), 99.99}, // never 100
	} {
		s := rank(t, Options{}, c.alerts...)
		if c.name == "a thousand times" {
			c.want = math.Round((1-0.1*0.55*0.775*0.8875*0.94375)*1e4) / 100
		}
		if len(s.Ranking) != 1 || s.Ranking[0].Score != c.want {
			t.Errorf("%s: %+v, want a score of %v", c.name, s.Ranking, c.want)
		}
	}
}

func TestWhatDoesNotCount(t *testing.T) {
	pair := detectors.Pair(addr("10.0.0.5"), addr("10.0.0.9"))
	s := rank(t, Options{},
		finding(scan, detectors.Info, 1, detectors.Address(addr("10.0.0.1"), detectors.RoleSrc), "09:00", "09:00", "info"),
		finding(scan, detectors.High, 1, detectors.Subject{}.WithPort(23), "09:00", "09:00", "a port"),
		finding(guess, detectors.High, 1, pair, "09:00", "09:00", "a pair"),
		finding(odd, detectors.Medium, 1, detectors.Address(addr("10.0.0.9"), detectors.RoleDst), "09:00", "09:00", "a victim"),
		finding(scan, detectors.Low, 1, detectors.Address(addr("10.0.0.9"), detectors.RoleSrc), "09:00", "09:00", "its own"),
	)
	if len(s.Ranking) != 2 || s.Accused != 2 {
		t.Fatalf("%d hosts of %d, want 2: %+v", len(s.Ranking), s.Accused, s.Ranking)
	}
	first, second := s.Ranking[0], s.Ranking[1]
	if first.Addr != addr("10.0.0.5") || first.Score != 60 || first.Targeted != [detectors.Severities]uint64{} || len(first.TargetedBy) > 0 {
		t.Errorf("the source: %+v", first)
	}
	if second.Addr != addr("10.0.0.9") || second.Score != 10 || len(second.TargetedBy) != 2 ||
		second.Targeted != [detectors.Severities]uint64{0, 0, 1, 1, 0} || second.Findings != [detectors.Severities]uint64{0, 1, 0, 0, 0} {
		t.Errorf("the target: %+v", second)
	}
	listed := finding(odd, detectors.High, 1, detectors.Address(addr("192.0.2.9"), detectors.RoleDst), "09:00", "09:00", "listed")
	listed.Rule = &odd.Rules[1]
	if s = rank(t, Options{}, listed); len(s.Ranking) != 1 || s.Ranking[0].Score != 60 {
		t.Errorf("a listed destination: %+v", s.Ranking)
	}
}

// The score depends on which findings there are, not on when they come; more
// of them never lower it, and equal hosts stand in the order of addresses.
func TestOrderChangesNothing(t *testing.T) {
	all := []*detectors.Detector{scan, guess, upload, odd}
	rapid.Check(t, func(t *rapid.T) {
		var alerts []*detectors.Alert
		for range rapid.IntRange(1, 40).Draw(t, "n") {
			ip := flow.AddrFrom4(0x0a000000 + uint32(rapid.IntRange(0, 3).Draw(t, "host")))
			a := finding(rapid.SampledFrom(all).Draw(t, "detector"), detectors.Severity(rapid.IntRange(0, 4).Draw(t, "severity")),
				rapid.SampledFrom([]float64{0, 0.2, 0.7, 1}).Draw(t, "sure"), detectors.Address(ip, detectors.RoleSrc), "09:00", "09:00", "x")
			a.FirstSeen += flow.Time(rapid.IntRange(0, 5).Draw(t, "from")) * 3600 * flow.Second
			a.LastSeen = a.FirstSeen
			alerts = append(alerts, a)
		}
		run := func(alerts []*detectors.Alert) []analyzer.HostRisk {
			s := &analyzer.Summary{}
			r := Rank(Options{Internal: home}, analyzer.Tee())
			for _, a := range alerts {
				_ = r.Alert(a)
			}
			_ = r.Close(s)
			return s.Ranking
		}
		want := run(alerts)
		for i := range want {
			if want[i].Score <= 0 || want[i].Score >= 100 {
				t.Fatalf("a score of %v", want[i].Score)
			}
			if i > 0 && (want[i].Score > want[i-1].Score) {
				t.Fatalf("%v comes after %v", want[i].Score, want[i-1].Score)
			}
		}
		fewer := map[flow.Addr]float64{}
		for _, h := range run(alerts[:len(alerts)-1]) {
			fewer[h.Addr] = h.Score
		}
		for _, h := range want {
			if h.Score < fewer[h.Addr] {
				t.Fatalf("another finding took %s from %v to %v", h.Addr, fewer[h.Addr], h.Score)
			}
		}
		turned := slices.Clone(alerts)
		slices.Reverse(turned)
		for i, h := range run(turned) {
			if h.Addr != want[i].Addr || h.Score != want[i].Score || !cmp.Equal(h.Chain, want[i].Chain) || h.Findings != want[i].Findings {
				t.Fatalf("in another order: %+v, want %+v", h, want[i])
			}
		}
	})
}

func TestTheTableIsBounded(t *testing.T) {
	var alerts []*detectors.Alert
	for i := range 1000 {
		severity := detectors.Low
		if i%100 == 7 {
			severity = detectors.High
		}
		alerts = append(alerts, finding(scan, severity, 1, detectors.Address(flow.AddrFrom4(uint32(i)), detectors.RoleSrc), "09:00", "09:00", "x"))
	}
	r := Rank(Options{Hosts: 20, Top: 12}, analyzer.Tee()).(*ranking)
	for _, a := range alerts {
		if err := r.Alert(a); err != nil {
			t.Fatal(err)
		}
		if len(r.hosts) > 20 {
			t.Fatalf("%d hosts are held", len(r.hosts))
		}
	}
	s := &analyzer.Summary{}
	if err := r.Close(s); err != nil {
		t.Fatal(err)
	}
	if len(s.Ranking) != 12 || s.Accused != 1000 || len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "more than 20 hosts") {
		t.Errorf("%d of %d, warnings %q", len(s.Ranking), s.Accused, s.Warnings)
	}
	for i, h := range s.Ranking[:10] {
		if h.Score != 60 || h.Addr != flow.AddrFrom4(uint32(i*100+7)) {
			t.Errorf("place %d: %s with %v", i+1, h.Addr, h.Score)
		}
	}
}

func names(ts []analyzer.Tactic) string {
	var all []string
	for _, t := range ts {
		all = append(all, t.Name)
	}
	return strings.Join(all, " → ")
}

func TestAStoryInTheOrderOfTime(t *testing.T) {
	host := "10.0.0.5"
	alerts := []*detectors.Alert{
		finding(upload, detectors.High, 0.9, detectors.Pair(addr(host), addr("198.51.100.7")), "26:30", "50:00",
			"10.0.0.5 → 198.51.100.7: sent 4 GB"),
		finding(guess, detectors.Medium, 0.8, detectors.Pair(addr(host), addr("10.0.0.9")), "09:40", "09:55",
			"10.0.0.5 tried 250 times to log in at 10.0.0.9. Whether one was right cannot be told."),
		finding(guess, detectors.High, 0.8, detectors.Pair(addr(host), addr("10.0.0.8")), "10:05", "10:15",
			"10.0.0.5 tried 900 times to log in at 10.0.0.8."),
		finding(scan, detectors.High, 1, bad, "09:12", "09:12", "10.0.0.5 tried 64 hosts in vain"),
		finding(odd, detectors.Low, 0.1, bad, "09:00", "09:00", "10.0.0.5 and 10.0.0.6 are odd"),
	}
	s := rank(t, Options{Internal: home}, alerts...)
	h := s.Ranking[0]
	want := []string{
		"On 2026-03-10 at 09:12 it tried 64 hosts in vain (scan/sweep, high).",
		"From 09:40 to 10:15 it tried 900 times to log in at 10.0.0.8 (guess/password, high, the strongest of 2).",
		"From 2026-03-11 02:30 to 2026-03-12 02:00 towards 198.51.100.7: sent 4 GB (upload/large, high).",
		"One more rule accuses it.",
		"In this order: discovery → credential access → exfiltration.",
	}
	if d := cmp.Diff(want, h.Story); d != "" {
		t.Errorf("want (-) got (+):\n%s", d)
	}
	if got := names(h.Tactics); got != "discovery → credential access → exfiltration" {
		t.Errorf("tactics %s", got)
	}
	if got := names(h.Chain); got != "discovery → credential access → exfiltration" {
		t.Errorf("chain %s", got)
	}
	if h.First != at("09:00") || h.Last != at("50:00") || len(h.Rules) != 4 || h.Rules[0].Rule.ID != "sweep" {
		t.Errorf("%+v", h)
	}

	// Against the order of an attack, at the same time, and from doubtful
	// findings there is no chain.
	early := finding(upload, detectors.High, 1, bad, "08:00", "08:00", "x")
	late := finding(scan, detectors.High, 1, bad, "09:00", "09:00", "x")
	for name, pair := range map[string][2]*detectors.Alert{
		"backwards":    {early, late},
		"at once":      {finding(upload, detectors.High, 1, bad, "09:00", "09:00", "x"), late},
		"doubtful":     {finding(upload, detectors.Low, 0.5, bad, "10:00", "10:00", "x"), late},
		"one tactic":   {finding(scan, detectors.High, 1, bad, "10:00", "10:00", "x"), late},
		"none we know": {finding(odd, detectors.High, 1, bad, "10:00", "10:00", "x"), late},
	} {
		if got := rank(t, Options{Internal: home}, pair[:]...).Ranking[0].Chain; got != nil {
			t.Errorf("%s: a chain %s", name, names(got))
		}
	}
	if got := rank(t, Options{Internal: home}, alerts[3], alerts[4]).Ranking[0].Story; len(got) != 2 || got[1] != "One more rule accuses it." {
		t.Errorf("%q", got)
	}
	if got := rank(t, Options{}, alerts[4]).Ranking[0].Story; len(got) != 1 || got[0] != "On 2026-03-10 at 09:00: 10.0.0.5 and 10.0.0.6 are odd (odd/thing, low)." {
		t.Errorf("doubtful findings alone: %q", got)
	}
}

func TestAChainLeavesOutWhatIsOutOfOrder(t *testing.T) {
	of := func(place int, first string) analyzer.RuleRisk {
		return analyzer.RuleRisk{Tactic: killChain[place].Tactic, Score: 50, First: at(first)}
	}
	for _, c := range []struct {
		rules []analyzer.RuleRisk
		want  string
	}{
		{[]analyzer.RuleRisk{of(3, "09:00"), of(2, "10:00"), of(4, "11:00"), of(7, "12:00")}, "command and control → credential access → exfiltration"},
		{[]analyzer.RuleRisk{of(0, "12:00"), of(4, "09:00"), of(5, "10:00"), of(7, "08:00")}, "credential access → lateral movement"},
		{[]analyzer.RuleRisk{of(4, "09:00"), of(3, "10:00"), of(3, "08:00")}, "discovery → credential access"},
		{nil, ""},
	} {
		if got := names(chain(c.rules)); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestTacticsDependOnTheSide(t *testing.T) {
	for _, c := range []struct {
		ids  string
		of   side
		want string
	}{
		{"T1046 T1595.001", inside, "discovery"},
		{"T1046 T1595.001", outside, "reconnaissance"},
		{"T1046 T1595.001", anySide, "discovery"},
		{"T1046", outside, "discovery"},
		{"T1595", inside, "reconnaissance"},
		{"T0000 T1571", inside, "command and control"},
		{"T1498.001", outside, "impact"},
		{"T0000", inside, ""},
		{"", inside, ""},
	} {
		got := ""
		if place, ok := reached(strings.Fields(c.ids), c.of); ok {
			got = killChain[place].Name
		}
		if got != c.want {
			t.Errorf("%q from side %d: %q, want %q", c.ids, c.of, got, c.want)
		}
	}
	r := &ranking{o: Options{Internal: home}}
	name, _ := flow.NameAddr([]byte("comp42"))
	for a, want := range map[flow.Addr]side{addr("10.1.2.3"): inside, addr("192.0.2.1"): outside, addr("2001:db8::1"): outside, name: anySide} {
		if got := r.side(a); got != want {
			t.Errorf("%s: side %d, want %d", a, got, want)
		}
	}
}

func TestSummariesAreShortened(t *testing.T) {
	long := strings.Repeat("word ", 25)
	for _, c := range []struct{ in, want string }{
		{"it did this.", "it did this"},
		{"A sentence of 1. 5 parts. Another.", "A sentence of 1. 5 parts"},
		{long + "then (a, b, c and what else there may be), and so on and so on", long + "then"},
		{"it pushed 20 MB to a host of many letters and got nothing back (port 1337, " + long + long, "it pushed 20 MB to a host of many letters and got nothing back"},
		{"(" + long + long, "(" + strings.TrimSpace(long) + " word word …"},
		{long + "ends, and then there is more to tell of it", long + "ends"},
		{strings.Repeat("é", 200), strings.Repeat("é", clause) + " …"},
		{"", ""},
	} {
		if got := shorten(c.in); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func BenchmarkRank(b *testing.B) {
	alerts := make([]*detectors.Alert, 250_000)
	for i := range alerts {
		src, dst := flow.AddrFrom4(0x0a000000+uint32(i*7919%60_000)), flow.AddrFrom4(0xc6336400+uint32(i%500))
		alerts[i] = finding([]*detectors.Detector{scan, guess, upload}[i%3], detectors.Severity(1+i%4), float64(i%10)/10, detectors.Pair(src, dst), "09:00", "09:00", "x")
	}
	b.ReportAllocs()
	for b.Loop() {
		rank(b, Options{Internal: home}, alerts...)
	}
}
