// Package lateralmovement finds machines of a network that take control of
// others: that use several services of administration of a machine which is
// no server of many, and machines that are used so and go on to a third.
package lateralmovement

import (
	_ "embed"
	"fmt"
	"math"
	"time"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/learning"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes lateral-movement.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "lateral-movement",
		Title: "internal machines that take control of others, and paths from one to the next",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "remote-administration", Title: "an internal machine uses several services of administration of others", Severity: detectors.Low, ATTACK: []string{"T1021.001", "T1021.002", "T1021.006", "T1570"},
				Expects: []assets.Role{assets.Admin, assets.DomainController, assets.Backup, assets.Monitoring, assets.Scanner},
				Unlike:  []assets.Role{assets.IoT, assets.Printer}},
			{ID: "chain", Title: "a machine that is being administered administers a third", Severity: detectors.Low, ATTACK: []string{"T1021.001", "T1021.004", "T1021.006", "T1210"},
				Expects: []assets.Role{assets.Admin, assets.DomainController, assets.Backup, assets.Monitoring, assets.Scanner},
				Unlike:  []assets.Role{assets.IoT, assets.Printer}},
		},
		Needs: flow.HasAddrs | flow.HasStart | flow.HasProto | flow.HasDstPort,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

type watcher struct {
	env           *detectors.Env
	remote, chain *detectors.Rule
	exempt        *prefixes.Set
	learnt        *learning.Span
	classes       [1 << 16]class
	matters       [1 << 10]uint64 // ports of a class other than nothing, a bit each
	window        uint32          // seconds in which several services count as used together
	settle        flow.Time       // how long a finding waits for what may explain it
	clients       int             // of a file server
	targets       uint32          // of a management station

	known     hostmap.Bits // internal hosts met while learning
	directory hostmap.Bits // hosts that answer for the network: names, Kerberos, LDAP
	masters   hostmap.Bits // hosts that administered another while learning

	edges   *pairmap.Map[edge]
	servers *pairmap.Map[server] // by Dst
	sources *pairmap.Map[source] // by Src
	shelf   *exhibit.Shelf
	waiting []flow.Host // sources with something to tell
	paths   []path      // likewise
	lost    *detectors.Counter
	untold  *detectors.Counter
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, remote: d.Rule("remote-administration"), chain: d.Rule("chain")}
	env.Surveyed()
	w.exempt = env.Networks("exempt", "addresses and networks, at either end, that administer or are administered: management stations, jump hosts, scanners")
	learn := env.Duration("learn", 24*time.Hour, "event time with flows, a gap counting for an hour at most, before anything is called new")
	if learn < 0 {
		env.Reject("learn", "must not be negative")
	}
	w.learnt = learning.New(learn)
	w.window = uint32(span(env, "window", time.Hour, "services of one machine used within this time count together; so do the hops of a chain") / flow.Second)
	w.settle = span(env, "settle", time.Hour, "a finding waits so long for what may explain it: that the machine is a server of many, or the source a management station")
	w.clients = int(number(env, "file-server-clients", 4, 8, "internal clients of SMB from which on a machine is a file or print server, where SMB and RPC are ordinary"))
	w.targets = uint32(number(env, "managed-targets", 6, 1<<20, "machines administered from which on a source is a management station: low, unless it is new"))
	limit := number(env, "max-pairs", 100_000, 1<<28, "pairs of internal machines remembered, about 90 bytes each; once it is reached nothing is called new")
	w.lost = env.Counter("pairs-dropped", "pairs of internal machines forgotten for lack of max-pairs")
	w.untold = env.Counter("paths-not-told", "chains that were not followed because too many waited")
	w.classes = classify()
	for p, c := range w.classes {
		if c != nothing {
			w.matters[p>>6] |= 1 << (p & 63)
		}
	}
	w.shelf = exhibit.New(min(env.Evidence(), 8), 4096)
	w.edges = pairmap.New(limit, func(pairmap.Key, *edge) { w.lost.N++ })
	w.servers = pairmap.New[server](max(limit/2, 1), nil)
	w.sources = pairmap.New(max(limit/4, 1), func(k pairmap.Key, s *source) {
		if s.waits {
			w.tell(k.Src, s)
		}
		w.shelf.Drop(s.shown)
	})
	env.TickEvery(max(w.settle/4, flow.Second))
	return w
}

func span(env *detectors.Env, name string, def time.Duration, doc string) flow.Time {
	v := env.Duration(name, def, doc)
	if v < flow.Second || v > 30*24*3600*flow.Second {
		env.Reject(name, "must lie between a second and thirty days")
		return flow.Time(def)
	}
	return v
}

func number(env *detectors.Env, name string, def, most int, doc string) int {
	n := env.Int(name, def, doc)
	if n < 1 || n > most {
		env.Reject(name, fmt.Sprintf("must lie between 1 and %d", most))
		return def
	}
	return n
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		learnt := w.learnt.See(r.Start)
		from := r.SrcKind
		if w.matters[r.DstPort>>6]>>(r.DstPort&63)&1 == 0 || !from.Internal() || !from.Machine() {
			continue
		}
		c := w.classes[r.DstPort]
		if r.Has&flow.HasDstPort == 0 || r.SrcHost == r.DstHost ||
			r.Proto != flow.TCP && (r.Proto != flow.UDP || c != directories) {
			continue
		}
		if !learnt && !w.known.Has(r.SrcHost) {
			w.known.Set(r.SrcHost)
		}
		to := r.DstKind
		if !to.Internal() || !to.Machine() {
			continue
		}
		w.env.At(r)
		switch {
		case c == directories:
			if !w.directory.Has(r.DstHost) && r.Outcome == flow.Answered && !r.Reply {
				w.directory.Set(r.DstHost)
			}
		case c == dynamic:
			if e := w.edges.Find(pairmap.Pair(r.SrcHost, r.DstHost)); e != nil && e.at[rpc] != 0 {
				e.transfer(r)
			}
		case established(r):
			if !learnt && !w.known.Has(r.DstHost) {
				w.known.Set(r.DstHost)
			}
			w.session(r, c, learnt)
		}
	}
}

// established reports whether a session came about in which both sides said
// something: neither a port that was looked at, nor a guess at who began.
func established(r *flow.Record) bool {
	if r.Outcome != flow.Answered || r.Orient >= flow.OrientPopularity || r.Reply {
		return false
	}
	if r.Has&flow.HasSrcBytes != 0 && r.SrcBytes == 0 || r.Has&flow.HasDstBytes != 0 && r.DstBytes == 0 {
		return false
	}
	return (r.Has&flow.HasSrcPkts == 0 || r.SrcPkts >= 4) && (r.Has&flow.HasDstPkts == 0 || r.DstPkts >= 2)
}

// session takes a session with a service of administration.
func (w *watcher) session(r *flow.Record, c class, learnt bool) {
	if !w.exempt.Empty() && (w.exempt.Contains(r.Src) || w.exempt.Contains(r.Dst)) || w.directory.Has(r.DstHost) {
		return
	}
	now := seconds(r.Start)
	e, fresh := w.edges.At(pairmap.Pair(r.SrcHost, r.DstHost), r.Start)
	if fresh {
		e.since = r.Start
	}
	e.sessions += min(1, ^e.sessions)
	e.at[c] = max(e.at[c], now)
	if !learnt {
		e.learnt |= 1 << c
	}
	b, _ := w.servers.At(pairmap.Key{Dst: r.DstHost}, r.Start)
	if c == smb {
		b.serve(r.SrcHost)
	}
	var s *source
	if executes&(1<<c) != 0 {
		var first bool
		s, first = w.sources.At(pairmap.Key{Src: r.SrcHost}, r.Start)
		if first {
			*s = source{start: r.Start, fresh: learnt && w.lost.N == 0 && w.known.Has(r.SrcHost)}
		}
		if !e.managed {
			e.managed = true
			s.managed += min(1, ^s.managed)
		}
		if !learnt && !w.masters.Has(r.SrcHost) {
			w.masters.Set(r.SrcHost)
		}
	} else if s = w.sources.Find(pairmap.Key{Src: r.SrcHost}); s == nil {
		return // only shares, so far
	}
	s.last = max(s.last, r.Start)
	if c != ssh || e.level > 0 || learnt {
		s.shown = w.shelf.Add(s.shown, r)
	}
	w.judge(r, e, b, s, now, learnt)
}

// seconds is a time in whole seconds since 1970, at least 1.
func seconds(t flow.Time) uint32 {
	return uint32(min(max(int64(t)/1e9, 1), math.MaxUint32))
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	gone := map[flow.Host]bool{}
	for _, h := range hs {
		gone[h] = true
		w.known.Unset(h)
		w.directory.Unset(h)
		w.masters.Unset(h)
		k := pairmap.Key{Src: h}
		if s := w.sources.Find(k); s != nil {
			if s.waits {
				w.tell(h, s)
			}
			w.shelf.Drop(s.shown)
			w.sources.Delete(k)
		}
	}
	for i := 0; i < len(w.paths); i++ {
		if p := &w.paths[i]; gone[p.from] || gone[p.over] || gone[p.to] {
			w.tellPath(p)
			w.paths = append(w.paths[:i], w.paths[i+1:]...)
			i--
		}
	}
	w.servers.All(func(_ pairmap.Key, _ flow.Time, b *server) bool {
		for i := range b.steps {
			if gone[b.steps[i].from] {
				b.steps[i] = step{}
			}
		}
		return true
	})
	w.edges.Forget(hs)
	w.servers.Forget(hs)
}

// Tick implements detectors.Watcher: what has waited long enough is told.
func (w *watcher) Tick(now flow.Time) { w.flush(now.Add(-w.settle)) }

// Close implements detectors.Watcher.
func (w *watcher) Close() { w.flush(flow.MaxTime) }

// flush tells what was found until then.
func (w *watcher) flush(until flow.Time) {
	keep := w.waiting[:0]
	for _, h := range w.waiting {
		s := w.sources.Find(pairmap.Key{Src: h})
		switch {
		case s == nil || !s.waits:
		case s.since <= until:
			w.tell(h, s)
		default:
			keep = append(keep, h)
		}
	}
	w.waiting = keep
	left := w.paths[:0]
	for i := range w.paths {
		if p := w.paths[i]; p.flow.Start <= until {
			w.tellPath(&p)
		} else {
			left = append(left, p)
		}
	}
	w.paths = left
}
