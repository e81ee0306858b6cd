package portscan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"seine/detectors/internal/scenario"
	portscan "seine/detectors/port-scan"
)

// A trace is traffic in the making.
type trace struct {
	rng  *rand.Rand
	rows []row
}

type row struct {
	at   time.Duration
	text string
}

func newTrace(seed uint64) *trace { return &trace{rng: rand.New(rand.NewPCG(seed, 11))} }

func (tr *trace) add(at time.Duration, proto, state, src, dst string, port int) {
	answer := 0
	if state == "closed" {
		answer = 4000
	}
	when := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC).Add(at).Format("2006-01-02 15:04:05.000")
	tr.rows = append(tr.rows, row{at, fmt.Sprintf("%s,%s,%s,%s,%d,%s,%d,%d,%d", when, proto, state, src, 32768+tr.rng.IntN(28000), dst, port, 400, answer)})
}

// at is a random moment of the first so many hours.
func (tr *trace) at(hours int) time.Duration {
	return time.Duration(tr.rng.Int64N(int64(time.Duration(hours) * time.Hour)))
}

// fate fails with probability p.
func (tr *trace) fate(p float64) string {
	if tr.rng.Float64() < p {
		return "attempt"
	}
	return "closed"
}

func (tr *trace) outside() string {
	return fmt.Sprintf("198.51.%d.%d", tr.rng.IntN(256), 1+tr.rng.IntN(254))
}

// play gives the alerts, each a line.
func (tr *trace) play(t *testing.T, params ...string) []string {
	t.Helper()
	slices.SortStableFunc(tr.rows, func(a, b row) int { return int(max(min(a.at-b.at, 1), -1)) })
	var b strings.Builder
	for _, r := range tr.rows {
		b.WriteString(r.text + "\n")
	}
	var first []string
	for i, batch := range []int{0, 37} {
		trial := scenario.Trial{Detector: portscan.Detector(), CSV: []byte(b.String()), Params: params, BatchRows: batch}
		lines, err := trial.Run()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = lines
		} else if !slices.Equal(first, lines) {
			t.Fatalf("batches of %d rows give\n%s\nnot\n%s", batch, strings.Join(lines, "\n"), strings.Join(first, "\n"))
		}
	}
	return first
}

// office is a day of a small network: forty clients that browse, of which one
// connection in twenty fails, and resolve names.
func (tr *trace) office() {
	for c := range 40 {
		src := fmt.Sprintf("10.1.0.%d", 10+c)
		for range 120 {
			at := tr.at(24)
			tr.add(at, "udp", tr.fate(0.02), src, "10.1.0.2", 53)
			tr.add(at+time.Second, "tcp", tr.fate(0.05), src, tr.outside(), []int{443, 443, 443, 80, 993}[tr.rng.IntN(5)])
		}
	}
}

// of are the lines about a source.
func of(lines []string, src string) []string {
	var own []string
	for _, l := range lines {
		if f := strings.Fields(l); len(f) > 2 && f[2] == src {
			own = append(own, l)
		}
	}
	return own
}

func loud(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.HasPrefix(l, "low ") })
}

func fact(t *testing.T, line, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(line, " "+name+"=")
	if !ok {
		t.Fatalf("no fact %s in %s", name, line)
	}
	value, _, _ := strings.Cut(rest, " ")
	return value
}

func TestAnOfficeIsQuiet(t *testing.T) {
	for seed := range uint64(3) {
		tr := newTrace(seed)
		tr.office()
		if got := tr.play(t); len(got) > 0 {
			t.Errorf("seed %d:\n%s", seed, strings.Join(got, "\n"))
		}
	}
}

// TestBusyMachinesAreNotLoud is about machines that fail a lot and mean no
// harm: none is worth more than a hint.
func TestBusyMachinesAreNotLoud(t *testing.T) {
	for name, fill := range map[string]func(*trace){
		"a gateway of many clients": func(tr *trace) {
			for range 8000 {
				tr.add(tr.at(24), "tcp", tr.fate(0.08), "10.1.0.1", tr.outside(), []int{443, 80, 8080, 993}[tr.rng.IntN(4)])
			}
		},
		"a mail server with dead neighbours": func(tr *trace) {
			for range 900 {
				tr.add(tr.at(24), "tcp", tr.fate(0.25), "10.1.0.3", tr.outside(), 25)
			}
		},
		"a resolver": func(tr *trace) {
			for range 6000 {
				tr.add(tr.at(24), "udp", tr.fate(0.15), "10.1.0.2", tr.outside(), 53)
			}
		},
		"a crawler": func(tr *trace) {
			for range 3000 {
				tr.add(tr.at(1), "tcp", tr.fate(0.2), "10.1.0.4", tr.outside(), 80)
			}
		},
		"peers at ports of their choice": func(tr *trace) {
			for range 1500 {
				tr.add(tr.at(6), []string{"tcp", "udp"}[tr.rng.IntN(2)], tr.fate(0.6), "10.1.0.60", tr.outside(), 1024+tr.rng.IntN(64000))
			}
		},
		"peers, a quarter of them at the default port": func(tr *trace) {
			for range 1500 {
				port := 1024 + tr.rng.IntN(64000)
				if tr.rng.IntN(4) == 0 {
					port = 6881
				}
				tr.add(tr.at(6), []string{"tcp", "udp"}[tr.rng.IntN(2)], tr.fate(0.6), "10.1.0.60", tr.outside(), port)
			}
		},
		"a load balancer whose servers come and go": func(tr *trace) {
			for i := range 4000 {
				tr.add(tr.at(24), "tcp", tr.fate(0.1), "10.1.0.5", fmt.Sprintf("10.1.9.%d", 1+i%60), 8080)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			tr := newTrace(5)
			tr.office()
			fill(tr)
			if got := loud(tr.play(t)); len(got) > 0 {
				t.Error(strings.Join(got, "\n"))
			}
		})
	}
}

// TestScannersAreCaughtAtTheFourthTarget is the promise of the sequential
// test: whatever the port, and whoever scans beside.
func TestScannersAreCaughtAtTheFourthTarget(t *testing.T) {
	for _, port := range []int{22, 80, 443, 445, 3389, 8291} {
		tr := newTrace(uint64(port))
		tr.office()
		for s := range 6 {
			for i := range 4 {
				tr.add(time.Duration(s+2)*time.Hour+time.Duration(i)*7*time.Minute, "tcp", "attempt",
					fmt.Sprintf("203.0.113.%d", 1+s), fmt.Sprintf("10.1.0.%d", 100+10*s+i), port)
			}
		}
		got := tr.play(t)
		for s := range 6 {
			own := of(got, fmt.Sprintf("203.0.113.%d", 1+s))
			if len(own) != 1 || fact(t, own[0], "decided_at_target") != "4" {
				t.Errorf("port %d, scanner %d: %q", port, s, own)
			}
		}
		if len(got) != 6 {
			t.Errorf("port %d: %d alerts for 6 scanners:\n%s", port, len(got), strings.Join(got, "\n"))
		}
	}
}

// TestSlowScansAreFoundWithinADay is about one new target in ten minutes.
func TestSlowScansAreFoundWithinADay(t *testing.T) {
	tr := newTrace(1)
	tr.office()
	for i := range 143 {
		tr.add(time.Duration(i)*10*time.Minute, "tcp", tr.fate(0.9), "10.1.0.200", fmt.Sprintf("10.1.5.%d", 1+i), 445)
		tr.add(time.Duration(i)*10*time.Minute, "tcp", "rejected", "203.0.113.7", "10.1.0.9", 1000+i)
	}
	got := tr.play(t)
	inside, outside := of(got, "10.1.0.200"), of(got, "203.0.113.7")
	if len(inside) == 0 || !strings.HasPrefix(inside[len(inside)-1], "high horizontal-scan ") {
		t.Errorf("the horizontal one: %q", inside)
	}
	if len(outside) == 0 || !strings.HasPrefix(outside[len(outside)-1], "medium vertical-scan ") {
		t.Errorf("the vertical one: %q", outside)
	}
	if len(inside) > 8 || len(outside) > 6 || len(got) != len(inside)+len(outside) {
		t.Errorf("%d and %d of %d alerts:\n%s", len(inside), len(outside), len(got), strings.Join(got, "\n"))
	}
}

// TestFloodsAreNotScans is about many forged sources, and about the real scan
// that they must not push out of memory.
func TestFloodsAreNotScans(t *testing.T) {
	tr := newTrace(2)
	for range 20000 {
		tr.add(tr.at(1), "tcp", "attempt", fmt.Sprintf("%d.%d.%d.%d", 11+tr.rng.IntN(100), tr.rng.IntN(256), tr.rng.IntN(256), 1+tr.rng.IntN(254)), "10.9.0.7", 80)
	}
	for i := range 30 {
		tr.add(time.Duration(i)*2*time.Minute, "tcp", "attempt", "10.1.0.200", fmt.Sprintf("10.1.5.%d", 1+i), 445)
	}
	got := tr.play(t, "port-scan.max-sources=20", "port-scan.max-contacts=200", "port-scan.max-pairs=200", "port-scan.max-services=200")
	if len(of(got, "10.1.0.200")) != len(got) || len(loud(got)) == 0 {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestACampaignEndsAndAnotherBegins is about a machine that scans the same
// targets again after a day of silence.
func TestACampaignEndsAndAnotherBegins(t *testing.T) {
	tr := newTrace(3)
	for _, day := range []time.Duration{0, 30 * time.Hour} {
		for i := range 30 {
			tr.add(day+time.Duration(i)*time.Second, "tcp", "attempt", "10.1.0.200", fmt.Sprintf("10.1.5.%d", 1+i), 445)
		}
	}
	got := tr.play(t)
	if len(got) != 2 || fact(t, got[0], "since") != "2026-03-10T00:00:00Z" || fact(t, got[1], "since") != "2026-03-11T06:00:00Z" ||
		fact(t, got[1], "targets") != "30" {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestLimitsAreKeptAndCounted scans with more sources than are followed.
func TestLimitsAreKeptAndCounted(t *testing.T) {
	tr := newTrace(4)
	for s := range 60 {
		for i := range 6 {
			tr.add(time.Duration(i*60+s)*time.Second, "tcp", "attempt", fmt.Sprintf("203.0.113.%d", 1+s), fmt.Sprintf("10.1.5.%d", 1+i), 23)
		}
	}
	got := tr.play(t, "port-scan.max-sources=20")
	if !slices.ContainsFunc(got, func(l string) bool { return strings.HasPrefix(l, "counted: scans-given-up ") }) {
		t.Errorf("what the limit cost is not told: %q", got)
	}
}

// TestDisorderDoesNotMatter shifts every row by up to nine minutes in the
// file, as logs do that are written when flows end.
func TestDisorderDoesNotMatter(t *testing.T) {
	tr := newTrace(6)
	tr.office()
	for i := range 40 {
		tr.add(5*time.Hour+time.Duration(i)*time.Second, "tcp", "attempt", "10.1.0.200", fmt.Sprintf("10.1.5.%d", 1+i), 445)
		tr.add(9*time.Hour+time.Duration(i)*10*time.Second, "tcp", "rejected", "203.0.113.7", "10.1.0.9", 1000+i)
	}
	for i := range tr.rows {
		tr.rows[i].at += time.Duration(tr.rng.Int64N(int64(9 * time.Minute)))
	}
	got := tr.play(t)
	inside, outside := of(got, "10.1.0.200"), of(got, "203.0.113.7")
	if len(inside) == 0 || fact(t, inside[len(inside)-1], "targets") != "40" {
		t.Errorf("the horizontal one: %q", inside)
	}
	if len(outside) == 0 || !strings.HasPrefix(outside[len(outside)-1], "medium vertical-scan ") {
		t.Errorf("the vertical one: %q", outside)
	}
	if len(got) != len(inside)+len(outside) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestForgottenSourcesAreReportedFirst has the engine forget idle addresses
// while what they did waits for its report.
func TestForgottenSourcesAreReportedFirst(t *testing.T) {
	tr := newTrace(7)
	for s := range 5 {
		for i := range 30 {
			tr.add(time.Duration(s)*time.Hour+time.Duration(i)*time.Second, "tcp", "attempt",
				fmt.Sprintf("10.1.0.%d", 200+s), fmt.Sprintf("10.1.%d.%d", 5+s, 1+i), 445)
		}
	}
	for i := range 3000 {
		tr.add(time.Duration(i)*6*time.Second, "tcp", "closed", fmt.Sprintf("10.2.%d.%d", i/200, 1+i%200), tr.outside(), 443)
	}
	got := tr.play(t, "retention=5m", "port-scan.report-every=1h")
	for s := range 5 {
		own := of(got, fmt.Sprintf("10.1.0.%d", 200+s))
		if len(own) != 1 || fact(t, own[0], "targets") != "30" {
			t.Errorf("scanner %d: %q", s, own)
		}
	}
	if len(got) != 5 {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestNoiseDoesNotEvictAScan is about a scan at work while many others, of two
// contacts each, come and go in a table that holds a fraction of them.
func TestNoiseDoesNotEvictAScan(t *testing.T) {
	tr := newTrace(8)
	for i := range 120 {
		tr.add(time.Duration(i)*30*time.Second, "tcp", "attempt", "10.1.0.200", fmt.Sprintf("10.1.5.%d", 1+i), 445)
	}
	for i := range 600 {
		at := time.Duration(i) * 6 * time.Second
		src := fmt.Sprintf("203.0.%d.%d", i/200, 1+i%200)
		tr.add(at, "tcp", "attempt", src, "10.1.0.9", 22)
		tr.add(at+time.Second, "tcp", "attempt", src, "10.1.0.9", 23)
	}
	own := of(tr.play(t, "port-scan.max-sources=64"), "10.1.0.200")
	if len(own) == 0 || !strings.HasPrefix(own[len(own)-1], "high horizontal-scan ") {
		t.Errorf("got %q", own)
	}
}
