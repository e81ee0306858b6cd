package portscan

import (
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// Failures that come singly, so long before the next, are no beginning of a
// scan as people tell it: the machine was down that it works with. They count
// as contacts all the same.
const (
	stray    = 8 // so few
	strayGap = 3600 * flow.Second
)

// campaign is that of the source of r, once it has tried a second thing in
// vain, and nil before. fresh tells whether r is such a thing, rather than one
// more try at the same.
func (w *watcher) campaign(r *flow.Record, s *host) (c *campaign, fresh bool) {
	now := seconds(r.Start)
	if s.contacts > 0 && now > s.last && now-s.last > seconds(w.limits.quiet) {
		w.end(r.SrcHost, s)
	}
	port := r.DstPort
	if icmp(r.Proto) {
		port = 0
	}
	if s.contacts == 0 {
		s.contacts, s.last = 1, now
		if r.DstKind.Internal() {
			s.flags |= firstInside
		}
		s.firstHost, s.firstPort, s.firstSrc, s.firstProto = r.DstHost, port, r.SrcPort, r.Proto
		return nil, true
	}
	if s.flags&suspect == 0 {
		if s.firstHost == r.DstHost && s.firstPort == port && s.firstProto == r.Proto {
			return nil, false
		}
		c = w.begin(r, s)
	}
	if s.contacts < exact {
		v, isNew := w.contacts.At(pairmap.Key{Src: r.SrcHost, Dst: r.DstHost, Port: port, Proto: r.Proto}, r.Start)
		old := !isNew && now-min(*v, now) <= seconds(w.limits.quiet)
		*v = max(*v, now)
		if old {
			return nil, false
		}
	}
	s.contacts += min(1, ^s.contacts)
	s.last = max(s.last, now)
	if c == nil {
		c, _ = w.campaigns.At(pairmap.Key{Src: r.SrcHost}, r.Start) // there is one: s is suspect
	}
	if c.contacts+c.pinged < stray && !c.isNamed && r.Start-c.last > strayGap {
		c.since, c.firstFlow = r.Start, *r
	}
	c.last = max(c.last, r.Start)
	c.since = min(c.since, r.Start)
	c.lastFlow = *r
	c.note(r)
	return c, true
}

// begin opens a campaign with the first contact, which s holds.
func (w *watcher) begin(r *flow.Record, s *host) *campaign {
	c, _ := w.campaigns.At(pairmap.Key{Src: r.SrcHost}, r.Start)
	*c = campaign{since: r.Start, last: r.Start, firstFlow: *r}
	if first := flow.Time(s.last) * 1e9; first < r.Start && r.Start-first <= strayGap {
		c.since = first
	}
	s.flags |= suspect
	if s.firstHost == 0 {
		return c
	}
	if s.targets > 0 {
		c.suspects[0] = s.firstHost
	}
	k := pairmap.Key{Src: r.SrcHost, Dst: s.firstHost, Port: s.firstPort, Proto: s.firstProto}
	v, _ := w.contacts.At(k, r.Start)
	*v = s.last
	if icmp(s.firstProto) {
		c.pinged = 1
		return c
	}
	p, _ := w.pair(r.SrcHost, s.firstHost, s.gen, r.Start, true)
	p.since = s.last
	inside := s.flags&firstInside != 0
	c.contacts, c.targets, c.ports = 1, 1, 1
	if inside {
		c.inside = 1
	}
	if s.firstPort >= 1024 {
		c.high = 1
	}
	if s.firstProto == flow.TCP {
		p.tcp, p.lowTCP = 1, s.firstPort
	} else {
		p.udp, p.low, p.srcPort = 1, s.firstPort, s.firstSrc
	}
	w.service(r.SrcHost, s.firstPort, s.firstProto, s.gen, r.Start, true).fail(s.last, inside)
	return c
}
