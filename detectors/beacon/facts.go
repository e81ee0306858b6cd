package beacon

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"seine/detectors"
	"seine/detectors/internal/stat"
	"seine/flow"
)

// short writes a number with three digits that matter.
func short(x float64) string {
	if x >= 1000 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

// facts are the numbers that decided, and those that help to understand.
func (w *watcher) facts(s *suspect, c *surroundings, v *verdict, calls []call, flows uint32, failures float64) []detectors.Fact {
	fs := make([]detectors.Fact, 0, 28)
	add := func(f detectors.Fact) { fs = append(fs, f) }
	number := func(key string, x float64, digits int) {
		scale := math.Pow10(digits)
		if r := math.Round(x*scale) / scale; !math.IsNaN(r) && !math.IsInf(r, 0) {
			add(detectors.Float(key, r))
		}
	}
	add(detectors.Uint("calls", uint64(v.calls)))
	add(detectors.Uint("flows", uint64(flows)))
	number("period", v.period, 3)
	number("jitter", v.jitter, 4)
	add(detectors.Text("test", v.way.String()))
	number("log10_p", v.logP/math.Ln10, 2)
	number("log10_p_limit", c.limit/math.Ln10, 2)
	add(detectors.Int("tested", int64(c.tested)))
	number("shape", v.shape, 2)
	switch v.way {
	case byFold:
		number("fold", v.fold, 3)
		number("missed", v.missed, 3)
	case bySteps:
		number("steps", v.steps, 3)
	}
	span := float64(calls[len(calls)-1].at-calls[0].at) / float64(flow.Second)
	number("span", span, 3)
	if v.period > 0 {
		number("periods", span/v.period, 1)
	}
	sent, got := sizes(calls)
	if len(sent) > 0 {
		number("sent_regularity", evenness(sent), 3)
	}
	if len(got) > 0 {
		number("received_regularity", evenness(got), 3)
	}
	number("failed_share", failures, 3)
	add(detectors.Int("callers", int64(s.callers)))
	add(detectors.Int("hosts", int64(c.hosts())))
	add(detectors.Int("siblings", int64(s.siblings)))
	if r, ok := w.rita(); ok {
		number("rita", r.total, 3)
		number("rita_ts", r.ts, 3)
		number("rita_ds", r.ds, 3)
		number("rita_duration", r.duration, 3)
		number("rita_histogram", r.histogram, 3)
	}
	return append(fs, detectors.Texts("gaps", bars(v.gaps)))
}

// sizes are the bytes that were sent and received, of the calls that told.
func sizes(calls []call) (sent, got []float64) {
	for i := range calls {
		s, g, hasSent, hasGot := calls[i].sizes()
		if hasSent {
			sent = append(sent, float64(s))
		}
		if hasGot {
			got = append(got, float64(g))
		}
	}
	return sent, got
}

// evenness is 1 where all sizes are the same, and 0 where they are spread as
// far as their median. It uses them up.
func evenness(v []float64) float64 {
	median := pickMedian(v)
	for i, x := range v {
		v[i] = math.Abs(x - median)
	}
	mad := pickMedian(v)
	if median <= 0 {
		if mad <= 0 {
			return 1
		}
		return 0
	}
	return max(0, 1-mad/median)
}

// rita scores the series in w.work as RITA would.
func (w *watcher) rita() (ritaScore, bool) {
	times := make([]float64, len(w.work.calls))
	for i := range times {
		times[i] = float64(w.work.calls[i].at) / float64(flow.Second)
	}
	sizes := make([]float64, 0, len(times))
	for i := range w.work.calls {
		s, _, hasSent, _ := w.work.calls[i].sizes()
		if hasSent {
			sizes = append(sizes, float64(s))
		}
	}
	if len(sizes) != len(times) {
		sizes = nil
	}
	return rita(times, sizes, float64(w.begin)/float64(flow.Second), float64(w.end)/float64(flow.Second))
}

// maxBars is how many bars the histogram of gaps has at most.
const maxBars = 12

// bars are a histogram of gaps, each bar as "from-to:count" in seconds; the
// last one is open where some gaps are far longer than the others.
func bars(gaps []float64) []string {
	if len(gaps) == 0 {
		return nil
	}
	sorted := slices.Clone(gaps)
	slices.Sort(sorted)
	low, high := sorted[0], stat.Quantile(sorted, 0.95)
	width := max((high-low)/(maxBars-2), 0.005*low, 0.001)
	counts := make([]int, maxBars)
	for _, g := range sorted {
		counts[min(int((g-low)/width), maxBars-1)]++
	}
	var out []string
	for i, n := range counts {
		switch {
		case n == 0:
		case i == maxBars-1:
			out = append(out, fmt.Sprintf("%s-%s:%d", short(low+float64(i)*width), short(sorted[len(sorted)-1]), n))
		default:
			out = append(out, fmt.Sprintf("%s-%s:%d", short(low+float64(i)*width), short(low+float64(i+1)*width), n))
		}
	}
	return out
}

// evidence cites calls: the first, the last, then the largest.
func (w *watcher) evidence(calls []call, src, dst flow.Addr, s *suspect) []flow.Record {
	order := make([]int, 0, len(calls))
	for i := range calls {
		if calls[i].has&uncited == 0 {
			order = append(order, i)
		}
	}
	if len(order) == 0 {
		return nil
	}
	if len(order) > 2 {
		order[1], order[len(order)-1] = order[len(order)-1], order[1]
		bytes := func(i int) uint64 { return uint64(calls[i].src) + uint64(calls[i].dst) }
		slices.SortFunc(order[2:], func(a, b int) int {
			return cmp.Or(cmp.Compare(bytes(b), bytes(a)), cmp.Compare(a, b))
		})
	}
	n := min(len(order), w.env.Evidence())
	out := make([]flow.Record, n)
	for i := range out {
		out[i] = calls[order[i]].record(src, dst, s.key.Proto)
	}
	return out
}
