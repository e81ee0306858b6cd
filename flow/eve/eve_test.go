package eve

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

// run reads text and tells the source, and the rows as lines of text.
func run(t testing.TB, text string) (*flow.Source, []string) {
	t.Helper()
	symbols := flow.NewSymbols()
	src := flow.BytesSource("eve.json", []byte(text), &flow.Options{Workers: 2, Chunk: 700, Symbols: symbols})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range rows {
		r := &rows[i]
		out = append(out, fmt.Sprintf("%d: %v +%dus %v %v:%d → %v:%d %d/%d B %d/%d P %s %q [%s/%s] icmp %d/%d %q %s [%s]", r.Row, r.Start,
			int64(r.Duration/1000), r.Proto, r.Src, r.SrcPort, r.Dst, r.DstPort, r.SrcBytes, r.DstBytes, r.SrcPkts, r.DstPkts,
			r.State, symbols.Text(r.RawState), r.SrcFlags, r.DstFlags, r.ICMPType, r.ICMPCode, symbols.Text(r.Service), r.UID,
			strings.Join(r.Has.Names(), " ")))
	}
	return src, out
}

// event makes an event of a type with the given further members.
func event(kind, members string) string {
	return `{"timestamp":"2026-01-01T01:00:00.000000+0100","flow_id":1374195536821504,"event_type":"` + kind + `"` + members + "}\n"
}

const (
	ends     = `,"src_ip":"192.0.2.10","src_port":40112,"dest_ip":"198.51.100.7","dest_port":443,"proto":"TCP"`
	counters = `"pkts_toserver":12,"pkts_toclient":10,"bytes_toserver":3400,"bytes_toclient":9100`
	times    = `,"start":"2026-01-01T00:00:00.457984+0100","end":"2026-01-01T00:00:09.500000+0100"`
	tls      = ends + `,"app_proto":"tls","flow":{` + counters + times + `,"age":9,"state":"closed","reason":"timeout"},` +
		`"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"1B","syn":true,"state":"closed"}`
	all  = "start addresses protocol duration src_port dst_port src_bytes dst_bytes src_pkts dst_pkts state tcp_flags service uid"
	want = `2025-12-31T23:00:00.457984Z +9042016us tcp 192.0.2.10:40112 → 198.51.100.7:443 3400/9100 B 12/10 P closed "closed" [FSPA/FSPA] icmp 0/0 "tls" 1374195536821504 [` + all + "]"
)

func TestRows(t *testing.T) {
	for _, test := range []struct {
		name, text   string
		rows         []string
		bad, skipped uint64
		notes        string
	}{
		{"a flow", event("flow", tls), []string{"1: " + want}, 0, 0, ""},
		{"byte order mark, CRLF, escapes, blanks", "\ufeff" + strings.ReplaceAll(strings.ReplaceAll(event("flow", tls), "\n", " \r\n"), `"closed"`, ` "clo\u0073ed"`) + "\r\n",
			[]string{"1: " + want}, 0, 0, ""},
		{"events mixed", event("stats", `,"stats":{"uptime":1}`) + event("dns", ends) + event("flow", tls) + event("alert", tls) +
			event("dns", ends) + event("strange", ""), []string{"3: " + want}, 0, 5, "5 events are no flows: 1 alert, 2 dns, 1 stats, 1 of other types"},
		{"flow and netflow", event("netflow", ends) + event("flow", tls) + event("netflow", ends), []string{"2: " + want}, 0, 2, "2 netflow"},
		{"ICMP has type and code, and no ports", event("flow", `,"src_ip":"2001:0db8:0000:0000:0000:0000:0000:0001","dest_ip":"2001:db8::2","proto":"IPv6-ICMP","icmp_type":128,"icmp_code":0,"app_proto":"failed","flow":{`+
			`"pkts_toserver":1,"pkts_toclient":0,"bytes_toserver":118,"bytes_toclient":0`+times+`,"state":"new"}`),
			[]string{`1: 2025-12-31T23:00:00.457984Z +9042016us ipv6-icmp 2001:db8::1:0 → 2001:db8::2:0 118/0 B 1/0 P attempt "new" [/] icmp 128/0 "" 1374195536821504 [start addresses protocol duration src_bytes dst_bytes src_pkts dst_pkts state icmp uid]`}, 0, 0, ""},
		{"ICMP of a Suricata that tells no type, protocols by number and name", event("flow", strings.NewReplacer("40112", "0", "443", "0", "TCP", "ICMP").Replace(ends)+`,"flow":{`+counters+times+`,"state":"established"}`) +
			event("flow", strings.Replace(ends, `"TCP"`, `"132"`, 1)+`,"flow":{`+counters+times+`,"state":"established"}`) +
			event("flow", `,"src_ip":"192.0.2.10","dest_ip":"198.51.100.7","proto":"GRE","flow":{`+counters+times+`,"state":"established"}`),
			[]string{
				`1: 2025-12-31T23:00:00.457984Z +9042016us icmp 192.0.2.10:0 → 198.51.100.7:0 3400/9100 B 12/10 P established "established" [/] icmp 0/0 "" 1374195536821504 [start addresses protocol duration src_bytes dst_bytes src_pkts dst_pkts state uid]`,
				`2: 2025-12-31T23:00:00.457984Z +9042016us sctp 192.0.2.10:40112 → 198.51.100.7:443 3400/9100 B 12/10 P established "established" [/] icmp 0/0 "" 1374195536821504 [start addresses protocol duration src_port dst_port src_bytes dst_bytes src_pkts dst_pkts state uid]`,
				`3: 2025-12-31T23:00:00.457984Z +9042016us gre 192.0.2.10:0 → 198.51.100.7:0 3400/9100 B 12/10 P established "established" [/] icmp 0/0 "" 1374195536821504 [start addresses protocol duration src_bytes dst_bytes src_pkts dst_pkts state uid]`,
			}, 0, 0, ""},
		{"what is absent", event("flow", `,"src_ip":"192.0.2.1","dest_ip":"192.0.2.2","proto":"a protocol","flow":{"start":"2026-01-01T00:00:00Z","bytes_toserver":-1,"pkts_toclient":1.5}`),
			[]string{`1: 2026-01-01T00:00:00Z +0us unknown 192.0.2.1:0 → 192.0.2.2:0 0/0 B 0/0 P unknown "" [/] icmp 0/0 "" 1374195536821504 [start addresses uid]`}, 0, 0, ""},
		{"the end is not set, or before the start", event("flow", ends+`,"flow":{"start":"2026-01-01T00:00:00.000000+0000","end":"1900-01-01T00:00:00.000000+0000"}`) +
			event("flow", ends+`,"flow":{"start":"2026-01-01T00:00:00.000000+0000","end":"2025-12-31T23:59:59.000000+0000"}`),
			[]string{
				`1: 2026-01-01T00:00:00Z +0us tcp 192.0.2.10:40112 → 198.51.100.7:443 0/0 B 0/0 P unknown "" [/] icmp 0/0 "" 1374195536821504 [start addresses protocol src_port dst_port uid]`,
				`2: 2026-01-01T00:00:00Z +0us tcp 192.0.2.10:40112 → 198.51.100.7:443 0/0 B 0/0 P unknown "" [/] icmp 0/0 "" 1374195536821504 [start addresses protocol duration src_port dst_port uid]`,
			}, 0, 0, "1 flows end before they start"},
		{"netflow alone", event("dns", ends) + event("netflow", ends+`,"netflow":{"pkts":5,"bytes":400`+times+`,"age":9},"tcp":{"tcp_flags":"12"}`),
			[]string{`2: 2025-12-31T23:00:00.457984Z +9042016us tcp 192.0.2.10:40112 → 198.51.100.7:443 400/0 B 5/0 P unknown "" [SA/] icmp 0/0 "" 1374195536821504 [start addresses protocol duration src_port dst_port src_bytes src_pkts tcp_flags uid]`}, 0, 1, "each direction"},
		{"bad lines", event("flow", tls) +
			event("flow", tls)[:200] + "\n" +
			strings.Replace(event("flow", tls), `"proto"`, `proto`, 1) +
			strings.Replace(event("dns", tls), `}}`, `}`, 1) +
			`{"timestamp":"2026-01-01T00:00:00Z"}` + "\n" +
			`[1]` + "\n" +
			strings.Replace(event("flow", tls), "40112", "70000", 1) +
			strings.Replace(event("flow", tls), "192.0.2.10", "host.example", 1) +
			strings.Replace(event("flow", tls), "src_ip", "src", 1) +
			strings.Replace(event("flow", tls), `"start"`, `"begin"`, 1) +
			strings.Replace(event("flow", tls), `2026-01-01T00:00:00`, `2026-13-01T00:00:00`, 1) +
			strings.Replace(event("flow", tls), `2026-01-01T00:00:00`, `1900-01-01T00:00:00`, 1) +
			strings.Replace(event("flow", tls), `.457984+0100`, ``, 1) +
			strings.TrimSuffix(event("flow", tls), "}\n"), []string{"1: " + want}, 13, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			src, rows := run(t, test.text)
			if d := cmp.Diff(test.rows, rows); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if src.Bad != test.bad || src.Skipped != test.skipped || src.Rows != uint64(len(rows)) {
				t.Errorf("%d bad %v, %d skipped, %d rows; want %d, %d, %d", src.Bad, src.BadRows, src.Skipped, src.Rows, test.bad, test.skipped, len(test.rows))
			}
			if !strings.Contains(strings.Join(src.Notes, "\n"), test.notes) {
				t.Errorf("notes %q lack %q", src.Notes, test.notes)
			}
		})
	}
}

func TestStates(t *testing.T) {
	const full = flow.HasPkts | flow.HasFlags
	for _, test := range []struct {
		proto             flow.Proto
		word, action, tcp string
		ts, tc            flow.TCPFlags
		toClient          uint64
		want              flow.State
	}{
		{flow.TCP, "closed", "", "closed", 0x1b, 0x1b, 5, flow.StateClosed},
		{flow.TCP, "closed", "drop", "closed", 0x1b, 0x1b, 5, flow.StateDenied},
		{flow.TCP, "closed", "pass", "closed", 0x02, 0x14, 2, flow.StateRejected},
		{flow.TCP, "new", "", "syn_sent", 0x02, 0x00, 0, flow.StateAttempt},
		{flow.TCP, "closed", "", "closed", 0x06, 0x00, 0, flow.StateAttempt},
		{flow.TCP, "closed", "", "closed", 0x06, 0x12, 1, flow.StateResetOrig},
		{flow.TCP, "closed", "", "closed", 0x1a, 0x1e, 9, flow.StateResetResp},
		{flow.TCP, "closed", "", "closed", 0x1f, 0x1b, 9, flow.StateClosed},
		{flow.TCP, "closed", "", "closed", 0x18, 0x1c, 9, flow.StateResetResp},
		{flow.TCP, "established", "", "close_wait", 0x13, 0x12, 9, flow.StateEstablished},
		{flow.TCP, "established", "", "time_wait", 0x1b, 0x1b, 9, flow.StateClosed},
		{flow.TCP, "new", "", "", 0x00, 0x00, 2, flow.StatePartial},
		{flow.TCP, "new", "", "syn_recv", 0x02, 0x12, 2, flow.StatePartial},
		{flow.TCP, "bypassed", "", "established", 0x12, 0x12, 2, flow.StatePartial},
		{flow.UDP, "new", "", "", 0, 0, 0, flow.StateAttempt},
		{flow.UDP, "established", "", "", 0, 0, 2, flow.StateEstablished},
		{flow.UDP, "closed", "", "", 0, 0, 0, flow.StateClosed},
		{flow.UDP, "else", "", "", 0, 0, 0, flow.StateUnknown},
	} {
		r := &flow.Record{Proto: test.proto, SrcFlags: test.ts, DstFlags: test.tc, DstPkts: test.toClient, Has: full}
		if got := state([]byte(test.word), []byte(test.action), []byte(test.tcp), r); got != test.want {
			t.Errorf("%v: got %v", test, got)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		head   string
		score  int
		reason string
	}{
		{event("flow", tls), 95, ""},
		{event("dns", ends) + event("netflow", ends), 95, ""},
		{event("dns", ends), 93, ""},
		{event("flow", tls)[100:] + event("flow", tls), 0, "not JSON"},
		{"{cut\n" + event("flow", tls), 95, ""},
		{`{"event_type":"flow"}` + "\n", 0, "without event_type and timestamp"},
		{`{"ts":1,"id.orig_h":"192.0.2.1"}` + "\n", 0, "without event_type"},
		{`{"records":[` + "\n", 0, "no line is"},
		{"#separator \\x09\n", 0, "not JSON"},
		{"2026-01-01 00:00:00,tcp\n", 0, "not JSON"},
		{"", 0, "not JSON"},
	} {
		score, reason := match([]byte(test.head))
		if score != test.score || !strings.Contains(reason, test.reason) {
			t.Errorf("%.40q: %d %q, want %d %q", test.head, score, reason, test.score, test.reason)
		}
	}
}

func FuzzEVE(f *testing.F) {
	f.Add(event("flow", tls) + event("dns", ends) + event("netflow", ends))
	f.Add(event("netflow", ends+`,"netflow":{"pkts":5,"bytes":400`+times+`}`) + "{\n\n[]")
	f.Fuzz(func(t *testing.T, text string) {
		match([]byte(text))
		src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Chunk: 300, Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			return
		}
		rows, err := flow.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		total := uint64(0)
		for line := range strings.Lines(text) {
			if line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"); line != "" {
				total++
			}
		}
		if src.Rows != uint64(len(rows)) || src.Rows+src.Bad+src.Skipped != total {
			t.Fatalf("%d rows, %d counted, %d bad, %d skipped of %d lines", len(rows), src.Rows, src.Bad, src.Skipped, total)
		}
		for _, b := range src.BadRows {
			if strings.Contains(b.Reason, "decoder failed") {
				t.Fatal(b)
			}
		}
	})
}

// The two events of a flow become one, in which the client is the source
// whichever was logged first; a flow without an answer is an attempt. Where
// there are flow events, they are whole and the others are passed over.
func TestNetflowEventsAreHalves(t *testing.T) {
	one := func(src, sport, dst, dport string, pkts, bytes int, flags string) string {
		return event("netflow", fmt.Sprintf(`,"src_ip":%q,"src_port":%s,"dest_ip":%q,"dest_port":%s,"proto":"TCP","netflow":{"pkts":%d,"bytes":%d%s,"age":9},"tcp":{"tcp_flags":%q}`,
			src, sport, dst, dport, pkts, bytes, times, flags))
	}
	const client, server = "192.0.2.10", "198.51.100.7"
	for _, test := range []struct{ text, want string }{
		{one(client, "40112", server, "443", 5, 400, "1b") + one(server, "443", client, "40112", 4, 9000, "1b"),
			"192.0.2.10:40112 > 198.51.100.7:443 bytes 400/9000 pkts 5/4 closed() flags FSPA_FSPA"},
		{one(server, "443", client, "40112", 4, 9000, "12") + one(client, "40112", server, "443", 5, 400, "1a"),
			"192.0.2.10:40112 > 198.51.100.7:443 bytes 400/9000 pkts 5/4 established() flags SPA_SA"},
		{one(client, "40112", server, "443", 3, 180, "02"),
			"192.0.2.10:40112 > 198.51.100.7:443 bytes 180/0 pkts 3/0 attempt() flags S_"},
	} {
		opt := &flow.Options{Workers: 1, Symbols: flow.NewSymbols()}
		src := flow.BytesSource("eve.json", []byte(test.text), opt)
		r, err := open(src)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := flow.ReadAll(flow.Stitch(r, flow.NewStitcher(src.Stitch, flow.StitchOptions{})))
		if err != nil || len(rows) != 1 {
			t.Fatal(len(rows), err)
		}
		if got := flowtest.Row(&rows[0], opt.Symbols); !strings.Contains(got, test.want) || !src.Stitch.Auto {
			t.Errorf("got %swant %s", got, test.want)
		}
	}
	src, _ := run(t, event("flow", tls)+event("netflow", ends))
	if src.Stitch.Needed() || Format().Stitch.Needed() {
		t.Errorf("flow events: %+v", src.Stitch)
	}
}

func BenchmarkFlowEvents(b *testing.B) {
	const rows = 100_000
	rng := rand.New(rand.NewPCG(1, 2))
	var data []byte
	for i := range rows {
		data = fmt.Appendf(data, `{"timestamp":"2026-01-01T02:%02d:37.272281+0100","flow_id":%d,"in_iface":"eth0","event_type":"flow","src_ip":"10.%d.%d.%d","src_port":%d,"dest_ip":"203.0.113.%d","dest_port":443,"proto":"TCP","app_proto":"tls",`+
			`"flow":{"pkts_toserver":%d,"pkts_toclient":%d,"bytes_toserver":%d,"bytes_toclient":%d,"start":"2026-01-01T01:%02d:%02d.%06d+0100","end":"2026-01-01T01:%02d:%02d.900000+0100","age":0,"state":"closed","reason":"timeout","alerted":false},`+
			`"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"1b","syn":true,"fin":true,"psh":true,"ack":true,"state":"closed"}}`+"\n",
			i/2000, rng.Int64N(1<<51), rng.IntN(256), rng.IntN(256), rng.IntN(256), rng.IntN(65536), rng.IntN(256), rng.IntN(100), rng.IntN(100),
			rng.IntN(100000), rng.IntN(100000), i/60%60, i%60, rng.IntN(900000), i/60%60, i%60)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("bench.json", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			batch, err := r.(flow.Lender).Lend()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			n += len(batch.Rows)
			batch.Free()
		}
		if n != rows || src.Bad != 0 {
			b.Fatal(n, src.Bad, src.BadRows)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
