package manypeers

import (
	"math"
	"math/rand/v2"
	"testing"

	"seine/detectors/internal/scenario"
	"seine/detectors/internal/synthetic"
	"seine/flow"
)

func TestScenarios(t *testing.T) { scenario.Run(t, Detector()) }

func times(ts []float64) []flow.Time {
	all := make([]flow.Time, len(ts))
	for i, t := range ts {
		all[i] = flow.Time(t * 1e9)
	}
	return all
}

func found(m rhythm) bool { w := watcher{share: 0.6}; return w.convincing(m) }

// TestNoClockWhereThereIsNone is the rate of false findings: traffic without
// a clock, of several kinds, on fine and on coarse clocks.
func TestNoClockWhereThereIsNone(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for name, series := range map[string]func() []float64{
		"independent": func() []float64 { return synthetic.Poisson(rng, 5, 3600) },
		"slow":        func() []float64 { return synthetic.Poisson(rng, 60, 7200) },
		"browsing":    func() []float64 { return synthetic.Browsing(rng, 10, 7200) },
	} {
		for range 300 {
			ts := times(series())
			for _, step := range []flow.Time{1, 1e9} {
				for i := range ts {
					ts[i] -= ts[i] % step
				}
				if m := common(spells(ts, 5e8), clockOf(ts)); found(m) {
					t.Fatalf("%s, clock step %v: period %.2f s, %d of %d, log p %.1f", name, step, m.period, m.onTime, m.gaps, m.logP)
				}
			}
		}
	}
}

// TestTheClockIsFound is the power: calls by the clock of which some are lost
// and others are late, seen with fine and coarse clocks.
func TestTheClockIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, b := range []synthetic.Beacon{
		{Period: 7, Span: 600}, {Period: 7, Miss: 0.5, Span: 900}, {Period: 30, Miss: 0.3, Span: 3600}, {Period: 60, Jitter: 0.05, Span: 3600},
	} {
		for _, step := range []flow.Time{1, 1e9} {
			for range 50 {
				ts := times(b.Times(rng))
				for i := range ts {
					ts[i] -= ts[i] % step
				}
				m := common(spells(ts, 5e8), clockOf(ts))
				if !found(m) || math.Abs(m.period-b.Period) > 0.06*b.Period {
					t.Fatalf("%+v, clock step %v: period %.2f s, %d of %d, log p %.1f", b, step, m.period, m.onTime, m.gaps, m.logP)
				}
			}
		}
	}
}

func TestTheModeOfSizes(t *testing.T) {
	if size, n := mode([]uint32{9, 4, 4, 9, 1}); size != 4 || n != 2 {
		t.Errorf("mode %d, %d times; want 4, twice", size, n)
	}
	if _, n := mode(nil); n != 0 {
		t.Errorf("nothing has a mode, %d times", n)
	}
}
