package parquet

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/schema"
	"github.com/google/go-cmp/cmp"

	"seine/flow"
)

func nan() float64 { return math.NaN() }

// table is a file of many rows with nulls and bad rows, and the records that
// must come out of it.
func table(t testing.TB, n int, symbols *flow.Symbols) (cols []testColumn, want []flow.Record) {
	ts, src, dst := starts(n), hosts("src_ip", n), hosts("dst_ip", n)
	src.valid = make([]bool, n)
	port := testColumn{path: "dst_port", valid: make([]bool, n)}
	ports, count, states := make([]int32, n), make([]float64, n), make([]string, n)
	for i := range n {
		src.valid[i] = i%1000 != 999
		port.valid[i] = i%7 != 3
		ports[i], count[i], states[i] = int32(i%65536), float64(i), []string{"SF", "S0", "REJ"}[i/5%3]
		if i%1000 == 500 {
			dst.values.([]string)[i] = "nonsense"
		}
		if !src.valid[i] || i%1000 == 500 {
			continue
		}
		r := flow.Record{
			Start: flow.Time(1485534282+i) * flow.Second, Proto: flow.ProtoUnknown,
			Src: addr(t, src.values.([]string)[i]), Dst: addr(t, dst.values.([]string)[i]),
			Has:      flow.HasStart | flow.HasAddrs | flow.HasSrcBytes | flow.HasState,
			SrcBytes: uint64(i), RawState: symbols.Add([]byte(states[i])), Row: uint64(i) + 1,
			State: []flow.State{flow.StateClosed, flow.StateAttempt, flow.StateRejected}[i/5%3],
		}
		if port.valid[i] {
			r.DstPort = uint16(i)
			r.Has |= flow.HasDstPort
		}
		want = append(want, r)
	}
	port.values = ports
	return []testColumn{ts, src, dst, port, {path: "bytes", values: count}, {path: "conn_state", values: states}}, want
}

func TestPagesAndCodecs(t *testing.T) {
	const n = 12_345
	opt := options()
	cols, want := table(t, n, opt.Symbols)
	for _, codec := range []compress.Compression{
		compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Gzip,
		compress.Codecs.Brotli, compress.Codecs.Zstd,
	} {
		for _, version := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
			for _, dict := range []bool{true, false} {
				t.Run(fmt.Sprint(codec, version, dict), func(t *testing.T) {
					data := writeFile(t, cols, n, 5000, parquet.WithCompression(codec), parquet.WithDataPageSize(9000),
						parquet.WithDataPageVersion(version), parquet.WithDictionaryDefault(dict), parquet.WithBatchSize(700))
					for _, workers := range []int{1, 3} {
						o := *opt
						o.Workers = workers
						got, src, err := readBytes(t, data, &o)
						if err != nil {
							t.Fatal(err)
						}
						check(t, want, got)
						if src.Bad != 24 || len(src.BadRows) != flow.KeepBad || src.BadRows[0].Row != 501 ||
							src.BadRows[1] != (flow.BadRow{Row: 1000, Reason: "src_ip has no value"}) ||
							src.BadRows[0].Reason != `dst_ip "nonsense": not an IP address` {
							t.Errorf("bad %d: %v", src.Bad, src.BadRows)
						}
					}
				})
			}
		}
	}
}

func check(t *testing.T, want, got []flow.Record) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if want[i] != got[i] {
			t.Fatalf("record %d: %s", i, cmp.Diff(want[i], got[i]))
		}
	}
}

// Encodings that arrow decodes give the same rows.
func TestDeltaEncodings(t *testing.T) {
	const n = 6000
	opt := options()
	cols, want := table(t, n, opt.Symbols)
	for _, texts := range []parquet.Encoding{parquet.Encodings.DeltaLengthByteArray, parquet.Encodings.DeltaByteArray} {
		for _, version := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
			data := writeFile(t, cols, n, 4000, parquet.WithDictionaryDefault(false), parquet.WithDataPageVersion(version),
				parquet.WithDataPageSize(5000), parquet.WithBatchSize(300),
				parquet.WithEncodingFor("ts", parquet.Encodings.DeltaBinaryPacked),
				parquet.WithEncodingFor("dst_port", parquet.Encodings.DeltaBinaryPacked),
				parquet.WithEncodingFor("src_ip", texts), parquet.WithEncodingFor("dst_ip", texts))
			got, _, err := readBytes(t, data, opt)
			if err != nil {
				t.Fatal(err)
			}
			check(t, want, got)
		}
	}
}

func TestNestedColumns(t *testing.T) {
	cols := []testColumn{starts(3), hosts("orig_h", 3), hosts("resp_h", 3), {path: "proto", values: []string{"icmp", "tcp", "udp"}}}
	id := schema.MustGroup(schema.NewGroupNode("id", parquet.Repetitions.Required,
		schema.FieldList{cols[1].node(t), cols[2].node(t)}, -1))
	data := writeSchema(t, schema.FieldList{cols[0].node(t), id, cols[3].node(t)}, cols, 3, 3)
	rows, src, err := readBytes(t, data, options())
	if err != nil || len(rows) != 3 || rows[2].Src != addr(t, "10.0.0.2") {
		t.Fatal(rows, err)
	}
	if got := strings.Join(src.Mapping, "\n"); !strings.Contains(got, `"id.orig_h"`) {
		t.Errorf("mapping:\n%s", got)
	}
}

func TestMissingColumnsAreNamed(t *testing.T) {
	data := writeFile(t, []testColumn{starts(2), hosts("left", 2), hosts("right", 2)}, 2, 2)
	_, _, err := readBytes(t, data, options())
	if err == nil || !strings.Contains(err.Error(), "src_ip, dst_ip (columns: ts, left, right)") {
		t.Error(err)
	}
	opt := options()
	opt.Map = map[string]string{"src_ip": "left", "dst_ip": "right"}
	rows, src, err := readBytes(t, data, opt)
	if err != nil || len(rows) != 2 || src.Fields != flow.HasStart|flow.HasAddrs || src.Rows != 2 {
		t.Error(rows, err)
	}
}

func TestNegativeDurationsAreCounted(t *testing.T) {
	for _, col := range []testColumn{{path: "duration", values: []float64{0.5, -1, 0}}, {path: "end", values: []int64{1485534289, 1, 1485534289}}} {
		rows, src := one(t, col, options())
		if len(rows) != 3 || rows[1].Has&flow.HasDuration == 0 || rows[1].Duration != 0 ||
			!strings.Contains(strings.Join(src.Notes, "\n"), "1 rows have a negative duration") {
			t.Errorf("%s: %+v, notes %q", col.path, rows, src.Notes)
		}
	}
}

func TestICMPComesOutOfThePorts(t *testing.T) {
	const ports, icmp = flow.HasSrcPort | flow.HasDstPort, flow.HasICMP
	cols := []testColumn{starts(7), hosts("src_ip", 7), hosts("dst_ip", 7),
		{path: "proto", values: []string{"icmp", "icmp", "udp", "icmp", "icmp", "gre", "udp"}},
		{path: "src_port", values: []int32{8, 0, 8, 0, 771, 0, 0}}, {path: "dst_port", values: []int32{1, 0x0303, 1, 8, 11572, 0, 0}}}
	rows, src, err := readBytes(t, writeFile(t, cols, 7, 7), options())
	if err != nil || len(rows) != 7 || src.Fields&icmp == 0 {
		t.Fatal(rows, src.Fields.Names(), err)
	}
	has := []flow.Fields{icmp, icmp, ports, icmp, 0, 0, ports}
	for i, want := range [][4]int{{8, 1, 0, 0}, {3, 3, 0, 0}, {0, 0, 8, 1}, {8, 0, 0, 0}, {}, {}, {}} {
		r := rows[i]
		if got := r.Has & (ports | icmp); got != has[i] {
			t.Errorf("row %d has %v", i+1, got.Names())
		}
		if got := [4]int{int(r.ICMPType), int(r.ICMPCode), int(r.SrcPort), int(r.DstPort)}; got != want {
			t.Errorf("row %d: %v, want %v", i+1, got, want)
		}
	}
}

func TestPipeAndGzip(t *testing.T) {
	opt := options()
	cols, want := table(t, 5000, opt.Symbols)
	data := writeFile(t, cols, 5000, 5000)
	var packed bytes.Buffer
	zw := gzip.NewWriter(&packed)
	_, _ = zw.Write(data)
	_ = zw.Close()
	for _, stored := range [][]byte{data, packed.Bytes()} {
		pr, pw, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = pw.Write(stored)
			_ = pw.Close()
		}()
		src := flow.StreamSource("-", pr, opt)
		if f, err := flow.Detect([]*flow.Format{Format()}, src); err != nil || f.Name != "parquet" {
			t.Fatal(f, err)
		}
		r, err := open(src)
		if err != nil {
			t.Fatal(err)
		}
		got, err := flow.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		check(t, want, got)
		if err := r.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
		src.Close()
	}
}

func TestMatch(t *testing.T) {
	if score, _ := match([]byte("PAR1\x15\x04")); score != 100 {
		t.Error(score)
	}
	if score, why := match([]byte("ts,src_ip")); score != 0 || why == "" {
		t.Error(score, why)
	}
}

func TestEmptyTable(t *testing.T) {
	rows, _, err := readBytes(t, writeFile(t, []testColumn{starts(0), hosts("src_ip", 0), hosts("dst_ip", 0)}, 0, 1), options())
	if err != nil || len(rows) != 0 {
		t.Error(rows, err)
	}
}

// An early Close ends all goroutines.
func TestCloseLeavesNothing(t *testing.T) {
	cols, _ := table(t, 60_000, flow.NewSymbols())
	data := writeFile(t, cols, 60_000, 20_000)
	before := runtime.NumGoroutine()
	for range 20 {
		opt := options()
		opt.Workers = 3
		r, err := open(flow.BytesSource("x", data, opt))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.(*reader).Lend(); err != nil {
			t.Fatal(err)
		}
		_ = r.(*reader).Close()
		if _, err := r.(*reader).Lend(); err == nil {
			continue // a batch that was ready
		}
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i > 100 {
			t.Fatalf("%d goroutines, were %d", runtime.NumGoroutine(), before)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
