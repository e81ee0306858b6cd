package flood

import (
	"math"
	"math/bits"

	"seine/flow"
)

// An arrival is a flow as its victim sees it.
type arrival struct {
	flow            *flow.Record
	victim, source  flow.Host
	port, from      uint16
	turned          bool // the victim is the source of the record
	packets, bytes  uint64
	back, backBytes uint64
}

// parts are the spans of 10 s of a minute.
const (
	parts = 6
	part  = minute / parts
)

// A bucket is what a destination was sent in a minute.
type bucket struct {
	minute        int32
	used          bool
	port, service uint16 // the most frequent destination port of suspects, reflecting port
	flows         uint32
	tcp, failed   uint32 // attempts at TCP connections, those that came to nothing
	refused       uint32 // of failed
	looseFlows    uint32 // of other protocols, without an answer
	answers       uint32 // of services that reflect, not asked for
	asked         uint32 // requests to such services
	looked        uint32 // sources looked at
	inside        uint32 // of them internal
	votes, hits   uint32 // of port
	serviceVotes  uint32
	packets       uint64
	bytes         uint64
	loose         uint64 // packets of looseFlows
	answerPackets uint64
	answerBytes   uint64
	partFlows     [parts]uint32
	partPackets   [parts]uint32
	sources       sketch
	suspects      sketch // sources of what failed, is loose, or an unasked answer
	heavy         uint32 // the most frequent source
	heavyVotes    uint32
	heavyHits     uint32
}

// A sketch counts different things (HyperLogLog, Flajolet and others, 2007)
// with a standard error of 13 %.
type sketch [64]uint8

func mix(v uint64) uint64 {
	v = (v + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
	v ^= v >> 31
	v *= 0x94d049bb133111eb
	v ^= v >> 29
	v *= 0xff51afd7ed558ccd
	return v ^ v>>32
}

func (s *sketch) add(v uint64) {
	h := mix(v)
	i, rank := h&63, uint8(bits.LeadingZeros64(h|63)+1)
	s[i] = max(s[i], rank)
}

func (s *sketch) merge(t *sketch) {
	for i := range s {
		s[i] = max(s[i], t[i])
	}
}

func (s *sketch) count() float64 {
	const m = 64
	sum, zeros := 0.0, 0
	for _, r := range s {
		sum += math.Float64frombits(uint64(1023-int(r)) << 52) // 2 to the -r
		if r == 0 {
			zeros++
		}
	}
	e := 0.709 * m * m / sum
	if e <= 2.5*m && zeros > 0 {
		return m * math.Log(m/float64(zeros))
	}
	return e
}

// within is the part of n that belongs to a span of a flow that takes longer.
func within(n uint64, r *flow.Record, span flow.Time) uint64 {
	if r.Duration <= span {
		return n
	}
	return uint64(float64(n) * float64(span) / float64(r.Duration))
}

func slot(m int32) int {
	s := int(m) % open
	if s < 0 {
		s += open
	}
	return s
}

// bucket is that of a victim and a minute which is not closed.
func (w *watcher) bucket(v *victim, h flow.Host, m int32) *bucket {
	if m >= w.closed+open { // a leap ahead, in front of the tick that tells of it
		w.closeUntil(m - open + 1)
	}
	b := &v.open[slot(m)]
	if !b.used {
		*b = bucket{}
		b.minute, b.used = m, true
		w.touched[slot(m)] = append(w.touched[slot(m)], h)
	}
	return b
}

// count adds an arrival to the bucket of its minute.
func (w *watcher) count(v *victim, a *arrival, m int32) {
	b := w.bucket(v, a.victim, m)
	r := a.flow
	b.flows++
	p, part10 := within(a.packets, r, minute), int((r.Start-w.recentStart)/part)
	add(&b.packets, p)
	add(&b.bytes, within(a.bytes, r, minute))
	b.partFlows[part10]++
	b.partPackets[part10] += uint32(min(within(a.packets, r, part), 1<<26))
	b.sources.add(uint64(a.source))
	if b.flows < 64 || b.flows&7 == 0 {
		addr := r.Src
		if a.turned {
			addr = r.Dst
		}
		b.looked++
		if w.net.Kind(addr).Internal() {
			b.inside++
		}
	}
	vote(&b.heavy, &b.heavyVotes, &b.heavyHits, uint32(a.source))
	suspect := false
	if r.Proto == flow.TCP {
		suspect = w.countAttempt(b, r)
	} else {
		suspect = w.countLoose(b, a, p)
	}
	n := b.flows / 32
	if suspect {
		b.suspects.add(uint64(a.source))
		vote(&b.port, &b.votes, &b.hits, a.port)
		n = b.suspicious()
	}
	if n > 0 && n&(n-1) == 0 && (suspect || b.flows%32 == 0) || a.packets >= watchPackets {
		w.keep(v, r, suspect, max(n, uint32(min(a.packets/watchPackets*100, 1<<31))))
	}
}

// vote keeps the thing that more than half of all are (Boyer and Moore), and
// how often it was seen since it was chosen.
func vote[T comparable](most *T, votes, hits *uint32, v T) {
	switch {
	case *votes == 0:
		*most, *votes, *hits = v, 1, 1
	case *most == v:
		*votes++
		*hits++
	default:
		*votes--
	}
}

// countAttempt reports whether a TCP flow is an attempt that came to nothing.
func (w *watcher) countAttempt(b *bucket, r *flow.Record) bool {
	if r.Backscatter || r.Reply {
		return false
	}
	b.tcp++
	failed := incomplete(r)
	if failed {
		b.failed++
		if r.Outcome == flow.Refused {
			b.refused++
		}
	}
	return failed
}

// incomplete reports whether a connection was begun and not completed: it
// failed, or the one who began it sent a SYN and nothing else, whatever came
// back. A source that leaves the handshake open looks no different where only
// one direction, or a sample, is recorded: there it is the share that tells.
func incomplete(r *flow.Record) bool {
	if r.Outcome.Failed() {
		return r.Has&flow.HasDstBytes == 0 || r.DstBytes <= 1000
	}
	const flags = flow.SYN | flow.ACK | flow.FIN | flow.RST | flow.PSH
	if r.Has&flow.HasFlags != 0 && r.SrcFlags != 0 {
		return r.SrcFlags&flags == flow.SYN
	}
	return r.State == flow.StateEstablished && r.Has&flow.HasSrcPkts != 0 && r.SrcPkts == 1
}

// unasked reports whether an arrival is from a port of a service that can be
// made to send, and answers nothing.
func (w *watcher) unasked(a *arrival) bool {
	return a.flow.Proto == flow.UDP && w.reflects(a.from) && !w.reflects(a.port) && a.back|a.backBytes == 0
}

// countLoose reports whether a flow that is not TCP has no answer, or is one
// that nobody asked for.
func (w *watcher) countLoose(b *bucket, a *arrival, packets uint64) bool {
	r := a.flow
	if w.unasked(a) {
		b.answers++ // where it is not told whether there was a request, asked tells
		add(&b.answerPackets, packets)
		add(&b.answerBytes, within(a.bytes, r, minute))
		var hits uint32
		vote(&b.service, &b.serviceVotes, &hits, a.from)
		return true
	}
	echo := r.Proto == flow.ICMP || r.Proto == flow.ICMPv6 // an answer to it does no good
	if echo || r.Outcome.Failed() && !r.Reply {
		b.looseFlows++
		add(&b.loose, packets)
		return true
	}
	return false
}

func add(sum *uint64, v uint64) {
	s, carry := bits.Add64(*sum, v, 0)
	*sum = s | -carry
}

// A sample are flows that may become evidence.
type sample struct {
	flows   [12]flow.Record
	suspect [12]bool   // it failed, is loose, or an unasked answer
	weight  [12]uint32 // those that are heavier stay
	n       int
}

const (
	maxSamples = 2000        // of 1.8 KB each
	stale      = 20 * minute // after which any flow may replace one
)

// keep takes a flow as possible evidence.
func (w *watcher) keep(v *victim, r *flow.Record, suspect bool, weight uint32) {
	if v.sample == 0 {
		if n := len(w.free); n > 0 {
			v.sample, w.free = w.free[n-1], w.free[:n-1]
			w.samples[v.sample-1] = sample{}
		} else if len(w.samples) < maxSamples {
			w.samples = append(w.samples, sample{})
			v.sample = uint32(len(w.samples))
		} else {
			w.lostEvidence.N++
			return
		}
	}
	s := &w.samples[v.sample-1]
	at := s.n
	if s.n < len(s.flows) {
		s.n++
	} else {
		at = 0
		for i := range s.flows {
			if s.flows[i].Start < r.Start-stale {
				at = i
				break
			}
			if s.weight[i] < s.weight[at] {
				at = i
			}
		}
		if s.weight[at] > weight && s.flows[at].Start >= r.Start-stale {
			return
		}
	}
	s.flows[at], s.suspect[at], s.weight[at] = *r, suspect, weight
}
