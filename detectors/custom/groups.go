package custom

import (
	"container/heap"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hashset"
	"seine/flow"
)

// groups watches for groups of flows: it counts in every window and judges
// each group when its window is over.
type groups struct {
	rule    *rule
	program *program
	d       *detectors.Detector
	env     *detectors.Env

	open   map[flow.Time]*window // by start
	starts starts                // of the open windows
	recent *window               // where the last flow went
	closed flow.Time             // windows that start before it are closed
	spare  []*window
	key    []byte
	at     int

	shelf     *exhibit.Shelf
	groups    int // in open windows
	values    int // distinct ones in open windows
	maxGroups int
	maxValues int
	leftOut   *detectors.Counter
	uncounted *detectors.Counter
	late      *detectors.Counter
}

// A window holds the groups of a span of time, in the order in which they
// began.
type window struct {
	start  flow.Time
	short  map[[32]byte]uint32 // the place in groups, by key
	long   map[string]uint32   // of keys that are longer
	groups []group
	cases  []exhibit.Case
	slots  []slot // of all groups, one behind the other

	// What distinct() has told apart.
	small []*hashset.Set // values below 2^32, a set for each aggregate: the group from 1 on, and the value
	large map[value]struct{}
	told  int
}

// A value is one that an aggregate found in a group.
type value struct {
	group     uint32
	aggregate uint32
	a, b      uint64
}

// find is the place of the group with that key.
func (w *window) find(key []byte) (at uint32, ok bool) {
	if len(key) > 32 {
		at, ok = w.long[string(key)]
		return at, ok
	}
	var k [32]byte
	copy(k[:], key)
	at, ok = w.short[k]
	return at, ok
}

// keep notes the place of a new group.
func (w *window) keep(key []byte, at uint32) {
	if len(key) > 32 {
		w.long[string(key)] = at
		return
	}
	var k [32]byte
	copy(k[:], key)
	w.short[k] = at
}

// reset empties the window, to be used again.
func (w *window) reset() {
	clear(w.short)
	clear(w.long)
	clear(w.groups)
	clear(w.slots)
	clear(w.large)
	for _, s := range w.small {
		s.Clear()
	}
	w.groups, w.cases, w.slots, w.told = w.groups[:0], w.cases[:0], w.slots[:0], 0
}

func newGroups(r *rule, d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &groups{rule: r, d: d, env: env, open: map[flow.Time]*window{}, closed: flow.MinTime}
	w.maxGroups = env.Int("max-groups", 100_000, "groups counted at once, 200 bytes each and the flows that findings cite; beyond it new ones are left out")
	w.maxValues = env.Int("max-values", 1_000_000, "different values that distinct() tells apart at once in all groups, 50 bytes each; beyond it further ones are not counted")
	if w.maxGroups < 1 || w.maxValues < 1 {
		env.Reject("max-groups", "must be positive, as max-values")
		w.maxGroups, w.maxValues = 1, 1
	}
	w.leftOut = env.Counter("flows-left-out", "flows of groups left out for lack of max-groups")
	w.uncounted = env.Counter("values-left-out", "values that distinct() did not count for lack of max-values")
	w.late = env.Counter("late", "flows left out because their window was closed (--lateness)")
	if r.window > 0 {
		env.TickEvery(r.window)
	}
	w.shelf = exhibit.New(env.Evidence(), w.maxGroups)
	if w.program = r.compiled(env); w.program == nil {
		return nil
	}
	return w
}

// Flows implements detectors.Watcher.
func (w *groups) Flows(rs []flow.Record) {
	when, length := w.program.when, w.rule.window
	for i := range rs {
		r := &rs[i]
		if when != nil && !when.Keep(r) {
			continue
		}
		w.at = i
		win := w.recent
		if win == nil || length > 0 && (r.Start < win.start || r.Start-win.start >= length) {
			start := flow.Time(0)
			if length > 0 {
				start = r.Start.Floor(length)
			}
			if start < w.closed && length > 0 {
				w.late.N++
				continue
			}
			if win = w.open[start]; win == nil {
				if w.groups >= w.maxGroups {
					w.leftOut.N++
					continue
				}
				win = w.begin(start)
			}
			w.recent = win
		}
		w.add(win, r)
	}
}

// begin opens a window.
func (w *groups) begin(start flow.Time) *window {
	var win *window
	if n := len(w.spare); n > 0 {
		win, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		win = &window{short: map[[32]byte]uint32{}, long: map[string]uint32{}, large: map[value]struct{}{}}
		for range w.program.groups.list {
			win.small = append(win.small, hashset.New())
		}
	}
	win.start = start
	w.open[start] = win
	heap.Push(&w.starts, start)
	return win
}

// add counts a flow in its group.
func (w *groups) add(win *window, r *flow.Record) {
	key, ok := w.key[:0], true
	for i := range w.program.keys {
		if key, ok = w.program.keys[i].append(key, r); !ok {
			return
		}
	}
	w.key = key
	at, known := win.find(key)
	list := w.program.groups.list
	if !known {
		if w.groups >= w.maxGroups {
			w.leftOut.N++
			return
		}
		w.groups++
		at = uint32(len(win.groups))
		win.keep(key, at)
		win.groups = append(win.groups, group{first: r.Start, last: r.Start})
		win.cases = append(win.cases, 0)
		for range list {
			win.slots = append(win.slots, slot{})
		}
	}
	g := &win.groups[at]
	g.flows++
	g.first, g.last = min(g.first, r.Start), max(g.last, r.Start)
	slots := win.slots[int(at)*len(list):]
	for i, a := range list {
		switch {
		case a.step != nil:
			a.step(&slots[i], r)
		case a.distinct != nil:
			w.tell(win, at, a, &slots[i], r)
		}
	}
	win.cases[at] = w.shelf.Add(win.cases[at], r)
}

// tell counts the value of a distinct() if it is new to the group.
func (w *groups) tell(win *window, at uint32, a *aggregate, s *slot, r *flow.Record) {
	k, ok := a.distinct(r)
	if !ok {
		return
	}
	x, y, _ := k.Words()
	small := y == 0 && x < 1<<32
	packed, v := uint64(at+1)<<32|x, value{at, uint32(a.index), x, y}
	if small {
		if win.small[a.index].Has(packed) {
			return
		}
	} else if _, known := win.large[v]; known {
		return
	}
	if w.values >= w.maxValues {
		w.uncounted.N++
		return
	}
	w.values++
	win.told++
	s.n++
	if small {
		win.small[a.index].Add(packed)
		return
	}
	win.large[v] = struct{}{}
}

// Tick closes the windows that the watermark has passed.
func (w *groups) Tick(now flow.Time) {
	w.closed = max(w.closed, now)
	for len(w.starts) > 0 && w.starts[0].Add(w.rule.window) <= now {
		w.closeFirst()
	}
}

// Close implements detectors.Watcher.
func (w *groups) Close() {
	for len(w.starts) > 0 {
		w.closeFirst()
	}
}

// Cursor tells the row of the run at which a panic happened.
func (w *groups) Cursor() int { return w.at }

// closeFirst judges the groups of the oldest open window.
func (w *groups) closeFirst() {
	start := heap.Pop(&w.starts).(flow.Time)
	win := w.open[start]
	delete(w.open, start)
	list := w.program.groups.list
	for i := range win.groups {
		g := &win.groups[i]
		g.slots = win.slots[i*len(list) : (i+1)*len(list)]
		if w.program.having == nil || w.program.having.Keep(g) {
			w.report(win, i)
		}
		w.shelf.Drop(win.cases[i])
	}
	w.groups -= len(win.groups)
	w.values -= win.told
	win.reset()
	w.recent = nil
	if len(w.spare) < maxSpare {
		w.spare = append(w.spare, win)
	}
}

// maxSpare is how many windows are kept to be used again.
const maxSpare = 4

// report raises the alert of a group.
func (w *groups) report(win *window, i int) {
	rule := &w.d.Rules[0]
	if !w.env.Shows(rule) {
		return
	}
	g := &win.groups[i]
	flows := w.shelf.Flows(win.cases[i])
	r := &flows[0]
	var facts []detectors.Fact
	for k := range w.program.keys {
		if key := &w.program.keys[k]; key.fact != "src_ip" && key.fact != "dst_ip" && key.fact != "dst_port" && key.fact != "protocol" {
			if v, ok := key.value(r); ok {
				facts = append(facts, fact(key.fact, v))
			}
		}
	}
	for _, a := range w.program.groups.list {
		if v, ok := a.of(g); ok {
			facts = append(facts, number(a.fact, v))
		}
		for _, l := range a.limits {
			facts = append(facts, l.fact(a.fact))
		}
	}
	if w.program.compound {
		facts = append(facts, detectors.Text("having", tidy(w.rule.having.text)))
	}
	a := detectors.Alert{
		Rule: rule, Confidence: w.rule.confidence, Subject: w.program.subject(r),
		Summary: w.program.sentence(r, g), Facts: facts,
		Evidence: detectors.Sample(flows, w.env.Evidence()), Flows: g.flows,
		Time: g.last, HasTime: true, FirstSeen: g.first, LastSeen: g.last,
	}
	if w.rule.window > 0 {
		facts = append(facts, detectors.Float("window_seconds", float64(w.rule.window)/float64(flow.Second)))
		a.Facts, a.Window, a.HasWindow = facts, win.start, true
	}
	w.env.Report(nil, a)
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
