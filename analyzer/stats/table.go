package stats

import (
	"slices"

	"seine/flow"
)

// chunk is the number of groups that are held side by side.
const chunk = 1 << 10

// maxSeries bounds the groups of a table that have a series of their own.
const maxSeries = 1 << 13

// A table is the groups of flows by some dimensions.
type table struct {
	by     []*dimension
	words  int // of a key
	sides  int // 2 where a flow counts for each of its ends
	both   bool
	rank   ranking
	having func(*Row) bool
	limit  int

	buckets []uint64 // number of a group + 1 below 32 bits of its hash
	keys    [][]uint64
	groups  [][]Group
	n       int
	offset  uint64 // the most that a group may have had that was forgotten
	purges  int
	sized   bool // a flow has bytes

	distinct []*counter

	clock  *clock                  // nil: no series
	series [][2][seriesBins]uint64 // of the measure, or bytes under auto; of flows
	owners []int32                 // groups of the series; -1 is free
	free   []int32

	keyBuf  []uint64
	hashBuf []uint64
}

// A counter counts distinct values of a dimension for each group.
type counter struct {
	name  string // as conditions and sorts name it
	label string // "peers", "distinct(dst_port)"
	of    *dimension
	peers bool // of the other end
	shown bool
	sample
	buf    []uint64
	counts map[uint64]uint64
}

func newTable(by []*dimension, limit int) *table {
	t := &table{by: by, sides: 1, limit: limit, buckets: make([]uint64, 64)}
	for _, d := range by {
		t.words += d.words
		t.both = t.both || d.both
		if d.either {
			t.sides = 2
		}
	}
	return t
}

func (t *table) group(i int) *Group { return &t.groups[i/chunk][i%chunk] }

func (t *table) key(i int) []uint64 {
	at := i % chunk * t.words
	return t.keys[i/chunk][at : at+t.words : at+t.words]
}

// add counts rows; at are the slots of their bins of time.
func (t *table) add(rows []flow.Record, at []uint8) {
	stride := t.words * t.sides
	t.keyBuf = slices.Grow(t.keyBuf[:0], len(rows)*stride)[:len(rows)*stride]
	n := len(rows) * t.sides
	t.hashBuf = slices.Grow(t.hashBuf[:0], n)[:n]
	for side := range t.sides {
		from := side * t.words
		for _, d := range t.by {
			d.fill(rows, side == 1, t.keyBuf[from:], stride)
			from += d.words
		}
	}
	for _, c := range t.distinct {
		c.fill(rows)
	}
	// The tables are larger than the caches: the hashes first, then a look at
	// all buckets, then at the groups, so that the misses overlap.
	var touched uint64
	mask := uint64(len(t.buckets) - 1)
	for i := range n {
		h := hashWords(t.keyBuf[i*t.words : i*t.words+t.words])
		t.hashBuf[i] = h
		touched += t.buckets[h>>32&mask]
	}
	_ = touched
	for i := range rows {
		r := &rows[i]
		for side := range t.sides {
			k := i*t.sides + side
			key := t.keyBuf[k*t.words : k*t.words+t.words]
			if side == 1 && slices.Equal(key, t.keyBuf[(k-1)*t.words:k*t.words]) {
				continue // both ends are one
			}
			hash := t.hashBuf[k]
			g := t.find(key, hash)
			turned := side == 1 || t.both && backwards(r)
			g.add(r, turned)
			t.sized = t.sized || r.Has&flow.HasBytes != 0
			if t.clock != nil && r.Has&flow.HasStart != 0 {
				t.draw(g, key, hash, r, turned, at[i])
			}
			for _, c := range t.distinct {
				c.note(i, side, hash)
			}
		}
	}
}

// find gives the group of a key, a new one if there is none.
func (t *table) find(key []uint64, hash uint64) *Group {
	tag := hash >> 32
	mask := uint64(len(t.buckets) - 1)
	at := tag & mask
	for ; t.buckets[at] != 0; at = (at + 1) & mask {
		if b := t.buckets[at]; b>>32 == tag {
			if i := int(uint32(b)) - 1; slices.Equal(t.key(i), key) {
				return t.group(i)
			}
		}
	}
	if t.n >= t.limit {
		t.purge()
		return t.find(key, hash)
	}
	i := t.n
	t.append(key, Group{missed: t.offset, slot: -1})
	t.buckets[at] = tag<<32 | uint64(i+1)
	if t.n > len(t.buckets)/4*3 {
		t.index(2 * len(t.buckets))
	}
	g := t.group(i)
	if t.clock != nil {
		t.giveSlot(g, i)
	}
	return g
}

func (t *table) append(key []uint64, g Group) {
	if t.n/chunk == len(t.groups) {
		t.groups = append(t.groups, make([]Group, chunk))
		t.keys = append(t.keys, make([]uint64, chunk*t.words))
	}
	*t.group(t.n) = g
	copy(t.keys[t.n/chunk][t.n%chunk*t.words:], key)
	t.n++
}

// index makes the buckets anew.
func (t *table) index(size int) {
	old := t.buckets
	t.buckets = make([]uint64, size)
	mask := uint64(size - 1)
	for _, b := range old {
		if b == 0 {
			continue
		}
		at := b >> 32 & mask
		for t.buckets[at] != 0 {
			at = (at + 1) & mask
		}
		t.buckets[at] = b
	}
}

// weigher is the sum that decides which groups stay and which rows lead.
func (t *table) weigher() *Measure {
	m := t.rank.measure
	switch {
	case t.rank.auto && t.sized:
		m = measureNamed("bytes")
	case m == nil || m.sum == nil:
		m = measureNamed("flows")
	}
	return m
}

// purge forgets the lighter half of the groups, and notes how much a
// forgotten one may have had: what a group that is met again may lack.
func (t *table) purge() {
	if t.rank.auto { // settled from now on
		t.rank = ranking{measure: t.weigher()}
	}
	m := t.weigher()
	weights := make([]uint64, t.n)
	for i := range weights {
		g := t.group(i)
		weights[i] = plus(m.sum(g), g.missed)
	}
	cut := nth(slices.Clone(weights), t.n/2)
	t.purges++
	kept := 0
	for i := range t.n {
		g := t.group(i)
		if weights[i] <= cut {
			if g.slot >= 0 {
				t.releaseSlot(g)
			}
			continue
		}
		if g.slot >= 0 {
			t.owners[g.slot] = int32(kept)
		}
		if kept != i {
			*t.group(kept) = *g
			copy(t.key(kept), t.key(i))
		}
		kept++
	}
	t.n = kept
	t.offset = max(t.offset, cut)
	clear(t.buckets)
	mask := uint64(len(t.buckets) - 1)
	for i := range t.n {
		tag := hashWords(t.key(i)) >> 32
		at := tag & mask
		for t.buckets[at] != 0 {
			at = (at + 1) & mask
		}
		t.buckets[at] = tag<<32 | uint64(i+1)
	}
}

// nth is the n-th smallest of v, from 0; v is reordered.
func nth(v []uint64, n int) uint64 {
	for len(v) > 16 {
		a, b, c := v[0], v[len(v)/2], v[len(v)-1]
		pivot := max(min(a, b), min(max(a, b), c))
		low, same := 0, 0
		for i, x := range v { // three parts: below, equal, above
			switch {
			case x < pivot:
				v[i], v[low+same] = v[low+same], v[i]
				v[low], v[low+same] = v[low+same], v[low]
				low++
			case x == pivot:
				v[i], v[low+same] = v[low+same], v[i]
				same++
			}
		}
		switch {
		case n < low:
			v = v[:low]
		case n < low+same:
			return pivot
		default:
			v, n = v[low+same:], n-low-same
		}
	}
	slices.Sort(v)
	return v[n]
}

// draw counts a flow in the series of its group.
func (t *table) draw(g *Group, key []uint64, hash uint64, r *flow.Record, turned bool, at uint8) {
	if g.slot < 0 {
		// One that grows late may have a place still, from then on.
		if g.Flows&(g.Flows-1) != 0 || g.Flows < 8 {
			return
		}
		t.giveSlot(g, t.number(key, hash))
		g.partial = true
	}
	line := &t.series[g.slot]
	line[0][at] = plus(line[0][at], t.drawn(r, turned))
	line[1][at]++
}

// drawn is what a flow adds to the series of its group.
func (t *table) drawn(r *flow.Record, turned bool) uint64 {
	if t.rank.auto {
		return r.Bytes()
	}
	m := t.rank.measure
	if m == nil || m.sum == nil {
		return 1
	}
	var one Group
	one.add(r, turned)
	return m.sum(&one)
}

// number finds the number of a group that is there.
func (t *table) number(key []uint64, hash uint64) int {
	mask := uint64(len(t.buckets) - 1)
	for at := hash >> 32 & mask; ; at = (at + 1) & mask {
		if b := t.buckets[at]; b>>32 == hash>>32 {
			if i := int(uint32(b)) - 1; slices.Equal(t.key(i), key) {
				return i
			}
		}
	}
}

// giveSlot gives a group a series, one of a lighter group if none is free.
func (t *table) giveSlot(g *Group, i int) {
	if len(t.free) == 0 && len(t.owners) < maxSeries {
		t.owners = append(t.owners, -1)
		t.series = append(t.series, [2][seriesBins]uint64{})
		t.free = append(t.free, int32(len(t.owners)-1))
	}
	if len(t.free) == 0 {
		t.thinSeries()
	}
	g.slot = t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	t.owners[g.slot] = int32(i)
	t.series[g.slot] = [2][seriesBins]uint64{}
}

func (t *table) releaseSlot(g *Group) {
	t.owners[g.slot] = -1
	t.free = append(t.free, g.slot)
	g.slot = -1
}

// thinSeries takes the series of the lighter half of the groups that have one.
func (t *table) thinSeries() {
	m := t.weigher()
	weights := make([]uint64, len(t.owners))
	for s, owner := range t.owners {
		weights[s] = m.sum(t.group(int(owner)))
	}
	cut := nth(slices.Clone(weights), len(weights)/2)
	for s, owner := range t.owners {
		if weights[s] <= cut {
			t.releaseSlot(t.group(int(owner)))
		}
	}
}

// fill writes the values of a batch.
func (c *counter) fill(rows []flow.Record) {
	w, sides := c.of.words, 1
	if c.peers && c.of.either {
		sides = 2
	}
	c.buf = slices.Grow(c.buf[:0], len(rows)*w*sides)[:len(rows)*w*sides]
	for side := range sides {
		c.of.fill(rows, side == 0 && sides == 2, c.buf[side*w:], w*sides)
	}
}

// note counts the value of row i for a group.
func (c *counter) note(i, side int, group uint64) {
	w := c.of.words
	at := i * w
	if c.peers && c.of.either { // the other end of each side
		at = (2*i + side) * w
	}
	value := c.buf[at : at+w]
	if !c.of.absent(value) {
		c.add(group|1, hashWords(value))
	}
}

// count is the number of distinct values of a group.
func (c *counter) count(hash uint64) Distinct {
	if c.counts == nil {
		c.counts = c.sample.counts()
	}
	return c.estimate(c.counts[hash|1])
}
