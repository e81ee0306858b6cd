package portscan

import (
	"seine/detectors"
	"seine/flow"
)

// limits are the parameters of what counts as a scan.
type limits struct {
	quiet   flow.Time
	hint    uint32 // ports or targets from which on a scan is told of at all
	ports   uint32 // … from which on a vertical scan is beyond doubt
	targets uint32 // … a horizontal one or a sweep
	many    uint32 // … from which on one from inside is grave
	fast    uint32 // targets within burstSpan that are worth as many as targets
	trw     uint32
	tries   uint32 // attempts at one port of one machine
}

func (l *limits) read(env *detectors.Env) {
	count := func(name string, def int, doc string) uint32 {
		n := env.Int(name, def, doc)
		if n < 2 || n > 1<<20 {
			env.Reject(name, "must lie between 2 and 1048576")
		}
		return uint32(max(n, 2))
	}
	l.hint = count("hint", 10, "ports of a machine, or machines for a port, from which on a scan is reported as low")
	l.ports = count("ports", 20, "ports of one machine from which on a vertical scan is reported as medium")
	l.targets = count("targets", 25, "machines from which on a horizontal scan or a sweep is reported as medium")
	l.fast = count("fast", 10, "machines within a minute from which on a horizontal scan from inside is reported as medium")
	l.many = count("many", 100, "ports or machines from which on a scan from inside is reported as high")
	l.trw = count("first-contacts", 4, "machines that must have failed before the sequential test decides alone")
	l.tries = count("attempts", 100, "attempts of an outside source at one port of one machine within a day that are reported")
	l.quiet = env.Duration("quiet", 24*3600e9, "a scan has ended when its source tries nothing new in vain for so long")
	if l.quiet < 60e9 {
		env.Reject("quiet", "must be at least 1m")
		l.quiet = 60e9
	}
	env.TickEvery(max(env.Duration("report-every", 300e9, "what a scan has become is reported at most so often"), 1e9))
}

// The shares of destinations that must fail.
const (
	failedTCP  = 0.4 // many scanned ports are open: a third of all web servers asked at random answer
	failedUDP  = 0.8
	failedEcho = 0.2 // below, the source knows who is there: monitoring
)

// next is the size at which a scan of n is worth another alert.
func next(n uint32, limit uint32) uint32 {
	if n < limit {
		return limit
	}
	for step := uint64(50); ; step *= 10 {
		for _, v := range [...]uint64{step, 2 * step, 4 * step} {
			if v > uint64(n) {
				return uint32(min(v, 1<<32-1))
			}
		}
	}
}

// judge looks at what one more contact that failed has made of a campaign.
func (w *watcher) judge(r *flow.Record, s *host, c *campaign, p *pair, v *service, internal bool) {
	if n := p.ports(); n >= w.limits.hint && uint32(p.ok) <= n {
		if !p.victim {
			p.victim = true
			c.nVictims++
		}
		c.tried(r.Dst, n, p)
		w.grow(r, c, vertical, n, w.vertical(p, n, internal))
	}
	if c.blocks(&w.limits) {
		w.grow(r, c, block, c.contacts, w.block(c, internal))
	}
	if v.failed >= w.limits.hint {
		if sev, ok := w.wide(c, r.Proto, v, internal); ok {
			c.swept(r.DstPort, r.Proto, v)
			k := horizontal
			if r.Proto == flow.UDP {
				k = udpSweep
			}
			w.grow(r, c, k, v.failed, sev)
		}
	}
	if t := uint32(s.targets); t >= w.limits.trw && s.certain() && !c.peers() {
		sev := detectors.Low
		if internal && t >= w.limits.targets && 2*c.inside > c.contacts {
			sev = detectors.Medium
		}
		w.grow(r, c, failing, t, sev)
	}
}

func (w *watcher) vertical(p *pair, n uint32, internal bool) detectors.Severity {
	switch {
	case n < w.limits.ports, p.dynamic():
		return detectors.Low
	case internal && n >= w.limits.many:
		return detectors.High
	}
	return detectors.Medium
}

func (w *watcher) block(c *campaign, internal bool) detectors.Severity {
	if internal && c.contacts >= 2*w.limits.many {
		return detectors.High
	}
	return detectors.Medium
}

// wide judges a port tried at many destinations. Peers of peer-to-peer
// programs fail at the port that their program has by default: such a port
// must stand out, and is never more than a hint.
func (w *watcher) wide(c *campaign, proto flow.Proto, v *service, internal bool) (detectors.Severity, bool) {
	least := failedTCP
	if proto == flow.UDP {
		least = failedUDP
	}
	if v.share() < least {
		return 0, false
	}
	outward := internal && 2*v.inside < v.failed
	if outward && c.peers() {
		return detectors.Low, 2*v.failed >= c.contacts
	}
	switch n := v.failed; {
	case internal && n >= w.limits.many:
		return detectors.High, true
	case n >= w.limits.targets:
		return detectors.Medium, true
	case internal && proto == flow.TCP && uint32(v.fastest) >= w.limits.fast:
		return detectors.Medium, true
	}
	return detectors.Low, true
}

// judgeEcho looks at an ICMP sweep.
func (w *watcher) judgeEcho(r *flow.Record, c *campaign, internal bool) {
	n := c.pinged
	if n < w.limits.hint {
		return
	}
	w.grow(r, c, icmpSweep, n, w.sweep(c, internal))
}

func (w *watcher) sweep(c *campaign, internal bool) detectors.Severity {
	n := c.pinged
	silent := float64(n-c.alive) >= failedEcho*float64(n)
	switch {
	case !silent:
		return detectors.Low
	case internal && n >= w.limits.many:
		return detectors.High
	case internal && n >= w.limits.targets, n >= 10*w.limits.targets:
		return detectors.Medium
	}
	return detectors.Low
}

// grow notes that a scan has reached a size, and has it reported if that is
// worth an alert.
func (w *watcher) grow(r *flow.Record, c *campaign, kind int, n uint32, sev detectors.Severity) {
	g := &c.kinds[kind]
	if n <= g.size && sev <= g.severity {
		return
	}
	g.size = max(g.size, n)
	if g.size < g.next && sev <= g.severity {
		return
	}
	g.severity = max(g.severity, sev)
	g.next = next(g.size, w.limit(kind))
	if !g.pending {
		g.pending = true
		g.at = r.Start
		if !c.waits() {
			w.pending = append(w.pending, r.SrcHost)
		}
		c.waiting |= 1 << kind
	}
}

// limit is the size that decides about a kind.
func (w *watcher) limit(kind int) uint32 {
	switch kind {
	case vertical:
		return w.limits.ports
	case failing:
		return w.limits.trw
	}
	return w.limits.targets
}
