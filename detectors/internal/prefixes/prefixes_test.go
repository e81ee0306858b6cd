package prefixes

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"seine/flow"
)

func read(t testing.TB, text string) *Table {
	t.Helper()
	table := New()
	if err := table.Read("list", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return table
}

// lookup is the entry that covers an address, with its line, or "".
func lookup(t testing.TB, table *Table, address string) string {
	t.Helper()
	a, err := flow.ParseAddr([]byte(address))
	if err != nil {
		t.Fatal(err)
	}
	e, ok := table.Lookup(a)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s:%d", e, e.Line)
}

func TestLists(t *testing.T) {
	for _, c := range []struct {
		name, list, address, want string
	}{
		{"an address", "192.0.2.1", "192.0.2.1", "192.0.2.1:1"},
		{"another address", "192.0.2.1", "192.0.2.2", ""},
		{"a prefix", "192.0.2.0/30", "192.0.2.3", "192.0.2.0/30:1"},
		{"just outside a prefix", "192.0.2.0/30", "192.0.2.4", ""},
		{"bits behind a prefix are dropped", "192.0.2.77/24", "192.0.2.1", "192.0.2.0/24:1"},
		{"a prefix of one address", "192.0.2.1/32", "192.0.2.1", "192.0.2.1:1"},
		{"everything", "0.0.0.0/0", "255.255.255.255", "0.0.0.0/0:1"},
		{"all IPv4 is no IPv6", "0.0.0.0/0", "2001:db8::1", ""},
		{"all IPv6 is no IPv4", "::/0", "192.0.2.1", ""},
		{"IPv6 in another spelling", "2001:DB8:0::0001", "2001:db8::1", "2001:db8::1:1"},
		{"an IPv6 prefix", "2001:db8:bad::/48", "2001:db8:bad:ffff::1", "2001:db8:bad::/48:1"},

		{"commas", "192.0.2.1,192.0.2.2", "192.0.2.2", "192.0.2.2:1"},
		{"blanks and tabs", " 192.0.2.1\t 192.0.2.2 ", "192.0.2.2", "192.0.2.2:1"},
		{"lines", "192.0.2.1\n192.0.2.2\n", "192.0.2.2", "192.0.2.2:2"},
		{"Windows lines", "192.0.2.1\r\n192.0.2.2\r\n", "192.0.2.2", "192.0.2.2:2"},
		{"empty fields", ",,192.0.2.1,,\n,\n", "192.0.2.1", "192.0.2.1:1"},
		{"double quotes", `"192.0.2.1","192.0.2.2"`, "192.0.2.2", "192.0.2.2:1"},
		{"single quotes", `'192.0.2.1'`, "192.0.2.1", "192.0.2.1:1"},
		{"byte order mark", "\ufeff192.0.2.1", "192.0.2.1", "192.0.2.1:1"},
		{"byte order mark and quotes", "\ufeff\"192.0.2.1\"", "192.0.2.1", "192.0.2.1:1"},
		{"a comment", "# 192.0.2.1\n192.0.2.2", "192.0.2.1", ""},
		{"behind a comment", "# 192.0.2.1\n192.0.2.2", "192.0.2.2", "192.0.2.2:2"},
		{"a comment with a semicolon", "; 192.0.2.1\n192.0.2.2 ; 192.0.2.3", "192.0.2.3", ""},
		{"a comment behind an entry", "192.0.2.1# known bad", "192.0.2.1", "192.0.2.1:1"},

		{"the longest prefix answers", "192.0.2.0/24\n192.0.2.64/26\n192.0.2.70", "192.0.2.65", "192.0.2.64/26:2"},
		{"in any order", "192.0.2.70\n192.0.2.64/26\n192.0.2.0/24", "192.0.2.70", "192.0.2.70:1"},
		{"of equals the first", "192.0.2.1\n192.0.2.1/32", "192.0.2.1", "192.0.2.1:1"},

		{"mapped is not IPv4", "::ffff:192.0.2.1", "192.0.2.1", ""},
		{"IPv4 is not mapped", "192.0.2.0/24", "::ffff:192.0.2.1", ""},
		{"mapped is mapped", "::ffff:192.0.2.1", "::ffff:c000:201", "::ffff:192.0.2.1:1"},
		{"a mapped prefix", "::ffff:192.0.2.0/120", "::ffff:192.0.2.9", "::ffff:192.0.2.0/120:1"},
		{"all mapped ones", "::ffff:0:0/96", "::ffff:192.0.2.9", "::ffff:0.0.0.0/96:1"},
		{"a prefix around all mapped ones", "::/0", "::ffff:192.0.2.9", "::/0:1"},
		{"another around them", "::/64\n::/4", "::ffff:192.0.2.9", "::/64:1"},
		{"such a prefix also covers its others", "::/64\n::/4", "::1:2", "::/64:1"},
		{"beside the mapped ones", "::fffe:0:0/96", "::ffff:192.0.2.9", ""},
		{"not where mapped ones are kept", "ff00::/16", "::ffff:192.0.2.9", ""},
	} {
		if got := lookup(t, read(t, c.list), c.address); got != c.want {
			t.Errorf("%s: %s in %q is covered by %q, want %q", c.name, c.address, c.list, got, c.want)
		}
	}
}

func TestBadTokensAreReportedWithTheirLine(t *testing.T) {
	table := read(t, "192.0.2.1\n\nexample.org, 192.0.2.300\n192.0.2.0/33\n1.2.3\nfe80::1%eth0 01.2.3.4\n192.0.2.2:80\n# not this\n"+strings.Repeat("9", 1000)+"\n")
	want := []string{
		`list:3: "example.org" is no address or prefix`,
		`list:3: "192.0.2.300" is no address or prefix`,
		`list:4: "192.0.2.0/33" is no address or prefix`,
		`list:5: "1.2.3" is no address or prefix`,
		`list:6: "fe80::1%eth0" is no address or prefix`,
		`list: 8 tokens that are no address or prefix were skipped`,
	}
	if !slices.Equal(table.Warnings(), want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(table.Warnings(), "\n"), strings.Join(want, "\n"))
	}
	if table.Len() != 1 {
		t.Errorf("%d entries, want 1", table.Len())
	}
}

func TestFilesCompressedOrNot(t *testing.T) {
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "a.txt"), filepath.Join(dir, "b.txt")
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	fmt.Fprintln(w, "198.51.100.0/24")
	w.Close()
	for name, data := range map[string][]byte{plain: []byte("192.0.2.1\n"), packed: z.Bytes()} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	table := New()
	for _, name := range []string{plain, packed} {
		if err := table.Load(name); err != nil {
			t.Fatal(err)
		}
	}
	for address, file := range map[string]string{"192.0.2.1": plain, "198.51.100.9": packed} {
		a, _ := flow.ParseAddr([]byte(address))
		if e, ok := table.Lookup(a); !ok || e.File != file {
			t.Errorf("%s: %v in %q, want %q", address, ok, e.File, file)
		}
	}
	if err := table.Load(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(packed, z.Bytes()[:z.Len()-9], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := New().Load(packed); err == nil {
		t.Error("a list that is cut short is no error")
	}
}

func TestReadErrorsNameTheirLine(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("192.0.2.1\n192.0.2.2\n"), iotest.ErrReader(errors.New("gone")))
	if err := New().Read("list", broken); err == nil || err.Error() != "list:3: gone" {
		t.Errorf("got %v", err)
	}
}

// TestLookupAgreesWithContains compares with a walk over all prefixes.
func TestLookupAgreesWithContains(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	address := func() netip.Addr { // few bits, so that much is covered
		switch rng.IntN(3) {
		case 0:
			return netip.AddrFrom4([4]byte{10, byte(rng.IntN(2)), byte(rng.IntN(4)), byte(rng.IntN(256))})
		case 1:
			return netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 10, 13: byte(rng.IntN(2)), 15: byte(rng.IntN(256))})
		}
		return netip.AddrFrom16([16]byte{byte(rng.IntN(2)) * 0x20, 1: byte(rng.IntN(2)), 10: byte(rng.IntN(2)) * 0xff, 11: 0xff, 14: byte(rng.IntN(4)), 15: byte(rng.IntN(256))})
	}
	for range 300 {
		var list []netip.Prefix
		var text strings.Builder
		for range rng.IntN(30) {
			a := address()
			p := netip.PrefixFrom(a, rng.IntN(a.BitLen()+1)).Masked()
			if rng.IntN(3) == 0 {
				p = netip.PrefixFrom(a, a.BitLen())
			}
			list = append(list, p)
			fmt.Fprintln(&text, p)
		}
		table := read(t, text.String())
		for range 200 {
			n := address()
			want := netip.Prefix{}
			for _, p := range list {
				if p.Contains(n) && (!want.IsValid() || p.Bits() > want.Bits()) {
					want = p
				}
			}
			a, err := flow.AddrFromNetip(n)
			if err != nil {
				t.Fatal(err)
			}
			e, ok := table.Lookup(a)
			if ok != want.IsValid() || ok && e.Prefix != want {
				t.Fatalf("%s: got %v %v, want %v, in\n%s", n, e.Prefix, ok, want, &text)
			}
			if ok && list[e.Line-1] != want {
				t.Fatalf("%s: line %d is not %s", n, e.Line, want)
			}
		}
	}
}

// FuzzRead reads any bytes as a list. Whatever it takes it must find again,
// on the line that it names.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "192.0.2.0/24,::/0\n", "\ufeff\"2001:db8::/32\"; x", "# c\r\n::ffff:1.2.3.4/97", "a,b\x00\xff\n1.2.3.4/0"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		table := New()
		if err := table.Read("list", bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			for _, token := range bytes.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' }) {
				if bytes.ContainsAny(token, "#;") {
					break
				}
				n, err := netip.ParseAddr(string(token))
				if err != nil || n.Zone() != "" {
					continue
				}
				a, err := flow.AddrFromNetip(n)
				if err != nil {
					continue
				}
				if e, ok := table.Lookup(a); !ok || e.Prefix != netip.PrefixFrom(n, n.BitLen()) || e.Line > i+1 {
					t.Fatalf("%s of line %d: got %v line %d, %v", n, i+1, e.Prefix, e.Line, ok)
				}
			}
		}
		if table.Len() == 0 {
			return
		}
		if table.Len() > len(text)/2+1 {
			t.Fatalf("%d entries out of %d bytes", table.Len(), len(text))
		}
	})
}

// million writes a list of n prefixes.
func million(n int) string {
	rng := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	for i := range n {
		if i%10 == 0 {
			fmt.Fprintf(&b, "2001:%x:%x::/48\n", rng.IntN(1<<16), rng.IntN(1<<16))
		} else {
			fmt.Fprintf(&b, "%d.%d.%d.%d/%d\n", 1+rng.IntN(223), rng.IntN(256), rng.IntN(256), rng.IntN(256), 24+rng.IntN(9))
		}
	}
	return b.String()
}

func BenchmarkLoad(b *testing.B) {
	text := million(1_000_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		read(b, text)
	}
}

// BenchmarkLookup compares lists of different lengths.
func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{10, 1000, 1_000_000} {
		table := read(b, million(n))
		rng := rand.New(rand.NewPCG(2, 2))
		addrs := make([]flow.Addr, 1<<12)
		for i := range addrs {
			addrs[i] = flow.AddrFrom4(rng.Uint32())
		}
		b.Run(fmt.Sprintf("prefixes=%d", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				table.Lookup(addrs[i&(len(addrs)-1)])
				i++
			}
		})
	}
}

func TestANameLiesInNoPrefix(t *testing.T) {
	table := read(t, "0.0.0.0/0\n::/0\nff00::/8\nff00:6e00::/24\n")
	for _, name := range []string{"DNS", "10008_34", "a_name_of_twenty_bytes"} {
		a, ok := flow.NameAddr([]byte(name))
		if !ok {
			t.Fatal(name)
		}
		if e, ok := table.Lookup(a); ok {
			t.Errorf("%s is covered by %v", name, e)
		}
	}
	if got := lookup(t, table, "ff02::fb"); got != "ff00::/8:3" {
		t.Errorf("an address beside them: %q", got)
	}
}
