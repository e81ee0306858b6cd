package risk

import (
	"testing"

	"seine/analyzer"
	"seine/detectors"
)

// about adds what is known of an address to a finding.
func about(a *detectors.Alert, ip string, pairs ...string) *detectors.Alert {
	for i := 0; i < len(pairs); i += 2 {
		a.Annotations = append(a.Annotations, detectors.Annotation{IP: addr(ip), Key: pairs[i], Value: pairs[i+1], Source: "assets.csv:2"})
	}
	return a
}

func TestCriticalityWeighs(t *testing.T) {
	pair := detectors.Pair(addr("10.0.0.5"), addr("10.0.0.9"))
	of := func() *detectors.Alert { return finding(scan, detectors.Medium, 1, pair, "09:00", "09:00", "x") }
	for _, c := range []struct {
		name  string
		alert *detectors.Alert
		want  float64 // doubt is 0.7
	}{
		{"nothing known", of(), 30},
		{"low", about(of(), "10.0.0.5", "criticality", "low"), 30},
		{"medium", about(of(), "10.0.0.5", "criticality", "medium"), 30},
		{"another word", about(of(), "10.0.0.5", "criticality", "5"), 30},
		{"high", about(of(), "10.0.0.5", "criticality", "high"), 41.43},
		{"critical", about(of(), "10.0.0.5", "criticality", "critical"), 51},
		{"the target's", about(of(), "10.0.0.9", "criticality", "critical"), 51},
		{"the higher of two", about(about(of(), "10.0.0.9", "criticality", "critical"), "10.0.0.5", "criticality", "high"), 51},
	} {
		s := rank(t, Options{Internal: home}, c.alert)
		if got := s.Ranking[0].Score; got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	s := rank(t, Options{}, about(finding(scan, detectors.Info, 1, pair, "09:00", "09:00", "x"), "10.0.0.5", "criticality", "critical"))
	if len(s.Ranking) != 0 {
		t.Error("info counts where much depends on the machine")
	}
}

func TestHostsAreRankedWithWhatIsKnown(t *testing.T) {
	pair := detectors.Pair(addr("10.0.0.5"), addr("10.0.0.9"))
	one := about(finding(scan, detectors.High, 1, pair, "09:00", "09:00", "x"), "10.0.0.5", "asset", "nas", "role", "backup", "role", "server", "service", "445/tcp", "country", "NL")
	one = about(one, "10.0.0.9", "asset", "other")
	two := about(finding(guess, detectors.High, 1, bad, "10:00", "10:00", "x"), "10.0.0.5", "asset", "nas", "role", "backup", "owner", "it")
	s := rank(t, Options{}, one, two)
	got := ""
	for _, n := range s.Ranking[0].Notes {
		if n.IP != addr("10.0.0.5") {
			t.Errorf("%+v is of another", n)
		}
		got += n.Key + " " + n.Value + ", "
	}
	if want := "asset nas, role backup, role server, country NL, owner it, "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if s.Ranking[0].Notes[0].Key != analyzer.NoteAsset {
		t.Error("the name is not first")
	}
}
