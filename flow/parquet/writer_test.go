package parquet

import (
	"bytes"
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/metadata"
	"pgregory.net/rapid"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

// write writes rows in groups of at most so many, and gives the file.
func write(t interface {
	Helper()
	Fatal(...any)
}, symbols *flow.Symbols, most int, runs ...[]flow.Record) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := newWriter(&buf, flowtest.Table{Symbols: symbols, Files: []string{"flows.csv"}}, most)
	if err != nil {
		t.Fatal(err)
	}
	for _, rs := range runs {
		if err := w.Write(rs); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// A double holds seconds to the nanosecond for so long: 52 days.
const exactSpan = 1 << 52

func TestWhatIsWrittenReadsBack(t *testing.T) {
	symbols := flow.NewSymbols()
	records := flowtest.Records(symbols)
	rapid.Check(t, func(t *rapid.T) {
		rows := records.Draw(t, "rows")
		for i := range rows {
			rows[i].Duration %= exactSpan
		}
		cut := rapid.IntRange(0, len(rows)).Draw(t, "cut")
		data := write(t, symbols, groupRows, rows[:cut], rows[cut:])
		want := slices.Clone(rows)
		slices.SortStableFunc(want, func(a, b flow.Record) int { return cmp.Compare(a.Start, b.Start) })
		for i := range want {
			want[i].Row, want[i].File = uint64(i)+1, 0
		}
		got, src, err := readBytes(t, data, &flow.Options{Workers: 1 + cut%3, Symbols: symbols})
		if err != nil || src.Bad != 0 || len(got) != len(want) {
			t.Fatal(err, src.BadRows, len(got))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("row %d reads as\n%s%+v\nwant\n%s%+v", i+1,
					flowtest.Row(&got[i], symbols), got[i], flowtest.Row(&want[i], symbols), want[i])
			}
		}
	})
}

// Data sets that hide addresses have names; another run reads them again.
func TestNamesOfHostsReadBack(t *testing.T) {
	var rows []flow.Record
	for _, name := range []string{"EXT_SERVER", "10008_34", "a_name_of_twenty_bytes"} {
		a, ok := flow.NameAddr([]byte(name))
		if !ok {
			t.Fatal(name)
		}
		rows = append(rows, flow.Record{Src: a, Dst: a, Proto: flow.ProtoUnknown, Has: flow.HasStart | flow.HasAddrs})
	}
	got, src, err := readBytes(t, write(t, flow.NewSymbols(), groupRows, rows), options())
	if err != nil || src.Bad != 0 || len(got) != len(rows) {
		t.Fatal(err, src.BadRows)
	}
	for i := range got {
		if got[i].Src != rows[i].Src || got[i].Dst != rows[i].Dst {
			t.Errorf("%v reads as %v", rows[i].Src, got[i].Src)
		}
	}
}

// A record of three groups tells that each is sorted, that what starts
// together keeps its order, and that every column has its statistics.
func TestEveryGroupIsSorted(t *testing.T) {
	const most = 3*writeRows + 100
	const rows = 2*most + 1000
	symbols := flow.NewSymbols()
	states := []flow.Symbol{symbols.Add([]byte("SF")), symbols.Add([]byte("S0"))}
	rng := rand.New(rand.NewPCG(1, 2))
	rs := make([]flow.Record, rows)
	for i := range rs {
		rs[i] = flow.Record{
			Start: flow.Time(rng.IntN(rows/4)) * flow.Second, Src: flow.AddrFrom4(10<<24 | uint32(i%7000)), Dst: flow.AddrFrom4(uint32(i)),
			SrcBytes: uint64(i), RawState: states[i%2], State: flow.StateClosed, Row: uint64(i + 1),
			Has: flow.HasStart | flow.HasAddrs | flow.HasSrcBytes | flow.HasState, Proto: flow.ProtoUnknown,
		}
	}
	data := write(t, symbols, most, rs)
	meta, err := readFooter(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(meta.RowGroups); n != 3 {
		t.Fatalf("%d groups", n)
	}
	for g := range meta.RowGroups {
		for i := range meta.Schema.NumColumns() {
			c, err := meta.RowGroup(g).ColumnChunk(i)
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := c.StatsSet(); !ok || err != nil {
				t.Errorf("group %d, column %s has no statistics: %v", g, c.PathInSchema(), err)
			}
			if c.Compression() != compress.Codecs.Zstd {
				t.Errorf("column %s is packed with %v", c.PathInSchema(), c.Compression())
			}
			if c.PathInSchema().String() != "src_ip" {
				continue
			}
			stats, err := c.Statistics()
			if err != nil {
				t.Fatal(err)
			}
			s := stats.(*metadata.ByteArrayStatistics)
			if lo, hi := string(s.Min()), string(s.Max()); g < 2 && (lo != "10.0.0.0" || hi != "10.0.9.99") {
				t.Errorf("group %d: addresses from %q to %q", g, lo, hi)
			}
		}
	}
	got, src, err := readBytes(t, data, &flow.Options{Workers: 2, Symbols: symbols})
	if err != nil || len(got) != rows {
		t.Fatal(err, len(got), src.BadRows)
	}
	for i := range got {
		r := &got[i]
		if i%most != 0 && (got[i-1].Start > r.Start || got[i-1].Start == r.Start && got[i-1].SrcBytes >= r.SrcBytes) {
			t.Fatalf("row %d is out of order", i+1)
		}
		w := rs[r.SrcBytes]
		if w.Row = r.Row; w != *r {
			t.Fatalf("got %+v\nwant %+v", *r, w)
		}
	}
}

func TestNoFlowsAreAFile(t *testing.T) {
	got, src, err := readBytes(t, write(t, flow.NewSymbols(), groupRows), options())
	if err != nil || len(got) != 0 || src.Fields != Format().Fields {
		t.Error(err, got, src.Fields.Names())
	}
}

// Databases refuse a file for one text that is not UTF-8.
func TestTextsAreUTF8(t *testing.T) {
	symbols := flow.NewSymbols()
	r := flow.Record{Has: flow.HasStart | flow.HasAddrs | flow.HasService, Service: symbols.Add([]byte("a\xffb"))}
	data := write(t, symbols, groupRows, []flow.Record{r})
	got, _, err := readBytes(t, data, &flow.Options{Workers: 1, Symbols: symbols})
	if err != nil || symbols.Text(got[0].Service) != "a\ufffdb" {
		t.Errorf("%v, %q", err, symbols.Text(got[0].Service))
	}
}

// fullDisk takes a number of bytes and no more.
type fullDisk struct{ room int }

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room -= len(p); d.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestAFullDiskIsAnError(t *testing.T) {
	symbols := flow.NewSymbols()
	rows := make([]flow.Record, 5000)
	for i := range rows {
		rows[i] = flow.Record{Start: flow.Time(i * i * 1_000_003), Has: flow.HasStart | flow.HasAddrs}
	}
	whole := len(write(t, symbols, groupRows, rows))
	for _, room := range []int{0, 3, 4, whole / 3, whole / 2, whole - 1000, whole - 9, whole - 8, whole - 4, whole - 1} {
		w, err := create(&fullDisk{room}, flowtest.Table{Symbols: symbols, Files: []string{"flows.csv"}})
		if err == nil {
			err = w.Write(rows)
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errFull) {
			t.Fatalf("room for %d of %d bytes: %v", room, whole, err)
		}
		if again := w.Close(); !errors.Is(again, errFull) {
			t.Fatalf("the second Close says %v", again)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	const rows = groupRows
	symbols := flow.NewSymbols()
	ssl := symbols.Add([]byte("ssl"))
	rng := rand.New(rand.NewPCG(1, 2))
	rs := make([]flow.Record, rows)
	for i := range rs {
		rs[i] = flow.Record{
			Start: flow.Time(i) * 1_000_003, Duration: flow.Time(rng.IntN(1e9)), Src: flow.AddrFrom4(10<<24 | rng.Uint32N(5000)),
			Dst: flow.AddrFrom4(rng.Uint32N(50_000)), SrcPort: uint16(rng.IntN(60_000)), DstPort: 443, Proto: flow.TCP,
			SrcBytes: rng.Uint64N(100_000), DstBytes: rng.Uint64N(1_000_000), State: flow.StateClosed, Service: ssl,
			Has: Format().Fields &^ (flow.HasICMP | flow.HasLabel | flow.HasUID),
		}
	}
	var size countWriter
	b.ReportAllocs()
	for b.Loop() {
		w, err := create(&size, flowtest.Table{Symbols: symbols, Files: []string{"flows.csv"}})
		if err != nil {
			b.Fatal(err)
		}
		if err := errors.Join(w.Write(rs), w.Close()); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(size) / int64(b.N))
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

type countWriter int64

func (c *countWriter) Write(p []byte) (int, error) { *c += countWriter(len(p)); return len(p), nil }
