package beacon

import (
	"math"

	"seine/detectors/internal/stat"
)

// A way is a test that finds calls regular.
type way uint8

const (
	byGaps    way = iota // all gaps are alike
	bySegment            // those of a part are: the period changed
	byFold               // they are multiples of one: calls were missed
	bySteps              // each is like the one before: the period drifts
)

func (w way) String() string { return [...]string{"gaps", "segment", "folded gaps", "steps"}[w] }

// A verdict is how regular a series of calls is, and in what way.
type verdict struct {
	logP float64 // natural logarithm of the probability by chance, all tests of the series counted
	way  way
	fast bool // found in the view that leaves calls within seconds apart

	first    int       // the first of the gaps, counted in their span
	from, to int       // the calls that it is about are times[from:to]
	calls    int       // among them, pieces of bursts counted once
	gaps     []float64 // between those, in seconds
	period   float64   // seconds: their median, or what they are multiples of
	jitter   float64   // MAD of the gaps (folded to one period) over the period
	shape    float64   // mean²/variance of the gaps of a gamma distribution
	fold     float64   // −1…1: how well the gaps are multiples of the period
	steps    float64   // 0…1: share of gaps that are like the one before
	missed   float64   // 0…1: share of the calls that would have been
}

const (
	minGaps = 3 // fewer tell nothing
	minPart = 5 // the same for a part of a series, and for folding

	burst      = 2.0  // s: starts closer than this are one call
	burstShare = 0.01 // or than this share of the period
	fastBurst  = 0.05 // s: the same in the fast view
	fastPeriod = 4.0  // s: the fast view is for shorter periods

	idle      = 6 * 3600.0 // s: a longer gap, if it is also
	idleTimes = 20.0       // so many periods long, ends a span of activity
)

// regularity judges calls at times: seconds, ascending, from a clock of at
// least this step. It is a pure function of them.
func regularity(times []float64, step float64) verdict { return new(bench).regularity(times, step) }

// regularity is the function of that name. What it returns is good until the
// next series.
func (b *bench) regularity(times []float64, step float64) verdict {
	best := verdict{shape: 1}
	if len(times) <= minGaps {
		return best
	}
	step = max(step, clockStep(times))
	v := &b.views[0]
	b.look(v, times, burst)
	if len(v.gaps) > 0 {
		width := burstShare * stat.Quantile(v.sorted, 0.5)
		if width > burst {
			b.widen(v, times, width)
		}
		b.consider(&best, times, v, max(width, burst), step, false)
	}
	if step == 0 && mostlyFast(times) {
		v := &b.views[1]
		b.look(v, times, fastBurst)
		if len(v.gaps) > 0 && stat.Quantile(v.sorted, 0.5) < fastPeriod {
			b.consider(&best, times, v, fastBurst, step, true)
		}
	}
	return best
}

// mostlyFast reports whether the median of the gaps in the fast view may be
// below fastPeriod.
func mostlyFast(times []float64) bool {
	fast, slow := 0, 0
	for i := 1; i < len(times); i++ {
		switch g := times[i] - times[i-1]; {
		case g >= 2*fastPeriod: // of one below and one above, the mean counts
			slow++
		case g >= fastBurst:
			fast++
		}
	}
	return fast >= slow
}

// clockStep is the resolution of the times: 1 for whole seconds, 0 for less.
func clockStep(times []float64) float64 {
	for _, t := range times {
		if t != math.Floor(t) {
			return 0
		}
	}
	return 1
}

// An event is one call, of several starts within a burst: times[from:to].
type event struct{ from, to int }

// collapse appends one event for starts that follow each other within width.
func collapse(events []event, times []float64, width float64) []event {
	for i, t := range times {
		if i > 0 && t-times[i-1] < width {
			events[len(events)-1].to = i + 1
			continue
		}
		events = append(events, event{i, i + 1})
	}
	return events
}

// consider judges a view of the calls, span by span, and keeps what is more
// regular than what was found before. Every span and view tried pays for
// itself (Bonferroni).
func (b *bench) consider(best *verdict, times []float64, view *view, width, step float64, fast bool) {
	gaps := view.gaps
	if len(gaps) < minGaps {
		return
	}
	limit := max(idle, idleTimes*stat.Quantile(view.sorted, 0.5))
	whole := view.sorted[len(gaps)-1] <= limit
	var spans [][2]int
	if whole {
		spans = [][2]int{{0, len(gaps)}}
	} else {
		from := 0
		for i := 0; i <= len(gaps); i++ {
			if i == len(gaps) || gaps[i] > limit {
				if i-from >= minGaps {
					spans = append(spans, [2]int{from, i})
				}
				from = i + 1
			}
		}
	}
	price := math.Log(float64(len(spans)))
	if fast {
		price += math.Log(2)
	}
	for _, s := range spans {
		events, gaps := view.events[s[0]:s[1]+1], gaps[s[0]:s[1]]
		sorted := view.sorted
		if !whole {
			b.sorted = b.ascending(b.sorted[:0], gaps)
			sorted = b.sorted
		}
		v, period := b.judgeSpan(times, events, gaps, sorted, width, step, price)
		if v.logP < best.logP {
			if v.logP <= b.worth {
				b.measure(&v, b.excess[v.first:v.first+len(v.gaps)], period)
			}
			v.fast = fast
			*best = v
		}
	}
}

// judgeSpan judges a span of activity, which costs price; period is that of
// the folded gaps.
func (b *bench) judgeSpan(times []float64, events []event, gaps, sorted []float64, width, step, price float64) (v verdict, period float64) {
	worth := b.worth - price
	excess := b.excesses(times, events, gaps, sorted, width, step)
	long := b.longest(excess)
	b.tables(len(excess))
	n, sum, logs, total := 0.0, 0.0, 0.0, 0.0
	for i, g := range excess {
		l := math.Log(g)
		total += l
		b.sums[i+1], b.squares[i+1], b.shares[i+1] = total, b.squares[i]+l*l, b.shares[i]+g
		if g <= long {
			n, sum, logs = n+1, sum+g, logs+l
		}
	}
	best := candidate{logP: moran(n, sum, logs, worth-gapsPrice) + gapsPrice, way: byGaps, to: len(gaps)}
	if p := b.thinned(excess, b.shares[len(excess)], total) + gapsPrice; p < best.logP {
		best.logP = p
	}
	steps, stepsP := alike(excess)
	if stepsP += otherPrice; stepsP < best.logP {
		best = candidate{logP: stepsP, way: bySteps, to: len(gaps)}
	}
	if c := b.segments(len(excess), min(worth, best.logP)-otherPrice); c.logP+otherPrice < best.logP {
		best = c
		best.logP += otherPrice
	}
	period, fold, foldP := b.folded(sorted, max(20*step, 10*width), min(worth, best.logP)-otherPrice)
	if foldP += otherPrice; foldP < best.logP {
		best = candidate{logP: foldP, way: byFold, to: len(gaps)}
	}
	return verdict{
		logP: min(0, best.logP+price), way: best.way, gaps: gaps[best.from:best.to], first: best.from, steps: steps, fold: max(0, fold),
		from: events[best.from].from, to: events[best.to].to, calls: best.to - best.from + 1,
	}, period
}

// longest is the longest gap that is no pause: by chance one in a million is
// longer.
func (b *bench) longest(excess []float64) float64 {
	// Where more than half reach a twentieth of the greatest, so does their
	// median, and none is too long.
	most := 0.0
	for _, g := range excess {
		if g > most {
			most = g
		}
	}
	reach := most / idleTimes * (1 + 1e-9)
	n := 0
	for _, g := range excess {
		if g >= reach {
			n++
		}
	}
	if 2*n > len(excess)+1 {
		return most
	}
	return idleTimes * b.median(excess)
}

// tables makes room for n gaps.
func (b *bench) tables(n int) {
	if len(b.sums) <= n {
		b.sums, b.squares, b.shares = make([]float64, 2*n), make([]float64, 2*n), make([]float64, 2*n)
		b.parts = make([]float64, 2*n)
		for i := range b.parts {
			b.parts[i] = 1 / float64(i)
		}
	}
}

// excesses are the gaps as the tests take them: what exceeds the width of a
// burst. Of independent events that part is exponential again, where the gaps
// themselves would look regular for want of short ones. Times of a coarse
// clock are spread over its step.
func (b *bench) excesses(times []float64, events []event, gaps, sorted []float64, width, step float64) []float64 {
	b.excess = append(b.excess[:0], gaps...)
	excess := b.excess
	long := stat.Quantile(sorted, 0.5) >= 30*width // the length of a burst matters little
	if long && len(events) == events[len(events)-1].to-events[0].from {
		width = 0 // and there are none
	}
	phase := 0.5
	for i, g := range gaps {
		g -= width
		if !long {
			g -= times[events[i].to-1] - times[events[i].from]
		}
		if step > 0 {
			if phase += 0.6180339887498949; phase >= 1 {
				phase--
			}
			g -= phase * step
			if g < 0 {
				g += step
			}
		}
		excess[i] = max(g, 1e-6)
	}
	return excess
}

// measure fills in how regular the gaps of v are, whatever the probability.
func (b *bench) measure(v *verdict, excess []float64, period float64) {
	median := b.median(v.gaps)
	trimmed := b.trimmed[:0]
	for _, g := range excess {
		if g <= 5*median {
			trimmed = append(trimmed, g)
		}
	}
	b.trimmed = trimmed
	mean, variance := stat.MeanVar(trimmed)
	v.shape = 1e6
	if len(trimmed) < 2 {
		v.shape = 1
	} else if variance > 0 {
		v.shape = min(v.shape, mean*mean/variance)
	}
	v.period = median
	if v.way == byFold {
		v.period = period
	}
	if v.period <= 0 {
		return
	}
	whole := 0.0
	one := b.trimmed[:0]
	for _, g := range v.gaps {
		n := max(1, math.Round(g/v.period))
		if v.way != byFold && n > 5 {
			n = 1 // a pause
		}
		if v.way == bySteps {
			n = 1
		}
		whole += n
		one = append(one, g/n)
	}
	b.trimmed = one
	middle := pickMedian(one)
	for i, g := range one {
		one[i] = math.Abs(g - middle)
	}
	v.jitter = pickMedian(one) / v.period
	v.missed = max(0, 1-float64(len(v.gaps))/whole)
}
