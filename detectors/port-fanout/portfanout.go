// Package portfanout reports addresses that use unusually many destination
// ports: more than nearly all others, or more than a fixed limit.
package portfanout

import (
	_ "embed"
	"fmt"
	"math"
	"math/bits"
	"strconv"

	"seine/detectors"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/rank"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes port-fanout.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "port-fanout",
		Title: "addresses that use unusually many destination ports",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "too-many-ports", Title: "more ports than nearly all other addresses", Severity: detectors.Low, ATTACK: []string{"T1046"},
				Expects:   []assets.Role{assets.Scanner, assets.Monitoring, assets.Proxy, assets.Gateway, assets.LoadBalancer, assets.Resolver},
				ExpectsAt: []assets.Role{assets.LoadBalancer, assets.Gateway, assets.DomainController}},
			{ID: "over-100-ports", Title: "more ports than the fixed limit; high as a source, low as a destination", Severity: detectors.Low, ATTACK: []string{"T1046"},
				Expects:   []assets.Role{assets.Scanner, assets.Monitoring, assets.Proxy, assets.Gateway, assets.LoadBalancer, assets.Resolver},
				ExpectsAt: []assets.Role{assets.LoadBalancer, assets.Gateway, assets.DomainController}},
		},
		Needs: flow.HasAddrs | flow.HasDstPort,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

// A population is the addresses that are compared with each other: all of
// them, or all in one role.
type population struct {
	hosts  hostmap.Map[host]
	counts rank.Counts // of ports, one for each address known
	stale  bool        // counts have changed since limit was worked out
	limit  int         // the percentile times its den
	n      int         // Len for which i and rem hold
	i, rem int
}

type watcher struct {
	env        *detectors.Env
	many, over *detectors.Rule
	popular    [1 << 16]uint8 // 0 for others, else the port's bit plus 1
	src, dst   *population    // the same one unless roles are separate
	num, den   int            // the percentile is num/den
	ordinal    string         // of the percentile, "90th"
	minHosts   int
	minPorts   uint32
	limit      uint32
	ports      portBook
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, many: d.Rule("too-many-ports"), over: d.Rule("over-100-ports")}
	for i, p := range env.PopularPorts() {
		w.popular[p] = uint8(min(i+1, noBit))
	}
	percentile := env.Float("percentile", 90, "an address is reported above this percentile of port counts; up to three decimals count")
	if !(percentile >= 0 && percentile <= 100) {
		env.Reject("percentile", "must lie between 0 and 100")
		percentile = 90
	}
	w.ordinal = ordinal(percentile)
	w.num, w.den = int(math.Round(percentile*1000)), 100_000
	for g := gcd(w.num, w.den); g > 1; g = 1 {
		w.num, w.den = w.num/g, w.den/g
	}
	w.limit = count(env, "limit", env.Int("limit", 100, "over-100-ports is raised above so many ports"))
	w.minHosts = env.Int("min-hosts", 0, "too-many-ports is not judged before so many addresses are known")
	w.minPorts = count(env, "min-ports", env.Int("min-ports", 0, "too-many-ports is not raised for fewer ports"))
	roles := env.Choice("roles", []string{"merged", "separate"}, "merged: one set of ports and one population for both roles of an address; separate: one per role")
	w.ports.limit = env.Int("max-memory-mb", 512, "memory for the port sets of addresses with many ports, in MB; beyond it their new ports are not counted") << 20
	w.ports.lost = env.Counter("ports-not-counted", "ports of addresses with many ports that were not counted for lack of max-memory-mb")
	w.src = &population{}
	w.dst = w.src
	if roles == "separate" {
		w.dst = &population{}
	}
	return w
}

// count checks a number of ports.
func count(env *detectors.Env, name string, v int) uint32 {
	if v < 0 || v > 1<<16 {
		env.Reject(name, "must lie between 0 and 65536")
	}
	return uint32(max(0, min(v, 1<<16)))
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// group is how many rows are worked on while the state that the next ones
// need is on its way to the cache.
const group = 32

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	var ends [2][2 * group]*host
	now := &ends[0]
	coming := &ends[1]
	w.look(rs[:min(group, len(rs))], now)
	for len(rs) > 0 {
		g := rs[:min(group, len(rs))]
		rs = rs[len(g):]
		w.look(rs[:min(group, len(rs))], coming)
		for i := range g {
			r := &g[i]
			if r.Has&flow.HasDstPort == 0 {
				continue
			}
			popular := w.popular[r.DstPort]
			w.end(w.src, now[2*i&(2*group-1)], r, r.SrcBytes, r.DstBytes, popular, detectors.RoleSrc)
			w.end(w.dst, now[(2*i+1)&(2*group-1)], r, r.DstBytes, r.SrcBytes, popular, detectors.RoleDst)
		}
		now, coming = coming, now
	}
}

// look finds the state of both ends of each row and asks for it.
func (w *watcher) look(g []flow.Record, ends *[2 * group]*host) {
	for i := range g {
		ends[2*i&(2*group-1)] = w.src.hosts.At(g[i].SrcHost)
		ends[(2*i+1)&(2*group-1)] = w.dst.hosts.At(g[i].DstHost)
	}
	detectors.Prefetch(ends[:2*len(g)])
}

// end looks at one end of a flow.
func (w *watcher) end(p *population, h *host, r *flow.Record, up, down uint64, popular uint8, role detectors.Role) {
	add(&h.up, up)
	add(&h.down, down)
	h.flows++
	isNew := false
	if popular != 0 && popular < noBit {
		if bit := uint16(1) << (popular - 1); h.bits&bit == 0 {
			h.bits |= bit
			h.ports++
			isNew = true
		}
	} else {
		isNew = w.ports.add(h, r.DstPort)
	}
	if isNew {
		if h.ports > 1 {
			p.counts.Remove(int(h.ports - 1))
		}
		p.counts.Add(int(h.ports))
		p.stale = true
	}
	if popular == 0 && h.fired&firedMany == 0 && p.counts.Len() >= w.minHosts && h.ports >= w.minPorts {
		w.judge(p, h, r, role)
	}
	if h.ports > w.limit && h.fired&firedOver == 0 {
		h.fired |= firedOver
		w.reportOver(h, r, role)
	}
}

// add adds to a sum, which stays at the largest number.
func add(sum *uint64, v uint64) {
	s, carry := bits.Add64(*sum, v, 0)
	*sum = s | -carry
}

// judge compares an address with all that are known at this moment. With n
// counts a[0] … a[n-1] in order, i and rem the quotient and the remainder of
// num·(n−1) by den, the percentile is a[i] + (a[i+1] − a[i])·rem/den.
func (w *watcher) judge(p *population, h *host, r *flow.Record, role detectors.Role) {
	if p.stale {
		p.stale = false
		if n := p.counts.Len(); n != p.n {
			p.n = n
			p.i, p.rem = w.num*(n-1)/w.den, w.num*(n-1)%w.den
		}
		low, next := p.counts.At(p.i)
		p.limit = w.den*low + (next-low)*p.rem
	}
	if w.den*int(h.ports) <= p.limit {
		return
	}
	h.fired |= firedMany
	if !w.env.Shows(w.many) {
		return
	}
	threshold := float64(p.limit) / float64(w.den)
	ip := address(r, role)
	text := append(ip.AppendTo(make([]byte, 0, 128)), " used "...)
	text = append(strconv.AppendUint(text, uint64(h.ports), 10), " destination ports, above "...)
	text = append(strconv.AppendFloat(text, threshold, 'f', -1, 64), ", the "...)
	text = append(append(text, w.ordinal...), " percentile of "...)
	text = append(strconv.AppendInt(text, int64(p.n), 10), " addresses"...)
	facts := make([]detectors.Fact, 0, 6)
	facts = append(facts, detectors.Uint("ports", uint64(h.ports)), detectors.Float("threshold", threshold), detectors.Uint("hosts", uint64(p.n)))
	w.env.Report(r, detectors.Alert{
		Rule: w.many, Subject: detectors.Address(ip, role), Flows: h.flows,
		Summary: string(text), Facts: h.facts(facts),
	})
}

// reportOver reports an address over the limit: gravely if it got there as a
// source. As a destination it is more likely what was scanned than who scans.
func (w *watcher) reportOver(h *host, r *flow.Record, role detectors.Role) {
	severity := detectors.High
	if role == detectors.RoleDst {
		if severity = w.over.Severity; !w.env.Shows(w.over) {
			return
		}
	}
	ip := address(r, role)
	w.env.Report(r, detectors.Alert{
		Rule: w.over, Severity: severity, Subject: detectors.Address(ip, role), Flows: h.flows,
		Summary: fmt.Sprintf("%s used %d destination ports (limit %d)", ip, h.ports, w.limit),
		Facts:   h.facts([]detectors.Fact{detectors.Uint("ports", uint64(h.ports)), detectors.Uint("limit", uint64(w.limit))}),
	})
}

func address(r *flow.Record, role detectors.Role) flow.Addr {
	if role == detectors.RoleSrc {
		return r.Src
	}
	return r.Dst
}

// ordinal writes 90 as "90th".
func ordinal(p float64) string {
	s := strconv.FormatFloat(p, 'f', -1, 64)
	n := len(s)
	if n >= 2 && s[n-2] == '1' {
		return s + "th"
	}
	switch s[n-1] {
	case '1':
		return s + "st"
	case '2':
		return s + "nd"
	case '3':
		return s + "rd"
	}
	return s + "th"
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	for _, id := range hs {
		w.drop(w.src, id)
		if w.dst != w.src {
			w.drop(w.dst, id)
		}
	}
}

func (w *watcher) drop(p *population, id flow.Host) {
	h := p.hosts.At(id)
	if h.ports > 0 {
		p.counts.Remove(int(h.ports))
		p.stale = true
	}
	w.ports.drop(h)
	*h = host{}
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) {}

// Close implements detectors.Watcher.
func (w *watcher) Close() {}
