package netflow

import (
	"io"
	"testing"

	"seine/flow"
)

// many makes n records, 30 in each datagram behind the first.
func many(n int, first []byte, datagram func(i int) []byte) []byte {
	data := append([]byte(nil), first...)
	for i := 0; i < n; i += 30 {
		data = append(data, datagram(i)...)
	}
	return data
}

func many5(n int) []byte {
	return many(n, nil, func(i int) []byte {
		var rs [30][]byte
		for k := range rs {
			rs[k] = flow5("192.0.2.1", "198.51.100.1", uint16(i+k), 443, 6, 0x1b, 10, 5000, 1000, 2000)
		}
		return v5(3000, noon, 0, rs[:]...)
	})
}

func many10(n int) []byte {
	return many(n, message(noon, setOf(2, templateOf(256, plain...))), func(i int) []byte {
		var rs [30][]byte
		for k := range rs {
			rs[k] = plainFlow(byte(k), 1000, 2000)
		}
		return message(noon, setOf(256, rs[:]...))
	})
}

func bench(b *testing.B, data []byte, rows uint64) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	buf := make([]flow.Record, 1024)
	for b.Loop() {
		src := flow.BytesSource("bench", data, &flow.Options{Symbols: flow.NewSymbols()})
		r, err := open(src)
		for err == nil {
			_, err = r.Read(buf)
		}
		if err != io.EOF || src.Rows != rows || src.Bad > 0 {
			b.Fatal(err, src.Rows, src.BadRows)
		}
	}
	b.ReportMetric(float64(b.N)*float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func BenchmarkNetFlow5(b *testing.B) { bench(b, many5(150_000), 150_000) }
func BenchmarkIPFIX(b *testing.B)    { bench(b, many10(150_000), 150_000) }

func TestRowsAreNotAllocated(t *testing.T) {
	for name, make := range map[string]func(int) []byte{"NetFlow v5": many5, "IPFIX": many10} {
		count := func(rows int) float64 {
			data := make(rows)
			buf := [256]flow.Record{}
			return testing.AllocsPerRun(3, func() {
				src := flow.BytesSource("rows", data, &flow.Options{Symbols: flow.NewSymbols()})
				r, err := open(src)
				for err == nil {
					_, err = r.Read(buf[:])
				}
				if src.Rows != uint64(rows) {
					t.Fatal(src.Rows, src.BadRows)
				}
			})
		}
		if few, more := count(30_000), count(60_000); more > few+50 {
			t.Errorf("%s: %.0f allocations for 30,000 rows, %.0f for 60,000", name, few, more)
		}
	}
}
