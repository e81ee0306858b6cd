package beacon

import (
	"slices"
	"time"

	"seine/detectors/internal/contact"
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
		p, _ = w.pairs.At(t.key, r.Start)
	}
	w.newest = max(w.newest, r.Start)
	p.flows++
	fails := !t.turned && contact.Of(r).Failed()
	if fails {
		p.failed++
	}
	if fresh {
		p.first.fill(r, t.turned, fails)
		p.lastAt, p.calls, p.due = r.Start, 1, w.minCalls
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
	if p.calls++; p.calls == p.due {
		w.listDue(t.key)
	}
	p.lastAt = r.Start
}

// listDue notes a pair that is to be judged at the next look. Those forgotten
// since are struck off then, or when they get too many.
func (w *watcher) listDue(k pairmap.Key) {
	if len(w.due) >= 2*w.maxPairs {
		slices.SortFunc(w.due, compare)
		w.due = slices.Compact(w.due)
		w.due = slices.DeleteFunc(w.due, func(k pairmap.Key) bool { return w.pairs.Find(k) == nil })
	}
	w.due = append(w.due, k)
}

// release makes up for a pair that is about to be forgotten.
func (w *watcher) release(p *pair) {
	w.store.drop(p)
	if p.judged > 0 {
		w.tested--
	}
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
			w.release(p)
			w.pairs.Delete(k)
		}
		return true
	})
	w.found.Forget(hs)
	w.wholes = slices.DeleteFunc(w.wholes, func(o whole) bool { return gone.Has(o.key.Src) || gone.Has(o.key.Dst) })
	w.kinds.Forget(hs)
}
