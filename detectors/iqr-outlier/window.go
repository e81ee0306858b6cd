package iqroutlier

import (
	"container/heap"
	"slices"

	"seine/detectors/internal/flowlog"
	"seine/flow"
)

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
		w.env.At(r) // a window may have to be closed to make room
		if win := w.window(r.Start.Floor(w.length)); win != nil {
			w.recent, w.other = win, w.recent
			w.add(win, r)
		}
	}
}

// window is the open window that starts at start, or nil if it is closed.
func (w *watcher) window(start flow.Time) *window {
	if start < w.closed {
		w.late.N++
		return nil
	}
	win := w.open[start]
	if win != nil {
		return win
	}
	if len(w.open) >= w.maxWindows {
		w.early.N++
		w.closed = w.starts[0].Add(w.length)
		w.closeFirst()
		if start < w.closed {
			w.late.N++
			return nil
		}
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
	if w.flows++; win.log.Len() >= fullLog {
		w.empty(win)
	}
	if w.flows > w.maxFlows { // all at once: what that costs is less than what it frees
		for _, start := range slices.Sorted(slices.Values(w.starts)) {
			w.empty(w.open[start])
		}
	}
}

// empty takes sums and a sample of the evidence out of the log of a window,
// and gives its memory back.
func (w *watcher) empty(win *window) {
	win.table.wantSums()
	for i := range win.table.pairs {
		w.sum(win, i, &win.table.sums[i], true, w.env.Evidence())
		win.table.pairs[i].last = 0
	}
	w.flows -= win.log.Len()
	win.log.Reset(&w.pool)
	win.emptied = true
}

// sum goes through the flows of pair i that are in the log: it adds them to s,
// if count, and to its evidence, up to so many.
func (w *watcher) sum(win *window, i int, s *sum, count bool, evidence int) {
	p := &win.table.pairs[i]
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

// Tick closes the windows that the watermark has passed.
func (w *watcher) Tick(now flow.Time) {
	w.closed = max(w.closed, now)
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

// addr is the address of a host, also of one forgotten since.
func (w *watcher) addr(h flow.Host) flow.Addr {
	if h&alias != 0 {
		return w.aliases[h]
	}
	return w.env.Addr(h)
}

// alias marks the numbers that stand for hosts forgotten while a window that
// saw them was open: their own numbers go to others.
const alias flow.Host = 1 << 31

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	if len(w.open) == 0 {
		return
	}
	if len(w.aliases) >= w.manyAliases {
		w.dropAliases()
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
			a = w.newAlias()
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

func (w *watcher) newAlias() flow.Host {
	for {
		a := alias | w.lastAlias
		w.lastAlias = (w.lastAlias + 1) &^ alias
		if _, taken := w.aliases[a]; !taken {
			return a
		}
	}
}

// dropAliases drops those that only windows closed since made use of.
func (w *watcher) dropAliases() {
	used := map[flow.Host]flow.Addr{}
	for _, win := range w.open {
		for i := range win.table.pairs {
			for _, h := range [...]flow.Host{win.table.pairs[i].src, win.table.pairs[i].dst} {
				if h&alias != 0 {
					used[h] = w.aliases[h]
				}
			}
		}
	}
	w.aliases, w.manyAliases = used, max(1<<12, 2*len(used))
}
