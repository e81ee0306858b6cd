// Package beacon reports sources that call a destination by the clock, as
// implants call their masters.
package beacon

import (
	_ "embed"
	"math"
	"slices"
	"time"

	"seine/detectors"
	"seine/detectors/internal/contact"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/network"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
)

//go:embed README.md
var doc string

// Detector describes beacon.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "beacon",
		Title: "sources that call a destination by the clock",
		Doc:   doc,
		Rules: []detectors.Rule{
			{ID: "beacon", Title: "calls by the clock", Severity: detectors.Low, ATTACK: []string{"T1071", "T1029"}},
			{ID: "beacon-refused", Title: "calls by the clock that come to nothing", Severity: detectors.Low, ATTACK: []string{"T1071", "T1008"}},
		},
		Needs: flow.HasAddrs | flow.HasStart,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

// lookEvery is how often series are judged while the input goes on. It is
// shorter than the hour of the fold, so that one campaign is one finding.
const lookEvery = 30 * 60 * flow.Second

type watcher struct {
	env             *detectors.Env
	beacon, refused *detectors.Rule

	kinds     *network.Kinds
	ports     *portTable
	exempt    *prefixes.Set
	directory hostmap.Bits // internal hosts that serve as domain controllers

	pairs  *pairmap.Map[pair]
	once   *once
	found  *pairmap.Map[finding]
	store  store
	busy   []pairmap.Key // pairs that have been called often enough to be judged
	wholes []whole       // findings about several services

	minCalls uint32
	maxPairs int
	maxCalls uint32
	maxP     float64 // natural logarithm
	fdr      float64

	begin, end flow.Time // of all flows
	any        bool
	newest     flow.Time // of those that were kept

	passed, evicted, dropped, crowded *detectors.Counter

	work work
}

// A finding is what has been said of a pair.
type finding struct {
	window   flow.Time
	flows    uint32 // of the pair when it was last reported
	rule     uint8  // 1 for beacon, 2 for beacon-refused
	severity detectors.Severity
	sure     float64
	logP     float64
	period   float64
	last     flow.Time // of the last alert
}

// maxWholes is how many findings about several services are followed.
const maxWholes = 1000

// A whole is a finding about several services of a pair.
type whole struct {
	key      pairmap.Key
	services []pairmap.Key
}

// Entries of the two tables that are about all services of a pair have this
// Extra.
const wholePair = 1

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, beacon: d.Rule("beacon"), refused: d.Rule("beacon-refused")}
	minCalls := env.Int("min-calls", 7, "series of fewer calls are not judged")
	if minCalls <= minGaps || minCalls > 1000 {
		env.Reject("min-calls", "must lie between 4 and 1000")
		minCalls = 7
	}
	w.minCalls = uint32(minCalls)
	maxP := env.Float("max-p", 1e-4, "a series is reported if the probability of its regularity by chance is at most this, and fdr allows it")
	if !(maxP > 0 && maxP <= 1) {
		env.Reject("max-p", "must lie above 0 and at most at 1")
		maxP = 1e-4
	}
	w.maxP = math.Log(maxP)
	w.fdr = env.Float("fdr", 0.05, "share of false ones among the series reported that is put up with (Benjamini and Hochberg)")
	if !(w.fdr > 0 && w.fdr <= 1) {
		env.Reject("fdr", "must lie above 0 and at most at 1")
		w.fdr = 0.05
	}
	w.exempt = env.Networks("exempt", "addresses and networks, as source or destination, whose calls are passed over: monitoring, update servers")
	w.ports = newPortTable(env.Ports("exempt-ports", nil, "destination ports, TCP and UDP, that are passed over besides those of the infrastructure"))
	w.kinds = env.Network().Remember()
	maxPairs := env.Int("max-pairs", 400_000, "source, destination and service are kept for so many; beyond them those idle longest are forgotten")
	if maxPairs < 1 {
		env.Reject("max-pairs", "must be at least 1")
	}
	maxCalls := env.Int("max-calls", 800_000, "calls kept in all, beyond the first of each pair")
	if maxCalls < blockCalls {
		env.Reject("max-calls", "must be at least 4")
	}
	perPair := env.Int("max-calls-per-pair", 4096, "calls kept of a pair; older ones are dropped")
	if perPair < 64 || perPair > 1<<20 {
		env.Reject("max-calls-per-pair", "must lie between 64 and 1048576")
		perPair = 4096
	}
	w.maxCalls, w.maxPairs = uint32(perPair), max(maxPairs, 16)
	w.store.limit = max(16, maxCalls/blockCalls)
	w.passed = env.Counter("flows-passed-over", "flows of infrastructure services, multicast, link-local and exempt addresses, and protocols without ports, which are not judged")
	w.evicted = env.Counter("pairs-forgotten", "pairs of a source and a service that were forgotten for lack of max-pairs")
	w.dropped = env.Counter("calls-forgotten", "calls of idle pairs that were forgotten for lack of max-calls")
	w.crowded = env.Counter("calls-not-kept", "calls that were not kept for lack of max-calls")
	w.pairs = pairmap.New(maxPairs, func(_ pairmap.Key, p *pair) {
		w.evicted.N++
		w.store.drop(p)
	})
	w.once = &once{from: maxPairs / 2}
	w.found = pairmap.New[finding](maxPairs/8, nil)
	env.TickEvery(lookEvery)
	return w
}

// group is how many rows are worked on while the state that they need is on
// its way to the cache.
const group = 32

// A turn is a row that will be kept, as a call of src to the service of dst.
type turn struct {
	row    *flow.Record
	key    pairmap.Key
	turned bool // the row shows the answer
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	var turns [group]turn
	var places, firsts [group]*uint64
	for len(rs) > 0 {
		g := rs[:min(group, len(rs))]
		rs = rs[len(g):]
		n := 0
		for i := range g {
			if w.look(&g[i], &turns[n]) {
				places[n], firsts[n] = w.pairs.Place(turns[n].key), w.once.place(turns[n].key)
				n++
			}
		}
		detectors.Prefetch(places[:n])
		if w.once.slots != nil {
			detectors.Prefetch(firsts[:n])
		}
		for i := range turns[:n] {
			w.keep(&turns[i])
		}
	}
}

// look decides whether a flow is a call that may belong to a beacon.
func (w *watcher) look(r *flow.Record, t *turn) bool {
	if !w.any {
		w.begin, w.end, w.any = r.Start, r.Start, true
	}
	w.begin, w.end = min(w.begin, r.Start), max(w.end, r.Start)
	if r.Proto != flow.TCP && r.Proto != flow.UDP && r.Proto != flow.ProtoUnknown {
		w.passed.N++
		return false
	}
	t.row, t.turned = r, false
	src, dst, port := r.SrcHost, r.DstHost, r.DstPort
	srcKind, dstKind := w.kinds.At(src, r.Src), w.kinds.At(dst, r.Dst)
	if contact.Reply(r) {
		src, dst, port, srcKind, dstKind = dst, src, r.SrcPort, dstKind, srcKind
		t.turned = true
	}
	const no = network.Group | network.Reserved | network.LinkLocal
	internal := dstKind.Internal()
	if srcKind&no|dstKind&no != 0 || w.ports.passedOver(port, r.Proto, internal) {
		if internal && directory(port) {
			w.directory.Set(dst)
		}
		w.passed.N++
		return false
	}
	if !w.exempt.Empty() && (w.exempt.Contains(r.Src) || w.exempt.Contains(r.Dst)) {
		w.passed.N++
		return false
	}
	t.key = pairmap.Key{Src: src, Dst: dst, Port: port, Proto: r.Proto}
	return true
}

// keep adds a call to its pair.
func (w *watcher) keep(t *turn) {
	r := t.row
	if w.pairs.Len() >= w.once.from && w.pairs.Find(t.key) == nil && !w.once.again(t.key) {
		return
	}
	if w.pairs.Len() == 0 {
		w.newest = r.Start
	}
	w.newest = max(w.newest, r.Start)
	p, fresh := w.pairs.At(t.key, r.Start)
	p.flows++
	fails := !t.turned && contact.Of(r).Failed()
	if fails {
		p.failed++
	}
	if fresh {
		p.first = callOf(r, t.turned, fails)
		p.lastAt, p.calls = r.Start, 1
		return
	}
	// The same moment is the same call: both halves of one, several
	// connections at once.
	if d := r.Start - p.lastAt; d < same && d > -same {
		return
	}
	c := callOf(r, t.turned, fails)
	if !w.store.add(p, &c, w.maxCalls) {
		w.sweep()
		if !w.store.add(p, &c, w.maxCalls) {
			w.crowded.N++
			return
		}
	}
	if p.calls++; p.calls == w.minCalls {
		w.listBusy(t.key)
	}
	p.lastAt = r.Start
}

// listBusy notes a pair that is to be judged. Those forgotten since are struck
// off when judging, or when they get too many.
func (w *watcher) listBusy(k pairmap.Key) {
	if len(w.busy) >= 2*w.maxPairs {
		slices.SortFunc(w.busy, compare)
		w.busy = slices.Compact(w.busy)
		w.busy = slices.DeleteFunc(w.busy, func(k pairmap.Key) bool { return w.pairs.Find(k) == nil })
	}
	w.busy = append(w.busy, k)
}

// same is the time within which two flows of a pair are taken for one call
// when they come, below every width of a burst.
const same = flow.Time(10 * time.Millisecond)

// sweep makes room in the store until an eighth is free: it drops the calls of
// pairs that were called little, those idle longest first, then those of all.
func (w *watcher) sweep() {
	for _, few := range []bool{true, false} {
		for age := flow.Time(12 * time.Hour); age >= flow.Second; age /= 4 {
			before := w.newest.Add(-age)
			w.pairs.All(func(_ pairmap.Key, last flow.Time, p *pair) bool {
				if last < before && p.kept > 0 && !(few && p.calls >= w.minCalls) {
					w.dropped.N += uint64(w.store.drop(p))
				}
				return true
			})
			if len(w.store.free) >= w.store.limit/8 {
				return
			}
		}
	}
	// All are busy: the long series are halved.
	w.pairs.All(func(_ pairmap.Key, _ flow.Time, p *pair) bool {
		for half := p.kept / 2; p.kept > max(half, 64); {
			b := w.store.at(p.head)
			p.kept -= b.used
			w.dropped.N += uint64(b.used)
			w.store.free = append(w.store.free, p.head)
			p.head = b.next
		}
		return true
	})
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	var gone hostmap.Bits
	for _, h := range hs {
		gone.Set(h)
		w.directory.Unset(h)
	}
	w.pairs.All(func(k pairmap.Key, _ flow.Time, p *pair) bool {
		if gone.Has(k.Src) || gone.Has(k.Dst) {
			w.store.drop(p)
			w.pairs.Delete(k)
		}
		return true
	})
	w.found.Forget(hs)
	w.wholes = slices.DeleteFunc(w.wholes, func(o whole) bool { return gone.Has(o.key.Src) || gone.Has(o.key.Dst) })
	w.kinds.Forget(hs)
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) { w.judge(false) }

// Close implements detectors.Watcher.
func (w *watcher) Close() { w.judge(true) }
