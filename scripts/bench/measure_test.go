package main

import (
	"math"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		x    []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{5, 1, 9}, 5}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(test.x); got != test.want {
			t.Errorf("median of %v is %v, want %v", test.x, got, test.want)
		}
	}
}

func TestARatioComparesRunsOfTheSameRound(t *testing.T) {
	// The machine became twice as slow in the second round; the slow
	// contender took part in two of three.
	fast := &contender{Runs: []cost{{Wall: 1}, {Wall: 2}, {Wall: 1}}}
	slow := &contender{Runs: []cost{{Wall: 6}, {Wall: 12}}}
	if got := fast.faster(slow, wall); got != 6 {
		t.Errorf("%v times faster, want 6", got)
	}
	if got := slow.faster(fast, wall); math.Abs(got-1.0/6) > 1e-9 {
		t.Errorf("%v times faster, want 1/6", got)
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 10_000_000: "10,000,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
}

func TestACostAboveAnotherIsThatOfTheSameRound(t *testing.T) {
	nothing := &contender{Runs: []cost{{CPU: 1}, {CPU: 2}, {CPU: 1}}}
	one := &contender{Runs: []cost{{CPU: 1.5}, {CPU: 2.5}, {CPU: 9}}}
	if got := one.above(nothing, cpu); math.Abs(got-0.5) > 1e-9 {
		t.Errorf("%v s above reading, want 0.5", got)
	}
	if got := nothing.above(one, cpu); got != 0 {
		t.Errorf("%v s above something that costs more, want 0", got)
	}
	if got := nothing.above(nothing, cpu); got != 1 {
		t.Errorf("reading costs %v s, want 1", got)
	}
}
