package bruteforce

import (
	"math"
	"time"

	"seine/detectors"
	"seine/flow"
)

// A pair is what is known of a source and a service of a destination. One
// campaign follows another after a pause.
type pair struct {
	start, last flow.Time
	raised      flow.Time // of the last alert
	n, hits     uint32    // sessions, and those of the size of the first cluster
	told        uint32    // n at the last alert
	fast, slow  float32   // scores
	sizes       [2]size

	src, dst, pkts, seconds float32 // running means of the hits
	payload                 float32 // likewise
	gapMean, gapSquares     float32 // of the seconds from one session to the next (Welford, 1962)
	gaps                    uint32
	level                   level
	larger                  uint8 // sessions before the guessing that were real ones
	fromSource, toTarget    uint16
	port                    uint16 // that the source used last
	wonBytes                uint64 // of the session that differed most so far
}

// A level is the severity of guessing plus 1; 0 is none.
type level uint8

const (
	silent level = iota
	low    level = level(detectors.Low)
	medium level = level(detectors.Medium)
	high   level = level(detectors.High)
)

// severity of a level above silent.
func (l level) severity() detectors.Severity { return detectors.Severity(l) }

// begin starts a campaign. That there were real sessions before is remembered.
func (p *pair) begin(now flow.Time) {
	*p = pair{start: now, last: now, larger: p.larger, fromSource: p.fromSource, toTarget: p.toTarget, port: p.port}
}

// halved is what time leaves of a weight.
func halved(span, life flow.Time) float32 {
	if span <= 0 {
		return 1
	}
	return float32(math.Exp2(-float64(span) / float64(life)))
}

// seePair counts a session of a pair and judges the pair. Its scores add 1 for
// a session of the usual size and take away share/(1−share) for another, so
// that they rise only while the usual ones are more than that share; they
// never fall below zero (a cumulative sum, Page 1954) and fade with time.
func (w *watcher) seePair(a *attempt) {
	p, s, r := a.pair, a.s, a.r
	gap := r.Start - p.last
	if p.n > 0 && gap >= 0 {
		p.gaps++
		x := float32(float64(gap) / 1e9)
		d := x - p.gapMean
		p.gapMean += d / float32(p.gaps)
		p.gapSquares += d * (x - p.gapMean)
	}
	if p.fast > 0 || p.slow > 0 {
		p.fast *= halved(gap, w.fastLife)
		p.slow *= halved(gap, w.slowLife)
	}
	p.last = max(p.last, r.Start)
	if p.level == silent { // afterwards it is part of the name of the finding
		p.start = min(p.start, r.Start)
	}
	p.n++
	if s.large && p.level == silent && p.larger < math.MaxUint8 {
		p.larger++
	}
	if s.large || !join(p.sizes[:], 1, s, w.bare) {
		p.fast, p.slow = max(0, p.fast-w.miss), max(0, p.slow-w.miss)
		return
	}
	p.hits++
	p.fast++
	p.slow++
	k := 1 / float32(min(p.hits, 64))
	p.src += (float32(s.src) - p.src) * k
	p.dst += (float32(s.dst) - p.dst) * k
	p.payload += (float32(s.payload) - p.payload) * k
	p.pkts += (float32(s.pkts) - p.pkts) * k
	p.seconds += (s.seconds - p.seconds) * k
	if p.hits >= 5 {
		w.file(a.key, a)
	}
	if l, why := w.judge(a); l > silent {
		w.raisePair(a, l, why)
	}
}

// doubts are the reasons to think less of guessing.
type doubts struct {
	scheduled, even, roomy, admin, unsized, slow, outside, database bool
}

// judge tells how bad a pair is.
func (w *watcher) judge(a *attempt) (level, doubts) {
	p, s := a.pair, a.s
	var why doubts
	fastNeed, slowNeed := w.needs(a)
	fast, slow := p.fast/fastNeed, p.slow/slowNeed
	if fast < 1 && slow < 1 || w.except.Contains(a.r.Src) {
		return silent, why
	}
	who := services[a.v].who
	more := float32(1) // where programs log in, it takes much more to be sure
	if who != people {
		more = 2
	}
	l := low
	switch {
	case fast >= 3*more:
		l = high
	case fast >= 4.0/3*more, slow >= 1.3*more:
		l = medium
	}
	why = doubts{
		scheduled: p.scheduled(who), even: p.even(), roomy: !w.tight(a.v, s, uint64(p.payload)), admin: p.larger > 0, unsized: !s.sized, slow: fast < 1,
		outside: !a.r.SrcKind.Internal(), database: w.pooled(a),
	}
	switch {
	case why.scheduled && (why.roomy || slow < 1 || who == mailers || who == databases):
		return silent, why // the rounds of a monitor
	case why.roomy && (why.slow || why.database):
		return silent, why // scripts at work, and pages that each ask something
	case why.roomy && who == mailers && fast < 3:
		return silent, why // mailboxes polled over TLS
	}
	if (why.outside || why.even || who == mailers) && l > medium {
		l = medium
	}
	if why.scheduled || why.roomy || why.admin || why.unsized || why.database {
		l = low
	}
	return l, why
}

// needs are the scores that call it guessing at the service of a.
func (w *watcher) needs(a *attempt) (fast, slow float32) {
	times := float32(1)
	switch services[a.v].who {
	case machines:
		times = 1.5
	case mailers:
		times = 4
	case databases:
		if times = 1.5; w.pooled(a) {
			times = 10
		}
	}
	if !a.s.sized {
		times *= 3
	}
	return w.attempts * times, w.slow * times
}

// pooled reports whether a may be a session from an application to its
// database: not where it comes from outside to the inside.
func (w *watcher) pooled(a *attempt) bool {
	return services[a.v].who == databases && (a.r.SrcKind.Internal() || !a.r.DstKind.Internal())
}

// even reports whether the sessions come one every so many seconds, as those
// of a program do that tries again and again with a password that has changed.
func (p *pair) even() bool {
	return p.gaps >= 20 && p.gapMean >= 5 && p.gapSquares < 0.01*float32(p.gaps)*p.gapMean*p.gapMean
}

// scheduled reports whether the sessions come by the clock: gaps that hardly
// vary around a round number of seconds. Who waits between two attempts is
// late by the time that each takes. Health checks come every few seconds;
// nobody has a monitor log in that often where people do.
func (p *pair) scheduled(who clientele) bool {
	mean := float64(p.gapMean)
	if p.gaps < 10 || mean < 25 && who != databases && who != mailers {
		return false
	}
	dev := math.Sqrt(float64(p.gapSquares) / float64(p.gaps))
	grid := 5.0
	if mean < 4 {
		grid = 1
	}
	round := math.Round(mean/grid) * grid
	return round > 0 && math.Abs(mean-round) <= 0.05+0.004*round && dev <= max(0.4, 0.04*mean)
}

// due reports whether an alert is to be raised again: for a worse level, when
// the count has doubled, and often enough that the alerts of a long campaign
// become one finding.
func due(now, raised flow.Time, n, told uint32, l, before level) bool {
	return l > before || n >= 2*told || now >= raised.Add(45*flow.Time(time.Minute))
}

// differs deals with a session that is no refused login, from a source that
// has been guessing: it reports the session, which then counts for nothing.
func (w *watcher) differs(a *attempt) bool {
	p, s := a.pair, a.s
	guessed := p.level >= medium
	src, dst, pkts, seconds, start, hits := p.src, p.dst, p.pkts, p.seconds, p.start, p.hits
	if c := a.source; !guessed && c != nil && c.level >= medium && p.hits > 0 && p.fromSource == c.epoch {
		guessed = true // by spraying, here too
		src, dst, pkts, seconds, start, hits = float32(c.sizes[0].src), float32(c.sizes[0].dst), float32(c.sizes[0].pkts), 0, c.start, c.hits
	}
	if !guessed || p.larger > 0 || !s.sized || a.r.Start < start {
		return false
	}
	usual, bytes := float64(src)+float64(dst), float64(s.src)+float64(s.dst)
	if usual == 0 { // only packets are known
		usual, bytes = float64(pkts), float64(s.pkts)
	}
	times := bytes / max(usual, 1)
	longer := 0.0
	if s.timed && seconds > 0 {
		longer = float64(s.seconds / seconds)
	}
	excess := 1500.0
	if src+dst == 0 {
		excess = 20
	}
	byBytes := times >= w.ratio && bytes >= usual+excess
	// Servers close after a login timeout of two minutes or so what is stuck.
	byTime := longer >= w.longer && s.seconds > 180 && times >= 1.3
	if !byBytes && !byTime {
		return false
	}
	p.last = max(p.last, a.r.Start)
	if all := uint64(bytes); all >= 4*p.wonBytes { // the first, and what dwarfs it
		p.wonBytes = max(all, 1)
		w.raiseSuccess(a, won{start: start, hits: hits, usual: usual, seconds: float64(seconds), times: times, longer: longer, bytes: bytes})
	}
	return true
}
