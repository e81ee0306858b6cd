package analyzer_test

import (
	"fmt"
	"strings"
	"testing"

	"seine/analyzer"
)

// An address that is seen again and again outlives a full table, whatever its
// number and however many strangers pass.
func TestAnActiveAddressIsNotForgotten(t *testing.T) {
	var text strings.Builder
	for i := range 6000 {
		src, port := fmt.Sprintf("10.%d.%d.1", i/250, i%250), 443
		if i%9 == 0 {
			src, port = "203.0.113.9", 2000+i/9
		}
		fmt.Fprintf(&text, "2026-01-01 00:00:00,tcp,new,%s,40000,10.%d.%d.2,%d,1,1\n", src, i/250, i%250, port)
	}
	c, s := run(t, text.String(), nil, 1e9, shape{2, 3000, 100}, func(cfg *analyzer.Config) { cfg.MaxHosts = analyzer.MinHosts })
	if s.Forgotten == 0 {
		t.Fatal("nothing was forgotten")
	}
	if !strings.Contains(strings.Join(c.lines, "\n"), "over-100-ports row=901 src=203.0.113.9 ports=101") {
		t.Error("the scanner was forgotten: it never reached 101 ports")
	}
	if s.Pairs < 6000-6000/9 || !s.PairsApprox {
		t.Errorf("%d pairs, an estimate: %v", s.Pairs, s.PairsApprox)
	}
}

// Counters near the end of what they hold make no sum begin anew.
func TestSumsOfBytesDoNotWrap(t *testing.T) {
	const most = "18446744073709551615"
	text := "2026-01-01 00:00:00,tcp,closed,192.0.2.1,40000,192.0.2.2,1000," + most + ",0\n" +
		"2026-01-01 00:00:01,tcp,closed,192.0.2.1,40000,192.0.2.2,1001,3,0\n"
	c, _ := run(t, text, map[string]string{"port-fanout.limit": "1"}, 1e9, shape{1, 0, 0})
	if all := strings.Join(c.lines, "\n"); !strings.Contains(all, "over-100-ports row=2 src=192.0.2.1 ports=2 flows=2 up="+most) {
		t.Error(all)
	}
}
