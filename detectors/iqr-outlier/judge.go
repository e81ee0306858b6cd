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
			if v := t.value(i, f); v < w.limits[k].least || v > w.limits[k].most {
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
