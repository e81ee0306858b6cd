package csv

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"seine/flow"
)

// trace writes n rows of the nine-column layout.
func trace(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	states := []string{"established", "established", "closed", "new", "reset", "connecting"}
	var b []byte
	for i := range n {
		proto := "tcp"
		if rng.IntN(4) == 0 {
			proto = "udp"
		}
		b = fmt.Appendf(b, "2017-01-27 %02d:%02d:%02d,%s,%s,%d.%d.%d.%d,%d,%d.%d.%d.%d,%d,%d,%d\n",
			i/360000%24, i/6000%60, i/100%60, proto, states[rng.IntN(len(states))],
			10, rng.IntN(256), rng.IntN(256), rng.IntN(256), 1024+rng.IntN(64000),
			rng.IntN(224), rng.IntN(256), rng.IntN(256), rng.IntN(256), rng.IntN(1+rng.IntN(65535)),
			rng.IntN(1+rng.IntN(1<<20)), rng.IntN(1+rng.IntN(1<<20)))
	}
	return b
}

func BenchmarkNineColumns(b *testing.B) { bench(b, nil) }

func BenchmarkHeader(b *testing.B) {
	bench(b, []byte("time,proto,conn_state,source ip,source port,destination ip,destination port,bytes_out,bytes_in\n"))
}

func bench(b *testing.B, header []byte) {
	const rows = 1_000_000
	data := append(header, trace(rows)...)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("bench.csv", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			batch, err := r.(flow.Lender).Lend()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			n += len(batch.Rows)
			batch.Free()
		}
		if n != rows || src.Bad != 0 {
			b.Fatal(n, src.Bad, src.BadRows)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
