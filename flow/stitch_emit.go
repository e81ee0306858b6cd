package flow

import (
	"cmp"
	"slices"
)

// A place is the position of a flow in the output.
type place struct {
	end, start Time
	row        uint64
	file       uint32
	at         int32
}

func (a place) compare(b place) int {
	if a.end != b.end {
		return cmp.Compare(a.end, b.end)
	}
	if a.start != b.start {
		return cmp.Compare(a.start, b.start)
	}
	if a.file != b.file {
		return cmp.Compare(a.file, b.file)
	}
	return cmp.Compare(a.row, b.row)
}

func placeOf(f *openFlow, at int32) place {
	return place{f.part.end, f.part.start, f.rec.Row, f.rec.File, at}
}

func comparePlace(a, b *openFlow) int { return placeOf(a, 0).compare(placeOf(b, 0)) }

// emit hands out the flows that are due.
func (s *Stitcher) emit() {
	s.sortDue()
	for _, p := range s.order {
		s.finish(p.at)
	}
}

func (s *Stitcher) sortDue() {
	s.order = s.order[:0]
	for _, at := range s.due {
		s.order = append(s.order, placeOf(s.table.at(at), at))
	}
	slices.SortFunc(s.order, place.compare)
}

// evict makes room if the table is too full: some of the flows that ended
// first are handed out.
func (s *Stitcher) evict() {
	for s.table.live > s.opt.Limit {
		if s.due = s.ring.takeFirst(s.due[:0], &s.table); len(s.due) == 0 {
			continue
		}
		s.sortDue()
		n := max(1, s.opt.Limit/evictPart)
		for i, p := range s.order {
			if i < n {
				s.counts.Evicted++
				s.finish(p.at)
				continue
			}
			s.ring.putFirst(p.at)
		}
	}
}

// finish completes the flow at, hands it out and forgets it.
func (s *Stitcher) finish(at int32) {
	f := s.table.at(at)
	s.ready = append(s.ready, f.rec)
	r := &s.ready[len(s.ready)-1]
	s.counts.Flows++
	switch {
	case f.key.set:
		s.complete(f, r)
	case f.records > 1:
		s.counts.Merged += uint64(f.records - 1)
		r.Start = f.start
		if r.Duration = max(0, minus(f.end, f.start)); r.Duration > 0 {
			r.Has |= HasDuration
		}
	}
	if f.records > 1 {
		r.Pieces = uint8(min(f.records, 255))
	}
	s.table.unlink(at)
	s.table.release(at)
}
