package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"seine/flow"
)

// skewed are flows of which few sources make most, and many hardly any.
func skewed(seed uint64, n int) []flow.Record {
	rng := rand.New(rand.NewPCG(seed, 1))
	zipf := rand.NewZipf(rng, 1.1, 4, 200_000)
	rows := make([]flow.Record, n)
	for i := range rows {
		r := &rows[i]
		r.Has = flow.HasAddrs | flow.HasStart | flow.HasBytes | flow.HasDstPort
		r.Src, r.Dst = flow.AddrFrom4(uint32(zipf.Uint64())), flow.AddrFrom4(rng.Uint32N(5000))
		r.Start = flow.Time(i) * flow.Second
		r.DstPort = uint16(rng.IntN(2000))
		r.SrcBytes, r.DstBytes = rng.Uint64N(1000), rng.Uint64N(100)
	}
	return rows
}

// seldomFirst puts first what is seldom, which is the worst order for a table
// that forgets.
func seldomFirst(rows []flow.Record) []flow.Record {
	n := map[flow.Addr]int{}
	for i := range rows {
		n[rows[i].Src]++
	}
	slices.SortStableFunc(rows, func(a, b flow.Record) int { return n[a.Src] - n[b.Src] })
	return rows
}

// What a full table says of itself holds: no row tells more than there was,
// none lacks more than it admits, and nobody who is left out had more than
// the bound. The bound is no larger than Misra and Gries promise.
func TestBoundsHold(t *testing.T) {
	for seed := range uint64(2) {
		for _, order := range []string{"as they come", "seldom first"} {
			for _, measure := range []string{"flows", "bytes", "src_bytes", ""} {
				t.Run(fmt.Sprint(seed, order, measure), func(t *testing.T) {
					rows := skewed(seed, 40_000)
					if order == "seldom first" {
						rows = seldomFirst(rows)
					}
					const limit = MinGroups
					a, err := New(Options{Names: lex, By: []string{"src_ip"}, Sort: measure, MaxGroups: limit, BinAuto: true})
					if err != nil {
						t.Fatal(err)
					}
					for rest := rows; len(rest) > 0; rest = rest[min(len(rest), 777):] {
						a.Add(rest[:min(len(rest), 777)])
					}
					if n := a.tables[0].n; n > limit {
						t.Errorf("%d groups are held", n)
					}
					if n := len(a.tables[0].groups) * chunk; n > limit+chunk {
						t.Errorf("there is room for %d groups", n)
					}
					table := a.Result().Tables[0]
					if !table.Approx {
						t.Fatal("the table was never full: nothing is tried")
					}
					m := measureNamed(table.Weighed)
					true_ := map[string]uint64{}
					all := uint64(0)
					for i := range rows {
						var g Group
						g.add(&rows[i], false)
						true_[rows[i].Src.String()] += m.sum(&g)
						all += m.sum(&g)
					}
					if most := 2 * all / limit; table.Bound > most {
						t.Errorf("the bound is %d, should be at most %d", table.Bound, most)
					}
					lacking := 0
					for _, r := range table.Rows {
						got, want := m.sum(&r.Group), true_[r.Key[0]]
						if got > want || want > got+r.Missed() || r.Missed() > table.Bound {
							t.Fatalf("%s: %d and at most %d more (bound %d), truly %d", r.Key[0], got, r.Missed(), table.Bound, want)
						}
						if got != want {
							lacking++
						}
						delete(true_, r.Key[0])
					}
					for key, n := range true_ {
						if n > table.Bound {
							t.Errorf("%s is left out with %d, bound %d", key, n, table.Bound)
						}
					}
					if measure == "flows" && order == "as they come" && lacking == 0 {
						t.Error("no row lacks anything: nothing is tried")
					}
				})
			}
		}
	}
}

// A table that forgets does so by the rows alone, whatever the batches.
func TestForgettingDoesNotDependOnBatches(t *testing.T) {
	rows := skewed(7, 30_000)
	var want string
	for _, batch := range []int{1, 100, 2048, 30_000} {
		a, err := New(Options{Names: lex, By: []string{"ip", "pair"}, MaxGroups: MinGroups, BinAuto: true, Distinct: []string{"dst_port"}})
		if err != nil {
			t.Fatal(err)
		}
		for rest := rows; len(rest) > 0; rest = rest[min(len(rest), batch):] {
			a.Add(rest[:min(len(rest), batch)])
		}
		got := ""
		for _, table := range a.tables {
			for slot, owner := range table.owners { // each series is its group's
				if owner >= 0 && table.group(int(owner)).slot != int32(slot) {
					t.Fatalf("series %d belongs to group %d, which has %d", slot, owner, table.group(int(owner)).slot)
				}
			}
		}
		for _, table := range a.Result().Tables {
			for _, r := range table.Rows {
				got += fmt.Sprintln(r.Key, r.Group, r.Missed(), r.Distinct, r.Series, r.Partial)
			}
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("batches of %d give other rows", batch)
		}
	}
}

// Without bytes in the input the rows are ranked, and forgotten, by flows.
func TestAutoFallsBackToFlows(t *testing.T) {
	rows := skewed(1, 20_000)
	for i := range rows {
		rows[i].Has &^= flow.HasBytes
		rows[i].SrcBytes, rows[i].DstBytes = 0, 0
	}
	for _, limit := range []int{MinGroups, 0} {
		table := sum(t, Options{Names: lex, By: []string{"src_ip"}, MaxGroups: limit, BinAuto: true, Top: 3}, rows).Tables[0]
		if table.Sort != "flows" || table.Share != "flows" || table.Approx != (limit > 0) {
			t.Errorf("sorted by %s, shares of %s", table.Sort, table.Share)
		}
		first := table.Rows[0]
		drawn := uint64(0)
		for _, v := range first.Series {
			drawn += v
		}
		if first.Flows < 100 || drawn != first.Flows {
			t.Errorf("the first has %d flows, %d of them drawn", first.Flows, drawn)
		}
	}
}

// Distinct values are exact up to the limit; beyond it they are within five
// standard errors, whatever the order, and memory stays bounded.
func TestDistinctValues(t *testing.T) {
	for _, c := range []struct{ limit, values int }{{1000, 1000}, {1000, 1001}, {1000, 50_000}, {4096, 300_000}} {
		forth, back := newSample(c.limit), newSample(c.limit)
		for i := range c.values {
			forth.add(1|uint64(i%2)<<1, uint64(i/2))
			forth.add(1|uint64(i%2)<<1, uint64(i/4)) // again
			j := c.values - 1 - i
			back.add(1|uint64(j%2)<<1, uint64(j/2))
		}
		if forth.n > c.limit || len(forth.slots) > 4*c.limit {
			t.Errorf("%d values in %d slots are held, limit %d", forth.n, len(forth.slots), c.limit)
		}
		exact := c.values <= c.limit
		for group, n := range forth.counts() {
			d := forth.estimate(n)
			want := float64(c.values+1-int(group>>1)) / 2
			want = math.Floor(want)
			if exact != (d.Error == 0) || exact && float64(d.N) != want || math.Abs(float64(d.N)-want) > 5*d.Error {
				t.Errorf("limit %d: group %d has %d ± %.0f, truly %.0f", c.limit, group, d.N, d.Error, want)
			}
			if !exact && (d.Error < math.Sqrt(want)/2 || d.Error > want/2) {
				t.Errorf("limit %d: an error of %.0f for %.0f values says nothing", c.limit, d.Error, want)
			}
			if again := back.counts()[group]; again != n || back.level != forth.level {
				t.Errorf("in the other order group %d has %d, not %d", group, again, n)
			}
		}
	}
}

// The standard error is one: about two thirds of estimates are within it.
func TestTheErrorOfDistinctValuesIsTheStandardError(t *testing.T) {
	within, tries := 0, 400
	for try := range tries {
		s := newSample(512)
		const values = 5000
		for i := range uint64(values) {
			s.add(1, mix(uint64(try)<<32|i))
		}
		d := s.estimate(uint64(s.n))
		if math.Abs(float64(d.N)-values) <= d.Error {
			within++
		}
	}
	if share := float64(within) / float64(tries); share < 0.58 || share > 0.8 {
		t.Errorf("%.0f %% of the estimates are within one error, want about 68 %%", 100*share)
	}
}

// Percentiles are exact for few numbers, and within their error for many.
func TestPercentiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for _, n := range []int{1, 2, 3, 99, 100, 101, 1000, maxValues, maxValues + 1, maxValues + 5000} {
		var q quantiles
		all := make([]uint64, n)
		for i := range all {
			all[i] = rng.Uint64() >> rng.UintN(64)
			q.add(all[i])
		}
		slices.Sort(all)
		p := q.percentiles("bytes", "B")
		if p.Exact != (n <= maxValues) || p.N != uint64(n) || p.Max != all[n-1] {
			t.Errorf("%d numbers: %+v", n, p)
		}
		for percent, got := range map[int]uint64{50: p.P50, 90: p.P90, 95: p.P95, 99: p.P99} {
			want := all[(n*percent+99)/100-1]
			off := math.Abs(float64(got) - float64(want))
			if p.Exact && got != want || off > QuantileError*float64(want)+0.5 {
				t.Errorf("%d numbers: P%d is %d, want %d", n, percent, got, want)
			}
		}
	}
	var none quantiles
	if p := none.percentiles("", ""); p.N != 0 || p.P50 != 0 {
		t.Errorf("of nothing: %+v", p)
	}
}

// Bins of the histogram follow each other without a gap, up to the largest
// number.
func TestBinsOfPercentiles(t *testing.T) {
	for shift := range 64 {
		for _, v := range []uint64{1<<shift - 1, 1 << shift, 1<<shift + 1, 1<<shift | 1<<shift>>1} {
			bin := binOf(v)
			if v > 0 && binOf(v-1) != bin && binOf(v-1) != bin-1 {
				t.Errorf("%d lies in bin %d, and %d in %d", v-1, binOf(v-1), v, bin)
			}
			if m := middleOf(bin); binOf(m) != bin || math.Abs(float64(m)-float64(v)) > QuantileError*float64(v)+0.5 {
				t.Errorf("the middle of %d is %d", v, m)
			}
		}
	}
	if binOf(math.MaxUint64) != len(new(quantiles).binsFor())-1 {
		t.Error("the last bin is not that of the largest number")
	}
}

func (*quantiles) binsFor() []uint64 { return make([]uint64, binOf(1<<64-1)+1) }

func TestNth(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		v := make([]uint64, 1+rng.IntN(200))
		for i := range v {
			v[i] = rng.Uint64N(1 + rng.Uint64N(50))
		}
		n := rng.IntN(len(v))
		sorted := slices.Clone(v)
		slices.Sort(sorted)
		if got := nth(v, n); got != sorted[n] {
			t.Fatalf("number %d of %v is %d", n, sorted, got)
		}
	}
}

// A series that was asked for finer than there is room becomes wider, and
// says so.
func TestASeriesOfTooManyBins(t *testing.T) {
	rows := make([]flow.Record, 200_000)
	for i := range rows {
		rows[i] = flow.Record{Start: flow.Time(i-5) * flow.Second, Has: flow.HasStart}
	}
	s := sum(t, Options{Names: lex, By: []string{"protocol"}, Bin: flow.Second}, rows).Series
	n := uint64(0)
	for _, b := range s.Bins {
		n += b.Flows
	}
	if s.Asked != flow.Second || s.Width != 4*flow.Second || len(s.Bins) > maxBins || n != 200_000 {
		t.Errorf("width %v, asked %v, %d bins, %d flows", s.Width, s.Asked, len(s.Bins), n)
	}
}

// More groups than have a series of their own: those that count keep theirs.
func TestSeriesOfManyGroups(t *testing.T) {
	rows := skewed(9, 120_000)
	table := sum(t, Options{Names: lex, By: []string{"src_ip"}, BinAuto: true, Sort: "flows"}, rows).Tables[0]
	if table.Groups <= maxSeries {
		t.Fatalf("%d groups: nothing is tried", table.Groups)
	}
	for i, r := range table.Rows[:20] {
		s := uint64(0)
		for _, v := range r.Series {
			s += v
		}
		if r.Partial || s != r.Flows {
			t.Errorf("row %d: %d of %d flows are drawn", i+1, s, r.Flows)
		}
	}
}

// Sums stop at the largest number.
func TestSumsDoNotWrap(t *testing.T) {
	r := flow.Record{Has: flow.HasAddrs | flow.HasBytes | flow.HasPkts | flow.HasDuration | flow.HasStart, SrcBytes: math.MaxUint64, DstBytes: 5, SrcPkts: math.MaxUint64,
		DstPkts: 7, Duration: flow.MaxTime, Start: 1}
	g := sum(t, Options{Names: lex, By: []string{"src_ip"}}, []flow.Record{r, r}).Tables[0].Rows[0]
	if g.Up != math.MaxUint64 || g.Down != 10 || g.Bytes() != math.MaxUint64 || g.Packets() != math.MaxUint64 || g.Duration != flow.MaxTime || g.Last != flow.MaxTime {
		t.Errorf("%+v", g.Group)
	}
}
