package trace

import (
	"math/bits"
	"time"
)

// Day is the day on which every trace begins.
var Day = time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)

// Options vary a trace. The zero value is the usual one.
type Options struct {
	// Start is the time of the first flow; zero means midnight of Day.
	Start time.Time
	// Span is the event time covered. Zero means the span that gives the
	// usual rate of 10 million flows a day, and at least an hour.
	Span time.Duration
	// Strangers is how many rows of a thousand come on top from addresses
	// that are hardly ever seen twice, for tests with very many hosts.
	Strangers int
}

// DefaultSpan is the span at the usual rate of 10 million flows a day.
func DefaultSpan(n int) time.Duration {
	return max(time.Hour, time.Duration(int64(n)*int64(24*time.Hour/time.Microsecond)/10_000_000)*time.Microsecond)
}

// A Generator hands out the flows of a trace.
type Generator struct {
	dice
	clock   *clock
	end     int64 // of the trace, µs since 1970
	left    int   // rows to come, of both kinds
	plain   int   // those among them that the background supplies
	next    int64
	fill    func(*Flow) // makes a background flow, all but its time
	late    int         // rows of a thousand that were logged late
	ends    [3]pick     // how flows stand, by protocol: a choice of State
	scripts []script
	due     int // the script that comes next, or -1
}

// A script is an incident: a known number of flows at a known pace.
type script struct {
	at     int64 // time of the next flow, µs since 1970
	gap    int64 // µs between flows
	jitter int   // deviation of each gap, in thousandths of it
	rows   int
	done   int
	fill   func(i int, f *Flow) // makes flow i, all but its time
}

// start sets the generator going once its scripts are written: what they do
// not use of n rows is background.
func (g *Generator) start(n int, span time.Duration, start time.Time, load [24]int) {
	g.left, g.plain = n, n
	for _, s := range g.scripts {
		g.plain -= s.rows
	}
	g.plain = max(g.plain, 0)
	g.clock = newClock(start, span, max(g.plain, 1), load)
	g.next = g.clock.next()
	g.choose()
}

// choose finds the script whose next flow comes first.
func (g *Generator) choose() {
	g.due = -1
	for i := range g.scripts {
		s := &g.scripts[i]
		if s.done < s.rows && (g.due < 0 || s.at < g.scripts[g.due].at) {
			g.due = i
		}
	}
}

// Next stores the next flow in f. It reports false when the trace has ended.
func (g *Generator) Next(f *Flow) bool {
	if g.left == 0 {
		return false
	}
	g.left--
	if g.due >= 0 && (g.plain == 0 || g.scripts[g.due].at <= g.next) {
		s := &g.scripts[g.due]
		s.fill(s.done, f)
		f.Time = s.at
		s.done++
		s.at += s.gap
		if j := int(s.gap * int64(s.jitter) / 1000); j > 0 {
			s.at += int64(g.between(-j, j))
		}
		g.choose()
		return true
	}
	g.plain--
	g.fill(f)
	f.Time = g.next
	if g.chance(g.late) {
		f.Time -= int64(g.below(int(4 * second)))
	}
	g.next = g.clock.next()
	return true
}

// muldiv is a·b/c without overflow; the quotient must fit.
func muldiv(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(q)
}

// add writes a script. What lies beyond the end of the trace is left out.
func (g *Generator) add(at, gap int64, jitter, rows int, fill func(i int, f *Flow)) {
	if at >= g.end {
		return
	}
	if gap > 0 { // jitter may add up: leave it some room
		rows = min(rows, int((g.end-at)*99/100/gap))
	}
	g.scripts = append(g.scripts, script{at: at, gap: gap, jitter: jitter, rows: rows, fill: fill})
}

// ephemeral is a port that a caller might have.
func (g *Generator) ephemeral() uint16 { return uint16(g.between(32768, 60999)) }

// answer decides how a connection went and how many bytes it moved, as size
// understands them.
func (g *Generator) answer(f *Flow, up, upSpread, down, downSpread int) {
	f.SrcBytes, f.DstBytes = g.size(up, upSpread), g.size(down, downSpread)
	f.State = State(g.ends[f.Proto].draw(g.dice))
	switch {
	case f.State == Connecting:
		f.SrcBytes, f.DstBytes = 0, 0
	case f.State == Reset && g.chance(300):
		f.DstBytes = 0
	}
}
