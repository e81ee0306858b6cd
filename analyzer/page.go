package analyzer

import (
	"cmp"
	"context"
	"slices"

	"seine/flow"
)

// A Page tells of one input what it is, and how good: what a detector can
// rely on before any runs.
type Page struct {
	FileSummary
	Title   string // of the format
	Fields  flow.Fields
	Mapping []string

	Wanted uint64 // records that the selection takes; what follows tells of these, but for the stitching

	HasSpan     bool
	First, Last flow.Time // starts of flows
	Gaps        []Gap     // the longest stretches in which no flow starts, longest first
	Back        uint64    // rows that start before the row ahead of them
	Furthest    flow.Time // the furthest that one starts behind the latest before it
	Late        uint64    // rows that start more than the lateness behind the latest before them

	Present   []Share // rows that have each optional field, of those that any row has
	Protocols []Share
	States    []Share
	Services  []Share // the most frequent
	Hosts     uint64  // distinct addresses
	Approx    bool    // Hosts is an estimate (standard error 0.8 %)

	Stitching flow.Stitching
	Stitched  bool // by default
	Flows     flow.StitchCounts
}

// A Gap is a stretch of time, of the resolution that the whole span allows.
type Gap struct{ From, To flow.Time }

// A Share is a number of rows of one kind.
type Share struct {
	Name string
	N    uint64
}

// Inspect reads one source to its end and describes it. The error tells why
// it could not be read, or not to its end; the Page holds what came before.
func Inspect(ctx context.Context, from Intake, src *flow.Source) (*Page, error) {
	from.Sources = []*flow.Source{src}
	mode := from.Stitch
	from.Stitch = StitchOff // the page is about what the file says
	wanted := from.Select
	from.Select = Selection{} // flows are chosen once they are put together
	in := inspection{hosts: newDistinct(), line: newTimeline(), services: map[flow.Symbol]uint64{}, max: flow.MinTime}
	var stitcher *flow.Stitcher
	taken, err := Scan(ctx, from, func(rows []flow.Record) error {
		if !in.asked {
			in.asked = true
			in.how, in.stitched = stitchingOf(src, mode)
			if in.stitched {
				stitcher = flow.NewStitcher(in.how, flow.StitchOptions{Lateness: from.Lateness})
			}
		}
		if stitcher != nil {
			stitcher.Add(rows)
			stitcher.Ready()
		}
		if wanted.selects() {
			rows, _ = wanted.choose(rows)
		}
		in.take(rows, from.Lateness)
		return nil
	})
	p := in.page()
	if stitcher != nil {
		stitcher.Flush()
		stitcher.Ready()
		p.Flows = stitcher.Counts()
	}
	if len(taken.Files) > 0 {
		p.FileSummary = taken.Files[0]
	} else {
		p.Name = src.Name
	}
	if src.Format != nil {
		p.Title = src.Format.Title
	}
	p.Fields, p.Mapping = src.Fields, src.Mapping
	for _, s := range in.topServices() {
		if text := src.Options.Symbols.Text(flow.Symbol(s.symbol)); text != "" {
			p.Services = append(p.Services, Share{text, s.n})
		}
	}
	return p, err
}

// An inspection gathers what a Page tells.
type inspection struct {
	asked     bool // how and stitched are known
	rows      uint64
	any       bool
	first     flow.Time
	max, last flow.Time
	back      uint64
	late      uint64
	furthest  flow.Time
	line      timeline
	present   [32]uint64
	protocols [256]uint64
	states    [256]uint64
	services  map[flow.Symbol]uint64
	hosts     distinct
	how       flow.Stitching
	stitched  bool
}

// maxServices bounds the services that are counted; further ones are left out.
const maxServices = 1 << 14

func (in *inspection) take(rows []flow.Record, lateness flow.Time) {
	for i := range rows {
		r := &rows[i]
		in.rows++
		for f := range in.present {
			in.present[f] += uint64(r.Has >> f & 1)
		}
		if r.Has&flow.HasProto != 0 {
			in.protocols[r.Proto]++
		}
		if r.Has&flow.HasState != 0 {
			in.states[r.State]++
		}
		if r.Has&flow.HasService != 0 {
			if _, ok := in.services[r.Service]; ok || len(in.services) < maxServices {
				in.services[r.Service]++
			}
		}
		in.hosts.add(mix(hashAddr(&r.Src)))
		in.hosts.add(mix(hashAddr(&r.Dst)))
		if r.Has&flow.HasStart == 0 {
			continue
		}
		in.line.add(r.Start)
		if !in.any {
			in.any, in.first, in.last = true, r.Start, r.Start
		} else if r.Start < in.last {
			in.back++
		}
		in.last = r.Start
		in.first = min(in.first, r.Start)
		if in.max > r.Start && in.max != flow.MinTime {
			behind := in.max.Sub(r.Start)
			in.furthest = max(in.furthest, behind)
			if behind > lateness {
				in.late++
			}
		}
		in.max = max(in.max, r.Start)
	}
}

func (in *inspection) page() *Page {
	p := &Page{
		Wanted: in.rows, HasSpan: in.any, First: in.first, Last: in.max, Back: in.back, Furthest: in.furthest, Late: in.late,
		Stitching: in.how, Stitched: in.stitched, Gaps: in.line.gaps(3),
	}
	p.Hosts, p.Approx = in.hosts.count()
	for f, n := range in.present {
		if names := flow.Fields(1 << f).Names(); n > 0 && len(names) == 1 {
			p.Present = append(p.Present, Share{names[0], n})
		}
	}
	for v, n := range in.protocols {
		if n > 0 {
			p.Protocols = append(p.Protocols, Share{flow.Proto(v).String(), n})
		}
	}
	for v, n := range in.states {
		if n > 0 {
			p.States = append(p.States, Share{flow.State(v).String(), n})
		}
	}
	most := func(a, b Share) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Name, b.Name)) }
	slices.SortFunc(p.Protocols, most)
	slices.SortFunc(p.States, most)
	return p
}

type serviceCount struct {
	symbol flow.Symbol
	n      uint64
}

// topServices are the most frequent ones.
func (in *inspection) topServices() []serviceCount {
	var all []serviceCount
	for s, n := range in.services {
		all = append(all, serviceCount{s, n})
	}
	slices.SortFunc(all, func(a, b serviceCount) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.symbol, b.symbol))
	})
	return all[:min(len(all), 10)]
}

// A timeline counts moments in bins that grow wider as the span does.
type timeline struct {
	width flow.Time
	base  int64 // number of the first bin, counted from 1970
	bins  []uint32
}

const timelineBins = 4096

func newTimeline() timeline { return timeline{width: flow.Second} }

func (l *timeline) add(t flow.Time) {
	at := int64(t.Floor(l.width) / l.width)
	if l.bins == nil {
		l.bins, l.base = make([]uint32, timelineBins), at-timelineBins/2
	}
	for at < l.base || at >= l.base+timelineBins {
		// What is used may still fit if it is moved.
		low, high, used := l.used()
		if !used {
			low, high = at, at
		}
		low, high = min(low, at), max(high, at)
		if high-low < timelineBins {
			l.move(low - (timelineBins-(high-low+1))/2)
			break
		}
		l.widen()
		at = int64(t.Floor(l.width) / l.width)
	}
	if n := &l.bins[at-l.base]; *n != 1<<32-1 {
		*n++
	}
}

func (l *timeline) used() (low, high int64, any bool) {
	for i, n := range l.bins {
		if n > 0 {
			if !any {
				low, any = l.base+int64(i), true
			}
			high = l.base + int64(i)
		}
	}
	return low, high, any
}

func (l *timeline) move(base int64) {
	bins := make([]uint32, timelineBins)
	for i, n := range l.bins {
		if n > 0 {
			bins[l.base+int64(i)-base] = n
		}
	}
	l.bins, l.base = bins, base
}

// widen doubles the width of the bins.
func (l *timeline) widen() {
	bins := make([]uint32, timelineBins)
	base := l.base >> 1
	for i, n := range l.bins {
		if n > 0 {
			b := &bins[(l.base+int64(i))>>1-base]
			*b = max(*b, *b+n)
		}
	}
	l.bins, l.base, l.width = bins, base, l.width*2
}

// gaps are the n longest runs of empty bins between others, if they are at
// least a minute and a hundredth of the span long.
func (l *timeline) gaps(n int) []Gap {
	low, high, any := l.used()
	if !any {
		return nil
	}
	least := max(60*flow.Second/l.width, flow.Time((high-low)/100), 2)
	var all []Gap
	last := low
	for at := low + 1; at <= high; at++ {
		if l.bins[at-l.base] == 0 {
			continue
		}
		if flow.Time(at-last-1) >= least {
			all = append(all, Gap{flow.Time(last+1) * l.width, flow.Time(at) * l.width})
		}
		last = at
	}
	slices.SortFunc(all, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From)), cmp.Compare(a.From, b.From))
	})
	return all[:min(len(all), n)]
}

// FlowFields are the fields of the flows that a run makes of the records.
func (p *Page) FlowFields() flow.Fields {
	if p.Stitched {
		return p.Stitching.Fields(p.Fields)
	}
	return p.Fields
}
