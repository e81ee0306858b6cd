package icmptunnel_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	icmptunnel "seine/detectors/icmp-tunnel"
	"seine/detectors/internal/scenario"
)

func TestScenarios(t *testing.T) { scenario.Run(t, icmptunnel.Detector()) }

// TestHonestPing plays pings of all sizes and rates, with losses, none of
// which is a finding: what comes back is part of what went.
func TestHonestPing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var b bytes.Buffer
	fmt.Fprintln(&b, "ts,protocol,src_ip,dst_ip,icmp_type,icmp_code,src_bytes,dst_bytes,src_pkts,dst_pkts")
	for i := range 20_000 {
		size, n := 28+rng.IntN(100), 1+rng.IntN(10)
		back := n
		if rng.IntN(4) == 0 {
			back = rng.IntN(n + 1)
		}
		fmt.Fprintf(&b, "2026-03-10 %02d:%02d:%02d,icmp,10.0.0.%d,203.0.113.%d,8,0,%d,%d,%d,%d\n",
			i/3600, i/60%60, i%60, rng.IntN(20), rng.IntN(5)+1, size*n, size*back, n, back)
	}
	trial := scenario.Trial{Detector: icmptunnel.Detector(), CSV: b.Bytes()}
	lines, err := trial.Run()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) > 0 {
		t.Errorf("%d alerts, the first: %s", len(lines), lines[0])
	}
}
