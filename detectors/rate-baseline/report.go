package ratebaseline

import (
	"encoding/binary"
	"fmt"
	"time"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// A bucket is one that has been judged, from cell to cell.
type bucket struct {
	from, to int64
	count    uint64
	cut      bool      // the input ends within it
	seen     flow.Time // how much of it the input covers, if cut
}

// An episode is what is kept of a series that is over its baseline.
type episode struct {
	history []uint32 // counts of its buckets, of the last 24 hours
	flows   []flow.Record
}

// A tally is what became of the series of a scope.
type tally struct {
	series, learned, alerts, recovered uint64
	longest, lasted                    flow.Time // of those that recovered
}

func scopeOf(k pairmap.Key) scope { return scope(k.Extra & 3) }

// networkKey is the key of a source network: its 64 leading bits at most, and
// whether it is one of IPv4.
func (w *watcher) networkKey(a *flow.Addr) pairmap.Key {
	if a.Is4() {
		v := uint64(a.Uint32()) &^ (1<<(32-w.bits4) - 1)
		return pairmap.Key{Src: flow.Host(v), Proto: 4, Extra: uint8(scopeNetwork)}
	}
	v := binary.BigEndian.Uint64(a[:8])
	if w.bits6 < 64 {
		v &^= 1<<(64-w.bits6) - 1
	}
	return pairmap.Key{Src: flow.Host(v >> 32), Dst: flow.Host(v), Proto: 6, Extra: uint8(scopeNetwork)}
}

// subject is what an alert on a series is about, and what to call it.
func (w *watcher) subject(k pairmap.Key) (s detectors.Subject, name string) {
	switch scopeOf(k) {
	case scopeService:
		s = detectors.Address(w.env.Addr(k.Dst), detectors.RoleDst).WithPort(k.Port).WithProtocol(k.Proto)
		return s, "flows to " + s.String()
	case scopeNetwork:
		a, length := flow.AddrFrom4(uint32(k.Src)), w.bits4
		if k.Proto == 6 {
			var b [16]byte
			binary.BigEndian.PutUint64(b[:], uint64(k.Src)<<32|uint64(k.Dst))
			a, length = flow.Addr(b), w.bits6
		}
		return detectors.Address(a, detectors.RoleSrc), fmt.Sprintf("flows from %s/%d", a, length)
	}
	return detectors.Subject{}, "flows of all kinds"
}

// episode is that of a series, a new one if it has none.
func (w *watcher) episode(s *series) *episode {
	if s.episode == 0 {
		if n := len(w.free); n > 0 {
			s.episode, w.free = w.free[n-1], w.free[:n-1]
		} else {
			w.episodes = append(w.episodes, episode{})
			s.episode = uint32(len(w.episodes))
		}
	}
	return &w.episodes[s.episode-1]
}

func (w *watcher) endEpisode(s *series) {
	if s.episode == 0 {
		return
	}
	w.history -= len(w.episodes[s.episode-1].history)
	w.episodes[s.episode-1] = episode{}
	w.free = append(w.free, s.episode)
	s.episode = 0
}

// keepEvidence takes the flows that a cell kept of an entry.
func (w *watcher) keepEvidence(s *series, c *cell, e *entry) {
	ep := w.episode(s)
	if s.state == alert && len(ep.flows) > 0 { // those of the first bucket stay
		return
	}
	ep.flows = ep.flows[:0]
	for at := e.last; at != 0; at = c.kept[at-1].before {
		ep.flows = append(ep.flows, c.kept[at-1].flow)
	}
	for i, j := 0, len(ep.flows)-1; i < j; i, j = i+1, j-1 {
		ep.flows[i], ep.flows[j] = ep.flows[j], ep.flows[i]
	}
	ep.flows = detectors.Sample(ep.flows, w.env.Evidence())
}

// shows reports whether the alerts of a rule are shown, and counts one if not.
func (w *watcher) shows(r *detectors.Rule) bool {
	return w.severity > detectors.Info || w.env.Shows(r)
}

// remember adds a bucket to the history of an alert.
func (w *watcher) remember(ep *episode, count uint64) {
	switch {
	case len(ep.history) == w.historyLength:
		copy(ep.history, ep.history[1:])
		ep.history[len(ep.history)-1] = uint32(min(count, 1<<32-1))
	case w.history >= w.maxHistory:
		w.lostHistory.N++
	default:
		w.history++
		ep.history = append(ep.history, uint32(min(count, 1<<32-1)))
	}
}

func (w *watcher) report(k pairmap.Key, s *series, what event, b bucket) {
	switch what {
	case goesOver:
		w.tallies[scopeOf(k)].alerts++
		w.remember(w.episode(s), b.count)
		w.reportOver(k, s, b)
	case staysOver:
		w.remember(w.episode(s), b.count)
	case recovers:
		t, lasted := &w.tallies[scopeOf(k)], w.start(b.from)-w.start(s.since)
		t.recovered++
		t.lasted += lasted
		t.longest = max(t.longest, lasted)
		w.reportRecovered(k, s, b, lasted)
		w.endEpisode(s)
	}
}

// when is the time at which a bucket is judged: its end, or that of the input.
func (w *watcher) when(b bucket) flow.Time { return min(w.start(b.to), w.newest) }

func (w *watcher) reportOver(k pairmap.Key, s *series, b bucket) {
	if !w.shows(w.over) {
		return
	}
	subject, name := w.subject(k)
	length := flow.Time(w.rule.bucket) * w.grain
	percent := float64(b.count-s.baseline) * 100 / float64(s.baseline)
	facts := w.facts(k, s)
	facts = append(facts,
		detectors.Uint("hits", b.count), detectors.Float("over_percent", percent),
		detectors.Moment("bucket_start", w.start(b.from)))
	facts = w.partFact(facts, b)
	w.env.Report(nil, detectors.Alert{
		Rule: w.over, Severity: w.severity, Subject: subject, Facts: facts,
		Summary: fmt.Sprintf("%s went over the baseline: %d in %s, %.4g %% above the learned %d (limit %s %%)",
			name, b.count, detectors.Span(time.Duration(length)), percent, s.baseline, w.limit()),
		Window: w.start(s.since), HasWindow: true, Time: w.when(b), HasTime: true,
		FirstSeen: w.start(b.from), LastSeen: w.when(b),
		Evidence: w.episodes[s.episode-1].flows, Flows: b.count,
	})
}

func (w *watcher) reportRecovered(k pairmap.Key, s *series, b bucket, lasted flow.Time) {
	if !w.shows(w.recovered) {
		return
	}
	subject, name := w.subject(k)
	length := flow.Time(w.rule.bucket) * w.grain
	facts := w.facts(k, s)
	facts = append(facts,
		detectors.Uint("hits", b.count),
		detectors.Moment("alert_start", w.start(s.since)), detectors.Float("duration", float64(lasted)/float64(flow.Second)),
		detectors.Uint("peak", s.peak), detectors.Moment("peak_start", w.start(s.peakAt)),
		detectors.Uint("total", s.total))
	ep := w.episode(s)
	history := make([]detectors.Fact, len(ep.history))
	for i, n := range ep.history {
		history[i] = detectors.Uint("", uint64(n))
	}
	facts = w.partFact(append(facts, detectors.List("history", history...)), b)
	w.env.Report(nil, detectors.Alert{
		Rule: w.recovered, Severity: w.severity, Subject: subject, Facts: facts,
		Summary: fmt.Sprintf("%s are back at the baseline: %d in %s, after %s with up to %d where %d is normal (limit %s %%)",
			name, b.count, detectors.Span(time.Duration(length)), detectors.Span(time.Duration(lasted)), s.peak, s.baseline, w.limit()),
		Window: w.start(s.since), HasWindow: true, Time: w.when(b), HasTime: true,
		FirstSeen: w.start(s.since), LastSeen: w.when(b),
		Evidence: ep.flows, Flows: s.total, Charts: w.charts(ep, s, b),
	})
}

// charts are the buckets over the baseline, up to the one that is not.
func (w *watcher) charts(ep *episode, s *series, b bucket) []detectors.Chart {
	n := min(len(ep.history), mostDrawn)
	length := float64(w.rule.bucket) * float64(w.grain) / float64(flow.Second)
	end := float64(w.start(b.from) / flow.Second)
	var at, values []float64
	for i, v := range ep.history[len(ep.history)-n:] {
		at, values = append(at, end-float64(n-i)*length), append(values, float64(v))
	}
	cs := detectors.OverTime("Flows in each bucket", "flows", "", append(at, end), append(values, float64(b.count)))
	for i := range cs {
		cs[i].LevelAt(float64(s.baseline), "baseline")
	}
	return cs
}

// mostDrawn bounds the buckets of a chart.
const mostDrawn = 96

// facts are those that both kinds of alert begin with.
func (w *watcher) facts(k pairmap.Key, s *series) []detectors.Fact {
	facts := make([]detectors.Fact, 0, 12)
	facts = append(facts, detectors.Text("scope", scopeNames[scopeOf(k)]))
	if scopeOf(k) == scopeNetwork {
		n := w.bits4
		if k.Proto == 6 {
			n = w.bits6
		}
		subject, _ := w.subject(k)
		facts = append(facts, detectors.Text("network", fmt.Sprintf("%s/%d", subject.IP, n)))
	}
	return append(facts, detectors.Uint("baseline", s.baseline),
		detectors.Float("threshold_percent", float64(w.rule.threshold)/1000),
		detectors.Float("bucket_seconds", float64(w.rule.bucket)*float64(w.grain)/float64(flow.Second)))
}

func (w *watcher) partFact(facts []detectors.Fact, b bucket) []detectors.Fact {
	if b.cut {
		return append(facts, detectors.Float("seen_seconds", float64(b.seen)/float64(flow.Second)))
	}
	return facts
}

func (w *watcher) limit() string {
	f := detectors.Float("", float64(w.rule.threshold)/1000)
	return f.String()
}

// summarise tells what the alerts cannot: that nothing was learned, and what
// all of them come to.
func (w *watcher) summarise() {
	t := detectors.Table{
		Name: "rates", Title: "rates against their baseline",
		Columns: []string{"scope", "series", "learned", "alerts", "recovered", "longest_seconds", "mean_seconds"},
	}
	for i, v := range w.tallies {
		if v.series == 0 || v.learned > 0 && v.alerts == 0 {
			continue
		}
		mean := 0.0
		if v.recovered > 0 {
			mean = float64(v.lasted) / float64(flow.Second) / float64(v.recovered)
		}
		t.Rows = append(t.Rows, []detectors.Fact{
			detectors.Text("scope", scopeNames[i]), detectors.Uint("series", v.series), detectors.Uint("learned", v.learned),
			detectors.Uint("alerts", v.alerts), detectors.Uint("recovered", v.recovered),
			detectors.Float("longest_seconds", float64(v.longest)/float64(flow.Second)), detectors.Float("mean_seconds", mean),
		})
	}
	if len(t.Rows) > 0 {
		w.env.Summarise(t)
	}
}
