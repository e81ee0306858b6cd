package flood_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/detectors/flood"
	"seine/detectors/internal/scenario"
)

func TestScenarios(t *testing.T) { scenario.Run(t, flood.Detector()) }

// However the rows are handed on, and while victims and hosts are pushed out
// in the midst of their floods, what is found is the same.
func TestBatchesDoNotMatter(t *testing.T) {
	raised := 0
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var b strings.Builder
		b.WriteString("ts,protocol,state,src_ip,src_port,dst_ip,dst_port,src_bytes,dst_bytes,src_pkts,dst_pkts\n")
		at := 0
		for range 40 {
			victim, port, clients := rng.IntN(60), rng.IntN(1000), 1+rng.IntN(300)
			proto, state := []string{"tcp", "udp"}[rng.IntN(2)], []string{"S0", "SF"}[rng.IntN(2)]
			for range 100 {
				s := max(0, at-rng.IntN(2)*rng.IntN(200))
				if at += rng.IntN(3); rng.IntN(50) == 0 {
					at += 400
				}
				fmt.Fprintf(&b, "2026-03-10 %02d:%02d:%02d,%s,%s,198.51.%d.%d,%d,192.0.2.%d,%d,60000,%d,%d,%d\n", 1+s/3600, s/60%60, s%60,
					proto, state, rng.IntN(clients)/200, rng.IntN(clients)%200, []int{53, 4000 + rng.IntN(100)}[rng.IntN(2)],
					victim, port, rng.IntN(2)*300, 1+rng.IntN(30000), rng.IntN(2))
			}
		}
		trial := scenario.Trial{Detector: flood.Detector(), CSV: []byte(b.String()), Params: []string{
			"flood.min-attempts=10", "flood.min-packets=1000", "flood.min-bytes=1000", "flood.min-requests=30", "flood.min-clients=5",
			fmt.Sprint("flood.max-destinations=", 16+rng.IntN(40)), fmt.Sprintf("lateness=%ds", rng.IntN(1000)),
			fmt.Sprintf("retention=%ds", 60+rng.IntN(600)),
		}}
		var first []string
		for i, rows := range []int{0, 1, 7, 64} {
			trial.BatchRows = rows
			lines, err := trial.Run()
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				first = lines
				raised += strings.Count(strings.Join(lines, "\n"), "kind=")
			} else if diff := cmp.Diff(first, lines); diff != "" {
				t.Fatalf("seed %d, %d rows at a time (-at once +cut):\n%s", seed, rows, diff)
			}
		}
	}
	if raised < 50 {
		t.Errorf("only %d alerts: the traces are too dull to test anything", raised)
	}
}
