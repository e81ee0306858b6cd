// Package manypeers reports hosts that turn to very many others at once: bots
// that keep a peer-to-peer network alive by one timer, programs that look like
// peer-to-peer, and hosts that send mail to hundreds of servers.
package manypeers

import (
	_ "embed"
	"time"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/network"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes many-peers.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "many-peers",
		Title: "hosts that turn to very many others: peer-to-peer, common timers, mass mail",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "p2p", Title: "peer-to-peer traffic with many outside hosts", Severity: detectors.Low, ATTACK: []string{"T1090.003"},
				Expects: []assets.Role{assets.Proxy, assets.Gateway, assets.Resolver, assets.MailServer, assets.Scanner, assets.LoadBalancer}},
			{ID: "peer-timer", Title: "many outside peers called by one common timer", Severity: detectors.Medium, ATTACK: []string{"T1090.003", "T1095"},
				Expects: []assets.Role{assets.Monitoring, assets.Scanner, assets.Gateway}},
			{ID: "mass-mail", Title: "mail sent straight to very many servers by a host that is no mail server", Severity: detectors.High, ATTACK: []string{"T1071.003"},
				Expects: []assets.Role{assets.MailServer},
				Unlike:  []assets.Role{assets.IoT, assets.Printer}},
		},
		Needs: flow.HasAddrs | flow.HasDstPort | flow.HasProto,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

type watcher struct {
	env                  *detectors.Env
	p2p, timer, massMail *detectors.Rule
	net                  *network.Network
	exempt               *prefixes.Set
	passed               hostmap.Bits // hosts of exempt, once looked at
	asked                hostmap.Bits

	matters   [1 << 16 / 64]uint64 // ports of mail, and high ones but for those that say nothing
	window    flow.Time
	minPeers  int
	bulk      uint64
	share     float64
	newest    flow.Time
	late      *detectors.Counter
	unwatched *detectors.Counter

	seeds     *pairmap.Map[seed] // by source
	peers     *pairmap.Map[peer] // by source and peer
	campaigns []campaign
	free      []uint32
	limit     int
	watched   hostmap.Bits // sources with a campaign
	shelf     *exhibit.Shelf
	sweep     flow.Time

	mail post
}

// usualPorts are high ports on which ordinary programs reach many outside
// hosts: alternatives of http and https, mail and push services, STUN and
// TURN, remote help, games, Teredo and VPNs.
var usualPorts = []uint16{
	1194, 1935, 3074, 3478, 3479, 3480, 3481, 3544, 4070, 4500, 5060, 5061, 5222, 5223, 5228, 5229, 5230, 5269,
	5353, 5355, 5938, 8000, 8008, 8080, 8081, 8443, 8883, 8888, 9443, 19302, 19303, 19304, 19305, 51820,
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{
		env: env, p2p: d.Rule("p2p"), timer: d.Rule("peer-timer"), massMail: d.Rule("mass-mail"),
		net: env.Network(), newest: flow.MinTime, sweep: flow.MinTime,
	}
	w.minPeers = positive(env, "min-peers", env.Int("min-peers", 50, "distinct outside peers within a window that p2p and peer-timer need"))
	w.window = env.Duration("window", time.Hour, "peers and mail servers are counted over so much time")
	if w.window < flow.Time(time.Minute) || w.window > flow.Time(30*24*time.Hour) {
		env.Reject("window", "must lie between 1m and 720h")
		w.window = flow.Time(time.Hour)
	}
	w.bulk = uint64(positive(env, "max-bulk-mb", env.Int("max-bulk-mb", 10, "peers that exchange more than so many MB share files: peer-timer is silent"))) << 20
	w.share = env.Float("min-on-time", 0.6, "share of the gaps that must be multiples of one period for peer-timer")
	if !(w.share > 0.3 && w.share <= 1) {
		env.Reject("min-on-time", "must lie above 0.3 and not above 1")
	}
	var usual [1 << 16 / 64]uint64
	for _, p := range env.Ports("usual-ports", usualPorts, "high ports on which ordinary programs reach many hosts, left out like all below 1024") {
		usual[p>>6] |= 1 << (p & 63)
	}
	for i, u := range usual {
		if i >= 1024/64 {
			w.matters[i] = ^u
		}
	}
	for _, p := range mailPorts {
		w.matters[p>>6] |= 1 << (p & 63)
	}
	w.exempt = env.Networks("exempt", "sources that are left out: gateways, known mail relays, research machines")
	w.limit = positive(env, "max-sources", env.Int("max-sources", 2000, "sources with many peers that are watched at once, about 20 KB each at most"))
	w.late = env.Tally("late", "flows that came more than lateness behind the others, left out of the counts")
	w.unwatched = env.Counter("sources-not-watched", "times that a source with many peers found no room in max-sources")
	dropped := env.Counter("peers-forgotten", "peers forgotten for lack of max-peers")
	w.peers = pairmap.New(positive(env, "max-peers", env.Int("max-peers", 300_000, "peers remembered over all sources, 64 bytes each")),
		func(k pairmap.Key, p *peer) {
			dropped.N++
			if s := w.seeds.Find(pairmap.Key{Src: k.Src}); s != nil && s.campaign > 0 {
				w.campaigns[s.campaign-1].lose(p)
			}
		})
	w.seeds = pairmap.New(20*w.limit, func(_ pairmap.Key, s *seed) { w.end(s) })
	w.shelf = exhibit.New(min(env.Evidence(), 16), w.limit)
	w.mail.init(env)
	env.TickEvery(flow.Time(10 * time.Minute))
	return w
}

func positive(env *detectors.Env, name string, v int) int {
	if v < 1 || v > 1<<30 {
		env.Reject(name, "must be positive")
		return 1
	}
	return v
}

// group is how many rows are looked at while the slots of those that matter
// are on their way to the cache.
const group = 32

// A candidate is a flow that may be one to a peer or a mail server.
type candidate struct {
	r            *flow.Record
	source, pair uint64 // hashes, where it turns to an outside peer
	turns, late  bool
}

// Flows implements detectors.Watcher. Most flows go to ports that say nothing
// and cost no look at any table.
func (w *watcher) Flows(rs []flow.Record) {
	var cs [group]candidate
	lateness := w.env.Lateness()
	for len(rs) > 0 {
		g := rs[:min(group, len(rs))]
		rs = rs[len(g):]
		n := 0
		for i := range g {
			r := &g[i]
			w.newest = max(w.newest, r.Start)
			if w.matters[r.DstPort>>6]>>(r.DstPort&63)&1 == 0 || r.Has&flow.HasDstPort == 0 ||
				r.Proto != flow.TCP && r.Proto != flow.UDP || r.SrcHost == r.DstHost {
				continue
			}
			cs[n] = candidate{r: r, late: r.Start < w.newest.Add(-lateness)}
			n++
		}
		w.fetch(cs[:n])
		for i := range cs[:n] {
			if c := &cs[i]; c.r.DstPort >= 1024 {
				w.high(c)
			} else if c.r.Proto == flow.TCP {
				w.post(c.r, c.late)
			}
		}
	}
}

// fetch finds out which flows turn to an outside peer, and asks for the entries
// of their sources and pairs.
func (w *watcher) fetch(cs []candidate) {
	var slots [2 * group]*uint64
	n := 0
	for i := range cs {
		c := &cs[i]
		r := c.r
		if r.DstPort < 1024 || !r.DstKind.External() || !r.SrcKind.Machine() || r.Reply || r.Backscatter {
			continue
		}
		source, pair := pairmap.Key{Src: r.SrcHost}, pairmap.Pair(r.SrcHost, r.DstHost)
		c.turns, c.source, c.pair = true, source.Hash(), pair.Hash()
		slots[n], slots[n+1] = w.seeds.PlaceOf(c.source), w.peers.PlaceOf(c.pair)
		n += 2
	}
	if n == 0 {
		return
	}
	detectors.Prefetch(slots[:n])
	var seeds [group]*seed
	var peers [group]*peer
	s, p := 0, 0
	for i := range cs {
		if c := &cs[i]; c.turns {
			if seeds[s] = w.seeds.GuessOf(c.source); seeds[s] != nil {
				s++
			}
			if peers[p] = w.peers.GuessOf(c.pair); peers[p] != nil {
				p++
			}
		}
	}
	detectors.Prefetch(seeds[:s])
	detectors.Prefetch(peers[:p])
}

// high takes a flow to a high port.
func (w *watcher) high(f *candidate) {
	r := f.r
	if w.watched.Has(r.DstHost) && r.SrcKind.External() {
		if s := w.seeds.Find(pairmap.Key{Src: r.DstHost}); s != nil && s.campaign > 0 {
			w.campaigns[s.campaign-1].calledBy(r)
		}
	}
	if !f.turns || w.isExempt(r) {
		return
	}
	if f.late {
		w.late.N++
		return
	}
	k := pairmap.Key{Src: r.SrcHost}
	s, _ := w.seeds.AtOf(k, f.source, r.Start)
	if s.campaign == 0 && !w.grows(s, r) {
		return
	}
	w.contact(&w.campaigns[s.campaign-1], r)
}

func (w *watcher) isExempt(r *flow.Record) bool {
	if !w.asked.Has(r.SrcHost) {
		w.asked.Set(r.SrcHost)
		if w.exempt.Contains(r.Src) {
			w.passed.Set(r.SrcHost)
		}
	}
	return w.passed.Has(r.SrcHost)
}

// Tick implements detectors.Watcher: campaigns that have been idle for a
// window end.
func (w *watcher) Tick(now flow.Time) {
	for i := range w.campaigns {
		if c := &w.campaigns[i]; c.host != 0 && c.last.Add(w.window) < now {
			if s := w.seeds.Find(pairmap.Key{Src: c.host}); s != nil {
				w.judge(c, nil, true)
				w.end(s)
			}
		}
	}
	w.mail.tick(w, now)
}

// Close implements detectors.Watcher.
func (w *watcher) Close() {
	for i := range w.campaigns {
		if c := &w.campaigns[i]; c.host != 0 {
			w.judge(c, nil, true)
		}
	}
	for i := range w.mail.books {
		if b := &w.mail.books[i]; b.host != 0 {
			w.judgeMail(b, nil, true)
		}
	}
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	for _, h := range hs {
		if s := w.seeds.Find(pairmap.Key{Src: h}); s != nil {
			if s.campaign > 0 {
				w.judge(&w.campaigns[s.campaign-1], nil, true)
			}
			w.end(s)
		}
		w.passed.Unset(h)
		w.asked.Unset(h)
	}
	w.seeds.Forget(hs)
	w.forgetFirst(hs)
	w.peers.Forget(hs)
	w.mail.forget(w, hs)
}

// forgetFirst strikes the hosts off the first few peers of sources that have no
// campaign yet.
func (w *watcher) forgetFirst(hs []flow.Host) {
	var gone hostmap.Bits
	for _, h := range hs {
		gone.Set(h)
	}
	w.seeds.All(func(_ pairmap.Key, _ flow.Time, s *seed) bool {
		kept := uint8(0)
		for _, p := range s.few[:s.n] {
			if !gone.Has(p.host) {
				s.few[kept] = p
				kept++
			}
		}
		s.n = kept
		return true
	})
}
