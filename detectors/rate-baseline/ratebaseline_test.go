package ratebaseline_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/detectors/internal/scenario"
	ratebaseline "seine/detectors/rate-baseline"
)

func TestScenarios(t *testing.T) { scenario.Run(t, ratebaseline.Detector()) }

// A hit is a flow to a service at a second.
type hit struct{ second, service int }

func (h hit) String() string {
	return fmt.Sprintf("2026-03-10 %02d:%02d:%02d,tcp,closed,10.0.%d.5,40000,192.0.2.%d,80,1,1\n",
		h.second/3600, h.second/60%60, h.second%60, h.service, h.service)
}

// judged tells what the monitor must say of hits, in order, to the end of the
// last complete bucket: an implementation that sees everything at once and
// keeps the words of the specification.
func judged(hits []hit, service, bucket, learn int, threshold *big.Rat, least int) []string {
	origin, last := hits[0].second, 0
	for _, h := range hits {
		last = max(last, h.second)
	}
	count := func(from, to int) (n int) {
		for _, h := range hits {
			if h.second >= from && h.second < to && (service < 0 || h.service == service) {
				n++
			}
		}
		return n
	}
	from, baseline := origin, 0
	for baseline == 0 {
		if from+learn > last {
			return nil
		}
		r := big.NewRat(int64(count(from, from+learn)*bucket), int64(learn))
		f, _ := r.Float64()
		baseline = int(f)
		switch rest := new(big.Rat).Sub(r, big.NewRat(int64(baseline), 1)); rest.Cmp(big.NewRat(1, 2)) {
		case 1:
			baseline++
		case 0:
			baseline += baseline % 2
		}
		from += learn
	}
	var said []string
	state, peak, total, since := "normal", 0, 0, 0
	for ; from+bucket <= last; from += bucket {
		n := count(from, from+bucket)
		delta := big.NewRat(int64(n-baseline)*100, int64(baseline))
		over := delta.Cmp(threshold) > 0 && n >= least
		switch {
		case over && state == "alert":
			peak, total = max(peak, n), total+n
		case over:
			state, peak, total, since = "alert", n, n, from
			said = append(said, fmt.Sprintf("%d over %d of %d", from+bucket, n, baseline))
		case state == "alert":
			state = "dismissed"
			said = append(said, fmt.Sprintf("%d recovered %d of %d after %d peak %d total %d", from+bucket, n, baseline, from-since, peak, total))
		case state == "dismissed":
			state = "normal"
		}
	}
	return said
}

// said reads the same from the lines of a trial.
func said(lines []string, bucket int, about string) []string {
	var all []string
	for _, line := range lines {
		if !strings.HasPrefix(line, "info ") || !strings.Contains(line, about) || strings.Contains(line, "seen_seconds=") {
			continue
		}
		f := map[string]string{}
		for _, word := range strings.Fields(line) {
			if k, v, ok := strings.Cut(word, "="); ok {
				f[k] = v
			}
		}
		second := func(key string) int {
			var h, m, s int
			if _, err := fmt.Sscanf(f[key], "2026-03-10T%d:%d:%dZ", &h, &m, &s); err != nil {
				return -1
			}
			return h*3600 + m*60 + s
		}
		if strings.Contains(line, " over-baseline ") {
			all = append(all, fmt.Sprintf("%d over %s of %s", second("bucket_start")+bucket, f["hits"], f["baseline"]))
			continue
		}
		var lasted int
		fmt.Sscan(f["duration"], &lasted)
		all = append(all, fmt.Sprintf("%d recovered %s of %s after %s peak %s total %s",
			second("alert_start")+lasted+bucket, f["hits"], f["baseline"], f["duration"], f["peak"], f["total"]))
	}
	return all
}

func TestAgreesWithTheSpecification(t *testing.T) {
	alerts := 0
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 1))
		bucket := []int{1, 10, 60, 120}[rng.IntN(4)]
		learn := []int{bucket, bucket, 2 * bucket, 3 * bucket / 2, 7}[rng.IntN(5)]
		if learn == 0 {
			learn = bucket
		}
		thousandths := int64([]int{10_000, 1_000, 0, 33_333, 50_000, rng.IntN(200_000)}[rng.IntN(6)])
		least := rng.IntN(2) * rng.IntN(30)
		start, level := rng.IntN(1000), []int{0, 1, 10, 100}[rng.IntN(4)]
		var hits []hit
		for k := range 4 + rng.IntN(20) {
			n := level + rng.IntN(level/5+2) - level/10
			switch rng.IntN(8) {
			case 0:
				n = 0
			case 1:
				n += level/2 + rng.IntN(3)
			}
			for range n {
				hits = append(hits, hit{start + k*bucket + rng.IntN(bucket), rng.IntN(2)})
			}
		}
		if len(hits) == 0 {
			continue
		}
		slices.SortFunc(hits, func(a, b hit) int { return a.second - b.second })
		// Then out of order, but for the first: as far as the lateness allows.
		late := rng.IntN(200)
		order := slices.Clone(hits)
		place := map[int]int{}
		for i := range order {
			place[i] = order[i].second + rng.IntN(late+1)
		}
		index := make([]int, len(order))
		for i := range index {
			index[i] = i
		}
		slices.SortStableFunc(index[1:], func(a, b int) int { return place[a] - place[b] })
		var text strings.Builder
		for _, i := range index {
			text.WriteString(order[i].String())
		}
		trial := scenario.Trial{
			Detector: ratebaseline.Detector(), CSV: []byte(text.String()), BatchRows: 1 + rng.IntN(50),
			Params: []string{
				fmt.Sprintf("lateness=%ds", late), "rate-baseline.scopes=all,service,source-network",
				fmt.Sprintf("rate-baseline.bucket=%ds", bucket), fmt.Sprintf("rate-baseline.learn=%ds", learn),
				fmt.Sprintf("rate-baseline.threshold=%d.%03d", thousandths/1000, thousandths%1000),
				fmt.Sprintf("rate-baseline.min-count=%d", least),
			},
		}
		lines, err := trial.Run()
		if err != nil {
			t.Fatal(err)
		}
		threshold := big.NewRat(thousandths, 1000)
		for service, about := range map[int][]string{-1: {"scope=all"}, 0: {"192.0.2.0 dst", "network=10.0.0.0/24"}, 1: {"192.0.2.1 dst", "network=10.0.1.0/24"}} {
			want := judged(hits, service, bucket, learn, threshold, least)
			alerts += len(want)
			for _, a := range about {
				if diff := cmp.Diff(want, said(lines, bucket, a)); diff != "" {
					t.Fatalf("seed %d, %s, bucket %d, learn %d, threshold %v (-want +got):\n%s\n%s", seed, a, bucket, learn, threshold, diff, strings.Join(lines, "\n"))
				}
			}
		}
	}
	if alerts < 300 {
		t.Errorf("only %d events: the traces are too dull to test anything", alerts)
	}
}

// at makes n flows evenly over a span of seconds.
func at(b *strings.Builder, from, span, n int) {
	for i := range n {
		b.WriteString(hit{from + i*span/n, 1}.String())
	}
}

func run(t *testing.T, text string, params ...string) []string {
	t.Helper()
	trial := scenario.Trial{Detector: ratebaseline.Detector(), CSV: []byte(text), Params: params}
	lines, err := trial.Run()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestThresholdIsStrict(t *testing.T) {
	for _, c := range []struct{ hits, alerts int }{{100, 0}, {101, 0}, {102, 1}} {
		var b strings.Builder
		at(&b, 0, 120, 100)
		at(&b, 120, 120, c.hits)
		at(&b, 240, 120, 100)
		lines := run(t, b.String(), "rate-baseline.threshold=1")
		if n := strings.Count(strings.Join(lines, "\n"), "over-baseline"); n != c.alerts {
			t.Errorf("%d flows: %d alerts, want %d:\n%s", c.hits, n, c.alerts, strings.Join(lines, "\n"))
		}
	}
}

func TestSilenceRecovers(t *testing.T) {
	var b strings.Builder
	at(&b, 0, 120, 10)
	at(&b, 120, 120, 30)
	at(&b, 20000, 1, 1)
	got := said(run(t, b.String()), 120, "scope=all")
	want := []string{"240 over 30 of 10", "360 recovered 0 of 10 after 120 peak 30 total 30"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The last bucket is judged only as far as what is missing cannot change it,
// or as more than half of it is there.
func TestLastBucket(t *testing.T) {
	for _, c := range []struct {
		name       string
		span, n    int // of the last bucket
		before     int // flows of the one before
		over, back int
	}{
		{"over already", 30, 120, 100, 1, 0},
		{"would be over if it went on", 60, 90, 100, 0, 0},
		{"too short to recover", 50, 20, 200, 1, 0},
		{"long enough to recover", 100, 50, 200, 1, 1},
		{"long enough, but not lower", 100, 104, 200, 1, 0},
	} {
		var b strings.Builder
		at(&b, 0, 120, 100)
		at(&b, 120, 120, c.before)
		at(&b, 240, c.span, c.n)
		text := strings.Join(run(t, b.String()), "\n")
		if over, back := strings.Count(text, "over-baseline"), strings.Count(text, "info recovered"); over != c.over || back != c.back {
			t.Errorf("%s: %d over, %d recovered, want %d and %d:\n%s", c.name, over, back, c.over, c.back, text)
		}
	}
}

func TestTooShortToLearnIsSaid(t *testing.T) {
	var b strings.Builder
	at(&b, 0, 100, 50)
	want := []string{"table rates scope=all series=1 learned=0 alerts=0 recovered=0 longest_seconds=0 mean_seconds=0"}
	if diff := cmp.Diff(want, run(t, b.String())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	var b strings.Builder
	at(&b, 0, 3600, 10)
	for k := range 20 {
		at(&b, 3600*(k+1), 3600, 20+k)
	}
	at(&b, 3600*21, 3600, 1)
	at(&b, 3600*22, 1, 1)
	for _, c := range []struct {
		limit string
		want  string
	}{{"1000", "history=20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39 "}, {"3", "history=20,21,22 "}} {
		lines := run(t, b.String(), "rate-baseline.bucket=1h", "rate-baseline.max-history="+c.limit)
		if text := strings.Join(lines, "\n"); !strings.Contains(text, c.want) {
			t.Errorf("max-history %s: want %s in\n%s", c.limit, c.want, text)
		}
	}
}

func TestManyServicesAreBounded(t *testing.T) {
	var b strings.Builder
	for k := range 40 {
		for s := range 200 {
			b.WriteString(hit{k*120 + s/2, s}.String())
		}
	}
	lines := run(t, b.String(), "rate-baseline.max-series=20", "rate-baseline.scopes=service")
	if text := strings.Join(lines, "\n"); !strings.Contains(text, "counted: series-forgotten") {
		t.Errorf("nothing was forgotten:\n%s", text)
	}
}
