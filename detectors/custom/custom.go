// Package custom makes detectors of rules that users write: YAML files whose
// conditions are in the language of package where.
//
// [Parse] reads one file and [Load] any number; each rule becomes a
// [detectors.Detector] like those that Seine comes with. A rule either looks
// at flows one by one, or at groups of them in windows of event time, and then
// counts, adds up and compares.
package custom

import (
	_ "embed"
	"regexp"

	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich/assets"
)

// Doc describes how rules are written.
//
//go:embed README.md
var Doc string

// A rule is one as written, checked in its form.
type rule struct {
	file         *file
	line, column int

	id, title, doc string
	severity       detectors.Severity
	confidence     float64
	attack         []string
	expects        []assets.Role

	when, having, summary scalar
	by                    []scalar
	grouped               bool
	window                flow.Time // 0: all flows are one

	needs flow.Fields
	scope detectors.Scope
}

var (
	idForm     = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	attackForm = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
)

// detector makes the detector of a rule that has been checked.
func (r *rule) detector() *detectors.Detector {
	d := &detectors.Detector{
		ID: r.id, Title: r.title, Doc: r.markdown(),
		Rules: []detectors.Rule{{ID: r.id, Title: r.title, Severity: r.severity, ATTACK: r.attack, Expects: r.expects}},
		Needs: r.needs, Scope: r.scope,
	}
	d.New = func(env *detectors.Env) detectors.Watcher {
		if r.grouped {
			return newGroups(r, d, env)
		}
		return newSingle(r, d, env)
	}
	return d
}
