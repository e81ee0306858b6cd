package beacon

import (
	"math"
	"slices"

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

// regularity judges calls at times: seconds, ascending. It is a pure function
// of them.
func regularity(times []float64) verdict {
	best := verdict{shape: 1}
	if len(times) <= minGaps {
		return best
	}
	step := clockStep(times)
	events := collapse(times, burst)
	if g := startGaps(times, events); len(g) > 0 {
		if width := burstShare * stat.Median(g); width > burst {
			events = collapse(times, width)
			best.consider(times, events, width, step, false)
		} else {
			best.consider(times, events, burst, step, false)
		}
	}
	if step == 0 {
		events = collapse(times, fastBurst)
		if g := startGaps(times, events); len(g) > 0 && stat.Median(g) < fastPeriod {
			best.consider(times, events, fastBurst, step, true)
		}
	}
	return best
}

// clockStep is the resolution of the times: 0 for less than a second.
func clockStep(times []float64) float64 {
	step := 60.0
	for _, t := range times {
		if step == 60 && math.Mod(t-times[0], 60) != 0 {
			step = 1
		}
		if t != math.Floor(t) {
			return 0
		}
	}
	return step
}

// An event is one call, of several starts within a burst: times[from:to].
type event struct{ from, to int }

// collapse makes one event of starts that follow each other within width.
func collapse(times []float64, width float64) []event {
	var events []event
	for i, t := range times {
		if i > 0 && t-times[i-1] < width {
			events[len(events)-1].to = i + 1
			continue
		}
		events = append(events, event{i, i + 1})
	}
	return events
}

func startGaps(times []float64, events []event) []float64 {
	gaps := make([]float64, 0, len(events))
	for i := 1; i < len(events); i++ {
		gaps = append(gaps, times[events[i].from]-times[events[i-1].from])
	}
	return gaps
}

// consider judges a view of the calls, span by span, and keeps what is more
// regular than what was found before. Every span and view tried pays for
// itself (Bonferroni).
func (best *verdict) consider(times []float64, events []event, width, step float64, fast bool) {
	if len(events) <= minGaps {
		return
	}
	gaps := startGaps(times, events)
	limit := max(idle, idleTimes*stat.Median(gaps))
	var spans [][2]int
	from := 0
	for i := 0; i <= len(gaps); i++ {
		if i == len(gaps) || gaps[i] > limit {
			if i-from >= minGaps {
				spans = append(spans, [2]int{from, i})
			}
			from = i + 1
		}
	}
	views := 1.0
	if fast {
		views = 2
	}
	for _, s := range spans {
		v := judgeSpan(times, events[s[0]:s[1]+1], gaps[s[0]:s[1]], width, step)
		v.logP = min(0, v.logP+math.Log(views*float64(len(spans))))
		v.fast = fast
		if v.logP < best.logP {
			*best = v
		}
	}
}

// Four tests share the probability of an error: most of it goes to the one
// that needs it most, since the others are for cases that are clear once they
// are looked at in their way. These are the logarithms of the factors by which
// they pay for each other.
var gapsPrice, otherPrice = math.Log(1 / 0.7), math.Log(1 / 0.1)

// judgeSpan judges a span of activity.
func judgeSpan(times []float64, events []event, gaps []float64, width, step float64) verdict {
	excess := excesses(times, events, gaps, width, step)
	typical := stat.Median(excess)
	active := make([]float64, 0, len(excess))
	for _, g := range excess {
		if g <= idleTimes*typical { // by chance one in a million is longer
			active = append(active, g)
		}
	}
	logP, _ := stat.Regularity(active)
	best := candidate{logP: logP + gapsPrice, way: byGaps, to: len(gaps)}
	steps, stepsP := alike(excess)
	if stepsP += otherPrice; stepsP < best.logP {
		best = candidate{logP: stepsP, way: bySteps, to: len(gaps)}
	}
	if c := segments(excess); c.logP+otherPrice < best.logP {
		best = c
		best.logP += otherPrice
	}
	period, fold, foldP := folded(gaps, max(20*step, 10*width))
	if foldP += otherPrice; foldP < best.logP {
		best = candidate{logP: foldP, way: byFold, to: len(gaps)}
	}
	v := verdict{
		logP: min(0, best.logP), way: best.way, gaps: gaps[best.from:best.to], steps: steps, fold: max(0, fold),
		from: events[best.from].from, to: events[best.to].to, calls: best.to - best.from + 1,
	}
	v.measure(excess[best.from:best.to], period)
	return v
}

// excesses are the gaps as the tests take them: what exceeds the width of a
// burst. Of independent events that part is exponential again, where the gaps
// themselves would look regular for want of short ones. Times of a coarse
// clock are spread over its step.
func excesses(times []float64, events []event, gaps []float64, width, step float64) []float64 {
	excess := make([]float64, len(gaps))
	long := stat.Median(gaps) >= 30*width // the length of a burst matters little
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
			phase = math.Mod(phase+0.6180339887498949, 1)
			g -= phase * step
			if g < 0 {
				g += step
			}
		}
		excess[i] = max(g, 1e-6)
	}
	return excess
}

// measure fills in how regular the gaps are, whatever the probability.
func (v *verdict) measure(excess []float64, period float64) {
	median := stat.Median(v.gaps)
	trimmed := make([]float64, 0, len(excess))
	for _, g := range excess {
		if g <= 5*median {
			trimmed = append(trimmed, g)
		}
	}
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
	one := make([]float64, len(v.gaps))
	for i, g := range v.gaps {
		n := max(1, math.Round(g/v.period))
		if v.way != byFold && n > 5 {
			n = 1 // a pause
		}
		if v.way == bySteps {
			n = 1
		}
		whole += n
		one[i] = g / n
	}
	_, mad := stat.MedianMAD(one)
	v.jitter = mad / v.period
	v.missed = max(0, 1-float64(len(v.gaps))/whole)
}

// A candidate is a test that was made, of the gaps from, to.
type candidate struct {
	logP     float64
	way      way
	from, to int
}

// like are the ratios within which a gap is like the one before it: with
// independent events of one rate, however it changes slowly, that happens to
// tanh(ln(ratio)/2) = 1 in 9.
const (
	like      = 1.25
	likeShare = 1.0 / 9
)

// alike counts gaps that are like the one before, and tells how probable so
// many are. Only every second ratio is counted, so that they are independent;
// Chernoff's bound takes the place of the binomial tail.
func alike(gaps []float64) (share, logP float64) {
	n, hits := 0.0, 0.0
	for i := 1; i < len(gaps); i += 2 {
		n++
		if r := gaps[i] / gaps[i-1]; r < like && r > 1/like {
			hits++
		}
	}
	if n == 0 {
		return 0, 0
	}
	share = hits / n
	if share <= likeShare {
		return share, 0
	}
	d := share * math.Log(share/likeShare)
	if share < 1 {
		d += (1 - share) * math.Log((1-share)/(1-likeShare))
	}
	return share, -n * d
}

// segments cuts the gaps where their level changes and judges each part
// alone, the best paying for all that there could be.
func segments(gaps []float64) candidate {
	n := len(gaps)
	best := candidate{way: bySegment}
	if n < 2*minPart {
		return best
	}
	sum, squares := make([]float64, n+1), make([]float64, n+1)
	for i, g := range gaps {
		l := math.Log(g)
		sum[i+1], squares[i+1] = sum[i]+l, squares[i]+l*l
	}
	spread := func(i, j int) float64 {
		s := sum[j] - sum[i]
		return squares[j] - squares[i] - s*s/float64(j-i)
	}
	places := float64(n - minPart + 1)
	price := math.Log(places * (places + 1) / 2)
	var cut func(from, to, depth int)
	cut = func(from, to, depth int) {
		if depth > 0 {
			logP, _ := stat.Regularity(gaps[from:to])
			if logP += price; logP < best.logP {
				best.logP, best.from, best.to = logP, from, to
			}
		}
		if depth == 4 || to-from < 2*minPart {
			return
		}
		at, least := 0, math.Inf(1)
		for i := from + minPart; i <= to-minPart; i++ {
			if s := spread(from, i) + spread(i, to); s < least {
				at, least = i, s
			}
		}
		if least < 0.7*spread(from, to) {
			cut(from, at, depth+1)
			cut(at, to, depth+1)
		}
	}
	cut(0, n, 0)
	return best
}

// foldPrice is what the three candidate periods cost that are tried, twice
// over for their being taken from the same gaps.
var foldPrice = math.Log(6)

// folded tests whether gaps are multiples, up to 5, of one period of at least
// least: it is Rayleigh's test on the phases of the gaps, with fold the mean
// of their cosines. With independent events the mean of n cosines reaches r
// with a probability of at most exp(−n·r²). People's gaps, too, lie about some
// value; so those about the period itself count for what exceeds half only.
func folded(gaps []float64, least float64) (period, fold, logP float64) {
	sorted := slices.Clone(gaps)
	slices.Sort(sorted)
	for _, guess := range []float64{stat.Quantile(sorted, 0.25), stat.Quantile(sorted, 0.5), halfSampleMode(sorted)} {
		if guess < least {
			continue
		}
		t := refine(gaps, guess)
		n, sum, proof := 0.0, 0.0, 0.0
		for _, g := range gaps {
			x := g / t
			switch {
			case x > 5.5:
				continue
			case x < 0.5: // short gaps would seem in phase
				sum--
				proof--
			default:
				c := math.Cos(2 * math.Pi * x)
				sum += c
				proof += c
				if x < 1.5 {
					proof -= 0.5
				}
			}
			n++
		}
		if n < minPart {
			continue
		}
		if r := proof / n; r > 0 && -n*r*r < logP {
			period, fold, logP = t, sum/n, -n*r*r
		}
	}
	return period, fold, min(0, logP+foldPrice)
}

// refine moves a period to the median of the gaps that are near its first
// multiples, each divided by its number.
func refine(gaps []float64, t float64) float64 {
	var near []float64
	for _, g := range gaps {
		n := math.Round(g / t)
		if n >= 1 && n <= 3 && math.Abs(g/t-n) < 0.2 {
			near = append(near, g/n)
		}
	}
	if len(near) < 3 {
		return t
	}
	return stat.Median(near)
}

// halfSampleMode is where sorted values lie densest: the half with the least
// range, then the half of that, and so on (Bickel and Frühwirth, 2006).
func halfSampleMode(v []float64) float64 {
	for len(v) > 2 {
		n := (len(v) + 1) / 2
		at := 0
		for i := 1; i+n <= len(v); i++ {
			if v[i+n-1]-v[i] < v[at+n-1]-v[at] {
				at = i
			}
		}
		v = v[at : at+n]
	}
	return (v[0] + v[len(v)-1]) / 2
}
