package risk

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// Options say how far a ranking goes.
type Options struct {
	Hosts    int            // held at once; 0 means DefaultHosts. Those of least risk go first
	Top      int            // hosts told; 0 means DefaultTop
	Internal []netip.Prefix // networks whose hosts are inside
}

// Defaults of Options.
const (
	DefaultHosts = 100_000
	DefaultTop   = 1000
)

const toldRules = 10 // rules told of a host

// Rank passes alerts on and fills the ranking of the summary before sink
// closes.
func Rank(o Options, sink analyzer.Sink) analyzer.Sink {
	if o.Hosts <= 0 {
		o.Hosts = DefaultHosts
	}
	if o.Top <= 0 {
		o.Top = DefaultTop
	}
	return &ranking{sink: sink, o: o, hosts: map[flow.Addr]*host{}}
}

type ranking struct {
	sink    analyzer.Sink
	o       Options
	hosts   map[flow.Addr]*host
	dropped uint64 // hosts with a risk that had to go
}

// A host is what the findings say of an address.
type host struct {
	addr               flow.Addr
	accused, targeted  []account
	findings, targetOf [detectors.Severities]uint64
	notes              []detectors.Annotation
}

// Alert implements analyzer.Sink.
func (r *ranking) Alert(a *detectors.Alert) error {
	if w := weighed(weight(a), level(a)); w > 0 {
		severity := min(a.Severity, detectors.Severities-1)
		if addr, ok := a.Accused(); ok {
			h := r.host(addr)
			h.findings[severity]++
			accountOf(&h.accused, a).add(a, w)
			h.note(a)
		}
		if addr, ok := a.Target(); ok {
			h := r.host(addr)
			h.targetOf[severity]++
			accountOf(&h.targeted, a).add(a, w)
		}
	}
	return r.sink.Alert(a)
}

func (r *ranking) host(a flow.Addr) *host {
	h := r.hosts[a]
	if h == nil {
		if len(r.hosts) >= r.o.Hosts {
			r.makeRoom()
		}
		h = &host{addr: a}
		r.hosts[a] = h
	}
	return h
}

func accountOf(accounts *[]account, a *detectors.Alert) *account {
	for i := range *accounts {
		if c := &(*accounts)[i]; c.rule == a.Rule {
			return c
		}
	}
	*accounts = append(*accounts, account{detector: a.Detector, rule: a.Rule})
	return &(*accounts)[len(*accounts)-1]
}

// makeRoom drops the quarter of the hosts with the least risk: so many at
// once that the sorting hardly counts.
func (r *ranking) makeRoom() {
	all := r.sorted()
	for _, h := range all[len(all)-(len(all)+3)/4:] {
		if len(h.accused) > 0 {
			r.dropped++
		}
		delete(r.hosts, h.addr)
	}
}

type ranked struct {
	*host
	doubt float64
}

// sorted are the hosts, the riskiest first; equals by their address.
func (r *ranking) sorted() []ranked {
	all := make([]ranked, 0, len(r.hosts))
	for _, h := range r.hosts {
		all = append(all, ranked{h, h.doubt()})
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.doubt, b.doubt), bytes.Compare(a.addr[:], b.addr[:]))
	})
	return all
}

// Close implements analyzer.Sink.
func (r *ranking) Close(s *analyzer.Summary) error {
	s.Ranking, s.Accused = nil, r.dropped
	for _, h := range r.sorted() {
		if len(h.accused) == 0 {
			continue
		}
		if s.Accused++; len(s.Ranking) < r.o.Top {
			s.Ranking = append(s.Ranking, r.tell(h))
		}
	}
	if r.dropped > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf(
			"%d hosts of low risk left the ranking early, because findings named more than %d hosts", r.dropped, r.o.Hosts))
	}
	r.hosts = nil
	return r.sink.Close(s)
}

// tell makes an entry of the ranking.
func (r *ranking) tell(h ranked) analyzer.HostRisk {
	of := r.side(h.addr)
	e := analyzer.HostRisk{
		Addr: h.addr, Score: score(h.doubt), Findings: h.findings, Targeted: h.targetOf,
		First: h.accused[0].first, Last: h.accused[0].last, Notes: h.notes,
	}
	for i := range h.accused {
		e.First, e.Last = min(e.First, h.accused[i].first), max(e.Last, h.accused[i].last)
	}
	rules := strongestFirst(h.accused, of)
	steps := told(rules)
	e.Tactics, e.Chain = tactics(rules), chain(steps)
	e.Story = story(h.addr, steps, len(rules)-len(steps), e.Chain)
	e.Rules = rules[:min(len(rules), toldRules)]
	e.MoreRules = len(rules) - len(e.Rules)
	rules = strongestFirst(h.targeted, anySide)
	e.TargetedBy = rules[:min(len(rules), toldRules)]
	return e
}

func strongestFirst(accounts []account, of side) []analyzer.RuleRisk {
	rules := make([]analyzer.RuleRisk, len(accounts))
	for i := range accounts {
		rules[i] = accounts[i].told(of)
	}
	slices.SortFunc(rules, func(a, b analyzer.RuleRisk) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), byTime(a, b))
	})
	return rules
}

func byTime(a, b analyzer.RuleRisk) int {
	return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Detector.ID, b.Detector.ID), cmp.Compare(a.Rule.ID, b.Rule.ID))
}

func (r *ranking) side(a flow.Addr) side {
	if a.IsName() {
		return anySide
	}
	ip := a.Netip()
	for _, p := range r.o.Internal {
		if p.Contains(ip) {
			return inside
		}
	}
	return outside
}
