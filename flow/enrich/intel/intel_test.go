package intel

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
)

var update = flag.Bool("update", false, "write the golden files anew")

// describe tells all that a table holds: its lists, their entries in the order
// in which they were read, and the warnings.
func describe(t *Table) string {
	var b strings.Builder
	for _, f := range t.Files() {
		fmt.Fprintf(&b, "%s: %s, list %q", filepath.Base(f.Name), f.Layout, f.List)
		if f.HasDate {
			fmt.Fprintf(&b, ", date %s", f.Date)
		}
		fmt.Fprintf(&b, ", %d entries", f.Entries)
		for _, c := range []struct {
			name string
			n    uint64
		}{
			{"benign", uint64(f.Benign)}, {"domains", f.Domains}, {"others", f.Others}, {"local", f.Local}, {"withheld", f.Withheld},
			{"bad", f.Bad}, {"repeated", f.Repeated}, {"crowded", f.Crowded}, {"dropped", f.Dropped},
		} {
			if c.n > 0 {
				fmt.Fprintf(&b, ", %d %s", c.n, c.name)
			}
		}
		b.WriteByte('\n')
	}
	for i := range t.n {
		e := t.indicator(t.record(i))
		fmt.Fprintf(&b, "%s:%d %s", filepath.Base(e.File), e.Line, e.Listed())
		if e.Proto != flow.ProtoUnknown {
			fmt.Fprintf(&b, "/%s", e.Proto)
		}
		for _, word := range []struct{ name, text string }{
			{"category", e.Category}, {"malware", e.Malware}, {"country", e.Country}, {"list", e.List}, {"tags", strings.Join(e.Tags, " + ")},
		} {
			if word.text != "" {
				fmt.Fprintf(&b, " %s=%q", word.name, word.text)
			}
		}
		if e.Score >= 0 {
			fmt.Fprintf(&b, " score=%d", e.Score)
		}
		for _, m := range []struct {
			name string
			t    flow.Time
		}{{"date", e.Date}, {"first", e.First}, {"last", e.Last}, {"until", e.Until}} {
			if m.t != 0 {
				fmt.Fprintf(&b, " %s=%s", m.name, m.t)
			}
		}
		b.WriteByte('\n')
	}
	for _, w := range t.Warnings() {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}

// TestLayouts reads each list of testdata and compares with its golden file.
func TestLayouts(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, e := range entries {
		name := filepath.Join("testdata", e.Name())
		if strings.HasSuffix(name, ".golden") || e.Name() == "fuzz" {
			continue
		}
		tested++
		t.Run(e.Name(), func(t *testing.T) {
			var got string
			if table, err := load(name); err != nil {
				got = "error: " + err.Error() + "\n"
			} else {
				got = describe(table)
			}
			got = strings.ReplaceAll(got, "testdata"+string(filepath.Separator), "")
			golden := name + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got; go test -update writes it anew\n%s", diff)
			}
		})
	}
	if tested < 20 {
		t.Errorf("%d lists", tested)
	}
}

// load reads lists as on a day soon after those of testdata: their files have
// the dates of a checkout.
func load(names ...string) (*Table, error) {
	return Load(names, Options{AsOf: at("2026-03-20T00:00:00Z")})
}

func at(text string) flow.Time {
	t, ok := when([]byte(text))
	if !ok {
		panic(text)
	}
	return t
}

func addr(t testing.TB, text string) flow.Addr {
	t.Helper()
	a, err := flow.ParseAddr([]byte(text))
	if err != nil {
		t.Fatal(text, err)
	}
	return a
}

// of loads a list given as text.
func of(t testing.TB, name, text string) *Table {
	t.Helper()
	table := New(Options{})
	if err := table.read(name, []byte(text)[:min(len(text), flow.HeadSize)], strings.NewReader(text), 0, false); err != nil {
		t.Fatal(err)
	}
	return table
}

func TestTheMostSpecificEntryComesFirst(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one := write("one", "198.51.100.0/24\n198.51.100.7\n198.51.0.0/16\n")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, "198.51.100.7\n198.51.100.4/30\n")
	z.Close()
	two := write("two.gz", packed.String())
	table, err := Load([]string{one, two}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range table.Lookup(addr(t, "198.51.100.7")) {
		got = append(got, fmt.Sprintf("%s %s:%d", i.Listed(), filepath.Base(i.File), i.Line))
	}
	want := []string{"198.51.100.7 one:2", "198.51.100.7 two.gz:1", "198.51.100.4/30 two.gz:2", "198.51.100.0/24 one:1", "198.51.0.0/16 one:3"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAMissCostsNoAllocation(t *testing.T) {
	table := of(t, "list", "198.51.100.0/24\n203.0.113.7\n2001:db8::/48\n")
	a, b := addr(t, "192.0.2.1"), addr(t, "2001:db8:1::1")
	if n := testing.AllocsPerRun(100, func() { table.Lookup(a); table.Lookup(b); table.Listed(a) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if table.Lookup(a) != nil || table.Listed(b) {
		t.Error("found what is not there")
	}
	var none *Table
	if none.Lookup(a) != nil || none.Len() != 0 || none.Listed(a) || none.Warnings() != nil || none.Files() != nil {
		t.Error("a table that is nil knows something")
	}
}

// The network that is watched may be private: a list says nothing of it.
func TestListsSayNothingOfAddressesThatAreNotGlobal(t *testing.T) {
	table := of(t, "list", "10.0.0.0/8\n192.168.1.1\n100.64.0.0/10\n127.0.0.1\n169.254.0.0/16\n224.0.0.1\n0.0.0.0/8\n240.0.0.0/4\nfe80::/10\nfd00::1\n::1\n198.18.0.1\n"+
		"8.0.0.0/8\n192.0.0.0/9\n2001:db8::/32\n")
	f := table.Files()[0]
	if f.Local != 12 || f.Entries != 3 {
		t.Errorf("%d local, %d entries", f.Local, f.Entries)
	}
	for text, want := range map[string]bool{
		"10.1.2.3": false, "192.168.1.1": false, "192.0.0.9": false, "192.0.2.9": true, "8.8.8.8": true, "2001:db8::1": true, "198.18.0.1": false,
		"::ffff:192.0.2.9": false,
	} {
		a := addr(t, text)
		if got := table.Lookup(a) != nil; got != want || table.Listed(a) != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	wide := of(t, "list", "0.0.0.0/0\n::/0\n2000::/3\n128.0.0.0/1\n198.51.100.1\n")
	if wide.Lookup(addr(t, "203.0.113.1")) != nil || wide.Files()[0].Bad != 4 {
		t.Errorf("an entry that covers the Internet counts: %+v", wide.Files()[0])
	}
	if name, ok := flow.NameAddr([]byte("DNS")); !ok || wide.Listed(name) {
		t.Error("a name that stands for an address is listed")
	}
}

// TestGlobalPrefixAgreesWithGlobal compares the two views on some addresses
// around the borders.
func TestGlobalPrefixAgreesWithGlobal(t *testing.T) {
	var all []netip.Addr
	for _, p := range append(special4, unicast, nat64, netip.MustParsePrefix("fe80::/10")) {
		all = append(all, p.Addr(), p.Addr().Prev(), p.Addr().Next(), lastOf(p), lastOf(p).Next())
	}
	n := 0
	for _, a := range all {
		if !a.IsValid() || a.Is4In6() {
			continue
		}
		b, err := flow.AddrFromNetip(a)
		if err != nil {
			continue
		}
		n++
		if got, want := globalPrefix(netip.PrefixFrom(a, a.BitLen())), Global(b); got != want {
			t.Errorf("%s: prefix %v, address %v", a, got, want)
		}
	}
	if n < 40 {
		t.Errorf("%d addresses", n)
	}
}

// An IPv4-mapped spelling is another address than the one within.
func TestMappedSpellingsAreApart(t *testing.T) {
	table := of(t, "list", "::ffff:198.51.100.1\n::ffff:203.0.113.0/120\n192.0.2.1\n192.0.2.128/25\n")
	for text, want := range map[string]int{
		"198.51.100.1": 0, "::ffff:198.51.100.1": 1, "203.0.113.9": 0, "::ffff:203.0.113.9": 1,
		"192.0.2.1": 1, "::ffff:192.0.2.1": 0, "192.0.2.200": 1, "::ffff:192.0.2.200": 0,
	} {
		got := table.Lookup(addr(t, text))
		if len(got) != want {
			t.Errorf("%s: %d entries, want %d", text, len(got), want)
		}
		for i := range got {
			if n := addr(t, text).Netip(); !got[i].Prefix.Contains(n) {
				t.Errorf("%s is not in %s", text, got[i].Prefix)
			}
		}
	}
}

func TestWhatIsKeptOfOneAddressIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("ip,port,threat\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "198.51.100.1,%d,c2\n", i+1)
	}
	table := of(t, "list", b.String())
	got := table.Lookup(addr(t, "198.51.100.1"))
	if f := table.Files()[0]; len(got) != maxRing || f.Crowded != 1000-maxRing || table.Len() != maxRing {
		t.Errorf("%d kept, %+v", len(got), f)
	}
	for i := range got {
		if got[i].Line != i+2 || got[i].Port != uint16(i+1) {
			t.Fatalf("entry %d is of line %d, port %d", i, got[i].Line, got[i].Port)
		}
	}
}

func TestLimitsAreTold(t *testing.T) {
	table := New(Options{})
	table.limits.entries = 3
	text := "198.51.100.1\n198.51.100.2\n198.51.100.3\n198.51.100.4\n198.51.100.0/28\n"
	if err := table.read("list", []byte(text), strings.NewReader(text), 0, false); err != nil {
		t.Fatal(err)
	}
	if table.Len() != 3 || table.Files()[0].Dropped != 2 || len(table.Warnings()) != 1 {
		t.Errorf("%d entries, %+v, %q", table.Len(), table.Files()[0], table.Warnings())
	}
	table.limits.bytes = 20
	if err := table.read("list", []byte(text), strings.NewReader(text), 0, false); err == nil {
		t.Error("a list without end is taken")
	}
}

func TestWhatIsNoListIsRefusedWithWhatIsAccepted(t *testing.T) {
	for name, text := range map[string]string{
		"prose":         "It was a dark and stormy night.\nThe rain fell in torrents.\n",
		"JSON":          `{"hello":"world"}`,
		"JSON flows":    `{"src_ip":"192.0.2.1","dst_ip":"192.0.2.2"}`,
		"broken JSON":   `{"hello" 1}`,
		"binary":        "\x7fELF\x00\x00\x00",
		"empty":         "",
		"a flow table":  "time,bytes\n1,2\n",
		"only blanks":   " \n\n",
		"flows":         "ts,src_ip,dst_ip,dst_port\n2026-03-10,192.0.2.1,198.51.100.1,80\n",
		"UTF-16":        "\xff\xfe1\x009\x008\x00",
		"zip":           "PK\x03\x04....",
		"nothing right": "ip,country_code,abuse_confidence_score\nx,y,z\n",
	} {
		table := New(Options{})
		err := table.read(name, []byte(text), strings.NewReader(text), 0, false)
		if err == nil {
			t.Errorf("%s is taken for a list: %s", name, describe(table))
			continue
		}
		if len(table.files) != 0 {
			t.Errorf("%s is among the lists", name)
		}
		if name == "UTF-16" && !strings.Contains(err.Error(), "save it as UTF-8") {
			t.Errorf("%v does not tell what to do", err)
		}
		if (name == "prose" || name == "JSON") && !strings.Contains(err.Error(), "AbuseIPDB") {
			t.Errorf("%s: %v does not tell what is accepted", name, err)
		}
	}
	dir := t.TempDir()
	if _, err := Load([]string{dir}, Options{}); err == nil {
		t.Error("an empty folder is no error")
	}
	if err := os.WriteFile(filepath.Join(dir, "README"), []byte("Read me, please.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load([]string{dir}, Options{}); err == nil || !strings.Contains(err.Error(), "none of its 1 files") {
		t.Errorf("a folder without a list: %v", err)
	}
	if _, err := Load([]string{filepath.Join(dir, "none")}, Options{}); err == nil {
		t.Error("a file that is not there is no error")
	}
}

// A list that only its comments are left of is one, with nothing in it.
func TestAnEmptyListIsTold(t *testing.T) {
	for _, text := range []string{
		"# Last updated: 2026-03-10 09:00:20 UTC\n# END 0 entries\n", "[]\n", "ip,country_code,abuse_confidence_score,last_reported_at\n",
		`{"meta":{"generatedAt":"2026-03-10T06:17:02+00:00"},"data":[]}`,
	} {
		table := of(t, "list", text)
		if table.Len() != 0 || len(table.Warnings()) != 1 || !strings.Contains(table.Warnings()[0], "it has no entries") {
			t.Errorf("%q: %d entries, %q", text, table.Len(), table.Warnings())
		}
	}
}

// Comments that speak of columns are no header, and lists of machines are no
// tables of threats.
func TestTablesAreToldByTheirColumns(t *testing.T) {
	for text, want := range map[string]string{
		"# Address, network and prefix lists\n198.51.100.1\n198.51.100.0/24 ; SBL1\n": "list",
		"ip,port\n198.51.100.1,80\n":                      "csv",
		"ip,name,role\n198.51.100.1,web,server\n":         "list",
		"IP Address, Score\n198.51.100.1, 90\n":           "csv",
		"198.51.100.1,CN,100,2026-03-10T06:17:01+00:00\n": "list",
		"198.51.100.1\t8\n198.51.100.2\t7\n":              "list",
	} {
		table := of(t, "x", text)
		if f := table.Files()[0]; f.Layout != want || f.Entries == 0 || f.Bad > 1 {
			t.Errorf("%q: %s, %d entries, %d bad", text, f.Layout, f.Entries, f.Bad)
		}
	}
}

func TestOldListsAreTold(t *testing.T) {
	text := "# Last updated: 2026-01-01 00:00:00 UTC\n198.51.100.1\n"
	for name, c := range map[string]struct {
		asOf, modified string
		want           string
	}{
		"fresh":           {"", "2026-01-20 00:00:00", ""},
		"old when stored": {"", "2026-03-02 00:00:00", "60 days old when it was stored on 2026-03-02 (dated 2026-01-01)"},
		"old as of":       {"2026-02-10 00:00:00", "2026-01-02 00:00:00", "40 days old as of 2026-02-10"},
		"as of decides":   {"2026-01-10 00:00:00", "2026-03-02 00:00:00", ""},
	} {
		var opt Options
		if c.asOf != "" {
			opt.AsOf = at(c.asOf)
		}
		table := New(opt)
		if err := table.read("list", []byte(text), strings.NewReader(text), at(c.modified), false); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(table.Warnings(), "\n"); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestDates(t *testing.T) {
	for text, want := range map[string]string{
		"Last updated: 2026-03-10 09:00:20 UTC":          "2026-03-10T09:00:20Z",
		"Spamhaus DROP List 2026/03/10 - (c) 2026":       "2026-03-10T00:00:00Z",
		"Last-Modified: Tue, 10 Mar 2026 04:10:14 GMT":   "2026-03-10T04:10:14Z",
		"This File Date  : Mon Mar  9 05:00:08 UTC 2026": "2026-03-09T05:00:08Z",
		"generated 2026-03-10T04:10:14+02:00 by x":       "2026-03-10T02:10:14Z",
		"updated: Tue Mar 10 03:30:12 2026 UTC":          "2026-03-10T03:30:12Z",
		"Date: 10 March 2026 01:02:03 (UTC)":             "2026-03-10T01:02:03Z",
		"Expires: Wed, 11 Mar 2026 05:41:34 GMT":         "",
		"updated every 5 minutes":                        "",
		"Version 20260310":                               "",
	} {
		var h header
		h.comment([]byte("# "+text), 1)
		got := ""
		if h.date != 0 {
			got = h.date.String()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCategories(t *testing.T) {
	for text, want := range map[string]string{
		"Feodo Tracker Botnet C2 IP Blocklist": C2, "tor_exits_1d.ipset": TorExit, "torbulkexitlist": TorExit, "Spamhaus DROP List": Hijacked,
		"blocklist_de_ssh": BruteForce, "socks_proxy_7d": Proxy, "Raindrop of the day": "", "emerging compromised hosts": Compromised,
		"bogons": Bogon, "monitor": "", "c&c servers": C2, "Account list": "",
	} {
		if got := kindOf(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestTheOrderOfListsDoesNotMatter asks tables of the same lists, read in
// either order.
func TestTheOrderOfListsDoesNotMatter(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for _, name := range []string{"a", "b"} {
		names = append(names, filepath.Join(dir, name))
		if err := os.WriteFile(names[len(names)-1], []byte("198.51.100.7\n198.51.100.0/24\n198.51.100.7:443\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said [2][]Indicator
	for i := range said {
		table, err := load(names...)
		if err != nil {
			t.Fatal(err)
		}
		said[i] = table.Lookup(addr(t, "198.51.100.7"))
		slices.Reverse(names)
	}
	if len(said[0]) != 6 || !reflect.DeepEqual(said[0], said[1]) {
		t.Errorf("%v\n%v", said[0], said[1])
	}
}

// TestListsThatFillTheRoomForTextsLeaveCategories has lists say more than is
// kept: severity hangs on the category.
func TestListsThatFillTheRoomForTextsLeaveCategories(t *testing.T) {
	l := newLexicon()
	l.room = 0
	if at := l.text([]byte("some malware")); at != 0 || l.lost != 1 {
		t.Errorf("text %d in spite of no room", at)
	}
	for _, category := range []string{C2, Malware, TorExit, Proxy, Benign, Bogon, Hijacked, Phishing, Attacker, Abuse, Spam, Scanner, BruteForce, Compromised} {
		if got := l.texts[l.text([]byte(category))]; got != category {
			t.Errorf("%q is lost: %q", category, got)
		}
	}
	if n := l.notes[0]; n != (note{}) {
		t.Errorf("what stands for notes without room says %v", n)
	}
}

// TestRemarksMakeNothingBenign: a harmless entry silences all other lists, and
// so must not come of prose.
func TestRemarksMakeNothingBenign(t *testing.T) {
	benign := func(name, text string) bool {
		t.Helper()
		e := of(t, name, text).Lookup(addr(t, "198.51.100.7"))
		if len(e) != 1 {
			t.Fatalf("%s: %d entries in %q", name, len(e), text)
		}
		return e[0].Benign
	}
	for _, text := range []string{
		"# Updated 2026-03-09\n# Whitelist requests: abuse@example.com\n198.51.100.7\n",
		"# Whitelist requests: abuse@example.com\n198.51.100.7\n",
		"ip,category\n198.51.100.7,whitelist bypass\n",
		"#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n198.51.100.7\tIntel::ADDR\ta\tC2 with whitelist bypass\n",
		`{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","id":"indicator--1","name":"whitelist bypass","pattern_type":"stix","pattern":"[ipv4-addr:value = '198.51.100.7']","valid_from":"2026-03-01T00:00:00Z"}]}`,
		`{"Event":{"info":"Whitelist bypass","date":"2026-03-01","Attribute":[{"type":"ip-dst","to_ids":true,"value":"198.51.100.7","comment":"on no whitelist","timestamp":"1772500000"}]}}`,
	} {
		if benign("x", text) {
			t.Errorf("benign: %s", text)
		}
	}
	for name, text := range map[string]string{
		"dns-whitelist.txt": "198.51.100.7\n",
		"a":                 "# Public resolvers allowlist (2026)\n198.51.100.7\n",
		"b":                 "ip,category\n198.51.100.7,benign\n",
		"c":                 "#fields\tindicator\tindicator_type\tmeta.source\tmeta.whitelist\n198.51.100.7\tIntel::ADDR\ta\tT\n",
	} {
		if !benign(name, text) {
			t.Errorf("not benign: %s: %s", name, text)
		}
	}
}
