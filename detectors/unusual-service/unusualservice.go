// Package unusualservice reports services that a network has not used before:
// at a port, in a direction, at a server; and protocols at the ports of others.
package unusualservice

import (
	_ "embed"
	"math"
	"time"

	"seine/detectors"
	"seine/detectors/internal/contact"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/learning"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes unusual-service.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "unusual-service",
		Title: "services that are new to the network, or at the port of another",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "exposed-service", Title: "an internal server answers outside clients at a port where it did not", Severity: detectors.Info, ATTACK: []string{"T1133", "T1021"}},
			{ID: "new-service", Title: "a service is used for the first time in this direction", Severity: detectors.Info, ATTACK: []string{"T1571", "T1021"},
				Expects: []assets.Role{assets.Scanner, assets.Monitoring, assets.Proxy, assets.Gateway}},
			{ID: "protocol-on-odd-port", Title: "a protocol is spoken at a port that is not its own", Severity: detectors.Info, ATTACK: []string{"T1571"},
				Expects: []assets.Role{assets.Scanner, assets.Proxy}},
		},
		Needs: flow.HasAddrs | flow.HasStart | flow.HasProto | flow.HasDstPort,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

// A direction is how a flow lies to the border of the network.
type direction uint8

const (
	inside   direction = iota
	outbound           // from inside to outside
	inbound
	directions
)

var directionNames = [directions]string{"inside", "outbound", "inbound"}

func (d direction) String() string { return directionNames[d] }

// ephemeral is the first port that systems give to clients: what is above is
// the port of no service.
const ephemeral = 32768

type watcher struct {
	env     *detectors.Env
	rules   struct{ exposed, fresh, odd *detectors.Rule }
	exempt  *prefixes.Set
	learnt  *learning.Span
	learn   flow.Time
	classes [1 << 16]class

	// used counts the established flows to each port, by direction, TCP
	// first. It is written as the learning goes and afterwards alike.
	used    [directions][2][ephemeral]uint32
	strange [directions][2]int // unnamed ports met after learning
	max     int                // of them told

	known    hostmap.Bits           // internal hosts seen while learning
	servers  *pairmap.Map[struct{}] // what answered outside clients, and what protocols were told
	services services

	between, dropped, untold *detectors.Counter
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env}
	w.rules.exposed, w.rules.fresh, w.rules.odd = d.Rule("exposed-service"), d.Rule("new-service"), d.Rule("protocol-on-odd-port")
	env.Surveyed()
	w.exempt = env.Networks("exempt", "addresses and networks, at either end, whose services may change")
	w.learn = env.Duration("learn", 24*time.Hour, "event time with flows, a gap counting for an hour at most, before anything is called new")
	if w.learn < 0 {
		env.Reject("learn", "must not be negative")
	}
	for _, p := range namedPorts {
		w.classes[p] = named
	}
	for p := range 1024 {
		w.classes[p] = named
	}
	for _, p := range env.Ports("abused-ports", abusedPorts, "services whose first use to the outside is low rather than info: legacy, relays, databases") {
		w.classes[p] = abused
	}
	for _, p := range env.Ports("admin-ports", adminPorts, "services that give control of a machine or its data: a server that begins to answer outside clients there is medium") {
		w.classes[p] = admin
	}
	w.max = env.Int("max-strange", 50, "ports of no known service told as new in each direction; a peer-to-peer client uses any number")
	if w.max < 0 {
		env.Reject("max-strange", "must not be negative")
	}
	maxServers := env.Int("max-servers", 100_000, "services of servers remembered, about 64 bytes each; once it is reached nothing is medium")
	if maxServers < 1 || maxServers > 1<<30 {
		env.Reject("max-servers", "must be positive, and not out of all proportion")
		maxServers = 1
	}
	w.between = env.Tally("flows-between-outsiders", "flows of which neither end is internal, and which were not watched: name your networks with --internal")
	w.dropped = env.Counter("servers-dropped", "services of servers forgotten for lack of max-servers")
	w.untold = env.Counter("ports-not-told", "new ports of no known service beyond max-strange")
	w.learnt = learning.New(w.learn)
	w.servers = pairmap.New(maxServers, func(pairmap.Key, *struct{}) { w.dropped.N++ })
	return w
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	exempt := !w.exempt.Empty()
	for i := range rs {
		r := &rs[i]
		learnt := w.learnt.See(r.Start)
		if r.Has&flow.HasDstPort == 0 || r.Proto != flow.TCP && r.Proto != flow.UDP {
			continue
		}
		counts := (r.DstPort < ephemeral || r.Has&flow.HasService != 0) && contact.Served(r)
		if learnt && !counts {
			continue // before what costs: most are of this kind
		}
		src, dst := r.SrcKind, r.DstKind
		if !learnt {
			w.meet(r.SrcHost, src)
			w.meet(r.DstHost, dst)
		}
		if !counts || !src.Machine() || !dst.Machine() {
			continue
		}
		d := inside
		switch {
		case !src.Internal() && !dst.Internal():
			w.between.N++
			continue
		case !dst.Internal():
			d = outbound
		case !src.Internal():
			d = inbound
		}
		if exempt && (w.exempt.Contains(r.Src) || w.exempt.Contains(r.Dst)) {
			continue
		}
		w.flow(r, d, learnt)
	}
}

// meet remembers an internal host.
func (w *watcher) meet(h flow.Host, k flow.AddrKind) {
	if k.Internal() && !w.known.Has(h) {
		w.known.Set(h)
	}
}

// flow takes an established flow.
func (w *watcher) flow(r *flow.Record, d direction, learnt bool) {
	if r.Has&flow.HasService != 0 && r.Service != 0 {
		w.protocol(r, d)
	}
	if r.DstPort >= ephemeral || r.DstPort == 0 {
		return
	}
	proto := 0
	if r.Proto == flow.UDP {
		proto = 1
	}
	n := &w.used[d][proto][r.DstPort]
	before := *n
	if before < math.MaxUint32 {
		*n++
	}
	if d == inbound {
		_, first := w.servers.At(pairmap.Key{Dst: r.DstHost, Port: r.DstPort, Proto: r.Proto}, r.Start)
		if first && learnt && w.tellable(d, proto, r.DstPort) {
			w.reportExposed(r, before)
		}
		return
	}
	if before == 0 && learnt && w.tellable(d, proto, r.DstPort) {
		w.reportNew(r, d)
	}
}

// tellable counts a port of no known service, and reports whether there were
// not too many of them.
func (w *watcher) tellable(d direction, proto int, port uint16) bool {
	if w.classes[port] != unnamed {
		return true
	}
	if w.strange[d][proto] >= w.max {
		w.untold.N++
		return false
	}
	w.strange[d][proto]++
	return true
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	w.servers.Forget(hs)
	for _, h := range hs {
		w.known.Unset(h)
	}
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) {}

// Close implements detectors.Watcher.
func (w *watcher) Close() {}
