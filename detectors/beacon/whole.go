package beacon

import (
	"cmp"
	"math/bits"
	"slices"

	"seine/detectors/internal/pairmap"
)

// wholeEvery is at how many looks all services of a pair are judged as one
// series besides.
const wholeEvery = 12

// whole are the bounds of what is judged as one series over several services:
// not the many ports of a scan.
const (
	wholeServices = 16
	wholeCalls    = 3 // of each service
)

// judgeWhole judges all ports of a pair and protocol as one series where there are
// several, each called more than once or twice, and none is suspect alone.
func (w *watcher) judgeWhole() {
	keys := w.severalServices(slices.AppendSeq(w.work.keys[:0], w.busy.all()))
	slices.SortFunc(keys, compare)
	keys = slices.Compact(keys)
	w.work.keys, w.work.services = keys, w.work.services[:0]
	for len(keys) > 0 {
		n := 1
		for n < len(keys) && keys[n].Src == keys[0].Src && keys[n].Dst == keys[0].Dst && keys[n].Proto == keys[0].Proto {
			n++
		}
		group := keys[:n]
		keys = keys[n:]
		if n < 2 {
			continue
		}
		if group = w.called(group); len(group) < 2 || len(group) > wholeServices {
			continue
		}
		ps, calls, alone := w.services(group)
		if alone || calls < w.minCalls || calls < ps[0].whole+ps[0].whole/4 {
			continue
		}
		ps[0].whole = calls
		v := w.bench.regularity(w.series(ps...), w.step())
		w.work.tested++
		k := pairmap.Key{Src: group[0].Src, Dst: group[0].Dst, Proto: group[0].Proto, Extra: wholePair}
		w.test(suspect{key: k, logP: v.logP, period: v.period, judged: true, said: w.found.Find(k) != nil, services: group})
	}
}

// called are those of the keys, from now on in w.work.services, whose entries
// are still known and called as often as it takes.
func (w *watcher) called(keys []pairmap.Key) []pairmap.Key {
	from := len(w.work.services)
	for _, k := range keys {
		if p := w.pairs.Find(k); p != nil && p.calls >= wholeCalls && !(k.Port >= dynamic && w.directory.Has(k.Dst)) {
			w.work.services = append(w.work.services, k)
		}
	}
	return w.work.services[from:]
}

// severalServices leaves out most of the keys that are the only ones of their
// pair: sorting them would cost more than all else. Collisions leave some in.
func (w *watcher) severalServices(keys []pairmap.Key) []pairmap.Key {
	width := min(bits.Len(uint(len(keys)))+3, 21)
	if len(w.work.counts) < 1<<width {
		w.work.counts = make([]uint8, 1<<width)
	}
	counts := w.work.counts[:1<<width]
	clear(counts)
	slot := func(k pairmap.Key) *uint8 {
		h := (uint64(k.Src)<<32|uint64(k.Dst))*0x9e3779b97f4a7c15 ^ uint64(k.Proto)
		return &counts[(h^h>>29)*0xbf58476d1ce4e5b9>>(64-width)]
	}
	for _, k := range keys {
		if n := slot(k); *n < 2 {
			*n++
		}
	}
	return slices.DeleteFunc(keys, func(k pairmap.Key) bool { return *slot(k) < 2 })
}

// compare orders keys so that the services of a pair are together.
func compare(a, b pairmap.Key) int {
	if a.Src != b.Src {
		return cmp.Compare(a.Src, b.Src)
	}
	if a.Dst != b.Dst {
		return cmp.Compare(a.Dst, b.Dst)
	}
	return cmp.Or(cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Port, b.Port))
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
