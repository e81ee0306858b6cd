package lateralmovement

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// kindsOf names the services of a set.
func kindsOf(set uint8) []string {
	var all []string
	for c, name := range names {
		if set>>c&1 != 0 {
			all = append(all, name)
		}
	}
	return all
}

// tell reports what a source administers.
func (w *watcher) tell(h flow.Host, s *source) {
	s.waits = false
	var set uint8
	var list []string
	var sessions, tried, carried uint64
	found, fresh, level := s.found, false, detectors.Info
	for i := range s.list {
		t := &s.list[i]
		if t.host == 0 {
			break
		}
		// Since it was found the target may have turned out to be a server.
		kinds, l := t.kinds, t.level
		if b := w.servers.Find(pairmap.Key{Dst: t.host}); b != nil && b.shares(w.clients) {
			kinds &^= 1<<smb | 1<<rpc
			if points(kinds) < enough {
				l = min(l, detectors.Low)
			}
		}
		if w.directory.Has(t.host) || kinds&executes == 0 || bits.OnesCount8(kinds) < 2 {
			found--
			continue
		}
		if e := w.edges.Find(pairmap.Pair(h, t.host)); e != nil {
			sessions += uint64(e.sessions)
			tried += uint64(e.tried)
			carried += uint64(e.carried)
		}
		set |= kinds
		fresh = fresh || t.fresh
		level = max(level, l)
		list = append(list, fmt.Sprintf("%s (%s)", t.addr, strings.Join(kindsOf(kinds), "+")))
	}
	if len(list) == 0 {
		return
	}
	station := s.managed >= w.targets
	if station && !s.fresh {
		level = detectors.Low
	}
	s.told, s.said = s.found, level
	sure := 0.25 + 0.08*float64(min(bits.OnesCount8(set), 5))
	what := ""
	switch {
	case fresh && s.fresh:
		sure += 0.25
		what = "; it administered nobody before, and these services were not in use there"
	case fresh:
		sure += 0.15
		what = "; these services were not in use there before"
	}
	if station {
		sure -= 0.2
		what += fmt.Sprintf("; it administers %d machines (a management station does from %d on)", s.managed, w.targets)
	}
	src := w.env.Addr(h)
	w.env.Report(nil, detectors.Alert{
		Rule: w.remote, Severity: level, Confidence: min(float64(int(sure*100+0.5))/100, 0.9),
		Subject: detectors.Address(src, detectors.RoleSrc),
		Summary: fmt.Sprintf("%s used services of administration (%s) of %s within %s%s", src, strings.Join(kindsOf(set), ", "),
			listed(list, int(found)), detectors.Span(time.Duration(w.window)*time.Second), what),
		Facts: []detectors.Fact{
			detectors.Texts("targets", list), detectors.Uint("found", uint64(found)),
			detectors.Texts("services", kindsOf(set)), detectors.Uint("points", uint64(points(set))), detectors.Uint("points_limit", enough),
			detectors.Uint("managed", uint64(s.managed)), detectors.Uint("managed_limit", uint64(w.targets)),
			detectors.Bool("new_service", fresh), detectors.Bool("new_source", s.fresh),
			detectors.Uint("rpc_ports_tried", tried), detectors.Uint("rpc_ports_answered", carried),
			detectors.Moment("since", s.start),
		},
		Evidence: w.shelf.Flows(s.shown), Flows: max(sessions, 1), Grows: true,
		Window: s.start, HasWindow: true, Time: s.since, HasTime: true, FirstSeen: s.start, LastSeen: max(s.last, s.start),
	})
}

// listed is a list with no more than three things in it, of n.
func listed(list []string, n int) string {
	n = max(n, len(list))
	if len(list) > 3 {
		list = list[:3]
	}
	text := strings.Join(list, ", ")
	if n > len(list) {
		text += fmt.Sprintf(" and %d more", n-len(list))
	}
	return text
}

// tellPath reports a chain, unless it has been explained since.
func (w *watcher) tellPath(p *path) {
	if w.directory.Has(p.over) || w.directory.Has(p.to) {
		return
	}
	for _, h := range [...]flow.Host{p.from, p.over} {
		if s := w.sources.Find(pairmap.Key{Src: h}); s != nil && s.managed >= w.targets {
			return
		}
	}
	var sets [2]uint8
	for i, hop := range [...][2]flow.Host{{p.from, p.over}, {p.over, p.to}} {
		if e := w.edges.Find(pairmap.Pair(hop[0], hop[1])); e != nil {
			sets[i] = e.together(seconds(p.flow.Start), 2*w.window)
		}
		if b := w.servers.Find(pairmap.Key{Dst: hop[1]}); b != nil && b.shares(w.clients) && p.rank == 3 {
			return
		}
	}
	level, sure := detectors.Low, 0.3
	switch {
	case p.rank == 3:
		level, sure = detectors.High, 0.6
	case p.rank == 2:
		level, sure = detectors.Medium, 0.5
	case p.hops >= 3:
		level, sure = detectors.Medium, 0.4
	}
	a, b, c := w.env.Addr(p.from), w.env.Addr(p.over), w.env.Addr(p.to)
	var flows []flow.Record
	if s := w.sources.Find(pairmap.Key{Src: p.from}); s != nil {
		for _, r := range w.shelf.Flows(s.shown) {
			if r.DstHost == p.over {
				flows = append(flows, r)
			}
		}
	}
	flows = append(flows, p.flow)
	slices.SortStableFunc(flows, inOrder)
	w.env.Report(nil, detectors.Alert{
		Rule: w.chain, Severity: level, Confidence: sure, Subject: detectors.Pair(a, c),
		Summary: fmt.Sprintf("path %s → %s → %s: the first administered the second (%s), and %s later that one the third (%s); limit %s",
			a, b, c, strings.Join(kindsOf(sets[0]), ", "), detectors.Span(time.Duration(p.gap)*time.Second), strings.Join(kindsOf(sets[1]), ", "),
			detectors.Span(time.Duration(w.window)*time.Second)),
		Facts: []detectors.Fact{
			detectors.Texts("path", []string{a.String(), b.String(), c.String()}), detectors.Uint("hops", uint64(p.hops)),
			detectors.Texts("services_first", kindsOf(sets[0])), detectors.Texts("services_second", kindsOf(sets[1])),
			detectors.Uint("gap", uint64(p.gap)), detectors.Uint("gap_limit", uint64(w.window)),
		},
		Evidence: detectors.Sample(flows, w.env.Evidence()), Time: p.flow.Start, HasTime: true,
	})
}

func inOrder(a, b flow.Record) int {
	if a.File != b.File {
		return int(a.File) - int(b.File)
	}
	switch {
	case a.Row < b.Row:
		return -1
	case a.Row > b.Row:
		return 1
	}
	return 0
}
