package beacon

import (
	"slices"
	"time"

	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// keep adds a call to its pair.
func (w *watcher) keep(t *turn) {
	r := t.row
	p := w.pairs.Touch(t.key, t.hash, r.Start)
	fresh := p == nil
	if fresh {
		if w.pairs.Len() >= w.once.from && !w.once.again(t.hash) {
			return
		}
		if w.pairs.Len() == 0 {
			w.newest = r.Start
		}
		p = w.pairs.Add(t.key, t.hash, r.Start)
		w.count(t.key.Src)
		w.list(&w.keys, t.key, 0)
	}
	w.newest = max(w.newest, r.Start)
	p.flows++
	fails := !t.turned && r.Outcome.Failed()
	if fails {
		p.failed++
	}
	if fresh {
		p.first.fill(r, t.turned, fails)
		p.lastAt, p.calls, p.due = r.Start, 1, wholeCalls
		return
	}
	// The same moment is the same call: both halves of one, several
	// connections at once.
	if d := r.Start - p.lastAt; d < same && d > -same {
		return
	}
	c := w.store.add(p, w.maxCalls)
	if c == nil {
		w.sweep()
		if c = w.store.add(p, w.maxCalls); c == nil {
			w.crowded.N++
			return
		}
	}
	c.fill(r, t.turned, fails)
	p.lastAt = r.Start
	if p.calls++; p.calls == p.due {
		w.grown(t.key, p)
	}
}

// grown notes a pair for what comes next: to be one of several services, then
// to be judged at the next look.
func (w *watcher) grown(k pairmap.Key, p *pair) {
	if p.calls == wholeCalls {
		p.due = w.minCalls
		w.list(&w.busy, k, wholeCalls)
		return
	}
	if len(w.due) >= 2*w.maxPairs {
		slices.SortFunc(w.due, compare)
		w.due = slices.Compact(w.due)
		w.due = slices.DeleteFunc(w.due, func(k pairmap.Key) bool { return w.pairs.Find(k) == nil })
	}
	w.due = append(w.due, k)
}

// list adds a pair to those with so many calls, and strikes off what has been
// forgotten since when that is the greater part.
func (w *watcher) list(l *keyList, k pairmap.Key, calls uint32) {
	if !l.crowded(w.pairs.Len()) {
		l.add(k)
		return
	}
	*l = keyList{}
	w.pairs.All(func(k pairmap.Key, _ flow.Time, p *pair) bool {
		if p.calls >= calls {
			l.add(k)
		}
		return true
	})
}

// count notes that a host is the source of one more pair.
func (w *watcher) count(src flow.Host) {
	n := w.pairsOf.At(src)
	if *n++; *n == 1 {
		w.sources++
		if w.internal(src) {
			w.machines++
		}
	}
}

// release makes up for a pair that is about to be forgotten.
func (w *watcher) release(k pairmap.Key, p *pair) {
	w.keys.stale = true
	n := w.pairsOf.At(k.Src)
	if *n--; *n == 0 {
		w.sources--
		if w.internal(k.Src) {
			w.machines--
		}
	}
	w.store.drop(p)
	if p.judged > 0 {
		w.tested--
	}
}

// same is the time within which two flows of a pair are taken for one call
// when they come, below every width of a burst.
const same = flow.Time(10 * time.Millisecond)

// ages are idle times after which the calls of a pair may go.
var ages = [...]flow.Time{
	12 * 3600 * flow.Second, 3 * 3600 * flow.Second, 2700 * flow.Second, 675 * flow.Second,
	168 * flow.Second, 42 * flow.Second, 10 * flow.Second, 2 * flow.Second,
}

// sweep makes room in the store until three eighths are free: it drops the calls of
// pairs that were called little, those idle longest first, then those of all.
func (w *watcher) sweep() {
	rank := func(last flow.Time, p *pair) int {
		i := 0
		for i < len(ages) && last >= w.newest.Add(-ages[i]) {
			i++
		}
		if p.calls >= w.minCalls {
			i += len(ages) + 1
		}
		return i
	}
	var gains [2 * (len(ages) + 1)]int // blocks, by rank
	w.pairs.All(func(_ pairmap.Key, last flow.Time, p *pair) bool {
		if p.kept > 0 {
			gains[rank(last, p)] += int(p.kept+blockCalls-1) / blockCalls
		}
		return true
	})
	gains[len(ages)], gains[len(gains)-1] = 0, 0 // called just now: they stay
	spare := w.store.limit / 8 * 3
	room, upTo := len(w.store.free), 0
	for ; upTo < len(gains) && room < spare; upTo++ {
		room += gains[upTo]
	}
	w.pairs.All(func(_ pairmap.Key, last flow.Time, p *pair) bool {
		if p.kept > 0 {
			if i := rank(last, p); i < upTo && gains[i] > 0 {
				w.dropped.N += uint64(w.store.drop(p))
			}
		}
		return true
	})
	if room >= spare {
		return
	}
	// All are busy: the long series are halved.
	w.pairs.All(func(_ pairmap.Key, _ flow.Time, p *pair) bool {
		for half := p.kept / 2; p.kept > max(half, 64); {
			w.store.behead(p)
			w.dropped.N += blockCalls
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
			w.release(k, p)
			w.pairs.Delete(k)
		}
		return true
	})
	w.found.Forget(hs)
	w.wholes = slices.DeleteFunc(w.wholes, func(o whole) bool { return gone.Has(o.key.Src) || gone.Has(o.key.Dst) })
}
