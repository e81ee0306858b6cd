package portscan

import (
	"slices"
	"testing"

	"seine/detectors"
	"seine/flow"
)

func try(target, port int, outcome uint8, t *tries) {
	t.add(&flow.Record{Dst: flow.AddrFrom4(0x0a000000 + uint32(target)), DstPort: uint16(port), Proto: flow.TCP}, outcome)
}

func TestASmallScanIsAMatrix(t *testing.T) {
	var s tries
	try(1, 80, unansweredTry, &s)
	try(1, 22, refusedTry, &s)
	try(2, 22, unansweredTry, &s)
	try(2, 22, answeredTry, &s)
	try(2, 22, refusedTry, &s) // the answer stays
	c := s.matrix()
	if c.Kind != detectors.Matrix || !slices.Equal(c.X.Labels, []string{"22/tcp", "80/tcp"}) || !slices.Equal(c.Y.Labels, []string{"10.0.0.1", "10.0.0.2"}) ||
		!slices.Equal(c.Values, []float64{refusedTry, unansweredTry, answeredTry, 0}) {
		t.Errorf("%+v", c)
	}
}

func TestALargeScanIsNoMatrix(t *testing.T) {
	var s tries
	for i := range mostTargets {
		for j := range mostServices {
			try(i, 1000+j, uint8(1+(i+j)%3), &s)
		}
	}
	for i := range mostTargets {
		for j := range mostServices {
			if got := s.at(i, j); got != uint8(1+(i+j)%3) {
				t.Errorf("target %d, service %d: %d", i, j, got)
			}
		}
	}
	if s.large {
		t.Error("what fits is large")
	}
	if try(99, 1000, 1, &s); !s.large {
		t.Error("one target more is not")
	}
	c := campaign{tries: s}
	c.victims[0], c.victims[1] = victim{addr: flow.AddrFrom4(1), ports: 30}, victim{addr: flow.AddrFrom4(2), ports: 20}
	if cs := c.charts(block); len(cs) != 1 || cs[0].Kind != detectors.Bars || !slices.Equal(cs[0].Values, []float64{30, 20}) {
		t.Errorf("%+v", cs)
	}
}
