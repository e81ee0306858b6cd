package iqroutlier

import (
	"strconv"

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
		var fired featureSet
		for k, f := range w.features {
			if v := t.value(i, f); v < w.limits[k].least || v > w.limits[k].most {
				fired |= 1 << f
			}
		}
		if fired == 0 || !w.env.Shows(w.rule) {
			continue
		}
		s := newSum()
		if all {
			s = t.sums[i]
		} else {
			s.kept = w.kept[:0]
		}
		w.sum(win, i, &s, !all, w.env.Evidence())
		w.report(win, outlier{&t.pairs[i], &s, fired})
		if !all {
			w.kept = s.kept
		}
	}
}

type outlier struct {
	pair     *pair
	sum      *sum
	features featureSet
}

// value is a figure of the pair.
func (o *outlier) value(f feature) uint64 { return value(o.pair, o.sum, f) }

func (w *watcher) report(win *window, o outlier) {
	p, s := o.pair, o.sum
	src, dst := w.addr(p.src), w.addr(p.dst)
	facts := make([]detectors.Fact, 0, 2+len(features)+len(w.features))
	facts = append(facts, detectors.Moment("window", win.start), w.named(o.features))
	for f := range features {
		facts = append(facts, detectors.Uint(features[f].name, o.value(feature(f))))
	}
	text := append(src.AppendTo(w.text[:0]), " → "...)
	text = append(dst.AppendTo(text), " stood out among the pairs of "...)
	text = win.start.AppendTo(text)
	sep := ": "
	for k, f := range w.features {
		low, high := w.fence.bounds(w.limits[k])
		facts = append(facts, detectors.List(features[f].fence, detectors.Float("", low), detectors.Float("", high)))
		if o.features>>f&1 == 0 {
			continue
		}
		text = append(text, sep...)
		text = append(strconv.AppendUint(text, o.value(f), 10), ' ')
		text = append(append(text, features[f].phrase...), ", outside "...)
		text = append(strconv.AppendFloat(text, low, 'g', 6, 64), " to "...)
		text = strconv.AppendFloat(text, high, 'g', 6, 64)
		sep = "; "
	}
	w.text = text
	w.env.Report(nil, detectors.Alert{
		Rule: w.rule, Subject: detectors.Pair(src, dst), Window: win.start, HasWindow: true,
		Summary:  string(text),
		Facts:    facts,
		Evidence: detectors.Sample(s.kept, w.env.Evidence()), Flows: uint64(p.connections),
		Time: s.last, HasTime: true, FirstSeen: s.first, LastSeen: s.last,
	})
}

// named is the fact that names the features of a set, in the order in which
// they are compared. Alerts share it.
func (w *watcher) named(set featureSet) detectors.Fact {
	if fact := &w.names[set]; fact.Key == "" {
		var names []string
		for _, f := range w.features {
			if set>>f&1 != 0 {
				names = append(names, features[f].name)
			}
		}
		*fact = detectors.Texts("features", names)
	}
	return w.names[set]
}
