package analyzer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
	"seine/flow/formats"
)

// flowsAt makes n rows of the nine columns, a second apart.
func flowsAt(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s,tcp,new,10.0.%d.%d,1,192.0.2.7,443,%d,4\n",
			time.Unix(1485534289+int64(i), 0).UTC().Format("2006-01-02 15:04:05"), i/200%200, i%200, i)
	}
	return b.String()
}

// fake makes a detector of a function of one flow.
func fake(id string, needs flow.Fields, see func(env *detectors.Env, d *detectors.Detector, r *flow.Record)) *detectors.Detector {
	d := &detectors.Detector{ID: id, Needs: needs, Rules: []detectors.Rule{{ID: "rule", Severity: detectors.Low}}}
	d.New = func(env *detectors.Env) detectors.Watcher {
		return detectors.Each(func(r *flow.Record) { see(env, d, r) })
	}
	return d
}

// accuse raises an alert about the source.
func accuse(env *detectors.Env, d *detectors.Detector, r *flow.Record) {
	env.Report(r, detectors.Alert{Rule: &d.Rules[0], Subject: detectors.Address(r.Src, detectors.RoleSrc), Summary: "seen"})
}

// A memory is a sink that keeps what it is given.
type memory struct {
	alerts []string // "detector file:row"
	closed int
	fail   error // returned from Alert, beyond the first three
	names  analyzer.Names
	onto   func()
}

func (m *memory) Alert(a *detectors.Alert) error {
	if m.fail != nil && len(m.alerts) >= 3 {
		return m.fail
	}
	e := &a.Evidence[0]
	m.alerts = append(m.alerts, fmt.Sprintf("%s %s:%d", a.Detector.ID, m.names.File(e.File), e.Row))
	if m.onto != nil {
		m.onto()
	}
	return nil
}

func (m *memory) Close(*analyzer.Summary) error { m.closed++; return nil }

// engine runs chain over sources with small batches.
func engine(t *testing.T, ctx context.Context, m *memory, sources []*flow.Source, change func(*analyzer.Config), chain ...*detectors.Detector) (*analyzer.Summary, error) {
	t.Helper()
	cfg := analyzer.Config{
		Sources: sources, Formats: formats.All(), Chain: chain, All: chain, Evidence: 1,
		Lateness: 600 * flow.Second, Symbols: sources[0].Options.Symbols, BatchRows: 64,
	}
	if change != nil {
		change(&cfg)
	}
	p, err := analyzer.Prepare(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.names = p.Names()
	s, err := p.Run(ctx, m)
	if m.closed != 1 {
		t.Errorf("the sink was closed %d times", m.closed)
	}
	return s, err
}

// inputs makes sources of texts: a.csv, b.csv …
func inputs(texts ...string) []*flow.Source {
	opt := &flow.Options{Workers: 2, Chunk: 4000, Symbols: flow.NewSymbols()}
	var all []*flow.Source
	for i, text := range texts {
		all = append(all, flow.BytesSource(string(rune('a'+i))+".csv", []byte(text), opt))
	}
	return all
}

func TestAlertsComeByRowAndPlaceInTheChain(t *testing.T) {
	every := func(n uint64) func(*detectors.Env, *detectors.Detector, *flow.Record) {
		return func(env *detectors.Env, d *detectors.Detector, r *flow.Record) {
			if r.Row%n == 0 {
				accuse(env, d, r)
				accuse(env, d, r)
			}
		}
	}
	var m memory
	if _, err := engine(t, context.Background(), &m, inputs(flowsAt(6), flowsAt(3)), nil, fake("z", 0, every(3)), fake("a", 0, every(2))); err != nil {
		t.Fatal(err)
	}
	want := "a a.csv:2 a a.csv:2 z a.csv:3 z a.csv:3 a a.csv:4 a a.csv:4 z a.csv:6 z a.csv:6 a a.csv:6 a a.csv:6 a b.csv:2 a b.csv:2 z b.csv:3 z b.csv:3"
	if got := strings.Join(m.alerts, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAReaderThatFailsKeepsTheAlertsSoFar(t *testing.T) {
	boom := errors.New("disk on fire")
	opt := &flow.Options{Workers: 2, Chunk: 4000, Symbols: flow.NewSymbols()}
	broken := flow.StreamSource("broken.csv", io.MultiReader(strings.NewReader(flowsAt(3000)), iotest.ErrReader(boom)), opt)
	good := flow.BytesSource("good.csv", []byte(flowsAt(10)), opt)
	var m memory
	s, err := engine(t, context.Background(), &m, []*flow.Source{broken, good}, nil, fake("x", 0, accuse))
	if !errors.Is(err, boom) || !errors.Is(err, analyzer.ErrInput) || !strings.Contains(err.Error(), "broken.csv: disk on fire") {
		t.Errorf("error %v", err)
	}
	if len(m.alerts) != 3010 || m.alerts[3009] != "x good.csv:10" || s.Rows != 3010 {
		t.Errorf("%d alerts, %d rows", len(m.alerts), s.Rows)
	}
	if s.Files[0].Error != "disk on fire" || s.Files[0].Rows != 3000 || s.Files[1].Error != "" {
		t.Errorf("files %+v", s.Files)
	}
}

func TestInputsThatHoldNoFlows(t *testing.T) {
	const noRow = "ts,src_ip,dst_ip\n"
	for _, test := range []struct {
		name  string
		texts []string
		want  string // of the error
	}{
		{"a header without rows", []string{noRow}, ""},
		{"empty", []string{""}, "no flow data in a.csv: empty input"},
		{"empty beside flows", []string{"", flowsAt(1)}, ""},
		{"prose", []string{"Lorem ipsum.\n"}, "a.csv: format not recognised"},
		{"prose beside flows", []string{"Lorem ipsum.\n", flowsAt(1)}, "a.csv: format not recognised"},
		{"all rows bad", []string{noRow + "x,y,z\nx,y,z\n"}, `no row could be read: 2 bad rows; the first is a.csv:2: ts "x": not a time`},
		{"a bad row among good ones", []string{noRow + "x,y,z\n" + "2017-01-27 16:24:49,10.0.0.1,10.0.0.2\n"}, ""},
	} {
		_, err := engine(t, context.Background(), &memory{}, inputs(test.texts...), nil, fake("x", 0, accuse))
		if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || !errors.Is(err, analyzer.ErrInput)) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

func TestASinkThatFailsEndsTheRun(t *testing.T) {
	full := errors.New("no space left")
	m := memory{fail: full}
	rows := 0
	s, err := engine(t, context.Background(), &m, inputs(flowsAt(100_000)), nil,
		fake("x", 0, func(env *detectors.Env, d *detectors.Detector, r *flow.Record) { rows++; accuse(env, d, r) }))
	if !errors.Is(err, full) || errors.Is(err, analyzer.ErrInput) || len(m.alerts) != 3 {
		t.Errorf("error %v, %d alerts", err, len(m.alerts))
	}
	if s.Interrupted || rows == 100_000 {
		t.Errorf("interrupted %v, %d rows", s.Interrupted, rows)
	}
}

func TestADetectorThatPanicsIsNamedWithTheRow(t *testing.T) {
	var m memory
	s, err := engine(t, context.Background(), &m, inputs(flowsAt(10), flowsAt(500)), nil,
		fake("good", 0, accuse),
		fake("clumsy", 0, func(env *detectors.Env, d *detectors.Detector, r *flow.Record) {
			if r.File == 1 && r.Row == 333 {
				panic("stumbled")
			}
			accuse(env, d, r)
		}))
	if err == nil || !strings.Contains(err.Error(), "detector clumsy failed at b.csv:333: stumbled") || errors.Is(err, analyzer.ErrInput) {
		t.Errorf("error %v", err)
	}
	count := map[string]int{}
	for _, a := range m.alerts {
		count[a[:4]]++
	}
	if count["good"] != 510 || count["clum"] != 10+332 {
		t.Errorf("%d alerts of the other, %d of the one that panicked", count["good"], count["clum"])
	}
	if s.Detectors[0].Skipped != "" || s.Detectors[1].Skipped != "failed" {
		t.Errorf("summary says %q and %q", s.Detectors[0].Skipped, s.Detectors[1].Skipped)
	}
}

// awkward panics wherever it is told to.
type awkward struct{ in string }

func (a *awkward) stumble(in string) {
	if in == a.in {
		panic("stumbled")
	}
}
func (a *awkward) Flows([]flow.Record) { a.stumble("Flows") }
func (a *awkward) Tick(flow.Time)      { a.stumble("Tick") }
func (a *awkward) Close()              { a.stumble("Close") }
func (a *awkward) Forget([]flow.Host)  { a.stumble("Forget") }

func TestADetectorMayPanicAnywhere(t *testing.T) {
	for in, want := range map[string]string{
		"Flows": "failed in a.csv rows 1 to 64", "Tick": "failed in a.csv rows 1 to 64", "Close": "failed at the end of the input", "Forget": "failed",
	} {
		d := &detectors.Detector{ID: "clumsy", New: func(env *detectors.Env) detectors.Watcher {
			env.TickEvery(flow.Second * 3600)
			return &awkward{in}
		}}
		var m memory
		_, err := engine(t, context.Background(), &m, inputs(flowsAt(5000)),
			func(c *analyzer.Config) { c.MaxHosts = analyzer.MinHosts }, d, fake("good", 0, accuse))
		if err == nil || !strings.Contains(err.Error(), "detector clumsy "+want) || len(m.alerts) != 5000 {
			t.Errorf("%s: %d alerts of the other, error %.100q", in, len(m.alerts), fmt.Sprint(err))
		}
	}
}

func TestAnInterruptedRunWritesWhatWasFound(t *testing.T) {
	for name, source := range map[string]func() *flow.Source{
		"a file": func() *flow.Source { return inputs(flowsAt(200_000))[0] },
		"a pipe that goes quiet": func() *flow.Source {
			r, w := io.Pipe()
			t.Cleanup(func() { w.Close() })
			go io.WriteString(w, flowsAt(5000))
			return flow.StreamSource("-", r, inputs("")[0].Options)
		},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		m := memory{}
		m.onto = func() {
			if len(m.alerts) == 500 {
				cancel()
			}
		}
		began := time.Now()
		s, err := engine(t, ctx, &m, []*flow.Source{source()}, nil, fake("x", 0, accuse))
		cancel()
		if err != nil || !s.Interrupted {
			t.Errorf("%s: interrupted %v, error %v", name, s.Interrupted, err)
		}
		if n := uint64(len(m.alerts)); n < 500 || n != s.Rows || n == 200_000 {
			t.Errorf("%s: %d alerts, %d rows", name, n, s.Rows)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: it took %v", name, took)
		}
	}
}

func TestADetectorWithoutWhatItNeedsIsSkippedAndSaysSo(t *testing.T) {
	const short = "ts,src_ip,dst_ip\n2017-01-27 16:24:49,10.0.0.1,10.0.0.2\n2017-01-27 16:24:50,10.0.0.1,10.0.0.2\n"
	for _, test := range []struct {
		name  string
		texts []string
		seen  int
		want  string
	}{
		{"all there", []string{flowsAt(3)}, 3, ""},
		{"nowhere", []string{short}, 0, "the input has no dst_port, src_bytes"},
		{"in one file of three", []string{short, flowsAt(3), short}, 3, "4 of 7 flows not seen: their input has no dst_port, src_bytes"},
	} {
		var m memory
		needs := flow.HasSrcBytes | flow.HasDstPort | flow.HasAddrs
		s, err := engine(t, context.Background(), &m, inputs(test.texts...), nil, fake("x", needs, accuse), fake("y", 0, func(*detectors.Env, *detectors.Detector, *flow.Record) {}))
		if err != nil {
			t.Fatal(err)
		}
		if d := s.Detectors[0]; len(m.alerts) != test.seen || d.Skipped != test.want || s.Detectors[1].Skipped != "" {
			t.Errorf("%s: %d flows seen, %q", test.name, len(m.alerts), d.Skipped)
		}
	}
}

func TestADetectorMayHaveNothingToDo(t *testing.T) {
	idle := &detectors.Detector{ID: "idle", New: func(env *detectors.Env) detectors.Watcher {
		env.Skip("no list was given")
		return nil
	}}
	s, err := engine(t, context.Background(), &memory{}, inputs(flowsAt(3)), nil, idle)
	if err != nil || s.Detectors[0].Skipped != "no list was given" {
		t.Errorf("%v, %+v", err, s.Detectors)
	}
}

// Rows are surveyed where a detector goes by it, by the networks that are given.
func TestRowsAreSurveyedForWhoAsks(t *testing.T) {
	const text = "2017-01-27 17:04:49,tcp,established,10.0.0.1,40000,192.0.2.7,443,900,4\n" +
		"2017-01-27 17:04:50,tcp,rejected,198.51.100.9,40000,224.0.0.1,443,0,4\n"
	for _, test := range []struct {
		asks     bool
		internal string
		want     []flow.Survey
	}{
		{false, "", []flow.Survey{{}, {}}},
		{true, "", []flow.Survey{{SrcKind: flow.AddrInternal, Outcome: flow.Answered}, {DstKind: flow.AddrMulticast, Outcome: flow.Refused}}},
		{true, "192.0.2.0/24", []flow.Survey{{SrcKind: flow.AddrInternal, DstKind: flow.AddrInternal, Outcome: flow.Answered}, {DstKind: flow.AddrMulticast, Outcome: flow.Refused}}},
	} {
		var got []flow.Survey
		d := &detectors.Detector{ID: "asks"}
		d.New = func(env *detectors.Env) detectors.Watcher {
			if test.asks {
				env.Surveyed()
			}
			return detectors.Each(func(r *flow.Record) { got = append(got, r.Survey) })
		}
		change := func(cfg *analyzer.Config) {
			if test.internal != "" {
				cfg.Params = map[string]string{"internal": test.internal}
			}
		}
		if _, err := engine(t, context.Background(), &memory{}, inputs(text), change, d); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("asked %v, internal %q: %+v, %v, want %+v", test.asks, test.internal, got, err, test.want)
		}
	}
}

func TestBadRowsAreCountedAndMayBeTooMany(t *testing.T) {
	good, bad := flowsAt(900), strings.Repeat("bad\n", 100)
	row := strings.IndexByte(good, '\n') + 1
	rows := func(n uint64) analyzer.BadLimit { return analyzer.BadLimit{Set: true, Rows: n} }
	percent := func(p float64) analyzer.BadLimit { return analyzer.BadLimit{Set: true, Share: true, Percent: p} }
	for _, test := range []struct {
		name  string
		limit analyzer.BadLimit
		ok    bool
	}{
		{"no limit", analyzer.BadLimit{}, true},
		{"as many as allowed", rows(100), true}, {"one more", rows(99), false}, {"none allowed", rows(0), false},
		{"the share allowed", percent(10), true}, {"a larger share", percent(9.99), false}, {"no share", percent(0), false},
	} {
		for where, texts := range map[string][]string{
			"in front": {good[:row] + bad + good[row:]}, "behind": {good + bad}, "in two files": {good[:row] + bad[:200], good[row:] + bad[200:]},
		} {
			var m memory
			s, err := engine(t, context.Background(), &m, inputs(texts...), func(c *analyzer.Config) { c.MaxBad = test.limit }, fake("x", 0, accuse))
			if (err == nil) != test.ok || err != nil && (!errors.Is(err, analyzer.ErrInput) || !strings.Contains(err.Error(), "--max-bad-rows")) {
				t.Errorf("%s, %s: error %v", test.name, where, err)
			}
			if test.ok && (s.Bad != 100 || s.Rows != 900 || len(m.alerts) != 900) {
				t.Errorf("%s, %s: %d bad, %d rows, %d alerts", test.name, where, s.Bad, s.Rows, len(m.alerts))
			}
			if uint64(len(m.alerts)) != s.Rows {
				t.Errorf("%s, %s: %d alerts on %d rows", test.name, where, len(m.alerts), s.Rows)
			}
			if test.ok && len(texts) == 1 && len(s.Files[0].BadRows) != flow.KeepBad {
				t.Errorf("%s, %s: kept %v", test.name, where, s.Files[0].BadRows)
			}
		}
	}
}

func TestLateFlowsAreCountedAgainstTheLargestStartSoFar(t *testing.T) {
	at := func(seconds ...int) string {
		var b strings.Builder
		for _, s := range seconds {
			fmt.Fprintf(&b, "%d,tcp,new,10.0.0.1,1,192.0.2.7,443,9,4\n", 1485534000+s)
		}
		return b.String()
	}
	for _, test := range []struct {
		lateness int
		text     string
		want     uint64
	}{
		{600, at(0, 1, 2), 0}, {600, at(600, 0), 0}, {600, at(601, 0), 1}, {0, at(5, 5, 4, 6, 5), 2}, {10, at(0, 100, 90, 89, 99, 111, 100), 2},
	} {
		for _, batch := range []int{1, 64} {
			s, err := engine(t, context.Background(), &memory{}, inputs(test.text),
				func(c *analyzer.Config) { c.Lateness, c.BatchRows = flow.Time(test.lateness)*flow.Second, batch }, fake("x", 0, accuse))
			if err != nil || s.Late != test.want {
				t.Errorf("lateness %d of %q: %d late, want %d; %v", test.lateness, test.text, s.Late, test.want, err)
			}
		}
	}
}

func TestProgressTellsRowsAndBytes(t *testing.T) {
	texts := []string{flowsAt(3000), flowsAt(10), flowsAt(2000)}
	p, err := analyzer.Prepare(analyzer.Config{Sources: inputs(texts...), Formats: formats.All(), Symbols: flow.NewSymbols()})
	if err != nil {
		t.Fatal(err)
	}
	var seen []uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			rows, done, total := p.Progress()
			seen = append(seen, rows)
			if done < 0 || done > total {
				t.Errorf("%d bytes of %d", done, total)
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	if _, err := p.Run(context.Background(), &memory{}); err != nil {
		t.Fatal(err)
	}
	close(stop)
	<-stopped
	rows, done, total := p.Progress()
	if want := int64(len(texts[0]) + len(texts[1]) + len(texts[2])); rows != 5010 || done != want || total != want {
		t.Errorf("at the end %d rows, %d bytes of %d; want %d", rows, done, total, want)
	}
	if !slices.IsSorted(seen) {
		t.Errorf("rows go back: %v", seen)
	}
}
