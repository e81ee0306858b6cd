package ratebaseline

import mathbits "math/bits"

// A state is where a series stands.
type state uint8

const (
	learning state = iota
	normal
	alert     // over the baseline
	dismissed // no longer over, since one bucket
)

// A rule decides. Lengths are in cells.
type rule struct {
	bucket, learn int64
	threshold     uint64 // thousandths of a percent
	least         uint64
}

// over reports whether count exceeds baseline by more than the threshold,
// exactly: (count − baseline) · 100 / baseline > threshold.
func (r *rule) over(count, baseline uint64) bool {
	if count <= baseline || count < r.least {
		return false
	}
	hi, lo := mathbits.Mul64(count-baseline, 100_000)
	limitHi, limitLo := mathbits.Mul64(r.threshold, baseline)
	return hi > limitHi || hi == limitHi && lo > limitLo
}

// baseline is what count flows in the learning time make in a bucket: count ·
// bucket ÷ learning time, a half to the even.
func (r *rule) baseline(count uint64) uint64 {
	product, learn := count*uint64(r.bucket), uint64(r.learn)
	q, rem := product/learn, product%learn
	if 2*rem > learn || 2*rem == learn && q&1 == 1 {
		q++
	}
	return q
}

// A series is the count of one thing and the state machine that judges it.
type series struct {
	count    uint64 // flows of the bucket, or of the learning time, at hand
	from     int64  // the cell where that begins
	baseline uint64 // flows in a bucket
	state    state
	known    bool
	due      bool // is in watcher.due

	// Of the alert at hand.
	since       int64 // the cell where its first bucket begins
	peak, total uint64
	peakAt      int64
	episode     uint32 // in watcher.episodes plus 1, or 0
}

// An event is a change of state that is reported.
type event uint8

const (
	nothing event = iota
	goesOver
	staysOver
	recovers
)

// span is how many cells the bucket, or the learning time, at hand has.
func (s *series) span(r *rule) int64 {
	if s.state == learning {
		return r.learn
	}
	return r.bucket
}

// end closes the bucket or learning time at hand and begins the next.
func (s *series) end(r *rule) event {
	count, from := s.count, s.from
	s.from += s.span(r)
	s.count = 0
	if s.state == learning {
		if s.baseline = r.baseline(count); s.baseline > 0 {
			s.state = normal
		}
		return nothing
	}
	return s.judge(r, count, from)
}

// judge moves the state machine by a bucket of so many flows. An alert is
// dismissed by the first bucket that is not over, and normal again after the
// second; never at once.
func (s *series) judge(r *rule, count uint64, from int64) event {
	if r.over(count, s.baseline) {
		if s.state == alert {
			s.total += count
			if count > s.peak {
				s.peak, s.peakAt = count, from
			}
			return staysOver
		}
		s.state = alert
		s.since, s.peak, s.peakAt, s.total = from, count, from, count
		return goesOver
	}
	if s.state == alert {
		s.state = dismissed
		return recovers
	}
	s.state = normal
	return nothing
}

// quiet reports whether buckets without flows change nothing.
func (s *series) quiet() bool {
	return s.count == 0 && (s.state == normal || s.state == learning)
}

// skip passes over the buckets without flows that end at or before cell to.
func (s *series) skip(r *rule, to int64) {
	if n := (to - s.from) / s.span(r); n > 0 && s.quiet() {
		s.from += n * s.span(r)
	}
}
