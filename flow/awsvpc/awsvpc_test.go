package awsvpc

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
)

// run reads text and tells the source, and the rows as lines of text.
func run(t testing.TB, text string, m map[string]string) (*flow.Source, []string) {
	t.Helper()
	symbols := flow.NewSymbols()
	src := flow.BytesSource("test.log", []byte(text), &flow.Options{Workers: 2, Chunk: 500, Symbols: symbols, Map: m})
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
		out = append(out, show(&rows[i], symbols))
	}
	return src, out
}

func show(r *flow.Record, symbols *flow.Symbols) string {
	return fmt.Sprintf("%d: %v +%v %v %v:%d → %v:%d %d B %d P %s %q [%s] %v", r.Row, r.Start, int64(r.Duration/flow.Second), r.Proto,
		r.Src, r.SrcPort, r.Dst, r.DstPort, r.SrcBytes, r.SrcPkts, r.State, symbols.Text(r.RawState), r.SrcFlags,
		strings.Join(r.Has.Names(), " "))
}

const header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"

const all = "start addresses protocol duration src_port dst_port src_bytes src_pkts state"

func TestRows(t *testing.T) {
	const row = "2 123456789012 eni-0a 192.0.2.10 198.51.100.7 40112 443 6 12 3400 1767225600 1767225660 ACCEPT OK\n"
	const want = "2026-01-01T00:00:00Z +60 tcp 192.0.2.10:40112 → 198.51.100.7:443 3400 B 12 P partial \"ACCEPT\" [] " + all
	for _, test := range []struct {
		name, text   string
		rows         []string
		bad, skipped uint64
		notes        string
	}{
		{"with a header", header + row, []string{"2: " + want}, 0, 1, ""},
		{"without a header", row, []string{"1: " + want}, 0, 0, ""},
		{"byte order mark and CRLF", "\ufeff" + strings.ReplaceAll(header+row, "\n", "\r\n"), []string{"2: " + want}, 0, 1, ""},
		{"byte order mark before a row", "\ufeff" + row, []string{"1: " + want}, 0, 0, ""},
		{"exported by CloudWatch", "2026-01-01T00:01:30.000Z " + row, []string{"1: " + want}, 0, 0, ""},
		{"repeated headers, blanks, empty lines", header + "\n" + row + header + " \n" + row + header, []string{"3: " + want, "6: " + want}, 0, 4, ""},
		{"a header after rows without one", row + header + row, []string{"1: " + want, "3: " + want}, 0, 1, ""},
		{"another header in the midst", header + row + "dstaddr srcaddr start end bytes\n192.0.2.9 192.0.2.8 1767225600 1767225661 5\n" +
			"dstaddr srcaddr end bytes\n192.0.2.9 192.0.2.8 1767225661 5\n" + header + row,
			[]string{"2: " + want, "4: 2026-01-01T00:00:00Z +61 unknown 192.0.2.8:0 → 192.0.2.9:0 5 B 0 P unknown \"\" [] start addresses duration src_bytes", "8: " + want},
			1, 4, "3 headers name other columns"},
		{"no data", header + row +
			"2 123456789012 eni-0a - - - - - - - 1767225600 1767225660 - NODATA\n" +
			"2 123456789012 eni-0a - - - - - - - 1767225600 1767225660 - SKIPDATA\n",
			[]string{"2: " + want}, 0, 3, "1 windows with SKIPDATA"},
		{"no data in front", "2 123456789012 eni-0a - - - - - - - 1767225600 1767225660 - NODATA\n" + row, []string{"2: " + want}, 0, 1, "1 windows with NODATA"},
		{"rejected, IPv6", "2 1 eni-0a 2001:db8:0:0:0:0:0:1 2001:db8::2 40112 22 6 1 40 1767225600 1767225600 REJECT OK\n",
			[]string{"1: 2026-01-01T00:00:00Z +0 tcp 2001:db8::1:40112 → 2001:db8::2:22 40 B 1 P denied \"REJECT\" [] " + all}, 0, 0, ""},
		{"icmp has no ports", "2 1 eni-0a 192.0.2.1 192.0.2.2 0 0 1 4 336 1767225600 1767225660 ACCEPT OK\n",
			[]string{"1: 2026-01-01T00:00:00Z +60 icmp 192.0.2.1:0 → 192.0.2.2:0 336 B 4 P partial \"ACCEPT\" [] start addresses protocol duration src_bytes src_pkts state"}, 0, 0, ""},
		{"nor has GRE; a TCP port may be 0", "2 1 eni-0a 192.0.2.1 192.0.2.2 0 0 47 4 336 1767225600 1767225660 ACCEPT OK\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 0 0 6 4 336 1767225600 1767225660 ACCEPT OK\n",
			[]string{"1: 2026-01-01T00:00:00Z +60 gre 192.0.2.1:0 → 192.0.2.2:0 336 B 4 P partial \"ACCEPT\" [] start addresses protocol duration src_bytes src_pkts state",
				"2: 2026-01-01T00:00:00Z +60 tcp 192.0.2.1:0 → 192.0.2.2:0 336 B 4 P partial \"ACCEPT\" [] " + all}, 0, 0, ""},
		{"any order, packet addresses, flags", "start srcaddr pkt-srcaddr dstaddr pkt-dstaddr dstport srcport protocol bytes tcp-flags action future-field\n" +
			"1767225600 10.0.0.1 192.0.2.1 10.0.0.2 - 443 40112 6 99 2 ACCEPT x\n" +
			"1767225600 10.0.0.1 - 10.0.0.2 192.0.2.2 40112 443 6 99 18 ACCEPT x\n" +
			"1767225600 10.0.0.1 - 10.0.0.2 192.0.2.2 40112 443 6 99 3 ACCEPT x\n" +
			"1767225600 10.0.0.1 - 10.0.0.2 192.0.2.2 40112 443 6 99 4 ACCEPT x\n" +
			"1767225600 10.0.0.1 - 10.0.0.2 192.0.2.2 53 443 17 - - - x\n",
			[]string{
				"2: 2026-01-01T00:00:00Z +0 tcp 192.0.2.1:40112 → 10.0.0.2:443 99 B 0 P partial \"ACCEPT\" [S] start addresses protocol src_port dst_port src_bytes state tcp_flags",
				"3: 2026-01-01T00:00:00Z +0 tcp 10.0.0.1:443 → 192.0.2.2:40112 99 B 0 P established \"ACCEPT\" [SA] start addresses protocol src_port dst_port src_bytes state tcp_flags",
				"4: 2026-01-01T00:00:00Z +0 tcp 10.0.0.1:443 → 192.0.2.2:40112 99 B 0 P closed \"ACCEPT\" [FS] start addresses protocol src_port dst_port src_bytes state tcp_flags",
				"5: 2026-01-01T00:00:00Z +0 tcp 10.0.0.1:443 → 192.0.2.2:40112 99 B 0 P partial \"ACCEPT\" [R] start addresses protocol src_port dst_port src_bytes state tcp_flags",
				"6: 2026-01-01T00:00:00Z +0 udp 10.0.0.1:443 → 192.0.2.2:53 0 B 0 P unknown \"\" [] start addresses protocol src_port dst_port",
			}, 0, 1, ""},
		{"a window of seconds before 2001, and one of years", "2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 164000066 164000126 ACCEPT OK\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 164000066 1640000297 ACCEPT OK\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 164000066 164000065 ACCEPT OK\n",
			[]string{
				"1: 1975-03-14T03:34:26Z +60 udp 192.0.2.1:1 → 192.0.2.2:2 52 B 1 P partial \"ACCEPT\" [] " + all,
				"2: 1975-03-14T03:34:26Z +0 udp 192.0.2.1:1 → 192.0.2.2:2 52 B 1 P partial \"ACCEPT\" [] " + strings.Replace(all, "duration ", "", 1),
				"3: 1975-03-14T03:34:26Z +0 udp 192.0.2.1:1 → 192.0.2.2:2 52 B 1 P partial \"ACCEPT\" [] " + all,
			}, 0, 0, "1 rows end more than a day after"},
		{"bad rows", header +
			"2 1 eni-0a 192.0.2.1 192.0.2 1 2 17 1 52 1767225600 1767225660 ACCEPT OK\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 1 70000 17 1 52 1767225600 1767225660 ACCEPT OK\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 soon 1767225660 ACCEPT OK\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 1767225600 x ACCEPT OK\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 300 1 52 1767225600 1767225660 ACCEPT OK\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 1767225600 1767225660 ACCEPT\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 1767225600 1767225660 ACCEPT OK more\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 1767225600 1767225660 ACCEPT MAYBE\n" +
			"2 1 eni-0a - 192.0.2.2 1 2 17 1 52 1767225600 1767225660 ACCEPT OK\n" +
			"2 1 eni-0a host.example 192.0.2.2 1 2 17 1 52 1767225600 1767225660 ACCEPT OK\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2  2 17 1 52 1767225600 1767225660 ACCEPT OK\n" +
			"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 5", nil, 12, 1, ""},
		{"a counter that is none is absent", "2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 many 5x 1767225600 1767225660 ACCEPT OK\n" + row,
			[]string{"1: 2026-01-01T00:00:00Z +60 udp 192.0.2.1:1 → 192.0.2.2:2 0 B 0 P partial \"ACCEPT\" [] start addresses protocol duration src_port dst_port state", "2: " + want}, 0, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			src, rows := run(t, test.text, nil)
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

func TestLaterVersionsWithoutAHeader(t *testing.T) {
	row := "5 123456789012 eni-0a 10.0.0.1 10.0.0.2 50041 33004 17 1 52 1767225600 1767225660 REJECT OK " +
		"vpc-0a subnet-0a i-0a 1 IPv4 192.0.2.1 192.0.2.2 us-east-1 use1-az5 - - AMAZON CLOUDFRONT ingress 1"
	extra := strings.Fields(strings.Repeat("x ", 25))
	for _, n := range versionEnds {
		text := strings.Join(append(strings.Fields(row), extra...)[:n], " ") + "\n"
		src, rows := run(t, text, nil)
		want := "10.0.0.1:50041 → 10.0.0.2:33004"
		if n >= 21 {
			want = "192.0.2.1:50041 → 192.0.2.2:33004"
		}
		if len(rows) != 1 || !strings.Contains(rows[0], want) || !strings.Contains(rows[0], "denied") {
			t.Errorf("%d columns: %q, %v", n, rows, src.BadRows)
		}
	}
}

func TestColumnsByNumber(t *testing.T) {
	_, rows := run(t, "192.0.2.1 1767225600 x 192.0.2.2\n", map[string]string{"ts": "2", "src_ip": "1", "dst_ip": "4"})
	want := []string{"1: 2026-01-01T00:00:00Z +0 unknown 192.0.2.1:0 → 192.0.2.2:0 0 B 0 P unknown \"\" [] start addresses"}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	src := flow.BytesSource("x", []byte(header), &flow.Options{Map: map[string]string{"dst_bytes": "1"}, Symbols: flow.NewSymbols()})
	if _, err := open(src); err == nil || !strings.Contains(err.Error(), "no field dst_bytes") {
		t.Error(err)
	}
}

// Which header counts does not depend on where the text is cut.
func TestHeadersChangeAcrossPieces(t *testing.T) {
	var text strings.Builder
	var want []string
	n := 0
	for i := range 200 {
		a, b := "srcaddr", "dstaddr"
		if i%3 == 0 {
			a, b = b, a
		}
		fmt.Fprintf(&text, "start %s %s action\n", a, b)
		n++
		for range i % 7 {
			fmt.Fprintf(&text, "1767225600 192.0.2.1 192.0.2.2 ACCEPT\n")
			n++
			arrow := "192.0.2.1:0 → 192.0.2.2:0"
			if i%3 == 0 {
				arrow = "192.0.2.2:0 → 192.0.2.1:0"
			}
			want = append(want, fmt.Sprintf("%d: 2026-01-01T00:00:00Z +0 unknown %s 0 B 0 P partial \"ACCEPT\" [] start addresses state", n, arrow))
		}
	}
	_, rows := run(t, text.String(), nil)
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		head   string
		score  int
		reason string
	}{
		{header, 95, ""},
		{"srcaddr dstaddr start end\n", 95, ""},
		{"srcaddr dstaddr end action\n", 0, "without start"},
		{"srcaddr start end action\n", 0, "without dstaddr"},
		{"2 1 eni-0a - - - - - - - 1 2 - NODATA\n", 92, ""},
		{"2 1 eni-0a 1 2 3 4 5 6 7 1 2 ACCEPT OK\n", 0, "no header"},
		{"a b c\n", 0, "no header"},
		{"ts,protocol,state,src_ip\n", 0, "no header"},
		{"{\"srcaddr\": 1}\n", 0, "JSON without an AWS flow log line"},
		{"{\"message\":\"2 1 eni-0a - - - - - - - 1 2 - NODATA\"}", 85, ""},
		{"a\x00b", 0, "binary"},
		{"", 0, "no header"},
	} {
		score, reason := match([]byte(test.head))
		if score != test.score || !strings.Contains(reason, test.reason) {
			t.Errorf("%.40q: %d %q, want %d %q", test.head, score, reason, test.score, test.reason)
		}
	}
}

func FuzzAWS(f *testing.F) {
	f.Add(header + "2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 1767225600 1767225660 ACCEPT OK\n")
	f.Add("2 1 eni-0a - - - - - - - 1 2 - NODATA\r\n\n x\n")
	f.Add("start srcaddr pkt-srcaddr dstaddr pkt-dstaddr\n1 - ::1 - 1.2.3.4\n")
	f.Add(`{"messageType":"DATA_MESSAGE","logEvents":[{"message":"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 1767225600 1767225660 ACCEPT OK"},{"message":"\u0000"}]}{"message":1}`)
	f.Add("2026-01-01T00:01:30.000Z\tstream\t2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 1767225600 1767225660 ACCEPT OK\n\t\n")
	f.Fuzz(func(t *testing.T, text string) {
		match([]byte(text))
		src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Chunk: 300, Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			return
		}
		rows, err := flow.ReadAll(r)
		if _, ok := r.(*wrapped); ok {
			if src.Rows != uint64(len(rows)) || src.Rows+src.Bad+src.Skipped != r.(*wrapped).row {
				t.Fatalf("%d rows, %d counted, %d bad, %d skipped", len(rows), src.Rows, src.Bad, src.Skipped)
			}
			return
		}
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

func BenchmarkDefaultColumns(b *testing.B) {
	const rows = 500_000
	rng := rand.New(rand.NewPCG(1, 2))
	data := []byte(header)
	for i := range rows {
		data = fmt.Appendf(data, "2 123456789012 eni-%017x 10.%d.%d.%d 203.0.113.%d %d %d 6 %d %d %d %d %s OK\n", rng.IntN(50),
			rng.IntN(256), rng.IntN(256), rng.IntN(256), rng.IntN(256), 1024+rng.IntN(64000), rng.IntN(1024),
			rng.IntN(100), rng.IntN(1<<20), 1767225600+i/100, 1767225660+i/100, []string{"ACCEPT", "REJECT"}[rng.IntN(2)])
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("bench.log", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
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
