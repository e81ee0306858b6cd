package portscan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// tell reports what of a campaign waits; at its end, also what has grown by
// half since it was last reported.
func (w *watcher) tell(h flow.Host, c *campaign, ended bool) {
	c.waiting = 0
	w.refresh(h, c)
	for k := range c.kinds {
		g := &c.kinds[k]
		due := g.pending || ended && g.told > 0 && 2*g.size >= 3*g.told
		at := c.last
		if g.pending {
			at = g.at
		}
		g.pending = false
		if !due {
			continue
		}
		if !w.holds(h, c, k) {
			g.next = g.size + 1
			continue
		}
		w.report(h, c, k, at)
		g.told = g.size
	}
}

// refresh brings the figures of the ports swept up to date.
func (w *watcher) refresh(h flow.Host, c *campaign) {
	gen := w.hosts.At(h).gen
	for i := range c.swath {
		s := &c.swath[i]
		if v := w.services.Find(pairmap.Key{Src: h, Port: s.port, Proto: s.proto}); s.n > 0 && v != nil && v.gen == gen {
			s.n, s.ok, s.fast = max(s.n, v.failed), v.ok, uint32(v.fastest)
		}
	}
}

// holds reports whether a kind of scan is still one when its turn comes: a
// port may have answered since, and what the sequential test says goes without
// saying where another kind is reported.
func (w *watcher) holds(h flow.Host, c *campaign, kind int) bool {
	switch kind {
	case vertical:
		return c.kinds[vertical].severity > detectors.Low || c.kinds[block].size == 0
	case horizontal:
		s := c.widest(flow.TCP)
		return s != nil && s.share() >= failedTCP
	case udpSweep:
		s := c.widest(flow.UDP)
		return s != nil && s.share() >= failedUDP
	case failing:
		for k := range failing {
			if g := &c.kinds[k]; g.told > 0 && g.severity >= c.kinds[failing].severity {
				return false
			}
		}
		if s := w.hosts.At(h); s.targets <= uint16(len(c.suspects)) {
			return uint32(s.targets)-min(w.doubtful(c), uint32(s.targets)) >= w.limits.trw
		}
	}
	return true
}

func (s *sweep) share() float64 { return float64(s.n) / float64(s.n+s.ok) }

// widest is the port of a protocol with the most destinations that failed.
func (c *campaign) widest(proto flow.Proto) *sweep {
	var most *sweep
	for i := range c.swath {
		if s := &c.swath[i]; s.n > 0 && s.proto == proto && (most == nil || s.n > most.n) {
			most = s
		}
	}
	return most
}

// flows is how many flows support a kind.
func (c *campaign) flows(kind int) uint32 {
	if kind == icmpSweep {
		return c.pinged
	}
	return c.contacts
}

func (w *watcher) report(h flow.Host, c *campaign, kind int, at flow.Time) {
	g := &c.kinds[kind]
	if !c.isNamed {
		c.named, c.isNamed = c.since, true
	}
	src := w.env.Addr(h)
	said, facts, sure := w.describe(c, kind, w.hosts.At(h))
	since, tries := c.begun(kind), c.flows(kind)
	if kind == vertical || kind == horizontal || kind == udpSweep {
		tries = g.size
	}
	span := flow.Time(max(c.last-since, 0))
	minutes := max(float64(span)/60e9, 1.0/60)
	facts = append(facts,
		detectors.Float("rate_per_minute", round(float64(tries)/minutes, 2)),
		detectors.Moment("since", since),
		detectors.Float("duration", round(float64(span)/1e9, 3)))
	answered := "nothing answered"
	if n, list := c.answering(kind); len(list) > 0 {
		answered = fmt.Sprintf("%d answered, first %s", n, list[0])
	} else if n > 0 {
		answered = fmt.Sprintf("%d answered", n)
	}
	w.env.Report(nil, detectors.Alert{
		Rule: w.rules[kind], Severity: g.severity, Confidence: round(sure, 2),
		Subject: detectors.Address(src, detectors.RoleSrc),
		Summary: fmt.Sprintf("%s %s within %s; %s", src, said, detectors.Span(time.Duration(span).Round(time.Second)), answered),
		Facts:   facts, Evidence: c.evidence(w.env.Evidence()), Charts: c.charts(kind), Flows: uint64(max(c.flows(kind), 1)), Grows: true,
		Window: c.named, HasWindow: true, Time: at, HasTime: true, FirstSeen: since, LastSeen: c.last,
	})
}

// describe says what a scan was, with the facts that decided, and how sure
// that is.
func (w *watcher) describe(c *campaign, kind int, s *host) (said string, facts []detectors.Fact, sure float64) {
	g := &c.kinds[kind]
	limit := w.limit(kind)
	sure = float64(g.size) / (float64(g.size) + float64(limit)/4)
	n, list := c.answering(kind)
	facts = append(facts, detectors.Uint("answered", uint64(n)))
	if len(list) > 0 {
		facts = append(facts, detectors.Texts("answering", list))
	}
	switch kind {
	case vertical:
		said = fmt.Sprintf("tried %d ports of %s in vain (limit %d)", g.size, c.victims[0].addr, limit)
		if c.nVictims > 1 {
			said += fmt.Sprintf(", and many of %d more", c.nVictims-1)
		}
		facts = append(facts, detectors.Uint("ports", uint64(g.size)), detectors.Uint("ports_limit", uint64(limit)),
			detectors.Uint("victims", uint64(c.nVictims)), detectors.Texts("victim", c.scanned()))
	case horizontal, udpSweep:
		proto, least := flow.TCP, failedTCP
		if kind == udpSweep {
			proto, least = flow.UDP, failedUDP
		}
		top := c.widest(proto)
		said = fmt.Sprintf("tried %d/%s on %d machines in vain (limit %d)", top.port, proto, top.n, limit)
		if top.n < limit && kind == horizontal {
			said = fmt.Sprintf("tried %d/%s on %d machines in vain, %d of them within a minute (limit %d)", top.port, proto, top.n, top.fast, w.limits.fast)
		}
		ports := c.sweeps(proto)
		if len(ports) > 1 {
			said += ", and " + strings.Join(ports[1:], ", ")
		}
		facts = append(facts, detectors.Uint("targets", uint64(top.n)), detectors.Uint("targets_limit", uint64(limit)),
			detectors.Uint("targets_in_minute", uint64(top.fast)), detectors.Uint("targets_in_minute_limit", uint64(w.limits.fast)),
			detectors.Texts("swept", ports),
			detectors.Float("failed_share", round(top.share(), 3)), detectors.Float("failed_share_limit", least))
		sure *= top.share()
	case block:
		least := ""
		if c.contacts >= exact {
			least = "at least "
		}
		said = fmt.Sprintf("tried %s%d ports of %s%d machines in vain, %d contacts in all", least, c.ports, least, c.targets, c.contacts)
		facts = append(facts, detectors.Uint("targets", uint64(c.targets)), detectors.Uint("ports", uint64(c.ports)),
			detectors.Uint("victims", uint64(c.nVictims)), detectors.Texts("victim", c.scanned()))
	case icmpSweep:
		said = fmt.Sprintf("asked %d machines by ICMP whether they are there (limit %d)", c.pinged, limit)
		facts = append(facts, detectors.Uint("targets", uint64(c.pinged)), detectors.Uint("targets_limit", uint64(limit)), detectors.Texts("icmp_types", c.types()))
		return said, facts, sure
	case failing:
		said = fmt.Sprintf("failed at the first contact with %d machines (limit %d)", s.targets, limit)
		facts = append(facts, detectors.Uint("targets", uint64(s.targets)), detectors.Uint("targets_limit", uint64(limit)),
			detectors.Uint("targets_that_answered", uint64(s.ok)))
		ratio := math.Exp(min(float64(s.ratio), 40))
		sure = ratio / (ratio + eta1)
	}
	facts = append(facts, detectors.Uint("contacts", uint64(c.contacts)),
		detectors.Float("log10_likelihood_ratio", round(float64(s.ratio)/math.Ln10, 2)),
		detectors.Float("log10_likelihood_limit", round(math.Log10(eta1), 2)))
	if c.decided > 0 {
		facts = append(facts, detectors.Uint("decided_at_target", uint64(c.decided)))
	}
	return said, facts, sure
}

func round(x float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(x*p) / p
}

// String writes where an answer came from.
func (a answer) String() string {
	s := a.addr.String()
	if strings.Contains(s, ":") {
		s = "[" + s + "]"
	}
	return fmt.Sprintf("%s:%d/%s", s, a.port, a.proto)
}

// answering is how much answered of what a kind of scan is about, and lists
// the first of it.
func (c *campaign) answering(kind int) (n uint32, list []string) {
	var about func(a answer) bool
	switch kind {
	case icmpSweep:
		return c.alive, nil
	case horizontal, udpSweep:
		proto := flow.TCP
		if kind == udpSweep {
			proto = flow.UDP
		}
		for i := range c.swath {
			if s := &c.swath[i]; s.n > 0 && s.proto == proto {
				n += s.ok
			}
		}
		about = func(a answer) bool {
			return slices.ContainsFunc(c.swath[:], func(s sweep) bool { return s.n > 0 && s.proto == proto && s.proto == a.proto && s.port == a.port })
		}
	case vertical:
		for i := range c.victims {
			n += uint32(c.victims[i].ok)
		}
		about = func(a answer) bool {
			return slices.ContainsFunc(c.victims[:], func(v victim) bool { return v.ports > 0 && v.addr == a.addr })
		}
	default:
		n = c.nAnswers
		about = func(answer) bool { return true }
	}
	for _, a := range c.answers[:min(int(c.nAnswers), len(c.answers))] {
		if about(a) {
			list = append(list, a.String())
		}
	}
	return n, list
}

// scanned lists the destinations with the most ports that failed.
func (c *campaign) scanned() []string {
	var all []string
	for _, v := range c.victims {
		if v.ports > 0 {
			all = append(all, fmt.Sprintf("%s (%d ports)", v.addr, v.ports))
		}
	}
	return all
}

// sweeps lists the ports of a protocol with the most destinations that failed.
func (c *campaign) sweeps(proto flow.Proto) []string {
	var all []sweep
	for _, s := range c.swath {
		if s.n > 0 && s.proto == proto {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b sweep) int { return cmp.Compare(b.n, a.n) })
	var texts []string
	for _, s := range all {
		texts = append(texts, fmt.Sprintf("%d/%s on %d", s.port, s.proto, s.n))
	}
	return texts
}

// types names the ICMP requests used.
func (c *campaign) types() []string {
	var all []string
	for _, q := range [...]struct {
		bit  uint
		name string
	}{{8, "echo"}, {13, "timestamp"}, {15, "information"}, {17, "address mask"}} {
		if c.asks>>q.bit&1 != 0 {
			all = append(all, q.name)
		}
	}
	return all
}

// evidence is the first contact, the first answer and the last contact, as far
// as there is room.
func (c *campaign) evidence(n int) []flow.Record {
	rs := []flow.Record{c.firstFlow, c.lastFlow}
	if c.nAnswers > 0 {
		rs = append(rs, c.answer)
	}
	slices.SortStableFunc(rs, func(a, b flow.Record) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row)) })
	rs = slices.CompactFunc(rs, func(a, b flow.Record) bool { return a.File == b.File && a.Row == b.Row })
	return detectors.Sample(rs, n)
}
