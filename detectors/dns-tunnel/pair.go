package dnstunnel

import (
	"fmt"
	"math"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/flow"
)

// A pair is what a client sends to a server, and takes from it, within an
// hour. What every flow changes is in front: two of three cache lines, with
// what the table adds.
type pair struct {
	up, down           uint64 // all bytes
	begin, last        flow.Time
	flows              uint32
	size               uint32 // of most questions, by majority vote
	sizedUp, sizedDown uint64 // bytes of packets that can be counted
	questions, answers uint64
	sized, same, votes uint32 // flows with a size; those of the size above, at least
	whole, shrunk      uint32 // answered flows; those whose answer is smaller than the question
	foreign            uint32 // flows that cannot be DNS
	tcp, silent        uint32 // flows over TCP; flows without an answer

	from        flow.Time
	before      uint32 // flows since then and before begin
	saidLone    uint32 // flows when last told
	saidTunnel  uint64 // bytes when last told
	saidForeign uint64
	shown       exhibit.Case
	_           [28]byte
}

const (
	// longest is the most that one question takes with all headers: a name
	// of 255 bytes, 16 of DNS, 54 of IPv4 or 74 of IPv6 with UDP and Ethernet,
	// and some options. Where packets are not counted a flow of more holds
	// several questions.
	longest = 400
	// optional is what a question may hold that its answer need not repeat
	// (EDNS: RFC 6891, 7871, 7873).
	optional = 40
)

// pair takes a question of a client that is no resolver.
func (w *watcher) pair(r *flow.Record, a *ask, outcome flow.Outcome, from flow.AddrKind) {
	p := w.pairs.Touch(pairKey(r), a.pair, r.Start)
	switch {
	case p == nil:
		p = w.pairs.Add(pairKey(r), a.pair, r.Start)
		p.begin, p.from, p.last = r.Start, r.Start, r.Start
	case r.Start >= p.begin.Add(hour):
		old := *p
		*p = pair{begin: r.Start, from: r.Start, last: r.Start}
		if r.Start < old.last.Add(hour) {
			p.from, p.saidTunnel, p.saidForeign, p.saidLone, p.shown = old.from, old.saidTunnel, old.saidForeign, old.saidLone, old.shown
			p.before = old.before + old.flows
		} else {
			w.shelf.Drop(old.shown)
		}
	}
	p.last = max(p.last, r.Start.Add(min(r.Duration, hour)))
	p.flows++
	p.add(r, outcome)
	if (p.suspect(&w.limits) || p.flows >= fewest/2 && p.oddity() != none) && (p.shown > 0 || w.passes(r)) {
		p.shown = w.shelf.Add(p.shown, r)
		w.judgePair(p, r, from)
	}
}

func (w *watcher) passes(r *flow.Record) bool { return !w.exempt.Contains(r.Src) }

// add counts a flow.
func (p *pair) add(r *flow.Record, outcome flow.Outcome) {
	const most = 1 << 44 // no sum overflows
	up, down := min(r.SrcBytes, most), min(r.DstBytes, most)
	p.up += up
	p.down += down
	if r.Proto == flow.TCP {
		p.tcp++
	}
	if outcome.Failed() {
		p.silent++
	}
	if r.Has&flow.HasSrcBytes == 0 {
		return
	}
	p.vote(r)
	both := r.Has&flow.HasPkts == flow.HasPkts
	packets := r.Has&flow.HasSrcPkts != 0 && r.SrcPkts > 0
	switch {
	case r.Proto == flow.TCP:
		// A zone transfer asks little and is told much. What asks much over
		// one connection is a resolver, or something else.
		if up >= 256<<10 {
			p.foreign++
		}
		return
	case packets:
		p.questions += min(r.SrcPkts, most)
		p.sizedUp += up
		if both {
			p.answers += min(r.DstPkts, most)
			p.sizedDown += down
		}
		if r.SrcPkts >= 20 && up/r.SrcPkts > longest {
			p.foreign++
		}
	case up <= longest && outcome == flow.Answered:
		p.questions++
		p.sizedUp += up
		if down <= 4096 {
			p.answers++
			p.sizedDown += down
		}
	case up >= 1<<20:
		p.foreign++
	}
	if outcome != flow.Answered || r.Has&flow.HasBytes != flow.HasBytes || up == 0 || down == 0 {
		return
	}
	switch {
	case both && r.DstPkts > 0:
		n := uint32(min(r.SrcPkts, r.DstPkts, 1000))
		p.whole += n
		if down/r.DstPkts+optional < up/max(r.SrcPkts, 1) {
			p.shrunk += n
		}
	case !both && up <= longest:
		p.whole++
		if down+optional < up {
			p.shrunk++
		}
	}
}

func (p *pair) question() float64 { return float64(p.sizedUp) / float64(max(p.questions, 1)) }
func (p *pair) answer() float64   { return float64(p.sizedDown) / float64(max(p.answers, 1)) }

// suspect reports whether a pair is worth evidence: it has gone a good part of
// the way to a finding.
func (p *pair) suspect(l *limits) bool {
	return p.foreign > 0 || 2*p.shrunk > p.whole && p.whole >= 10 || p.up > l.up/4 || p.down > l.down/4 ||
		p.questions >= l.questions/8 && p.question() >= 0.9*l.question
}

// judgePair tells of a pair that is no name service.
func (w *watcher) judgePair(p *pair, r *flow.Record, from flow.AddrKind) {
	bytes := p.up + p.down
	long := p.questions >= l200 && p.question() >= w.limits.question
	upward := p.up >= w.limits.up && p.questions >= l200 && p.question() >= 0.75*w.limits.question
	downward := from.Internal() && p.down >= w.limits.down && p.answers >= l200 && p.answer() >= w.limits.answer
	volume := p.up >= 5*w.limits.up || from.Internal() && p.down >= 5*w.limits.down
	if p.saidForeign == 0 || bytes >= 2*p.saidForeign {
		shrunk := p.shrunk >= 20 && 5*p.shrunk >= 4*p.whole
		if (p.foreign > 0 && !w.shared(r.DstHost)) || shrunk {
			p.saidForeign = bytes
			w.reportForeign(p, r, shrunk)
			return
		}
	}
	if (long || upward || downward || volume) && p.saidForeign == 0 && (p.saidTunnel == 0 || bytes >= 2*p.saidTunnel) {
		p.saidTunnel = bytes
		signs := 0
		for _, s := range []bool{long, upward, downward, volume} {
			if s {
				signs++
			}
		}
		w.reportTunnel(p, r, signs)
	}
	w.judgeLone(p, r)
}

// l200 is how many questions make a mean that can be relied on.
const l200 = 200

func (w *watcher) facts(p *pair) []detectors.Fact {
	fs := []detectors.Fact{
		detectors.Uint("flows", uint64(p.flows)),
		detectors.Float("seconds", math.Round(float64(p.last-p.begin)/1e9)),
		detectors.Uint("bytes_up", p.up), detectors.Uint("max_bytes_up", w.limits.up),
		detectors.Uint("bytes_down", p.down), detectors.Uint("max_bytes_down", w.limits.down),
	}
	if p.questions > 0 {
		fs = append(fs, detectors.Uint("questions", p.questions),
			detectors.Float("mean_question", math.Round(p.question())), detectors.Float("max_question", w.limits.question))
	}
	if p.answers > 0 {
		fs = append(fs, detectors.Uint("answers", p.answers),
			detectors.Float("mean_answer", math.Round(p.answer())), detectors.Float("max_answer", w.limits.answer))
	}
	return fs
}

func (w *watcher) reportTunnel(p *pair, r *flow.Record, signs int) {
	if !w.env.Shows(w.tunnel) {
		return
	}
	confidence := 0.6 + 0.1*float64(min(signs-1, 2))
	if !w.shared(r.DstHost) && r.DstKind.External() {
		confidence += 0.1 // straight out, and nobody else asks there
	}
	w.report(p, r, detectors.Alert{
		Rule: w.tunnel, Confidence: math.Round(confidence*100) / 100, Facts: w.facts(p),
		Summary: fmt.Sprintf("%s sent %d bytes to %s on port 53 and took %d within %s: %d questions of %.0f bytes on average (names explain %.0f), answers of %.0f",
			r.Src, p.up, r.Dst, p.down, duration((p.last - p.begin).Floor(flow.Time(1e9))), p.questions, p.question(), w.limits.question, p.answer()),
	})
}

func (w *watcher) reportForeign(p *pair, r *flow.Record, shrunk bool) {
	if !w.env.Shows(w.notDNS) {
		return
	}
	why := fmt.Sprintf("packets or connections larger than DNS has in %d flows", p.foreign)
	confidence := 0.8
	if shrunk {
		why = fmt.Sprintf("%d of %d answers are smaller than the question that they must repeat", p.shrunk, p.whole)
		confidence = 0.7
	}
	facts := append(w.facts(p),
		detectors.Uint("foreign_flows", uint64(p.foreign)),
		detectors.Uint("answers_compared", uint64(p.whole)),
		detectors.Uint("answers_smaller", uint64(p.shrunk)))
	w.report(p, r, detectors.Alert{
		Rule: w.notDNS, Confidence: confidence, Facts: facts,
		Summary: fmt.Sprintf("%s and %s speak something else than DNS on port 53: %s; %d bytes up, %d down", r.Src, r.Dst, why, p.up, p.down),
	})
}

// report fills in what the alerts of a pair have in common.
func (w *watcher) report(p *pair, r *flow.Record, a detectors.Alert) {
	a.Subject = detectors.Pair(r.Src, r.Dst).WithPort(53).WithProtocol(r.Proto)
	a.Window, a.HasWindow = p.from, true
	a.Evidence = detectors.Sample(w.shelf.Flows(p.shown), w.env.Evidence())
	at, bytes := w.shelf.Course(p.shown)
	a.Charts = detectors.OverTime("Bytes over time", "bytes, both ways", "bytes", at, bytes)
	a.Flows, a.Grows = uint64(p.before+p.flows), true
	a.FirstSeen, a.LastSeen = p.begin, p.last
	a.Time, a.HasTime = r.Start, true
	w.env.Report(r, a)
}
