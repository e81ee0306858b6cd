package exposedservice

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
	"seine/flow/enrich/intel"
	"seine/flow/enrich/inventory"
)

// high is the CVSS base score from which on a vulnerability is severe.
const high = 7

// severity weighs a visit; see the README for the grid.
func (w *watcher) severity(s *inventory.Service, v *visit) detectors.Severity {
	large := w.answer > 0 && v.down >= w.answer
	worst := s.Worst()
	var sev detectors.Severity
	switch {
	case s == nil: // it answers, and that is all that is known
		sev = detectors.Low
		if large {
			sev = detectors.Medium
		}
	case worst == nil:
		sev = detectors.Medium
		if large {
			sev = detectors.High
		}
	case worst.KEV || large:
		sev = detectors.Critical
	case cvss(s) >= high:
		sev = detectors.High
	default:
		sev = detectors.Medium
	}
	if v.called != 0 {
		sev = min(sev+1, detectors.Critical)
	}
	return sev
}

// cvss is the highest base score of a service.
func cvss(s *inventory.Service) float64 {
	most := 0.0
	for i := range s.CVEs {
		most = max(most, s.CVEs[i].CVSS)
	}
	return most
}

// more reports whether a finding with so many flows is to be told anew: at
// first, at ten times as many, and in the end if there is anything new.
func more(flows, told uint64, last bool) bool {
	return told == 0 || flows >= 10*told || last && flows > told
}

// tellVisit reports a visit where there is something new; last says that
// nothing more will come.
func (w *watcher) tellVisit(at *flow.Record, k pairmap.Key, v *visit, last bool) {
	if v.flows == 0 {
		return
	}
	src, dst := w.env.Addr(k.Src), w.env.Addr(k.Dst)
	s := w.inv.Lookup(dst, k.Proto, k.Port)
	sev := w.severity(s, v)
	if sev <= v.severity && !more(v.flows, v.told, last) {
		return
	}
	e := w.reputation(src, v.first)
	if e == nil {
		e = &intel.Indicator{Score: -1} // it held before, and flows came out of order
	}
	v.severity, v.told = max(sev, v.severity), v.flows
	a := detectors.Alert{
		Rule: w.rules.reached, Severity: v.severity, Confidence: trust(e), Flows: v.flows + uint64(min(v.called, 1)),
		FirstSeen: v.first, LastSeen: v.last, Time: v.last, HasTime: true, Window: v.begin, HasWindow: true, Grows: true,
		Subject:  detectors.Pair(src, dst).WithPort(k.Port).WithProtocol(k.Proto),
		Evidence: detectors.Sample(w.shelf.Flows(v.shown), w.env.Evidence()),
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, which %s, was answered by %s", src, said(e), of(dst, k, s))
	fmt.Fprintf(&b, " in %s: %d bytes to it, %d back", count(v.flows, "flow"), v.up, v.down)
	if w.answer > 0 && v.down >= w.answer {
		fmt.Fprintf(&b, " (a large answer is %d)", w.answer)
	}
	b.WriteString(holes(s))
	a.Facts = append(reputationFacts(e, v.first),
		detectors.Uint("flows", v.flows), detectors.Uint("bytes_up", v.up), detectors.Uint("bytes_down", v.down), detectors.Uint("answer_threshold", w.answer))
	a.Facts = append(a.Facts, serviceFacts(s)...)
	if v.called != 0 {
		to, net := w.env.Addr(v.called), "the same network"
		if v.sameAS {
			net = "the same autonomous system"
		}
		fmt.Fprintf(&b, "; then it called %s port %d of %s", to, v.calledPort, net)
		a.Facts = append(a.Facts, detectors.Text("called", to.String()), detectors.Uint("called_port", uint64(v.calledPort)),
			detectors.Text("called_network", net), detectors.Float("called_after", float64(v.after)/float64(flow.Second)))
	}
	a.Summary = b.String()
	w.env.Report(at, a)
}

// tellKnock reports a visitor that got no answer.
func (w *watcher) tellKnock(at *flow.Record, k pairmap.Key, n *knock, last bool) {
	if n.flows == 0 || !more(n.flows, n.told, last) {
		return
	}
	n.told = n.flows
	if !w.env.Shows(w.rules.contact) {
		return
	}
	src := w.env.Addr(k.Src)
	e := w.reputation(src, n.first)
	if e == nil {
		e = &intel.Indicator{Score: -1}
	}
	w.env.Report(at, detectors.Alert{
		Rule: w.rules.contact, Confidence: trust(e) / 2, Flows: n.flows,
		FirstSeen: n.first, LastSeen: n.last, Time: n.last, HasTime: true, Window: n.begin, HasWindow: true, Grows: true,
		Subject:  detectors.Address(src, detectors.RoleSrc),
		Evidence: detectors.Sample(w.shelf.Flows(n.shown), w.env.Evidence()),
		Summary: fmt.Sprintf("%s, which %s, tried %s of the inventory in %s, and none was seen to serve it", src, said(e),
			count(uint64(n.services), "service"), count(n.flows, "flow")),
		Facts: append(reputationFacts(e, n.first), detectors.Uint("services", uint64(n.services)), detectors.Uint("flows", n.flows)),
	})
}

// tellDoor reports a service that is known to be exploited and open.
func (w *watcher) tellDoor(at *flow.Record, k pairmap.Key, o *door, last bool) {
	if o.flows == 0 || !more(o.flows, o.told, last) {
		return
	}
	o.told = o.flows
	dst := w.env.Addr(k.Dst)
	s := w.inv.Lookup(dst, k.Proto, k.Port)
	w.env.Report(at, detectors.Alert{
		Rule: w.rules.vulnerable, Confidence: sure(s), Flows: o.flows,
		FirstSeen: o.first, LastSeen: o.last, Time: o.last, HasTime: true, Window: o.begin, HasWindow: true, Grows: true,
		Subject:  detectors.Address(dst, detectors.RoleDst).WithPort(k.Port).WithProtocol(k.Proto),
		Evidence: detectors.Sample(w.shelf.Flows(o.shown), w.env.Evidence()),
		Summary: fmt.Sprintf("%s answered %s in %s%s", of(dst, k, s), count(uint64(o.clients), "outside client"),
			count(o.flows, "flow"), holes(s)),
		Facts: append([]detectors.Fact{
			detectors.Uint("clients", uint64(o.clients)), detectors.Uint("flows", o.flows),
			detectors.Uint("bytes_up", o.up), detectors.Uint("bytes_down", o.down),
		}, serviceFacts(s)...),
	})
}

// sure is how sure it is that a service has the vulnerability.
func sure(s *inventory.Service) float64 {
	switch v := s.Worst(); {
	case v == nil:
		return 0.3
	case strings.HasPrefix(v.Basis, "tested"):
		return 0.9
	case s.Packaged != "":
		return 0.4
	}
	return 0.6
}

// trust is how sure a list is of an address: its score, or 0.6; half of that
// for kinds of addresses that many harmless people share.
func trust(e *intel.Indicator) float64 {
	t := 0.6
	if e.Score >= 0 {
		t = float64(min(max(e.Score, 10), 90)) / 100
	}
	switch e.Category {
	case intel.TorExit, intel.Proxy, intel.Scanner:
		t /= 2
	}
	return t
}

// said is what a list says.
func said(e *intel.Indicator) string {
	if e.File == "" {
		return "lists have named"
	}
	text := fmt.Sprintf("%s:%d lists", e.File, e.Line)
	if e.Category != "" {
		text += " as " + e.Category
	}
	if e.Score >= 0 {
		text += fmt.Sprintf(" (score %d)", e.Score)
	}
	return text
}

// of names a service.
func of(dst flow.Addr, k pairmap.Key, s *inventory.Service) string {
	text := fmt.Sprintf("%s port %d/%s", dst, k.Port, k.Proto)
	if s != nil && s.Product != "" {
		text += fmt.Sprintf(" (%s)", strings.TrimSpace(s.Product+" "+s.Version))
	}
	return text
}

// holes tells the worst that is known of a service.
func holes(s *inventory.Service) string {
	v := s.Worst()
	switch {
	case s == nil:
		return "; the inventory does not have it"
	case v == nil:
		return "; no vulnerability of it is known"
	}
	text := fmt.Sprintf("; it may have %s (CVSS %g", v.ID, v.CVSS)
	if v.KEV {
		text += ", known to be exploited"
		if v.Ransomware {
			text += ", by ransomware too"
		}
	}
	text += ")"
	if n := len(s.CVEs) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text + ": " + v.Basis
}

func count(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// reputationFacts are what a list says.
func reputationFacts(e *intel.Indicator, at flow.Time) []detectors.Fact {
	if e.File == "" {
		return nil
	}
	fs := []detectors.Fact{detectors.Text("list", fmt.Sprintf("%s:%d", e.File, e.Line)), detectors.Text("entry", e.Listed())}
	if e.Category != "" {
		fs = append(fs, detectors.Text("category", e.Category))
	}
	if e.Malware != "" {
		fs = append(fs, detectors.Text("malware", e.Malware))
	}
	if e.Score >= 0 {
		fs = append(fs, detectors.Uint("score", uint64(e.Score)))
	}
	if age, ok := e.Age(at); ok {
		fs = append(fs, detectors.Uint("list_age_days", uint64(age/(24*3600*flow.Second))))
	}
	return fs
}

// serviceFacts are what the inventory and the databases say.
func serviceFacts(s *inventory.Service) []detectors.Fact {
	if s == nil {
		return []detectors.Fact{detectors.Bool("in_inventory", false)}
	}
	fs := []detectors.Fact{detectors.Bool("in_inventory", true), detectors.Text("inventory", fmt.Sprintf("%s:%d", s.File, s.Line))}
	if s.HasDate {
		fs = append(fs, detectors.Moment("scanned", s.Date))
	}
	if s.Product != "" {
		fs = append(fs, detectors.Text("product", strings.TrimSpace(s.Product+" "+s.Version)))
	}
	v := s.Worst()
	if v == nil {
		return append(fs, detectors.Uint("vulnerabilities", 0))
	}
	var ids []string
	epss := 0.0
	for i := range s.CVEs {
		if i < 5 {
			ids = append(ids, s.CVEs[i].ID)
		}
		epss = max(epss, s.CVEs[i].EPSS)
	}
	fs = append(fs, detectors.Uint("vulnerabilities", uint64(len(s.CVEs))), detectors.Texts("cve", ids),
		detectors.Float("cvss", cvss(s)), detectors.Float("cvss_threshold", high))
	if epss > 0 {
		fs = append(fs, detectors.Float("epss", epss))
	}
	fs = append(fs, detectors.Bool("kev", v.KEV))
	if v.KEV {
		fs = append(fs, detectors.Text("kev_entry", v.KEVSource), detectors.Bool("ransomware", v.Ransomware))
	}
	return append(fs, detectors.Text("basis", v.Basis), detectors.Text("cve_entry", fmt.Sprintf("%s:%d", v.File, v.Line)))
}

// Close implements detectors.Watcher: findings say their last words, in the
// order in which they began.
func (w *watcher) Close() {
	type last struct {
		number uint32
		tell   func()
	}
	var all []last
	w.visits.All(func(k pairmap.Key, _ flow.Time, v *visit) bool {
		all = append(all, last{v.number, func() { w.tellVisit(nil, k, v, true) }})
		return true
	})
	w.knocks.All(func(k pairmap.Key, _ flow.Time, n *knock) bool {
		all = append(all, last{n.number, func() { w.tellKnock(nil, k, n, true) }})
		return true
	})
	w.doors.All(func(k pairmap.Key, _ flow.Time, o *door) bool {
		all = append(all, last{o.number, func() { w.tellDoor(nil, k, o, true) }})
		return true
	})
	slices.SortFunc(all, func(a, b last) int { return cmp.Compare(a.number, b.number) })
	for _, l := range all {
		l.tell()
	}
}
