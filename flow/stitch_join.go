package flow

import "math/bits"

// A span is a stretch of time, both ends included.
type span struct{ start, end Time }

// distance is the time between two spans, 0 where they touch or overlap.
func (a span) distance(b span) Time {
	return max(0, minus(b.start, a.end), minus(a.start, b.end))
}

func (a span) union(b span) span { return span{min(a.start, b.start), max(a.end, b.end)} }

func minus(a, b Time) Time { return a.Sub(b) }

// A part is what decides whether records belong together: of one record, or
// of all that an open flow has taken up. Direction 0 is that of the flow's
// first record; only halves have a direction 1.
type part struct {
	span
	by    [2]span // of each direction
	flags [2]TCPFlags
	seen  uint8 // bit d: there are records of direction d
	asked uint8 // bit d: direction d sent a SYN without ACK, or an ICMP request
	reply uint8 // bit d: direction d sent a SYN with an ACK, surely in one packet
	known bool  // flags are
	tcp   bool
	state State
	raw   Symbol
}

func partOf(r *Record, halves bool) part {
	all := span{r.Start, r.End()}
	p := part{
		span: all, by: [2]span{all, {}}, flags: [2]TCPFlags{r.SrcFlags, r.DstFlags}, seen: 1,
		known: r.Has&HasFlags != 0, tcp: r.Proto == TCP, state: r.State, raw: r.RawState,
	}
	switch {
	case p.known && p.tcp:
		switch {
		case r.SrcFlags&(SYN|ACK) == SYN:
			p.asked = 1
		case r.SrcFlags == SYN|ACK && r.SrcPkts == 1:
			p.reply = 1
		}
	case r.Has&HasICMP != 0 && asks(r):
		p.asked = 1
	}
	if halves && (r.DstPkts > 0 || r.DstBytes > 0 || r.DstFlags != 0) { // a row of both directions among halves
		p.seen, p.by[1] = 3, all
	}
	return p
}

// turn exchanges the directions. Where records are of both directions at
// once, their times and presence stay where they are.
func (p *part) turn(halves bool) {
	p.flags[0], p.flags[1] = p.flags[1], p.flags[0]
	if halves {
		p.by[0], p.by[1] = p.by[1], p.by[0]
		p.seen = p.seen>>1 | p.seen&1<<1
	}
	p.asked = p.asked>>1 | p.asked&1<<1
	p.reply = p.reply>>1 | p.reply&1<<1
}

func (p *part) take(q *part) {
	for d := range 2 {
		switch bit := uint8(1) << d; {
		case q.seen&bit == 0:
		case p.seen&bit == 0:
			p.by[d] = q.by[d]
		default:
			p.by[d] = p.by[d].union(q.by[d])
		}
		p.flags[d] |= q.flags[d]
	}
	if weight[q.state] > weight[p.state] || weight[q.state] == weight[p.state] && q.end >= p.end {
		p.state, p.raw = q.state, q.raw
	}
	p.span = p.span.union(q.span)
	p.seen |= q.seen
	p.asked |= q.asked
	p.reply |= q.reply
	p.known = p.known || q.known
}

// weight tells which of two states a flow has: how it ended before how it
// stood, and that before how it began.
var weight = [stateCount]uint8{
	StateUnknown: 0, StateAttempt: 1, StatePartial: 2, StateEstablished: 3,
	StateRejected: 4, StateClosed: 4, StateResetOrig: 4, StateResetResp: 4, StateDenied: 5,
}

func (s State) ended() bool { return weight[s] == 4 }

// joins reports whether y, in the flow's directions, belongs to f, and how
// much silence is between them. r is the record that y was made of, or nil.
func (s *Stitcher) joins(f *openFlow, y *part, r *Record, turned bool) (gap Time, ok bool) {
	x := &f.part
	gap = x.distance(y.span)
	common := x.seen & y.seen
	if x.state == StateDenied || y.state == StateDenied {
		switch {
		case common == 0: // an answer that a firewall stopped
			return gap, x.state != y.state && gap <= s.pairGap
		case x.state != y.state:
			return gap, false
		}
		return gap, s.how.Copies && s.copied(f, y, r, turned)
	}
	if common == 0 {
		return gap, gap <= s.pairGap
	}
	if s.how.Copies && s.copied(f, y, r, turned) {
		return gap, true
	}
	if !s.how.Pieces || gap > s.gap {
		return gap, false
	}
	for c := common; c != 0; c &= c - 1 {
		d := bits.TrailingZeros8(c)
		switch tol := s.clock.step(); {
		case y.by[d].start >= x.by[d].end.Add(-tol) && y.by[d].start > x.by[d].start:
			ok = s.follows(x, y, d)
		case x.by[d].start >= y.by[d].end.Add(-tol) && x.by[d].start > y.by[d].start:
			ok = s.follows(y, x, d)
		default:
			ok = true
		}
		if !ok {
			return gap, false
		}
	}
	return gap, true
}

// copied reports whether another observer has told of the same time, and the
// same direction, as y.
func (s *Stitcher) copied(f *openFlow, y *part, r *Record, turned bool) bool {
	tol := s.clock.step()
	for c := f.seen & y.seen; c != 0; c &= c - 1 {
		d := bits.TrailingZeros8(c)
		a, b := f.by[d], y.by[d]
		if a.start < b.end.Add(-tol) && b.start < a.end.Add(-tol) || a.start == b.start {
			return true
		}
		if r != nil && a.distance(b) <= sameMoment {
			var w window
			w.set(r, turned, s.how.Halves)
			if s.pool.holds(f, &w) {
				return true
			}
		}
	}
	return false
}

// follows reports whether y may go on where x ended in direction d.
func (s *Stitcher) follows(x, y *part, d int) bool {
	silence := minus(y.by[d].start, x.by[d].end)
	if x.tcp && x.known && y.known {
		const end = FIN | RST
		if y.flags[d]&SYN != 0 {
			answered := x.seen != 1<<d || x.flags[1-d] != 0
			return !answered && x.flags[d]&(end|PSH) == 0 && x.flags[d]&SYN != 0 && silence <= resend
		}
		if x.flags[d]&end != 0 || x.flags[1-d]&RST != 0 {
			return silence <= s.tail
		}
		return true
	}
	switch {
	case y.state == StateAttempt && x.tcp:
		return x.state == StateAttempt || x.state == StateUnknown
	case !x.state.ended():
		return true
	case y.state == StateAttempt || y.state == StateEstablished:
		return false
	case y.state == x.state && y.raw == x.raw:
		return false // told the same again, of another connection
	}
	return silence <= s.tail
}

// absorb adds record r, of which y was made, to flow f.
func (s *Stitcher) absorb(f *openFlow, r *Record, y part, turned bool) {
	if turned && !s.how.Halves && y.start < f.start {
		s.flip(f) // what came first says who began
		turned = false
	}
	if turned {
		y.turn(s.how.Halves)
	}
	if earlier(y.start, r, f) {
		f.rec.Row, f.rec.File = r.Row, r.File
	}
	f.part.take(&y)
	f.records = add32(f.records, 1)
	f.note(r, turned)
	if s.how.Copies {
		s.keep(f, r, turned)
		return
	}
	f.sum(r, turned)
}

func earlier(start Time, r *Record, f *openFlow) bool {
	if start != f.start {
		return start < f.start
	}
	return r.File < f.rec.File || r.File == f.rec.File && r.Row < f.rec.Row
}

// note takes over what is not counted.
func (f *openFlow) note(r *Record, turned bool) {
	has := r.Has
	if turned {
		has = mirrored(has)
	}
	t := &f.rec
	if t.Label == 0 {
		t.Label = r.Label
	}
	if t.Service == 0 {
		t.Service = r.Service
	}
	if t.Has&HasUID == 0 {
		t.UID = r.UID
	}
	if has&HasICMP != 0 && (t.Has&HasICMP == 0 || answers(t) && asks(r)) {
		t.ICMPType, t.ICMPCode = r.ICMPType, r.ICMPCode
	}
	t.Has |= has
}

func (f *openFlow) sum(r *Record, turned bool) {
	t := &f.rec
	if turned {
		t.SrcBytes, t.DstBytes = add64(t.SrcBytes, r.DstBytes), add64(t.DstBytes, r.SrcBytes)
		t.SrcPkts, t.DstPkts = add64(t.SrcPkts, r.DstPkts), add64(t.DstPkts, r.SrcPkts)
		return
	}
	t.SrcBytes, t.DstBytes = add64(t.SrcBytes, r.SrcBytes), add64(t.DstBytes, r.DstBytes)
	t.SrcPkts, t.DstPkts = add64(t.SrcPkts, r.SrcPkts), add64(t.DstPkts, r.DstPkts)
}

// swallow adds the open flow g to f, which turned out to be the same.
func (s *Stitcher) swallow(f, g *openFlow, turned bool) {
	if turned && !s.how.Halves && g.start < f.start {
		s.flip(f)
		turned = false
	}
	z := g.part
	if turned {
		z.turn(s.how.Halves)
	}
	if earlier(g.start, &g.rec, f) {
		f.rec.Row, f.rec.File = g.rec.Row, g.rec.File
	}
	f.part.take(&z)
	f.records = add32(f.records, g.records)
	f.note(&g.rec, turned)
	if s.how.Copies {
		s.gain(f, g, turned)
		return
	}
	f.sum(&g.rec, turned)
}

// flip exchanges the directions of f.
func (s *Stitcher) flip(f *openFlow) {
	turnRound(&f.rec)
	f.part.turn(s.how.Halves)
	f.key.swapped = !f.key.swapped
	s.pool.flip(f)
}

// turnRound makes the source of r its destination.
func turnRound(r *Record) {
	r.Src, r.Dst = r.Dst, r.Src
	r.SrcHost, r.DstHost = r.DstHost, r.SrcHost
	r.SrcPort, r.DstPort = r.DstPort, r.SrcPort
	r.SrcFlags, r.DstFlags = r.DstFlags, r.SrcFlags
	r.SrcBytes, r.DstBytes = r.DstBytes, r.SrcBytes
	r.SrcPkts, r.DstPkts = r.DstPkts, r.SrcPkts
	r.Has = mirrored(r.Has)
}

// mirrored has the fields of each side for the other.
func mirrored(f Fields) Fields {
	const src, dst = HasSrcPort | HasSrcBytes | HasSrcPkts, HasDstPort | HasDstBytes | HasDstPkts
	return f&^(src|dst) | f&src<<1 | f&dst>>1
}

func add64(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	return sum | -carry
}

func add32(a, b uint32) uint32 {
	sum, carry := bits.Add32(a, b, 0)
	return sum | -carry
}
