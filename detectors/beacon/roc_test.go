package beacon

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"seine/detectors/internal/synthetic"
)

const hour = 3600.0

// periods are those of the beacons.
var periods = []float64{60, 300, 900, 1800}

// chance is how series come about that nobody clocks.
var chance = []struct {
	name string
	make func(rng *rand.Rand, gap float64) []float64
}{
	{"Poisson", func(rng *rand.Rand, gap float64) []float64 { return synthetic.Poisson(rng, gap, 24*hour) }},
	{"diurnal", func(rng *rand.Rand, gap float64) []float64 { return synthetic.Diurnal(rng, gap, 24*hour) }},
	{"browsing", func(rng *rand.Rand, gap float64) []float64 { return synthetic.Browsing(rng, gap/4, 24*hour) }},
	{"dense Poisson", func(rng *rand.Rand, gap float64) []float64 { return synthetic.Poisson(rng, gap/60, hour) }},
}

// score is higher the more regular.
func score(times []float64) float64 { return -regularity(times, 0).logP }

// roc is the area under the curve, and the share of pos above all but 1 % of
// neg. Both are in ascending order.
func roc(pos, neg []float64) (auc, tpr float64) {
	for _, p := range pos {
		below, _ := slices.BinarySearch(neg, p)
		upTo, _ := slices.BinarySearch(neg, math.Nextafter(p, math.Inf(1)))
		auc += float64(below+upTo) / 2
	}
	limit := neg[len(neg)-1-len(neg)/100]
	above, _ := slices.BinarySearch(pos, math.Nextafter(limit, math.Inf(1)))
	return auc / float64(len(pos)*len(neg)), float64(len(pos)-above) / float64(len(pos))
}

// TestBeaconsStandOut measures how well the probability alone tells beacons
// from traffic that is not clocked. Periods that give fewer than 20 calls in
// the span are left out: no test tells those with half of the calls missing.
func TestBeaconsStandOut(t *testing.T) {
	each := 400
	if testing.Short() {
		each = 120
	}
	rng := rand.New(rand.NewPCG(31, 12))
	var neg []float64
	for _, c := range chance {
		for i := range each {
			neg = append(neg, score(c.make(rng, periods[i%len(periods)])))
		}
	}
	slices.Sort(neg)
	for _, c := range []struct{ span, jitter, miss float64 }{
		{24, 0, 0}, {24, 0.2, 0.3}, {24, 0.5, 0.5}, {24, 0.9, 0.5}, {8, 0, 0}, {8, 0.5, 0.3}, {3, 0.9, 0.5},
		{24, 0.9, 0}, {8, 0.2, 0.5}, {3, 0, 0.5},
	} {
		var pos []float64
		for _, period := range periods {
			b := synthetic.Beacon{Period: period, Jitter: c.jitter, Miss: c.miss, Span: c.span * hour}
			if b.Calls() < 20 {
				continue
			}
			for range each / 2 {
				pos = append(pos, score(b.Times(rng)))
			}
		}
		slices.Sort(pos)
		auc, tpr := roc(pos, neg)
		t.Logf("%2.0f h, jitter %.1f, missed %.1f: AUC %.4f, found at 1 %% false ones %.3f", c.span, c.jitter, c.miss, auc, tpr)
		if auc < 0.99 || tpr < 0.83 {
			t.Errorf("%.0f h, jitter %.1f, missed %.1f: AUC %.4f, found %.3f", c.span, c.jitter, c.miss, auc, tpr)
		}
	}
}

// TestProbabilitiesAreNotTooSmall: of series by chance no more than a share p
// may have a probability below p, whatever the length and the view.
func TestProbabilitiesAreNotTooSmall(t *testing.T) {
	each := 800
	if testing.Short() {
		each = 300
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []float64{8, 15, 40, 200} {
		for _, c := range []struct {
			name string
			make func() []float64
		}{
			{"Poisson", func() []float64 { return synthetic.Poisson(rng, 60, 60*n) }},
			{"diurnal", func() []float64 { return synthetic.Diurnal(rng, 86400/n, 86400) }},
			{"browsing", func() []float64 { return synthetic.Browsing(rng, 60, 600*n) }},
			{"dense", func() []float64 { return synthetic.Poisson(rng, 5, 7*n) }},
			{"very dense", func() []float64 { return synthetic.Poisson(rng, 0.4, n) }},
			{"whole seconds", func() []float64 { return floored(synthetic.Poisson(rng, 20, 20*n)) }},
		} {
			var ps []float64
			for range each {
				ps = append(ps, regularity(c.make(), 0).logP)
			}
			for _, p := range []float64{0.05, 0.01, 0.001} {
				below := 0
				for _, v := range ps {
					if v < math.Log(p) {
						below++
					}
				}
				if expect := p * float64(each); float64(below) > expect+4*math.Sqrt(expect)+2 {
					t.Errorf("%s, about %.0f calls: %d of %d have p below %v", c.name, n, below, each, p)
				}
			}
		}
	}
}

func floored(times []float64) []float64 {
	for i := range times {
		times[i] = math.Floor(times[i])
	}
	return times
}

// Each of the ways in which calls may be regular is found by its test, and the
// verdict tells the period.
func TestEachWayIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	var change, steps, pause, check []float64
	at := 0.0
	for i := range 120 {
		at += []float64{20, 240}[i/60] * (1 + 0.1*rng.Float64())
		change = append(change, at)
	}
	at = 0
	for i := range 150 {
		at += 0.1 * float64(1+i%30)
		steps = append(steps, at)
	}
	at = 0
	for i := range 60 {
		if at += 45 + rng.Float64(); i == 30 {
			at += 9 * hour // the machine slept
		}
		pause = append(pause, at)
	}
	for i := range 40 { // a check-in opens several connections
		for k := range 1 + rng.IntN(6) {
			check = append(check, 120*float64(i)+0.2*float64(k)*rng.Float64())
		}
	}
	slices.Sort(check)
	for _, c := range []struct {
		name     string
		times    []float64
		way      way
		from, to float64
	}{
		{"plain", synthetic.Beacon{Period: 60, Jitter: 0.2, Span: hour}.Times(rng), byGaps, 50, 58},
		{"missed", synthetic.Beacon{Period: 60, Jitter: 0.02, Miss: 0.5, Span: 12 * hour}.Times(rng), byFold, 59, 60},
		{"change of period", change, bySegment, 20, 264},
		{"growing steps", steps, bySteps, 0.1, 3},
		{"retries", synthetic.Beacon{Period: 0.5, Jitter: 0.1, Span: 120}.Times(rng), byGaps, 0.45, 0.5},
		{"a pause", pause, byGaps, 45, 46},
		{"bursts", check, byGaps, 119.9, 120.1},
	} {
		v := regularity(c.times, 0)
		if v.way != c.way || v.period < c.from || v.period > c.to || v.logP > math.Log(1e-8) {
			t.Errorf("%s: found by %v with a period of %.3f s and p 1e%.0f", c.name, v.way, v.period, v.logP/math.Ln10)
		}
		if enough, _ := v.effect(); !enough {
			t.Errorf("%s: not regular enough: shape %.2f, fold %.2f, steps %.2f", c.name, v.shape, v.fold, v.steps)
		}
	}
}

func TestFewCallsTellNothing(t *testing.T) {
	for n := range minGaps + 1 {
		if v := regularity(make([]float64, n), 0); v.logP != 0 {
			t.Errorf("%d calls have p %v", n, math.Exp(v.logP))
		}
	}
	if v := regularity(make([]float64, 100), 0); v.logP != 0 {
		t.Errorf("calls at one moment have p %v", math.Exp(v.logP))
	}
}
