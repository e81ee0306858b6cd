package dnstunnel

import (
	"fmt"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// An oddity is what tells a host from a resolver.
type oddity string

const (
	none    oddity = ""
	overTCP oddity = "over TCP alone"
	silence oddity = "without a single answer"
	oneSize oddity = "all of one size"
)

const (
	fewest    = 30  // questions within an hour, before one is odd
	heartbeat = 300 // questions of one size that are worse than odd
)

// oddity tells what is odd with the questions of a pair.
func (p *pair) oddity() oddity {
	switch {
	case 10*p.tcp >= 9*p.flows:
		return overTCP
	case p.silent == p.flows:
		return silence
	case p.up > 0 && p.sized >= fewest/2 && 10*p.same >= 9*p.sized:
		return oneSize
	}
	return none
}

// vote finds the size of most questions (Boyer and Moore's majority vote).
func (p *pair) vote(r *flow.Record) {
	size := r.SrcBytes
	if r.Has&flow.HasSrcPkts != 0 && r.SrcPkts > 1 {
		size /= r.SrcPkts
	}
	if size == 0 || size > longest || r.Proto == flow.TCP {
		return
	}
	p.sized++
	switch {
	case p.votes == 0:
		p.size, p.votes, p.same = uint32(size), 1, 1
	case p.size == uint32(size):
		p.votes++
		p.same++
	default:
		p.votes--
	}
}

// judgeLone tells of a host outside that nobody else asks and that is asked
// as no resolver is: names vary, so questions do; they go over UDP first; and
// a resolver answers.
func (w *watcher) judgeLone(p *pair, r *flow.Record) {
	odd := p.oddity()
	if odd == none || p.flows < fewest || p.saidLone > 0 && p.flows < 2*p.saidLone || p.saidTunnel > 0 || p.saidForeign > 0 {
		return
	}
	if !r.DstKind.External() || w.known.Contains(r.Dst) || w.more.Contains(r.Dst) {
		return
	}
	if s := w.servers.Find(pairmap.Key{Src: r.DstHost}); s != nil && s.n > 1 {
		return
	}
	p.saidLone = p.flows
	if !w.env.Shows(w.lone) {
		return
	}
	confidence := 0.5
	severity := w.lone.Severity
	switch {
	case odd == silence:
		confidence = 0.3 // a resolver that is gone, but still in some settings
	case odd == oneSize && p.flows >= heartbeat:
		severity, confidence = detectors.Medium, 0.65 // no check of a line asks that often
	}
	w.report(p, r, detectors.Alert{
		Rule: w.lone, Severity: severity, Confidence: confidence,
		Facts: append(w.facts(p), detectors.Text("oddity", string(odd)), detectors.Int("min_flows", fewest),
			detectors.Uint("flows_tcp", uint64(p.tcp)), detectors.Uint("flows_unanswered", uint64(p.silent)),
			detectors.Uint("flows_same_size", uint64(p.same))),
		Summary: fmt.Sprintf("%s asked %s on port 53 in %d flows within an hour (threshold %d), %s; nobody else asks there, and it is no well-known resolver",
			r.Src, r.Dst, p.flows, fewest, odd),
	})
}
