// Package portscan reports sources that look for machines and services: by a
// sequential test of their first contacts, and by how many distinct targets
// and ports they tried in vain.
package portscan

import (
	_ "embed"

	"seine/detectors"
	"seine/detectors/internal/contact"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/pairmap"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes port-scan.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "port-scan",
		Title: "sources that look for machines and services: vertical, horizontal, block, UDP and ICMP scans, fast and slow",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			vertical: {ID: "vertical-scan", Title: "many ports of one machine tried in vain", Severity: detectors.Low, ATTACK: []string{"T1046", "T1595.001"},
				Expects: []assets.Role{assets.Scanner},
				Unlike:  []assets.Role{assets.IoT, assets.Printer}},
			horizontal: {ID: "horizontal-scan", Title: "one TCP port of many machines tried in vain", Severity: detectors.Low, ATTACK: []string{"T1046", "T1018", "T1595.001"},
				Expects: []assets.Role{assets.Scanner, assets.Monitoring},
				Unlike:  []assets.Role{assets.IoT, assets.Printer}},
			block: {ID: "block-scan", Title: "many ports of many machines tried in vain", Severity: detectors.Low, ATTACK: []string{"T1046", "T1595.001"},
				Expects: []assets.Role{assets.Scanner},
				Unlike:  []assets.Role{assets.IoT, assets.Printer}},
			udpSweep: {ID: "udp-sweep", Title: "one UDP port of many machines tried, with hardly an answer", Severity: detectors.Low, ATTACK: []string{"T1046", "T1018", "T1595.001"},
				Expects: []assets.Role{assets.Scanner, assets.Monitoring, assets.Resolver}},
			icmpSweep: {ID: "icmp-sweep", Title: "many machines asked by ICMP whether they are there", Severity: detectors.Low, ATTACK: []string{"T1018", "T1595.001"},
				Expects: []assets.Role{assets.Scanner, assets.Monitoring, assets.Gateway}},
			failing: {ID: "failed-contacts", Title: "a source whose first contacts fail as only those of scanners do", Severity: detectors.Low, ATTACK: []string{"T1046", "T1018", "T1595.001"},
				Expects: []assets.Role{assets.Scanner, assets.Monitoring, assets.Proxy, assets.Resolver, assets.MailServer, assets.Gateway}},
			persistent: {ID: "persistent-attempts", Title: "an outside source that tries one port of one machine again and again, where nobody was ever answered", Severity: detectors.Low, ATTACK: []string{"T1046", "T1595"},
				Expects: []assets.Role{assets.Scanner, assets.Monitoring}},
		},
		Needs: flow.HasAddrs | flow.HasProto,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

// The kinds of scans, in the order of the rules.
const (
	vertical = iota
	horizontal
	block
	udpSweep
	icmpSweep
	failing
	kinds              // those that a campaign is made of
	persistent = kinds // told of a pair and its port
	allRules   = kinds + 1
)

// A watcher keeps a line for each address. From the second thing on that a
// source tries in vain, what it tried is in contacts, pairs and services, and
// what makes up its scan in campaigns.
type watcher struct {
	env    *detectors.Env
	rules  [allRules]*detectors.Rule
	limits limits

	hosts     hostmap.Map[host]
	targets   hostmap.Map[target]
	exempt    exemptions
	reached   filter
	prior     prior
	contacts  *pairmap.Map[uint32]   // what a source tried in vain, and when last
	pairs     *pairmap.Map[pair]     // (source, destination)
	services  *pairmap.Map[service]  // (source, port, protocol)
	campaigns *pairmap.Map[campaign] // (source)
	attempts  *pairmap.Map[attempts] // (source, destination, port), from outside
	knocks    *pairmap.Map[uint32]   // sources with attempts at (destination) and at (destination, port)
	pending   []flow.Host            // sources whose scans wait to be reported
	swept     flow.Time              // when campaigns were last looked through
	ended     []flow.Host
	lost      *detectors.Counter
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, swept: flow.MinTime}
	for k := range w.rules {
		w.rules[k] = &d.Rules[k]
	}
	w.limits.read(env)
	env.Surveyed()
	w.exempt.set = env.Networks("exempt", "sources that may scan, as vulnerability scanners and monitoring: addresses and networks")
	contacts := size(env, "max-contacts", 400_000, "contacts that failed remembered, over all sources; beyond it those idle longest are forgotten")
	pairs := size(env, "max-pairs", 180_000, "pairs of a source and a destination that failed remembered; as with max-contacts")
	services := size(env, "max-services", 180_000, "pairs of a source and a port remembered; as with max-contacts")
	sources := size(env, "max-sources", 10_000, "scans and suspicions followed at once; beyond it those idle longest are given up")
	w.lost = env.Counter("scans-given-up", "scans and suspicions given up for lack of max-sources")
	w.contacts = pairmap.New[uint32](contacts, nil)
	w.pairs = pairmap.New[pair](pairs, nil)
	w.services = pairmap.New[service](services, nil)
	tried := size(env, "max-attempts", 20_000, "pairs of an outside source and a port of a machine remembered that it tried again; as with max-contacts")
	w.attempts = pairmap.New[attempts](tried, nil)
	w.knocks = pairmap.New[uint32](tried, nil)
	w.campaigns = pairmap.New(sources, func(k pairmap.Key, c *campaign) {
		w.lost.N++
		w.tell(k.Src, c, false)
		w.hosts.At(k.Src).restart()
	})
	return w
}

func size(env *detectors.Env, name string, def int, doc string) int {
	n := env.Int(name, def, doc)
	if n < 1 {
		env.Reject(name, "must be positive")
	}
	return max(n, 1)
}

// group is how many rows are worked on while the state that the next ones
// need is on its way to the cache.
const group = 32

// A stage is a group of rows on its way.
type stage struct {
	calls [group]call
	known uint32        // rows that tell nothing: they were answered by a service that did before
	begun int           // of the filter that knew them
	news  [group]uint64 // hashes of source and port of the others that are news
	n     int           // of them
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	w.reached.ready()
	var stages [2]stage
	now, coming := &stages[0], &stages[1]
	w.look(rs[:min(group, len(rs))], now)
	for len(rs) > 0 {
		g := rs[:min(group, len(rs))]
		rs = rs[len(g):]
		w.peek(g, now)
		w.look(rs[:min(group, len(rs))], coming)
		w.reach(now)
		for i := range g {
			if now.known>>i&1 != 0 && now.begun == w.reached.begun {
				continue
			}
			if g[i].Outcome != flow.OutcomeUnknown || icmp(g[i].Proto) {
				w.env.At(&g[i])
				w.flow(&g[i], now.calls[i&(group-1)])
			}
		}
		now, coming = coming, now
	}
}

// look finds the rows that tell nothing, and asks for what tells whether the
// others are news.
func (w *watcher) look(g []flow.Record, s *stage) {
	var places [3 * group]*uint64
	n := 0
	s.known, s.begun = 0, w.reached.begun
	for i := range g {
		r := &g[i]
		if r.Outcome == flow.OutcomeUnknown {
			continue
		}
		c := callOf(r)
		s.calls[i&(group-1)] = c
		if r.Outcome == flow.Answered && w.reached.late(c) {
			s.known |= 1 << i
			continue
		}
		places[n] = w.reached.place(c)
		n++
		if r.Outcome.Failed() {
			places[n] = w.contacts.Place(pairmap.Service(r))
			places[n+1] = w.pairs.Place(pairmap.Pair(r.SrcHost, r.DstHost))
			n += 2
		}
	}
	detectors.Prefetch(places[:n])
}

// peek asks for what news will need: of both ends, and of the source and port.
func (w *watcher) peek(g []flow.Record, s *stage) {
	var ends [group]*host
	var targets [group]*target
	var places [group]*uint64
	n := 0
	for i := range g {
		r := &g[i]
		if r.Outcome == flow.OutcomeUnknown || s.known>>i&1 != 0 {
			continue
		}
		if _, known := w.reached.has(s.calls[i&(group-1)]); known {
			continue
		}
		ends[n&(group-1)], targets[n&(group-1)] = w.hosts.At(r.SrcHost), w.targets.At(r.DstHost)
		k := pairmap.Key{Src: r.SrcHost, Port: r.DstPort, Proto: r.Proto}
		h := k.Hash()
		s.news[n&(group-1)], places[n&(group-1)] = h, w.services.PlaceOf(h)
		n++
	}
	s.n = n
	detectors.Prefetch(ends[:n])
	detectors.Prefetch(targets[:n])
	detectors.Prefetch(places[:n])
}

// reach asks for what is known of the sources and ports of news.
func (w *watcher) reach(s *stage) {
	var services [group]*service
	n := 0
	for _, h := range s.news[:s.n] {
		if v := w.services.GuessOf(h); v != nil {
			services[n&(group-1)] = v
			n++
		}
	}
	detectors.Prefetch(services[:n])
}

func icmp(p flow.Proto) bool { return p == flow.ICMP || p == flow.ICMPv6 }

// flow takes a row.
func (w *watcher) flow(r *flow.Record, c call) {
	if r.SrcHost == r.DstHost {
		return
	}
	newPair, newService := false, false
	switch r.Proto {
	case flow.TCP, flow.UDP:
		if r.Has&flow.HasDstPort == 0 || r.DstPort == 0 {
			return // fragments, and rows that do not tell
		}
		if r.Outcome == flow.Answered {
			if newPair, newService = w.reached.add(c); !newService {
				return
			}
			if r.Proto == flow.TCP {
				w.targets.At(r.DstHost).open(r.DstPort)
			}
		}
	case flow.ICMP, flow.ICMPv6:
		if !contact.Request(r) {
			return
		}
	default:
		return
	}
	from, to := r.SrcKind, r.DstKind
	if !from.Machine() || !to.Machine() || w.exempt.has(r.SrcHost, r.Src) {
		return
	}
	s, d := w.hosts.At(r.SrcHost), w.targets.At(r.DstHost)
	switch {
	case icmp(r.Proto):
		w.echo(r, s)
	case r.Outcome == flow.Answered:
		w.answered(r, s, d, newPair)
	case !pointless(r):
		w.failed(r, c, s, d, from, to)
	}
}

// pointless reports whether a flow that failed tells nothing of its source:
// it is an answer, or of a kind that fails by design.
func pointless(r *flow.Record) bool {
	if r.Proto == flow.UDP {
		switch {
		case r.DstPort >= 33434 && r.DstPort < 33434+256: // traceroute counts its probes in the port
			return true
		case r.DstPort == 137 && r.SrcPort == 137: // Windows asks for the name of whom it meets
			return true
		}
	}
	return r.Reply || r.Backscatter
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	for _, h := range hs {
		s := w.hosts.At(h)
		if s.flags&suspect != 0 {
			if c := w.campaigns.Find(pairmap.Key{Src: h}); c != nil {
				w.tell(h, c, true)
			}
		}
		*s, *w.targets.At(h) = host{}, target{}
	}
	w.exempt.forget(hs)
	w.contacts.Forget(hs)
	w.pairs.Forget(hs)
	w.services.Forget(hs)
	w.campaigns.Forget(hs)
	w.attempts.Forget(hs)
	w.knocks.Forget(hs)
}

// Tick implements detectors.Watcher: what has been found since the last tick
// is reported, and scans that have ended are put away.
func (w *watcher) Tick(now flow.Time) {
	w.flush(false)
	if now < w.swept.Add(w.limits.quiet/8) {
		return
	}
	w.swept = now
	w.ended = w.ended[:0]
	w.campaigns.All(func(k pairmap.Key, _ flow.Time, c *campaign) bool {
		if c.last.Add(w.limits.quiet) <= now.Add(-w.env.Lateness()) {
			w.ended = append(w.ended, k.Src)
		}
		return true
	})
	for _, h := range w.ended {
		w.end(h, w.hosts.At(h))
	}
}

// end puts a scan away.
func (w *watcher) end(h flow.Host, s *host) {
	k := pairmap.Key{Src: h}
	if c := w.campaigns.Find(k); c != nil {
		w.tell(h, c, true)
		w.campaigns.Delete(k)
	}
	s.restart()
}

// flush reports what waits.
func (w *watcher) flush(last bool) {
	for _, h := range w.pending {
		if c := w.campaigns.Find(pairmap.Key{Src: h}); c != nil {
			w.tell(h, c, last)
		}
	}
	w.pending = w.pending[:0]
}

// Close implements detectors.Watcher.
func (w *watcher) Close() {
	w.flush(true)
	w.campaigns.All(func(k pairmap.Key, _ flow.Time, c *campaign) bool {
		w.tell(k.Src, c, true)
		return true
	})
	w.attempts.All(func(k pairmap.Key, _ flow.Time, a *attempts) bool {
		if a.told > 0 && 2*a.n >= 3*a.told {
			w.tellAttempts(k, a)
		}
		return true
	})
}
