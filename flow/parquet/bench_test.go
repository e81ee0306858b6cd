package parquet

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"seine/flow"
)

// trace makes the nine columns of n flows between some 600,000 addresses, as
// a data frame would be written: microseconds, text, 64-bit numbers.
func trace(n int) []testColumn {
	rng := rand.New(rand.NewPCG(1, 2))
	words := []string{"established", "established", "closed", "new", "reset", "connecting"}
	ts := make([]int64, n)
	proto, state := make([]string, n), make([]string, n)
	src, dst := make([]string, n), make([]string, n)
	sport, dport := make([]int64, n), make([]int64, n)
	sbytes, dbytes := make([]int64, n), make([]int64, n)
	skewed := func(n int) int { return int(float64(n) * math.Pow(rng.Float64(), 4)) }
	for i := range n {
		ts[i] = 1485534282e6 + int64(i)*100 - int64(i)*100%1e6
		proto[i] = []string{"tcp", "tcp", "tcp", "udp"}[rng.IntN(4)]
		state[i] = words[rng.IntN(len(words))]
		src[i] = fmt.Sprintf("10.0.%d.%d", skewed(8), skewed(250))
		x := skewed(1 << 20)
		dst[i] = fmt.Sprintf("%d.%d.%d.7", 23+x>>16, x>>8&255, x&255)
		sport[i] = int64(1024 + rng.IntN(64000))
		dport[i] = []int64{80, 443, 53, 22, int64(skewed(65536))}[rng.IntN(5)]
		sbytes[i] = int64(40 + skewed(4000))
		dbytes[i] = int64(skewed(60000))
	}
	all := make([]bool, n)
	for i := range all {
		all[i] = true
	}
	micros := schema.NewTimestampLogicalType(true, schema.TimeUnitMicros)
	return []testColumn{
		{path: "ts", logical: micros, values: ts, valid: all}, {path: "protocol", values: proto, valid: all},
		{path: "state", values: state, valid: all}, {path: "src_ip", values: src, valid: all},
		{path: "src_port", values: sport, valid: all}, {path: "dst_ip", values: dst, valid: all},
		{path: "dst_port", values: dport, valid: all}, {path: "src_bytes", values: sbytes, valid: all},
		{path: "dst_bytes", values: dbytes, valid: all},
	}
}

// benchFile writes a trace. Nothing of it stays in memory, where it would
// burden the collector.
func benchFile(b *testing.B, rows int) (name string, size int64) {
	data := writeFile(b, trace(rows), rows, 250_000, parquet.WithCompression(compress.Codecs.Zstd))
	name = filepath.Join(b.TempDir(), "bench.parquet")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		b.Fatal(err)
	}
	return name, int64(len(data))
}

func BenchmarkNineColumns(b *testing.B) {
	const rows = 4_000_000
	name, size := benchFile(b, rows)
	runtime.GC()
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				src := flow.FileSource(name, &flow.Options{Workers: workers, Symbols: flow.NewSymbols()})
				r, err := open(src)
				if err != nil {
					b.Fatal(err)
				}
				if n := drain(b, r.(*reader)); n != rows || src.Bad != 0 {
					b.Fatalf("%d rows, %d bad", n, src.Bad)
				}
				r.(*reader).Close()
				src.Close()
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

func drain(b *testing.B, r *reader) (n int) {
	for {
		batch, err := r.Lend()
		if err == io.EOF {
			return n
		}
		if err != nil {
			b.Fatal(err)
		}
		n += len(batch.Rows)
		batch.Free()
	}
}
