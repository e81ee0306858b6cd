package intel

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"seine/flow"
)

// million writes a list of n addresses and prefixes, in a layout.
func million(layout string, n int) []byte {
	rng := rand.New(rand.NewPCG(1, 1))
	var b bytes.Buffer
	address := func() string {
		return fmt.Sprintf("%d.%d.%d.%d", 11+rng.IntN(80), rng.IntN(256), rng.IntN(256), rng.IntN(256))
	}
	switch layout {
	case "abuseipdb-csv":
		b.WriteString("ip,country_code,abuse_confidence_score,last_reported_at\n")
	case "abuseipdb-json":
		b.WriteString(`{"meta":{"generatedAt":"2026-03-10T06:17:02+00:00"},"data":[`)
	}
	for i := range n {
		switch layout {
		case "list":
			if i%10 == 0 {
				fmt.Fprintf(&b, "%s/%d\n", address(), 20+rng.IntN(10))
			} else {
				fmt.Fprintln(&b, address())
			}
		case "addresses":
			fmt.Fprintln(&b, address())
		case "abuseipdb-csv":
			fmt.Fprintf(&b, "%s,US,%d,2026-03-%02dT06:%02d:01+00:00\n", address(), 25+rng.IntN(76), 1+rng.IntN(9), rng.IntN(60))
		case "abuseipdb-json":
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"ipAddress":%q,"countryCode":"US","abuseConfidenceScore":%d,"lastReportedAt":"2026-03-%02dT06:%02d:01+00:00"}`, address(), 25+rng.IntN(76), 1+rng.IntN(9), rng.IntN(60))
		}
	}
	if layout == "abuseipdb-json" {
		b.WriteString("]}")
	}
	return b.Bytes()
}

// BenchmarkLoad reads a million entries.
func BenchmarkLoad(b *testing.B) {
	for _, layout := range []string{"addresses", "list", "abuseipdb-csv", "abuseipdb-json"} {
		text := million(layout, 1_000_000)
		b.Run(layout, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var table *Table
			for b.Loop() {
				table = New(Options{})
				if err := table.read("list", text[:flow.HeadSize], bytes.NewReader(text), 0, false); err != nil {
					b.Fatal(err)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB-held")
			b.ReportMetric(float64(table.Len()), "entries")
		})
	}
}

// BenchmarkLookup asks for addresses that are not listed, as nearly all are,
// and for some that are.
func BenchmarkLookup(b *testing.B) {
	text := million("list", 1_000_000)
	table := New(Options{})
	if err := table.read("list", text[:flow.HeadSize], bytes.NewReader(text), 0, false); err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 2))
	misses, hits := make([]flow.Addr, 1<<12), make([]flow.Addr, 1<<12)
	for i := range misses {
		misses[i] = flow.AddrFrom4(0xc6000000 | rng.Uint32()>>8)
	}
	lines := strings.Split(string(text[:1<<20]), "\n")
	for i := range hits {
		word, _, _ := strings.Cut(lines[i], "/")
		hits[i], _ = flow.ParseAddr([]byte(word))
	}
	for _, c := range []struct {
		name  string
		addrs []flow.Addr
	}{{"misses", misses}, {"hits", hits}} {
		b.Run("listed/"+c.name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				table.Listed(c.addrs[i&(len(c.addrs)-1)])
				i++
			}
		})
		b.Run("lookup/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				table.Lookup(c.addrs[i&(len(c.addrs)-1)])
				i++
			}
		})
	}
}
