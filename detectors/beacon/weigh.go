package beacon

import (
	"math"

	"seine/detectors"
	"seine/flow"
)

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

// Where confidence makes an alert low, medium or high.
const (
	lowFrom    = 0.35
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
	from, to := w.net.Kind(src), s.kind
	most := detectors.High
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
	severity := detectors.Info
	switch {
	case sure >= highFrom:
		severity = detectors.High
	case sure >= mediumFrom:
		severity = detectors.Medium
	case sure >= lowFrom:
		severity = detectors.Low
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
