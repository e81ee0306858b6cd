package ratebaseline

import (
	"slices"

	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// A cell counts the flows of a span of time that is not over yet: flows may
// come late. It is the largest length of which bucket and learning time are
// multiples, and by default as long as both.
type cell struct {
	number   int64
	whole    entry
	services *pairmap.Map[entry]
	networks *pairmap.Map[entry]
	kept     []kept
}

// An entry counts one thing.
type entry struct {
	count uint64
	last  uint32 // its last flow in cell.kept plus 1, or 0
}

// A kept flow is possible evidence. Of each thing the flows numbered 1, 2, 4,
// 8 and so on are kept.
type kept struct {
	flow   flow.Record
	before uint32 // the one before it of the same entry plus 1, or 0
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		if !w.started {
			w.started, w.origin = true, r.Start
		}
		if r.Start < w.origin {
			w.early.N++
			continue
		}
		w.newest = max(w.newest, r.Start)
		c := w.recent
		if n := w.number(r.Start); c == nil || c.number != n {
			if c = w.cell(n); c == nil {
				w.late.N++
				continue
			}
			w.recent = c
		}
		w.count(c, r)
	}
}

// number is the cell to which a time belongs, counted from the first flow.
func (w *watcher) number(t flow.Time) int64 {
	return int64(min(uint64(t)-uint64(w.origin), uint64(flow.MaxTime))) / int64(w.grain)
}

// start is when a cell begins.
func (w *watcher) start(number int64) flow.Time {
	if number > int64(flow.MaxTime)/int64(w.grain) {
		return flow.MaxTime
	}
	return w.origin.Add(flow.Time(number) * w.grain)
}

func (w *watcher) count(c *cell, r *flow.Record) {
	if w.all {
		w.add(c, &c.whole, r)
	}
	if w.service && r.Has&flow.HasDstPort != 0 {
		k := pairmap.Key{Dst: r.DstHost, Port: r.DstPort, Proto: r.Proto, Extra: uint8(scopeService)}
		e, _ := c.services.At(k, r.Start)
		w.add(c, e, r)
	}
	if w.network && !r.Src.IsName() {
		e, _ := c.networks.At(w.networkKey(&r.Src), r.Start)
		w.add(c, e, r)
	}
}

func (w *watcher) add(c *cell, e *entry, r *flow.Record) {
	e.count++
	if e.count&(e.count-1) != 0 {
		return
	}
	if w.kept >= w.maxKept {
		w.lostEvidence.N++
		return
	}
	w.kept++
	c.kept = append(c.kept, kept{*r, e.last})
	e.last = uint32(len(c.kept))
}

// cell is the open cell of a number, or nil if it is closed.
func (w *watcher) cell(number int64) *cell {
	if number < w.closed {
		return nil
	}
	at, there := slices.BinarySearchFunc(w.open, number, func(c *cell, n int64) int {
		return int(min(max(c.number-n, -1), 1))
	})
	if there {
		return w.open[at]
	}
	var c *cell
	if n := len(w.spare); n > 0 {
		c, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		c = &cell{}
	}
	c.number = number
	lost := func(_ pairmap.Key, e *entry) { w.lostSeries.N++ }
	if w.service {
		c.services = pairmap.New(w.maxSeries, lost)
	}
	if w.network {
		c.networks = pairmap.New(w.maxSeries, lost)
	}
	w.open = slices.Insert(w.open, at, c)
	return c
}

// Tick closes the cells that the watermark has passed.
func (w *watcher) Tick(now flow.Time) {
	if w.started && now > w.origin {
		w.closeUntil(w.number(now))
	}
}

// closeUntil closes the cells before number to.
func (w *watcher) closeUntil(to int64) {
	for w.closed < to {
		next := to
		if len(w.open) > 0 {
			next = min(next, w.open[0].number)
		}
		if len(w.due) > 0 { // empty buckets count too
			next = min(next, w.closed)
		}
		if next >= to {
			w.closed = to
			return
		}
		w.closed = next + 1
		if len(w.open) > 0 && w.open[0].number == next {
			w.takeIn(w.open[0])
		}
		w.judgeUntil(w.closed)
	}
}

// takeIn hands the counts of the first open cell to their series.
func (w *watcher) takeIn(c *cell) {
	w.open = slices.Delete(w.open, 0, 1)
	if w.recent == c {
		w.recent = nil
	}
	if c.whole.count > 0 {
		w.feed(pairmap.Key{}, &w.whole, c, &c.whole)
	}
	if c.services != nil {
		c.services.All(func(k pairmap.Key, last flow.Time, e *entry) bool {
			s, _ := w.services.At(k, last)
			w.feed(k, s, c, e)
			return true
		})
	}
	if c.networks != nil {
		c.networks.All(func(k pairmap.Key, last flow.Time, e *entry) bool {
			s, _ := w.networks.At(k, last)
			w.feed(k, s, c, e)
			return true
		})
	}
	w.kept -= len(c.kept)
	*c = cell{kept: c.kept[:0]}
	w.spare = append(w.spare, c)
}

// feed adds the count of a cell to a series. One that is new learns from the
// learning time in which it appeared on: as those before it counted nothing,
// they were begun anew.
func (w *watcher) feed(k pairmap.Key, s *series, c *cell, e *entry) {
	if !s.known {
		s.known = true
		w.tallies[scopeOf(k)].series++
	}
	if !s.due {
		s.skip(&w.rule, c.number)
		s.due = true
		w.due = append(w.due, k)
	}
	s.count += e.count
	if s.state != learning && w.rule.over(s.count, s.baseline) {
		w.keepEvidence(s, c, e)
	}
}

// judgeUntil ends the buckets that are over before cell number to.
func (w *watcher) judgeUntil(to int64) {
	w.duty, w.due = w.due, w.duty[:0]
	for _, k := range w.duty {
		s := w.find(k)
		if s == nil || !s.due {
			continue
		}
		for s.from+s.span(&w.rule) <= to && !s.quiet() {
			from := s.from
			count := s.count
			before := s.state
			w.report(k, s, s.end(&w.rule), bucket{from: from, to: s.from, count: count})
			if before == learning && s.state == normal {
				w.tallies[scopeOf(k)].learned++
			}
		}
		if s.due = !s.quiet(); s.due {
			w.due = append(w.due, k)
		}
	}
}

// find is the series of a key, or nil if it was forgotten.
func (w *watcher) find(k pairmap.Key) *series {
	switch scopeOf(k) {
	case scopeService:
		return w.services.Find(k)
	case scopeNetwork:
		return w.networks.Find(k)
	}
	return &w.whole
}

// Close judges what remains. The last bucket is not over when the input ends:
// it raises an alert if it has too many flows already, and ends one if at
// least half of it has gone by and its count, made up to a whole bucket, is
// not over.
func (w *watcher) Close() {
	if !w.started {
		return
	}
	last := w.number(w.newest)
	w.closeUntil(last)
	if len(w.open) > 0 && w.open[0].number == last {
		w.takeIn(w.open[0])
	}
	for _, k := range w.due {
		if s := w.find(k); s != nil && s.due {
			s.due = false
			w.closePart(k, s)
		}
	}
	w.summarise()
}

func (w *watcher) closePart(k pairmap.Key, s *series) {
	if s.state == learning {
		return
	}
	b := bucket{from: s.from, to: s.from + w.rule.bucket, count: s.count, cut: true, seen: w.newest - w.start(s.from)}
	length := flow.Time(w.rule.bucket) * w.grain
	switch {
	case w.rule.over(b.count, s.baseline):
		w.report(k, s, s.judge(&w.rule, b.count, b.from), b)
	case s.state == alert && 2*b.seen >= length:
		made := uint64(float64(b.count) * float64(length) / float64(b.seen))
		if !w.rule.over(made, s.baseline) {
			w.report(k, s, s.judge(&w.rule, b.count, b.from), b)
		}
	}
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	if !w.service {
		return
	}
	for _, c := range w.open {
		c.services.Forget(hs)
	}
	gone := make(map[flow.Host]bool, len(hs))
	for _, h := range hs {
		gone[h] = true
	}
	w.services.All(func(k pairmap.Key, _ flow.Time, s *series) bool {
		if gone[k.Dst] {
			w.drop(s)
			w.services.Delete(k)
		}
		return true
	})
	w.due = slices.DeleteFunc(w.due, func(k pairmap.Key) bool { return scopeOf(k) == scopeService && gone[k.Dst] })
}
