package beacon

import (
	"cmp"
	"math"
	"slices"

	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/network"
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
}

// A suspect is a series that is too regular to be by chance.
type suspect struct {
	key      pairmap.Key
	kind     network.Kind // of the destination
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

// wholeEvery is at how many looks all services of a pair are judged as one
// series besides.
const wholeEvery = 12

// judge looks at the series that have grown and reports those that are too
// regular among all that were tested.
func (w *watcher) judge(last bool) {
	w.work.ps, w.work.suspects = w.work.ps[:0], w.work.suspects[:0]
	w.work.looks++
	busy := w.busy[:0]
	for _, k := range w.busy {
		p := w.pairs.Find(k)
		if p == nil || p.calls < w.minCalls || p.look == w.work.looks {
			continue // forgotten since, and perhaps met anew
		}
		busy, p.look = append(busy, k), w.work.looks
		if k.Port >= dynamic && w.directory.Has(k.Dst) {
			continue
		}
		grown := p.grown(last) || p.said && w.resumed(k, p)
		if grown {
			v := regularity(w.series(p))
			p.logP, p.period, p.judged = float32(v.logP), float32(v.period), p.calls
		}
		w.test(suspect{key: k, logP: float64(p.logP), period: float64(p.period), said: p.said, judged: grown})
	}
	w.busy = busy
	if last || w.work.looks%wholeEvery == 0 {
		w.judgeWhole()
	} else {
		for _, o := range w.wholes {
			w.update(o.key, w.entries(o.services))
		}
	}
	limit := w.limit()
	w.work.suspects = slices.DeleteFunc(w.work.suspects, func(s suspect) bool { return s.logP > limit && !s.said })
	c := surroundings{limit: limit, tested: len(w.work.ps)}
	if slices.ContainsFunc(w.work.suspects, func(s suspect) bool { return s.judged }) {
		c.sources, c.machines = w.context()
	}
	for i := range w.work.suspects {
		if s := &w.work.suspects[i]; s.judged {
			w.report(s, c)
		} else {
			w.update(s.key, []*pair{w.pairs.Find(s.key)})
		}
	}
}

// resumed reports whether a finding goes on after an hour without a call: what
// follows stands alone, and needs its facts.
func (w *watcher) resumed(k pairmap.Key, p *pair) bool {
	f := w.found.Find(k)
	return f != nil && p.lastAt-f.last >= 3600*flow.Second
}

// limit is the natural logarithm of the largest probability that is reported:
// the cut of Benjamini and Hochberg's procedure, k·fdr/n where k of the n tests
// pass, and at most max-p.
func (w *watcher) limit() float64 {
	n := len(w.work.ps)
	cut := stat.BenjaminiHochberg(w.work.ps, n, w.fdr)
	k := 0
	for _, p := range w.work.ps {
		if p <= cut {
			k++
		}
	}
	return min(w.maxP, math.Log(w.fdr*float64(max(k, 1))/float64(max(n, 1))))
}

// grown reports whether a pair is worth another judgement.
func (p *pair) grown(last bool) bool {
	switch {
	case p.judged == 0:
		return true
	case last:
		return p.calls > p.judged
	case p.logP < -3:
		return p.calls >= p.judged+p.judged/2
	}
	return p.calls >= 2*p.judged
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

// whole are the bounds of what is judged as one series over several services:
// not the many ports of a scan.
const (
	wholeServices = 16
	wholeCalls    = 3 // of each service
)

// judgeWhole judges all ports of a pair and protocol as one series where there are
// several, each called more than once or twice, and none is suspect alone.
func (w *watcher) judgeWhole() {
	var keys []pairmap.Key
	w.pairs.All(func(k pairmap.Key, _ flow.Time, p *pair) bool {
		if p.calls >= wholeCalls && !(k.Port >= dynamic && w.directory.Has(k.Dst)) {
			keys = append(keys, k)
		}
		return true
	})
	slices.SortFunc(keys, compare)
	for len(keys) > 0 {
		n := 1
		for n < len(keys) && keys[n].Src == keys[0].Src && keys[n].Dst == keys[0].Dst && keys[n].Proto == keys[0].Proto {
			n++
		}
		group := keys[:n]
		keys = keys[n:]
		if n < 2 || n > wholeServices {
			continue
		}
		ps, calls, alone := w.services(group)
		if alone || calls < w.minCalls {
			continue
		}
		v := regularity(w.series(ps...))
		k := pairmap.Key{Src: group[0].Src, Dst: group[0].Dst, Proto: group[0].Proto, Extra: wholePair}
		w.test(suspect{key: k, logP: v.logP, period: v.period, judged: true, said: w.found.Find(k) != nil, services: group})
	}
}

// compare orders keys so that the services of a pair are together.
func compare(a, b pairmap.Key) int {
	return cmp.Or(cmp.Compare(a.Src, b.Src), cmp.Compare(a.Dst, b.Dst), cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Port, b.Port))
}

// services are the entries of keys; alone tells that one of them is suspect,
// or all calls but a few are its own, so that it stands for the others.
func (w *watcher) services(keys []pairmap.Key) (ps []*pair, calls uint32, alone bool) {
	most := uint32(0)
	for _, k := range keys {
		p := w.pairs.Find(k)
		ps = append(ps, p)
		calls += p.calls
		most = max(most, p.calls)
		if p.said || p.judged > 0 && float64(p.logP) <= w.maxP {
			alone = true
		}
	}
	return ps, calls, alone || most*10 >= calls*9
}

// entries are the pairs of keys that are still known.
func (w *watcher) entries(keys []pairmap.Key) []*pair {
	var ps []*pair
	for _, k := range keys {
		if p := w.pairs.Find(k); p != nil {
			ps = append(ps, p)
		}
	}
	return ps
}

// context fills in what the suspects' surroundings are, and counts the sources
// that are machines of the network, or all sources where none is.
func (w *watcher) context() (sources, machines int) {
	var called, seen hostmap.Bits
	for i := range w.work.suspects {
		s := &w.work.suspects[i]
		s.kind = w.kinds.At(s.key.Dst, w.env.Addr(s.key.Dst))
		called.Set(s.key.Dst)
	}
	w.pairs.All(func(k pairmap.Key, _ flow.Time, _ *pair) bool {
		if !seen.Has(k.Src) {
			seen.Set(k.Src)
			sources++
			if w.internal(k.Src) {
				machines++
			}
		}
		return true
	})
	edges := w.work.edges[:0]
	w.pairs.All(func(k pairmap.Key, _ flow.Time, _ *pair) bool {
		if called.Has(k.Dst) && (machines == 0 || w.internal(k.Src)) {
			edges = append(edges, uint64(k.Dst)<<32|uint64(k.Src))
		}
		return true
	})
	slices.Sort(edges)
	edges = slices.Compact(edges)
	for i := range w.work.suspects {
		s := &w.work.suspects[i]
		from, _ := slices.BinarySearch(edges, uint64(s.key.Dst)<<32)
		to, _ := slices.BinarySearch(edges, uint64(s.key.Dst+1)<<32)
		s.callers = to - from
	}
	w.work.edges = edges
	w.siblings()
	return sources, machines
}

func (w *watcher) internal(h flow.Host) bool { return w.kinds.At(h, w.env.Addr(h)).Internal() }

const (
	siblingShare = 0.02 // periods that differ by less are the same
	siblingReach = 16   // neighbours looked at
)

// siblings counts, for each suspect, the other destinations that its source
// calls with the same period.
func (w *watcher) siblings() {
	all := w.work.suspects
	order := w.work.order[:0]
	for i := range all {
		order = append(order, int32(i))
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
