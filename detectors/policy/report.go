package policy

import (
	"cmp"
	"fmt"
	"slices"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
	"seine/flow/enrich/inventory"
)

// tell reports a use.
func (w *watcher) tell(k pairmap.Key, u *use) {
	if u.flows == 0 {
		return // all of it was allowed
	}
	p, d := &w.policies[u.policy], direction(k.Extra-1)
	a := detectors.Alert{
		Severity: p.levels[d].severity(), Confidence: 0.6,
		Flows: u.flows, FirstSeen: u.first, LastSeen: u.last, Time: u.first, HasTime: true,
	}
	if u.named {
		a.Confidence = 0.9
	}
	service := fmt.Sprintf("%s (%d/%s)", p.name, k.Port, k.Proto)
	clients := count(u.clients, "client")
	var server flow.Addr
	switch d {
	case outbound:
		a.Rule = w.rules.outside
		a.Subject = detectors.Subject{Has: detectors.SubjectPort, DstPort: k.Port}.WithProtocol(k.Proto)
		a.Summary = fmt.Sprintf("%s used %s of %s in %s: %s", count(u.clients, "internal client"), service, count(u.servers, "outside server"), count(u.flows, "flow"), p.reason)
	default:
		server = w.env.Addr(k.Dst)
		a.Rule = w.rules.used
		from := clients
		if d == inbound {
			a.Rule, from = w.rules.open, count(u.clients, "outside client")
		}
		a.Subject = detectors.Address(server, detectors.RoleDst).WithPort(k.Port).WithProtocol(k.Proto)
		a.Summary = fmt.Sprintf("%s answered %s at %s in %s: %s", server, from, service, count(u.flows, "flow"), p.reason)
	}
	if !w.shows(a.Rule, a.Severity) {
		return
	}
	a.Facts = append(about(p),
		detectors.Text("direction", directionNames[d]), detectors.Uint("clients", uint64(u.clients)))
	if d == outbound {
		a.Facts = append(a.Facts, detectors.Uint("servers", uint64(u.servers)))
	}
	a.Facts = append(a.Facts, detectors.Uint("bytes_up", u.up), detectors.Uint("bytes_down", u.down))
	if d != outbound {
		a.Facts = append(a.Facts, known(w.inv.Lookup(server, k.Proto, k.Port))...)
	}
	if u.expired > 0 {
		e := &w.exceptions[u.expired-1]
		a.Facts = append(a.Facts, detectors.Text("exception", e.Place()), detectors.Text("exception_expired", e.Text), detectors.Text("exception_reason", e.Reason))
		a.Summary += fmt.Sprintf("; the exception for it (%s) expired on %s", e.Place(), e.Text)
	}
	a.Evidence = detectors.Sample(w.shelf.Flows(u.shown), w.env.Evidence())
	w.env.Report(nil, a)
}

// shows reports whether an alert of a severity will be shown; one that will
// not is counted.
func (w *watcher) shows(rule *detectors.Rule, s detectors.Severity) bool {
	if s > rule.Severity {
		return true // Report counts it if it must
	}
	return w.env.Shows(rule)
}

// about are the facts of a policy.
func about(p *policy) []detectors.Fact {
	return []detectors.Fact{
		detectors.Text("policy", p.id), detectors.Text("service", p.name), detectors.Text("reason", p.reason), detectors.Text("see", p.see),
	}
}

// known are the facts of a service that the inventory has.
func known(s *inventory.Service) []detectors.Fact {
	if s == nil {
		return nil
	}
	fs := []detectors.Fact{detectors.Text("inventory", fmt.Sprintf("%s:%d", s.File, s.Line))}
	if s.HasDate {
		fs = append(fs, detectors.Moment("scanned", s.Date))
	}
	if s.Product != "" {
		product := s.Product
		if s.Version != "" {
			product += " " + s.Version
		}
		fs = append(fs, detectors.Text("product", product))
	}
	return fs
}

func count[N uint32 | uint64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Close implements detectors.Watcher: it tells of all uses, in the order in
// which they began, and of what is offered and not used.
func (w *watcher) Close() {
	type one struct {
		k pairmap.Key
		u *use
	}
	var all []one
	w.uses.All(func(k pairmap.Key, _ flow.Time, u *use) bool {
		all = append(all, one{k, u})
		return true
	})
	slices.SortFunc(all, func(a, b one) int { return cmp.Compare(a.u.number, b.u.number) })
	used := map[place]bool{}
	for _, o := range all {
		w.tell(o.k, o.u)
		if o.k.Dst != 0 {
			used[place{w.env.Addr(o.k.Dst), o.k.Port, o.k.Proto}] = true
		}
	}
	for _, s := range w.inv.All() {
		if !used[place{s.Addr, s.Port, s.Proto}] {
			w.offered(s)
		}
	}
	w.summary()
}

// A place is where a service is.
type place struct {
	addr  flow.Addr
	port  uint16
	proto flow.Proto
}

// offered reports a service of the inventory.
func (w *watcher) offered(s *inventory.Service) {
	if s.Proto != flow.TCP && s.Proto != flow.UDP || !w.net.Kind(s.Addr).Internal() {
		return
	}
	n := w.table[which(s.Proto)][s.Port]
	if n == 0 {
		return
	}
	p := &w.policies[n-1]
	l := min(p.levels[inside], low)
	if l == none {
		return
	}
	if !w.seen && !s.HasDate {
		return // no moment to tell of
	}
	at := s.Date
	if !s.HasDate {
		at = w.now
	}
	for i := range w.exceptions {
		e := &w.exceptions[i]
		if e.Serves(p.id, s.Addr) && !e.Client.IsValid() && e.Holds(max(at, w.now)) {
			w.allowed[i]++
			w.excused.N++
			return
		}
	}
	if !w.shows(w.rules.offered, l.severity()) {
		return
	}
	w.env.Report(nil, detectors.Alert{
		Rule: w.rules.offered, Severity: l.severity(), Confidence: 0.6,
		Time: at, HasTime: true, FirstSeen: at, LastSeen: at,
		Subject: detectors.Address(s.Addr, detectors.RoleDst).WithPort(s.Port).WithProtocol(s.Proto),
		Summary: fmt.Sprintf("%s offers %s (%d/%s) according to %s:%d, and no flow used it: %s", s.Addr, p.name, s.Port, s.Proto, s.File, s.Line, p.reason),
		Facts:   append(about(p), known(s)...),
	})
}

// summary tells what became of the exceptions.
func (w *watcher) summary() {
	t := detectors.Table{
		Name: "exceptions", Title: "Exceptions to policies",
		Columns: []string{"exception", "rule", "reason", "expires", "allowed", "after_its_end"},
	}
	for i := range w.exceptions {
		e := &w.exceptions[i]
		expires := e.Text
		if e.Expires == flow.MaxTime {
			expires = "never"
		}
		t.Rows = append(t.Rows, []detectors.Fact{
			detectors.Text("exception", e.Place()), detectors.Text("rule", e.Rule), detectors.Text("reason", e.Reason), detectors.Text("expires", expires),
			detectors.Uint("allowed", w.allowed[i]), detectors.Uint("after_its_end", w.late[i]),
		})
	}
	if len(t.Rows) > 0 {
		w.env.Summarise(t)
	}
}
