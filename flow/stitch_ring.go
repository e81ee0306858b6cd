package flow

import "math/bits"

// A ring lists open flows by the time at which they may be complete, in slots
// of a second or more, and those far ahead in a heap. A flow that went on is
// listed where it was first, and moved when its turn comes: so a record costs
// nothing here unless it opens a flow.
type ring struct {
	step Time
	base int64 // number of the first slot; all before it are empty
	set  bool
	list [ringSlots][]int32
	full [ringSlots / 64]uint64
	far  []later // heap of what is due behind the last slot
}

// later is a flow due far ahead.
type later struct {
	n  int64 // of its slot
	at int32
}

const (
	ringSlots = 4096
	slotKept  = 1024 // flows whose memory an empty slot keeps
)

func (g *ring) init(hold Time) { g.step = max(Second, hold/(ringSlots/4)) }

func (g *ring) number(t Time) int64 {
	n := int64(t / g.step)
	if t%g.step < 0 {
		n--
	}
	return n
}

func (g *ring) put(at int32, due Time) {
	n := g.number(due)
	if !g.set {
		g.base, g.set = n-ringSlots/2, true
	}
	g.push(at, max(n, g.base))
}

func (g *ring) push(at int32, n int64) {
	if n-g.base >= ringSlots {
		g.far = append(g.far, later{n, at})
		for i := len(g.far) - 1; i > 0 && g.far[(i-1)/2].n > n; i = (i - 1) / 2 {
			g.far[i], g.far[(i-1)/2] = g.far[(i-1)/2], g.far[i]
		}
		return
	}
	i := uint64(n) % ringSlots
	g.list[i] = append(g.list[i], at)
	g.full[i/64] |= 1 << (i % 64)
}

// approach moves base on, and into slots what they reach now.
func (g *ring) approach(base int64) {
	g.base = base
	for len(g.far) > 0 && g.far[0].n-g.base < ringSlots {
		next := g.far[0]
		last := len(g.far) - 1
		g.far[0] = g.far[last]
		g.far = g.far[:last]
		for i := 0; ; {
			c := 2*i + 1
			if c+1 < last && g.far[c+1].n < g.far[c].n {
				c++
			}
			if c >= last || g.far[i].n <= g.far[c].n {
				break
			}
			g.far[i], g.far[c] = g.far[c], g.far[i]
			i = c
		}
		g.push(next.at, max(next.n, g.base))
	}
}

// first is the number of the first slot that is not empty.
func (g *ring) first() (int64, bool) {
	if n, ok := g.near(); ok || len(g.far) == 0 {
		return n, ok
	}
	g.approach(g.far[0].n)
	return g.near()
}

func (g *ring) near() (int64, bool) {
	from := uint64(g.base) % ringSlots
	for i := range uint64(ringSlots/64 + 1) {
		w := (from/64 + i) % (ringSlots / 64)
		bitsHere := g.full[w]
		if i == 0 {
			bitsHere &= ^uint64(0) << (from % 64)
		}
		if i == ringSlots/64 {
			bitsHere &= 1<<(from%64) - 1
		}
		if bitsHere != 0 {
			pos := w*64 + uint64(bits.TrailingZeros64(bitsHere))
			return g.base + int64((pos-from)%ringSlots), true
		}
	}
	return 0, false
}

// drain empties slot n into dst; the dead are released.
func (g *ring) drain(dst []int32, n int64, t *table) []int32 {
	i := uint64(n) % ringSlots
	for _, at := range g.list[i] {
		if t.at(at).dead {
			t.release(at)
			continue
		}
		dst = append(dst, at)
	}
	if g.list[i] = g.list[i][:0]; cap(g.list[i]) > slotKept {
		g.list[i] = nil
	}
	g.full[i/64] &^= 1 << (i % 64)
	return dst
}

// take appends to dst the flows that ended in the slots before the time now,
// and moves on.
func (g *ring) take(dst []int32, now Time, t *table) []int32 {
	to := g.number(now)
	if !g.set || to <= g.base {
		return dst
	}
	for {
		n, ok := g.near()
		if !ok && len(g.far) > 0 && g.far[0].n < to {
			n, ok = g.first()
		}
		if !ok || n >= to {
			break
		}
		dst = g.drain(dst, n, t)
		g.approach(n + 1)
	}
	g.approach(to)
	return g.sift(dst, to, t)
}

// sift keeps in list the flows that ended before slot to, and puts the others
// back.
func (g *ring) sift(list []int32, to int64, t *table) []int32 {
	kept := list[:0]
	for _, at := range list {
		if n := g.number(t.at(at).end); n >= to {
			g.push(at, n)
			continue
		}
		kept = append(kept, at)
	}
	return kept
}

// takeFirst appends to dst the flows of the first slot that is not empty,
// without those that have moved on, which may be all.
func (g *ring) takeFirst(dst []int32, t *table) []int32 {
	n, ok := g.first()
	if !ok {
		return dst
	}
	dst = g.drain(dst, n, t)
	g.approach(n)
	return g.sift(dst, n+1, t)
}

// putFirst puts back what takeFirst took.
func (g *ring) putFirst(at int32) { g.push(at, g.base) }

// takeAll appends all flows to dst.
func (g *ring) takeAll(dst []int32, t *table) []int32 {
	for {
		n, ok := g.first()
		if !ok {
			return dst
		}
		dst = g.drain(dst, n, t)
	}
}
