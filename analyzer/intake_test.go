package analyzer_test

import (
	"testing"

	"seine/analyzer"
)

func TestSharesAreReadWhole(t *testing.T) {
	for text, want := range map[string]float64{"0.01": 0.01, "1/100": 0.01, ".5": 0.5, "1": 1, "3/4": 0.75, "1e-2": 0.01} {
		if got, err := analyzer.ParseSample(text); got != want || err != nil {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1/100x", "0.5 of it", "1/3/5", "1/", "/2", "2", "3/2", "0", "-1", "1/0", "0/0", "NaN", "inf", "50%"} {
		if got, err := analyzer.ParseSample(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}
