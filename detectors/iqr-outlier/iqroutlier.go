// Package iqroutlier reports pairs of addresses that stand out from all other
// pairs of the same time window.
package iqroutlier

import (
	"container/heap"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"

	"seine/detectors"
	"seine/detectors/internal/flowlog"
	"seine/flow"
)

//go:embed README.md
var doc string

// Detector describes iqr-outlier.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "iqr-outlier",
		Title: "pairs of addresses that stand out from the others in a time window",
		Doc:   doc,
		Rules: []detectors.Rule{
			{ID: "outlier", Title: "a pair lies outside the interquartile fences of its window", Severity: detectors.Low},
		},
		Needs: flow.HasAddrs,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

type watcher struct {
	env      *detectors.Env
	rule     *detectors.Rule
	length   flow.Time
	features []feature
	sums     bool // bytes are compared
	fence    fence
	limits   []limits

	pool    flowlog.Pool
	open    map[flow.Time]*window // by start
	starts  starts                // of the open windows
	recent  *window               // where the last flow went
	other   *window               // where one went before recent was
	spare   []*window
	closed  flow.Time // windows that end here or earlier are closed
	started bool

	aliases    map[flow.Host]flow.Addr // hosts forgotten while in an open window
	pairs      int                     // in open windows
	flows      int                     // in the logs of open windows
	maxPairs   int
	maxFlows   int
	maxWindows int
	early      *detectors.Counter
	late       *detectors.Counter
	lost       *detectors.Counter
	chain      []flowlog.Place
}

// A window collects the pairs of a span of time, and their flows for the
// evidence. The log of a very full one is emptied in between; each pair then
// keeps sums and a sample.
type window struct {
	start   flow.Time
	log     flowlog.Log
	table   table
	emptied bool
}

// fullLog is how many flows the log of a window takes before it is emptied.
const fullLog = 1 << 16

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, rule: d.Rule("outlier"), open: map[flow.Time]*window{}, aliases: map[flow.Host]flow.Addr{}}
	w.length = env.Duration("window", 10e9, "length of the tumbling windows of event time")
	if w.length <= 0 {
		env.Reject("window", "must be positive")
		w.length = 10 * flow.Second
	}
	var names []string
	for f := range features {
		names = append(names, features[f].name)
	}
	for _, name := range env.Strings("features", names[:1], names, "what is compared between the pairs of a window") {
		f := feature(slices.Index(names, name))
		w.features = append(w.features, f)
		w.sums = w.sums || f == srcBytes || f == dstBytes
	}
	if len(w.features) == 0 {
		env.Reject("features", "name at least one")
	}
	k := env.Float("fence", 3, "a pair stands out beyond so many interquartile ranges from the quartiles; up to three decimals count")
	if !(k >= 0 && k <= 1e6) {
		env.Reject("fence", "must lie between 0 and 1000000")
		k = 3
	}
	w.fence = newFence(int64(math.Round(k*1000)), 1000)
	w.maxPairs = env.Int("max-pairs", 4_000_000, "pairs held in open windows; beyond it new pairs are left out")
	w.maxFlows = env.Int("max-flows", 4_000_000, "flows kept one by one in open windows, 64 bytes each; beyond it a window keeps only a sample of them as evidence")
	w.maxWindows = env.Int("max-windows", 100_000, "windows open at once; beyond it the oldest is judged early")
	if w.maxPairs < 1 || w.maxFlows < 1 || w.maxWindows < 1 {
		env.Reject("max-pairs", "must be positive, as max-flows and max-windows")
	}
	w.early = env.Counter("windows-closed-early", "windows judged before their time (max-windows)")
	w.late = env.Counter("late", "flows left out because their window was closed (--lateness)")
	w.lost = env.Counter("flows-left-out", "flows of pairs left out for lack of max-pairs")
	env.TickEvery(w.length)
	return w
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		if win := w.recent; win != nil {
			if d := r.Start - win.start; d >= 0 && d < w.length {
				w.add(win, r)
				continue
			}
		}
		if win := w.other; win != nil {
			if d := r.Start - win.start; d >= 0 && d < w.length {
				w.recent, w.other = win, w.recent
				w.add(win, r)
				continue
			}
		}
		if win := w.window(r.Start.Floor(w.length)); win != nil {
			w.recent, w.other = win, w.recent
			w.add(win, r)
		}
	}
}

// window is the open window that starts at start, or nil if it is closed.
func (w *watcher) window(start flow.Time) *window {
	if w.started && start < w.closed {
		w.late.N++
		return nil
	}
	win := w.open[start]
	if win != nil {
		return win
	}
	if len(w.open) >= w.maxWindows {
		w.early.N++
		w.closeFirst()
	}
	if n := len(w.spare); n > 0 {
		win, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		win = &window{}
		win.table.init()
	}
	win.start = start
	w.open[start] = win
	heap.Push(&w.starts, start)
	return win
}

func (w *watcher) add(win *window, r *flow.Record) {
	t := &win.table
	at, there := t.find(r.SrcHost, r.DstHost)
	if !there {
		if w.pairs >= w.maxPairs {
			w.lost.N++
			return
		}
		w.pairs++
		at = t.add(r.SrcHost, r.DstHost, at)
	}
	if r.Has&flow.HasDstPort != 0 {
		t.addPort(at, r.DstPort)
	}
	p := &t.pairs[at]
	p.connections++
	p.last = win.log.Add(&w.pool, r, p.last)
	if w.flows++; win.log.Len() >= fullLog || w.flows > w.maxFlows {
		w.empty(win)
	}
}

// empty takes sums and a sample of the evidence out of the log of a window,
// and gives its memory back.
func (w *watcher) empty(win *window) {
	win.table.wantSums()
	for i := range win.table.pairs {
		w.sum(win, i, true, w.env.Evidence())
		win.table.pairs[i].last = 0
	}
	w.flows -= win.log.Len()
	win.log.Reset(&w.pool)
	win.emptied = true
}

// sum goes through the flows of pair i that are in the log: it adds them to
// the sums, if count, and to the evidence, up to so many.
func (w *watcher) sum(win *window, i int, count bool, evidence int) {
	p, s := &win.table.pairs[i], &win.table.sums[i]
	w.chain = win.log.Chain(w.chain[:0], p.last)
	var src, dst flow.Addr
	if evidence > 0 {
		src, dst = w.addr(p.src), w.addr(p.dst)
	}
	for _, place := range w.chain {
		if count {
			s.count(win.log.At(place))
		}
		if evidence > 0 {
			s.keep(win.log.Record(place, src, dst), evidence)
		}
	}
}

// addr is the address of a host, also of one forgotten since.
func (w *watcher) addr(h flow.Host) flow.Addr {
	if h&alias != 0 {
		return w.aliases[h]
	}
	return w.env.Addr(h)
}

// Tick closes the windows that the watermark has passed.
func (w *watcher) Tick(now flow.Time) {
	w.closed, w.started = now, true
	w.closeUntil(now)
}

// Close implements detectors.Watcher.
func (w *watcher) Close() { w.closeUntil(flow.MaxTime) }

func (w *watcher) closeUntil(now flow.Time) {
	for len(w.starts) > 0 && (now == flow.MaxTime || w.starts[0].Add(w.length) <= now) {
		w.closeFirst()
	}
	if len(w.open) == 0 {
		clear(w.aliases)
	}
}

// closeFirst judges the oldest open window.
func (w *watcher) closeFirst() {
	start := heap.Pop(&w.starts).(flow.Time)
	win := w.open[start]
	delete(w.open, start)
	w.judge(win)
	w.flows -= win.log.Len()
	w.pairs -= win.table.len()
	win.log.Reset(&w.pool)
	win.table.reset()
	win.emptied = false
	w.recent, w.other = nil, nil
	w.spare = append(w.spare, win)
}

// starts is a heap, the earliest first.
type starts []flow.Time

func (s starts) Len() int           { return len(s) }
func (s starts) Less(i, j int) bool { return s[i] < s[j] }
func (s starts) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Push implements heap.Interface.
func (s *starts) Push(v any) { *s = append(*s, v.(flow.Time)) }

// Pop implements heap.Interface.
func (s *starts) Pop() any {
	v := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return v
}

// judge compares the pairs of a window that is over.
func (w *watcher) judge(win *window) {
	t := &win.table
	if t.len() < 2 {
		return
	}
	// The bytes of all pairs are added up only where they are compared, or
	// were when the log was emptied.
	all := w.sums || win.emptied
	if all {
		t.wantSums()
		for i := range t.pairs {
			w.sum(win, i, true, 0)
		}
	}
	w.limits = w.limits[:0]
	for _, f := range w.features {
		w.limits = append(w.limits, w.fence.of(t, f))
	}
	for i := range t.pairs {
		var fired []feature
		for k, f := range w.features {
			if w.fence.outside(t.value(i, f), w.limits[k]) {
				fired = append(fired, f)
			}
		}
		if fired == nil || !w.env.Shows(w.rule) {
			continue
		}
		t.wantSums()
		w.sum(win, i, !all, w.env.Evidence())
		w.report(win, t, outlier{i, fired})
	}
}

type outlier struct {
	at       int // place of the pair
	features []feature
}

func (w *watcher) report(win *window, t *table, o outlier) {
	p, s := &t.pairs[o.at], &t.sums[o.at]
	src, dst := w.addr(p.src), w.addr(p.dst)
	var names []string
	for _, f := range o.features {
		names = append(names, features[f].name)
	}
	facts := make([]detectors.Fact, 0, 2+len(features)+len(w.features))
	facts = append(facts, detectors.Moment("window", win.start), detectors.Texts("features", names))
	for f := range features {
		facts = append(facts, detectors.Uint(features[f].name, t.value(o.at, feature(f))))
	}
	var why []string
	for k, f := range w.features {
		low, high := w.fence.bounds(w.limits[k])
		facts = append(facts, detectors.List(features[f].name+"_fence", detectors.Float("", low), detectors.Float("", high)))
		if slices.Contains(o.features, f) {
			why = append(why, fmt.Sprintf("%d %s, outside %.6g to %.6g", t.value(o.at, f), features[f].phrase, low, high))
		}
	}
	w.env.Report(nil, detectors.Alert{
		Rule: w.rule, Subject: detectors.Pair(src, dst), Window: win.start, HasWindow: true,
		Summary:  fmt.Sprintf("%s → %s stood out among the pairs of %s: %s", src, dst, win.start, strings.Join(why, "; ")),
		Facts:    facts,
		Evidence: detectors.Sample(s.kept, w.env.Evidence()), Flows: uint64(p.connections),
		Time: s.last, HasTime: true, FirstSeen: s.first, LastSeen: s.last,
	})
}

// alias marks the numbers that stand for hosts forgotten while a window that
// saw them was open: their own numbers go to others.
const alias flow.Host = 1 << 31

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	if len(w.open) == 0 {
		return
	}
	gone := make(map[flow.Host]flow.Host, len(hs)) // to their aliases, given when needed
	for _, h := range hs {
		gone[h] = 0
	}
	rename := func(h *flow.Host) {
		a, ok := gone[*h]
		if !ok {
			return
		}
		if a == 0 {
			a = alias | flow.Host(len(w.aliases))
			w.aliases[a] = w.env.Addr(*h)
			gone[*h] = a
		}
		*h = a
	}
	sorted := slices.Sorted(slices.Values(w.starts)) // aliases are given in this order
	for _, start := range sorted {
		win := w.open[start]
		for i := range win.table.pairs {
			rename(&win.table.pairs[i].src)
			rename(&win.table.pairs[i].dst)
		}
		win.table.rehash()
	}
}
