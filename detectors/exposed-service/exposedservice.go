// Package exposedservice reports addresses of bad reputation that reach services
// of the network, by how vulnerable these are, and services known to be
// exploited that the internet reaches at all.
package exposedservice

import (
	_ "embed"
	"time"

	"seine/detectors"
	"seine/detectors/internal/contact"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hashset"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/network"
	"seine/detectors/internal/pairmap"
	"seine/flow"
	"seine/flow/enrich/geo"
	"seine/flow/enrich/intel"
	"seine/flow/enrich/inventory"
)

//go:embed README.md
var doc string

// Detector describes exposed-service.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "exposed-service",
		Title: "addresses of bad reputation at services of the network, by how vulnerable these are",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "contact", Title: "an address of bad reputation tries services that are there", Severity: detectors.Low, ATTACK: []string{"T1595.002"}},
			{ID: "reached", Title: "a service answers an address of bad reputation", Severity: detectors.Low, ATTACK: []string{"T1190"}},
			{ID: "exposed-vulnerable", Title: "a service with a vulnerability known to be exploited answers the internet", Severity: detectors.Medium, ATTACK: []string{"T1190"}},
		},
		Needs: flow.HasAddrs | flow.HasStart | flow.HasProto | flow.HasDstPort,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

// What is known of a host, as bits.
const (
	looked    = 1 << iota // at all
	listed                // outside, and a list names it
	exploited             // inside, and has a service that is known to be exploited
	victim                // inside, and answered a listed address
)

type watcher struct {
	env    *detectors.Env
	rules  struct{ contact, reached, vulnerable *detectors.Rule }
	net    *network.Network
	inv    *inventory.Table
	lookup func(flow.Addr) []intel.Indicator
	place  func(flow.Addr) geo.Place

	minScore int
	answer   uint64    // bytes of a large answer
	span     flow.Time // within which a call home counts
	quiet    flow.Time // after which a visit is another one

	hosts  hostmap.Map[uint8]
	visits *pairmap.Map[visit] // by source and service
	knocks *pairmap.Map[knock] // by source
	doors  *pairmap.Map[door]  // by service
	homes  map[homeKey]home    // where victims may call
	seen   *hashset.Set        // services tried by a source, clients of a door
	most   int                 // of seen, and of homes
	shelf  *exhibit.Shelf
	number uint32

	dropped, uncounted *detectors.Counter
	benign, weak       *detectors.Counter
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	known := env.Known()
	w := &watcher{env: env, inv: known.Inventory, lookup: known.Intel.Lookup, place: known.Geo.Lookup, homes: map[homeKey]home{}}
	w.rules.contact, w.rules.reached, w.rules.vulnerable = d.Rule("contact"), d.Rule("reached"), d.Rule("exposed-vulnerable")
	w.net = env.Network()
	w.minScore = env.Int("min-score", 50, "score from 0 to 100 that an entry of a list must have, where the list gives one")
	mb := env.Float("answer-mb", 10, "MB that a service sends back in all for the answer to be large")
	w.span = env.Duration("call-span", time.Hour, "how long after an answer a call of the server to the network of the visitor counts")
	w.quiet = env.Duration("quiet", 12*time.Hour, "how long nothing may come for what follows to be a finding of its own")
	maxVisits := env.Int("max-visits", 50_000, "pairs of visitor and service remembered, about 170 bytes each and 200 for each flow shown")
	if w.minScore < 0 || w.minScore > 100 {
		env.Reject("min-score", "must lie between 0 and 100")
	}
	if !(mb >= 0 && mb < 1e12) || w.span < 0 || w.quiet < 0 {
		env.Reject("answer-mb", "and call-span and quiet must not be negative")
		mb = 0
	}
	if maxVisits < 1 || maxVisits > 1<<26 {
		env.Reject("max-visits", "must be positive, and not out of all proportion")
		maxVisits = 1
	}
	w.answer, w.most = uint64(mb*1e6), 8*maxVisits
	w.dropped = env.Counter("visits-dropped", "visits, visitors and services told of before the end for lack of max-visits")
	w.uncounted = env.Counter("not-counted", "services of a visitor, clients of a service and answers whose server is not watched for calls, for lack of max-visits")
	w.benign = env.Tally("listed-as-benign", "visitors that one list calls bad and another harmless: they are left out")
	w.weak = env.Tally("below-min-score", "flows of visitors whose entries have too low a score, or no longer held")
	if known.Intel == nil && known.Inventory == nil {
		env.Skip("neither threat lists nor an inventory are given (--intel FILE, --inventory FILE)")
		return nil
	}
	w.visits = pairmap.New(maxVisits, func(k pairmap.Key, v *visit) {
		w.dropped.N++
		w.tellVisit(nil, k, v, true)
		w.shelf.Drop(v.shown)
	})
	w.knocks = pairmap.New(maxVisits, func(k pairmap.Key, n *knock) {
		w.dropped.N++
		w.tellKnock(nil, k, n, true)
		w.shelf.Drop(n.shown)
	})
	w.doors = pairmap.New(maxVisits, func(k pairmap.Key, o *door) {
		w.dropped.N++
		w.tellDoor(nil, k, o, true)
		w.shelf.Drop(o.shown)
	})
	w.seen = hashset.New()
	w.shelf = exhibit.New(env.Evidence(), min(3*maxVisits, 50_000))
	if w.span > 0 {
		env.TickEvery(w.span)
	}
	return w
}

// Flows implements detectors.Watcher. Nearly all flows end after a look at the
// bits of their ends.
func (w *watcher) Flows(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		src, dst := w.hosts.At(r.SrcHost), w.hosts.At(r.DstHost)
		if *src == 0 {
			w.look(r.SrcHost, r.Src, src)
		}
		if *dst == 0 {
			w.look(r.DstHost, r.Dst, dst)
		}
		if (*src&(listed|victim)|*dst&exploited) == 0 || r.Has&flow.HasDstPort == 0 || r.Proto != flow.TCP && r.Proto != flow.UDP {
			continue
		}
		w.env.At(r)
		switch {
		case *src&victim != 0:
			w.call(r)
		case *src&listed != 0:
			w.visit(r, dst)
		}
		if *dst&exploited != 0 {
			w.open(r)
		}
	}
}

// look finds out about a host when it is first seen.
func (w *watcher) look(h flow.Host, a flow.Addr, state *uint8) {
	*state = looked
	switch k := w.net.Kind(a); {
	case k.External():
		if of := w.lookup(a); len(of) > 0 {
			harmless, bad := -1, -1 // the longest prefixes
			for i := range of {
				if of[i].Benign {
					harmless = max(harmless, of[i].Prefix.Bits())
				} else {
					bad = max(bad, of[i].Prefix.Bits())
				}
			}
			if harmless >= bad {
				w.benign.N++
				return
			}
			*state |= listed
		}
	case k.Internal() && k.Machine():
		for _, s := range w.inv.Services(a) {
			if v := s.Worst(); v != nil && v.KEV {
				*state |= exploited
			}
		}
	}
}

// reputation is what the lists say worst of an address at a time, or nil.
func (w *watcher) reputation(a flow.Addr, at flow.Time) *intel.Indicator {
	var best *intel.Indicator
	of := w.lookup(a)
	for i := range of {
		e := &of[i]
		if e.Benign || e.Category == intel.Bogon || !e.Holds(at) || e.Score >= 0 && e.Score < w.minScore {
			continue
		}
		if best == nil || e.Score > best.Score {
			best = e
		}
	}
	return best
}

// A visit is what is known of a listed address at a service.
type visit struct {
	begin       flow.Time // start of the first flow that came; it stays
	first, last flow.Time
	flows       uint64
	up, down    uint64
	told        uint64 // flows when it was last told
	number      uint32
	shown       exhibit.Case
	called      flow.Host // who of the visitor's network the server called, or 0
	calledPort  uint16
	sameAS      bool
	severity    detectors.Severity // that was told
	after       flow.Time          // of the call
}

// A knock is what is known of a listed address that got no answer.
type knock struct {
	begin       flow.Time // start of the first flow that came; it stays
	first, last flow.Time
	flows, told uint64
	services    uint32 // distinct
	number      uint32
	shown       exhibit.Case
}

// A door is a service that is known to be exploited.
type door struct {
	begin       flow.Time // start of the first flow that came; it stays
	first, last flow.Time
	flows, told uint64
	up, down    uint64
	clients     uint32
	number      uint32
	shown       exhibit.Case
}

// visit looks at a flow from a listed address.
func (w *watcher) visit(r *flow.Record, dst *uint8) {
	if k := r.DstKind; !k.Internal() || !k.Machine() || r.Orient >= flow.OrientPopularity || r.Reply || r.Backscatter {
		return
	}
	if !contact.Served(r) {
		if w.inv.Lookup(r.Dst, r.Proto, r.DstPort) != nil {
			w.knock(r)
		}
		return
	}
	k := pairmap.Service(r)
	v := w.visits.Find(k)
	if v == nil && w.reputation(r.Src, r.Start) == nil {
		w.weak.N++
		return
	}
	v, _ = w.visits.At(k, r.Start)
	if v.flows > 0 && r.Start > v.last.Add(w.quiet) {
		w.tellVisit(r, k, v, true)
		w.shelf.Drop(v.shown)
		*v = visit{}
	}
	if v.flows == 0 {
		w.number++
		v.begin, v.first, v.last, v.number = r.Start, r.Start, r.Start, w.number
	}
	v.first, v.last = min(v.first, r.Start), max(v.last, r.Start)
	v.flows++
	v.up, v.down = sum(v.up, r.SrcBytes), sum(v.down, r.DstBytes)
	v.shown = w.shelf.Add(v.shown, r)
	*dst |= victim
	w.expect(r, k)
	w.tellVisit(r, k, v, false)
}

// knock looks at a flow of a listed address that came to nothing.
func (w *watcher) knock(r *flow.Record) {
	if r.Outcome == flow.OutcomeUnknown && r.State == flow.StatePartial {
		return
	}
	k := pairmap.Key{Src: r.SrcHost}
	n := w.knocks.Find(k)
	if n == nil && w.reputation(r.Src, r.Start) == nil {
		w.weak.N++
		return
	}
	n, _ = w.knocks.At(k, r.Start)
	if n.flows > 0 && r.Start > n.last.Add(w.quiet) {
		w.tellKnock(r, k, n, true)
		w.shelf.Drop(n.shown)
		*n = knock{}
	}
	if n.flows == 0 {
		w.number++
		n.begin, n.first, n.last, n.number = r.Start, r.Start, r.Start, w.number
	}
	n.first, n.last = min(n.first, r.Start), max(n.last, r.Start)
	n.flows++
	service := pairmap.Key{Dst: r.DstHost, Port: r.DstPort, Proto: r.Proto}
	if w.fresh(n.number, service.Hash()) {
		n.services++
	}
	n.shown = w.shelf.Add(n.shown, r)
	w.tellKnock(r, k, n, false)
}

// open looks at a flow to a host that has a service known to be exploited.
func (w *watcher) open(r *flow.Record) {
	if !r.SrcKind.External() || !contact.Served(r) {
		return
	}
	s := w.inv.Lookup(r.Dst, r.Proto, r.DstPort)
	if v := s.Worst(); v == nil || !v.KEV {
		return
	}
	k := pairmap.Key{Dst: r.DstHost, Port: r.DstPort, Proto: r.Proto}
	o, fresh := w.doors.At(k, r.Start)
	if fresh {
		w.number++
		o.begin, o.first, o.last, o.number = r.Start, r.Start, r.Start, w.number
	}
	o.first, o.last = min(o.first, r.Start), max(o.last, r.Start)
	o.flows++
	o.up, o.down = sum(o.up, r.SrcBytes), sum(o.down, r.DstBytes)
	if w.fresh(o.number, uint64(r.SrcHost)*0x9e3779b97f4a7c15) {
		o.clients++
	}
	o.shown = w.shelf.Add(o.shown, r)
	w.tellDoor(r, k, o, false)
}

// fresh reports whether something is new to the finding of a number.
func (w *watcher) fresh(number uint32, hash uint64) bool {
	key := uint64(number)<<32 | (hash >> 32) | 1<<63
	if w.seen.Len() < w.most {
		return w.seen.Add(key)
	}
	if !w.seen.Has(key) {
		w.uncounted.N++
	}
	return false
}

func sum(a, b uint64) uint64 {
	if s := a + b; s >= a {
		return s
	}
	return 1<<64 - 1
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	gone := make(map[flow.Host]bool, len(hs))
	for _, h := range hs {
		gone[h] = true
		*w.hosts.At(h) = 0
	}
	w.visits.All(func(k pairmap.Key, _ flow.Time, v *visit) bool {
		if gone[k.Src] || gone[k.Dst] {
			w.tellVisit(nil, k, v, true)
			w.shelf.Drop(v.shown)
			w.visits.Delete(k)
		} else if gone[v.called] {
			w.tellVisit(nil, k, v, true)
			v.called = 0
		}
		return true
	})
	w.knocks.All(func(k pairmap.Key, _ flow.Time, n *knock) bool {
		if gone[k.Src] {
			w.tellKnock(nil, k, n, true)
			w.shelf.Drop(n.shown)
			w.knocks.Delete(k)
		}
		return true
	})
	w.doors.All(func(k pairmap.Key, _ flow.Time, o *door) bool {
		if gone[k.Dst] {
			w.tellDoor(nil, k, o, true)
			w.shelf.Drop(o.shown)
			w.doors.Delete(k)
		}
		return true
	})
	for k, h := range w.homes {
		if gone[k.victim] || gone[h.visit.Src] {
			delete(w.homes, k)
		}
	}
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(now flow.Time) {
	late := w.env.Lateness()
	for k, h := range w.homes {
		if h.at.Add(w.span).Add(late) < now {
			delete(w.homes, k)
		}
	}
}
