package exfiltration

import (
	"math"
	"math/bits"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// What opened the flows of a pair.
const (
	pushed = iota // the inside did
	fetched
)

// A pair is what went between a host and an outside address, in flows that
// the same side opened. What every flow changes is in front; with what the
// table adds an entry takes three cache lines, of which a flow needs two.
type pair struct {
	up, down    uint64    // bytes of the upload at hand
	last, start flow.Time // likewise
	first       flow.Time // of all its flows
	day         flow.Time
	dayUp       uint64
	dayDown     uint64
	total       uint64 // bytes ever sent
	largest     uint64
	told        uint64 // up when it was last reported
	flows       uint32
	all         uint32     // flows since the first
	port        uint16     // of the largest flow
	proto       flow.Proto // likewise
	ftp         bool
	dripTold    uint16             // days when it was last reported
	severity    detectors.Severity // of the last report
	odd         uint64             // of up, what went to TCP ports that are not usual
	window      flow.Time          // start when it was first reported
	dripWindow  flow.Time          // first when slow-drip was first reported
	shown       exhibit.Case
	daily       exhibit.Case // the first flow of each day, for slow-drip
	sum         float32      // the CUSUM of slow-drip
	days        uint16       // with pushes that counted
	_           [24]byte
}

func (p *pair) drop(s *exhibit.Shelf) {
	s.Drop(p.shown)
	s.Drop(p.daily)
}

// users are the internal hosts that are in touch with an outside address: the
// first two, and whether there are more.
type users struct {
	a, b     flow.Host
	n        uint8  // held at popular
	newcomer bool   // first met after learning
	pairs    uint16 // bits for the hosts of which there may be a pair
}

// bit is the one of a host among 16.
func bit(h flow.Host) uint16 { return 1 << (uint32(h) * 0x9e3779b1 >> 28) }

// mayKnow is false where there is certainly no pair with the host.
func (u *users) mayKnow(h flow.Host) bool { return u.pairs&bit(h) != 0 }

// add reports whether the host is a new one.
func (u *users) add(h flow.Host) bool {
	switch {
	case u.a == h || u.b == h || u.n == popular:
		return false
	case u.n == 0:
		u.a = h
	case u.n == 1:
		u.b = h
	}
	u.n++
	return true
}

// producer is the producer-consumer ratio.
func producer(up, down uint64) float64 {
	a, b := float64(up), float64(down)
	if a+b == 0 {
		return 0
	}
	return (a - b) / (a + b)
}

func add(sum *uint64, v uint64) {
	s, carry := bits.Add64(*sum, v, 0)
	*sum = s | -carry
}

// pass takes a flow across the border. A pair is watched from its first push
// on: of all that browse, few are.
func (w *watcher) pass(r *flow.Record, way *passage) {
	k := way.pair
	h, _ := w.hosts.AtOf(way.host(), way.hostHash, r.Start)
	w.peers.work++
	w.meet(r, way, h)
	var p *pair
	if way.up > way.down && (k.Extra == pushed || h.clients < server) || way.port == 21 {
		if p = w.pairs.Touch(k, way.hash, r.Start); p == nil {
			p = w.pairs.Add(k, way.hash, r.Start)
			p.first, p.start, p.last, p.day = r.Start, r.Start, r.Start, r.Start.Floor(dayLong)
			way.users.pairs |= bit(k.Src)
		}
	} else if way.users.mayKnow(k.Src) {
		p = w.pairs.Find(k)
	}
	w.hour(h, p, r, way)
	if p != nil {
		w.add(r, k, p, h, way)
	}
}

// add adds a flow to its pair, and judges the pair.
func (w *watcher) add(r *flow.Record, k pairmap.Key, p *pair, h *host, way *passage) {
	if r.Start > p.last.Add(w.quiet) {
		w.endUpload(k, p)
		w.shelf.Drop(p.shown)
		p.start, p.up, p.down, p.odd, p.told, p.largest, p.flows = r.Start, 0, 0, 0, 0, 0, 0
		p.shown, p.severity = 0, 0
	}
	p.last, p.start, p.first = max(p.last, r.Start), min(p.start, r.Start), min(p.first, r.Start)
	add(&p.up, way.up)
	add(&p.down, way.down)
	add(&p.total, way.up)
	if p.all < math.MaxUint32 {
		p.flows++
		p.all++
	}
	if way.port == 21 {
		p.ftp = true
	}
	if r.Proto == flow.TCP && w.odd(r, way) {
		add(&p.odd, way.up)
	}
	if way.up >= p.largest {
		p.largest, p.port, p.proto = way.up, way.port, r.Proto
	}
	if p.total >= shown && producer(p.up, p.down) > 0 {
		p.shown = w.shelf.Add(p.shown, r)
	}
	if k.Extra == fetched {
		w.judgePulled(r, k, p, h)
		return
	}
	if r.Start >= p.day.Add(dayLong) {
		day := r.Start.Floor(dayLong)
		p.endDay(day, w.dripRate)
		if p.days > 0 && p.total >= shown {
			p.daily = w.shelf.Add(p.daily, r)
		}
		w.judgeDrip(r, k, p)
	}
	add(&p.dayUp, way.up)
	add(&p.dayDown, way.down)
	w.judgeUpload(r, k, p, h)
}

// odd reports whether a flow goes to a port that is not usual.
func (w *watcher) odd(r *flow.Record, way *passage) bool {
	return !w.usual[way.port] && (r.Proto == flow.TCP || r.Proto == flow.UDP) && !doubtful(r, way)
}

// doubtful reports whether the port of a flow may be that of the client: data
// of FTP in active mode, and flows of which nobody saw who began.
func doubtful(r *flow.Record, way *passage) bool {
	if r.SrcPort == 20 {
		return true
	}
	unseen := r.Orient >= flow.OrientPopularity || r.State == flow.StatePartial || r.State == flow.StateUnknown
	return unseen && way.port >= 1<<15
}

// meet takes note of who is in touch with whom.
func (w *watcher) meet(r *flow.Record, way *passage, h *host) {
	u := way.users
	if u.n == 0 {
		u.newcomer = way.learnt
	}
	switch known := !u.add(way.pair.Src); {
	case known:
	case way.pair.Extra == fetched:
		h.clients += min(1, math.MaxUint16-h.clients)
	case w.odd(r, way):
		h.oddPairs += min(1, math.MaxUint16-h.oddPairs)
	}
}

// judgeUpload asks whether what a destination has got is an upload to report:
// for the first time, or again when it has doubled or means more.
func (w *watcher) judgeUpload(r *flow.Record, k pairmap.Key, p *pair, h *host) {
	grown := p.told == 0 || p.up/2 >= p.told
	if float64(p.up) < w.push || !grown && p.severity > detectors.Low {
		return
	}
	a, ok := w.weigh(k, p, h)
	if !ok || !grown && a.severity <= p.severity {
		return
	}
	if p.told == 0 {
		h.tell(r.Start, p.up)
		p.window = p.start
	}
	p.severity = max(p.severity, a.severity)
	w.reportUpload(r, h, &a)
	p.told = p.up
}

// endUpload reports an upload that has been told for the last time, whole.
func (w *watcher) endUpload(k pairmap.Key, p *pair) {
	if p.told == 0 || p.up == p.told || k.Extra != pushed {
		return
	}
	h := w.hosts.Find(pairmap.Key{Src: k.Src})
	if h == nil {
		return
	}
	if a, ok := w.weigh(k, p, h); ok && a.severity == p.severity {
		w.reportUpload(nil, h, &a)
		p.told = p.up
	}
}

// weigh tells whether the upload at hand is one to report, and how it weighs.
func (w *watcher) weigh(k pairmap.Key, p *pair, h *host) (a upload, ok bool) {
	ratio := producer(p.up, p.down)
	if ratio < w.pcr {
		return a, false
	}
	u := w.users.At(k.Dst)
	alone := u.n <= 1
	odd := p.odd > p.up/2 && !p.ftp && h.oddPairs < w.swarm
	a = upload{pair: p, key: k, ratio: ratio, alone: alone, odd: odd, newcomer: u.newcomer, severity: detectors.Low}
	a.confidence, a.limit = 0.3, w.volume
	switch {
	case alone && odd:
		a.severity, a.confidence, a.limit = detectors.Medium, 0.6, w.push
	case u.n == popular:
		a.confidence, a.limit = 0.2, popularVolume*w.volume
	case !alone:
		a.confidence = 0.2
	}
	return a, float64(p.up) >= a.limit
}

// popular is how many internal hosts make a destination one of the whole
// network, which takes so many times the volume.
const (
	popular       = 3
	popularVolume = 10
)

// judgePulled asks whether an outside client fetched too much from a host
// that hardly anybody else asks.
func (w *watcher) judgePulled(r *flow.Record, k pairmap.Key, p *pair, h *host) {
	if float64(p.up) < w.volume || p.told > 0 && p.up/2 < p.told {
		return
	}
	ratio := producer(p.up, p.down)
	if ratio < w.pcr || h.clients >= server {
		return
	}
	if p.told == 0 {
		p.window = p.start
	}
	p.told = p.up
	w.reportPulled(r, k, p, ratio, h.clients)
}

// server is the number of outside clients that make a host a server.
const server = 5

// The CUSUM of slow-drip: for each day S = max(0, S + min(x, 2) − 0.5), where
// x is what was pushed in units of the drip rate. No day counts for more than
// 1.5, so that four are the least that reach beyond 5.
const (
	dripCap   = 2
	dripSlack = 0.5
	dripLimit = 5
	dripRatio = 0.8 // least producer-consumer ratio of a day that counts
)

// endDay adds the day at hand to the sum, and goes to another day. Days
// between the two without a flow lower it.
func (p *pair) endDay(day flow.Time, rate float64) {
	x := 0.0
	if producer(p.dayUp, p.dayDown) >= dripRatio {
		x = math.Min(float64(p.dayUp)/rate, dripCap)
	}
	if x > dripSlack && p.days < math.MaxUint16 {
		p.days++
	}
	between := math.Max(0, float64(day/dayLong)-float64(p.day/dayLong)-1)
	p.sum = float32(math.Max(0, math.Max(0, float64(p.sum)+x-dripSlack)-dripSlack*between))
	p.day, p.dayUp, p.dayDown = day, 0, 0
}

// judgeDrip asks whether a destination has got a little on too many days.
// What upload reported is not reported again.
func (w *watcher) judgeDrip(r *flow.Record, k pairmap.Key, p *pair) {
	if p.sum <= dripLimit || p.told > 0 || p.dripTold > 0 && p.days < 2*p.dripTold || w.users.At(k.Dst).n > 1 {
		return
	}
	if p.dripTold == 0 {
		p.dripWindow = p.first
	}
	p.dripTold = p.days
	w.reportDrip(r, k, p)
}
