// Package requestburst finds bursts of small sessions that are all alike and
// carry more to the server than back: the check-ins of a program whose server
// does not satisfy it.
package requestburst

import (
	_ "embed"
	"fmt"
	"time"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/network"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes request-burst.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "request-burst",
		Title: "bursts of small requests, all alike, that are answered with less than they carry",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "check-ins", Title: "a machine asks one server the same again and again and gets next to nothing", Severity: detectors.Low, ATTACK: []string{"T1071", "T1008"},
				Expects:   []assets.Role{assets.Monitoring, assets.LoadBalancer, assets.Proxy},
				ExpectsAt: []assets.Role{assets.Monitoring, assets.DomainController, assets.Backup}},
		},
		Needs: flow.HasAddrs | flow.HasStart | flow.HasProto | flow.HasDstPort | flow.HasBytes,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

type watcher struct {
	env    *detectors.Env
	rule   *detectors.Rule
	net    *network.Network
	exempt *prefixes.Set
	skip   [1 << 10]uint64 // ports that are not looked at, a bit each

	sessions uint32
	window   flow.Time
	steady   flow.Time
	share    float64
	most     uint64 // bytes of a small request
	users    int

	pairs   *pairmap.Map[pair]
	servers *pairmap.Map[server] // by Dst and Port
	sources *pairmap.Map[source] // by Src
	door    door
	shelf   *exhibit.Shelf
	waiting []pairmap.Key
}

// otherPorts are those of services that are asked the same all day by design,
// or where brute-force looks: mail, names, time, directories, shares, remote
// control, databases, queues.
var otherPorts = []uint16{
	21, 22, 23, 25, 37, 43, 53, 88, 110, 111, 113, 119, 123, 135, 137, 138, 139, 143, 161, 162, 179, 199, 389, 445, 464, 465, 514, 515,
	543, 544, 554, 587, 593, 631, 636, 853, 873, 989, 990, 993, 995, 1433, 1434, 1521, 1812, 1883, 2003, 2004, 2049, 2181, 2379, 3268, 3269,
	3306, 3389, 4317, 4318, 4369, 4505, 4506, 5044, 5222, 5269, 5353, 5432, 5671, 5672, 5900, 5985, 5986, 6379, 6380, 6514, 7000, 8086, 8125,
	8883, 9042, 9092, 9100, 9200, 9300, 10050, 10051, 11211, 24224, 27017,
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, rule: &d.Rules[0]}
	w.net = env.Network()
	w.exempt = env.Networks("exempt", "addresses and networks, at either end, that may ask as often as they like")
	w.sessions = uint32(number(env, "sessions", 40, 5, "answered sessions with one service within a window that make a burst"))
	w.window = span(env, "window", 10*time.Minute, "time within which they come")
	w.steady = span(env, "steady", 30*time.Minute, "a burst is told after this time, and one that still goes on is a program at work: low")
	w.share = env.Float("share", 0.8, "share of the sessions that must be alike, small, and carry more to the server than back")
	if !(w.share >= 0.5 && w.share <= 1) {
		env.Reject("share", "must lie between 0.5 and 1")
		w.share = 0.8
	}
	w.most = uint64(number(env, "max-request", 2048, 64, "bytes that a small request carries at most"))
	w.users = number(env, "users", 2, 1, "internal sources of such requests up to which a service is not taken for a proxy, or a service of all")
	for _, p := range env.Ports("skip-ports", otherPorts, "services that are not looked at") {
		w.skip[p>>6] |= 1 << (p & 63)
	}
	limit := number(env, "max-pairs", 100_000, 16, "pairs of a source and a service watched at once, about 150 bytes each; beyond it those idle longest are dropped")
	lost := env.Counter("pairs-dropped", "pairs of a source and a service that were dropped for lack of max-pairs")
	w.shelf = exhibit.New(min(env.Evidence(), 8), 2048)
	w.pairs = pairmap.New(limit, func(k pairmap.Key, p *pair) {
		lost.N++
		w.close(k, p)
	})
	w.servers = pairmap.New[server](max(limit/2, 1), nil)
	w.sources = pairmap.New[source](max(limit/20, 1), nil)
	env.TickEvery(max(w.steady/6, flow.Second))
	return w
}

func number(env *detectors.Env, name string, def, least int, doc string) int {
	n := env.Int(name, def, doc)
	if n < least || n > 1<<28 {
		env.Reject(name, fmt.Sprintf("must lie between %d and %d", least, 1<<28))
		return def
	}
	return n
}

func span(env *detectors.Env, name string, def time.Duration, doc string) flow.Time {
	v := env.Duration(name, def, doc)
	if v < flow.Second || v > 30*24*3600*flow.Second {
		env.Reject(name, "must lie between a second and thirty days")
		return flow.Time(def)
	}
	return v
}

// group is how many rows are looked at while the slots of those that matter
// are on their way to the cache.
const group = 32

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	var take [group]uint8
	var hashes [group]uint64
	var slots [2 * group]*uint64
	for len(rs) > 0 {
		g := rs[:min(group, len(rs))]
		rs = rs[len(g):]
		n, asked := 0, 0
		for i := range g {
			r := &g[i]
			if !w.concerns(r) {
				continue
			}
			k := pairmap.Service(r)
			hashes[n], take[n] = k.Hash(), uint8(i)
			slots[asked] = w.pairs.PlaceOf(hashes[n])
			n++
			asked++
			if w.small(r) {
				slots[asked] = w.door.place(k)
				asked++
			}
		}
		detectors.Prefetch(slots[:asked])
		for j, i := range take[:n] {
			w.session(&g[i], hashes[j])
		}
	}
}

// concerns reports whether r is an answered TCP session of an internal source,
// with bytes both ways.
func (w *watcher) concerns(r *flow.Record) bool {
	if r.Proto != flow.TCP || r.SrcBytes == 0 || r.DstBytes == 0 || r.Has&flow.HasBytes != flow.HasBytes || r.Has&flow.HasDstPort == 0 ||
		w.skip[r.DstPort>>6]>>(r.DstPort&63)&1 != 0 || r.SrcHost == r.DstHost || r.Orient >= flow.OrientPopularity {
		return false
	}
	return r.Outcome == flow.Answered && !r.Reply && r.SrcKind.Internal()
}

// small reports whether a session is a small request that was answered with
// less.
func (w *watcher) small(r *flow.Record) bool { return r.DstBytes < r.SrcBytes && r.SrcBytes <= w.most }

// session takes a session, of a pair with this hash.
func (w *watcher) session(r *flow.Record, hash uint64) {
	k := pairmap.Service(r)
	small := w.small(r)
	p := w.pairs.Touch(k, hash, r.Start)
	if p == nil {
		if !small || !r.DstKind.Machine() || !w.exempt.Empty() && (w.exempt.Contains(r.Src) || w.exempt.Contains(r.Dst)) {
			return
		}
		if !w.door.again(k) {
			return
		}
		w.env.At(r)
		w.server(k, r).use(r.SrcHost)
		p, _ = w.pairs.At(k, r.Start)
	} else {
		w.env.At(r)
	}
	if p.n > 0 && r.Has&flow.HasSrcPort != 0 && r.SrcPort != 0 && r.SrcPort == p.port {
		return // another piece of the same session
	}
	p.port = r.SrcPort
	if p.n > 0 && r.Start >= p.start.Add(w.window) {
		w.turn(k, p, r.Start)
	}
	p.take(r, small)
	if small && (p.n >= w.sessions/2 || p.burst) {
		p.shown = w.shelf.Add(p.shown, r)
	}
	if !p.burst && p.n >= w.sessions && p.alike() >= w.share {
		p.burst, p.since, p.found = true, p.start, r.Start
		p.total = p.n
		w.waiting = append(w.waiting, k)
	}
}

func (w *watcher) server(k pairmap.Key, r *flow.Record) *server {
	b, _ := w.servers.At(pairmap.Key{Dst: k.Dst, Port: k.Port, Proto: k.Proto}, r.Start)
	return b
}

// turn begins another window. A burst has ended where the last one was not
// half as full as it must be, or was the last for a while.
func (w *watcher) turn(k pairmap.Key, p *pair, now flow.Time) {
	if p.burst && (p.n < w.sessions/2 || now >= p.start.Add(2*w.window)) {
		w.close(k, p)
	}
	p.n, p.small, p.sizes = 0, 0, [4]size{}
	p.start = now
}

// close ends the burst of a pair, which is told if it has not been.
func (w *watcher) close(k pairmap.Key, p *pair) {
	if p.burst {
		w.tell(k, p, false)
	}
	w.shelf.Drop(p.shown)
	p.shown, p.burst, p.told = 0, false, 0
	p.gaps, p.mean, p.squares = 0, 0, 0
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	gone := map[flow.Host]bool{}
	for _, h := range hs {
		gone[h] = true
	}
	w.pairs.All(func(k pairmap.Key, _ flow.Time, p *pair) bool {
		if gone[k.Src] || gone[k.Dst] {
			w.close(k, p)
			w.pairs.Delete(k)
		}
		return true
	})
	w.servers.Forget(hs)
	w.sources.Forget(hs)
}

// Tick implements detectors.Watcher: bursts that began long enough ago are
// told.
func (w *watcher) Tick(now flow.Time) {
	clear(w.door[:])
	w.flush(now)
}

// Close implements detectors.Watcher.
func (w *watcher) Close() { w.flush(flow.MaxTime) }

// flush tells the bursts that have ended by now, or last.
func (w *watcher) flush(now flow.Time) {
	keep := w.waiting[:0]
	for _, k := range w.waiting {
		p := w.pairs.Find(k)
		switch {
		case p == nil || !p.burst || p.told > 0:
		case now == flow.MaxTime || now >= p.last.Add(2*w.window):
			w.tell(k, p, false)
		case p.last >= p.since.Add(w.steady):
			w.tell(k, p, true)
		default:
			keep = append(keep, k)
		}
	}
	w.waiting = keep
}
