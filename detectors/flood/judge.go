package flood

import (
	"math"

	"seine/detectors/internal/stat"
	"seine/flow"
)

// A kind is what a surge looks like; the IDs of the rules.
type kind uint8

const (
	flashCrowd kind = iota // the least certain and harmful first
	requestFlood
	unansweredSurge
	directFlood
	synFlood
	reflection
	kinds
	noKind = kinds
)

// String is the ID of the rule.
func (k kind) String() string {
	return [kinds]string{"flash-crowd", "request-flood", "unanswered-surge", "direct-flood", "syn-flood", "reflection"}[k]
}

// The measures that are compared with the past.
const (
	byFlows = iota
	byPackets
	byBytes
	bySources
	measures
)

var measureNames = [measures]string{"flows", "packets", "bytes", "sources"}

const (
	past      = 30  // minutes that the past has
	enough    = 10  // minutes without which there is no past
	calm      = 3   // minutes without alarm that end a campaign
	share     = 0.8 // of what is sent must be of a kind
	many      = 100 // sources
	forged    = 3   // connections a minute up to which a source may be forged
	obstinate = 300 // connections a minute that no honest client begins in vain
)

// A victim is a destination that is watched.
type victim struct {
	open     [open]bucket
	past     [measures][past]float32
	n, next  uint8
	last     int32      // the last minute in the past
	slow     [2]float32 // slow averages of flows and packets
	ramp     [2]float32 // their CUSUMs
	held     int32      // minutes for which a CUSUM has stood above 0
	campaign campaign
	sample   uint32 // in watcher.samples plus 1, or 0
}

// begin starts watching at a minute. Since first, the minute of the first
// flow, the destination was sent next to nothing, or it would be watched.
func (v *victim) begin(m, first int32) {
	v.n = uint8(max(0, min(past, int64(m)-int64(first))))
	v.last = m - 1
}

// remember takes a minute into the past, and those before it in which nothing
// was sent.
func (v *victim) remember(m int32, x [measures]float64, alarm bool) {
	for gap := min(m-v.last-1, past); gap > 0; gap-- {
		v.push([measures]float64{})
	}
	v.last = max(v.last, m)
	if !alarm {
		v.push(x)
	}
}

func (v *victim) push(x [measures]float64) {
	for i := range x {
		v.past[i][v.next] = float32(x[i])
	}
	v.next = (v.next + 1) % past
	v.n = min(v.n+1, past)
	if v.n < enough {
		return
	}
	// The slow average stands while the CUSUM is above 0, though not for more
	// than a day, after which what it stands above is ordinary.
	held := false
	for i := range v.slow {
		s, ref := float64(v.ramp[i]), float64(v.slow[i])
		if ref == 0 {
			ref = x[i]
		}
		z := (x[i] - ref) / max(1, 0.25*ref, math.Sqrt(ref))
		s = min(max(0, s+z-0.5), 1e6)
		if s == 0 || v.held > 24*60 {
			const rate = 0.02
			ref += rate * (x[i] - ref)
			s = 0
		}
		held = held || s > 0
		v.slow[i], v.ramp[i] = float32(ref), float32(s)
	}
	if v.held++; !held {
		v.held = 0
	}
}

// A comparison is that of a minute with the past, by one measure.
type comparison struct {
	measure     int
	x           float64
	median, mad float64
	z, ratio    float64
	ramp        bool // far above the slow average only
	known       bool // there is a past
}

// compare takes the measure that is furthest above its past, of those asked
// for. above is whether that is far enough.
func (w *watcher) compare(v *victim, x [measures]float64, by ...int) (best comparison, above bool) {
	n := int(v.n)
	best.measure, best.x = by[0], x[by[0]]
	if n < enough {
		return best, false
	}
	for i, m := range by {
		w.values = w.values[:0]
		for k := range n { // the n pushed last; before the ring is full some are zeros that begin counted
			w.values = append(w.values, float64(v.past[m][(int(v.next)+2*past-1-k)%past]))
		}
		c := comparison{measure: m, x: x[m], known: true}
		c.median, c.mad = stat.MedianMAD(w.values)
		c.z = stat.RobustZ(c.x, c.median, c.mad, max(1, 0.05*c.median, math.Sqrt(c.median)))
		c.ratio = c.x / max(c.median, 1)
		ok := c.z >= w.floor.z && c.ratio >= w.floor.ratio
		if !ok && w.floor.ramp > 0 && m <= byPackets {
			if ref := float64(v.slow[m]); ref > 0 && float64(v.ramp[m]) >= w.floor.ramp && c.x >= w.floor.ratio*ref {
				c.ramp, c.ratio, ok = true, c.x/max(ref, 1), true
			}
		}
		if i == 0 || ok && !above || ok == above && c.z > best.z {
			best = c
		}
		above = above || ok
	}
	return best, above
}

// judge decides on a minute of a destination, and takes it into its past.
func (w *watcher) judge(h flow.Host, v *victim, b *bucket) {
	x := [measures]float64{float64(b.flows), float64(b.packets), float64(b.bytes), b.sources.count()}
	k, c := w.kind(v, b, x)
	v.remember(b.minute, x, k != noKind)
	if k != noKind {
		w.alarm(h, v, b, k, c)
	}
}

// kind names what a minute looks like: noKind if it is within the ordinary.
func (w *watcher) kind(v *victim, b *bucket, x [measures]float64) (kind, comparison) {
	f, sources := &w.floor, 0.0
	if b.suspicious() > 0 {
		sources = b.suspects.count()
	}
	inside := float64(b.inside) / float64(max(b.looked, 1))
	onePort := b.onePort()
	if b.answerBytes >= f.bytes && sources >= many/2 && inside < share &&
		uint64(b.asked)*5 < uint64(b.answers) && large(b) {
		if c, above := w.compare(v, x, byBytes, byPackets); above || !c.known {
			return reflection, c
		}
	}
	if failed := uint64(b.failed); failed >= f.attempts && float64(failed) >= share*float64(b.tcp) {
		each := float64(failed) / sources
		switch c, above := w.compare(v, x, byFlows, bySources); {
		case sources < many && (!onePort || failed < 3*f.attempts || each < obstinate):
			// One source that tries many ports scans; one that tries one port
			// at a moderate pace only insists.
		case !above && c.known:
		case each > forged && each < obstinate,
			inside >= share && (failed < 10*f.attempts || !c.known),
			sources < many && 2*b.refused >= b.failed: // a program that never gives up
			return unansweredSurge, c
		default:
			return synFlood, c
		}
	}
	packets := f.packets
	if sources < many/5 {
		packets *= 4
	}
	if float64(b.loose) >= share*float64(b.packets) && b.loose >= packets ||
		uint64(b.looseFlows) >= f.packets/10 && float64(b.looseFlows) >= share*float64(b.flows) && sources >= many {
		c, above := w.compare(v, x, byPackets, byFlows, byBytes)
		// Measurements and logs are sent one way at any rate: without a past
		// a flood has to be larger.
		if above || !c.known && sources >= many && (b.loose >= 10*f.packets || uint64(b.looseFlows) >= f.packets) {
			return directFlood, c
		}
	}
	heavy := float64(b.heavyHits) >= share/2*float64(b.flows) && b.heavyVotes > 0 // one client does most of it
	if uint64(b.flows) >= f.requests && heavy && inside < 1-share && b.failed*2 < b.flows {
		if c, above := w.compare(v, x, byFlows); above && !c.ramp && c.ratio >= 10 {
			return requestFlood, c
		}
	}
	if uint64(b.flows)*2 >= f.requests && x[bySources] >= float64(f.clients) && b.failed*2 < b.flows {
		if c, above := w.compare(v, x, byFlows, bySources); above && !c.ramp {
			return flashCrowd, c
		}
	}
	return noKind, comparison{}
}

// onePort reports whether most suspects go to one port.
func (b *bucket) onePort() bool {
	return b.port != 0 && b.votes > 0 && float64(b.hits) >= share/2*float64(b.suspicious())
}

// suspicious is the number of flows that failed, are loose, or are unasked
// answers.
func (b *bucket) suspicious() uint32 { return b.failed + b.looseFlows + b.answers }

// large reports whether unasked answers are as large as amplification makes
// them. Those of DNS have to be larger than the answers that a resolver gets.
func large(b *bucket) bool {
	if b.answerPackets == 0 {
		return true // not told
	}
	mean := b.answerBytes / b.answerPackets
	if b.service == 53 {
		return mean >= 600
	}
	return mean >= 200
}
