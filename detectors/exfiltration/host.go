package exfiltration

import (
	"math"
	"slices"

	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/stat"
	"seine/flow"
)

const (
	remembered = 48 // past hours with traffic
	minPeers   = 5  // hosts to compare with, below which nothing is said of peers
	outlying   = 3.5
)

// A host is what an internal host sent out. With what the table adds an entry
// takes nine cache lines, of which a flow needs the first two.
type host struct {
	up       uint64 // bytes ever sent
	oddPairs uint16 // destinations of which it used an unusual port
	clients  uint16 // outside addresses that opened flows to it
	n, next  uint16 // of past
	hours    [2]hour
	past     [remembered]float32 // bytes pushed
	ratios   [remembered]float32
	_        [56]byte
}

// An hour is an hour of event time, not yet judged.
type hour struct {
	start    flow.Time
	up, down uint64
	flows    uint32
	shown    exhibit.Case
	pushed   uint64 // of up, what flows carried that were pushes by themselves
	told     uint64 // of pushed, what belongs to uploads already reported
}

// used reports whether there was a flow: none that counts is empty.
func (o *hour) used() bool { return o.up|o.down != 0 }

func (h *host) drop(s *exhibit.Shelf) {
	for i := range h.hours {
		s.Drop(h.hours[i].shown)
	}
}

// hour adds a flow to its hour.
func (w *watcher) hour(h *host, p *pair, r *flow.Record, way *passage) {
	add(&h.up, way.up)
	if uint64(r.Start-w.start) >= uint64(hourLong) {
		w.start = r.Start.Floor(hourLong)
		w.slot = int(uint64(w.start/hourLong) & 1)
	}
	start, slot := w.start, w.slot
	o := &h.hours[slot&1]
	used := o.used()
	if start < w.closed || used && start < o.start {
		w.late.N++
		return
	}
	if used && start > o.start { // lateness of hours: judged early, and without its peers
		if float64(o.pushed) >= w.volume {
			w.judgeHour(way.pair.Src, h, o, 0, 0)
		}
		h.remember(o)
		w.shelf.Drop(o.shown)
		*o = hour{}
	}
	o.start = start
	w.oldest = min(w.oldest, start)
	add(&o.up, way.up)
	add(&o.down, way.down)
	if way.up <= way.down && w.pcr > 0 || producer(way.up, way.down) < w.pcr {
		return
	}
	o.flows++
	add(&o.pushed, way.up)
	if float64(o.pushed) >= w.volume {
		w.loud[slot] = start
	}
	if p != nil && p.told > 0 {
		add(&o.told, way.up)
	}
	if float64(o.pushed) >= w.volume/10 {
		o.shown = w.shelf.Add(o.shown, r)
	}
}

// tell takes note that an upload is being told, for the hour in which it is.
func (h *host) tell(at flow.Time, up uint64) {
	start := at.Floor(hourLong)
	if o := &h.hours[uint64(start/hourLong)&1]; o.used() && o.start == start {
		add(&o.told, up)
	}
}

func (h *host) remember(o *hour) {
	h.past[h.next], h.ratios[h.next] = float32(o.pushed), float32(producer(o.up, o.down))
	h.next = (h.next + 1) % remembered
	h.n = min(h.n+1, remembered)
}

// A habit is what is usual for a host, of its past hours with traffic.
type habit struct {
	high  float64 // 95th percentile of the bytes pushed
	ratio float64 // median producer-consumer ratio
	hours int
}

// habit tells what is usual for the host, if enough hours are known.
func (h *host) habit(least int) (habit, bool) {
	if int(h.n) < least {
		return habit{}, false
	}
	ups, ratios := make([]float64, h.n), make([]float64, h.n)
	for i := range ups {
		ups[i], ratios[i] = float64(h.past[i]), float64(h.ratios[i])
	}
	slices.Sort(ups)
	return habit{high: stat.Quantile(ups, 0.95), ratio: stat.Median(ratios), hours: int(h.n)}, true
}

// Tick implements detectors.Watcher: it judges the hours that no flow can
// still join.
func (w *watcher) Tick(now flow.Time) { w.closeHours(now.Add(-w.env.Lateness()).Floor(hourLong)) }

// closeHours judges the hours that begin before end, one after the other.
func (w *watcher) closeHours(end flow.Time) {
	if end <= w.closed {
		return
	}
	w.closed = end
	for w.oldest < end {
		w.closeHour(w.oldest)
	}
}

// closeHour judges an hour, each host against its own past and the others in
// the same hour, and finds the oldest of those that remain.
func (w *watcher) closeHour(start flow.Time) {
	slot := uint64(start/hourLong) & 1
	var median, mad float64
	var logs []float64
	if w.loud[slot] == start {
		w.hosts.All(func(_ pairmap.Key, _ flow.Time, h *host) bool {
			if o := &h.hours[slot]; o.used() && o.start == start {
				logs = append(logs, math.Log10(1+float64(o.pushed)))
			}
			return true
		})
		median, mad = stat.MedianMAD(logs)
	}
	w.oldest = flow.MaxTime
	w.hosts.All(func(k pairmap.Key, _ flow.Time, h *host) bool {
		if o := &h.hours[slot]; o.used() && o.start == start {
			if float64(o.pushed) >= w.volume {
				z := stat.RobustZ(math.Log10(1+float64(o.pushed)), median, mad, minMAD)
				w.judgeHour(k.Src, h, o, z, len(logs))
			}
			h.remember(o)
			w.shelf.Drop(o.shown)
			*o = hour{}
		}
		for i := range h.hours {
			if o := &h.hours[i]; o.used() {
				w.oldest = min(w.oldest, o.start)
			}
		}
		return true
	})
}

func (w *watcher) judgeHour(id flow.Host, h *host, o *hour, z float64, n int) {
	past, known := h.habit(w.minHours)
	ratio := producer(o.up, o.down)
	limit := math.Max(w.volume, w.factor*past.high)
	if !known || float64(o.pushed) < limit || ratio-past.ratio <= w.shift || o.told > o.pushed/2 ||
		n >= minPeers && z < outlying {
		return
	}
	w.reportVolume(id, h, o, past, ratio, limit, z, n)
}

// minMAD is the least spread of the logarithms of peers that counts: a factor
// of 1.26.
const minMAD = 0.1

// peers are the totals of all hosts, looked at anew when the work since is
// much more than looking.
type peers struct {
	work, next  uint64
	median, mad float64
	n           int
}

// score compares the total of a host with those of all.
func (p *peers) score(w *watcher, up uint64) (z float64, n int) {
	if p.n == 0 || p.work >= p.next {
		var logs []float64
		w.hosts.All(func(_ pairmap.Key, _ flow.Time, h *host) bool {
			if h.up > 0 {
				logs = append(logs, math.Log10(1+float64(h.up)))
			}
			return true
		})
		p.median, p.mad = stat.MedianMAD(logs)
		p.n, p.next = len(logs), p.work+16*uint64(len(logs))
	}
	return stat.RobustZ(math.Log10(1+float64(up)), p.median, p.mad, minMAD), p.n
}
