package stats

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"seine/flow"
	"seine/flow/enrich/assets"
	"seine/flow/enrich/geo"
	"seine/flow/where"
)

// DefaultMaxGroups bounds the groups of a table.
const DefaultMaxGroups = 2_000_000

// MinGroups is the smallest bound.
const MinGroups = 1024

// Options say what is summed up.
type Options struct {
	Names    flow.Names     // texts and files of the records
	Location *time.Location // zone of days and hours; nil is UTC
	Internal []netip.Prefix // own networks
	Geo      *geo.DB        // places of addresses, or nil
	Assets   *assets.Table  // machines, or nil

	By       []string // fields of each table, "src_ip" or "src_ip/24,dst_port"; none gives the overview
	Sort     string   // what rows are ranked by; empty is bytes, or flows where there are none
	Ascend   bool     // the least first
	Top      int      // rows of each table; 0 all
	Having   string   // condition on groups
	Distinct []string // fields of which distinct values are counted for each group

	Bin       flow.Time // width of the bins of time
	BinAuto   bool      // a width that gives at most 64 bins
	MaxGroups int       // of each table; 0 is DefaultMaxGroups

	internal func(*flow.Addr) bool
}

func (o *Options) location() *time.Location {
	if o.Location == nil {
		return time.UTC
	}
	return o.Location
}

// overview are the tables that are shown unless others are asked for.
var overview = []string{"src_ip", "dst_ip", "pair", "dst_port,protocol", "service", "protocol", "state"}

// An Analysis sums flows up. It is used on one goroutine.
type Analysis struct {
	o      Options
	tables []*table
	total  Group
	clock  *clock
	lines  [3][seriesBins]uint64 // flows, bytes, packets
	bins   *bins
	at     []uint8

	general  bool // the overview
	counters []*counter
	sizes    [3]quantiles // bytes, packets, duration
}

// New checks the options. Its errors tell what is wrong with which of them.
func New(o Options) (*Analysis, error) {
	if o.MaxGroups == 0 {
		o.MaxGroups = DefaultMaxGroups
	}
	if o.MaxGroups < MinGroups {
		return nil, fmt.Errorf("--max-groups %d: must be at least %d", o.MaxGroups, MinGroups)
	}
	if o.Internal == nil {
		o.Internal = where.DefaultInternal()
	}
	o.internal = within(o.Internal)
	a := &Analysis{o: o, general: len(o.By) == 0}
	if o.BinAuto || o.Bin > 0 {
		a.clock = &clock{width: widths[0]}
		if o.Bin > 0 {
			a.clock.width = o.Bin
			a.bins = newBins(o.Bin)
		}
	}
	by := o.By
	if a.general {
		by = overview
		for _, f := range []string{"src_ip", "dst_ip", "ip", "pair", "dst_port"} {
			d, err := parseDimension(f, &a.o)
			if err != nil {
				return nil, err
			}
			a.counters = append(a.counters, &counter{name: f, of: d, sample: *newSample(1 << 20)})
		}
	}
	for _, text := range by {
		t, err := a.table(text)
		if err != nil {
			return nil, err
		}
		a.tables = append(a.tables, t)
	}
	return a, nil
}

// Overview sums flows up as a report shows them at its begin: the course of
// time, and the first ten of each table. It is what New gives without fields.
func Overview(names flow.Names, internal []netip.Prefix) (*Analysis, error) {
	return New(Options{Names: names, Internal: internal, BinAuto: true, Top: 10})
}

// table makes one table.
func (a *Analysis) table(text string) (*table, error) {
	dims, err := parseBy(text, &a.o)
	if err != nil {
		return nil, fmt.Errorf("--by %s: %w", shortened(text), err)
	}
	t := newTable(dims, a.o.MaxGroups)
	t.clock = a.clock
	if t.rank, err = parseRanking(a.o.Sort); err != nil {
		return nil, fmt.Errorf("--sort: %w", err)
	}
	if a.o.Sort == "" && dims[0].timed {
		t.rank = ranking{key: true}
	}
	if t.rank.distinct != "" {
		if _, err := a.counter(t, t.rank.distinct, true); err != nil {
			return nil, fmt.Errorf("--sort: %w", err)
		}
	}
	for _, f := range a.o.Distinct {
		if _, err := a.counter(t, f, true); err != nil {
			return nil, fmt.Errorf("--distinct %s: %w", shortened(f), err)
		}
	}
	if a.o.Having != "" {
		c, err := schema(&a.o, func(f string) (*counter, error) { return a.counter(t, f, true) }).Compile(a.o.Having)
		if err != nil {
			return nil, fmt.Errorf("--having: %w", err)
		}
		t.having = c.Keep
	}
	return t, nil
}

// counter gives the counter of distinct values of a field, a new one if the
// table has none.
func (a *Analysis) counter(t *table, name string, shown bool) (*counter, error) {
	name = strings.ToLower(name)
	for _, c := range t.distinct {
		if c.name == name {
			return c, nil
		}
	}
	c := &counter{name: name, label: "distinct(" + name + ")", shown: shown, sample: *newSample(max(2*a.o.MaxGroups, 1<<20))}
	var err error
	if name == peersName {
		c.label, c.peers = peersName, true
		c.of, err = parseDimension(peerOf(t), &a.o)
	} else {
		c.of, err = parseDimension(name, &a.o)
	}
	switch {
	case err != nil:
		return nil, err
	case c.of.either && !c.peers:
		return nil, fmt.Errorf("%s stands for two fields; name one of them, or peers for the addresses at the other end", c.of.name)
	case name == "dst_port":
		c.label = "ports"
	}
	t.distinct = append(t.distinct, c)
	return c, nil
}

// peerOf is the field that peers of the groups of a table are told by: the
// addresses at the other end.
func peerOf(t *table) string {
	has := func(prefix string) bool {
		return slices.ContainsFunc(t.by, func(d *dimension) bool { return strings.HasPrefix(d.name, prefix) })
	}
	switch {
	case t.sides == 2:
		return "ip"
	case has("src_") && !has("dst_ip"):
		return "dst_ip"
	case has("dst_ip") && !has("src_"):
		return "src_ip"
	}
	return "pair"
}

// within reports whether addresses lie in one of the prefixes.
func within(prefixes []netip.Prefix) func(*flow.Addr) bool {
	return func(a *flow.Addr) bool {
		n := a.Netip()
		for _, p := range prefixes {
			if p.Contains(n) {
				return true
			}
		}
		return false
	}
}

// Add counts flows. They stay the caller's.
func (a *Analysis) Add(rows []flow.Record) {
	if len(rows) == 0 {
		return
	}
	a.tick(rows)
	for i := range rows {
		a.total.add(&rows[i], false)
	}
	if a.bins != nil {
		for i := range rows {
			if r := &rows[i]; r.Has&flow.HasStart != 0 {
				a.bins.add(r, plus(r.SrcPkts, r.DstPkts))
			}
		}
	}
	if a.general {
		a.survey(rows)
	}
	for _, t := range a.tables {
		t.add(rows, a.at)
	}
}

// tick widens the bins of time where rows need it, and places the rows.
func (a *Analysis) tick(rows []flow.Record) {
	if a.clock == nil {
		return
	}
	first, last, any := flow.MaxTime, flow.MinTime, false
	for i := range rows {
		if rows[i].Has&flow.HasStart != 0 {
			any = true
			first, last = min(first, rows[i].Start), max(last, rows[i].Start)
		}
	}
	a.at = slices.Grow(a.at[:0], len(rows))[:len(rows)]
	if !any {
		return
	}
	if before, changed := a.clock.reach(first, last); changed {
		for i := range a.lines {
			a.clock.rebin(before, &a.lines[i])
		}
		for _, t := range a.tables {
			for i := range t.series {
				a.clock.rebin(before, &t.series[i][0])
				a.clock.rebin(before, &t.series[i][1])
			}
		}
	}
	for i := range rows {
		r := &rows[i]
		if r.Has&flow.HasStart == 0 {
			continue
		}
		s := slotOf(a.clock.number(r.Start))
		a.at[i] = uint8(s)
		a.lines[0][s]++
		a.lines[1][s] = plus(a.lines[1][s], r.Bytes())
		a.lines[2][s] = plus(a.lines[2][s], plus(r.SrcPkts, r.DstPkts))
	}
}

// survey gathers what the overview tells besides its tables.
func (a *Analysis) survey(rows []flow.Record) {
	for _, c := range a.counters {
		for turned := range 2 {
			if turned == 1 && !c.of.either {
				break
			}
			w := c.of.words
			c.buf = slices.Grow(c.buf[:0], len(rows)*w)[:len(rows)*w]
			c.of.fill(rows, turned == 1, c.buf, w)
			for i := range rows {
				if v := c.buf[i*w : i*w+w]; !c.of.absent(v) {
					c.add(1, hashWords(v))
				}
			}
		}
	}
	for i := range rows {
		r := &rows[i]
		if r.Has&flow.HasBytes != 0 {
			a.sizes[0].add(r.Bytes())
		}
		if r.Has&flow.HasPkts != 0 {
			a.sizes[1].add(plus(r.SrcPkts, r.DstPkts))
		}
		if r.Has&flow.HasDuration != 0 {
			a.sizes[2].add(uint64(r.Duration))
		}
	}
}
