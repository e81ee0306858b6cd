package desk

import (
	"math/rand/v2"

	"seine/flow"
)

// Trace is a million flows of two thousand hosts: mostly web, some of services
// inside that are better not used. It is for benchmarks.
func (d *Desk) Trace() []flow.Record {
	rng := rand.New(rand.NewPCG(3, 3))
	rs := make([]flow.Record, 1_000_000)
	for i := range rs {
		r := &rs[i]
		*r = flow.Record{
			Start: flow.Time(i) * flow.Second / 10, Src: flow.AddrFrom4(10<<24 | rng.Uint32N(2000)), Dst: flow.AddrFrom4(198<<24 | rng.Uint32N(1<<16)),
			SrcPort: 50000, DstPort: []uint16{443, 443, 443, 443, 443, 80, 80, 53, 993, 22}[rng.IntN(10)], Proto: flow.TCP, State: flow.StateClosed,
			SrcBytes: 900, DstBytes: 9000, Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState, Row: uint64(i + 1),
		}
		if rng.IntN(20) == 0 {
			r.Dst, r.DstPort = flow.AddrFrom4(10<<24|rng.Uint32N(50)), []uint16{389, 445, 3389, 23, 80}[rng.IntN(5)]
		}
		r.SrcHost, r.DstHost = d.Number(r.Src), d.Number(r.Dst)
	}
	return rs
}
