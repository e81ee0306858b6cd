package beacon

import (
	"cmp"
	"math"
	"slices"

	"seine/detectors"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/stat"
	"seine/flow"
)

// work is what judging needs, kept from one time to the next.
type work struct {
	calls    []call
	times    []float64
	ps       []float64
	order    []int32
	suspects []suspect
	edges    []uint64
	looks    uint32
	tested   int
	keys     []pairmap.Key
	services []pairmap.Key
	counts   []uint8
}

// A suspect is a series that is too regular to be by chance.
type suspect struct {
	key      pairmap.Key
	kind     flow.AddrKind // of the destination
	logP     float64
	period   float64
	judged   bool          // now, rather than at an earlier look
	said     bool          // it is a finding that goes on
	services []pairmap.Key // where it is about several, they
	siblings int           // other destinations that the source calls with this period
	callers  int           // sources that call the destination
}

// goesOn is the natural logarithm of the probability up to which what was once
// a finding remains one, so that it does not come and go.
var goesOn = math.Log(0.01)

// notableP is the natural logarithm of the probability up to which a series is
// judged again sooner. It is notable then, too, and up to the share of false
// ones that is put up with: no limit lies above that.
var notableP = math.Log(0.05)

// judge looks at the series that have grown and reports those that are too
// regular among all that were tested. Of series that are not notable, nothing
// but their number matters until they are due again.
func (w *watcher) judge(last bool) {
	w.work.ps, w.work.suspects = w.work.ps[:0], w.work.suspects[:0]
	w.work.looks++
	before := w.notable
	w.notable = w.notable[:0]
	for _, k := range before {
		p := w.pairs.Find(k)
		if p == nil || !p.notable || p.look == w.work.looks {
			continue // forgotten since, and perhaps met anew
		}
		p.look, p.notable = w.work.looks, false
		w.judgePair(k, p, p.calls >= p.due || last && p.calls > p.judged || p.said && w.resumed(k, p))
	}
	if last {
		w.pairs.All(func(k pairmap.Key, _ flow.Time, p *pair) bool {
			if p.look != w.work.looks && p.calls >= w.minCalls && p.calls >= p.judged+p.judged/4 && p.calls > p.judged {
				w.judgePair(k, p, true)
			}
			return true
		})
	} else {
		for _, k := range w.due {
			if p := w.pairs.Find(k); p != nil && p.calls >= p.due {
				w.judgePair(k, p, true)
			}
		}
	}
	w.due = w.due[:0]
	w.work.tested = w.tested
	if last || w.work.looks%wholeEvery == 0 {
		w.judgeWhole()
	}
	limit := w.limit()
	w.work.suspects = slices.DeleteFunc(w.work.suspects, func(s suspect) bool { return s.logP > limit && !s.said })
	c := surroundings{limit: limit, sources: w.sources, machines: w.machines, tested: w.work.tested}
	w.context(last)
	for i := range w.work.suspects {
		if s := &w.work.suspects[i]; s.judged {
			w.report(s, c)
		}
	}
}

// judgePair judges a pair, if it has grown, and enters the result.
func (w *watcher) judgePair(k pairmap.Key, p *pair, grown bool) {
	if k.Port >= dynamic && w.directory.Has(k.Dst) {
		p.due = 2 * p.calls
		return
	}
	tell := p.said
	switch {
	case grown && p.said: // its report judges it, and goes by what was found last until then
		p.judged, p.due = p.calls, 2*p.calls
	case grown:
		if p.judged == 0 {
			w.tested++
		}
		v := w.bench.regularity(w.series(p), w.step())
		p.logP, p.period, p.judged = float32(v.logP), float32(v.period), p.calls
		if p.due = 2 * p.calls; float64(p.logP) <= notableP {
			p.due = p.calls + p.calls/2
		}
		enough, _ := v.effect()
		tell = enough && v.calls >= int(w.minCalls)
	}
	if p.said || float64(p.logP) <= w.bench.worth {
		p.notable, w.notable = true, append(w.notable, k)
		w.test(suspect{key: k, logP: float64(p.logP), period: float64(p.period), said: p.said, judged: grown && tell})
	}
}

// renewEvery is how long a finding that goes on is left alone, in event time:
// less than the day after which the fold takes what comes for another.
const renewEvery = 18 * 3600 * flow.Second

// resumed reports whether a finding that people see goes on and was not told
// for long.
func (w *watcher) resumed(k pairmap.Key, p *pair) bool {
	f := w.found.Find(k)
	return f != nil && f.severity > detectors.Info && p.lastAt-f.last >= renewEvery
}

// limit is the natural logarithm of the largest probability that is reported:
// the cut of Benjamini and Hochberg's procedure, k·fdr/n where k of the n tests
// pass, and at most max-p.
func (w *watcher) limit() float64 {
	n := w.work.tested
	cut := stat.BenjaminiHochberg(w.work.ps, n, w.fdr)
	k := 0
	for _, p := range w.work.ps {
		if p <= cut {
			k++
		}
	}
	return min(w.maxP, math.Log(w.fdr*float64(max(k, 1))/float64(max(n, 1))))
}

// test enters the result of a test.
func (w *watcher) test(s suspect) {
	w.work.ps = append(w.work.ps, math.Exp(s.logP))
	if s.said = s.said && s.logP <= goesOn; s.logP <= w.maxP || s.said {
		w.work.suspects = append(w.work.suspects, s)
	}
}

// series are the calls of pairs, in order of time and in seconds since the
// minute of the first; the calls themselves are then in w.work.calls.
func (w *watcher) series(ps ...*pair) []float64 {
	cs, times := w.work.calls[:0], w.work.times[:0]
	for _, p := range ps {
		cs = w.store.series(cs, p)
	}
	inTime(cs)
	cs = slices.DeleteFunc(cs, pieces())
	if len(cs) > 0 {
		base := cs[0].at.Floor(60 * flow.Second)
		for i := range cs {
			times = append(times, float64(uint64(cs[i].at)-uint64(base))/float64(flow.Second))
		}
	}
	w.work.calls, w.work.times = cs, times
	return times
}

// pieces finds calls that are parts of the connection before: seen from its
// middle, with the port that the one before had.
func pieces() func(call) bool {
	var port uint16
	return func(c call) bool {
		if c.has&hasSrcPort == 0 || c.srcPort == 0 {
			return false
		}
		again := c.state == flow.StatePartial && c.srcPort == port && c.has&flipped == 0
		port = c.srcPort
		return again
	}
}

// recount is at how many looks the callers of what has been found are counted
// anew: it takes a walk through all pairs.
const recount = 4

// context fills in what the surroundings are of the suspects that are judged.
func (w *watcher) context(last bool) {
	var called, calling hostmap.Bits
	known := !last && w.work.looks%recount != 0
	judged := false
	for i := range w.work.suspects {
		s := &w.work.suspects[i]
		if s.judged {
			s.kind = w.net.Kind(w.env.Addr(s.key.Dst))
			called.Set(s.key.Dst)
			calling.Set(s.key.Src)
			judged = true
			if f := w.found.Find(s.key); f != nil {
				s.callers = f.callers
			} else {
				known = false
			}
		}
	}
	if !judged {
		return
	}
	w.siblings(&calling)
	if known {
		return
	}
	edges := w.work.edges[:0]
	for k := range w.keys.all() {
		if called.Has(k.Dst) && (!w.keys.stale || w.pairs.Find(k) != nil) {
			edges = append(edges, uint64(k.Dst)<<32|uint64(k.Src))
		}
	}
	if w.machines > 0 {
		edges = slices.DeleteFunc(edges, func(e uint64) bool { return !w.internal(flow.Host(e)) })
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	for i := range w.work.suspects {
		s := &w.work.suspects[i]
		from, _ := slices.BinarySearch(edges, uint64(s.key.Dst)<<32)
		to, _ := slices.BinarySearch(edges, uint64(s.key.Dst+1)<<32)
		s.callers = to - from
	}
	w.work.edges = edges
}

func (w *watcher) internal(h flow.Host) bool { return w.net.Kind(w.env.Addr(h)).Internal() }

const (
	siblingShare = 0.02 // periods that differ by less are the same
	siblingReach = 16   // neighbours looked at
)

// siblings counts, for each suspect of these sources, the other destinations
// that its source calls with the same period.
func (w *watcher) siblings(calling *hostmap.Bits) {
	all := w.work.suspects
	order := w.work.order[:0]
	for i := range all {
		if calling.Has(all[i].key.Src) {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(all[a].key.Src, all[b].key.Src), cmp.Compare(all[a].period, all[b].period), cmp.Compare(a, b))
	})
	for i, n := range order {
		s := &all[n]
		var dsts []flow.Host
		for j := max(0, i-siblingReach); j < min(len(order), i+siblingReach); j++ {
			o := &all[order[j]]
			if o.key.Src == s.key.Src && o.key.Dst != s.key.Dst && !slices.Contains(dsts, o.key.Dst) &&
				math.Abs(o.period-s.period) <= siblingShare*s.period {
				dsts = append(dsts, o.key.Dst)
			}
		}
		s.siblings = len(dsts)
	}
	w.work.order = order
}
