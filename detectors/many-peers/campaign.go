package manypeers

import (
	"math"
	"math/bits"

	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/portset"
	"seine/flow"
)

// A seed is a source that has turned to a few outside peers on high ports.
// The one after the last of few makes a campaign of it.
type seed struct {
	begin    flow.Time
	campaign uint32 // place among the campaigns plus 1, or 0
	n        uint8
	few      [7]struct {
		host flow.Host
		port uint16
	}
}

// A peer is what is known of a source and one of its peers.
type peer struct {
	last   flow.Time
	window uint32 // the last one in which they met
	flags  uint8  // in that window
}

const (
	peerAnswered = 1 << iota
	peerSamePort
	peerUDP
)

// A campaign is what a source with many peers does. The counts are those of
// its window, the times for the timer go back further.
type campaign struct {
	host        flow.Host
	addr        flow.Addr
	first, last flow.Time
	begin       flow.Time // of the window
	window      uint32    // its number

	flows, bytes             uint64 // of the whole campaign
	peers, answered          int
	samePort, udp, knownPort int
	nets                     [8]uint64 // networks of peers, by hash
	ports                    portset.Set
	localPort                uint16 // that of most flows over UDP, by majority vote
	votes, localFlows        int
	udpFlows                 int
	called                   int // flows from outside to localPort

	times   []flow.Time // when it turned to anybody, small flows only
	sizes   []uint32    // what it sent, bytes per packet where that is known
	repeats []flow.Time // gaps between two turns to the same peer
	fresh   int         // times and repeats since the timer was judged

	p2pSaid   int       // peers when p2p was last told
	timerSaid int       // peers or calls, likewise
	p2pFrom   flow.Time // the windows of the findings
	timerFrom flow.Time
	shown     exhibit.Case
}

// maxTimes bounds the times that are kept for the timer.
const maxTimes = 1024

// grows takes the flow of a source without a campaign, and makes one once it
// has turned to enough peers.
func (w *watcher) grows(s *seed, r *flow.Record) bool {
	if s.n == 0 || r.Start >= s.begin.Add(w.window) {
		s.begin, s.n = r.Start, 0
	}
	for i := range s.few[:s.n] {
		if s.few[i].host == r.DstHost {
			return false
		}
	}
	if int(s.n) < len(s.few) {
		s.few[s.n].host, s.few[s.n].port = r.DstHost, r.DstPort
		s.n++
		return false
	}
	var at uint32
	switch n := len(w.free); {
	case n > 0:
		at, w.free = w.free[n-1], w.free[:n-1]
	case len(w.campaigns) < w.limit:
		w.campaigns = append(w.campaigns, campaign{})
		at = uint32(len(w.campaigns))
	default:
		w.unwatched.N++
		return false
	}
	s.campaign = at
	c := &w.campaigns[at-1]
	*c = campaign{
		host: r.SrcHost, addr: r.Src, first: s.begin, last: r.Start, begin: s.begin, window: 1,
		times: c.times[:0], sizes: c.sizes[:0], repeats: c.repeats[:0],
	}
	w.watched.Set(r.SrcHost)
	for _, p := range s.few {
		known, _ := w.peers.At(pairmap.Pair(r.SrcHost, p.host), s.begin)
		*known = peer{last: s.begin, window: c.window}
		a := w.env.Addr(p.host)
		c.meet(&a, p.port)
	}
	return true
}

// end drops a campaign.
func (w *watcher) end(s *seed) {
	if s.campaign == 0 {
		return
	}
	c := &w.campaigns[s.campaign-1]
	w.watched.Unset(c.host)
	w.shelf.Drop(c.shown)
	*c = campaign{times: c.times[:0], sizes: c.sizes[:0], repeats: c.repeats[:0]}
	w.free = append(w.free, s.campaign)
	s.campaign, s.n = 0, 0
}

// meet counts a peer that is new in the window.
func (c *campaign) meet(a *flow.Addr, port uint16) {
	c.peers++
	c.ports.Add(port)
	if p2pPort(port) {
		c.knownPort++
	}
	// The network is a /16, or a /32 of IPv6.
	h := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	if a.Is4() {
		h = a.Uint32() >> 16
	}
	h = h * 0x9e3779b1 >> 23
	c.nets[h>>6] |= 1 << (h & 63)
}

// lose takes back the count of a peer that is forgotten.
func (c *campaign) lose(p *peer) {
	if p.window != c.window {
		return
	}
	c.peers--
	if p.flags&peerAnswered != 0 {
		c.answered--
	}
	if p.flags&peerSamePort != 0 {
		c.samePort--
	}
	if p.flags&peerUDP != 0 {
		c.udp--
	}
}

// networks estimates how many networks the peers are in (linear counting,
// Whang and others 1990).
func (c *campaign) networks() int {
	set := 0
	for _, b := range c.nets {
		set += bits.OnesCount64(b)
	}
	const size = float64(len(c.nets) * 64)
	return min(c.peers, int(math.Round(size*math.Log(size/max(size-float64(set), 0.5)))))
}

// contact takes a flow of a source with many peers.
func (w *watcher) contact(c *campaign, r *flow.Record) {
	if r.Start >= c.begin.Add(w.window) {
		w.judge(c, r, true)
		if r.Start >= c.last.Add(w.window) { // another campaign
			c.times, c.sizes, c.repeats = c.times[:0], c.sizes[:0], c.repeats[:0]
			c.p2pSaid, c.timerSaid, c.first, c.bytes, c.flows = 0, 0, r.Start, 0, 0
		}
		c.turn(r.Start)
	}
	c.last = max(c.last, r.Start)
	c.first = min(c.first, r.Start)
	c.flows++
	c.bytes += min(r.Bytes(), 1<<40)
	c.shown = w.shelf.Add(c.shown, r)
	p, isNew := w.peers.At(pairmap.Pair(r.SrcHost, r.DstHost), r.Start)
	const sizes = flow.HasSrcBytes
	small := r.Has&sizes != 0 && r.Bytes() <= 4096 && (r.Has&flow.HasDuration == 0 || r.Duration < flow.Time(30e9))
	if small {
		c.note(r, p, isNew)
	}
	p.last = max(p.last, r.Start)
	if isNew {
		p.last = r.Start
	}
	if isNew || p.window != c.window {
		p.window, p.flags = c.window, 0
		c.meet(&r.Dst, r.DstPort)
		if r.Proto == flow.UDP {
			p.flags |= peerUDP
			c.udp++
		}
	}
	if p.flags&peerAnswered == 0 && r.Outcome == flow.Answered {
		p.flags |= peerAnswered
		c.answered++
	}
	if r.Has&flow.HasSrcPort != 0 {
		if p.flags&peerSamePort == 0 && r.SrcPort == r.DstPort {
			p.flags |= peerSamePort
			c.samePort++
		}
		if r.Proto == flow.UDP {
			c.vote(r.SrcPort)
		}
	}
	w.judge(c, r, false)
}

// turn begins a window.
func (c *campaign) turn(now flow.Time) {
	c.begin = now
	c.window++
	c.called = 0
	c.peers, c.answered, c.samePort, c.udp, c.knownPort = 0, 0, 0, 0, 0
	c.nets, c.ports = [8]uint64{}, portset.Set{}
	c.votes, c.localFlows, c.udpFlows = 0, 0, 0
}

// note keeps the time of a small flow.
func (c *campaign) note(r *flow.Record, p *peer, isNew bool) {
	if len(c.times) == maxTimes { // the later half stays
		c.times = append(c.times[:0], c.times[maxTimes/2:]...)
		c.sizes = append(c.sizes[:0], c.sizes[maxTimes/2:]...)
	}
	size := r.SrcBytes
	if r.Has&flow.HasSrcPkts != 0 && r.SrcPkts > 1 {
		size /= r.SrcPkts
	}
	c.times = append(c.times, r.Start)
	c.sizes = append(c.sizes, uint32(size))
	c.fresh++
	if !isNew && p.last < r.Start {
		if len(c.repeats) == maxTimes {
			c.repeats = append(c.repeats[:0], c.repeats[maxTimes/2:]...)
		}
		c.repeats = append(c.repeats, r.Start-p.last)
	}
}

// vote finds the local port of most flows (Boyer and Moore's majority vote)
// and counts, from when it led, how many had it.
func (c *campaign) vote(port uint16) {
	c.udpFlows++
	switch {
	case port == c.localPort && c.votes > 0:
		c.votes++
		c.localFlows++
	case c.votes == 0:
		c.localPort, c.votes, c.localFlows = port, 1, 1
	default:
		c.votes--
	}
}

// local is the share of the flows over UDP that left from one port, at least.
func (c *campaign) local() float64 {
	return float64(c.localFlows) / float64(max(c.udpFlows, 1))
}

// calledBy takes a flow from outside to the source itself.
func (c *campaign) calledBy(r *flow.Record) {
	if c.udpFlows > 0 && r.DstPort == c.localPort && !r.Reply {
		c.called++
	}
}

// p2pPort reports whether a port is one at which programs of peer-to-peer
// networks listen by default.
func p2pPort(p uint16) bool {
	switch p {
	case 4661, 4662, 4665, 4672, 8999, 49001, 50321, 51413:
		return true
	}
	return p >= 6881 && p <= 6999
}

// grown reports whether a finding is to be told: at first sight, then each
// time that it has doubled.
func grown(now, said int) bool {
	return said == 0 || now >= 2*said
}

func share(n, of int) float64 {
	return float64(n) / float64(max(of, 1))
}

func percent(x float64) int { return int(math.Round(100 * x)) }
