// Package flood reports hosts that are sent far more than usual: floods of
// SYNs, of reflected answers, of packets nobody asked for, and the crowds that
// look alike.
package flood

import (
	_ "embed"

	"seine/detectors"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/network"
	"seine/detectors/internal/pairmap"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes flood.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "flood",
		Title: "hosts that are sent far more flows, packets or bytes than usual",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "syn-flood", Title: "connections that are begun and never completed, from many forged or a few busy sources", Severity: detectors.High, ATTACK: []string{"T1499.001"}},
			{ID: "reflection", Title: "large answers of many services that nobody asked for", Severity: detectors.High, ATTACK: []string{"T1498.002"}},
			{ID: "direct-flood", Title: "packets that nobody answers, far above the usual rate", Severity: detectors.Medium, ATTACK: []string{"T1498.001"},
				ExpectsAt: []assets.Role{assets.Monitoring}},
			{ID: "unanswered-surge", Title: "clients that keep trying in vain: a flood, or a service that is down", Severity: detectors.Low, ATTACK: []string{"T1499.001"}},
			{ID: "request-flood", Title: "a few outside clients with far more requests than usual, which are answered", Severity: detectors.Low, ATTACK: []string{"T1499.002"}},
			{ID: "flash-crowd", Title: "far more clients than usual, which are answered", Severity: detectors.Info},
		},
		Needs: flow.HasAddrs | flow.HasStart | flow.HasProto,
		Scope: detectors.ByDestination,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

// minute is the length of a bucket.
const minute = 60 * flow.Second

// Buckets by minute stay open for as long as flows may come late, at most
// maxLate.
const (
	maxLate = 10 * minute
	open    = 13
)

// watchFlows in a minute, a flow of watchPackets, or unasked answers of
// watchBytes make a destination one that is watched: all floors are far above.
const (
	watchFlows   = 30
	watchPackets = 20_000
	watchBytes   = 50_000
)

// A glance is what is kept of a destination that is not watched.
type glance struct {
	minute  int32
	flows   uint16
	watched bool
	group   bool // no single machine
}

type floors struct {
	attempts, packets, bytes, requests, clients uint64 // a minute
	z, ratio                                    float64
	ramp                                        float64
}

type watcher struct {
	env   *detectors.Env
	rules [kinds]*detectors.Rule
	floor floors
	net   *network.Network

	started     bool
	first       int32 // the minute of the first flow
	closed      int32 // minutes before this one are closed
	newest      int32 // the latest minute
	recent      int32 // that of the last flow, and when it began
	recentStart flow.Time
	glances     hostmap.Map[glance]
	watched     *pairmap.Map[victim]
	touched     [open][]flow.Host // whose bucket of that minute is in use
	alarmed     []flow.Host
	entropies   entropies
	samples     []sample
	free        []uint32
	reflector   [1 << 16 / 64]uint64
	row         *flow.Record // at hand, while a flow may push out a victim
	values      []float64

	late, lost, lostEvidence *detectors.Counter
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, net: env.Network()}
	for k := range kinds {
		w.rules[k] = d.Rule(k.String())
	}
	count := func(name string, def int, doc string) uint64 {
		v := env.Int(name, def, doc)
		if v < 1 {
			env.Reject(name, "must be positive")
		}
		return uint64(max(v, 1))
	}
	positive := func(name string, def float64, doc string) float64 {
		v := env.Float(name, def, doc)
		if v < 0 {
			env.Reject(name, "must not be negative")
			return def
		}
		return v
	}
	w.floor = floors{
		attempts: count("min-attempts", 1000, "failed connections a minute below which there is no SYN flood"),
		packets:  count("min-packets", 300_000, "unanswered packets a minute below which there is no direct flood"),
		bytes:    count("min-bytes", 15_000_000, "bytes of unasked answers a minute below which there is no reflection"),
		requests: count("min-requests", 6000, "answered flows a minute below which there is no flood of requests"),
		clients:  count("min-clients", 200, "sources a minute below which there is no flash crowd"),
		z:        positive("min-z", 8, "how many robust standard deviations above its past a destination must be"),
		ratio:    positive("min-ratio", 3, "how many times the median of its past a destination must be sent"),
		ramp:     positive("ramp", 5, "a CUSUM over the slow average of the past that stands in for min-z, for attacks that grow slowly; 0 turns it off"),
	}
	for _, p := range env.Ports("reflectors", []uint16{17, 19, 53, 69, 111, 123, 137, 161, 389, 427, 520, 1900, 3283, 3702, 5353, 5683, 10001, 11211, 37810},
		"UDP ports of services that can be made to send answers to a victim") {
		w.reflector[p>>6] |= 1 << (p & 63)
	}
	most := count("max-destinations", 8000, "destinations watched at once; beyond it those idle longest are dropped")
	w.late = env.Tally("late", "flows left out because their minute was closed (--lateness, at most 10m here)")
	w.lost = env.Counter("destinations-dropped", "destinations no longer watched for lack of max-destinations")
	w.lostEvidence = env.Counter("evidence-not-kept", "flows not kept as possible evidence, since samples of 2000 destinations are kept already")
	w.watched = pairmap.New(int(min(most, 1<<24)), func(k pairmap.Key, v *victim) {
		w.lost.N++
		w.drop(k.Src, v)
	})
	env.TickEvery(minute)
	return w
}

func (w *watcher) reflects(port uint16) bool { return w.reflector[port>>6]>>(port&63)&1 != 0 }

// group is how many rows are worked on while the state that the next ones
// need is on its way to the cache.
const group = 32

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	var sets [2][group]*glance
	now, coming := &sets[0], &sets[1]
	w.look(rs[:min(group, len(rs))], now)
	for len(rs) > 0 {
		g := rs[:min(group, len(rs))]
		rs = rs[len(g):]
		w.look(rs[:min(group, len(rs))], coming)
		for i := range g {
			w.flow(&g[i], now[i])
		}
		now, coming = coming, now
	}
	w.row = nil
}

func (w *watcher) look(g []flow.Record, at *[group]*glance) {
	for i := range g {
		at[i] = w.glances.At(g[i].DstHost)
	}
	detectors.Prefetch(at[:len(g)])
}

func minuteOf(t flow.Time) int32 { return int32(t.Floor(minute) / minute) }

func (w *watcher) flow(r *flow.Record, g *glance) {
	if uint64(r.Start-w.recentStart) >= uint64(minute) || !w.started {
		w.recent = minuteOf(r.Start)
		w.recentStart = r.Start.Floor(minute)
	}
	m := w.recent
	if !w.started {
		w.started, w.first, w.newest = true, m, m
		w.closed = max(w.closed, m-open)
	}
	if m < w.closed {
		w.late.N++
		return
	}
	w.newest = max(w.newest, m)
	w.entropies.count(r, m)
	reflects := r.Proto == flow.UDP && w.reflects(r.DstPort)
	if !reflects && !g.watched && g.flows < watchFlows-1 && r.SrcPkts < watchPackets && (r.SrcBytes < watchBytes || r.Proto != flow.UDP) {
		g.notice(m) // most flows, in short
		return
	}
	w.row = r
	// Field by field: a literal is copied, which waits for what was just written.
	var a arrival
	a.flow, a.victim, a.source, a.port, a.from = r, r.DstHost, r.SrcHost, r.DstPort, r.SrcPort
	a.packets, a.bytes, a.back, a.backBytes = r.SrcPkts, r.SrcBytes, r.DstPkts, r.DstBytes
	if reflects {
		// To a service that can reflect: a request, or, where nothing was
		// sent, an answer that was turned round for its port.
		src := w.glances.At(r.SrcHost)
		switch turned := r.Has&flow.HasSrcPkts != 0 && r.SrcPkts == 0 || r.Has&flow.HasSrcBytes != 0 && r.SrcBytes == 0; {
		case turned && r.DstPkts|r.DstBytes != 0 && !w.reflects(r.SrcPort):
			a.victim, a.source, a.port, a.from = r.SrcHost, r.DstHost, r.SrcPort, r.DstPort
			a.packets, a.bytes, a.back, a.backBytes = r.DstPkts, r.DstBytes, 0, 0
			a.turned, g = true, src
		case src.watched:
			if v := w.watched.Find(pairmap.Key{Src: r.SrcHost}); v != nil {
				w.bucket(v, r.SrcHost, m).asked++
			}
		}
	}
	if !g.watched && !w.promote(&a, g, m) {
		return
	}
	v, fresh := w.watched.At(pairmap.Key{Src: a.victim}, r.Start)
	if fresh {
		g.watched = true
		v.begin(m, w.first)
	}
	w.count(v, &a, m)
}

// notice counts a flow.
func (g *glance) notice(m int32) {
	switch {
	case m > g.minute || g.flows == 0:
		g.minute, g.flows = m, 1
	case g.flows < 1<<16-1:
		g.flows++
	}
}

// promote counts a flow to a destination that is not watched and reports
// whether it is to be from now on.
func (w *watcher) promote(a *arrival, g *glance, m int32) bool {
	if g.group {
		return false
	}
	g.notice(m)
	if g.flows < watchFlows && a.packets < watchPackets && !(a.bytes >= watchBytes && w.unasked(a)) {
		return false
	}
	addr := &a.flow.Dst
	if a.turned {
		addr = &a.flow.Src
	}
	g.group = !w.net.Kind(*addr).Machine()
	return !g.group
}

// Tick judges the minutes that the watermark has passed.
func (w *watcher) Tick(now flow.Time) {
	if late := w.env.Lateness(); late > maxLate {
		now = now.Add(late - maxLate)
	}
	to := minuteOf(now)
	if !w.started {
		w.closed = to
		return
	}
	w.closeUntil(to)
}

// closeUntil judges the minutes before to.
func (w *watcher) closeUntil(to int32) {
	for from := w.closed; w.closed < to; w.closed++ {
		if w.closed-from > open && len(w.alarmed) == 0 { // nothing is left
			w.closed = to
			break
		}
		w.closeMinute(w.closed)
	}
	w.entropies.closeUntil(w.closed)
}

func (w *watcher) closeMinute(m int32) {
	due := w.touched[slot(m)]
	w.touched[slot(m)] = due[:0]
	for _, h := range due {
		v := w.watched.Find(pairmap.Key{Src: h})
		if v == nil {
			continue
		}
		if b := &v.open[slot(m)]; b.used && b.minute == m {
			w.judge(h, v, b)
			b.used = false
		}
	}
	kept := w.alarmed[:0]
	for _, h := range w.alarmed {
		v := w.watched.Find(pairmap.Key{Src: h})
		if v == nil || !v.campaign.on {
			continue
		}
		if m-v.campaign.last >= calm {
			w.endCampaign(h, v, true)
			continue
		}
		kept = append(kept, h)
	}
	w.alarmed = kept
}

// Close judges what is open.
func (w *watcher) Close() {
	if !w.started {
		return
	}
	w.closeUntil(w.newest + 1)
	for _, h := range w.alarmed {
		if v := w.watched.Find(pairmap.Key{Src: h}); v != nil && v.campaign.on {
			w.endCampaign(h, v, false)
		}
	}
	w.alarmed = nil
}

// drop reports what a victim that goes is in the middle of, and gives back
// what it holds.
func (w *watcher) drop(h flow.Host, v *victim) {
	if v.campaign.on {
		w.endCampaign(h, v, false)
	}
	if v.sample != 0 {
		w.free = append(w.free, v.sample)
		v.sample = 0
	}
	*w.glances.At(h) = glance{}
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	for _, h := range hs {
		if g := w.glances.At(h); g.watched {
			k := pairmap.Key{Src: h}
			if v := w.watched.Find(k); v != nil {
				w.drop(h, v)
				w.watched.Delete(k)
			}
		}
		*w.glances.At(h) = glance{}
	}
}
