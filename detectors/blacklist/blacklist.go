// Package blacklist reports flows from and to listed addresses.
package blacklist

import (
	_ "embed"
	"strconv"

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
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "blacklisted", Title: "one end of the flow is on a list", Severity: detectors.High, ATTACK: []string{"T1071"}, Accuses: true},
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

type watcher struct {
	env   *detectors.Env
	rule  *detectors.Rule
	list  *prefixes.Table
	clean hostmap.Bits // hosts known to be on no list
}

// Flows implements detectors.Watcher. Whether an address is listed is worked
// out when it is first seen; a listed one is looked up each time, for the
// entry that the alert names.
func (w *watcher) Flows(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		if !w.clean.Has(r.SrcHost) {
			w.look(r, r.SrcHost, detectors.RoleSrc, r.Src, r.Dst)
		}
		if !w.clean.Has(r.DstHost) {
			w.look(r, r.DstHost, detectors.RoleDst, r.Dst, r.Src)
		}
	}
}

func (w *watcher) look(r *flow.Record, h flow.Host, role detectors.Role, a, peer flow.Addr) {
	entry, hit := w.list.Lookup(a)
	if !hit {
		w.clean.Set(h)
		return
	}
	if !w.env.Shows(w.rule) {
		return
	}
	did := " and sent a flow to "
	if role == detectors.RoleDst {
		did = " and received a flow from "
	}
	listed := entry.String()
	text := a.AppendTo(make([]byte, 0, 160))
	text = append(append(append(text, " is listed ("...), listed...), " in "...)
	text = append(append(text, entry.File...), " line "...)
	text = append(append(strconv.AppendInt(text, int64(entry.Line), 10), ')'), did...)
	text = peer.AppendTo(text)
	w.env.Report(r, detectors.Alert{
		Rule: w.rule, Subject: detectors.Address(a, role),
		Summary: string(text),
		Facts: []detectors.Fact{
			detectors.Text("list", entry.File), detectors.Text("entry", listed),
			detectors.Uint("line", uint64(entry.Line)),
		},
	})
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	for _, h := range hs {
		w.clean.Unset(h)
	}
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) {}

// Close implements detectors.Watcher.
func (w *watcher) Close() {}
