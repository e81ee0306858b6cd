package analyzer

import (
	"cmp"
	"io"
	"slices"

	"seine/flow"
)

// SortByFirstFlow puts the sources in the order of the time of their first
// row, which it reads from a second opening of each file; files of the same
// hours are then read side by side. Equal times, and files without a row, which
// come last, keep the order given. Where an input can be read only once, as a
// pipe, nothing is read and the order stays.
func SortByFirstFlow(sources []*flow.Source, forced *flow.Format, formats []*flow.Format) {
	if len(sources) < 2 {
		return
	}
	again := make([]*flow.Source, len(sources))
	for i, s := range sources {
		if again[i] = s.Reopen(); again[i] == nil {
			return
		}
	}
	type start struct {
		known bool
		at    flow.Time
	}
	starts := map[*flow.Source]start{}
	for i, s := range sources {
		at, ok := firstStart(again[i], forced, formats)
		starts[s] = start{ok, at}
		s.Begins, s.Looked = at, ok
	}
	shareReports(sources, again)
	slices.SortStableFunc(sources, func(a, b *flow.Source) int {
		x, y := starts[a], starts[b]
		if x.known != y.known {
			if x.known {
				return -1
			}
			return 1
		}
		return cmp.Compare(x.at, y.at)
	})
}

// shareReports has the inputs of a format stitched by identifier if one of
// them reports on connections that are still open: the last report on such a
// one may be in any of the others.
func shareReports(sources, again []*flow.Source) {
	reports := map[*flow.Format]flow.Stitching{}
	for _, s := range again {
		if s.Stitch.ByUID {
			reports[s.Format] = s.Stitch
		}
	}
	for i, s := range again {
		if how, ok := reports[s.Format]; ok && s.Format != nil {
			sources[i].Stitch = how
		}
	}
}

// firstStart is the time of the first row of src, which it closes.
func firstStart(src *flow.Source, forced *flow.Format, formats []*flow.Format) (flow.Time, bool) {
	defer src.Close()
	r, err := open(src, forced, formats)
	if err != nil {
		return 0, false
	}
	if c, ok := r.(io.Closer); ok {
		defer c.Close()
	}
	var row [1]flow.Record
	n, _ := r.Read(row[:])
	return row[0].Start, n > 0
}
