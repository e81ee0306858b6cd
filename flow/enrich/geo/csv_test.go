package geo

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"seine/flow"
)

func TestCSVOfEveryMaker(t *testing.T) {
	for _, c := range []struct{ maker, text, address, want string }{
		{"DB-IP country", "192.0.2.0,192.0.2.255,NL\n2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,BE\n", "2001:db8:1::1", "BE"},
		{"DB-IP city", "0.0.0.0,0.255.255.255,ZZ,ZZ,,,0,0\n192.0.2.0,192.0.2.255,EU,NL,South Holland,Delft,52.0,4.36\n", "192.0.2.9", "NL"},
		{"DB-IP ASN", "192.0.2.0,192.0.2.255,64500,\"Example, Inc.\"\n", "192.0.2.0", "AS64500 Example, Inc."},
		{"IPinfo lite", "network,country,country_code,continent,continent_code,asn,as_name,as_domain\n192.0.2.0/24,Netherlands,NL,Europe,EU,AS64500,Example,example.net\n198.51.100.7,Germany,DE,Europe,EU,,,\n", "192.0.2.255", "NL AS64500 Example"},
		{"IPinfo of old", "start_ip,end_ip,country,country_name,continent,continent_name,asn,as_name,as_domain\n192.0.2.0,192.0.2.255,NL,Netherlands,EU,Europe,AS64500,Example,example.net\n", "192.0.2.255", "NL AS64500 Example"},
		{"an address is a network", "network,country_code\n198.51.100.7,DE\n", "198.51.100.7", "DE"},
		{"GeoLite2 ASN", "network,autonomous_system_number,autonomous_system_organization\n192.0.2.0/24,64500,Example\n", "192.0.2.1", "AS64500 Example"},
		{"IP2Location", "\"0\",\"16777215\",\"-\",\"-\"\n\"3221225984\",\"3221226239\",\"NL\",\"Netherlands\"\n", "192.0.2.255", "NL"},
		{"networks and countries", "192.0.2.0/24,nl\n", "192.0.2.1", "NL"},
		{"networks and numbers", "192.0.2.0/24,AS64500,Example\n", "192.0.2.1", "AS64500 Example"},
		{"an address and a number", "192.0.2.1,64500,Example\n", "192.0.2.1", "AS64500 Example"},
		{"semicolons", "\ufeffnetwork;country\r\n192.0.2.0/24;NL\r\n", "192.0.2.1", "NL"},
		{"tabs and comments", "# made by hand\n192.0.2.0\t192.0.2.7\tNL\n", "192.0.2.7", "NL"},
		{"just outside", "192.0.2.0,192.0.2.7,NL\n", "192.0.2.8", ""},
		{"the narrowest counts", "192.0.0.0/16,NL\n192.0.2.0/24,DE\n192.0.2.64/26,FR\n", "192.0.2.65", "FR"},
		{"whatever the order", "192.0.2.64/26,FR\n192.0.0.0/16,NL\n192.0.2.0/24,DE\n", "192.0.2.65", "FR"},
		{"and the wide one goes on behind", "192.0.0.0/16,NL\n192.0.2.0/24,DE\n", "192.0.3.0", "NL"},
		{"of equal ones the first", "192.0.2.0/24,NL\n192.0.2.0/24,DE\n", "192.0.2.5", "NL"},
		{"up to the end", "0.0.0.0/0,NL\n255.255.255.255,DE\n", "255.255.255.255", "DE"},
		{"all of IPv6 has no IPv4", "::/0,NL\nffff::/16,BE\n", "192.0.2.1", ""},
		{"up to the end of IPv6", "::/0,NL\nff00::/8,BE\n", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "BE"},
	} {
		db := open(t, write(t, "x.csv", []byte(c.text)))
		if got := at(t, db, c.address); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.maker, c.address, got, c.want)
		}
	}
}

func TestBadRowsAreNamed(t *testing.T) {
	text := "network,country\n192.0.2.0/24,NL\nx,NL\n198.51.100.0/33,DE\n\n::1%eth0,DE\n" + strings.Repeat("y,NL\n", 10)
	file := write(t, "x.csv", []byte(text))
	_, warnings, err := Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		file + ":3: no range of addresses", file + ":4: no range of addresses", file + ":6: no range of addresses",
		file + ": 13 rows that are no range were skipped",
	}
	if !slices.Equal(warnings, want) {
		t.Errorf("%q, want %q", warnings, want)
	}
	_, warnings, err = Load([]string{write(t, "x.csv", []byte("start,end,country\n192.0.2.9,192.0.2.1,NL\n192.0.2.1,::1,NL\n192.0.2.1,192.0.2.1,NL\n"))})
	if err != nil || len(warnings) != 2 || !strings.Contains(warnings[0], "before it begins") || !strings.Contains(warnings[1], "from IPv4 to IPv6") {
		t.Errorf("%v, %q", err, warnings)
	}
	_, warnings, err = Load([]string{write(t, "x.csv", []byte("network,country\n192.0.2.0/24,Netherlands\n"))})
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "neither the code of a country") {
		t.Errorf("%v, %q", err, warnings)
	}
}

// Whatever stretches overlap: an address is said to be what the narrowest
// around it says that begins last.
func TestStretchesBecomeDisjoint(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var all []stretch
		for i := range rnd.IntN(8) {
			lo := rnd.Uint64N(30)
			all = append(all, stretch{number{0, lo}, number{0, lo + rnd.Uint64N(12)}, uint32(i), uint32(i)})
		}
		nested := true // what is nested has one answer
		for _, a := range all {
			for _, b := range all {
				if a.lo.compare(b.lo) < 0 && b.lo.compare(a.hi) <= 0 && a.hi.compare(b.hi) < 0 {
					nested = false
				}
			}
		}
		out := disjoint(slices.Clone(all))
		for i := range out {
			if out[i].hi.compare(out[i].lo) < 0 || i > 0 && out[i].lo.compare(out[i-1].hi) <= 0 {
				t.Fatalf("%v became %v", all, out)
			}
		}
		for v := range uint64(45) {
			holds := func(s stretch) bool { return s.lo.lo <= v && v <= s.hi.lo }
			var want *stretch
			for i := range all {
				if s := &all[i]; holds(*s) && (want == nil || s.hi.lo-s.lo.lo < want.hi.lo-want.lo.lo) {
					want = s
				}
			}
			at := slices.IndexFunc(out, holds)
			if (want == nil) != (at < 0) {
				t.Fatalf("%v became %v: %d", all, out, v)
			}
			if want != nil && nested && out[at].says != want.says {
				t.Fatalf("%v became %v: %d is %d, want %d", all, out, v, out[at].says, want.says)
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	d := draft{kind: "Test", built: 1e9, records: map[netip.Prefix]any{
		netip.MustParsePrefix("192.0.2.0/24"):  map[string]any{"country": map[string]any{"iso_code": "NL"}},
		netip.MustParsePrefix("2001:db8::/32"): map[string]any{"asn": "AS64500", "name": "Example", "more": []any{1.5, true, "x"}},
	}}
	f.Add(d.bytes())
	d.bits, d.four = 32, true
	delete(d.records, netip.MustParsePrefix("2001:db8::/32"))
	f.Add(d.bytes())
	f.Add([]byte("network,country\n192.0.2.0/24,NL\n"))
	f.Add([]byte("192.0.2.0,192.0.2.255,\"NL\"\n::,::ffff,BE\n0,16777215,-,-\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		db := &DB{}
		if bytes.Contains(data, []byte(marker)) {
			m, err := openMMDB("x", data)
			if err != nil {
				return
			}
			_, _ = m.speaks()
			db.tables = append(db.tables, m)
		} else {
			l, _, err := readCSV("x", bytes.NewReader(data))
			if err != nil {
				return
			}
			db.tables = append(db.tables, l)
		}
		for _, a := range []string{"192.0.2.1", "2001:db8::1", "0.0.0.0", "255.255.255.255", "::", "ffff::"} {
			p := db.Lookup(addr(t, a))
			if len(p.Country) != 0 && len(p.Country) != 2 || len(p.Org) > maxOrg {
				t.Fatalf("%+v", p)
			}
		}
	})
}

func BenchmarkReadCSV(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("network,country,country_code,continent,continent_code,asn,as_name,as_domain\n")
	for i := range 100_000 {
		fmt.Fprintf(&text, "%v/24,Netherlands,NL,Europe,EU,AS%d,Example,example.net\n", flow.AddrFrom4(uint32(i)<<8), 64000+i%500)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := readCSV("x", bytes.NewReader(text.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
