package flow

import "slices"

func (s *Stitcher) learn() {
	s.settle(learnGap(s.sample))
	s.addAll(s.sample)
	s.sample = nil
}

// addAll works records in, a few at a time: where their flows are is looked up
// for all of them first, so that the cache misses overlap.
func (s *Stitcher) addAll(rs []Record) {
	for len(rs) > 0 {
		n := min(len(rs), len(s.keys))
		if s.how.Pieces || s.how.Halves || s.how.Copies {
			for i := range rs[:n] {
				s.keys[i] = makeKey(&rs[i], s.table.seed)
			}
			s.warmed += s.table.touch(s.keys[:n], &s.pool)
		}
		for i := range rs[:n] {
			s.add(&rs[i], &s.keys[i])
		}
		rs = rs[n:]
	}
}

// add works one record in and moves the time on.
func (s *Stitcher) add(r *Record, k *key) {
	s.clock.see(r)
	end := r.End()
	if s.mark.ok && end < s.mark.now.Add(-s.hold) {
		s.counts.Late++
	}
	s.place(r, k)
	s.evict()
	if s.mark.add(end) {
		s.began = min(s.began, s.mark.now)
		if s.due = s.ring.take(s.due[:0], s.mark.now.Add(-s.hold), &s.table); len(s.due) > 0 {
			s.emit()
		}
	}
}

// place finds the flow that r belongs to, or opens one.
func (s *Stitcher) place(r *Record, k *key) {
	switch {
	case s.how.ByUID && r.Has&HasUID != 0:
		s.placeUID(r)
		return
	case !s.how.Pieces && !s.how.Halves && !s.how.Copies:
		s.open(r)
		return
	}
	y := partOf(r, s.how.Halves)
	var best int32 = -1
	var bestGap Time
	var bestTurned bool
	s.found = s.table.find(s.found[:0], r, k)
	if len(s.found) > 1 { // where they stand in the table must not matter
		slices.SortFunc(s.found, func(a, b int32) int { return comparePlace(s.table.at(a), s.table.at(b)) })
	}
	for _, at := range s.found {
		f := s.table.at(at)
		turned := f.key != k.ordered
		if turned && !s.how.Halves && !s.how.Pieces {
			continue
		}
		z := y
		if turned {
			z.turn(s.how.Halves)
		}
		gap, ok := s.joins(f, &z, r, turned)
		if ok && (best < 0 || gap < bestGap || gap == bestGap && comparePlace(f, s.table.at(best)) > 0) {
			best, bestGap, bestTurned = at, gap, turned
		}
	}
	if best < 0 {
		if len(s.found) >= kinMax {
			s.orphan(s.found)
		}
		s.begin(r, k)
		return
	}
	f := s.table.at(best)
	s.absorb(f, r, y, bestTurned)
	if len(s.found) > 1 {
		s.bridge(best)
	}
}

// orphan gives up the oldest of too many open flows with the same addresses
// and ports: nothing joins it any more.
func (s *Stitcher) orphan(kin []int32) {
	oldest := kin[0]
	for _, at := range kin[1:] {
		if comparePlace(s.table.at(at), s.table.at(oldest)) < 0 {
			oldest = at
		}
	}
	s.table.unlink(oldest)
}

// bridge joins to the flow at what the last record has connected with it.
func (s *Stitcher) bridge(at int32) {
	for again := true; again; {
		again = false
		f := s.table.at(at)
		for _, i := range s.found {
			g := s.table.at(i)
			if i == at || g.dead {
				continue
			}
			turned := g.key != f.key
			if turned && !s.how.Halves && !s.how.Pieces {
				continue
			}
			z := g.part
			if turned {
				z.turn(s.how.Halves)
			}
			if _, ok := s.joins(f, &z, nil, turned); ok {
				s.swallow(f, g, turned)
				s.table.unlink(i)
				g.dead = true
				again = true
			}
		}
	}
}

// begin opens a flow with r that other records may join.
func (s *Stitcher) begin(r *Record, k *key) {
	at := s.open(r)
	f := s.table.at(at)
	f.key = k.ordered
	s.table.link(at, k.hash)
	if s.how.Copies {
		s.keep(f, r, false)
	}
	if s.how.Halves {
		s.peers.see(r)
	}
}

// open opens a flow with r.
func (s *Stitcher) open(r *Record) int32 {
	at := s.table.alloc()
	f := s.table.at(at)
	f.rec, f.part = *r, partOf(r, s.how.Halves)
	f.rec.Pieces = 0
	f.key, f.dead, f.linked = order{}, false, false
	f.records, f.windows, f.held = 1, -1, 0
	due := f.end
	if s.mark.ok { // who is late waits for others as late
		due = max(due, s.mark.now.Add(-s.hold).Add(s.opt.Lateness))
	}
	s.ring.put(at, due)
	return at
}
