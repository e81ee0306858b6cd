// Package learning tells when enough has been seen of a network to call
// something new.
package learning

import (
	"time"

	"seine/flow"
)

// step is the most that one flow advances the time learned: a gap in the
// data, or a row dated decades off, teaches nothing.
const step = flow.Time(time.Hour)

// A Span is a time of learning, counted in event time during which flows were
// seen.
type Span struct {
	need, had, last flow.Time
	begun, over     bool
}

// New makes a Span that is over after need.
func New(need flow.Time) *Span { return &Span{need: need} }

// See takes the time of a flow and reports whether the span is over. Once it
// is, it stays so, and nothing more is counted.
func (s *Span) See(t flow.Time) bool { return s.over || s.see(t) }

func (s *Span) see(t flow.Time) bool {
	switch {
	case !s.begun:
		s.begun, s.last = true, t
	case t > s.last:
		gap := t - s.last
		if gap < 0 || gap > step { // below zero: an overflow
			gap = step
		}
		s.had, s.last = s.had+gap, t
	case t < s.last-24*step && s.last > flow.MinTime+24*step:
		s.last = t // the one before was dated wrongly
	}
	s.over = s.had >= s.need
	return s.over
}

// Over reports whether the span is over.
func (s *Span) Over() bool { return s.over }
