// Package exhibit keeps flows to show: for those few of many things watched
// that may become a finding, the first flow, the last and the largest.
package exhibit

import (
	"cmp"
	"slices"

	"seine/detectors/internal/course"
	"seine/flow"
)

// A Case is the number of the flows of one thing. Zero is none.
type Case uint32

// A Shelf holds the flows of many cases, so many of each.
type Shelf struct {
	per   int
	limit int
	cases []display // of Case i+1
	free  []Case

	timed   bool
	courses []course.Course // of Case i+1, where timed
}

// A display holds the first flow, the last, then the largest of the others, and
// the place of the one of these that goes first; 0 where that is not known.
type display struct {
	flows []flow.Record
	least int
}

// New makes a Shelf of at most limit cases with at most per flows each, about
// 200 bytes a flow.
func New(per, limit int) *Shelf { return &Shelf{per: max(per, 1), limit: limit} }

// Timed makes the shelf keep for each case how many bytes its flows had when,
// in 300 bytes more. Called before the first Add.
func (s *Shelf) Timed() *Shelf {
	s.timed = true
	return s
}

// Course tells how many bytes the flows of a case had when: those in both
// directions. It is empty unless the shelf is Timed.
func (s *Shelf) Course(c Case) (at, bytes []float64) {
	if c == 0 || !s.timed {
		return nil, nil
	}
	return s.courses[c-1].Series()
}

// Add puts a flow to a case; with zero it opens one. It returns the case, or
// zero where there is no room for another.
func (s *Shelf) Add(c Case, r *flow.Record) Case {
	if c == 0 {
		switch n := len(s.free); {
		case n > 0:
			c, s.free = s.free[n-1], s.free[:n-1]
		case len(s.cases) < s.limit:
			s.cases = append(s.cases, display{})
			if s.timed {
				s.courses = append(s.courses, course.Course{})
			}
			c = Case(len(s.cases))
		default:
			return 0
		}
	}
	if s.timed {
		s.courses[c-1].Add(r.Start, r.Bytes())
	}
	s.cases[c-1].add(r, s.per)
	return c
}

// add shows a flow too, where there may be so many.
func (d *display) add(r *flow.Record, most int) {
	n := len(d.flows)
	switch {
	case n == 0, n == 1 && most > 1:
		d.flows = append(d.flows, *r)
	case most == 1:
	case n < most:
		d.flows = append(d.flows, d.flows[1])
		d.flows[1] = *r
	default:
		if d.least == 0 && n > 2 {
			d.least = 2 + smallest(d.flows[2:])
		}
		if d.least > 0 && d.flows[1].Bytes() > d.flows[d.least].Bytes() {
			d.flows[d.least], d.least = d.flows[1], 0
		}
		d.flows[1] = *r
	}
}

// smallest is the place of the flow with the fewest bytes, the latest of
// equals.
func smallest(rs []flow.Record) int {
	least := 0
	for i := range rs {
		if rs[i].Bytes() < rs[least].Bytes() ||
			rs[i].Bytes() == rs[least].Bytes() && before(&rs[least], &rs[i]) < 0 {
			least = i
		}
	}
	return least
}

func before(a, b *flow.Record) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row))
}

// Flows are the flows of a case in the order of the input, as
// detectors.Sample wants them.
func (s *Shelf) Flows(c Case) []flow.Record {
	if c == 0 {
		return nil
	}
	rs := slices.Clone(s.cases[c-1].flows)
	slices.SortFunc(rs, func(a, b flow.Record) int { return before(&a, &b) })
	return rs
}

// Drop closes a case, if it is one.
func (s *Shelf) Drop(c Case) {
	if c > 0 {
		d := &s.cases[c-1]
		d.flows, d.least = d.flows[:0], 0
		if s.timed {
			s.courses[c-1] = course.Course{}
		}
		s.free = append(s.free, c)
	}
}
