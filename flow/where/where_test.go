package where_test

import (
	"flag"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"seine/flow"
	"seine/flow/internal/canonical"
	"seine/flow/where"
)

var update = flag.Bool("update", false, "write the table of names into README.md")

const everything flow.Fields = 1<<16 - 1

func addr(text string) flow.Addr {
	a, err := flow.ParseAddr([]byte(text))
	if err != nil {
		panic(err)
	}
	return a
}

// scene is a handful of flows with one-letter names.
func scene() (letters string, rs []flow.Record, opt where.Options) {
	symbols := flow.NewSymbols()
	at := func(text string) flow.Time {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			panic(err)
		}
		return flow.Time(t.UnixNano())
	}
	sym := func(text string) flow.Symbol { return symbols.Add([]byte(text)) }
	web := flow.Record{ // a Sunday
		Start: at("2024-03-10T09:00:00.25Z"), Duration: 1500 * flow.Second / 1000,
		Src: addr("10.1.2.3"), Dst: addr("203.0.113.7"), SrcPort: 40000, DstPort: 443,
		Proto: flow.TCP, State: flow.StateClosed, RawState: sym("SF"), Service: sym("ssl"),
		SrcFlags: flow.SYN | flow.ACK | flow.FIN, DstFlags: flow.SYN | flow.ACK,
		SrcBytes: 2_000_000, DstBytes: 500, SrcPkts: 1500, DstPkts: 10,
		UID: flow.MakeUID([]byte("C1")), Label: sym("benign"), Row: 1, File: 0,
		Has: everything &^ flow.HasICMP,
	}
	scan := flow.Record{
		Start: at("2024-03-11T02:30:00Z"), Src: addr("198.51.100.9"), Dst: addr("192.168.0.5"),
		SrcPort: 51000, DstPort: 22, Proto: flow.TCP, State: flow.StateAttempt, RawState: sym("S0"),
		SrcFlags: flow.SYN, SrcPkts: 1, SrcBytes: 40, Row: 2, File: 1,
		Has: everything &^ (flow.HasICMP | flow.HasService | flow.HasLabel | flow.HasUID | flow.HasDuration),
	}
	ping := flow.Record{
		Start: at("2024-03-11T12:00:00Z"), Duration: 7200 * flow.Second, Src: addr("2001:db8::1"), Dst: addr("ff02::1"),
		Proto: flow.ICMPv6, ICMPType: 128, SrcBytes: 1<<53 + 1, Row: 3, File: 1,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasICMP | flow.HasDuration | flow.HasSrcBytes,
	}
	dns := flow.Record{
		Start: at("2024-03-12T23:59:59.999Z"), Src: addr("10.1.2.4"), Dst: addr("10.0.0.53"),
		SrcPort: 53, DstPort: 53, Proto: flow.UDP, Service: sym("DNS"), Pieces: 3, Row: 1 << 40, File: 1,
		Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasService,
	}
	files := func(n uint32) string { return []string{"monday.csv", "rest.csv"}[n] }
	return "wspd", []flow.Record{web, scan, ping, dns}, where.Options{Symbols: symbols, Files: files}
}

// The flows are w, to a web server; s, a probe of SSH; p, a multicast ping
// over IPv6, which has no ports; d, a DNS query without counters.
func TestWhatIsKept(t *testing.T) {
	letters, rs, opt := scene()
	for _, test := range []struct{ text, kept string }{
		{"true", "wspd"},
		{"false", ""},
		{"not false", "wspd"},

		{"dst_port == 22", "s"},
		{"22 == dst_port", "s"},
		{"dst_port != 22", "wd"},
		{"not (dst_port == 22)", "wd"},
		{"dst_port in [22, 443]", "ws"},
		{"dst_port not in [22, 443]", "d"},
		{"not (dst_port in [22, 443])", "d"},
		{"dst_port in 1..1023", "wsd"},
		{"dst_port in [443, 20..25, 60000]", "ws"},
		{"dst_port in [1, 3, 5, 7, 53]", "d"},
		{"dport < 100 and sport > 100", "s"},
		{"1 < dst_port < 100", "sd"},
		{"100 > dst_port", "sd"},
		{"dst_port >= 443", "w"},
		{"dst_port > 442.5", "w"},
		{"dst_port == 442.5", ""},
		{"dst_port < 53.5", "sd"},
		{"src_bytes in [1, 3, 5]", ""},
		{"src_bytes not in [1, 3, 5]", "wsp"},
		{"dst_port > -1", "wsd"},
		{"dst_port < -1", ""},
		{"not (dst_port < -1)", "wsd"},
		{"dst_port < 1e30", "wsd"},
		{"src_port == dst_port", "d"},
		{"src_port != dst_port", "ws"},
		{"port == 53", "d"},
		{"port in 40000..60000", "ws"},
		{"port != 443", "sd"},
		{"has(port)", "wsd"},
		{"not has(dst_port)", "p"},

		{"protocol == 'tcp'", "ws"},
		{"protocol == 'TCP'", "ws"},
		{"protocol == 6", "ws"},
		{"proto in ['udp', 58]", "pd"},
		{"protocol != 'tcp'", "pd"},
		{"protocol contains 'icmp'", "p"},
		{"icmp_type == 128", "p"},
		{"state == 'attempt'", "s"},
		{"state in ['attempt', 'Closed']", "ws"},
		{"state startsWith 'clo'", "w"},
		{"state != 'attempt'", "w"},
		{"raw_state == 'S0'", "s"},
		{"conn_state matches '^S.$'", "ws"},

		{"src_ip == '10.1.2.3'", "w"},
		{"src_ip != '10.1.2.3'", "spd"},
		{"src_ip in '10.0.0.0/8'", "wd"},
		{"id.orig_h in '10.0.0.0/8'", "wd"},
		{"src_ip not in '10.0.0.0/8'", "sp"},
		{"src_ip in ['10.1.2.4', '2001:db8::/32']", "pd"},
		{"src_ip in '10.1.2.0'..'10.1.2.3'", "w"},
		{"src_ip in '0.0.0.0/0'", "wsd"},
		{"src_ip in '::/0'", "p"},
		{"ip in '192.168.0.0/16'", "s"},
		{"ip not in '192.168.0.0/16'", "wpd"},
		{"ip == '10.0.0.53'", "d"},
		{"src_ip == dst_ip", ""},
		{"src_ip != dst_ip", "wspd"},
		{"internal(src_ip)", "wd"},
		{"internal(src_ip) and external(dst_ip)", "w"},
		{"external(dst_ip)", "w"},
		{"multicast(dst_ip)", "p"},
		{"internal(src_ip) == internal(dst_ip)", "pd"},
		{"internal(src_ip) != internal(dst_ip)", "ws"},
		{"internal(ip)", "wsd"},
		{"not internal(ip)", "p"},
		{"private(dst_ip)", "sd"},
		{"ipv6(src_ip)", "p"},
		{"ipv4(src_ip)", "wsd"},

		{"src_bytes > 1e6", "wp"},
		{"src_bytes == 9007199254740993", "p"},
		{"src_bytes == 9007199254740992", ""},
		{"src_bytes + 0 == 9007199254740993", "p"},
		{"src_bytes - 1 == 9007199254740992", "p"},
		{"src_bytes > dst_bytes * 10", "ws"},
		{"src_bytes / src_pkts == 40", "s"},
		{"src_bytes / dst_pkts > 1", "w"}, // s divides by zero
		{"not (src_bytes / dst_pkts > 1)", ""},
		{"src_pkts % 2 == 1", "s"},
		{"-src_pkts == -1", "s"},
		{"src_bytes + dst_bytes in [40, 2000500]", "ws"},
		{"bytes == 2_000_500", "w"},
		{"bytes > 0", "wsp"},
		{"pkts >= 1510", "w"},
		{"src_bytes / duration > 1e6", "wp"},
		{"row == 1099511627776", "d"},
		{"pieces > 1", "d"},

		{"duration > 1.4", "wp"},
		{"duration == 1.5", "w"},
		{"duration >= '1.5s'", "wp"},
		{"duration in '1s'..'1h'", "w"},
		{"duration > '1h30m'", "p"},
		{"dur <= '2h'", "wp"},
		{"not (duration > 2)", "w"},
		{"duration == 1.5000000001", ""},
		{"duration < 1.5000000001", "w"},
		{"duration > 1e-10", "wp"},
		{"duration < 1e300", "wp"},

		{"ts >= '2024-03-11'", "spd"},
		{"ts == '2024-03-11'", "sp"},
		{"ts != '2024-03-11'", "wd"},
		{"ts <= '2024-03-11'", "wsp"},
		{"ts < '2024-03-11'", "w"},
		{"ts > '2024-03-11'", "d"},
		{"ts == '2024-03'", "wspd"},
		{"ts == '2024-03-10 09:00'", "w"},
		{"ts == '2024-03-10T09:00:00Z'", "w"},
		{"ts == '2024-03-10T09:00:00.25Z'", "w"},
		{"ts == '2024-03-10T09:00:00.24Z'", ""},
		{"ts == '2024-03-10T11:00:00+02:00'", "w"},
		{"'2024-03-11 00:00' <= ts < '2024-03-11 12:00'", "s"},
		{"ts in '2024-03-11'..'2024-03-12'", "spd"},
		{"ts in ['2024-03-10', '2024-03-12']", "wd"},
		{"ts in '2024-03-12'", "d"},
		{"ts < '2024-03-11 13:00' and end >= '2024-03-11 14:00'", "p"},
		{"not (end == '2030-01-01')", "wp"},
		{"orient == 'source'", "wspd"},
		{"hour in 0..6", "s"},
		{"weekday == 'sunday'", "w"},
		{"weekday in ['mon', 'tue']", "spd"},

		{"src_flags == 'S'", "s"},
		{"src_flags contains 'SA'", "w"},
		{"tcp_flags not contains 'a'", "s"},
		{"'F' in tcp_flags", "w"},
		{"dst_flags in ['', 'AS']", "ws"},
		{"src_flags == dst_flags", ""},

		{"service == 'ssl'", "w"},
		{"service == 'dns'", ""},
		{"lower(service) == 'dns'", "d"},
		{"upper(lower(service)) in ['DNS', 'SSL']", "wd"},
		{"service != 'ssl'", "d"},
		{"service startsWith 's'", "w"},
		{"service endsWith 'NS'", "d"},
		{"service not contains 's'", "d"},
		{"service matches '(?i)^dns$'", "d"},
		{"service in ['ssl', 'http']", "w"},
		{"len(service) == 3", "wd"},
		{"service == label", ""},
		{"service != label", "w"},
		{"label == 'benign'", "w"},
		{"uid == 'C1'", "w"},
		{"uid != 'C2'", "w"},
		{"uid in ['C1', 'C2']", "w"},
		{"file == 'rest.csv'", "spd"},
		{"file endsWith '.csv' and row < 3", "ws"},

		{"has(service)", "wd"},
		{"not has(service)", "sp"},
		{"not has(service) or service == 'DNS'", "spd"},
		{"src_port < 1024 == true", "d"},
		{"dst_port == 22 or src_bytes > 1e15", "sp"},
		{"(dst_port == 22 or src_bytes > 1e15) && !(protocol == 'tcp')", "p"},
		{"dst_port in [22,3389] and not internal(dst_ip) and src_bytes > 1e6", ""},
		{"dst_port == 1 or dst_port == 2 or dst_port == 443 or dst_port == 22", "ws"},
		{"not (dst_port == 1 or dst_port == 2 or dst_port == 443)", "sd"},
		{"DST_PORT == 22 // upper case names, and comments", "s"},
	} {
		f, err := where.Compile(test.text, opt)
		if err != nil {
			t.Errorf("%s\n%v", test.text, err)
			continue
		}
		var kept strings.Builder
		for i := range rs {
			before := rs[i]
			if f.Keep(&rs[i]) {
				kept.WriteByte(letters[i])
			}
			if rs[i] != before {
				t.Errorf("%s changes the record", test.text)
			}
		}
		if kept.String() != test.kept {
			t.Errorf("%s keeps %q, want %q", test.text, kept.String(), test.kept)
		}
	}
}

func TestAMappedAddressIsNoIPv4(t *testing.T) {
	r := flow.Record{Src: addr("::ffff:10.0.0.1"), Has: flow.HasAddrs}
	for text, want := range map[string]bool{
		"src_ip == '::ffff:10.0.0.1'": true, "src_ip in '::ffff:0:0/96'": true, "src_ip in '::/0'": true,
		"src_ip in ['::ffff:10.0.0.1', '2001:db8::1']": true,
		"src_ip == '10.0.0.1'":                         false, "src_ip in '10.0.0.0/8'": false, "src_ip in 'ff00::/8'": false,
	} {
		f, err := where.Compile(text, where.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if f.Keep(&r) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

func TestTimesAndInternalNetworksAreThoseOfTheRun(t *testing.T) {
	_, rs, opt := scene()
	opt.Location = time.FixedZone("", -10*3600)
	opt.Internal = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	for _, text := range []string{
		"ts == '2024-03-09'", "hour == 23", "weekday == 'sat'", "ts == '2024-03-09 23:00'", "ts == '2024-03-10 09:00Z'",
		"internal(dst_ip)", "external(src_ip)",
	} {
		f, err := where.Compile(text, opt)
		if err != nil {
			t.Fatal(err)
		}
		if !f.Keep(&rs[0]) {
			t.Errorf("%s does not keep the first flow", text)
		}
	}
}

func TestATextMayBeMetAfterTheConditionWasCompiled(t *testing.T) {
	symbols := flow.NewSymbols()
	f, err := where.Compile("service == 'late' or service matches '^l.t'", where.Options{Symbols: symbols})
	if err != nil {
		t.Fatal(err)
	}
	early := flow.Record{Service: symbols.Add([]byte("early")), Has: flow.HasService}
	if f.Keep(&early) {
		t.Error("early is kept")
	}
	late := flow.Record{Service: symbols.Add([]byte("late")), Has: flow.HasService}
	for range 2 {
		if !f.Keep(&late) || f.Keep(&early) {
			t.Error("late is not kept, or early is")
		}
	}
}

func TestKeepAllocatesNothing(t *testing.T) {
	_, rs, opt := scene()
	f, err := where.Compile(`not (dst_port in [1, 3..9]) and src_bytes * 2 / duration > 1.5 and lower(service) matches 's'
		and ip in ['10.0.0.0/8', '2001:db8::/32'] and uid != 'x' and hour < 25.5 and ts > '2024-01-01' and len(service) > 1`, opt)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Keep(&rs[0]) {
		t.Fatal("the condition must be worked out to its end")
	}
	if n := testing.AllocsPerRun(100, func() {
		for i := range rs {
			f.Keep(&rs[i])
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAFilterTellsWhatItReads(t *testing.T) {
	f, err := where.Compile("bytes > 5 and ip in '10.0.0.0/8' and has(label) and dport == 5 and dport == 6", where.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := flow.HasSrcBytes | flow.HasAddrs | flow.HasDstPort; f.Fields() != want {
		t.Errorf("fields %v", f.Fields().Names())
	}
	if got := strings.Join(f.Names(), " "); got != "bytes src_ip dst_ip label dst_port" {
		t.Errorf("names %s", got)
	}
}

// Whoever looks at what Seine wrote may use the names that stand there.
func TestTheColumnsThatSeineWritesAreKnown(t *testing.T) {
	known := map[string]bool{}
	for _, n := range where.Names() {
		known[n.Name] = true
		for _, a := range n.Aliases {
			known[a] = true
		}
	}
	for _, c := range canonical.Columns() {
		if !known[c.Name] {
			t.Errorf("no field is called %s", c.Name)
		}
	}
}

func TestTheTableOfNamesIsComplete(t *testing.T) {
	var table strings.Builder
	table.WriteString("| name | type | | also |\n|---|---|---|---|\n")
	for _, n := range where.Names() {
		table.WriteString("| `" + n.Name + "` | " + n.Type + " | " + n.Doc + " | " + strings.Join(n.Aliases, " ") + " |\n")
	}
	const begin, end = "<!-- names -->\n", "<!-- end of names -->"
	head, rest, ok1 := strings.Cut(where.Doc, begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("README.md has no place for the table")
	}
	if old == table.String() {
		return
	}
	if !*update {
		t.Fatalf("README.md has another table; run go test with -update")
	}
	if err := os.WriteFile("README.md", []byte(head+begin+table.String()+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
