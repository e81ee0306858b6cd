package eval

import (
	"cmp"
	"slices"
	"strings"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// A Judge goes along with one run: it watches the flows, for who is there and
// when, takes the alerts, and in the end has a Result.
type Judge struct {
	window  flow.Time
	least   detectors.Severity
	byLabel bool
	names   func(flow.Symbol) string

	hosts    map[flow.Addr]*host
	full     bool
	classes  map[flow.Symbol]Class
	any      bool
	from, to flow.Time
	alerts   []*detectors.Alert
}

// maxHosts bounds the hosts that a Judge knows.
const maxHosts = 1 << 20

// A host is what the flows tell of an address.
type host struct {
	class       Class
	first       flow.Time // of the flows it began, or of the malicious ones
	hasFirst    bool
	active, bad map[int64]struct{} // windows
	internal    bool
}

// Options are what a Judge goes by.
type Options struct {
	Window  flow.Time          // length of the windows that are counted besides whole hosts
	Least   detectors.Severity // alerts below do not count
	ByLabel bool               // the flows are labelled; otherwise Capture.Hosts is the truth
}

// NewJudge makes a Judge of a run over c.
func NewJudge(c *Capture, o Options) *Judge {
	j := &Judge{window: max(o.Window, flow.Second), least: o.Least, byLabel: o.ByLabel, hosts: map[flow.Addr]*host{}, classes: map[flow.Symbol]Class{}}
	for a, class := range c.Hosts {
		if !o.ByLabel {
			j.hosts[a] = &host{class: class}
		}
	}
	return j
}

// Detector is what watches the flows. It raises no alert; it goes at the end
// of the chain.
func (j *Judge) Detector() *detectors.Detector {
	return &detectors.Detector{
		ID: "eval", Title: "who is there, and when", Scope: detectors.Everything,
		New: func(env *detectors.Env) detectors.Watcher {
			network := env.Network()
			j.names = env.Text
			return detectors.Each(func(r *flow.Record) { j.flow(r, func(a flow.Addr) bool { return network.Kind(a).Internal() }) })
		},
	}
}

func (j *Judge) flow(r *flow.Record, internal func(flow.Addr) bool) {
	if !j.any {
		j.any, j.from, j.to = true, r.Start, r.Start
	}
	j.from, j.to = min(j.from, r.Start), max(j.to, r.Start)
	src, dst := j.host(r.Src, internal), j.host(r.Dst, internal)
	window := int64(r.Start.Floor(j.window) / j.window)
	if dst != nil && !j.byLabel {
		dst.active = mark(dst.active, window)
	}
	if src == nil {
		return
	}
	class := src.class
	if j.byLabel {
		class = Unlabelled
		if r.Has&flow.HasLabel != 0 {
			class = j.classOf(r.Label)
		}
		switch {
		case class == Malicious:
			src.class = Malicious
		case class == Benign && src.class == Unlabelled:
			src.class = Benign
		}
	}
	if class != Unlabelled || !j.byLabel {
		src.active = mark(src.active, window)
	}
	if class == Malicious {
		src.bad = mark(src.bad, window)
		if !src.hasFirst || r.Start < src.first {
			src.first, src.hasFirst = r.Start, true
		}
	}
}

func mark(set map[int64]struct{}, at int64) map[int64]struct{} {
	if set == nil {
		set = map[int64]struct{}{}
	}
	set[at] = struct{}{}
	return set
}

func (j *Judge) host(a flow.Addr, internal func(flow.Addr) bool) *host {
	h := j.hosts[a]
	if h == nil {
		if len(j.hosts) >= maxHosts {
			j.full = true
			return nil
		}
		h = &host{}
		j.hosts[a] = h
	}
	h.internal = internal(a)
	return h
}

func (j *Judge) classOf(label flow.Symbol) Class {
	c, ok := j.classes[label]
	if !ok {
		c = ClassOf(j.names(label))
		j.classes[label] = c
	}
	return c
}

// Alert implements analyzer.Sink.
func (j *Judge) Alert(a *detectors.Alert) error {
	if a.Severity >= j.least {
		j.alerts = append(j.alerts, a)
	}
	return nil
}

// Close implements analyzer.Sink.
func (j *Judge) Close(*analyzer.Summary) error { return nil }

// Result is the outcome of the run.
func (j *Judge) Result(id string) *Result {
	r := &Result{ID: id, Truncated: j.full, Total: Score{Name: "all"}}
	if j.any {
		r.Days = float64(j.to-j.from) / float64(24*3600*flow.Second)
	}
	scores := map[string]*ledger{}
	total := newLedger()
	for _, a := range j.alerts {
		id := a.Detector.ID
		if scores[id] == nil {
			scores[id] = newLedger()
		}
		for _, l := range []*ledger{total, scores[id]} {
			l.alerts++
			if ip, ok := a.Accused(); ok {
				l.accuse(ip, a, j.window)
			}
		}
	}
	for _, h := range j.hosts {
		if h.internal {
			r.Internal++
		}
		if len(h.active) > 0 || h.class != Unlabelled {
			r.Hosts++
		}
	}
	total.score(j, &r.Total)
	for id, l := range scores {
		s := Score{Name: id}
		l.score(j, &s)
		r.Detectors = append(r.Detectors, s)
	}
	slices.SortFunc(r.Detectors, func(a, b Score) int { return cmp.Compare(a.Name, b.Name) })
	everything, nothing := newLedger(), newLedger()
	for a, h := range j.hosts {
		everything.hosts[a] = &accusation{windows: h.active, first: h.first}
	}
	r.Everything, r.Nothing = Score{Name: "accuse everybody"}, Score{Name: "accuse nobody"}
	everything.score(j, &r.Everything)
	everything.alerts = 0
	nothing.score(j, &r.Nothing)
	r.name(j, total)
	return r
}

// name lists what was said of each malicious host, and of benign ones.
func (r *Result) name(j *Judge, total *ledger) {
	for a, h := range j.hosts {
		said := total.hosts[a]
		if h.class == Unlabelled || h.class == Benign && said == nil {
			continue
		}
		f := Finding{Host: a.String(), Class: h.class}
		if said != nil {
			for rule := range said.rules {
				f.Rules = append(f.Rules, rule)
			}
			slices.Sort(f.Rules)
		}
		r.Findings = append(r.Findings, f)
	}
	slices.SortFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), strings.Compare(a.Host, b.Host))
	})
}

// A ledger is what alerts say of hosts.
type ledger struct {
	alerts uint64
	hosts  map[flow.Addr]*accusation
}

type accusation struct {
	windows map[int64]struct{}
	first   flow.Time
	rules   map[string]struct{}
}

func newLedger() *ledger { return &ledger{hosts: map[flow.Addr]*accusation{}} }

func (l *ledger) accuse(ip flow.Addr, a *detectors.Alert, window flow.Time) {
	h := l.hosts[ip]
	if h == nil {
		h = &accusation{windows: map[int64]struct{}{}, first: a.Time, rules: map[string]struct{}{}}
		l.hosts[ip] = h
	}
	h.first = min(h.first, a.Time)
	h.rules[a.Detector.ID+"/"+a.Rule.ID] = struct{}{}
	// A finding may last for weeks: the windows are those of the host anyway.
	from, to := int64(a.FirstSeen.Floor(window)/window), int64(a.LastSeen.Floor(window)/window)
	for w := from; w <= to && w-from < 1<<16; w++ {
		h.windows[w] = struct{}{}
	}
}

func (l *ledger) score(j *Judge, s *Score) {
	s.Alerts = l.alerts
	var delays []float64
	for a, h := range j.hosts {
		said := l.hosts[a]
		switch {
		case h.class == Malicious && said != nil:
			s.Hosts.TP++
			if h.hasFirst {
				delays = append(delays, max(0, float64(said.first-h.first)/float64(flow.Second)))
			}
		case h.class == Malicious:
			s.Hosts.FN++
		case h.class == Benign && said != nil:
			s.Hosts.FP++
		case h.class == Benign:
			s.Hosts.TN++
		case said != nil:
			s.Others++
		}
		if h.class == Unlabelled {
			continue
		}
		for w := range h.active {
			_, bad := h.bad[w]
			alerted := false
			if said != nil {
				_, alerted = said.windows[w]
			}
			switch {
			case bad && alerted:
				s.Windows.TP++
			case bad:
				s.Windows.FN++
			case h.class == Malicious && !j.byLabel: // idle hours of a bad host: nobody can tell
			case alerted:
				s.Windows.FP++
			default:
				s.Windows.TN++
			}
		}
	}
	slices.Sort(delays)
	if n := len(delays); n > 0 {
		s.HasDelay, s.Delay = true, delays[n/2]
		if n%2 == 0 {
			s.Delay = (delays[n/2-1] + delays[n/2]) / 2
		}
	}
	s.hostDays(j)
}

// hostDays works out the rate of alerts. A capture of less than an hour counts
// as one hour.
func (s *Score) hostDays(j *Judge) {
	hosts := 0
	for _, h := range j.hosts {
		if h.internal {
			hosts++
		}
	}
	if hosts == 0 {
		hosts = len(j.hosts)
	}
	days := max(float64(j.to-j.from)/float64(24*3600*flow.Second), 1.0/24)
	s.HostDays = float64(hosts) * days
}
