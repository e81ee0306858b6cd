package analyzer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// A ledger is a Watcher that checks what it is told about hosts against the
// addresses in the rows.
type ledger struct {
	t       *testing.T
	env     *detectors.Env
	slow    bool
	owner   map[flow.Host]flow.Addr
	host    map[flow.Addr]flow.Host
	freed   map[flow.Host]bool
	last    map[flow.Addr]uint64 // row at which an address was last seen
	rows    uint64
	forgot  int
	reused  int
	calls   int
	history strings.Builder // of what was forgotten, and when
}

func newLedger(t *testing.T, env *detectors.Env, slow bool) *ledger {
	return &ledger{t: t, env: env, slow: slow, owner: map[flow.Host]flow.Addr{}, host: map[flow.Addr]flow.Host{}, freed: map[flow.Host]bool{}, last: map[flow.Addr]uint64{}}
}

func (l *ledger) Flows(rs []flow.Record) {
	for i := range rs {
		l.rows++
		if l.slow && l.rows%64 == 0 { // fall behind the others
			for range 20_000 {
				l.calls++
			}
		}
		l.see(rs[i].SrcHost, rs[i].Src)
		l.see(rs[i].DstHost, rs[i].Dst)
	}
}

func (l *ledger) see(h flow.Host, a flow.Addr) {
	l.last[a] = l.rows
	if owner, ok := l.owner[h]; ok {
		if owner != a {
			l.t.Errorf("row %d: host %d was %v and is %v, without Forget", l.rows, h, owner, a)
		}
		return
	}
	if other, ok := l.host[a]; ok {
		l.t.Errorf("row %d: %v was host %d and is %d, without Forget", l.rows, a, other, h)
	}
	if l.freed[h] {
		l.reused++
	} else if int(h) != len(l.owner)+len(l.freed)+1 {
		l.t.Errorf("row %d: host %d is new, after %d numbers", l.rows, h, len(l.owner)+len(l.freed))
	}
	delete(l.freed, h)
	l.owner[h], l.host[a] = a, h
}

// Forget implements detectors.Forgetter: it must come behind all rows that
// came before, and before any with a number given again.
func (l *ledger) Forget(hs []flow.Host) {
	fmt.Fprint(&l.history, l.rows, " ", len(hs), " ", hs[0], ";")
	for _, h := range hs {
		owner, ok := l.owner[h]
		if !ok {
			l.t.Errorf("row %d: host %d is forgotten, and was never seen", l.rows, h)
			continue
		}
		if a := l.env.Addr(h); a != owner {
			l.t.Errorf("row %d: the address of host %d is %v during Forget, not %v", l.rows, h, a, owner)
		}
		delete(l.owner, h)
		delete(l.host, owner)
		l.freed[h] = true
		l.forgot++
	}
}

func (l *ledger) Tick(flow.Time) {}
func (l *ledger) Close()         {}

// strangers is a trace with many addresses, a few of which come all the time.
func strangers(rng *rand.Rand, n int, step flow.Time) string {
	var b strings.Builder
	for i := range n {
		at := flow.Time(1485534289)*flow.Second + flow.Time(i)*step
		src := fmt.Sprintf("10.0.0.%d", rng.IntN(20))
		dst := fmt.Sprintf("198.51.%d.%d", rng.IntN(100), rng.IntN(200))
		if rng.IntN(10) == 0 {
			src = fmt.Sprintf("2001:db8::%x", 1+rng.IntN(3000))
		}
		fmt.Fprintf(&b, "%s,tcp,new,%s,1,%s,443,9,4\n", at.UTC().Format("2006-01-02 15:04:05"), src, dst)
	}
	return b.String()
}

func TestNumbersAreReusedOnlyBehindForget(t *testing.T) {
	text := strangers(rand.New(rand.NewPCG(1, 1)), 30_000, flow.Second/4)
	for name, limit := range map[string]func(*analyzer.Config){
		"few hosts":           func(c *analyzer.Config) { c.MaxHosts = analyzer.MinHosts },
		"a retention":         func(c *analyzer.Config) { c.Retention = 600 * flow.Second },
		"both":                func(c *analyzer.Config) { c.MaxHosts, c.Retention = 3000, 900*flow.Second },
		"a very short memory": func(c *analyzer.Config) { c.Retention = flow.Second },
	} {
		history := ""
		for _, sh := range []shape{{1, 0, 0}, {3, 5000, 1}, {2, 777, 100}} {
			var quick, slow *ledger
			chain := []*detectors.Detector{
				{ID: "quick", New: func(env *detectors.Env) detectors.Watcher { quick = newLedger(t, env, false); return quick }},
				{ID: "slow", New: func(env *detectors.Env) detectors.Watcher { slow = newLedger(t, env, true); return slow }},
				fake("deaf", 0, func(*detectors.Env, *detectors.Detector, *flow.Record) {}), // no Forgetter
			}
			_, s := run(t, text, nil, int64(600*flow.Second), sh, limit, func(c *analyzer.Config) { c.Chain = chain })
			if quick.forgot < 1000 || quick.reused < 1000 || uint64(quick.forgot) != s.Forgotten {
				t.Errorf("%s, %+v: %d forgotten (summary: %d), %d reused", name, sh, quick.forgot, s.Forgotten, quick.reused)
			}
			if quick.history.String() != slow.history.String() {
				t.Errorf("%s, %+v: two detectors forget differently", name, sh)
			}
			if history == "" {
				history = quick.history.String()
			} else if history != quick.history.String() {
				t.Errorf("%s, %+v: what is forgotten depends on how the run is cut up", name, sh)
			}
		}
	}
}

func TestTheRetentionForgetsTheIdleAndNobodyElse(t *testing.T) {
	const quiet, busy = "192.0.2.1", "192.0.2.2"
	var b strings.Builder
	line := func(minute int, src string) {
		fmt.Fprintf(&b, "%d,tcp,new,%s,1,%s,443,9,4\n", 1485534289+60*minute, src, busy)
	}
	line(0, quiet)
	for m := range 200 {
		if m == 50 {
			line(m, quiet) // back within the retention
		}
		line(m, fmt.Sprint("10.0.0.", m%3))
	}
	line(200, quiet)
	var l *ledger
	d := &detectors.Detector{ID: "x", New: func(env *detectors.Env) detectors.Watcher { l = newLedger(t, env, false); return l }}
	s, err := engine(t, context.Background(), &memory{}, inputs(b.String()), func(c *analyzer.Config) { c.Retention = 3600 * flow.Second }, d)
	if err != nil {
		t.Fatal(err)
	}
	if l.forgot != 1 || s.Forgotten != 1 || s.Hosts != 6 || l.reused != 1 {
		t.Errorf("%d forgotten, %d reused, %d hosts in all; history %s", l.forgot, l.reused, s.Hosts, l.history.String())
	}
}

// A single row of the far future must not cost a sweep for each step that it
// leaps over, nor may the end of time stop the run.
func TestALeapInTimeCostsOneSweep(t *testing.T) {
	text := flowsAt(100) + "2261-12-31 23:59:59,tcp,new,10.0.0.1,1,192.0.2.7,443,9,4\n" + "1678-01-01 00:00:00,tcp,new,10.0.0.1,1,192.0.2.7,443,9,4\n" + flowsAt(100)
	for _, retention := range []flow.Time{1, flow.Second, 86400 * flow.Second, flow.MaxTime} {
		s, err := engine(t, context.Background(), &memory{}, inputs(text), func(c *analyzer.Config) { c.Retention = retention }, fake("x", 0, accuse))
		if err != nil || s.Rows != 202 {
			t.Errorf("retention %d: %v, %d rows", retention, err, s.Rows)
		}
	}
}
