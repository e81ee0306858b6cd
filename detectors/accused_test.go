package detectors_test

import (
	"testing"

	"seine/detectors"
	"seine/flow"
)

func TestWhoIsAccused(t *testing.T) {
	a, b := flow.AddrFrom4(0x0a000001), flow.AddrFrom4(0x0a000002)
	listed := &detectors.Rule{ID: "listed", Accuses: true}
	plain := &detectors.Rule{ID: "plain"}
	none := flow.Addr{}
	for _, c := range []struct {
		name            string
		rule            *detectors.Rule
		subject         detectors.Subject
		accused, target flow.Addr
	}{
		{"a source", plain, detectors.Address(a, detectors.RoleSrc), a, none},
		{"an address in no role", plain, detectors.Address(a, detectors.NoRole), a, none},
		{"a victim", plain, detectors.Address(a, detectors.RoleDst), none, a},
		{"a suspect destination", listed, detectors.Address(a, detectors.RoleDst), a, none},
		{"a pair", plain, detectors.Pair(a, b).WithPort(22), a, b},
		{"a host and itself", plain, detectors.Pair(a, a), a, none},
		{"a port", plain, detectors.Subject{}.WithPort(22), none, none},
		{"a victim without a rule", nil, detectors.Address(a, detectors.RoleDst), none, a},
	} {
		alert := detectors.Alert{Rule: c.rule, Subject: c.subject}
		if got, ok := alert.Accused(); ok != (c.accused != none) || ok && got != c.accused {
			t.Errorf("%s: accused %s, %v", c.name, got, ok)
		}
		if got, ok := alert.Target(); ok != (c.target != none) || ok && got != c.target {
			t.Errorf("%s: target %s, %v", c.name, got, ok)
		}
	}
}
