package portscan

import (
	"math"

	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
)

// A host is what is known of an address as a source, in half a cache line: there
// is one for each address that is known at all.
type host struct {
	ratio float32 // natural logarithm of the likelihood ratio, scanner to not
	at    uint32  // second at which it was last worked out
	ok    uint32  // destinations that answered at the first contact
	last  uint32  // second of the last new contact that failed

	// The first contact that failed, which has no entry elsewhere until a
	// second one follows: floods under forged addresses fill no table.
	firstHost  flow.Host
	firstPort  uint16
	firstSrc   uint16 // its source port
	firstProto flow.Proto

	gen      uint8  // counts the campaigns: what is of an earlier one does not hold
	contacts uint16 // distinct contacts that failed, held at the largest number
	targets  uint16 // distinct destinations of them, likewise
	flags    uint8
}

const (
	suspect     = 1 << iota // has a campaign
	firstInside             // the first contact that failed is internal
)

// A target is what is known of an address as a destination, in 16 bytes.
type target struct {
	served uint64    // the TCP services that answered somebody, two bits each
	deadBy flow.Host // the last source that tried in vain
	dead   uint8     // how many such sources, from inside and not suspect
	alive  bool      // has answered somebody
	vain   uint16    // bits for the sources that there may be a pair with
}

// bit is the one of a source among the 16 of a target.
func bit(h flow.Host) uint16 { return 1 << (uint32(h) * 0x9e3779b1 >> 28) }

// open notes that a service of the target answered.
func (d *target) open(port uint16) { d.served |= two(mix(uint64(port), 0)) }

// opened reports whether a service of the target has answered anybody. Of a
// target with a handful of services one in fifty others is taken for one.
func (d *target) opened(port uint16) bool {
	service := two(mix(uint64(port), 0))
	return d.served&service == service
}

// restart drops what counts from the beginning of a campaign.
func (s *host) restart() {
	s.gen++
	s.contacts, s.targets, s.firstHost = 0, 0, 0
	s.flags &^= suspect | firstInside
}

// The parameters of the sequential test of Jung, Paxson, Berger and
// Balakrishnan (2004): a scanner's first contact succeeds with probability
// theta1, one is taken for a scanner with an error of at most alpha, and
// missed with at most 1 - beta.
const (
	theta1 = 0.2
	alpha  = 0.01
	beta   = 0.99
	eta1   = beta / alpha

	// credit bounds what a source earns with contacts that succeed.
	credit = -20
	// halfLife is that of the evidence, in seconds.
	halfLife = 7 * 86400
)

// certain reports whether the test has decided for a scanner.
func (s *host) certain() bool { return s.ratio >= float32(math.Log(eta1)) }

// decay lets the evidence fade, in steps of at least an hour.
func (s *host) decay(now uint32) {
	if s.at == 0 || now < s.at {
		s.at = max(s.at, now)
		return
	}
	if gone := now - s.at; gone >= 3600 {
		s.ratio *= float32(math.Exp2(-float64(gone) / halfLife))
		s.at = now
	}
}

// learn adds the outcome of a first contact with a service, for which o holds
// how others fared.
func (s *host) learn(failed bool, o *odds, now uint32) {
	s.decay(now)
	o.weigh()
	if failed {
		s.ratio = min(s.ratio+o.failure, 1e6)
	} else {
		s.ratio = max(s.ratio+o.success, credit)
	}
}

// seconds is a time in whole seconds since 1970, at least 1.
func seconds(t flow.Time) uint32 {
	return uint32(min(max(int64(t)/1e9, 1), math.MaxUint32))
}

// A prior knows how often first contacts with each service succeed.
type prior struct {
	pages [2][256]*[256]odds
}

// odds are the first contacts with a service, and what one more tells: the
// logarithms of the likelihood ratios, worked out anew for every 64th part
// of them.
type odds struct {
	ok, failed uint32
	until      uint32 // contacts from which on the ratios are worked out anew
	success    float32
	failure    float32
}

func (o *odds) weigh() {
	n := o.ok + o.failed
	if n < o.until {
		return
	}
	o.until = n + 1 + n/64
	theta0 := o.theta0()
	o.success = float32(math.Log(theta1 / theta0))
	o.failure = float32(math.Log((1 - theta1) / (1 - theta0)))
}

func (p *prior) at(proto flow.Proto, port uint16) *odds {
	page := &p.pages[0][port>>8]
	if proto == flow.UDP {
		page = &p.pages[1][port>>8]
	}
	if *page == nil {
		*page = new([256]odds)
	}
	return &(*page)[port&255]
}

// theta0 is the share of first contacts that succeed: the 0.8 of the original
// test, held as firmly as weight contacts would, and what was seen.
func (o *odds) theta0() float64 {
	const weight = 50
	share := (float64(o.ok) + 0.8*weight) / (float64(o.ok) + float64(o.failed) + weight)
	return min(max(share, 0.5), 0.98)
}

// exemptions remembers which sources may scan.
type exemptions struct {
	set        *prefixes.Set
	known, may hostmap.Bits
}

func (e *exemptions) has(h flow.Host, a flow.Addr) bool {
	if e.set.Empty() {
		return false
	}
	if !e.known.Has(h) {
		e.known.Set(h)
		if e.set.Contains(a) {
			e.may.Set(h)
		}
	}
	return e.may.Has(h)
}

func (e *exemptions) forget(hs []flow.Host) {
	for _, h := range hs {
		e.known.Unset(h)
		e.may.Unset(h)
	}
}
