// Package beacon reports sources that call a destination by the clock, as
// implants call their masters.
package beacon

import (
	_ "embed"
	"math"

	"seine/detectors"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/network"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes beacon.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "beacon",
		Title: "sources that call a destination by the clock",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "beacon", Title: "calls by the clock", Severity: detectors.Info, ATTACK: []string{"T1071", "T1029"},
				Expects:   []assets.Role{assets.Monitoring, assets.Proxy, assets.LoadBalancer},
				Inward:    true,
				ExpectsAt: []assets.Role{assets.DomainController, assets.Resolver, assets.Monitoring, assets.MailServer, assets.Backup, assets.LoadBalancer, assets.Gateway}},
			{ID: "beacon-refused", Title: "calls by the clock that come to nothing", Severity: detectors.Info, ATTACK: []string{"T1071", "T1008"},
				Expects:   []assets.Role{assets.Monitoring, assets.Proxy, assets.LoadBalancer},
				Inward:    true,
				ExpectsAt: []assets.Role{assets.DomainController, assets.Monitoring, assets.Backup}},
		},
		Needs: flow.HasAddrs | flow.HasStart,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

// lookEvery is how often series are judged while the input goes on.
const lookEvery = 30 * 60 * flow.Second

type watcher struct {
	env             *detectors.Env
	beacon, refused *detectors.Rule

	net       *network.Network
	ports     *portTable
	exempt    *prefixes.Set
	directory hostmap.Bits // internal hosts that serve as domain controllers

	pairs   *pairmap.Map[pair]
	keys    keyList // of pairs, to go through without their entries
	once    *once
	found   *pairmap.Map[finding]
	store   store
	due     []pairmap.Key       // pairs that have grown enough to be judged at the next look
	notable []pairmap.Key       // pairs that are looked at every time: see judge
	busy    keyList             // of pairs that were called often enough to be one of several services
	tested  int                 // pairs that have been judged
	pairsOf hostmap.Map[uint32] // pairs that a host is the source of

	sources, machines int     // hosts that are sources, and those that are internal
	wholes            []whole // findings about several services

	minCalls uint32
	maxPairs int
	maxCalls uint32
	maxP     float64 // natural logarithm
	fdr      float64

	begin, end flow.Time // of all flows
	any        bool
	seconds    bool      // a flow began elsewhere than at a full minute
	newest     flow.Time // of those that were kept

	passed, evicted, dropped, crowded *detectors.Counter

	bench bench
	full  bench // works out every probability
	work  work
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
	callers  int       // of the destination, as counted last
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
	w.bench.worth = max(math.Log(w.fdr), notableP)
	w.exempt = env.Networks("exempt", "addresses and networks, as source or destination, whose calls are passed over: monitoring, update servers")
	w.ports = newPortTable(env.Ports("exempt-ports", nil, "destination ports, TCP and UDP, that are passed over besides those of the infrastructure"))
	w.net = env.Network()
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
	w.passed = env.Tally("flows-passed-over", "flows of infrastructure services, multicast, link-local and exempt addresses, and protocols without ports, which are not judged")
	w.evicted = env.Counter("pairs-forgotten", "pairs of a source and a service that were forgotten for lack of max-pairs")
	w.dropped = env.Counter("calls-forgotten", "calls of idle pairs that were forgotten for lack of max-calls")
	w.crowded = env.Counter("calls-not-kept", "calls that were not kept for lack of max-calls")
	w.pairs = pairmap.New(maxPairs, func(k pairmap.Key, p *pair) {
		w.evicted.N++
		w.release(k, p)
	})
	w.once = &once{from: maxPairs / 2}
	w.found = pairmap.New[finding](maxPairs/8, nil)
	env.TickEvery(lookEvery)
	return w
}

// group is how many rows are worked on while the state that they need is on
// its way to the cache.
const group = 32

// minute is the step of the coarsest clock that is reckoned with.
const minute = 60 * flow.Second

// step is the step of the clock, in seconds, as far as all flows tell.
func (w *watcher) step() float64 {
	if w.seconds {
		return 0
	}
	return 60
}

// A turn is a row that will be kept, as a call of src to the service of dst.
type turn struct {
	row    *flow.Record
	key    pairmap.Key
	hash   uint64 // of the key
	turned bool   // the row shows the answer
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	var turns [group]turn
	var places [group]*uint64
	var guesses [group]*pair
	for len(rs) > 0 {
		g := rs[:min(group, len(rs))]
		rs = rs[len(g):]
		n := 0
		for i := range g {
			if w.look(&g[i], &turns[n]) {
				places[n] = w.pairs.PlaceOf(turns[n].hash)
				n++
			}
		}
		detectors.Prefetch(places[:n])
		known, unknown := 0, 0
		for i := range turns[:n] {
			if p := w.pairs.GuessOf(turns[i].hash); p != nil {
				guesses[known] = p
				known++
			} else if w.once.slots != nil {
				places[unknown] = w.once.place(turns[i].hash)
				unknown++
			}
		}
		detectors.Prefetch(guesses[:known])
		detectors.Prefetch(places[:unknown])
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
	if !w.seconds && r.Start%minute != 0 {
		w.seconds = true
	}
	if r.Proto != flow.TCP && r.Proto != flow.UDP && r.Proto != flow.ProtoUnknown {
		w.passed.N++
		return false
	}
	t.row, t.turned = r, false
	src, dst, port := r.SrcHost, r.DstHost, r.DstPort
	srcKind, dstKind := r.SrcKind, r.DstKind
	if r.Reply {
		src, dst, port, srcKind, dstKind = dst, src, r.SrcPort, dstKind, srcKind
		t.turned = true
	}
	const no = flow.AddrGroup | flow.AddrReserved | flow.AddrLinkLocal
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
	// Field by field: a copy of the whole would have to wait for its parts.
	k := &t.key
	k.Src, k.Dst, k.Port, k.Proto, k.Extra = src, dst, port, r.Proto, 0
	t.hash = k.Hash()
	return true
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) { w.judge(false) }

// Close implements detectors.Watcher.
func (w *watcher) Close() { w.judge(true) }
