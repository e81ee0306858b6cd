package trace

import (
	"net/netip"
)

// A site is the large scene.
type site struct {
	*Generator
	clients int
	recent  [1024]Flow // what was seen lately: a fifth of all traffic repeats it
	seen    int
}

// New makes the trace of a large site with n flows. A seed of another value
// gives another trace of the same kind.
func New(seed uint64, n int, o Options) *Generator {
	if o.Start.IsZero() {
		o.Start = Day
	}
	if o.Span <= 0 {
		o.Span = DefaultSpan(n)
	}
	s := &site{Generator: &Generator{dice: newDice(seed), late: 30, ends: siteEnds}, clients: 200 + 2*root(n)}
	s.fill = s.flow
	if o.Strangers > 0 {
		s.fill = func(f *Flow) {
			if s.chance(o.Strangers) {
				s.noise(f, 1<<30)
				return
			}
			s.flow(f)
		}
	}
	s.end = o.Start.Add(o.Span).UnixMicro()
	s.plant(n, o.Start.UnixMicro())
	s.start(n, o.Span, o.Start, busySite)
	return s.Generator
}

// root is the whole square root of n.
func root(n int) int {
	r := 0
	for bit := 1 << 31; bit > 0; bit >>= 1 {
		if t := r | bit; t*t <= n {
			r = t
		}
	}
	return r
}

// The kinds of traffic, with their weights.
var kinds = newPick(430, 130, 40, 22, 12, 105, 85, 15, 14, 100, 32, 30, 9, 4, 1)

// flow makes a background flow.
func (s *site) flow(f *Flow) {
	if s.seen > 0 && s.chance(220) {
		// Another connection of a pair that talks now.
		*f = s.recent[s.below(min(s.seen, len(s.recent)))]
		if f.Proto != ICMP && f.SrcPort >= 1024 {
			f.SrcPort = s.ephemeral()
		}
		if f.DstBytes > 0 {
			f.SrcBytes, f.DstBytes = s.size(150, 24), s.size(170, 36)
		}
		return
	}
	*f = Flow{SrcPort: s.ephemeral()}
	switch kinds.draw(s.dice) {
	case 0:
		s.browse(f)
	case 1: // a client asks a resolver
		s.from(f, s.client())
		s.to(f, server(s.rank(4)), UDP, 53)
		s.answer(f, 100, 6, 125, 14)
	case 2: // a resolver asks the world
		s.from(f, server(s.rank(4)))
		s.to(f, world(worldServer+1<<28+s.rank(1<<16)), UDP, 53)
		s.answer(f, 100, 6, 125, 14)
	case 3:
		s.from(f, s.client())
		s.to(f, world(worldServer+2<<28+s.rank(64)), UDP, 123)
		s.answer(f, 100, 0, 100, 0)
		f.SrcPort = 123
	case 4: // administrators
		s.from(f, client(s.rank(40)))
		s.to(f, server(s.rank(900)), TCP, 22)
		s.answer(f, 180, 40, 190, 44)
	case 5:
		s.service(f)
	case 6: // visitors of the public sites
		s.from(f, world(worldVisitor+s.rank(1<<17)))
		s.to(f, public(s.rank(60)), TCP, uint16(443-363*(s.below(6)/5)))
		s.answer(f, 150, 24, 190, 36)
	case 7: // mail comes in
		s.from(f, world(worldVisitor+1<<28+s.rank(1<<15)))
		s.to(f, public(100+s.rank(4)), TCP, 25)
		s.answer(f, 200, 36, 140, 12)
	case 8: // mail is read
		s.from(f, s.client())
		s.to(f, server(20+s.rank(4)), TCP, 993)
		s.answer(f, 150, 16, 190, 36)
	case 9:
		s.peers(f)
	case 10:
		s.noise(f, 1<<16)
	case 11: // push, calls, tunnels, synchronisation
		i := s.rank(len(cloudPorts))
		s.from(f, s.client())
		s.to(f, world(worldServer+3<<28+i<<16+s.rank(1<<9)), cloudProtos[i], cloudPorts[i])
		s.answer(f, 150, 32, 160, 32)
	case 12:
		s.discover(f)
	case 13: // ping: no ports
		s.from(f, s.client())
		s.to(f, server(s.rank(400)), ICMP, 0)
		s.answer(f, 100, 6, 100, 6)
		f.SrcPort = 0
	case 14: // a few listed addresses, in both directions
		if s.chance(500) {
			s.from(f, s.client())
			s.to(f, suspect(s.rank(64)), TCP, 443)
		} else {
			s.from(f, suspect(s.rank(64)))
			s.to(f, public(s.below(4096)), TCP, 443)
		}
		s.answer(f, 140, 20, 150, 24)
	}
	s.recent[s.seen%len(s.recent)] = *f
	s.seen++
}

func (s *site) client() netip.Addr { return client(s.rank(s.clients)) }

func (s *site) from(f *Flow, a netip.Addr) { f.Src = a }

func (s *site) to(f *Flow, a netip.Addr, p Proto, port uint16) {
	f.Dst, f.Proto, f.DstPort = a, p, port
}
