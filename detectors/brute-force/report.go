package bruteforce

import (
	"fmt"
	"math"
	"math/bits"
	"time"

	"seine/detectors"
	"seine/detectors/internal/course"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// A dossier holds flows of a campaign as evidence.
type dossier struct {
	first, last, large flow.Record
	used               bool
	course             course.Course // of the attempts
}

// file puts a session into the dossier of k.
func (w *watcher) file(k pairmap.Key, a *attempt) {
	d, _ := w.cases.At(k, a.r.Start)
	if !d.used {
		d.used, d.first, d.large = true, *a.r, *a.r
	}
	d.last = *a.r
	d.course.Add(a.r.Start, 1)
	if a.r.Bytes() > d.large.Bytes() {
		d.large = *a.r
	}
}

// evidence gives the flows of a dossier, and at.
func (w *watcher) evidence(k pairmap.Key, at *flow.Record) []flow.Record {
	rs := []flow.Record{*at}
	add := func(r *flow.Record) {
		for i := range rs {
			if rs[i].File == r.File && rs[i].Row == r.Row {
				return
			}
		}
		rs = append(rs, *r)
	}
	if d := w.cases.Find(k); d != nil && d.used {
		add(&d.first)
		add(&d.large)
		add(&d.last)
	}
	return rs[:min(len(rs), w.env.Evidence())]
}

// charts are the attempts of a dossier over time.
func (w *watcher) charts(k pairmap.Key) []detectors.Chart {
	d := w.cases.Find(k)
	if d == nil {
		return nil
	}
	at, n := d.course.Series()
	return detectors.OverTime("Attempts over time", "attempts", "", at, n)
}

// chartsWithLogin are the same, with the session that was none.
func (w *watcher) chartsWithLogin(k pairmap.Key, at flow.Time) []detectors.Chart {
	cs := w.charts(k)
	for i := range cs {
		c := &cs[i]
		n := len(c.X.At)
		width, mark := c.X.At[n-1]-c.X.At[n-2], float64(at)/float64(flow.Second)
		for range 8 { // the login comes after the last attempt, most often soon
			if mark < c.X.At[len(c.X.At)-1]+width {
				break
			}
			c.X.At, c.Values = append(c.X.At, c.X.At[len(c.X.At)-1]+width), append(c.Values, 0)
		}
		c.MarkAt(mark, "probably a login")
	}
	return cs
}

// raisePair reports guessing, or leaves it to the crowd that it is part of.
func (w *watcher) raisePair(a *attempt, l level, why doubts) {
	p, r := a.pair, a.r
	if !due(r.Start, p.raised, p.n, p.told, l, p.level) {
		return
	}
	if p.level == silent {
		a.source.heavy, a.target.heavy = more(a.source.heavy), more(a.target.heavy)
	}
	p.raised, p.told, p.level = max(p.raised, r.Start), p.n, max(l, p.level)
	for _, c := range []*crowd{a.source, a.target} {
		c.heaviest = max(c.heaviest, l)
	}
	l = p.level
	switch {
	case a.source.heavy > ownAlerts:
		w.raiseCrowd(a, a.source, w.spray, a.source.heaviest, ownAlerts)
		return
	case a.target.heavy > ownAlerts:
		w.raiseCrowd(a, a.target, w.spread, a.target.heaviest, ownAlerts)
		return
	}
	if l.severity() == w.guessing.Severity && !w.env.Shows(w.guessing) {
		return
	}
	fastNeed, slowNeed := w.needs(a)
	score, threshold := p.fast, fastNeed
	if why.slow {
		score, threshold = p.slow, slowNeed
	}
	span := p.last - p.start
	fs := []detectors.Fact{
		detectors.Text("service", services[a.v].name),
		detectors.Uint("attempts", uint64(p.n)),
		detectors.Uint("similar", uint64(p.hits)),
		detectors.Float("share", ratio(p.hits, p.n)),
		detectors.Float("min_share", w.share),
		detectors.Float("score", round(p.fast, 1)),
		detectors.Float("threshold", round(fastNeed, 1)),
		detectors.Float("slow_score", round(p.slow, 1)),
		detectors.Float("slow_threshold", round(slowNeed, 1)),
		detectors.Float("seconds", seconds(span)),
		detectors.Float("per_minute", rate(p.n, span)),
	}
	fs = typical(fs, a.s, p.src, p.dst, p.pkts, p.seconds)
	if p.gaps > 1 && p.gapMean > 0 {
		fs = append(fs, detectors.Float("gap", round(p.gapMean, 2)),
			detectors.Float("gap_cv", round(float32(math.Sqrt(float64(p.gapSquares)/float64(p.gaps)))/p.gapMean, 2)))
	}
	if t := why.text(); t != "" {
		fs = append(fs, detectors.Text("doubts", t))
	}
	w.env.Report(r, detectors.Alert{
		Rule: w.guessing, Severity: l.severity(), Confidence: w.confidence(a, p.fast/fastNeed, p.slow/slowNeed, why),
		Subject: detectors.Pair(r.Src, r.Dst).WithPort(r.DstPort).WithProtocol(r.Proto),
		Window:  p.start, HasWindow: true, Grows: true, FirstSeen: p.start, LastSeen: p.last, Flows: uint64(p.n),
		Summary: fmt.Sprintf("%s opened %d %s sessions to %s in %s, %d of them of one size, that of a refused login (inferred from sizes; score %.0f, threshold %.0f)",
			r.Src, p.n, services[a.v].name, r.Dst, length(span), p.hits, score, threshold),
		Facts: fs, Evidence: w.evidence(a.key, r), Charts: w.charts(a.key),
	})
}

// confidence in guessing, from how far the scores are above their thresholds
// and from the doubts.
func (w *watcher) confidence(a *attempt, fast, slow float32, why doubts) float64 {
	c := 0.5 + 0.3*float64(min(1, max(fast, slow)/4))
	for _, d := range []struct {
		is   bool
		cost float64
	}{
		{why.scheduled, 0.25}, {why.roomy, 0.15}, {why.admin, 0.15}, {why.unsized, 0.3}, {why.slow, 0.1},
		{why.database, 0.25}, {services[a.v].who != people, 0.1}, {a.s.pkts == 0, 0.05},
	} {
		if d.is {
			c -= d.cost
		}
	}
	return math.Round(100*max(c, 0.1)) / 100
}

// text names the doubts.
func (d *doubts) text() string {
	t := ""
	for _, x := range []struct {
		is   bool
		name string
	}{
		{d.scheduled, "by the clock"}, {d.even && !d.scheduled, "evenly spaced"}, {d.roomy, "larger than most refused logins"}, {d.admin, "real sessions before"},
		{d.unsized, "no sizes"}, {d.database, "may be an application and its database"},
	} {
		if x.is {
			if t != "" {
				t += ", "
			}
			t += x.name
		}
	}
	return t
}

// raiseCrowd reports a source that sprays or a destination that many guess at.
func (w *watcher) raiseCrowd(a *attempt, c *crowd, rule *detectors.Rule, l level, need float32) {
	r := a.r
	if !due(r.Start, c.raised, c.peers, c.told, l, c.level) {
		return
	}
	l = max(c.level, l)
	c.raised, c.told, c.level = max(c.raised, r.Start), c.peers, l
	if l.severity() == rule.Severity && !w.env.Shows(rule) {
		return
	}
	name := services[a.v].name
	span := c.last - c.start
	fs := []detectors.Fact{detectors.Text("service", name)}
	var subject detectors.Subject
	var text, others string
	key := targetKey(a.key)
	if rule == w.spray {
		key = sourceKey(a.key)
		subject = detectors.Address(r.Src, detectors.RoleSrc)
		fs = append(fs, detectors.Uint("targets", uint64(c.peers)))
		text = fmt.Sprintf("%s opened %d %s sessions to %d destinations in %s", r.Src, c.n, name, c.peers, length(span))
		others = "targets"
	} else {
		subject = detectors.Address(r.Dst, detectors.RoleDst)
		fs = append(fs, detectors.Uint("sources", uint64(c.peers)), detectors.Uint("outside", uint64(c.outside)))
		text = fmt.Sprintf("%s got %d %s sessions from %d sources in %s", r.Dst, c.n, name, c.peers, length(span))
		others = "sources"
	}
	fs = append(fs, detectors.Float("threshold", float64(need)), detectors.Uint("attempts", uint64(c.n)),
		detectors.Uint("similar", uint64(c.hits)), detectors.Float("share", round(c.like/max(c.all, 1), 2)),
		detectors.Float("min_share", w.share), detectors.Uint("heavy", uint64(c.heavy)), detectors.Float("seconds", seconds(span)),
		detectors.Float("per_minute", rate(c.n, span)))
	if rule == w.spray {
		fs = append(fs, detectors.Uint("in_vain", uint64(bits.OnesCount64(c.vain))))
	}
	fs = typical(fs, a.s, float32(c.sizes[0].src), float32(c.sizes[0].dst), float32(c.sizes[0].pkts), 0)
	if c.heavy > ownAlerts {
		text += fmt.Sprintf("; at %d of the %s many of one size, that of a refused login (inferred from sizes; reported together above %d)", c.heavy, others, ownAlerts)
	} else {
		text += fmt.Sprintf(", %d of the size of a refused login (inferred from sizes; threshold %.0f %s)", c.hits, need, others)
	}
	confidence := 0.3
	if l >= medium || c.heavy > ownAlerts {
		confidence = 0.6
	}
	w.env.Report(r, detectors.Alert{
		Rule: rule, Severity: l.severity(), Confidence: confidence, Subject: subject.WithPort(r.DstPort).WithProtocol(r.Proto),
		Window: c.start, HasWindow: true, Grows: true, FirstSeen: c.start, LastSeen: c.last, Flows: uint64(c.n),
		Summary: text, Facts: fs, Evidence: w.evidence(key, r), Charts: w.charts(key),
	})
}

// won is a session that differs from the attempts before it.
type won struct {
	start                                flow.Time
	hits                                 uint32
	usual, seconds, times, longer, bytes float64
}

func (w *watcher) raiseSuccess(a *attempt, x won) {
	r, s := a.r, a.s
	severity := detectors.High
	if x.hits >= 40 && x.times >= w.ratio {
		severity = detectors.Critical
	}
	what, unit := "bytes", "bytes"
	if s.src == 0 && s.dst == 0 {
		what, unit = "packets", "packets"
	}
	fs := []detectors.Fact{
		detectors.Text("service", services[a.v].name),
		detectors.Uint("attempts", uint64(x.hits)),
		detectors.Moment("guessing_since", x.start),
		detectors.Float("typical_"+what, math.Round(x.usual)),
		detectors.Float(what, x.bytes),
		detectors.Float("times", math.Round(10*x.times)/10),
		detectors.Float("min_times", w.ratio),
	}
	if s.timed {
		fs = append(fs, detectors.Float("duration", round(s.seconds, 3)))
	}
	if x.seconds > 0 {
		fs = append(fs, detectors.Float("typical_duration", round(float32(x.seconds), 3)),
			detectors.Float("longer", math.Round(10*x.longer)/10), detectors.Float("min_longer", w.longer))
	}
	confidence := 0.7
	if x.times >= 2*w.ratio {
		confidence = 0.8
	}
	w.env.Report(r, detectors.Alert{
		Rule: w.success, Severity: severity, Confidence: confidence,
		Subject: detectors.Pair(r.Src, r.Dst).WithPort(r.DstPort).WithProtocol(r.Proto),
		Window:  x.start, HasWindow: true, FirstSeen: x.start, LastSeen: r.Start, Flows: 1,
		Summary: fmt.Sprintf("after %d attempts of about %.0f %s, %s had a session (%s) with %s of %.0f %s, %.1f times as many: probably a login that worked (inferred from sizes; threshold %g times)",
			x.hits, x.usual, unit, r.Src, services[a.v].name, r.Dst, x.bytes, unit, x.times, w.ratio),
		Facts: fs, Evidence: w.evidence(a.key, r), Charts: w.chartsWithLogin(a.key, r.Start),
	})
}

// typical appends what the attempts are like.
func typical(fs []detectors.Fact, s *session, src, dst, pkts, secs float32) []detectors.Fact {
	if src > 0 || dst > 0 {
		fs = append(fs, detectors.Float("typical_src_bytes", round(src, 0)), detectors.Float("typical_dst_bytes", round(dst, 0)))
	}
	if pkts > 0 {
		fs = append(fs, detectors.Float("typical_packets", round(pkts, 0)))
	}
	if s.timed && secs > 0 {
		fs = append(fs, detectors.Float("typical_duration", round(secs, 3)))
	}
	return fs
}

func more(n uint16) uint16 { return min(n, math.MaxUint16-1) + 1 }

func ratio(a, b uint32) float64 { return math.Round(100*float64(a)/float64(max(b, 1))) / 100 }

func round(v float32, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(float64(v)*p) / p
}

func seconds(t flow.Time) float64 { return math.Round(float64(t)/1e6) / 1e3 }

func rate(n uint32, span flow.Time) float64 {
	return math.Round(float64(n)/max(float64(span)/60e9, 1.0/60)*100) / 100
}

func length(t flow.Time) string { return detectors.Span(time.Duration(t).Round(time.Second)) }
