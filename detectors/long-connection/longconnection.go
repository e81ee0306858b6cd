// Package longconnection reports connections that stay open longer than is
// usual for their service, in one flow or in several that follow each other.
package longconnection

import (
	_ "embed"
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

// Detector describes long-connection.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "long-connection",
		Title: "connections that stay open longer than their service explains",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "long", Title: "one connection stays open for hours", Severity: detectors.Info, ATTACK: []string{"T1071", "T1572", "T1219"},
				Expects:   []assets.Role{assets.Backup, assets.Monitoring, assets.Proxy, assets.LoadBalancer},
				ExpectsAt: []assets.Role{assets.Backup, assets.Monitoring, assets.DomainController, assets.MailServer, assets.LoadBalancer, assets.Gateway}},
			{ID: "session", Title: "connections to an unusual port follow each other for an hour or more", Severity: detectors.Low, ATTACK: []string{"T1071", "T1219"},
				Expects:   []assets.Role{assets.Backup, assets.Monitoring, assets.Proxy, assets.LoadBalancer},
				ExpectsAt: []assets.Role{assets.Backup, assets.Monitoring, assets.DomainController, assets.Gateway}},
		},
		Needs: flow.HasAddrs | flow.HasStart | flow.HasDuration,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

const (
	hour     = flow.Time(time.Hour)
	shortest = 30 * flow.Second // a flow that says anything about duration
	maxCases = 8192             // connections for which flows are kept
)

type watcher struct {
	env           *detectors.Env
	long, session *detectors.Rule
	exempt        *prefixes.Set
	classes       [1 << 16]class

	base    flow.Time // an hour: where looking begins
	pause   flow.Time // between the connections of a session
	swarm   uint16
	pieces  *pairmap.Map[connection]
	pairs   *pairmap.Map[service]
	users   hostmap.Map[users]
	strange hostmap.Map[uint16] // unusual services that a host used for long outside
	shelf   *exhibit.Shelf

	droppedConnections, droppedServices *detectors.Counter
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, long: d.Rule("long"), session: d.Rule("session")}
	env.Surveyed()
	w.exempt = env.Networks("exempt", "addresses and networks, at either end, whose long connections are expected")
	w.mark(patient, env.Ports("patient-ports", patientPorts, "ports of services whose connections stay open by design, for a day and more: shells, mail that waits, push, tunnels, databases"))
	w.mark(ordinary, env.Ports("ordinary-ports", ordinaryPorts, "ports of services that nobody is surprised at, but whose connections end within half a day"))
	w.mark(remote, env.Ports("remote-ports", remotePorts, "ports of remote control, of interest from four hours on"))
	w.mark(never, env.Ports("never-ports", neverPorts, "ports of services whose flows are no connections"))
	w.base = env.Duration("base", time.Hour, "the least that counts as long; the thresholds of the services are multiples of it")
	w.pause = env.Duration("pause", 10*time.Minute, "a session goes on if its next connection begins so soon after the last")
	w.swarm = uint16(positive(env, "swarm", env.Int("swarm", 20, "a host with long flows to unusual ports of so many destinations is taken for a peer-to-peer client and passed over there"), 1<<15))
	maxConnections := positive(env, "max-connections", env.Int("max-connections", 100_000, "connections of 30 s or more known at once, about 120 bytes each"), 1<<30)
	maxServices := positive(env, "max-services", env.Int("max-services", 100_000, "triples of client, server and port known at once, about 120 bytes each"), 1<<30)
	if w.base <= 0 || w.base > 1000*hour || w.pause < 0 {
		env.Reject("base", "must be positive, and pause not negative")
		w.base = hour
	}
	w.droppedConnections = env.Counter("connections-dropped", "connections forgotten for lack of max-connections")
	w.droppedServices = env.Counter("services-dropped", "services of a pair forgotten for lack of max-services")
	w.shelf = exhibit.New(min(env.Evidence(), 8), maxCases)
	w.pieces = pairmap.New(maxConnections, func(_ pairmap.Key, c *connection) {
		w.droppedConnections.N++
		w.shelf.Drop(c.shown)
	})
	w.pairs = pairmap.New(maxServices, func(_ pairmap.Key, s *service) {
		w.droppedServices.N++
		w.shelf.Drop(s.shown)
	})
	return w
}

func positive(env *detectors.Env, name string, v, most int) int {
	if v < 1 || v > most {
		env.Reject(name, "must be positive, and not out of all proportion")
	}
	return max(1, min(v, most))
}

func (w *watcher) mark(c class, ports []uint16) {
	for _, p := range ports {
		w.classes[p] = c
	}
}

// group is how many spans are looked at while what the tables know of them is
// on its way to the cache: first the slots, then what they lead to.
const group = 32

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	var spans [group]span
	for len(rs) > 0 {
		n := 0
		for n < group && len(rs) > 0 {
			r := &rs[0]
			rs = rs[1:]
			if r.Duration >= shortest && r.Has&flow.HasDuration != 0 && w.span(r, &spans[n]) {
				n++
			}
		}
		w.fetch(spans[:n])
		for i := range spans[:n] {
			w.flow(spans[i].row, &spans[i])
		}
	}
}

func (w *watcher) fetch(spans []span) {
	var lines [3 * group]*uint64
	var met [group]*users
	n := 0
	for i := range spans {
		s := &spans[i]
		lines[n], lines[n+1] = w.pairs.PlaceOf(s.pairHash), w.pieces.PlaceOf(s.pieceHash)
		met[i] = w.users.At(s.server)
		n += 2
	}
	detectors.Prefetch(lines[:n])
	detectors.Prefetch(met[:len(spans)])
	n = 0
	for i := range spans {
		s := &spans[i]
		if p := w.pairs.GuessOf(s.pairHash); p != nil {
			lines[n] = &p.up
			n++
		}
		if c := w.pieces.GuessOf(s.pieceHash); c != nil {
			lines[n], lines[n+1] = &c.up, &c.down
			n += 2
		}
	}
	detectors.Prefetch(lines[:n])
}

// A span is a flow between a client and a server.
type span struct {
	row            *flow.Record
	client, server flow.Host
	clientPort     uint16
	port           uint16
	clientKind     flow.AddrKind
	serverKind     flow.AddrKind
	up, down       uint64 // bytes of the client, of the server

	pair, piece         pairmap.Key // of the service, and of the connection
	pairHash, pieceHash uint64
}

// span makes a span of a flow of some duration, if it is one to look at.
func (w *watcher) span(r *flow.Record, s *span) bool {
	if r.Proto != flow.TCP && r.Proto != flow.UDP && r.Proto != flow.SCTP ||
		r.Outcome.Failed() || r.Proto == flow.UDP && sparse(r) {
		return false
	}
	*s = span{
		row: r, client: r.SrcHost, server: r.DstHost, clientPort: r.SrcPort, port: r.DstPort,
		clientKind: r.SrcKind, serverKind: r.DstKind,
		up: r.SrcBytes, down: r.DstBytes,
	}
	if w.turned(r) {
		s.client, s.server, s.clientPort, s.port = s.server, s.client, s.port, s.clientPort
		s.clientKind, s.serverKind, s.up, s.down = s.serverKind, s.clientKind, s.down, s.up
	}
	if !s.clientKind.Machine() || !s.serverKind.Machine() || w.classes[s.port] == never ||
		!w.exempt.Empty() && (w.exempt.Contains(r.Src) || w.exempt.Contains(r.Dst)) {
		return false
	}
	s.pair = pairmap.Key{Src: s.client, Dst: s.server, Port: s.port, Proto: r.Proto}
	s.piece = s.pair
	s.piece.Extra = 1 + uint8((s.clientPort^s.clientPort>>8)%255)
	s.pairHash, s.pieceHash = s.pair.Hash(), s.piece.Hash()
	return true
}

// flow looks at a flow of some duration.
func (w *watcher) flow(r *flow.Record, s *span) {
	class := w.classes[s.port]
	p, fresh := w.pairs.AtOf(s.pair, s.pairHash, r.Start)
	if fresh {
		p.start, p.end = r.Start, r.Start
		w.users.At(s.server).add(s.client)
		if class == unusual && !s.serverKind.Internal() {
			n := w.strange.At(s.client)
			*n += min(1, 1<<16-1-*n)
		}
	}
	c := w.pieces.Touch(s.piece, s.pieceHash, r.Start)
	switch {
	case c == nil:
		c = w.pieces.Add(s.piece, s.pieceHash, r.Start)
		c.begin(r, s)
	case !c.goesOn(r, s):
		w.shelf.Drop(c.shown)
		*c = connection{}
		c.begin(r, s)
	}
	c.take(r, s)
	if c.end-c.start >= w.base/2 {
		c.shown = w.shelf.Add(c.shown, r)
	}
	w.judge(r, s, p, c)
	if class == unusual && r.Proto == flow.TCP {
		w.extend(r, s, p)
	}
}

// turned reports whether the record shows the answering direction.
func (w *watcher) turned(r *flow.Record) bool {
	return r.Reply && w.classes[r.SrcPort] != unusual
}

// sparse reports whether a UDP flow is but single packets, minutes apart, that
// share their ports: a program that asks now and then, not a connection.
func sparse(r *flow.Record) bool {
	const pkts = flow.HasPkts
	return r.Has&pkts == pkts && float64(r.SrcPkts+r.DstPkts) < float64(r.Duration)/float64(120*flow.Second)
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	gone := map[flow.Host]bool{}
	for _, h := range hs {
		gone[h] = true
		*w.users.At(h), *w.strange.At(h) = users{}, 0
	}
	w.pieces.All(func(k pairmap.Key, _ flow.Time, c *connection) bool {
		if gone[k.Src] || gone[k.Dst] {
			w.shelf.Drop(c.shown)
			w.pieces.Delete(k)
		}
		return true
	})
	w.pairs.All(func(k pairmap.Key, _ flow.Time, s *service) bool {
		if gone[k.Src] || gone[k.Dst] {
			w.shelf.Drop(s.shown)
			w.pairs.Delete(k)
		}
		return true
	})
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) {}

// Close implements detectors.Watcher.
func (w *watcher) Close() {}
