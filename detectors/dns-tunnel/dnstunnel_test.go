package dnstunnel_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	dnstunnel "seine/detectors/dns-tunnel"
	"seine/detectors/internal/scenario"
)

func TestScenarios(t *testing.T) { scenario.Run(t, dnstunnel.Detector()) }

func row(b *bytes.Buffer, at float64, proto, src, dst string, port, up, down int) {
	s := int(at * 1000)
	fmt.Fprintf(b, "2026-03-10 %02d:%02d:%02d.%03d,%s,established,%s,40000,%s,%d,%d,%d\n",
		8+s/3600000, s/60000%60, s/1000%60, s%1000, proto, src, dst, port, up, down)
}

func play(t *testing.T, csv []byte, params ...string) []string {
	t.Helper()
	trial := scenario.Trial{Detector: dnstunnel.Detector(), CSV: csv, Params: params}
	lines, err := trial.Run()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestWithoutParameters floods as a bot does, with the defaults, for ten
// minutes after hours of quiet: one finding that grows.
func TestWithoutParameters(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var b bytes.Buffer
	for i := range 400 { // people, at first
		at := float64(i) * 18
		row(&b, at, "udp", "10.0.0.5", "10.0.0.1", 53, 75, 160)
		row(&b, at+0.1, "tcp", "10.0.0.5", fmt.Sprintf("203.0.113.%d", i%200+1), 443, 900, 9000)
	}
	for i := range 6000 {
		row(&b, 7300+float64(i)*0.1, "udp", "10.0.0.5", "10.0.0.1", 53, 60+rng.IntN(40), 140)
	}
	lines := play(t, b.Bytes())
	if len(lines) < 2 || len(lines) > 5 {
		t.Fatalf("%d alerts, want one that is told again as it doubles: %v", len(lines), lines)
	}
	for _, l := range lines {
		if !strings.HasPrefix(l, "medium query-flood 10.0.0.5 src port 53 ") {
			t.Errorf("alert %s", l)
		}
	}
}

// TestPeopleAskMuch plays ten people who browse wildly, each page asking for
// forty names of which a third are new hosts: no alert.
func TestPeopleAskMuch(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	var b bytes.Buffer
	for page := range 2000 {
		at := float64(page)
		src := fmt.Sprintf("10.0.0.%d", 10+rng.IntN(10))
		for i := range 40 {
			row(&b, at+float64(i)*0.01, "udp", src, "10.0.0.1", 53, 60+rng.IntN(40), 100+rng.IntN(300))
			if i%3 == 0 {
				row(&b, at+float64(i)*0.01+0.005, "tcp", src, fmt.Sprintf("20.%d.%d.9", rng.IntN(3), rng.IntN(250)), 443, 900, 9000)
			}
		}
	}
	if lines := play(t, b.Bytes()); len(lines) > 0 {
		t.Errorf("%v", lines)
	}
}

// TestAlwaysAsMuch plays a host that asks as much all day, as those do that
// look up the names of the addresses in logs: it may be told at first and, in
// whole, at last, but not again and again.
func TestAlwaysAsMuch(t *testing.T) {
	var b bytes.Buffer
	for i := range 40000 {
		at := float64(i) * 0.9
		row(&b, at, "udp", "10.0.0.5", "10.0.0.1", 53, 75, 140)
		if i%10 == 0 { // some others, so that there is more than names
			row(&b, at, "tcp", "10.0.0.9", fmt.Sprintf("203.0.113.%d", i/10%9+1), 443, 900, 9000)
		}
	}
	alerts := 0
	for _, l := range play(t, b.Bytes()) {
		if strings.HasPrefix(l, "medium") {
			alerts++
		}
	}
	if alerts > 2 {
		t.Errorf("%d alerts", alerts)
	}
}
