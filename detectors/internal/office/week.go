package office

import (
	"cmp"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"seine/flow"
)

// Options vary the week. The zero value is not useful.
type Options struct {
	Seed      uint64
	Days      int // from a Monday on
	People    int
	Incidents bool // plant them
	// Zeek logs flows at their end, with payload bytes and the names of
	// services. Otherwise flows are logged in the order of their starts, with
	// the bytes of whole packets, and UDP has no state.
	Zeek    bool
	Symbols *flow.Symbols // of the run
}

// Times are seconds since Monday midnight here, and become flow times when a
// flow is written.
const (
	minute = 60.0
	hour   = 3600.0
	day    = 86400.0

	monday = flow.Time(1773014400e9) // 2026-03-09 00:00 UTC
)

// A Week is the traffic of an office, a [flow.Reader].
type Week struct {
	Options
	*rand.Rand
	sites     []flow.Addr // of the web, by rank
	resolvers []flow.Addr // name servers of the world
	people    []person
	incidents []*Incident

	today    int
	rows     []entry // made and not logged before today
	order    []place // of those that are logged today
	at       int     // what of order has been handed on
	row      uint64
	services map[string]flow.Symbol
}

// An entry is a flow and when it is logged.
type entry struct {
	logged flow.Time
	flow.Record
}

// A place is where a flow stands in rows, and when it is logged.
type place struct {
	logged flow.Time
	row    int
}

// New invents a week.
func New(o Options) *Week {
	w := &Week{Options: o, Rand: rand.New(rand.NewPCG(o.Seed, 0x0ff1ce)), today: -1, services: map[string]flow.Symbol{}}
	for range 4000 {
		w.sites = append(w.sites, w.world())
	}
	for range 2500 {
		w.resolvers = append(w.resolvers, w.world())
	}
	for i := range o.People {
		w.people = append(w.people, w.person(i))
	}
	if o.Incidents {
		w.plan()
	}
	return w
}

// Fields are what the flows carry.
func (w *Week) Fields() flow.Fields {
	all := flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort |
		flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasFlags | flow.HasICMP
	if w.Zeek {
		all |= flow.HasService
	}
	return all
}

// Format reads the week from a source, whatever the source says.
func (w *Week) Format() *flow.Format {
	return &flow.Format{
		Name: "office", Title: "a week of an office", Fields: w.Fields(),
		Match: func([]byte) (int, string) { return 100, "" },
		Open: func(src *flow.Source) (flow.Reader, error) {
			src.Fields = w.Fields()
			return w, nil
		},
	}
}

// Read implements [flow.Reader].
func (w *Week) Read(dst []flow.Record) (int, error) {
	for w.at == len(w.order) {
		if w.today++; w.today > w.Days || w.today == w.Days && len(w.rows) == len(w.order) {
			return 0, io.EOF
		}
		w.begin()
	}
	n := min(len(dst), len(w.order)-w.at)
	for i := range dst[:n] {
		w.row++
		dst[i] = w.rows[w.order[w.at+i].row].Record
		dst[i].Row = w.row
	}
	w.at += n
	return n, nil
}

// begin makes the flows of today and puts those in order that are logged
// before tomorrow. What is left of a last day is logged after it.
func (w *Week) begin() {
	tomorrow, left := clock(float64(w.today+1)*day), 0
	for _, e := range w.rows {
		if e.logged >= clock(float64(w.today)*day) {
			w.rows[left] = e
			left++
		}
	}
	w.rows = w.rows[:left]
	if w.today < w.Days {
		w.live(w.today)
	} else {
		tomorrow = flow.MaxTime
	}
	w.order, w.at = w.order[:0], 0
	for i := range w.rows {
		if w.rows[i].logged < tomorrow {
			w.order = append(w.order, place{w.rows[i].logged, i})
		}
	}
	slices.SortFunc(w.order, func(a, b place) int { return cmp.Or(cmp.Compare(a.logged, b.logged), cmp.Compare(a.row, b.row)) })
}

// live makes the flows of a day.
func (w *Week) live(d int) {
	from := float64(d) * day
	for i := range w.people {
		w.work(&w.people[i], from)
	}
	w.servers(from)
	w.things(from)
	w.visitors(from)
	w.noise(from)
	for _, in := range w.incidents {
		in.play(from)
	}
}

// clock turns seconds of the week into event time.
func clock(t float64) flow.Time { return monday + flow.Time(t*1e9) }

// around draws from a log-normal distribution.
func (w *Week) around(median, sigma float64) float64 {
	return median * math.Exp(sigma*w.NormFloat64())
}

// between draws evenly.
func (w *Week) between(lo, hi float64) float64 { return lo + (hi-lo)*w.Float64() }

// chance is true with probability p.
func (w *Week) chance(p float64) bool { return w.Float64() < p }

// every calls f by the clock of a program: from a moment of its own within the
// first period, with a spread of the gaps around it.
func (w *Week) every(from, span, period, spread float64, f func(t float64)) {
	for t := from + w.Float64()*period; t < from+span; t += period * max(0.05, 1+spread*w.NormFloat64()) {
		f(t)
	}
}

// rarely calls f at independent moments, n times in the mean.
func (w *Week) rarely(from, span, n float64, f func(t float64)) {
	for t := from + w.ExpFloat64()*span/n; t < from+span; t += w.ExpFloat64() * span / n {
		f(t)
	}
}

// site is an address of the web: few are called by all, many by few.
func (w *Week) site() flow.Addr {
	return w.sites[int(math.Exp(w.Float64()*math.Log(float64(len(w.sites)))))-1]
}

// world is any address out there that no documentation range holds.
func (w *Week) world() flow.Addr {
	for {
		v := w.Uint32()
		switch top := v >> 24; {
		case top == 0, top == 10, top == 100, top == 127, top == 169, top == 172, top == 192, top == 198, top == 203, top >= 224:
		default:
			return flow.AddrFrom4(v)
		}
	}
}
