package requestburst

import (
	"fmt"
	"math"
	"slices"
	"time"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// clockwork is the spread of gaps below which requests come by the clock.
const clockwork = 0.35

// hidden are ports of encryption, where how large a request is depends on what
// the two agreed upon before.
var hidden = []uint16{443, 8443, 4443, 9443}

// trackers are ports of BitTorrent's trackers, which are asked the same for
// each file that is shared.
var trackers = []uint16{1337, 2710, 6969, 6881}

// tell reports the burst of a pair, once.
func (w *watcher) tell(k pairmap.Key, p *pair, steady bool) {
	if p.told > 0 {
		return
	}
	p.told = p.total
	users := 1
	if b := w.servers.Find(pairmap.Key{Dst: k.Dst, Port: k.Port, Proto: k.Proto}); b != nil {
		users = b.count()
	}
	if users > w.users {
		return
	}
	like := w.relatives(k, p)
	src, dst := w.env.Addr(k.Src), w.env.Addr(k.Dst)
	outside := !w.net.Kind(dst).Internal()
	spread := p.spread()
	timed := spread < clockwork
	level := detectors.Low
	switch {
	case !outside || steady || timed || slices.Contains(trackers, k.Port):
	case like > 0, p.total >= 2*w.sessions && !slices.Contains(hidden, k.Port):
		level = detectors.Medium
	}
	sure := 0.35 + 0.1*float64(min(like, 3)) + 0.05*math.Log2(float64(p.total)/float64(w.sessions)+1)
	if level == detectors.Low {
		sure = 0.25
	}
	lasted := max(p.last-p.since, 0)
	more := ""
	if like > 0 {
		more = fmt.Sprintf("; %d more destinations were asked alike", like)
	}
	if steady {
		more += "; it goes on, as programs do"
	} else if timed {
		more += "; they come by the clock"
	}
	w.env.Report(nil, detectors.Alert{
		Rule: w.rule, Severity: level, Confidence: math.Round(min(sure, 0.8)*100) / 100,
		Subject: detectors.Pair(src, dst).WithPort(k.Port).WithProtocol(flow.TCP),
		Summary: fmt.Sprintf("%s asked %s at port %d/tcp %d times within %s (limit %d in %s), about %d bytes each time, and was answered with about %d%s",
			src, dst, k.Port, p.total, length(lasted), w.sessions, length(w.window), int(p.src+0.5), int(p.dst+0.5), more),
		Facts: []detectors.Fact{
			detectors.Uint("sessions", uint64(p.total)), detectors.Uint("sessions_limit", uint64(w.sessions)),
			detectors.Float("window", float64(w.window)/1e9), detectors.Float("duration", math.Round(float64(lasted)/1e6)/1e3),
			detectors.Float("alike_share", math.Round(p.alike()*1e3)/1e3), detectors.Float("alike_limit", w.share),
			detectors.Uint("typical_src_bytes", uint64(p.src+0.5)), detectors.Uint("typical_dst_bytes", uint64(p.dst+0.5)),
			detectors.Float("gap_spread", math.Round(spread*1e2)/1e2), detectors.Float("gap_spread_limit", clockwork),
			detectors.Uint("users", uint64(users)), detectors.Uint("users_limit", uint64(w.users)),
			detectors.Uint("asked_alike", uint64(like)), detectors.Bool("goes_on", steady),
		},
		Evidence: w.shelf.Flows(p.shown), Flows: uint64(p.total),
		Window: p.since, HasWindow: true, Time: p.found, HasTime: true, FirstSeen: p.since, LastSeen: p.last,
	})
}

// relatives counts the other destinations that the source of k has asked alike
// in a burst: those already told, and those that wait to be.
func (w *watcher) relatives(k pairmap.Key, p *pair) uint32 {
	s, _ := w.sources.At(pairmap.Key{Src: k.Src}, p.last)
	for _, o := range w.waiting {
		if o.Src != k.Src || o.Dst == k.Dst {
			continue
		}
		if q := w.pairs.Find(o); q != nil && q.burst {
			s.add(call{o.Dst, o.Port, q.src, q.dst})
		}
	}
	c := call{k.Dst, k.Port, p.src, p.dst}
	n := s.like(c)
	s.add(c)
	return n
}

func length(t flow.Time) string { return detectors.Span(time.Duration(t).Round(time.Second)) }
