package portscan

import (
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// A pair is what a source tried in vain at one destination.
type pair struct {
	gen     uint8
	known   bool   // the destination had answered the source before
	victim  bool   // counted as one
	spread  bool   // UDP came from more than one source port
	srcPort uint16 // of the first UDP
	low     uint16 // lowest UDP port tried
	lowTCP  uint16 // lowest TCP port tried
	tcp     uint16 // ports that failed
	udp     uint16
	ok      uint16 // ports that answered since
	since   uint32 // second of the first try
}

// ports is how many ports failed. UDP from one port that clients do not choose,
// to high ports alone, is not counted: so look the answers of a server that
// nobody has heard of.
func (p *pair) ports() uint32 {
	n := uint32(p.tcp)
	if p.spread || p.low < 1024 || p.srcPort >= 32768 {
		n += uint32(p.udp)
	}
	return n
}

// A service is how a source fared with one port.
type service struct {
	gen     uint8
	failed  uint32 // destinations where it failed
	ok      uint32 // destinations that answered since the source is suspect
	inside  uint32 // of those where it failed, the internal ones
	began   uint32 // second in which a burst began
	burst   uint16 // failures of the current burst
	fastest uint16 // failures of the largest one
	since   uint32 // second of the first failure
}

// dynamic reports whether the ports that failed may be those of an application
// that the two have agreed upon: FTP's for data, RPC's, those of calls.
func (p *pair) dynamic() bool {
	return p.known && (p.tcp == 0 || p.lowTCP >= 1024) && (p.udp == 0 || p.low >= 1024)
}

// burstSpan is how long a burst lasts at most, in seconds.
const burstSpan = 60

func (v *service) fail(now uint32, inside bool) {
	if v.failed == 0 {
		v.since = now
	}
	v.failed++
	if inside {
		v.inside++
	}
	switch d := int64(now) - int64(v.began); {
	case d > burstSpan:
		v.began, v.burst = now, 0
	case d < -burstSpan:
		return // a straggler
	}
	v.burst += min(1, ^v.burst)
	v.fastest = max(v.fastest, v.burst)
}

// share is the part of the destinations where it failed.
func (v *service) share() float64 { return float64(v.failed) / float64(v.failed+v.ok) }

// exact is up to how many contacts of one source each is remembered. Beyond,
// retries count as further contacts, ports and targets not yet met are not
// counted as such, and nobody else's state is pushed out.
const exact = 1 << 12

// pair is the state of a pair; without more, one that does not count for it
// where there is none.
func (w *watcher) pair(src, dst flow.Host, gen uint8, at flow.Time, more bool) (p *pair, fresh bool) {
	if !more {
		if p = w.pairs.Find(pairmap.Pair(src, dst)); p == nil || p.gen != gen {
			return &pair{}, false
		}
		return p, false
	}
	w.targets.At(dst).vain |= bit(src)
	p, fresh = w.pairs.At(pairmap.Pair(src, dst), at)
	if fresh || p.gen != gen {
		*p = pair{gen: gen, since: seconds(at)}
		fresh = true
	}
	return p, fresh
}

// service is that of a source and a port; likewise.
func (w *watcher) service(src flow.Host, port uint16, proto flow.Proto, gen uint8, at flow.Time, more bool) *service {
	if !more {
		if v := w.services.Find(pairmap.Key{Src: src, Port: port, Proto: proto}); v != nil && v.gen == gen {
			return v
		}
		return &service{}
	}
	v, fresh := w.services.At(pairmap.Key{Src: src, Port: port, Proto: proto}, at)
	if fresh || v.gen != gen {
		*v = service{gen: gen}
	}
	return v
}

// answered takes a flow that was answered, by a service or even a destination
// that had not answered its source before.
func (w *watcher) answered(r *flow.Record, s *host, d *target, newPair bool) {
	d.alive = true
	d.dead = 0
	if newPair {
		s.ok++
		if r.Proto == flow.TCP {
			o := w.prior.at(r.Proto, r.DstPort)
			s.learn(false, o, seconds(r.Start))
			o.ok++
		}
	}
	if s.flags&suspect == 0 {
		return
	}
	v := w.service(r.SrcHost, r.DstPort, r.Proto, s.gen, r.Start, true)
	v.ok++
	var p *pair
	if d.vain&bit(r.SrcHost) != 0 {
		p = w.pairs.Find(pairmap.Pair(r.SrcHost, r.DstHost))
	}
	tried := p != nil && p.gen == s.gen
	if tried {
		p.ok += min(1, ^p.ok)
	}
	if v.failed > 0 || tried && p.ports() >= 3 {
		if c := w.campaigns.Find(pairmap.Key{Src: r.SrcHost}); c != nil {
			c.found(r)
			if tried {
				c.opened(r.Dst, p.ok)
			}
		}
	}
}

// failed takes a flow from the source s that failed.
func (w *watcher) failed(r *flow.Record, at call, s *host, d *target, from, to flow.AddrKind) {
	knownPair, knownService := w.reached.has(at)
	if knownService {
		return // a server that the source has used is down
	}
	c, fresh := w.campaign(r, s)
	if !fresh {
		w.again(r, s, from, to)
		return
	}
	internal := from.Internal()
	dead := w.dead(r, s, d, internal)
	var p *pair
	newTarget := true
	if c != nil {
		p, newTarget = w.pair(r.SrcHost, r.DstHost, s.gen, r.Start, c.targets < exact)
	}
	if newTarget && r.Proto == flow.TCP && !knownPair && !dead {
		w.test(r, s, c)
	}
	if c == nil {
		return
	}
	c.contacts++
	if newTarget && !dead {
		c.targets++
	}
	if to.Internal() {
		c.inside++
	}
	if r.DstPort >= 1024 {
		c.high++
	}
	p.known = p.known || knownPair
	if r.Proto == flow.TCP {
		if p.tcp == 0 {
			p.lowTCP = r.DstPort
		}
		p.lowTCP = min(p.lowTCP, r.DstPort)
		p.tcp += min(1, ^p.tcp)
	} else {
		if p.udp == 0 {
			p.srcPort, p.low = r.SrcPort, r.DstPort
		}
		p.spread = p.spread || p.srcPort != r.SrcPort || r.Has&flow.HasSrcPort == 0
		p.low = min(p.low, r.DstPort)
		p.udp += min(1, ^p.udp)
	}
	more := c.ports < exact
	v := w.service(r.SrcHost, r.DstPort, r.Proto, s.gen, r.Start, more)
	if v.failed == 0 && more {
		c.ports++
	}
	if !dead {
		v.fail(seconds(r.Start), to.Internal())
	}
	w.judge(r, s, c, p, v, internal)
}

// test adds a first contact that failed to the evidence.
func (w *watcher) test(r *flow.Record, s *host, c *campaign) {
	o := w.prior.at(r.Proto, r.DstPort)
	s.learn(true, o, seconds(r.Start))
	if s.ok > 0 && s.targets < 3 {
		o.failed++ // a source that only fails tells nothing of how others fare
	}
	if c != nil && int(s.targets) < len(c.suspects) {
		c.suspects[s.targets] = r.DstHost
	}
	s.targets += min(1, ^s.targets)
	if c != nil && c.decided == 0 && s.certain() && uint32(s.targets) >= w.limits.trw {
		c.decided = s.targets
	}
}

// doubtful is how many of the destinations that the sequential test counted
// have turned out to answer nobody.
func (w *watcher) doubtful(c *campaign) (n uint32) {
	for _, h := range c.suspects {
		if h != 0 && w.targets.At(h).dead >= deadClients {
			n++
		}
	}
	return n
}

// deadClients is how many clients have to fail at a destination for it to be
// taken for dead.
const deadClients = 4

// dead reports whether the destination of r answers nobody, so that a client
// that fails there is none the worse for it: four clients of the network that
// tried little else in vain say so.
func (w *watcher) dead(r *flow.Record, s *host, d *target, internal bool) bool {
	if !internal || d.alive {
		return false
	}
	if s.targets <= 3 && d.deadBy != r.SrcHost {
		d.deadBy = r.SrcHost
		d.dead += min(1, ^d.dead)
	}
	return d.dead >= deadClients
}

// echo takes an ICMP request.
func (w *watcher) echo(r *flow.Record, s *host) {
	c, fresh := w.campaign(r, s)
	if c == nil && s.flags&suspect != 0 {
		c = w.campaigns.Find(pairmap.Key{Src: r.SrcHost})
	}
	if c == nil {
		return
	}
	if r.Has&flow.HasICMP != 0 && r.Proto == flow.ICMP {
		c.asks |= 1 << (r.ICMPType & 31)
	}
	if !fresh {
		return
	}
	c.pinged++
	if r.Outcome == flow.Answered {
		c.alive++
	}
	w.judgeEcho(r, c, r.SrcKind.Internal())
}
