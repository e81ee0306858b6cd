package custom_test

import (
	"fmt"
	"strings"
	"testing"

	"seine/detectors"
	"seine/detectors/custom"
	"seine/flow"
)

// traffic are flows of a hundred hosts with thousands of others.
func traffic(n int) []flow.Record {
	rs := make([]flow.Record, n)
	seed := uint64(1)
	next := func(n uint64) uint64 {
		seed = seed*6364136223846793005 + 1442695040888963407
		return seed >> 33 % n
	}
	for i := range rs {
		rs[i] = flow.Record{
			Start: flow.Time(i) * flow.Second / 100, Proto: flow.TCP, State: flow.StateEstablished,
			Src: flow.AddrFrom4(0x0a000000 | uint32(next(100))), Dst: flow.AddrFrom4(0xcb007100 | uint32(next(5000))),
			SrcPort: uint16(40000 + next(20000)), DstPort: []uint16{443, 80, 53, 22, uint16(next(60000))}[next(5)],
			SrcBytes: next(100000), DstBytes: next(100000), Row: uint64(i + 1),
			Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasState | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes,
		}
	}
	return rs
}

func bench(b *testing.B, text string) {
	ds, err := custom.Parse("r.yaml", []byte(text))
	if err != nil {
		b.Fatal(err)
	}
	rs := traffic(100_000)
	var all []detectors.Watcher
	for _, d := range ds {
		all = append(all, d.New(detectors.NewEnv(d, detectors.Settings{Evidence: 3})))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		for at := 0; at < len(rs); at += 2000 {
			for _, w := range all {
				w.Flows(rs[at : at+2000])
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}

// BenchmarkWhen is ten rules on single flows, none of which finds anything.
func BenchmarkWhen(b *testing.B) {
	var text strings.Builder
	for i := range 10 {
		fmt.Fprintf(&text, "- {id: r%d, title: t, severity: low, when: \"src_ip in '10.99.0.0/16' and dst_port == %d and state == 'established'\"}\n", i, 4000+i)
	}
	bench(b, text.String())
}

// BenchmarkGroups is a rule that counts everything by pair.
func BenchmarkGroups(b *testing.B) {
	bench(b, head+"group by: [src_ip, dst_ip]\nwindow: 1000d\nhaving: count() > 100000000 and distinct(dst_port) > 20 and sum(src_bytes) > 5\n")
}
