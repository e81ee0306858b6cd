package bruteforce_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"seine/detectors"
	bruteforce "seine/detectors/brute-force"
	"seine/detectors/internal/desk"
	"seine/detectors/internal/scenario"
	"seine/flow"
)

// A trace is flows in the making.
type trace struct {
	rng   *rand.Rand
	lines []string
	asIs  bool // leave the rows in the order in which they were added
}

var morning = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

// add adds a session that ends normally, with payload bytes as Zeek counts them.
func (tr *trace) add(at float64, seconds float64, src, dst string, port, up, down int) {
	sp, dp := 6+up/300, 5+down/500
	tr.lines = append(tr.lines, fmt.Sprintf("%s,%.3f,tcp,closed,%s,%d,%s,%d,%d,%d,%d,%d",
		morning.Add(time.Duration(at*1e9)).Format("2006-01-02 15:04:05.000"), seconds, src, 32768+tr.rng.IntN(28000), dst, port, up, down, sp, dp))
}

// run tells what comes of the trace.
func (tr *trace) run(t testing.TB, params ...string) []string {
	t.Helper()
	if !tr.asIs {
		slices.Sort(tr.lines)
	}
	text := "ts,duration,protocol,state,src_ip,src_port,dst_ip,dst_port,src_bytes,dst_bytes,src_pkts,dst_pkts,service\n" +
		// A connection that nobody answered, by which payload is known from bytes with headers.
		"2026-03-10 08:59:59,0,tcp,attempt,10.9.9.9,40000,10.9.9.8,9,0,0,1,0,\n" + strings.Join(tr.lines, "\n") + "\n"
	trial := scenario.Trial{Detector: bruteforce.Detector(), CSV: []byte(text), Params: params}
	lines, err := trial.Run()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func newTrace(seed uint64) *trace { return &trace{rng: rand.New(rand.NewPCG(seed, 3))} }

// refused are the sizes of logins refused by common servers, in payload.
var refused = []struct {
	service    string
	port       int
	up, down   int
	vary       int // bytes by which passwords differ in length
	perAttempt float64
	database   bool
}{
	{"ssh", 22, 1450, 2300, 0, 2.4, false},
	{"ssh", 2222, 1450, 2300, 0, 2.4, false},
	{"telnet", 23, 160, 420, 8, 7, false},
	{"rdp", 3389, 1900, 1700, 0, 0.5, false},
	{"vnc", 5900, 29, 52, 0, 0.2, false},
	{"ftp", 21, 40, 120, 8, 3, false},
	{"smb", 445, 1150, 980, 12, 0.1, false},
	{"winrm", 5985, 900, 700, 12, 0.2, false},
	{"ldap", 389, 80, 40, 8, 0.1, true},
	{"mssql", 1433, 620, 1700, 12, 0.1, true},
	{"mysql", 3306, 120, 170, 0, 0.05, true},
	{"postgresql", 5432, 110, 130, 0, 0.05, true},
	{"redis", 6379, 36, 44, 8, 0.02, true},
	{"mongodb", 27017, 420, 600, 8, 0.05, true},
}

// TestThirtyPasswordsAreFoundAtAnyService guesses thirty passwords in five
// minutes at each service, from outside, evenly and by chance.
func TestThirtyPasswordsAreFoundAtAnyService(t *testing.T) {
	for _, s := range refused {
		for _, even := range []bool{false, true} {
			tr := newTrace(uint64(s.port))
			for i := range 30 {
				at := float64(i) * 10
				if !even {
					at += tr.rng.Float64() * 10
				}
				tr.add(at, s.perAttempt*(0.9+0.2*tr.rng.Float64()), "203.0.113.5", "10.0.0.9", s.port, s.up+tr.rng.IntN(s.vary+1), s.down)
			}
			lines := tr.run(t)
			if even && s.database {
				if len(lines) > 0 { // by the clock, as health checks are
					t.Errorf("%s by the clock: %q", s.service, lines)
				}
				continue
			}
			want := fmt.Sprintf("guessing 203.0.113.5 → 10.0.0.9:%d/tcp service=%s ", s.port, s.service)
			if len(lines) == 0 || !strings.Contains(lines[0], want) {
				t.Errorf("%s on %d, even %v: %q", s.service, s.port, even, lines)
			}
		}
	}
}

// TestAThousandPasswordsFromInside guesses as fast as tools do. What may be an
// application that asks its database stays low.
func TestAThousandPasswordsFromInside(t *testing.T) {
	for _, s := range refused {
		tr := newTrace(uint64(s.port))
		for i := range 1000 {
			tr.add(float64(i)*0.4+tr.rng.Float64(), s.perAttempt, "10.0.0.5", "203.0.113.9", s.port, s.up+tr.rng.IntN(s.vary+1), s.down)
		}
		want := "high guessing"
		if s.database {
			want = "low guessing"
		}
		if lines := tr.run(t); len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], want) {
			t.Errorf("%s on %d: %q", s.service, s.port, lines)
		}
	}
}

// TestAProgramThatTriesAgainIsMediumAtMost lets one retry a key that was
// withdrawn, every seven seconds for three hours.
func TestAProgramThatTriesAgainIsMediumAtMost(t *testing.T) {
	tr := newTrace(5)
	for i := range 1500 {
		tr.add(float64(i)*7.3+tr.rng.Float64()*0.3, 0.3, "10.0.0.5", "10.0.0.9", 22, 1450, 2300)
	}
	lines := tr.run(t)
	if len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "medium guessing") || !strings.Contains(lines[len(lines)-1], "evenly spaced") {
		t.Errorf("%q", lines)
	}
}

// TestMailIsMediumAtMost guesses at a mail server.
func TestMailIsMediumAtMost(t *testing.T) {
	for _, port := range []int{25, 110, 143, 587} {
		tr := newTrace(uint64(port))
		for i := range 1000 {
			tr.add(float64(i)*0.4+tr.rng.Float64(), 2, "10.0.0.5", "10.0.0.9", port, 60+tr.rng.IntN(8), 190)
		}
		if lines := tr.run(t); len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "medium guessing") {
			t.Errorf("port %d: %q", port, lines)
		}
	}
}

// TestAnOfficeIsQuiet lets people and programs of an office log in for a day.
func TestAnOfficeIsQuiet(t *testing.T) {
	for seed := range uint64(10) {
		tr := newTrace(seed)
		rng := tr.rng
		for h := range 60 {
			host := fmt.Sprintf("10.0.1.%d", h+1)
			for range 40 { // file server and domain controller
				at := rng.Float64() * 86400
				tr.add(at, rng.Float64()*100, host, fmt.Sprintf("10.0.0.%d", 1+rng.IntN(2)), 445, 2500+rng.IntN(20000), 3000+rng.IntN(90000))
			}
			for p := range 144 { // mail, polled every ten minutes
				tr.add(float64(p)*600+float64(h)*7+rng.Float64()*3, 0.5, host, "10.0.0.3", 993, 1800+rng.IntN(30), 5000+rng.IntN(20))
			}
			for range 12 { // ssh by hand and by scripts
				at, n := rng.Float64()*86000, 1+rng.IntN(8)
				for k := range n {
					tr.add(at+float64(k)*3+rng.Float64(), 1+rng.ExpFloat64()*60, host, fmt.Sprintf("10.0.2.%d", 1+rng.IntN(20)), 22, 3000+rng.IntN(20000), 4000+rng.IntN(90000))
				}
			}
			if h < 5 { // a monitor, every minute, by the clock
				for p := range 1440 {
					tr.add(float64(p)*60+float64(h)+rng.Float64()*0.3, 0.7, "10.0.0.4", fmt.Sprintf("10.0.2.%d", h+1), 22, 3300+rng.IntN(40), 3900+rng.IntN(100))
				}
			}
		}
		for p := range 6000 { // pages that each ask the database a few things
			tr.add(float64(p)*14+rng.Float64()*20, 0.02, "10.0.0.5", "10.0.0.6", 3306, 600+rng.IntN(900), 2000+rng.IntN(9000))
		}
		for p := range 8000 { // mail from everywhere
			tr.add(float64(p)*10+rng.Float64()*10, 3, fmt.Sprintf("198.51.100.%d", 1+rng.IntN(250)), "10.0.0.3", 25, 900+rng.IntN(20000), 500+rng.IntN(300))
		}
		if lines := tr.run(t); len(lines) > 0 {
			t.Errorf("seed %d: %q", seed, lines)
		}
	}
}

// TestGuessingByTheClockStaysLow cannot tell a monitor with a refused password
// from somebody who guesses once a minute, and says so quietly.
func TestGuessingByTheClockStaysLow(t *testing.T) {
	tr := newTrace(1)
	for i := range 300 {
		tr.add(float64(i)*60, 2.4, "10.0.0.5", "10.0.0.9", 22, 1450, 2300)
	}
	lines := tr.run(t)
	if len(lines) == 0 {
		t.Fatal("nothing found")
	}
	for _, l := range lines {
		if !strings.HasPrefix(l, "low guessing") || !strings.Contains(l, "by the clock") {
			t.Error(l)
		}
	}
}

// TestRowsInTheOrderOfTheirEndsDoNotMatter has a log written when sessions
// end: eight at a time, each of another length, and the one that differs last,
// long after it began.
func TestRowsInTheOrderOfTheirEndsDoNotMatter(t *testing.T) {
	tr := newTrace(6)
	tr.asIs = true
	for i := range 80 {
		tr.add(float64(i)*3-tr.rng.Float64()*20+40, 2+tr.rng.Float64()*9, "10.0.0.5", "10.0.0.9", 22, 1450, 2300)
	}
	for i := range 30 { // others come later
		tr.add(400+float64(i)*60, 1, "10.0.0.7", "10.0.0.9", 22, 9000+i*900, 30000)
	}
	tr.add(260, 1500, "10.0.0.5", "10.0.0.9", 22, 30000, 200000)
	lines := tr.run(t)
	if len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "critical likely-success 10.0.0.5") {
		t.Errorf("%q", lines)
	}
}

// TestTheServiceCountsBeforeThePort guesses at ssh on another port, and asks a
// web server on the port of ssh.
func TestTheServiceCountsBeforeThePort(t *testing.T) {
	for name, found := range map[string]bool{"ssh": true, "http": false, "-": false, "SSL,SSH": true} {
		tr := newTrace(4)
		port := 8022
		if name == "http" {
			port = 22
		}
		for i := range 40 {
			tr.add(float64(i)*5+tr.rng.Float64(), 2, "10.0.0.5", "10.0.0.9", port, 1450, 2300)
		}
		for i := range tr.lines {
			tr.lines[i] += `,"` + name + `"`
		}
		if lines := tr.run(t); len(lines) > 0 != found {
			t.Errorf("service %s on port %d: %q", name, port, lines)
		}
	}
}

// TestTheFewThatMatterOutliveTheMany fills the tables with sources that knock
// once, while one keeps guessing.
func TestTheFewThatMatterOutliveTheMany(t *testing.T) {
	tr := newTrace(1)
	for i := range 3000 {
		tr.add(float64(i)*0.2, 2, fmt.Sprintf("198.51.%d.%d", i/250, 1+i%250), fmt.Sprintf("10.1.%d.%d", i/250, 1+i%250), 22, 1450, 2300)
	}
	for i := range 120 {
		tr.add(float64(i)*5+tr.rng.Float64(), 2.4, "10.0.0.5", "10.0.0.9", 22, 1450, 2300)
	}
	lines := tr.run(t, "brute-force.max-pairs=500")
	if len(lines) < 2 || !strings.HasPrefix(lines[len(lines)-2], "high guessing 10.0.0.5") || !strings.HasPrefix(lines[len(lines)-1], "counted: pairs-dropped ") {
		t.Errorf("%q", lines)
	}
}

// BenchmarkTrace plays a trace of which one in thirty is a session at a
// service, of as many pairs, and one in a hundred is a guess.
func BenchmarkTrace(b *testing.B) {
	d := bruteforce.Detector()
	rng := rand.New(rand.NewPCG(1, 2))
	rs := make([]flow.Record, 1<<18)
	for i := range rs {
		r := &rs[i]
		*r = flow.Record{
			Start: flow.Time(i) * 1e7, Duration: 2e9, Proto: flow.TCP, State: flow.StateClosed,
			Has:     flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasState,
			SrcHost: flow.Host(1 + rng.IntN(100_000)), DstHost: flow.Host(1 + rng.IntN(100_000)),
			SrcPort: uint16(32768 + rng.IntN(20000)), DstPort: 443, SrcBytes: uint64(2500 + rng.IntN(9000)), DstBytes: uint64(3000 + rng.IntN(20000)), SrcPkts: 18, DstPkts: 17,
		}
		switch k := rng.IntN(100); {
		case k < 3:
			r.DstPort = []uint16{22, 445, 3389, 3306, 993}[rng.IntN(5)]
		case k < 4:
			r.SrcHost, r.DstHost, r.DstPort = flow.Host(1+rng.IntN(50)), flow.Host(100+rng.IntN(20)), 22
			r.SrcBytes, r.DstBytes = 3050, 3420
		}
		r.Src, r.Dst = flow.AddrFrom4(10<<24|uint32(r.SrcHost)), flow.AddrFrom4(203<<24|uint32(r.DstHost))
	}
	b.SetBytes(int64(len(rs)))
	b.ReportAllocs()
	for b.Loop() {
		w := d.New(detectors.NewEnv(d, detectors.Settings{Evidence: 3, Floor: detectors.Low, Runtime: nowhere{}}))
		for at := 0; at < len(rs); at += 1024 {
			w.Flows(desk.Surveyed(rs[at : at+1024]))
		}
		w.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rs)), "ns/flow")
}

// nowhere is an engine that drops all alerts.
type nowhere struct{}

func (nowhere) Alert(*flow.Record, *detectors.Alert) {}
func (nowhere) Addr(flow.Host) flow.Addr             { return flow.Addr{} }
func (nowhere) Text(flow.Symbol) string              { return "" }
func (nowhere) File(uint32) string                   { return "" }
