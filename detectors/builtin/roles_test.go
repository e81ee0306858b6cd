package builtin

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/enrich/assets"
)

// taken is an engine that takes what is reported.
type taken struct{ alerts []*detectors.Alert }

func (t *taken) Alert(_ *flow.Record, a *detectors.Alert) { t.alerts = append(t.alerts, a) }
func (t *taken) Addr(flow.Host) flow.Addr                 { return flow.Addr{} }
func (t *taken) Text(flow.Symbol) string                  { return "" }
func (t *taken) File(uint32) string                       { return "" }

// machines is a list in which a machine has a role.
func machines(t *testing.T, role assets.Role) *assets.Table {
	t.Helper()
	if tables[role] == nil {
		file := filepath.Join(t.TempDir(), "assets.csv")
		if err := os.WriteFile(file, fmt.Appendf(nil, "ip,name,role\n192.0.2.9,other,nothing-known\n%s,unit7,%s\n", known, role), 0o600); err != nil {
			t.Fatal(err)
		}
		var err error
		if tables[role], _, err = assets.Load([]string{file}); err != nil {
			t.Fatal(err)
		}
	}
	return tables[role]
}

var tables = map[assets.Role]*assets.Table{}

// one reports an alert of a rule where a machine has a role, or where nothing
// is known of it for "".
func one(t *testing.T, d *detectors.Detector, a detectors.Alert, role assets.Role, floor detectors.Severity) (*detectors.Alert, *detectors.Env) {
	t.Helper()
	set := detectors.Settings{Floor: floor}
	if role != "" {
		set.Known = &enrich.Knowledge{Assets: machines(t, role)}
	}
	var to taken
	set.Runtime = &to
	env := detectors.NewEnv(d, set)
	env.Report(nil, a)
	if len(to.alerts) == 0 {
		return nil, env
	}
	return to.alerts[0], env
}

var (
	known = flow.AddrFrom4(10<<24 | 7)
	other = flow.AddrFrom4(10<<24 | 8)

	stranger = flow.AddrFrom4(203<<24 | 113<<8 | 8)
)

// fact is a fact of an alert as text, or empty.
func fact(a *detectors.Alert, key string) string {
	for i := range a.Facts {
		if a.Facts[i].Key == key {
			return a.Facts[i].String()
		}
	}
	return ""
}

// Each role that a rule names changes what it says, of the machine at the end
// that the rule speaks of and of no other.
func TestRolesChangeWhatIsConcluded(t *testing.T) {
	rules := 0
	for _, d := range Chain() {
		for i := range d.Rules {
			rule := &d.Rules[i]
			if len(rule.Expects)+len(rule.ExpectsAt)+len(rule.Unlike) > 0 {
				rules++
			}
			alert := func(s detectors.Subject) detectors.Alert {
				return detectors.Alert{Rule: rule, Severity: detectors.High, Confidence: 0.5, Subject: s, Summary: "it was seen.",
					Facts: []detectors.Fact{detectors.Int("n", 1)}}
			}
			for _, role := range assets.Roles() {
				expects, at, unlike := has(rule.Expects, role), has(rule.ExpectsAt, role), has(rule.Unlike, role)
				for _, c := range []struct {
					end     string
					subject detectors.Subject
					info    bool
					surer   bool
				}{
					{"the source", detectors.Address(known, detectors.RoleSrc), expects && !rule.Inward, unlike},
					{"the first of a pair with a stranger", detectors.Pair(known, stranger), expects && !rule.Inward, unlike},
					{"the first of a pair", detectors.Pair(known, other), expects, unlike},
					{"the second of a pair", detectors.Pair(other, known), at, false},
					{"the victim", detectors.Address(known, detectors.RoleDst), at && !rule.Accuses, false},
					{"neither", detectors.Pair(other, other).WithPort(7), false, false},
				} {
					name := fmt.Sprintf("%s/%s of %s as %s", d.ID, rule.ID, role, c.end)
					got, _ := one(t, d, alert(c.subject), role, detectors.Info)
					if expectedRole := fact(got, "expected_role"); c.info != (got.Severity == detectors.Info) || c.info != (expectedRole == string(role)) {
						t.Errorf("%s: %s, expected role %q, want info: %v", name, got.Severity, expectedRole, c.info)
					}
					if c.surer && !c.info != (got.Confidence == 0.75 && fact(got, "unlikely_role") == string(role)) {
						t.Errorf("%s: confidence %v", name, got.Confidence)
					}
					if !c.info && !c.surer && (len(got.Facts) != 1 || got.Summary != "it was seen." || got.Confidence != 0.5 || got.Severity != detectors.High) {
						t.Errorf("%s changed: %+v", name, got)
					}
					if c.info && (fact(got, "asset") != "unit7" || !strings.HasSuffix(fact(got, "role_source"), "assets.csv:3") ||
						!strings.HasPrefix(got.Summary, "it was seen. Expected of 10.0.0.7 (unit7), whose role is "+string(role)+" (")) {
						t.Errorf("%s does not say why: %q, %+v", name, got.Summary, got.Facts)
					}
				}
			}
			got, _ := one(t, d, alert(detectors.Pair(known, other)), "", detectors.Info)
			if len(got.Facts) != 1 || got.Summary != "it was seen." || got.Confidence != 0.5 {
				t.Errorf("%s/%s changed without assets: %+v", d.ID, rule.ID, got)
			}
		}
	}
	if rules < 25 {
		t.Errorf("only %d rules ask for roles", rules)
	}
}

func has(roles []assets.Role, r assets.Role) bool {
	for _, have := range roles {
		if have == r {
			return true
		}
	}
	return false
}

// What lists say of an address, a guessed password and a flood of many sources
// are no role's work.
func TestWhatNoRoleExplains(t *testing.T) {
	for _, id := range []string{
		"blacklist/blacklisted", "brute-force/likely-success", "brute-force/distributed", "flood/syn-flood", "flood/reflection",
		"dns-tunnel/not-dns", "icmp-tunnel/unequal-echo",
	} {
		name, rule, _ := strings.Cut(id, "/")
		for _, d := range Chain() {
			if d.ID != name {
				continue
			}
			r := d.Rule(rule)
			if r == nil || len(r.Expects)+len(r.ExpectsAt) > 0 {
				t.Errorf("%s: %+v", id, r)
			}
		}
	}
	for _, d := range Chain() {
		for i := range d.Rules {
			r := &d.Rules[i]
			if has(r.ExpectsAt, assets.Proxy) {
				t.Errorf("%s/%s: what is done through a proxy is not the proxy's", d.ID, r.ID)
			}
			if d.ID == "brute-force" && has(r.Expects, assets.Scanner) {
				t.Errorf("%s/%s: a scanner that guesses passwords is worth telling", d.ID, r.ID)
			}
			for _, u := range r.Unlike {
				if has(r.Expects, u) {
					t.Errorf("%s/%s: %s does so and never does", d.ID, r.ID, u)
				}
			}
		}
	}
}

// What a role explains is under the floor, and is counted there and as
// expected; a rule that is under the floor is counted by what it comes to.
func TestExpectedAlertsAreCounted(t *testing.T) {
	for _, d := range Chain() {
		for i := range d.Rules {
			rule := &d.Rules[i]
			if len(rule.Expects) == 0 {
				continue
			}
			a := detectors.Alert{Rule: rule, Subject: detectors.Pair(known, other)}
			got, env := one(t, d, a, rule.Expects[0], detectors.Low)
			hidden := env.Hidden()
			if got != nil || hidden[detectors.Info] != 1 {
				t.Errorf("%s/%s: hidden %v", d.ID, rule.ID, hidden)
			}
			if c := env.Counters(); len(c) != 1 || c[0].Name != "expected" || c[0].N != 1 || !c[0].Ordinary {
				t.Errorf("%s/%s: counters %v", d.ID, rule.ID, c)
			}
			_, env = one(t, d, a, rule.Expects[0], detectors.Critical)
			shows := env.Shows(rule)
			if want := rule.Severity > detectors.Info; shows != want {
				t.Errorf("%s/%s: shown under the floor: %v, want %v, so that it is counted by what the role makes of it", d.ID, rule.ID, shows, want)
			}
			_, env = one(t, d, a, "", detectors.Critical)
			if env.Shows(rule) {
				t.Errorf("%s/%s: shown under the floor without assets", d.ID, rule.ID)
			}
		}
	}
}

// A confidence stays one.
func TestUnlikelyRolesOnlyRaiseTheConfidence(t *testing.T) {
	for _, d := range Chain() {
		for i := range d.Rules {
			rule := &d.Rules[i]
			if len(rule.Unlike) == 0 {
				continue
			}
			for before, want := range map[float64]float64{0: 0, 0.5: 0.75, 0.9: 0.95, 1: 1, 0.333: 0.67} {
				a := detectors.Alert{Rule: rule, Confidence: before, Subject: detectors.Address(known, detectors.RoleSrc)}
				got, _ := one(t, d, a, rule.Unlike[0], detectors.Info)
				if math.Abs(got.Confidence-want) > 1e-9 || got.Severity != rule.Severity {
					t.Errorf("%s/%s: %v became %v and %s, want %v", d.ID, rule.ID, before, got.Confidence, got.Severity, want)
				}
			}
		}
	}
}
