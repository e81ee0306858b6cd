package flow

import (
	"cmp"
	"slices"
)

// A window is one record of a flow whose observers have to be told apart.
type window struct {
	span
	bytes, pkts [2]uint64
	raw         Symbol
	records     uint32
	dir         uint8 // of halves; 0 where a record is of both directions
	state       State
}

// set makes w the window of record r.
func (w *window) set(r *Record, turned, halves bool) {
	w.start, w.end = r.Start, r.End()
	w.bytes[0], w.bytes[1], w.pkts[0], w.pkts[1] = r.SrcBytes, r.DstBytes, r.SrcPkts, r.DstPkts
	w.raw, w.state, w.records, w.dir = r.RawState, r.State, 1, 0
	if turned {
		w.flip()
		if halves {
			w.dir = 1
		}
	}
}

func (w *window) flip() {
	w.bytes[0], w.bytes[1] = w.bytes[1], w.bytes[0]
	w.pkts[0], w.pkts[1] = w.pkts[1], w.pkts[0]
}

// same reports whether two windows are of the same packets by all that can be
// told where their times do not overlap.
func (w *window) same(v *window) bool {
	return w.dir == v.dir && w.bytes == v.bytes && w.pkts == v.pkts && w.raw == v.raw && w.state == v.state &&
		apart(w.start, v.start) <= sameMoment && apart(w.end, v.end) <= sameMoment
}

func apart(a, b Time) Time { return max(minus(a, b), minus(b, a)) }

// compareWindows orders by direction and end, and wholly, so that it does not
// matter in which order records came.
func compareWindows(a, b *window) int {
	switch {
	case a.dir != b.dir:
		return cmp.Compare(a.dir, b.dir)
	case a.end != b.end:
		return cmp.Compare(a.end, b.end)
	case a.start != b.start:
		return cmp.Compare(a.start, b.start)
	}
	return cmp.Or(cmp.Compare(a.bytes[0], b.bytes[0]), cmp.Compare(a.bytes[1], b.bytes[1]),
		cmp.Compare(a.pkts[0], b.pkts[0]), cmp.Compare(a.pkts[1], b.pkts[1]),
		cmp.Compare(a.raw, b.raw), cmp.Compare(a.state, b.state))
}

// A windowPool holds the windows of all flows in lists of blocks, the newest
// first. All but the first block of a flow are full. Windows lie in lines of
// the cache of their own.
type windowPool struct {
	chunks []*windowChunk
	free   []int32
	used   int32
}

const blockWindows = 4

type (
	windowBlock [blockWindows]window
	windowChunk struct {
		blocks [chunkSize]windowBlock
		next   [chunkSize]int32 // of the same flow, -1 for none
	}
)

func (p *windowPool) at(i int32) *windowBlock { return &p.chunks[i>>chunkBits].blocks[i&(chunkSize-1)] }

func (p *windowPool) next(i int32) *int32 { return &p.chunks[i>>chunkBits].next[i&(chunkSize-1)] }

func (p *windowPool) alloc() int32 {
	if n := len(p.free); n > 0 {
		i := p.free[n-1]
		p.free = p.free[:n-1]
		return i
	}
	if int(p.used)>>chunkBits == len(p.chunks) {
		p.chunks = append(p.chunks, new(windowChunk))
	}
	p.used++
	return p.used - 1
}

// touch reads where the next window of f goes, see table.touch.
func (p *windowPool) touch(f *openFlow) uint32 {
	if i := f.held % blockWindows; i != 0 {
		return p.at(f.windows)[i].records
	}
	return 0
}

// add makes room for one more window of f.
func (p *windowPool) add(f *openFlow) *window {
	i := f.held % blockWindows
	if i == 0 {
		at := p.alloc()
		*p.next(at) = f.windows
		f.windows = at
	}
	f.held++
	return &p.at(f.windows)[i]
}

// filled is the part of the first block that is in use if held windows are.
func filled(held int32) int32 { return (held-1)%blockWindows + 1 }

// take gives the windows of f in the order in which they came, in the memory
// of dst, and forgets them.
func (p *windowPool) take(dst []window, f *openFlow) []window {
	at := int(f.held)
	dst = slices.Grow(dst[:0], at)[:at]
	n := filled(f.held)
	for i := f.windows; i >= 0; n = blockWindows {
		b := p.at(i)
		at -= int(n)
		copy(dst[at:], b[:n])
		p.free = append(p.free, i)
		i = *p.next(i)
	}
	f.windows, f.held = -1, 0
	return dst
}

// holds reports whether f has a window of the same packets as w.
func (p *windowPool) holds(f *openFlow, w *window) bool {
	n := filled(f.held)
	for i := f.windows; i >= 0; n = blockWindows {
		b := p.at(i)
		for j := range b[:n] {
			if b[j].same(w) {
				return true
			}
		}
		i = *p.next(i)
	}
	return false
}

// flip exchanges the directions of f, whose records are of both.
func (p *windowPool) flip(f *openFlow) {
	for i := f.windows; i >= 0; i = *p.next(i) {
		for j := range p.at(i) {
			p.at(i)[j].flip()
		}
	}
}

const (
	mostWindows = 128 // held per flow
	mostSteps   = 16  // windows that the older ones of a direction become
)

// keep remembers record r of flow f.
func (s *Stitcher) keep(f *openFlow, r *Record, turned bool) {
	s.pool.add(f).set(r, turned, s.how.Halves)
	if f.held >= mostWindows {
		s.fold(f)
	}
}

// gain gives the windows of g to f.
func (s *Stitcher) gain(f, g *openFlow, turned bool) {
	c := &s.chain
	c.windows = s.pool.take(c.windows, g)
	for i := range c.windows {
		w := s.pool.add(f)
		*w = c.windows[i]
		if turned {
			w.flip()
			if s.how.Halves {
				w.dir ^= 1
			}
		}
	}
	if f.held >= mostWindows {
		s.fold(f)
	}
}

// fold makes few windows of the older ones, so that a flow may go on for
// ever.
func (s *Stitcher) fold(f *openFlow) {
	c := &s.chain
	c.windows = s.pool.take(c.windows, f)
	c.sort()
	for ws := c.windows; len(ws) > 0; {
		n := oneDirection(ws)
		newer := ws[n/2 : n]
		begin := MaxTime
		for i := range newer {
			begin = min(begin, newer[i].start)
			*s.pool.add(f) = newer[i]
		}
		// What a window of the rest can follow is the best of those that end
		// before it; of those that end before all of the rest one is enough.
		best := c.best(ws[:n/2], s.clock.step())
		for i := len(best) - 1; i >= 0; i-- {
			*s.pool.add(f) = best[i]
			if best[i].end <= begin || len(best)-i == mostSteps {
				break
			}
		}
		ws = ws[n:]
	}
}

// oneDirection is how many of the first windows are of one direction.
func oneDirection(ws []window) int {
	for i := range ws {
		if ws[i].dir != ws[0].dir {
			return i
		}
	}
	return len(ws)
}

// A chain is memory to work in.
type chain struct{ windows, sums, back []window }

// sort puts the windows in order. They are few and mostly come in order, but
// for their directions.
func (c *chain) sort() {
	ws, n := c.windows, 0
	c.back = c.back[:0]
	for i := range ws {
		if ws[i].dir != 0 {
			c.back = append(c.back, ws[i])
			continue
		}
		if n < i {
			ws[n] = ws[i]
		}
		n++
	}
	copy(ws[n:], c.back)
	for i := 1; i < len(ws); i++ {
		for j := i; j > 0 && compareWindows(&ws[j], &ws[j-1]) < 0; j-- {
			ws[j], ws[j-1] = ws[j-1], ws[j]
		}
	}
}

// best gives, for each of the windows of a direction in the order of their
// ends, the largest counts that windows up to it give together, as a window of
// its own. Windows that do not overlap are of different packets, and are
// added; of those that overlap, which are of different observers, one may be
// taken. This is the scheduling of weighted intervals, for each counter by
// itself.
func (c *chain) best(ws []window, tol Time) []window {
	c.sums = c.sums[:0]
	for i := range ws {
		w := &ws[i]
		if c.told(ws[:i], w) {
			w.bytes, w.pkts, w.records = [2]uint64{}, [2]uint64{}, 0
		}
		sum := *w
		// Two records that begin at once are of two observers, though the one
		// is over in no time.
		j := i - 1
		for j >= 0 && (ws[j].end > w.start.Add(tol) || ws[j].start == w.start) {
			j--
		}
		if j >= 0 {
			sum.add(&c.sums[j])
		}
		if i > 0 {
			sum.atLeast(&c.sums[i-1])
		}
		c.sums = append(c.sums, sum)
	}
	return c.sums
}

// told reports whether a window before w tells of the same packets.
func (c *chain) told(before []window, w *window) bool {
	for i := len(before) - 1; i >= 0; i-- {
		v := &before[i]
		if minus(w.end, v.end) > sameMoment {
			return false
		}
		if v.records > 0 && w.same(v) {
			return true
		}
	}
	return false
}

func (w *window) add(v *window) {
	for d := range 2 {
		w.bytes[d], w.pkts[d] = add64(w.bytes[d], v.bytes[d]), add64(w.pkts[d], v.pkts[d])
	}
	w.records = add32(w.records, v.records)
	w.start = min(w.start, v.start)
}

func (w *window) atLeast(v *window) {
	for d := range 2 {
		w.bytes[d], w.pkts[d] = max(w.bytes[d], v.bytes[d]), max(w.pkts[d], v.pkts[d])
	}
	w.records = max(w.records, v.records)
	w.start = min(w.start, v.start)
}

// total makes the counters of r from the windows of f: the largest counts of
// each direction that contradict nothing.
func (s *Stitcher) total(f *openFlow, r *Record) {
	if f.records == 1 {
		s.chain.windows = s.pool.take(s.chain.windows, f)
		return
	}
	r.SrcBytes, r.DstBytes, r.SrcPkts, r.DstPkts = 0, 0, 0, 0
	c := &s.chain
	c.windows = s.pool.take(c.windows, f)
	c.sort()
	counted := uint32(0)
	for ws := c.windows; len(ws) > 0; {
		n := oneDirection(ws)
		best := c.best(ws[:n], s.clock.step())
		w := &best[n-1]
		r.SrcBytes, r.DstBytes = add64(r.SrcBytes, w.bytes[0]), add64(r.DstBytes, w.bytes[1])
		r.SrcPkts, r.DstPkts = add64(r.SrcPkts, w.pkts[0]), add64(r.DstPkts, w.pkts[1])
		counted = add32(counted, w.records)
		s.counts.Merged += uint64(max(w.records, 1) - 1)
		ws = ws[n:]
	}
	s.counts.Dropped += uint64(f.records - counted)
}
