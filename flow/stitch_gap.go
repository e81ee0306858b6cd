package flow

import (
	"cmp"
	"slices"
)

// sampleSize is how many records are looked at before the gap is settled.
const sampleSize = 1 << 15

const (
	longestCut = 7200 // seconds that an active timeout may last
	fewestCuts = 8    // records that must agree on the timeout
	cutSlack   = 5 * Second
)

// usualGaps are the active timeouts and windows that people have, with slack.
var usualGaps = [...]Time{65 * Second, 305 * Second, 605 * Second, 1805 * Second}

// leastGap is the least that is learned: records last as long as their packets,
// which in windows of a minute is less than the window.
const leastGap = 65 * Second

// learnGap estimates how much silence there may be between the pieces of a
// connection from some records.
func learnGap(rs []Record) Time {
	order := make([]int32, len(rs))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int {
		a, b := &rs[i], &rs[j]
		return cmp.Or(slices.Compare(a.Src[:], b.Src[:]), slices.Compare(a.Dst[:], b.Dst[:]),
			cmp.Compare(a.SrcPort, b.SrcPort), cmp.Compare(a.DstPort, b.DstPort), cmp.Compare(a.Proto, b.Proto),
			cmp.Compare(a.Start, b.Start), cmp.Compare(i, j))
	})
	var cuts [longestCut + 2]int
	var lasting []Time
	for n, i := range order {
		a := &rs[i]
		if a.Has&HasDuration == 0 {
			continue
		}
		if a.Duration > 0 {
			lasting = append(lasting, a.Duration)
		}
		secs := (a.Duration + Second/2) / Second
		if secs < 5 || secs > longestCut || (a.SrcFlags|a.DstFlags)&(FIN|RST) != 0 || a.State.ended() || n+1 == len(order) {
			continue
		}
		b := &rs[order[n+1]]
		if a.Src != b.Src || a.Dst != b.Dst || a.SrcPort != b.SrcPort || a.DstPort != b.DstPort || a.Proto != b.Proto {
			continue
		}
		if silence := minus(b.Start, a.End()); -Second <= silence && silence <= a.Duration+cutSlack {
			cuts[secs]++
		}
	}
	best, most := 0, fewestCuts-1
	for secs := 5; secs <= longestCut; secs++ {
		// Rounding spreads a timeout over its neighbours; the longest of the
		// three that has any is where it is.
		if n := cuts[secs-1] + cuts[secs] + cuts[secs+1]; n > most {
			best, most = secs, n
			if cuts[secs+1] > 0 {
				best = secs + 1
			}
		}
	}
	if best > 0 {
		return max(Time(best)*Second+cutSlack, leastGap)
	}
	if len(lasting) == 0 {
		return usualGaps[0]
	}
	slices.Sort(lasting)
	long := lasting[len(lasting)*99/100]
	for _, g := range usualGaps {
		if long <= g {
			return g
		}
	}
	return usualGaps[len(usualGaps)-1]
}

// A clock finds out how finely the times of an input are told.
type clock struct{ fine bool }

func (c *clock) see(r *Record) {
	if !c.fine && (r.Start%Second != 0 || r.Duration%Second != 0) {
		c.fine = true
	}
}

// step is how far two times must differ to say anything.
func (c *clock) step() Time {
	if c.fine {
		return Second / 1000
	}
	return Second
}

// A watermark is the time that an input has reached: the smallest of four
// consecutive medians of 81 end times each, which never goes back. Medians are
// nested (of three of three …), so that they cost next to nothing; neither a
// single wrong time nor an exporter whose clock is wrong, if less than a third
// of the records are its, moves it.
type watermark struct {
	now  Time
	ok   bool
	open [4][3]Time
	n    [4]uint8
	last [4]Time
	k    int
}

// add takes the next end time and reports whether the watermark has moved.
func (w *watermark) add(t Time) bool {
	for i := range w.open {
		w.open[i][w.n[i]] = t
		if w.n[i]++; w.n[i] < 3 {
			return false
		}
		w.n[i] = 0
		a, b, c := w.open[i][0], w.open[i][1], w.open[i][2]
		t = max(min(a, b), min(max(a, b), c))
	}
	w.last[w.k%len(w.last)] = t
	if w.k++; w.k < len(w.last) {
		return false
	}
	t = min(w.last[0], w.last[1], w.last[2], w.last[3])
	if w.ok && t <= w.now {
		return false
	}
	w.now, w.ok = t, true
	return true
}
