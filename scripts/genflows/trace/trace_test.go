package trace

import (
	"hash/fnv"
	"slices"
	"testing"
	"time"
)

func collect(g *Generator) []Flow {
	var all []Flow
	var f Flow
	for g.Next(&f) {
		all = append(all, f)
	}
	return all
}

func TestTheSameFlagsGiveTheSameRows(t *testing.T) {
	a, b := collect(New(7, 20_000, Options{})), collect(New(7, 20_000, Options{}))
	if !slices.Equal(a, b) {
		t.Error("two traces of one seed differ")
	}
	if c := collect(New(8, 20_000, Options{})); slices.Equal(a, c) {
		t.Error("another seed gave the same trace")
	}
}

// The sums were taken once; they must be met on every machine.
func TestTheRowsAreTheSameOnEveryMachine(t *testing.T) {
	for _, test := range []struct {
		name string
		g    *Generator
		want uint64
	}{
		{"site", New(1, 100_000, Options{}), 0xdae435638426d4fe},
		{"strangers", New(3, 20_000, Options{Strangers: 500, Span: 3 * time.Hour}), 0x5fb52326e1f13fe1},
		{"demo", NewDemo(), 0x3620ca89f94f15a},
	} {
		sum, p, f := fnv.New64a(), Printer{Fraction: true}, Flow{}
		for test.g.Next(&f) {
			sum.Write(p.Append(nil, &f))
		}
		if got := sum.Sum64(); got != test.want {
			t.Errorf("%s: sum %#x, want %#x", test.name, got, test.want)
		}
	}
}

func TestATraceHasAsManyRowsAsAskedFor(t *testing.T) {
	for _, n := range []int{0, 1, 2, 499, 500, 1000, 60_000} {
		if got := len(collect(New(1, n, Options{}))); got != n {
			t.Errorf("asked for %d rows, got %d", n, got)
		}
	}
}

func TestRowsAreAtMostAFewSecondsLate(t *testing.T) {
	const n = 300_000
	var newest, late int64
	rows := collect(New(1, n, Options{}))
	for i, f := range rows {
		newest = max(newest, f.Time)
		if newest-f.Time > 5*second {
			t.Fatalf("row %d is %v late", i+1, time.Duration(newest-f.Time)*time.Microsecond)
		}
		if f.Time < newest {
			late++
		}
	}
	if late == 0 || late > n/10 {
		t.Errorf("%d of %d rows out of order", late, n)
	}
	first, span := rows[0].Time, DefaultSpan(n).Microseconds()
	if first < Day.UnixMicro()-5*second || newest > Day.UnixMicro()+span+minute || newest < Day.UnixMicro()+span*9/10 {
		t.Errorf("the trace runs from %d to %d, not over %d µs", first, newest, span)
	}
}

func TestTheMixtureIsThatOfARealNetwork(t *testing.T) {
	const n = 400_000
	popular := []uint16{80, 8080, 443, 22, 53, 123, 143, 993}
	type pair struct{ a, b any }
	var unpopular, v6, empty int
	hosts, pairs := map[any]bool{}, map[pair]bool{}
	for _, f := range collect(New(1, n, Options{})) {
		if !slices.Contains(popular, f.DstPort) {
			unpopular++
		}
		if f.Src.Is6() {
			v6++
		}
		if f.SrcBytes == 0 && f.DstBytes == 0 {
			empty++
		}
		hosts[f.Src], hosts[f.Dst] = true, true
		pairs[pair{f.Src, f.Dst}] = true
	}
	for _, share := range []struct {
		name           string
		got, low, high int // in thousandths of the rows
	}{
		{"unpopular ports", unpopular, 250, 310},
		{"IPv6", v6, 25, 37},
		{"rows without a byte", empty, 20, 60},
		{"addresses", len(hosts), 100, 300},
		{"pairs", len(pairs), 350, 600},
	} {
		if p := share.got * 1000 / n; p < share.low || p > share.high {
			t.Errorf("%s: %d ‰ of the rows, want %d to %d", share.name, p, share.low, share.high)
		}
	}
}

func TestTheCalendarWritesWhatTheStandardLibraryWrites(t *testing.T) {
	var k calendar
	for _, us := range []int64{0, 1, 999_999, second, 951_782_400 * second, Day.UnixMicro() + 123_456} {
		want := time.UnixMicro(us).UTC().Format("2006-01-02 15:04:05.000000")
		if got := string(k.append(nil, us, true)); got != want {
			t.Errorf("%d µs: %s, want %s", us, got, want)
		}
	}
}

func BenchmarkSite(b *testing.B) {
	g, p, text := New(1, b.N, Options{Span: 24 * time.Hour}), Printer{}, []byte(nil)
	b.ReportAllocs()
	var f Flow
	for g.Next(&f) {
		text = p.Append(text[:0], &f)
	}
}
