package manypeers

import (
	"fmt"
	"math"

	"seine/detectors"
	"seine/flow"
)

// judge looks at a campaign after a flow, or at the end of a window.
func (w *watcher) judge(c *campaign, at *flow.Record, end bool) {
	if c.peers < w.minPeers {
		return
	}
	if (grown(c.peers, c.p2pSaid) || end && c.peers > c.p2pSaid) && c.peerToPeer() {
		w.reportP2P(c, at)
	}
	// The timer costs a sort: only where there is more to go by.
	if c.last-c.first >= settled && (c.fresh >= 256 || c.fresh >= 64 && c.timerSaid == 0 || end && c.fresh > 0) {
		c.fresh = 0
		w.judgeTimer(c, at, end)
	}
}

// peerToPeer reports whether the peers of the window are those of a
// peer-to-peer network: spread over networks, each on a port of its own (or
// the one that the source itself uses), reached from one local port over UDP
// or in connections that come about.
func (c *campaign) peerToPeer() bool {
	spread := share(c.ports.Len(), c.peers)
	if c.ports.Len() > 1000 {
		spread = 1
	}
	same := share(c.samePort, c.peers)
	answered := share(c.answered, c.peers)
	if 2*c.udp >= c.peers && c.local() < 0.5 {
		return false // clients of services, which open a port for each question
	}
	switch {
	case spread >= 0.3:
		// A scan does not choose another port for each host, so silence of
		// all is no objection; over TCP it is the sign of a scan.
		if answered < 0.2 && 2*c.udp < c.peers {
			return false
		}
	case same < 0.5 || answered < 0.2:
		return false
	}
	networks := c.networks() // last: it costs a logarithm
	return 2*networks >= c.peers || networks >= 100
}

func (w *watcher) reportP2P(c *campaign, at *flow.Record) {
	said := c.p2pSaid
	c.p2pSaid = c.peers
	if said == 0 {
		c.p2pFrom = c.first
	}
	if !w.env.Shows(w.p2p) {
		return
	}
	confidence := 0.5
	if 2*c.samePort >= c.peers || c.called > 0 {
		confidence += 0.2
	}
	if 10*c.knownPort >= c.peers {
		confidence += 0.2
	}
	w.env.Report(at, w.alert(c, detectors.Alert{
		Rule: w.p2p, Confidence: confidence, Window: c.p2pFrom,
		Summary: fmt.Sprintf("%s turned to %d outside peers in about %d networks on %d high ports within %s (threshold %d), as peer-to-peer programs do, file sharing included",
			c.addr, c.peers, c.networks(), c.ports.Len(), span(c.last-c.begin), w.minPeers),
		Facts: append(w.population(c),
			detectors.Uint("bytes", c.bytes)),
	}))
}

// population are the facts that both rules rest on.
func (w *watcher) population(c *campaign) []detectors.Fact {
	fs := []detectors.Fact{
		detectors.Int("peers", int64(c.peers)),
		detectors.Int("min_peers", int64(w.minPeers)),
		detectors.Float("window_seconds", seconds(w.window)),
		detectors.Int("peers_answered", int64(c.answered)),
		detectors.Int("networks", int64(c.networks())),
		detectors.Int("dst_ports", int64(c.ports.Len())),
		detectors.Int("peers_udp", int64(c.udp)),
		detectors.Int("peers_same_port", int64(c.samePort)),
		detectors.Int("peers_known_p2p_port", int64(c.knownPort)),
	}
	if c.udpFlows > 0 && c.local() >= 0.5 {
		fs = append(fs, detectors.Int("local_port", int64(c.localPort)), detectors.Int("calls_from_outside", int64(c.called)))
	}
	return fs
}

// settled is how long a campaign lasts before its timer is judged: a file
// sharing program has begun to move files by then.
const settled = flow.Time(10 * 60e9)

// judgeTimer looks for a clock behind the small flows of a campaign: either
// all turns to anybody, or the returns to the same peers, fall on multiples of
// one period.
func (w *watcher) judgeTimer(c *campaign, at *flow.Record, end bool) {
	if len(c.times) < minGaps || c.bytes > w.bulk || !grown(c.peers, c.timerSaid) && !(end && c.peers > c.timerSaid) || !c.varied() {
		return
	}
	size, n := mode(c.sizes)
	alike := share(n, len(c.sizes))
	if alike < 0.5 {
		return
	}
	clock := clockOf(c.times)
	kind := "turns"
	m := common(spells(c.times, flow.Time(500e6)), clock)
	if !w.convincing(m) {
		gaps := make([]float64, 0, len(c.repeats))
		for _, g := range c.repeats {
			if g >= flow.Time(1e9) {
				gaps = append(gaps, seconds(g))
			}
		}
		if m = common(gaps, clock); 2*m.gaps < w.minPeers || !w.convincing(m) {
			return
		}
		kind = "returns"
	}
	said := c.timerSaid
	c.timerSaid = c.peers
	if said == 0 {
		c.timerFrom = c.first
	}
	if !w.env.Shows(w.timer) {
		return
	}
	onTime := share(m.onTime, m.gaps)
	confidence := 0.5 + 0.25*(onTime-w.share)/max(1-w.share, 0.01) + 0.2*(alike-0.5)
	if 10*c.knownPort >= c.peers {
		confidence -= 0.2 // an idle file sharing program keeps its table of peers alike
	}
	facts := append(w.population(c),
		detectors.Text("timer", kind),
		detectors.Float("period_seconds", round(m.period, 3)),
		detectors.Int("gaps_on_time", int64(m.onTime)),
		detectors.Int("gaps", int64(m.gaps)),
		detectors.Float("min_on_time", w.share),
		detectors.Float("log10_p", round(max(m.logP/math.Ln10, -300), 1)),
		detectors.Int("request_size", int64(size)),
		detectors.Float("request_size_share", round(alike, 2)),
		detectors.Uint("bytes", c.bytes),
		detectors.Uint("max_bytes", w.bulk))
	w.env.Report(at, w.alert(c, detectors.Alert{
		Rule: w.timer, Confidence: round(min(0.9, confidence), 2), Window: c.timerFrom,
		Summary: fmt.Sprintf("%s called %d outside peers by one timer of %.4g s: %d of %d gaps are multiples of it (%d%%, threshold %d%%), %d%% of the requests have %d bytes",
			c.addr, c.peers, m.period, m.onTime, m.gaps, percent(onTime), percent(w.share), percent(alike), size),
		Facts: facts,
	}))
}

// varied reports whether the peers are not merely hosts of one service tried
// in turn, which is a scan.
func (c *campaign) varied() bool {
	return share(c.answered, c.peers) >= 0.2 || share(c.ports.Len(), c.peers) >= 0.3 || 2*c.samePort >= c.peers
}

// surprise is the logarithm of the chance that the timer must stay under.
var surprise = math.Log(1e-6)

func (w *watcher) convincing(m rhythm) bool {
	return m.gaps >= minGaps && share(m.onTime, m.gaps) >= w.share && m.logP < surprise
}

// alert fills in what all alerts of a campaign have.
func (w *watcher) alert(c *campaign, a detectors.Alert) detectors.Alert {
	a.Subject = detectors.Address(c.addr, detectors.RoleSrc)
	a.HasWindow = true
	a.Time, a.HasTime = c.last, true
	a.FirstSeen, a.LastSeen = c.first, c.last
	a.Evidence = detectors.Sample(w.shelf.Flows(c.shown), w.env.Evidence())
	a.Flows, a.Grows = c.flows, true
	return a
}

func round(x float64, digits int) float64 {
	f := math.Pow10(digits)
	return math.Round(x*f) / f
}

// span writes a time in words of people.
func span(t flow.Time) string {
	s := seconds(t)
	switch {
	case s < 120:
		return fmt.Sprintf("%.0f s", s)
	case s < 7200:
		return fmt.Sprintf("%.0f min", s/60)
	}
	return fmt.Sprintf("%.1f h", s/3600)
}
