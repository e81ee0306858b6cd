package iqroutlier

import (
	"fmt"
	"slices"
	"strings"

	"seine/detectors"
)

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
			w.sum(win, i, &t.sums[i], true, 0)
		}
	}
	w.limits = w.limits[:0]
	for _, f := range w.features {
		w.limits = append(w.limits, w.fence.of(t, f))
	}
	ports := len(w.features) == 1 && w.features[0] == dstPorts // as by default
	for i := range t.pairs {
		if v := uint64(t.pairs[i].ports); ports && v >= w.limits[0].least && v <= w.limits[0].most {
			continue
		}
		var fired []feature
		for k, f := range w.features {
			if v := t.value(i, f); v < w.limits[k].least || v > w.limits[k].most {
				fired = append(fired, f)
			}
		}
		if fired == nil || !w.env.Shows(w.rule) {
			continue
		}
		s := newSum()
		if all {
			s = t.sums[i]
		}
		w.sum(win, i, &s, !all, w.env.Evidence())
		w.report(win, outlier{&t.pairs[i], &s, fired})
	}
}

type outlier struct {
	pair     *pair
	sum      *sum
	features []feature
}

// value is a figure of the pair.
func (o *outlier) value(f feature) uint64 { return value(o.pair, o.sum, f) }

func (w *watcher) report(win *window, o outlier) {
	p, s := o.pair, o.sum
	src, dst := w.addr(p.src), w.addr(p.dst)
	var names []string
	for _, f := range o.features {
		names = append(names, features[f].name)
	}
	facts := make([]detectors.Fact, 0, 2+len(features)+len(w.features))
	facts = append(facts, detectors.Moment("window", win.start), detectors.Texts("features", names))
	for f := range features {
		facts = append(facts, detectors.Uint(features[f].name, o.value(feature(f))))
	}
	var why []string
	for k, f := range w.features {
		low, high := w.fence.bounds(w.limits[k])
		facts = append(facts, detectors.List(features[f].name+"_fence", detectors.Float("", low), detectors.Float("", high)))
		if slices.Contains(o.features, f) {
			why = append(why, fmt.Sprintf("%d %s, outside %.6g to %.6g", o.value(f), features[f].phrase, low, high))
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
