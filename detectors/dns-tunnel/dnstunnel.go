// Package dnstunnel reports traffic on port 53 that is no ordinary name
// service: tunnels through DNS, other protocols behind its port, and floods of
// questions such as malware asks that looks for its server.
package dnstunnel

import (
	_ "embed"
	"math/bits"
	"time"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes dns-tunnel.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "dns-tunnel",
		Title: "tunnels through DNS, other protocols on port 53, floods of questions",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "tunnel", Title: "more or longer questions to one server than names need", Severity: detectors.High, ATTACK: []string{"T1071.004", "T1048.003", "T1572"},
				Expects: []assets.Role{assets.Resolver, assets.DomainController, assets.MailServer}},
			{ID: "not-dns", Title: "traffic on port 53 that cannot be DNS", Severity: detectors.High, ATTACK: []string{"T1071.004", "T1572"}},
			{ID: "not-a-resolver", Title: "a host outside that nobody else asks, asked as no resolver is", Severity: detectors.Low, ATTACK: []string{"T1071.004"},
				Expects:   []assets.Role{assets.Resolver, assets.DomainController, assets.MailServer, assets.Monitoring, assets.Scanner},
				ExpectsAt: []assets.Role{assets.Resolver}},
			{ID: "query-flood", Title: "very many questions that lead to few connections, as a domain generation algorithm asks", Severity: detectors.Medium, ATTACK: []string{"T1071.004", "T1568.002"},
				Expects: []assets.Role{assets.Resolver, assets.DomainController, assets.MailServer, assets.Proxy, assets.Monitoring, assets.Scanner}},
		},
		Needs: flow.HasAddrs | flow.HasDstPort | flow.HasProto,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

const (
	minute = flow.Time(60e9)
	hour   = 60 * minute
)

type watcher struct {
	env                         *detectors.Env
	tunnel, notDNS, lone, flood *detectors.Rule
	exempt, known, more         *prefixes.Set
	newest                      flow.Time
	at                          *flow.Record // the flow that is looked at, nil in Tick and Close
	late                        *detectors.Counter

	servers *pairmap.Map[server] // by server
	clients *pairmap.Map[client] // by client
	pairs   *pairmap.Map[pair]   // by client and server
	shelf   *exhibit.Shelf
	limits  limits

	answers hostmap.Bits // hosts among the servers
	mail    hostmap.Bits // hosts that take mail
	others  [5]flow.Host // outside hosts that somebody turned to for something else
	nOthers int
	floods  floods
}

// limits are what ordinary name service stays below within an hour.
type limits struct {
	question, answer float64 // mean sizes in bytes
	up, down         uint64
	questions        uint64
}

// A server is a host that answers on port 53.
type server struct {
	n     uint8
	asked [3]flow.Host // by whom, the first few
}

// A client is a host that asks on port 53. With what the table adds it is a
// cache line.
type client struct {
	begin, first flow.Time
	n            uint32 // questions since begin
	flood        uint32 // place among the floods plus 1, or 0
	servers      uint64 // those that answered, by hash
	_            [8]byte
}

// resolves reports whether the client asked so many servers that it looks
// names up for others: 24 bits of 64 stand for about 30.
func (c *client) resolves() bool { return bits.OnesCount64(c.servers) >= 24 }

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	env.Surveyed()
	w := &watcher{
		env: env, tunnel: d.Rule("tunnel"), notDNS: d.Rule("not-dns"), lone: d.Rule("not-a-resolver"), flood: d.Rule("query-flood"),
		newest: flow.MinTime,
	}
	w.limits = limits{
		question:  float64(positive(env, "max-question", env.Int("max-question", 150, "mean bytes of the questions to one server that names explain, as logged, of 200 questions and more"))),
		answer:    350,
		questions: 200,
		up:        uint64(positive(env, "max-up-kb", env.Int("max-up-kb", 2000, "KB within an hour to one server that names explain, where questions are long too"))) << 10,
		down:      uint64(positive(env, "max-down-kb", env.Int("max-down-kb", 10000, "KB within an hour from one server that names explain, where answers are long too"))) << 10,
	}
	w.exempt = env.Networks("exempt", "clients that are left out: resolvers that are not recognised, mail gateways, scanners of names")
	w.known = knownResolvers()
	w.more = env.Networks("resolvers", "outside resolvers besides the well-known ones, on which not-a-resolver is silent")
	limit := positive(env, "max-pairs", env.Int("max-pairs", 200_000, "pairs of client and server remembered, 200 bytes each"))
	dropped := env.Counter("pairs-forgotten", "pairs of client and server forgotten for lack of max-pairs")
	w.late = env.Tally("late", "flows that came more than lateness behind the others, left out of the counts")
	w.pairs = pairmap.New(limit, func(_ pairmap.Key, p *pair) { dropped.N++; w.shelf.Drop(p.shown) })
	w.servers = pairmap.New[server](limit, nil)
	w.clients = pairmap.New(limit, func(_ pairmap.Key, c *client) { w.cool(c) })
	w.shelf = exhibit.New(min(env.Evidence(), 16), 4000).Timed()
	w.floods.init(env)
	env.TickEvery(minute)
	return w
}

func positive(env *detectors.Env, name string, v int) int {
	if v < 1 || v > 1<<30 {
		env.Reject(name, "must be positive")
		return 1
	}
	return v
}

// Flows implements detectors.Watcher. What is not to port 53 is passed over
// at once, unless somebody asks very much.
func (w *watcher) Flows(rs []flow.Record) {
	var found [group]ask
	for len(rs) > 0 {
		g := rs[:min(group, len(rs))]
		rs = rs[len(g):]
		w.group(g, w.fetch(g, &found))
	}
	w.at = nil
}

// group is how many rows are looked at while what the tables know of them is
// on its way to the cache.
const group = 64

// An ask is a row with a question, and what finds its client, its server and
// both together in the tables.
type ask struct {
	row                  int
	client, server, pair uint64
}

func pairKey(r *flow.Record) pairmap.Key {
	return pairmap.Key{Src: r.SrcHost, Dst: r.DstHost, Port: 53}
}

// asks reports whether a row is a question: a flow to port 53 of a machine.
func asks(r *flow.Record) bool {
	return r.DstPort == 53 && r.Has&flow.HasDstPort != 0 && (r.Proto == flow.UDP || r.Proto == flow.TCP) &&
		r.SrcHost != r.DstHost && r.DstKind.Machine() && !r.Reply && !r.Backscatter
}

// fetch finds the questions among some rows, and asks for the lines that each
// of them changes.
func (w *watcher) fetch(g []flow.Record, found *[group]ask) []ask {
	var lines [4 * group]*uint64
	n := 0
	for i := range g {
		r := &g[i]
		if !asks(r) {
			continue
		}
		client, server, pair := pairmap.Key{Src: r.SrcHost}, pairmap.Key{Src: r.DstHost}, pairKey(r)
		a := &found[n]
		a.row, a.client, a.server, a.pair = i, client.Hash(), server.Hash(), pair.Hash()
		lines[3*n], lines[3*n+1], lines[3*n+2] = w.clients.PlaceOf(a.client), w.servers.PlaceOf(a.server), w.pairs.PlaceOf(a.pair)
		n++
	}
	detectors.Prefetch(lines[:3*n])
	var servers [group]*server
	nl, ns := 0, 0
	for i := range found[:n] {
		a := &found[i]
		if c := w.clients.GuessOf(a.client); c != nil {
			lines[nl] = &c.servers
			nl++
		}
		if s := w.servers.GuessOf(a.server); s != nil {
			servers[ns] = s
			ns++
		}
		if p := w.pairs.GuessOf(a.pair); p != nil {
			lines[nl], lines[nl+1] = &p.up, &p.answers
			nl += 2
		}
	}
	detectors.Prefetch(lines[:nl])
	detectors.Prefetch(servers[:ns])
	return found[:n]
}

func (w *watcher) group(g []flow.Record, found []ask) {
	for i := range g {
		r := &g[i]
		w.newest = max(w.newest, r.Start)
		if len(found) > 0 && found[0].row == i {
			w.at = r
			w.question(r, &found[0])
			found = found[1:]
			continue
		}
		if r.Has&flow.HasDstPort == 0 || r.Proto != flow.TCP && r.Proto != flow.UDP {
			continue
		}
		if apart[r.DstPort>>6]>>(r.DstPort&63)&1 != 0 {
			if r.DstPort != 25 {
				continue
			}
			if r.Proto == flow.TCP && !r.Outcome.Failed() {
				w.mail.Set(r.DstHost)
			}
		}
		if w.floods.n > 0 || w.nOthers < len(w.others) {
			w.other(r)
		}
	}
}

// apart are the ports of which flows are not simply traffic that names led to,
// a bit each: those about names themselves, what happens by itself, and mail,
// whose servers ask much.
var apart = func() (set [1 << 10]uint64) {
	for _, p := range []uint16{25, 53, 67, 123, 853, 5353, 5355} {
		set[p>>6] |= 1 << (p & 63)
	}
	return set
}()

// question takes a flow to port 53.
func (w *watcher) question(r *flow.Record, a *ask) {
	if r.Start < w.newest.Add(-w.env.Lateness()) {
		w.late.N++
		return
	}
	outcome := r.Outcome
	client := pairmap.Key{Src: r.SrcHost}
	c, fresh := w.clients.AtOf(client, a.client, r.Start)
	if fresh {
		c.first, c.begin = r.Start, r.Start
	}
	if outcome == flow.Answered || outcome == flow.OutcomeUnknown && r.Has&flow.HasDstBytes == 0 {
		c.servers |= 1 << (uint32(r.DstHost) * 0x9e3779b1 >> 26)
		key := pairmap.Key{Src: r.DstHost}
		s, _ := w.servers.AtOf(key, a.server, r.Start)
		s.add(r.SrcHost)
		w.answers.Set(r.DstHost)
	}
	from := r.SrcKind
	if from.External() && !r.DstKind.External() {
		return // somebody outside asks a server of ours
	}
	w.count(c, r, outcome)
	if !w.resolver(r.SrcHost, c) {
		w.pair(r, a, outcome, from)
	}
}

func (s *server) add(h flow.Host) {
	for _, a := range s.asked[:s.n] {
		if a == h {
			return
		}
	}
	if int(s.n) < len(s.asked) {
		s.asked[s.n] = h
		s.n++
	}
}

// resolver reports whether a client looks names up for others: because others
// ask it, or because it asks very many servers.
func (w *watcher) resolver(h flow.Host, c *client) bool {
	if c.resolves() {
		return true
	}
	if !w.answers.Has(h) {
		return false
	}
	s := w.servers.Find(pairmap.Key{Src: h})
	return s != nil && int(s.n) >= len(s.asked)-1
}

// shared reports whether several clients use a server.
func (w *watcher) shared(h flow.Host) bool {
	s := w.servers.Find(pairmap.Key{Src: h})
	return s != nil && int(s.n) == len(s.asked)
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(now flow.Time) { w.judgeFloods(minuteOf(now) - 1) }

// Close implements detectors.Watcher.
func (w *watcher) Close() {
	if w.newest > flow.MinTime {
		w.judgeFloods(minuteOf(w.newest))
	}
	for i := range w.floods.all {
		if fl := &w.floods.all[i]; fl.host != 0 {
			w.tell(fl)
		}
	}
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	for _, h := range hs {
		w.mail.Unset(h)
		w.answers.Unset(h)
		if c := w.clients.Find(pairmap.Key{Src: h}); c != nil && c.flood > 0 {
			fl := &w.floods.all[c.flood-1]
			w.judgeMinutes(fl, minuteOf(fl.last))
			w.cool(c)
		}
	}
	var gone hostmap.Bits
	for _, h := range hs {
		gone.Set(h)
	}
	w.pairs.All(func(k pairmap.Key, _ flow.Time, p *pair) bool {
		if p.shown > 0 && (gone.Has(k.Src) || gone.Has(k.Dst)) {
			w.shelf.Drop(p.shown)
		}
		return true
	})
	w.pairs.Forget(hs)
	w.servers.Forget(hs)
	w.clients.Forget(hs)
}

func duration(t flow.Time) string { return detectors.Span(time.Duration(t)) }
