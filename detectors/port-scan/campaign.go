package portscan

import (
	"slices"

	"seine/detectors"
	"seine/detectors/internal/course"
	"seine/flow"
)

// A campaign is what a source tried in vain, from the first such contact
// until it tries nothing new for a while.
type campaign struct {
	since, last flow.Time
	named       flow.Time // since, as it was first told: what the finding goes by
	isNamed     bool
	contacts    uint32 // distinct (destination, port) that failed, TCP and UDP
	targets     uint32 // distinct destinations of them
	ports       uint32 // distinct (port, protocol) of them
	inside      uint32 // contacts with internal destinations
	high        uint32 // contacts with ports from 1024 on

	pinged uint32 // distinct destinations asked by ICMP
	alive  uint32 // of them, those that answered
	asks   uint32 // the types of ICMP requests, a bit each

	suspects [8]flow.Host // the first destinations that the sequential test counted
	decided  uint16       // targets that had failed when the sequential test decided
	waiting  uint8        // kinds to be reported, a bit each
	kinds    [kinds]growth

	victims  [8]victim // the destinations with the most ports that failed
	nVictims uint32    // destinations with hint ports that failed, or more
	swath    [8]sweep  // the ports with the most destinations that failed

	answers  [24]answer // what answered first
	nAnswers uint32

	firstFlow, lastFlow, answer flow.Record

	course course.Course // of the contacts
	tries  tries
}

// A growth is how far a kind of scan has come.
type growth struct {
	size, next uint32 // the next size that is worth an alert
	told       uint32 // the size last reported, 0 if none was
	severity   detectors.Severity
	pending    bool
	at         flow.Time // when what is pending came about
}

type victim struct {
	addr  flow.Addr
	ports uint32 // that failed
	ok    uint16 // that answered
	since uint32 // second of the first try
}

type sweep struct {
	port  uint16
	proto flow.Proto
	n     uint32 // destinations that failed
	ok    uint32 // destinations that answered
	fast  uint32 // destinations that failed within a minute
	since uint32 // second of the first failure
}

type answer struct {
	addr  flow.Addr
	port  uint16
	proto flow.Proto
}

func (c *campaign) waits() bool { return c.waiting != 0 }

// found notes a service that answered, which the source had not used before.
func (c *campaign) found(r *flow.Record) {
	if c.nAnswers == 0 {
		c.answer = *r
	}
	c.tries.add(r, answeredTry)
	if int(c.nAnswers) < len(c.answers) {
		c.answers[c.nAnswers] = answer{r.Dst, r.DstPort, r.Proto}
	}
	c.nAnswers++
}

// opened notes how many ports of a destination have answered.
func (c *campaign) opened(a flow.Addr, ok uint16) {
	if i := slices.IndexFunc(c.victims[:], func(v victim) bool { return v.ports > 0 && v.addr == a }); i >= 0 {
		c.victims[i].ok = ok
	}
}

// tried notes that n ports of a destination have failed.
func (c *campaign) tried(a flow.Addr, n uint32, p *pair) {
	i := slices.IndexFunc(c.victims[:], func(v victim) bool { return v.ports > 0 && v.addr == a })
	if i < 0 {
		i = slices.IndexFunc(c.victims[:], func(v victim) bool { return v.ports < n })
		if i < 0 {
			return
		}
		i = len(c.victims) - 1
	}
	c.victims[i] = victim{a, n, p.ok, p.since}
	for ; i > 0 && c.victims[i].ports > c.victims[i-1].ports; i-- {
		c.victims[i], c.victims[i-1] = c.victims[i-1], c.victims[i]
	}
}

// begun is when what makes up a kind was tried first.
func (c *campaign) begun(kind int) flow.Time {
	since := uint32(0)
	switch kind {
	case vertical:
		since = c.victims[0].since
	case horizontal, udpSweep:
		proto := flow.TCP
		if kind == udpSweep {
			proto = flow.UDP
		}
		if s := c.widest(proto); s != nil {
			since = s.since
		}
	}
	return max(c.since, flow.Time(since)*flow.Second)
}

// swept notes how many destinations of a port have failed.
func (c *campaign) swept(port uint16, proto flow.Proto, v *service) {
	i := slices.IndexFunc(c.swath[:], func(s sweep) bool { return s.n > 0 && s.port == port && s.proto == proto })
	if i < 0 {
		i = len(c.swath) - 1
		if c.swath[i].n >= v.failed {
			return
		}
	}
	c.swath[i] = sweep{port, proto, v.failed, v.ok, uint32(v.fastest), v.since}
	for ; i > 0 && c.swath[i].n > c.swath[i-1].n; i-- {
		c.swath[i], c.swath[i-1] = c.swath[i-1], c.swath[i]
	}
}

// blocks reports whether many ports of several machines have failed: several
// vertical scans, or a mixture of ports and machines inside too large for
// anything else.
func (c *campaign) blocks(l *limits) bool {
	return c.nVictims >= 3 || c.inside >= l.many && c.targets >= l.hint && c.ports >= l.hint
}

// peers reports whether a campaign looks like the peers of a peer-to-peer
// program: outside, at about as many ports, which are no services', as there
// are destinations.
func (c *campaign) peers() bool {
	return 2*c.inside < c.contacts && c.ports >= 4 && 2*c.ports > c.targets && 2*c.high > c.contacts
}
