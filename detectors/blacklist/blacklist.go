// Package blacklist reports flows from and to listed addresses.
package blacklist

import (
	_ "embed"
	"fmt"

	"seine/detectors"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
)

//go:embed README.md
var doc string

// Detector describes the blacklist.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "blacklist",
		Title: "flows from and to addresses on the given lists",
		Doc:   doc,
		Rules: []detectors.Rule{
			{ID: "blacklisted", Title: "one end of the flow is on a list", Severity: detectors.High, ATTACK: []string{"T1071"}},
		},
		Needs: flow.HasAddrs,
		Scope: detectors.PerFlow,
	}
	d.New = func(env *detectors.Env) detectors.Watcher {
		list := env.Prefixes("lists", "files of addresses and prefixes; --blacklist FILE adds one")
		if list.Len() == 0 {
			env.Skip("no list is given (--blacklist FILE)")
			return nil
		}
		return &watcher{env: env, rule: d.Rule("blacklisted"), list: list}
	}
	return d
}

// A verdict on an address is worked out when it is first seen.
const (
	unknown = iota
	clean
	listed
)

type watcher struct {
	env      *detectors.Env
	rule     *detectors.Rule
	list     *prefixes.Table
	verdicts hostmap.Map[uint8]
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		if v := w.verdicts.At(r.SrcHost); *v != clean {
			w.look(v, r, detectors.RoleSrc, r.Src, r.Dst)
		}
		if v := w.verdicts.At(r.DstHost); *v != clean {
			w.look(v, r, detectors.RoleDst, r.Dst, r.Src)
		}
	}
}

func (w *watcher) look(v *uint8, r *flow.Record, role detectors.Role, a, peer flow.Addr) {
	entry, hit := w.list.Lookup(a)
	if !hit {
		*v = clean
		return
	}
	*v = listed
	if !w.env.Shows(w.rule) {
		return
	}
	did := "sent a flow to"
	if role == detectors.RoleDst {
		did = "received a flow from"
	}
	w.env.Report(r, detectors.Alert{
		Rule: w.rule, Subject: detectors.Address(a, role),
		Summary: fmt.Sprintf("%s is listed (%s in %s line %d) and %s %s", a, entry, entry.File, entry.Line, did, peer),
		Facts: []detectors.Fact{
			detectors.Text("list", entry.File), detectors.Text("entry", entry.String()),
			detectors.Uint("line", uint64(entry.Line)),
		},
	})
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	for _, h := range hs {
		*w.verdicts.At(h) = unknown
	}
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) {}

// Close implements detectors.Watcher.
func (w *watcher) Close() {}
