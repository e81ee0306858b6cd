package beacon

import (
	"math"
	"testing"
)

func TestRITAScoresAsItsFormulasSay(t *testing.T) {
	day := make([]float64, 288)
	sizes := make([]float64, len(day))
	for i := range day {
		day[i], sizes[i] = 300*float64(i), 512
	}
	s, ok := rita(day, sizes, 0, 86400)
	if !ok || s.total != 1 || s.ts != 1 || s.ds != 1 || s.duration != 1 || s.histogram != 1 {
		t.Errorf("a perfect day scores %+v, %v", s, ok)
	}
	// An eighth of the day: three bins filled of 24.
	short, ok := rita(day[:36], nil, 0, 86400)
	if !ok || short.ts != 1 || short.ds != 0 || short.duration != 0 || short.histogram != 0 {
		t.Errorf("an eighth of a day scores %+v, %v", short, ok)
	}
	if short.total != 0.25 {
		t.Errorf("its total is %v, want a quarter", short.total)
	}
	if _, ok := rita(day[:3], nil, 0, 86400); ok {
		t.Error("three calls are scored")
	}
	if _, ok := rita([]float64{1.1, 1.2, 1.3, 1.4, 1.5, 2.1}, nil, 0, 10); ok {
		t.Error("calls within two seconds are scored")
	}
	// Only the last 24 h count.
	late, ok := rita(append([]float64{-1e6, -9e5}, day...), nil, -1e6, 86400)
	if !ok || late.ts != 1 {
		t.Errorf("calls of long ago change the score: %+v", late)
	}
}

func TestRITASpread(t *testing.T) {
	// Quartiles 10, 20, 40: Bowley (10+40−40)/30 = 1/3; MAD 10 of 20.
	got := ritaSpread([]float64{5, 10, 20, 40, 80})
	want := (1 - 1.0/3 + (20.0-15)/20) / 2
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("spread %v, want %v", got, want)
	}
	if got := ritaSpread([]float64{7, 7, 7}); got != 1 {
		t.Errorf("equal values have %v", got)
	}
}
