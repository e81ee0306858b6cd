package beacon

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/stat"
	"seine/flow"
)

// surroundings are what a suspect is judged against.
type surroundings struct {
	limit    float64 // natural logarithm of the largest p that is reported
	sources  int     // seen at all
	machines int     // of them internal
	tested   int     // series
}

// hosts are the sources among which a destination is popular or not.
func (c *surroundings) hosts() int {
	if c.machines > 0 {
		return c.machines
	}
	return c.sources
}

// refusedShare is the share of failures above which a beacon is one that is
// refused.
const refusedShare = 0.9

// What regularity must be there for an alert, whatever the probability: with
// enough calls the least of regularity is certain.
const (
	leastShape   = 2.0
	looseShape   = 1.5 // where calls were missed at random, and
	looseLogP    = -18 // there are so many that this is certain
	leastFold    = 0.5
	leastSteps   = 0.5
	clearShape   = 4.0
	clearFold    = 0.7
	clearSteps   = 0.6
	fewestSteps  = 40 // calls, for drifting periods
	fastestCalls = 30 // calls, for the fast view
)

// effect reports whether a series is regular enough to speak of, and whether
// it is clearly so.
func (v *verdict) effect() (enough, clear bool) {
	if v.fast && v.calls < fastestCalls {
		return false, false
	}
	switch v.way {
	case byFold:
		return v.fold >= leastFold, v.fold >= clearFold
	case bySteps:
		return v.steps >= leastSteps && v.calls >= fewestSteps, v.steps >= clearSteps || v.shape >= clearShape
	}
	return v.shape >= leastShape || v.shape >= looseShape && v.logP <= looseLogP, v.shape >= clearShape
}

// report says what there is to say of a suspect, unless nothing is new.
func (w *watcher) report(s *suspect, c surroundings) {
	keys := s.services
	if keys == nil {
		keys = []pairmap.Key{s.key}
	}
	ps := w.entries(keys)
	flows, failures := count(ps)
	old := w.found.Find(s.key)
	if old != nil && old.flows == flows {
		return
	}
	v := regularity(w.series(ps...))
	enough, clear := v.effect()
	if !s.said && (!enough || v.calls < int(w.minCalls)) {
		return
	}
	all := w.work.calls
	calls, last := all[v.from:v.to], all[len(all)-1].at
	f, fresh := w.found.At(s.key, last)
	if fresh {
		f.window, f.rule = calls[0].at, 1
		if float64(failures) >= refusedShare*float64(flows) {
			f.rule = 2
		}
	}
	if s.services == nil {
		ps[0].said = true
	} else if len(w.wholes) < maxWholes && !slices.ContainsFunc(w.wholes, func(o whole) bool { return o.key == s.key }) {
		w.wholes = append(w.wholes, whole{s.key, slices.Clone(s.services)})
	}
	news := flows - min(f.flows, flows)
	f.flows, f.logP, f.period, f.last = flows, v.logP, v.period, last
	src, dst := w.env.Addr(s.key.Src), w.env.Addr(s.key.Dst)
	share := float64(failures) / float64(max(flows, 1))
	sure, severity := w.weigh(s, &c, &v, float64(flows), clear, share, src, dst)
	f.sure, f.severity = sure, severity
	subject := w.subject(s.key)
	w.env.Report(nil, detectors.Alert{
		Rule: w.rule(f), Severity: severity, Confidence: sure, Subject: subject,
		Summary: sentence(subject, &v, &c, share), Facts: w.facts(s, &c, &v, calls, flows, share),
		Window: f.window, HasWindow: true, Time: last, HasTime: true, FirstSeen: all[0].at, LastSeen: last,
		Evidence: w.evidence(calls, src, dst, s), Flows: uint64(max(news, 1)),
	})
}

// update says that a finding goes on, if it does: what was found remains, so
// that not every call costs a judgement.
func (w *watcher) update(k pairmap.Key, ps []*pair) {
	f := w.found.Find(k)
	flows, failures := count(ps)
	if f == nil || flows <= f.flows {
		return
	}
	news := flows - f.flows
	f.flows = flows
	var last *pair
	for _, p := range ps {
		if last == nil || p.lastAt > last.lastAt {
			last = p
		}
	}
	f.last = last.lastAt
	call := w.store.last(last)
	subject := w.subject(k)
	share := math.Round(1000*float64(failures)/float64(flows)) / 1000
	w.env.Report(nil, detectors.Alert{
		Rule: w.rule(f), Severity: f.severity, Confidence: f.sure, Subject: subject,
		Summary: fmt.Sprintf("%s: goes on, %d flows so far, one call every %s s", subject, flows, short(f.period)),
		Facts: []detectors.Fact{
			detectors.Uint("flows", uint64(flows)), detectors.Float("period", math.Round(1000*f.period)/1000),
			detectors.Float("log10_p", math.Round(100*f.logP/math.Ln10)/100), detectors.Float("failed_share", share),
		},
		Window: f.window, HasWindow: true, Time: last.lastAt, HasTime: true, FirstSeen: f.window, LastSeen: last.lastAt,
		Evidence: []flow.Record{call.record(subject.Src, subject.Dst, k.Proto)}, Flows: uint64(news),
	})
}

func count(ps []*pair) (flows, failures uint32) {
	for _, p := range ps {
		flows += p.flows
		failures += p.failed
	}
	return flows, failures
}

func (w *watcher) rule(f *finding) *detectors.Rule {
	if f.rule == 2 {
		return w.refused
	}
	return w.beacon
}

func (w *watcher) subject(k pairmap.Key) detectors.Subject {
	s := detectors.Pair(w.env.Addr(k.Src), w.env.Addr(k.Dst))
	if k.Extra != wholePair {
		s = s.WithPort(k.Port)
	}
	return s.WithProtocol(k.Proto)
}

func sentence(subject detectors.Subject, v *verdict, c *surroundings, failures float64) string {
	text := fmt.Sprintf("%s: %d calls, one every %s s (jitter %.0f %%", subject, v.calls, short(v.period), 100*v.jitter)
	if v.way == bySteps {
		text = fmt.Sprintf("%s: %d calls, one every %s s or so, each gap like the one before (%.0f %% of them", subject, v.calls, short(v.period), 100*v.steps)
	}
	if failures >= refusedShare {
		text += fmt.Sprintf(", %.0f %% came to nothing", 100*failures)
	}
	return text + fmt.Sprintf("): chance has a probability of 1e%.0f, the limit is 1e%.1f", v.logP/math.Ln10, c.limit/math.Ln10)
}

// short writes a number with three digits that matter.
func short(x float64) string {
	if x >= 1000 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

// Where confidence makes an alert medium or high.
const (
	mediumFrom = 0.6
	highFrom   = 0.85
)

// weigh tells how sure it is that a regular series is a beacon that matters,
// and how severe that would be. The regularity counts first; what the calls
// go to, and who else calls there, then take from it.
func (w *watcher) weigh(s *suspect, c *surroundings, v *verdict, flows float64, clear bool, failures float64, src, dst flow.Addr) (float64, detectors.Severity) {
	sure := min(1, -v.logP/math.Ln10/10) * (1 - 3/float64(v.calls))
	if !clear {
		sure *= 0.6
	}
	switch w.ports.setting(s.key.Port) {
	case polled:
		sure *= 0.6
	case web:
		sure *= w.weighWeb(v, flows, failures)
	}
	if v.fast {
		if failures < 0.5 {
			sure *= 0.75 // one thing after another as fast as it goes
		}
		if calls := w.work.calls; calls[len(calls)-1].at-calls[0].at < stubborn {
			sure *= 0.6 // people and programs give up
		}
	}
	if s.siblings >= 2 {
		sure *= 0.6
	}
	sure *= popularity(s.callers, c.hosts())
	from, to := w.kinds.At(s.key.Src, src), s.kind
	least, most := detectors.Low, detectors.High
	switch {
	case to.Internal() && !from.Internal():
		most = detectors.Low // a visitor by the clock: a probe or a scanner
	case to.Internal():
		most = detectors.Medium
		if near(src, dst) {
			sure *= 0.6
		} else {
			sure *= 0.9
		}
	case !from.Internal():
		sure *= 0.9 // nobody said which side is ours
	}
	severity := least
	if sure >= highFrom {
		severity = detectors.High
	} else if sure >= mediumFrom {
		severity = detectors.Medium
	}
	return math.Round(1000*sure) / 1000, min(severity, most)
}

// weighWeb tells what is left of the suspicion where pages and updates are
// fetched as well. The longer the period, the more likely it is an update or a
// telltale of some program. A page left open asks only as long as somebody
// works, and with several connections at once.
func (w *watcher) weighWeb(v *verdict, flows, failures float64) float64 {
	left := 0.95
	switch {
	case v.period >= 590:
		left = 0.5
	case v.period >= 110:
		left = 0.6
	}
	if failures >= refusedShare {
		return max(left, 0.75)
	}
	calls := w.work.calls
	span := float64(calls[len(calls)-1].at-calls[0].at) / float64(flow.Second)
	left *= 0.75 + 0.25*min(1, span/persistent)
	if flows > 2*float64(v.calls) {
		left *= 0.8
	}
	return left
}

// stubborn is how long retries within seconds go on before they say much.
const stubborn = 2 * 60 * flow.Second

// persistent is a span, in seconds, after which a page left open is unlikely.
const persistent = 6 * 3600.0

// popularity is what is left of the suspicion where several sources call the
// same destination.
func popularity(callers, hosts int) float64 {
	share := float64(callers) / float64(max(hosts, 1))
	switch {
	case callers <= 1:
		return 1
	case callers == 2 && (hosts <= 4 || share <= 0.25):
		return 0.95
	case hosts < 10:
		return 0.5
	}
	return max(0.3, 0.95-1.3*share)
}

// near reports whether two addresses lie in the same part of a network: /16
// of IPv4, /48 of IPv6.
func near(a, b flow.Addr) bool {
	if a.Is4() != b.Is4() {
		return false
	}
	if a.Is4() {
		return a.Uint32()>>16 == b.Uint32()>>16
	}
	return string(a[:6]) == string(b[:6])
}

// facts are the numbers that decided, and those that help to understand.
func (w *watcher) facts(s *suspect, c *surroundings, v *verdict, calls []call, flows uint32, failures float64) []detectors.Fact {
	fs := make([]detectors.Fact, 0, 28)
	add := func(f detectors.Fact) { fs = append(fs, f) }
	number := func(key string, x float64, digits int) {
		scale := math.Pow10(digits)
		if r := math.Round(x*scale) / scale; !math.IsNaN(r) && !math.IsInf(r, 0) {
			add(detectors.Float(key, r))
		}
	}
	add(detectors.Uint("calls", uint64(v.calls)))
	add(detectors.Uint("flows", uint64(flows)))
	number("period", v.period, 3)
	number("jitter", v.jitter, 4)
	add(detectors.Text("test", v.way.String()))
	number("log10_p", v.logP/math.Ln10, 2)
	number("log10_p_limit", c.limit/math.Ln10, 2)
	add(detectors.Int("tested", int64(c.tested)))
	number("shape", v.shape, 2)
	switch v.way {
	case byFold:
		number("fold", v.fold, 3)
		number("missed", v.missed, 3)
	case bySteps:
		number("steps", v.steps, 3)
	}
	span := float64(calls[len(calls)-1].at-calls[0].at) / float64(flow.Second)
	number("span", span, 3)
	if v.period > 0 {
		number("periods", span/v.period, 1)
	}
	sent, got := sizes(calls)
	if len(sent) > 0 {
		number("sent_regularity", evenness(sent), 3)
	}
	if len(got) > 0 {
		number("received_regularity", evenness(got), 3)
	}
	number("failed_share", failures, 3)
	add(detectors.Int("callers", int64(s.callers)))
	add(detectors.Int("hosts", int64(c.hosts())))
	add(detectors.Int("siblings", int64(s.siblings)))
	if r, ok := w.rita(); ok {
		number("rita", r.total, 3)
		number("rita_ts", r.ts, 3)
		number("rita_ds", r.ds, 3)
		number("rita_duration", r.duration, 3)
		number("rita_histogram", r.histogram, 3)
	}
	return append(fs, detectors.Texts("gaps", bars(v.gaps)))
}

// sizes are the bytes that were sent and received, of the calls that told.
func sizes(calls []call) (sent, got []float64) {
	for i := range calls {
		s, g, hasSent, hasGot := calls[i].sizes()
		if hasSent {
			sent = append(sent, float64(s))
		}
		if hasGot {
			got = append(got, float64(g))
		}
	}
	return sent, got
}

// evenness is 1 where all sizes are the same, and 0 where they are spread as
// far as their median.
func evenness(v []float64) float64 {
	median, mad := stat.MedianMAD(v)
	if median <= 0 {
		if mad <= 0 {
			return 1
		}
		return 0
	}
	return max(0, 1-mad/median)
}

// rita scores the series in w.work as RITA would.
func (w *watcher) rita() (ritaScore, bool) {
	times := make([]float64, len(w.work.calls))
	for i := range times {
		times[i] = float64(w.work.calls[i].at) / float64(flow.Second)
	}
	sizes := make([]float64, 0, len(times))
	for i := range w.work.calls {
		s, _, hasSent, _ := w.work.calls[i].sizes()
		if hasSent {
			sizes = append(sizes, float64(s))
		}
	}
	if len(sizes) != len(times) {
		sizes = nil
	}
	return rita(times, sizes, float64(w.begin)/float64(flow.Second), float64(w.end)/float64(flow.Second))
}

// maxBars is how many bars the histogram of gaps has at most.
const maxBars = 12

// bars are a histogram of gaps, each bar as "from-to:count" in seconds; the
// last one is open where some gaps are far longer than the others.
func bars(gaps []float64) []string {
	if len(gaps) == 0 {
		return nil
	}
	sorted := slices.Clone(gaps)
	slices.Sort(sorted)
	low, high := sorted[0], stat.Quantile(sorted, 0.95)
	width := max((high-low)/(maxBars-2), 0.005*low, 0.001)
	counts := make([]int, maxBars)
	for _, g := range sorted {
		counts[min(int((g-low)/width), maxBars-1)]++
	}
	var out []string
	for i, n := range counts {
		switch {
		case n == 0:
		case i == maxBars-1:
			out = append(out, fmt.Sprintf("%s-%s:%d", short(low+float64(i)*width), short(sorted[len(sorted)-1]), n))
		default:
			out = append(out, fmt.Sprintf("%s-%s:%d", short(low+float64(i)*width), short(low+float64(i+1)*width), n))
		}
	}
	return out
}

// evidence cites calls: the first, the last, then the largest.
func (w *watcher) evidence(calls []call, src, dst flow.Addr, s *suspect) []flow.Record {
	order := make([]int, 0, len(calls))
	for i := range calls {
		if calls[i].has&uncited == 0 {
			order = append(order, i)
		}
	}
	if len(order) == 0 {
		return nil
	}
	if len(order) > 2 {
		order[1], order[len(order)-1] = order[len(order)-1], order[1]
		bytes := func(i int) uint64 { return uint64(calls[i].src) + uint64(calls[i].dst) }
		slices.SortFunc(order[2:], func(a, b int) int {
			return cmp.Or(cmp.Compare(bytes(b), bytes(a)), cmp.Compare(a, b))
		})
	}
	n := min(len(order), w.env.Evidence())
	out := make([]flow.Record, n)
	for i := range out {
		out[i] = calls[order[i]].record(src, dst, s.key.Proto)
	}
	return out
}
