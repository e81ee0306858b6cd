package dnstunnel

import (
	"math"
	"time"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// Floods watches the clients that ask much, minute by minute. A minute is
// judged once the watermark is past it, so that the connections that followed
// the questions have been seen, in whatever order they were logged.
type floods struct {
	window  int64 // minutes
	ring    int64 // minutes remembered
	minimum int   // questions within the window
	ratio   float64
	all     []flood
	free    []uint32
	n       int // in use
	asking  hostmap.Bits
	net     []netMinute // of all hosts together
	judged  int64
	begun   bool
	minute  int64     // that of the last flow asked for
	since   flow.Time // when it began
	place   int       // its place in a ring
	limit   int
	lost    *detectors.Counter
	excused *detectors.Counter
}

// A netMinute holds the outside hosts that anybody turned to in a minute.
type netMinute struct {
	minute int64
	peers  [64]uint64
}

// A bin is a minute of one client.
type bin struct {
	minute          int64
	questions       uint32
	known, answered uint32
	peers           [8]uint64 // outside hosts turned to for something else
}

// A flood is a client that asks much.
type flood struct {
	host          flow.Host
	addr          flow.Addr
	known         flow.Time // since when the client is
	first, last   flow.Time
	bins          []bin
	users         uint64 // hosts that turn to the client, by hash
	busy, windows int    // past windows with a flood, and all
	said          int
	total         uint64
	peak          peak
	from          flow.Time
	flooded       int64 // the last minute with a flood
	shown         exhibit.Case
}

func (f *floods) init(env *detectors.Env) {
	window := env.Duration("window", 10*time.Minute, "questions are counted over so much time, in whole minutes")
	if window < minute || window > 6*hour {
		env.Reject("window", "must lie between 1m and 6h")
		window = 10 * minute
	}
	f.window = int64(window / minute)
	f.ring = f.window + int64(min(env.Lateness(), 12*hour)/minute) + 3
	f.minimum = positive(env, "min-questions", env.Int("min-questions", 500, "flows to port 53 within the window that query-flood needs"))
	f.ratio = env.Float("min-ratio", 25, "questions for each outside host turned to within the window that query-flood needs")
	if !(f.ratio > 0) {
		env.Reject("min-ratio", "must be positive")
	}
	f.limit = positive(env, "max-busy-clients", env.Int("max-busy-clients", 2000, "clients with many questions that are watched at once, 3 KB each"))
	f.lost = env.Counter("busy-clients-not-watched", "questions of clients that found no room in max-busy-clients")
	f.excused = env.Tally("floods-of-servers", "minutes with a flood of questions by resolvers, mail servers, others that serve several hosts, and hosts that always ask as much, passed over")
}

// count takes a question of a client.
func (w *watcher) count(c *client, r *flow.Record, outcome flow.Outcome) {
	f := &w.floods
	if c.flood == 0 {
		if r.Start >= c.begin.Add(flow.Time(f.window)*minute) {
			c.begin, c.n = r.Start, 0
		}
		c.n++
		if int(c.n) <= f.minimum/10 || w.exempt.Contains(r.Src) || !w.heat(c, r) {
			return
		}
	}
	fl := &f.all[c.flood-1]
	fl.last = max(fl.last, r.Start)
	fl.total++
	fl.shown = w.shelf.Add(fl.shown, r)
	b := fl.bin(f.when(r.Start))
	if b == nil {
		return
	}
	b.questions++
	if outcome != flow.OutcomeUnknown {
		b.known++
	}
	if outcome == flow.Answered {
		b.answered++
	}
}

// heat begins to watch a client closely.
func (w *watcher) heat(c *client, r *flow.Record) bool {
	f := &w.floods
	switch n := len(f.free); {
	case n > 0:
		c.flood, f.free = f.free[n-1], f.free[:n-1]
	case len(f.all) < f.limit:
		f.all = append(f.all, flood{})
		c.flood = uint32(len(f.all))
	default:
		f.lost.N++
		return false
	}
	if f.net == nil {
		f.net = make([]netMinute, f.ring)
		for i := range f.net {
			f.net[i].minute = math.MinInt64
		}
	}
	fl := &f.all[c.flood-1]
	*fl = flood{host: r.SrcHost, addr: r.Src, known: c.first, first: c.begin, last: r.Start, from: c.begin, total: uint64(c.n - 1), bins: fl.bins}
	if fl.bins == nil {
		fl.bins = make([]bin, f.ring)
	}
	clear(fl.bins)
	if b := fl.bin(f.when(c.begin)); b != nil { // they came between then and now
		b.questions = c.n - 1
	}
	f.n++
	f.asking.Set(r.SrcHost)
	return true
}

// cool ends the watch over a client.
func (w *watcher) cool(c *client) {
	if c.flood == 0 {
		return
	}
	f := &w.floods
	fl := &f.all[c.flood-1]
	w.tell(fl)
	f.asking.Unset(fl.host)
	w.shelf.Drop(fl.shown)
	*fl = flood{bins: fl.bins}
	f.free = append(f.free, c.flood)
	f.n--
	c.flood, c.n = 0, 0
}

// slot is the place of a minute in a ring.
func slot(m int64, n int) int {
	place := int(m % int64(n))
	if place < 0 {
		place += n
	}
	return place
}

func minuteOf(t flow.Time) int64 { return int64(t.Floor(minute) / minute) }

// when is the minute of a time, and its place in the rings.
func (f *floods) when(t flow.Time) (m int64, place int) {
	if uint64(t-f.since) >= uint64(minute) {
		f.since = t.Floor(minute)
		f.minute = int64(f.since / minute)
		f.place = slot(f.minute, int(f.ring))
	}
	return f.minute, f.place
}

// bin is the bin of a minute, or nil if it is over. A minute that is not in
// the ring takes the place of the oldest.
func (f *flood) bin(m int64, place int) *bin {
	b := &f.bins[place]
	if b.minute == m {
		return b
	}
	empty := b.questions == 0 && b.peers == [8]uint64{}
	switch {
	case empty || b.minute < m:
		*b = bin{minute: m}
	case b.minute > m:
		return nil
	}
	return b
}

// other takes a flow that is not about names.
func (w *watcher) other(r *flow.Record) {
	f := &w.floods
	if f.n > 0 && f.asking.Has(r.DstHost) && r.Proto == flow.TCP && !r.Reply && r.Outcome == flow.Answered {
		if c := w.clients.Find(pairmap.Key{Src: r.DstHost}); c != nil && c.flood > 0 {
			f.all[c.flood-1].users |= 1 << (uint32(r.SrcHost) * 0x9e3779b1 >> 26)
		}
	}
	if !r.DstKind.External() || r.Reply {
		return
	}
	if w.nOthers < len(w.others) {
		w.see(r.DstHost)
	}
	if f.n == 0 {
		return
	}
	h := uint32(r.DstHost) * 0x9e3779b1
	m, place := f.when(r.Start)
	n := &f.net[place]
	if n.minute < m {
		*n = netMinute{minute: m}
	}
	if n.minute == m {
		n.peers[h>>26] |= 1 << (h >> 20 & 63)
	}
	if !f.asking.Has(r.SrcHost) {
		return
	}
	if c := w.clients.Find(pairmap.Key{Src: r.SrcHost}); c != nil && c.flood > 0 {
		if b := f.all[c.flood-1].bin(m, place); b != nil {
			b.peers[h>>29] |= 1 << (h >> 23 & 63)
		}
	}
}

// see remembers an outside host, of the first few.
func (w *watcher) see(h flow.Host) {
	for _, o := range w.others[:w.nOthers] {
		if o == h {
			return
		}
	}
	w.others[w.nOthers] = h
	w.nOthers++
}
