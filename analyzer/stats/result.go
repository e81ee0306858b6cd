package stats

import (
	"cmp"
	"container/heap"
	"slices"

	"seine/flow"
)

// A Result is what flows sum up to.
type Result struct {
	Total       Group
	Overview    bool
	Distinct    []Named       // of the overview
	Percentiles []Percentiles // of the overview, of what the flows have
	Series      *Series       // nil unless asked for, or where no flow has a time
	Tables      []Table
}

// A Named number of distinct values.
type Named struct {
	Name string
	Distinct
}

// A Table is the groups by some fields, as far as they are shown.
type Table struct {
	By      []string
	Numbers []bool // which of By are numbers
	Either  bool   // a flow counts for both its ends, if they differ
	Sort    string
	Ascend  bool
	Groups  uint64 // that were found, and meet the condition
	Having  string
	Rows    []Row

	// Approx says that groups were forgotten for want of room, see
	// Row.Missed: there were more than Groups.
	Approx bool
	Limit  int
	// Bound is the most that any group may lack of the measure Weighed.
	Bound   uint64
	Weighed string

	Share  string   // the measure of the shares, "bytes" or "flows" …
	Counts []string // what Row.Distinct counts
	Series *Series  // times of Row.Series, without bins; nil for none
	Drawn  string   // the measure of Row.Series
}

// A Row is one group.
type Row struct {
	Group
	Key      []string // values of By; "" is absent, if Absent says so; may be hostile
	Absent   []bool
	Share    float64 // of the total, 0 … 1
	Cumul    float64 // the same of all rows to this; 0 where a flow counts twice
	Distinct []Distinct
	Series   []uint64
	Partial  bool // Series lacks its begin

	hash  uint64
	words []uint64
}

// Missed is the most that the row may lack of the measure that its table was
// weighed by: what is shown is never more than was there.
func (r *Row) Missed() uint64 { return r.missed }

// Result gives what was summed up so far.
func (a *Analysis) Result() *Result {
	res := &Result{Total: a.total, Overview: a.general}
	for _, c := range a.counters {
		n := uint64(c.n)
		res.Distinct = append(res.Distinct, Named{c.name, c.estimate(n)})
	}
	if a.general {
		for i, of := range []string{"bytes", "packets", "duration"} {
			if a.sizes[i].n > 0 {
				res.Percentiles = append(res.Percentiles, a.sizes[i].percentiles(of, []string{"B", "", "s"}[i]))
			}
		}
	}
	res.Series = a.series()
	for _, t := range a.tables {
		if a.general && t.n == 1 && t.by[0].absent(t.key(0)) || a.general && t.n == 0 {
			continue // nothing known of it
		}
		res.Tables = append(res.Tables, a.result(t))
	}
	return res
}

func (a *Analysis) series() *Series {
	switch {
	case a.bins != nil:
		return a.bins.series()
	case a.clock == nil || !a.clock.any:
		return nil
	}
	s := &Series{Start: flow.Time(a.clock.low) * a.clock.width, Width: a.clock.width}
	var lines [3][]uint64
	for i := range lines {
		lines[i] = a.clock.unroll(&a.lines[i])
	}
	for i := range lines[0] {
		s.Bins = append(s.Bins, Bin{lines[0][i], lines[1][i], lines[2][i]})
	}
	return s
}

func (a *Analysis) result(t *table) Table {
	if t.rank.auto {
		t.rank = ranking{measure: t.weigher()}
	}
	weighed := t.weigher()
	out := Table{
		Sort: t.rank.name(), Ascend: a.o.Ascend, Having: a.o.Having, Either: t.sides == 2,
		Approx: t.purges > 0, Limit: t.limit, Bound: t.offset, Weighed: weighed.Name, Share: weighed.Name, Drawn: weighed.Name,
	}
	if t.rank.key && t.sized {
		out.Share = "bytes"
	}
	for _, d := range t.by {
		out.By = append(out.By, d.name)
		out.Numbers = append(out.Numbers, d.number)
	}
	for _, c := range t.distinct {
		out.Counts = append(out.Counts, c.label)
	}
	if t.clock != nil && t.clock.any {
		out.Series = &Series{Start: flow.Time(t.clock.low) * t.clock.width, Width: t.clock.width}
	}
	best := &leaders{ascend: a.o.Ascend, limit: a.o.Top}
	var row Row
	for i := range t.n {
		row = Row{Group: *t.group(i), words: t.key(i)}
		row.hash = hashWords(row.words)
		if t.having != nil && !t.having(&row) {
			continue
		}
		out.Groups++
		best.offer(leader{t.rank.order(t, &row), i, row.words})
	}
	share := measureNamed(out.Share)
	whole := float64(share.sum(&a.total))
	sum := 0.0
	first := best.sorted()
	out.Rows = make([]Row, 0, len(first))
	for _, l := range first {
		r := Row{Group: *t.group(l.group), words: l.key}
		r.hash = hashWords(r.words)
		at := 0
		for _, d := range t.by {
			value := r.words[at : at+d.words]
			at += d.words
			text, absent := "", d.absent(value)
			if !absent {
				text = string(d.text(nil, value))
			}
			r.Key, r.Absent = append(r.Key, text), append(r.Absent, absent)
		}
		if whole > 0 {
			part := float64(share.sum(&r.Group))
			sum += part
			r.Share = part / whole
			if t.sides == 1 {
				r.Cumul = min(sum/whole, 1)
			}
		}
		for _, c := range t.distinct {
			r.Distinct = append(r.Distinct, c.count(r.hash))
		}
		if t.clock != nil && r.slot >= 0 {
			line := 0
			if weighed.Name == "flows" {
				line = 1
			}
			r.Series, r.Partial = t.clock.unroll(&t.series[r.slot][line]), r.partial
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}

// name is the ranking as --sort spells it.
func (k ranking) name() string {
	switch {
	case k.key:
		return sortKey
	case k.distinct == peersName:
		return peersName
	case k.distinct == "dst_port":
		return "ports"
	case k.distinct != "":
		return "distinct(" + k.distinct + ")"
	}
	return k.measure.Name
}

// order is the number that a row is ranked by; what it does not have comes
// last.
func (k ranking) order(t *table, r *Row) rankOf {
	switch {
	case k.key:
		return rankOf{true, 0}
	case k.distinct != "":
		for _, c := range t.distinct {
			if c.name == k.distinct {
				return rankOf{true, c.count(r.hash).N}
			}
		}
	}
	v, ok := k.measure.order(&r.Group)
	return rankOf{ok, v}
}

type rankOf struct {
	known bool
	v     uint64
}

// leaders keeps the first groups of a ranking.
type leaders struct {
	ascend bool
	limit  int
	all    []leader // a heap, the last of them on top, once there are limit
}

type leader struct {
	rank  rankOf
	group int
	key   []uint64
}

// compare orders leaders, the first before the others.
func (l *leaders) compare(a, b leader) int {
	if a.rank.known != b.rank.known {
		if a.rank.known {
			return -1
		}
		return 1
	}
	c := cmp.Compare(b.rank.v, a.rank.v)
	if l.ascend {
		c = -c
	}
	return cmp.Or(c, slices.Compare(a.key, b.key))
}

func (l *leaders) Len() int           { return len(l.all) }
func (l *leaders) Less(i, j int) bool { return l.compare(l.all[i], l.all[j]) > 0 }
func (l *leaders) Swap(i, j int)      { l.all[i], l.all[j] = l.all[j], l.all[i] }
func (l *leaders) Push(x any)         { l.all = append(l.all, x.(leader)) }
func (l *leaders) Pop() any           { panic("leaders only ever replace") }

func (l *leaders) offer(x leader) {
	switch {
	case l.limit <= 0 || len(l.all) < l.limit:
		l.all = append(l.all, x)
		if len(l.all) == l.limit {
			heap.Init(l)
		}
	case l.compare(x, l.all[0]) < 0:
		l.all[0] = x
		heap.Fix(l, 0)
	}
}

func (l *leaders) sorted() []leader {
	slices.SortFunc(l.all, l.compare)
	return l.all
}
