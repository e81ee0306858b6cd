package report

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"seine/analyzer"
	"seine/analyzer/risk"
	"seine/detectors"
	"seine/flow"
)

// A lexicon is Names over two lists.
type lexicon struct{ files, texts []string }

func (l lexicon) File(i uint32) string      { return l.files[i] }
func (l lexicon) Text(s flow.Symbol) string { return l.texts[s] }

var (
	names = lexicon{files: []string{"flows.csv", "logs/2017/conn.log"}, texts: []string{"", "new", "https", "benign", "S0"}}

	fanout = &detectors.Detector{ID: "port-fanout", Rules: []detectors.Rule{
		{ID: "over-100-ports", Severity: detectors.High, ATTACK: []string{"T1046"}},
		{ID: "upper-percentile", Severity: detectors.Low},
	}}
	beacon = &detectors.Detector{ID: "beacon", Rules: []detectors.Rule{
		{ID: "regular", Severity: detectors.Medium, ATTACK: []string{"T1071", "T1573.002"}},
		{ID: "odd-port", Severity: detectors.Info},
	}}
)

func moment(s string) flow.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return flow.Time(t.UnixNano())
}

func addr(s string) flow.Addr {
	a, err := flow.ParseAddr([]byte(s))
	if err != nil {
		panic(err)
	}
	return a
}

// normal are alerts as a run may raise them, between them with every kind of
// subject and of fact.
func normal() []*detectors.Alert {
	t0 := moment("2017-01-27T16:24:49Z")
	scan := flow.Record{
		Start: t0, Src: addr("192.168.100.96"), Dst: addr("192.168.100.15"), SrcPort: 40112, DstPort: 9100,
		Proto: flow.TCP, State: flow.StateAttempt, RawState: 1, SrcBytes: 60, File: 0, Row: 812,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasState,
	}
	full := flow.Record{
		Start: t0 + 1500*1e6, Duration: 61_000_000_250, Src: addr("2001:db8::1"), Dst: addr("2001:db8:0:ffff::7"),
		SrcPort: 50000, DstPort: 443, Proto: flow.TCP, State: flow.StateClosed, SrcFlags: flow.SYN | flow.ACK | flow.PSH,
		DstFlags: flow.RST, SrcBytes: 123456, DstBytes: 7890123, SrcPkts: 12, DstPkts: 34, Service: 2, Label: 3,
		UID: flow.MakeUID([]byte("CHhAvVGS1DHFjwGM9")), File: 1, Row: 7, Has: ^flow.Fields(0) &^ flow.HasICMP,
	}
	ping := flow.Record{
		Start: t0 + 2e9, Src: addr("10.0.0.1"), Dst: addr("10.0.0.2"), Proto: flow.ICMP, ICMPType: 8, File: 1, Row: 9, SrcBytes: 84,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasICMP | flow.HasSrcBytes,
	}
	return []*detectors.Alert{
		{
			Detector: fanout, Rule: &fanout.Rules[0], Severity: detectors.High,
			Subject: detectors.Address(addr("192.168.100.96"), detectors.RoleSrc),
			Summary: "192.168.100.96 reached 101 destination ports (limit 100)",
			Facts:   []detectors.Fact{detectors.Int("ports", 101), detectors.Int("limit", 100)},
			Time:    t0, HasTime: true, Count: 1, FirstSeen: t0, LastSeen: t0, Flows: 1,
			Evidence: []flow.Record{scan},
		},
		{
			Detector: beacon, Rule: &beacon.Rules[0], Severity: detectors.Critical, Confidence: 0.875,
			Subject: detectors.Pair(full.Src, full.Dst).WithPort(443).WithProtocol(flow.TCP),
			Summary: "2001:db8::1 called 2001:db8:0:ffff::7 every 60 s, 1440 times (at least 12)",
			Facts: []detectors.Fact{
				detectors.Float("period", 60.25), detectors.Uint("calls", 1440), detectors.Bool("night", true),
				detectors.Moment("start", t0), detectors.Text("service", "https"),
				detectors.List("gaps", detectors.Float("", 59.5), detectors.Int("", 61)), detectors.Texts("names", []string{"a", "b"}),
			},
			Window: t0.Floor(3600 * flow.Second), HasWindow: true,
			Time: t0 + 1500*1e6, HasTime: true, Count: 1234, FirstSeen: t0, LastSeen: t0 + 1500*1e6, Flows: 1440,
			Evidence: []flow.Record{full, ping},
		},
		{
			Detector: fanout, Rule: &fanout.Rules[1], Severity: detectors.Low,
			Subject: detectors.Subject{}.WithPort(23),
			Summary: "port 23 was reached by 17 addresses",
			Time:    t0 + 2e9, HasTime: true, Count: 1, FirstSeen: t0 + 2e9, LastSeen: t0 + 2e9,
		},
		{
			Detector: beacon, Rule: &beacon.Rules[1], Severity: detectors.Low,
			Subject: detectors.Address(addr("10.0.0.1"), detectors.RoleDst).WithProtocol(flow.ICMP),
			Summary: "10.0.0.1 was sent 84 bytes",
			Time:    t0 - 1e9, HasTime: true, Count: 2, FirstSeen: t0 - 1e9, LastSeen: t0 + 2e9, Flows: 2,
			Evidence: []flow.Record{ping, scan},
		},
	}
}

// attacks are texts that an attacker may hope to see printed.
var attacks = []string{
	"<script>alert('x')</script>&amp;",
	"\x1b[2J\x1b]0;owned\x07",
	"\u202egnp.exe\u2066 \u200f\u200e",
	"=cmd|' /C calc'!A0",
	"+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1+1",
	"bad \xff\xfe utf-8 \xc3",
	"line one\nline two\r\nline three\u2028four\u2029five",
	`quote " back \ slash, comma; =1+1; ports=9`,
	"nul \x00 bell \a del \x7f c1 \u009b31m",
	"tag \U000e0041 zero\u200bwidth 日本語 é → …",
}

var attackLexicon = lexicon{files: attacks, texts: append([]string{""}, attacks...)}

// hostile are alerts with each attack in every field that an input can reach.
func hostile() []*detectors.Alert {
	t0 := moment("2017-01-27T16:24:49.5Z")
	var alerts []*detectors.Alert
	for i, s := range attacks {
		text := flow.Symbol(i + 1)
		alerts = append(alerts, &detectors.Alert{
			Detector: fanout, Rule: &fanout.Rules[0], Severity: detectors.High,
			Subject: detectors.Address(addr("192.0.2.1"), detectors.RoleSrc), Summary: s,
			Facts: []detectors.Fact{detectors.Text("service", s), detectors.Texts("words", []string{s, "end"})},
			Time:  t0, HasTime: true, Count: 1, FirstSeen: t0, LastSeen: t0, Flows: 1,
			Evidence: []flow.Record{{
				Start: t0, Src: addr("192.0.2.1"), Dst: addr("192.0.2.2"), RawState: text, Service: text, Label: text,
				UID: flow.MakeUID([]byte(s)), File: uint32(i), Row: uint64(i + 1),
				Has: flow.HasStart | flow.HasAddrs | flow.HasState | flow.HasService | flow.HasLabel | flow.HasUID,
			}},
		})
	}
	return alerts
}

func summary(alerts []*detectors.Alert) *analyzer.Summary {
	s := &analyzer.Summary{
		Files: []analyzer.FileSummary{
			{Name: "flows.csv", Format: "csv", Rows: 1_204_331, Bad: 7, Skipped: 1, BadRows: []flow.BadRow{
				{Row: 17, Reason: "src_ip: not an IP address"}, {Row: 90, Reason: "too few columns: 3 of 13"},
			}, Notes: []string{"times carry no zone: taken as UTC"}},
			{Name: "logs/2017/conn.log", Format: "zeek", Packing: "gzip", Rows: 12, Error: "gzip data is cut short: unexpected EOF"},
			{Name: "logs/README", Ignored: true},
		},
		Rows: 1_204_343, Bad: 7, Skipped: 1, Late: 12, HasSpan: true,
		First: moment("2017-01-27T16:24:49Z"), Last: moment("2017-01-30T02:11:09.25Z"),
		Hosts: 4021, Forgotten: 3, Pairs: 18332, PairsApprox: true,
		FlowBytes: &analyzer.Spread{Samples: 65536, Mean: 1234.5, Median: 312, P95: 18_250, P99: 901_000, Max: 7.25e9},
		Detectors: []analyzer.DetectorSummary{
			{
				ID: "port-fanout", Raised: [detectors.Severities]uint64{0, 1, 0, 1, 0},
				Counts: []analyzer.Count{{Name: "hosts-dropped", Doc: "addresses over the limit of the table", N: 12}},
				Tables: []detectors.Table{{
					Name: "top", Title: "Sources with the most ports", Columns: []string{"source", "ports"},
					Rows: [][]detectors.Fact{
						{detectors.Text("", "192.168.100.96"), detectors.Int("", 101)},
						{detectors.Text("", "10.0.0.1"), detectors.Int("", 7)},
					},
				}},
			},
			{ID: "beacon", Raised: [detectors.Severities]uint64{233, 1, 0, 0, 1}},
			{ID: "volume", Skipped: "the input has no duration"},
		},
		Hidden: [detectors.Severities]uint64{233}, Suppressed: 4,
		Warnings: []string{"intel.txt:3: neither an address nor a prefix"},
		Elapsed:  1230 * time.Millisecond, PeakMemory: 54_321_000,
	}
	for _, a := range alerts {
		s.Findings[a.Severity]++
	}
	rank(s, alerts)
	return s
}

// rank fills the ranking of s as a run does.
func rank(s *analyzer.Summary, alerts []*detectors.Alert) {
	ranking := risk.Rank(risk.Options{Internal: []netip.Prefix{netip.MustParsePrefix("192.168.0.0/16")}}, analyzer.Tee())
	for _, a := range alerts {
		_ = ranking.Alert(a)
	}
	_ = ranking.Close(s)
}

// hostileSummary has the attacks in all of its texts.
func hostileSummary() *analyzer.Summary {
	s := &analyzer.Summary{Rows: 1, Bad: 99, HasSpan: true, Warnings: attacks}
	for i, text := range attacks {
		s.Files = append(s.Files, analyzer.FileSummary{
			Name: text, Format: "csv", Error: text, Notes: []string{text}, BadRows: []flow.BadRow{{Row: uint64(i), Reason: text}},
		})
	}
	s.Detectors = []analyzer.DetectorSummary{{ID: "d", Skipped: attacks[1], Tables: []detectors.Table{{
		Name: "t", Title: attacks[1], Columns: []string{"text"}, Rows: [][]detectors.Fact{{detectors.Text("", attacks[2])}},
	}}}}
	return s
}

// write runs alerts through an output.
func write(t testing.TB, format string, o Options, alerts []*detectors.Alert, s *analyzer.Summary) []byte {
	t.Helper()
	f, err := ByName(format)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	sink := f.New(&out, o)
	for _, a := range alerts {
		if err := sink.Alert(a); err != nil {
			t.Fatal(fmt.Errorf("alert: %w", err))
		}
	}
	if err := sink.Close(s); err != nil {
		t.Fatal(fmt.Errorf("close: %w", err))
	}
	return out.Bytes()
}
