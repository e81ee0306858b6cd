package bruteforce

import (
	"math/bits"

	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// A crowd is what is known of one end of many pairs at one service: of a
// source, whose peers are destinations, or of a destination, whose peers are
// sources.
type crowd struct {
	start, last, raised flow.Time
	peers, told         uint32  // peers in this campaign; at the last alert
	outside             uint32  // peers that are not internal
	n                   uint32  // sessions
	hits                uint32  // of one of the frequent sizes and small
	fresh               float32 // new peers, fading
	all, like           float32 // sessions and hits, fading
	sizes               [3]size
	vain                uint64 // bits for peers that were tried in vain
	heavy               uint16 // peers that are findings of their own
	heaviest            level
	epoch               uint16
	level               level
}

// sourceKey and targetKey are the keys of the crowds of a pair.
func sourceKey(k pairmap.Key) pairmap.Key { k.Dst = 0; return k }
func targetKey(k pairmap.Key) pairmap.Key { k.Src = 0; return k }

// crowd finds the crowd of a key, which begins anew after a pause, and not
// with a session that is no refused login.
func (w *watcher) crowd(of *pairmap.Map[crowd], k pairmap.Key, hash uint64, now flow.Time, s *session) *crowd {
	if s.large {
		if c := of.Find(k); c != nil && now <= c.last.Add(2*w.idle) {
			return c
		}
		return nil
	}
	c, fresh := of.AtOf(k, hash, now)
	if fresh || now > c.last.Add(2*w.idle) {
		*c = crowd{start: now, last: now, epoch: c.epoch + 1}
		w.close(k)
	}
	return c
}

// inVain notes a destination that did not answer: who looks for victims does
// not know where they are.
func (w *watcher) inVain(r *flow.Record, k pairmap.Key) {
	if !r.State.Failed() {
		return
	}
	if c := w.bySource.Find(sourceKey(k)); c != nil {
		c.vain |= 1 << (uint64(r.DstHost) * 0x9e3779b97f4a7c15 >> 58)
	}
}

// blind reports whether so many of the peers were tried in vain as happens to
// one who does not know them.
func (c *crowd) blind() bool {
	return bits.OnesCount64(c.vain) >= max(5, min(int(c.peers/3), 40))
}

// see counts a session.
func (w *watcher) see(c *crowd, k pairmap.Key, a *attempt, isNew, outside bool) {
	f := halved(a.r.Start-c.last, w.slowLife)
	c.fresh, c.all, c.like = c.fresh*f, c.all*f+1, c.like*f
	c.last = max(c.last, a.r.Start)
	if c.level == silent {
		c.start = min(c.start, a.r.Start)
	}
	c.n++
	if isNew {
		c.peers++
		c.fresh++
		if outside {
			c.outside++
		}
	}
	if !a.s.large && join(c.sizes[:], len(c.sizes), a.s, w.bare) && a.s.sized && w.tight(a.v, a.s, a.s.payload) {
		c.hits++
		c.like++
		if c.peers >= 5 {
			w.file(k, a)
		}
	}
}

// seeSource counts a session for its source, and judges whether it sprays.
func (w *watcher) seeSource(a *attempt) {
	c, p := a.source, a.pair
	isNew := p.fromSource != c.epoch
	p.fromSource = c.epoch
	inside := a.r.SrcKind.Internal()
	w.see(c, sourceKey(a.key), a, isNew, !a.r.DstKind.Internal())
	need := w.targets
	if !inside {
		need *= 4 // the weather of the internet
	}
	who := services[a.v].who
	if who != people {
		need *= 4
	}
	if who == mailers && (a.r.DstPort == 25 || !c.blind()) {
		return // a mail server, or one of spam
	}
	few := c.n <= 8*c.peers
	if !isNew || c.fresh < need || !few || float64(c.like) < w.share*float64(c.all) || w.except.Contains(a.r.Src) {
		return
	}
	if p.scheduled(who) {
		return
	}
	l := low
	if inside && c.blind() {
		l = medium
		if who == people && c.peers >= 50 && c.outside*10 >= c.peers*9 {
			l = high // an infected host that looks for others
		}
	}
	w.raiseCrowd(a, c, w.spray, l, need)
}

// seeTarget counts a session for its destination, and judges whether many
// sources guess there.
func (w *watcher) seeTarget(a *attempt) {
	c, p := a.target, a.pair
	isNew := p.toTarget != c.epoch
	p.toTarget = c.epoch
	w.see(c, targetKey(a.key), a, isNew, !a.r.SrcKind.Internal())
	need := w.sources
	switch services[a.v].who {
	case people:
	case mailers:
		need *= 20
	default:
		need *= 3
	}
	if c.outside*10 < c.peers*8 {
		if services[a.v].who != people {
			return // inside, many machines share a server
		}
		need *= 2
	}
	if !isNew || c.fresh < need || float64(c.like) < w.share*float64(c.all) {
		return
	}
	l := low
	if c.peers >= 50 && c.hits >= 150 && c.outside*10 >= c.peers*8 && services[a.v].who == people {
		l = medium
	}
	w.raiseCrowd(a, c, w.spread, l, need)
}

// ownAlerts is how many peers of a crowd are reported each by itself; from
// then on it is one finding of the crowd.
const ownAlerts = 3
