package builtin_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"seine/detectors/custom"
)

// TestRulesOfUsersKeepTheLaws tries the laws on rules of every kind.
func TestRulesOfUsersKeepTheLaws(t *testing.T) {
	ds, err := custom.Parse("rules.yaml", []byte(`
- {id: single, title: t, severity: low, when: "src_bytes > 300 and internal(src_ip) or dst_port in [22, 53]"}
- {id: pairs, title: t, severity: low, group by: [src_ip, dst_ip], window: 20s, having: count() > 1}
- {id: ports, title: t, severity: low, when: "protocol == 'tcp'", group by: [src_ip], window: 1m, having: distinct(dst_port) >= 3 and sum(src_bytes) > 500}
- {id: nets, title: t, severity: low, group by: ['net(dst_ip, 8)', dst_port, protocol], window: all, having: avg(dst_bytes) > 90 or distinct(src_ip) > 5}
- {id: total, title: t, severity: low, window: 10s, having: "share(protocol == 'udp') > 0.3 and rate() > 0.5 and span > 1"}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range ds {
		found := 0
		for seed := range uint64(20) {
			rng := rand.New(rand.NewPCG(seed, 8))
			params := []string{"lateness=15s", "evidence=4"}
			if d.ID != "single" {
				params = append(params, fmt.Sprint(d.ID, ".max-groups=", 1+rng.IntN(60)), fmt.Sprint(d.ID, ".max-values=", 1+rng.IntN(60)))
			}
			play := on(randomTrace(rng), d, params)
			if err := keepsLaws(rng, play); err != nil {
				t.Errorf("%s: seed %d: %v", d.ID, seed, err)
			}
			lines, _ := play(harness{}, 0)
			found += len(lines)
		}
		if found == 0 {
			t.Errorf("%s finds nothing", d.ID)
		}
	}
}
