package ratebaseline

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"seine/detectors"
	"seine/flow"
)

type silentRuntime struct{}

func (silentRuntime) Alert(*flow.Record, *detectors.Alert) {}
func (silentRuntime) Addr(h flow.Host) flow.Addr           { return flow.AddrFrom4(uint32(h)) }
func (silentRuntime) Text(flow.Symbol) string              { return "" }
func (silentRuntime) File(uint32) string                   { return "" }

// BenchmarkFlows plays an hour of 500 flows a second: some busy services, and
// scanners that make new ones all the time.
func BenchmarkFlows(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	rows := make([]flow.Record, 1_800_000)
	for i := range rows {
		r := &rows[i]
		r.Start = flow.Time(i) * flow.Second / 500
		r.SrcHost, r.DstHost = flow.Host(1+rng.IntN(3000)), flow.Host(1+rng.IntN(200))
		r.Proto, r.DstPort, r.Has = flow.TCP, uint16(443+rng.IntN(3)), flow.HasDstPort
		if rng.IntN(5) == 0 {
			r.DstHost, r.DstPort = flow.Host(1+rng.IntN(60_000)), uint16(rng.IntN(1<<16))
		}
		r.Src, r.Dst = flow.AddrFrom4(uint32(r.SrcHost)<<6), flow.AddrFrom4(uint32(r.DstHost))
	}
	for _, scopes := range []string{"all", "all,service,source-network"} {
		b.Run(fmt.Sprint("scopes=", scopes), func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				d := Detector()
				w := d.New(detectors.NewEnv(d, detectors.Settings{
					Value:    func(name string) (string, bool) { return scopes, name == "rate-baseline.scopes" },
					Lateness: 600 * flow.Second, Runtime: silentRuntime{}, Floor: detectors.Low,
				}))
				for i := 0; i < len(rows); i += 1000 {
					if i%60_000 == 0 {
						w.Tick(rows[i].Start - 600*flow.Second)
					}
					w.Flows(rows[i : i+1000])
				}
				w.Close()
				n += len(rows)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/flow")
		})
	}
}
