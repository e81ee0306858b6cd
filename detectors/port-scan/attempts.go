package portscan

import (
	"fmt"
	"slices"
	"time"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// attempts are what an outside source tries again and again at one port of one
// machine, in vain.
type attempts struct {
	start, last flow.Time
	n           uint32 // from the second on
	told, next  uint32
	first, end  flow.Record
}

const (
	day = 24 * 3600 * flow.Second
	// resent is how long the SYNs of one connection follow each other.
	resent = 180 * flow.Second
	// crowd is the number of sources from which on those that try the same
	// port are the clients that a service had, or everybody's scanners.
	crowd = 5
	// known is the number of sources that keep trying other ports of a machine
	// from which on it is taken for one that is watched.
	known = 10
)

// again takes one more try at the same, from outside.
func (w *watcher) again(r *flow.Record, s *host, from, to flow.AddrKind) {
	if r.Proto != flow.TCP || from.Internal() {
		return
	}
	k := pairmap.Service(r)
	a, fresh := w.attempts.At(k, r.Start)
	if fresh {
		for _, at := range [...]pairmap.Key{{Dst: k.Dst}, {Dst: k.Dst, Port: k.Port, Proto: k.Proto}} {
			n, _ := w.knocks.At(at, r.Start)
			*n += min(1, ^*n)
		}
	} else if r.Has&flow.HasSrcPort != 0 && r.SrcPort != 0 && r.SrcPort == a.end.SrcPort && r.Start < a.last.Add(resent) {
		return
	}
	switch {
	case fresh, r.Start > a.last.Add(day), a.told == 0 && r.Start > a.start.Add(day):
		*a = attempts{start: r.Start, last: r.Start, first: *r, next: w.limits.tries}
	}
	a.n += min(1, ^a.n)
	a.last = max(a.last, r.Start)
	a.end = *r
	if a.n < a.next {
		return
	}
	if to.Internal() || w.watched(k, s) {
		a.next = next(a.n, w.limits.tries)
		w.tellAttempts(k, a)
	}
}

// watched reports whether the capture is about the destination of k, where no
// address says so: many keep trying other ports of it, and the source s is
// answered by hardly anybody, as a client of the network would be.
func (w *watcher) watched(k pairmap.Key, s *host) bool {
	all, same := w.knocks.Find(pairmap.Key{Dst: k.Dst}), w.knocks.Find(pairmap.Key{Dst: k.Dst, Port: k.Port, Proto: k.Proto})
	return all != nil && same != nil && *all-min(*same, *all) >= known && s.ok <= 2
}

// tellAttempts reports attempts, unless somebody has been answered there.
func (w *watcher) tellAttempts(k pairmap.Key, a *attempts) {
	if w.targets.At(k.Dst).opened(k.Port) {
		return
	}
	others := uint32(0)
	if n := w.knocks.Find(pairmap.Key{Dst: k.Dst, Port: k.Port, Proto: k.Proto}); n != nil {
		others = *n - min(*n, 1)
	}
	level, sure := detectors.Medium, 0.5
	if others+1 >= crowd {
		level, sure = detectors.Low, 0.3
	}
	a.told = a.n
	src, dst := w.env.Addr(k.Src), w.env.Addr(k.Dst)
	span := max(a.last-a.start, 0)
	rs := []flow.Record{a.first, a.end}
	if a.first.File == a.end.File && a.first.Row == a.end.Row {
		rs = rs[:1]
	}
	w.env.Report(nil, detectors.Alert{
		Rule: w.rules[persistent], Severity: level, Confidence: sure,
		Subject: detectors.Pair(src, dst).WithPort(k.Port).WithProtocol(k.Proto),
		Summary: fmt.Sprintf("%s tried port %d/%s of %s %d times in vain within %s (limit %d in a day); nobody was ever answered there, and %d other sources keep trying it",
			src, k.Port, k.Proto, dst, a.n, detectors.Span(time.Duration(span).Round(time.Second)), w.limits.tries, others),
		Facts: []detectors.Fact{
			detectors.Uint("attempts", uint64(a.n)), detectors.Uint("attempts_limit", uint64(w.limits.tries)),
			detectors.Uint("other_sources", uint64(others)), detectors.Uint("other_sources_limit", crowd-1),
			detectors.Float("rate_per_minute", round(float64(a.n)/max(float64(span)/60e9, 1.0/60), 2)),
			detectors.Moment("since", a.start), detectors.Float("duration", round(float64(span)/1e9, 3)),
		},
		Evidence: slices.Clip(detectors.Sample(rs, w.env.Evidence())), Flows: uint64(a.n), Grows: true,
		Window: a.start, HasWindow: true, Time: a.last, HasTime: true, FirstSeen: a.start, LastSeen: a.last,
	})
}
