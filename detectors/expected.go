package detectors

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"seine/flow"
	"seine/flow/enrich/assets"
)

// judgeRole makes of an alert what the role of a machine makes of it; see
// Rule.Expects and Rule.Unlike. It costs nothing where no assets are known.
func (e *Env) judgeRole(a *Alert) {
	table := e.assets()
	if table == nil || !a.Rule.asksRole() {
		return
	}
	var accused, target *assets.Asset
	var who, whom flow.Addr
	var ok bool
	if len(a.Rule.Expects)+len(a.Rule.Unlike) > 0 {
		if who, ok = a.Accused(); ok {
			accused = table.Lookup(who)
		}
	}
	if len(a.Rule.ExpectsAt) > 0 {
		if whom, ok = a.Target(); ok {
			target = table.Lookup(whom)
		}
	}
	if r, ok := oneOf(accused, a.Rule.Expects); ok && (!a.Rule.Inward || e.staysInside(a)) {
		e.expected(a, who, accused, r)
		return
	}
	if r, ok := oneOf(target, a.Rule.ExpectsAt); ok {
		e.expected(a, whom, target, r)
		return
	}
	if r, ok := oneOf(accused, a.Rule.Unlike); ok {
		a.say("unlikely_role", "Unlikely", who, accused, r)
		if a.Confidence > 0 { // half of what doubt there is goes
			a.Confidence = math.Round((1-(1-min(a.Confidence, 1))/2)*100) / 100
		}
	}
}

// staysInside reports whether the other end of what an alert tells is internal.
func (e *Env) staysInside(a *Alert) bool {
	to, ok := a.Target()
	if !ok {
		return false
	}
	if e.inside == nil {
		e.inside = e.Network()
	}
	return e.inside.Kind(to).Internal()
}

// assets are the machines that are known, or nil.
func (e *Env) assets() *assets.Table {
	if e.set.Known == nil {
		return nil
	}
	return e.set.Known.Assets
}

// asksRole reports whether roles may change what the rule says.
func (r *Rule) asksRole() bool { return len(r.Expects)+len(r.ExpectsAt)+len(r.Unlike) > 0 }

// oneOf is the first role of an asset that is among some.
func oneOf(a *assets.Asset, roles []assets.Role) (assets.Role, bool) {
	if a == nil {
		return "", false
	}
	for _, r := range a.Roles {
		if slices.Contains(roles, r) {
			return r, true
		}
	}
	return "", false
}

// expected makes an alert what is told for completeness.
func (e *Env) expected(a *Alert, ip flow.Addr, asset *assets.Asset, r assets.Role) {
	a.Severity = Info
	a.say("expected_role", "Expected", ip, asset, r)
	if e.explained == nil {
		e.explained = e.Tally("expected", "alerts that the role of a machine explains, told as info")
	}
	e.explained.N++
}

// say adds to an alert what role a machine has.
func (a *Alert) say(fact, word string, ip flow.Addr, asset *assets.Asset, r assets.Role) {
	source := asset.Source(r)
	facts := append(slices.Clip(a.Facts), Text(fact, string(r)))
	name := ""
	if asset.Name != "" {
		facts = append(facts, Text("asset", asset.Name))
		name = " (" + asset.Name + ")"
	}
	a.Facts = append(facts, Text("role_source", source))
	a.Summary = fmt.Sprintf("%s. %s of %s%s, whose role is %s (%s)",
		strings.TrimRight(a.Summary, "."), word, ip, name, r, source)
}
