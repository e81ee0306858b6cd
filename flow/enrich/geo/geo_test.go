package geo

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"seine/flow"
)

func addr(t testing.TB, s string) flow.Addr {
	t.Helper()
	a, err := flow.ParseAddr([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// write makes a file in a folder of its own.
func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, paths ...string) *DB {
	t.Helper()
	db, warnings, err := Load(paths)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	return db
}

// at tells a place in a few words: "NL AS64500 Example".
func at(t testing.TB, db *DB, address string) string {
	t.Helper()
	p := db.Lookup(addr(t, address))
	s := p.Country
	if p.ASN != 0 {
		s += fmt.Sprintf(" AS%d", p.ASN)
	}
	return strings.TrimSpace(strings.TrimSpace(s) + " " + p.Org)
}

func TestEveryMakersSpelling(t *testing.T) {
	for _, c := range []struct {
		maker  string
		record map[string]any
		want   string
	}{
		{"GeoLite2 country, GeoLite2 city, DB-IP", map[string]any{
			"continent": map[string]any{"code": "EU"}, "country": map[string]any{"iso_code": "NL", "names": map[string]any{"en": "Netherlands"}},
			"registered_country": map[string]any{"iso_code": "US"}, "location": map[string]any{"latitude": 52.5},
		}, "NL"},
		{"GeoLite2 ASN, DB-IP ASN", map[string]any{"autonomous_system_number": uint32(64500), "autonomous_system_organization": "Example"}, "AS64500 Example"},
		{"GeoIP2 enterprise", map[string]any{
			"country": map[string]any{"iso_code": "DE"}, "traits": map[string]any{"autonomous_system_number": uint32(64501), "autonomous_system_organization": "Beispiel"},
		}, "DE AS64501 Beispiel"},
		{"IPinfo lite", map[string]any{
			"country": "Netherlands", "country_code": "NL", "continent_code": "EU", "asn": "AS64500", "as_name": "Example", "as_domain": "example.net",
		}, "NL AS64500 Example"},
		{"IPinfo country", map[string]any{"country": "NL", "country_name": "Netherlands", "continent": "EU"}, "NL"},
		{"IPinfo ASN", map[string]any{"asn": "AS64500", "domain": "example.net", "name": "Example B.V.", "route": "192.0.2.0/24"}, "AS64500 Example B.V."},
		{"IPinfo of old", map[string]any{"country": "nl", "org": "AS64500 Example B.V."}, "NL AS64500 Example B.V."},
		{"a number that is a number", map[string]any{"asn": uint32(64500), "organization": "Example"}, "AS64500 Example"},
		{"a name alone is not an organisation", map[string]any{"country_code": "NL", "name": "Amsterdam"}, "NL"},
		{"nothing of use", map[string]any{"location": map[string]any{"latitude": 52.5}}, ""},
		{"what is no code", map[string]any{"country": map[string]any{"iso_code": "NLD"}, "asn": "ASX"}, ""},
		{"nobody's", map[string]any{"country_code": "ZZ", "asn": "AS0"}, ""},
		{"registered is not where it is", map[string]any{"registered_country": map[string]any{"iso_code": "AU"}}, ""},
	} {
		d := draft{kind: c.maker, built: 1e9, records: map[netip.Prefix]any{prefix("192.0.2.0/24"): c.record}}
		db, _, err := Load([]string{write(t, "x.mmdb", d.bytes())})
		if err != nil {
			t.Errorf("%s: %v", c.maker, err)
			continue
		}
		if got := at(t, db, "192.0.2.77"); got != c.want {
			t.Errorf("%s: %q, want %q", c.maker, got, c.want)
		}
		if got := at(t, db, "192.0.3.1"); got != "" {
			t.Errorf("%s: beside the network %q", c.maker, got)
		}
	}
}

func TestNetworksOfAllKinds(t *testing.T) {
	records := map[netip.Prefix]any{
		prefix("192.0.0.0/16"):     map[string]any{"country": "NL"},
		prefix("192.0.2.0/24"):     map[string]any{"country": "DE"},
		prefix("198.51.100.7/32"):  map[string]any{"country": "FR"},
		prefix("2001:db8::/32"):    map[string]any{"country": "BE"},
		prefix("2001:db8:5::/48"):  map[string]any{"country": "LU"},
		prefix("203.0.113.128/25"): "no map at all",
	}
	for _, bits := range []int{24, 28, 32} {
		d := draft{kind: "Test", built: 1_700_000_000, records: records, bits: bits}
		file := write(t, "x.mmdb", d.bytes())
		db := open(t, file)
		for address, want := range map[string]string{
			"192.0.1.1": "NL", "192.0.2.1": "DE", "192.0.3.1": "NL", "198.51.100.7": "FR", "198.51.100.8": "",
			"2001:db8::1": "BE", "2001:db8:5::1": "LU", "2001:db9::": "", "203.0.113.200": "", "10.0.0.1": "",
			"::ffff:192.0.2.1": "DE", // the same host
		} {
			if got := at(t, db, address); got != want {
				t.Errorf("%d bits: %s is in %q, want %q", bits, address, got, want)
			}
		}
		p := db.Lookup(addr(t, "192.0.2.1"))
		if from := p.CountryFrom; from.File != file || from.List != "Test" || !from.HasDate || from.Date.String() != "2023-11-14T22:13:20Z" {
			t.Errorf("the country comes from %+v", from)
		}
		if from := p.ASNFrom; from.File != "" {
			t.Errorf("no number comes from %+v", from)
		}
	}
}

func TestADatabaseOfIPv4Alone(t *testing.T) {
	d := draft{four: true, records: map[netip.Prefix]any{prefix("192.0.2.0/24"): map[string]any{"country": "NL"}}}
	db := open(t, write(t, "x.mmdb", d.bytes()))
	if got := at(t, db, "192.0.2.1"); got != "NL" {
		t.Errorf("got %q", got)
	}
	if got := at(t, db, "2001:db8::1"); got != "" || len(db.Faults()) > 0 {
		t.Errorf("IPv6: %q, %v", got, db.Faults())
	}
}

func TestSeveralDatabasesAddUp(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asn := draft{kind: "ASN", records: map[netip.Prefix]any{prefix("192.0.2.0/24"): map[string]any{"asn": "AS64500", "name": "Example"}}}
	country := draft{kind: "Country", records: map[netip.Prefix]any{prefix("192.0.0.0/16"): map[string]any{"country_code": "NL"}}}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(country.bytes())
	_ = w.Close()
	put("asn.mmdb", asn.bytes())
	put("country.mmdb.gz", packed.Bytes())
	put("own.csv", []byte("network,country_code\n192.0.2.0/28,BE\n10.0.0.0/8,NL\n"))
	put("README.txt", []byte("not a database"))
	db := open(t, dir)
	for address, want := range map[string]string{
		"192.0.2.1":   "NL AS64500 Example", // of two countries that of the first
		"192.0.9.9":   "NL",
		"10.1.2.3":    "NL",
		"203.0.113.1": "",
	} {
		if got := at(t, db, address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	var names []string
	for _, s := range db.Sources() {
		names = append(names, filepath.Base(s.File)+" "+s.List)
	}
	if want := []string{"asn.mmdb ASN", "country.mmdb.gz Country", "own.csv "}; !slices.Equal(names, want) {
		t.Errorf("sources %q, want %q", names, want)
	}
	if p := db.Lookup(addr(t, "10.0.0.1")); p.CountryFrom.Line != 3 {
		t.Errorf("of line %d, want 3", p.CountryFrom.Line)
	}
}

func TestNothingIsKnownWithoutDatabases(t *testing.T) {
	var db *DB
	if p := db.Lookup(addr(t, "192.0.2.1")); p != (Place{}) {
		t.Errorf("got %+v", p)
	}
	if db.Sources() != nil || db.Faults() != nil {
		t.Error("sources or faults of nothing")
	}
	name, _ := flow.NameAddr([]byte("server"))
	d := draft{records: map[netip.Prefix]any{prefix("::/1"): map[string]any{"country": "NL"}}}
	if p := open(t, write(t, "x.mmdb", d.bytes())).Lookup(name); p != (Place{}) {
		t.Errorf("a name is in %+v", p)
	}
}

func TestRefusals(t *testing.T) {
	good := draft{records: map[netip.Prefix]any{prefix("192.0.2.0/24"): map[string]any{"country": "NL"}}}
	tar := make([]byte, 1024)
	copy(tar, "GeoLite2-Country.mmdb")
	copy(tar[257:], "ustar")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":            {nil, "an empty file; wanted is"},
		"tar":              {append(tar, good.bytes()...), "tar xf"},
		"zip":              {[]byte("PK\x03\x04 and so on"), "unzip"},
		"text":             {[]byte("hello\n"), "no column for the range"},
		"binary":           {[]byte{1, 2, 0, 3, 4}, "not a text file"},
		"no country":       {[]byte("network,city\n192.0.2.0/24,Delft\n"), `no column for the country`},
		"no range":         {[]byte("country,city\nNL,Delft\n"), "no column for the range"},
		"GeoLite2 CSV":     {[]byte("network,geoname_id,registered_country_geoname_id\n192.0.2.0/24,1,1\n"), "give the same database as .mmdb"},
		"header alone":     {[]byte("network,country\n"), "no ranges"},
		"ranges alone":     {[]byte("192.0.2.0,192.0.2.255\n"), "no ranges with a country"},
		"an endless line":  {bytes.Repeat([]byte("x"), 100<<10), "a line of more than"},
		"cut metadata":     {good.bytes()[:len(good.bytes())-40], "a damaged database"},
		"nothing but mark": {[]byte(marker), "a damaged database"},
	} {
		_, _, err := Load([]string{write(t, "x", c.data)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, _, err := Load([]string{filepath.Join(t.TempDir(), "none")}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, _, err := Load([]string{t.TempDir()}); err == nil || !strings.Contains(err.Error(), "no database in this folder") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestDatabasesOfOtherThingsAreNoted(t *testing.T) {
	d := draft{kind: "Anonymous-IP", records: map[netip.Prefix]any{prefix("192.0.2.0/24"): map[string]any{"is_anonymous": true}}}
	_, warnings, err := Load([]string{write(t, "x.mmdb", d.bytes())})
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], `"Anonymous-IP"`) {
		t.Errorf("%v, %q", err, warnings)
	}
}

// A database may be damaged anywhere: that is an error, or no answer, and
// never a panic.
func TestEveryByteMayBeDamaged(t *testing.T) {
	d := draft{kind: "Test", built: 1e9, records: map[netip.Prefix]any{
		prefix("192.0.2.0/24"):  map[string]any{"country": map[string]any{"iso_code": "NL"}, "asn": uint32(64500)},
		prefix("2001:db8::/32"): map[string]any{"country_code": "BE", "org": "AS64501 Example"},
	}}
	data := d.bytes()
	faults := 0
	for i := range data {
		for _, flip := range []byte{0xff, 0x80, 0x01} {
			bad := slices.Clone(data)
			bad[i] ^= flip
			m, err := openMMDB("x", bad)
			if err != nil {
				faults++
				continue
			}
			_, _ = m.speaks()
			db := &DB{tables: []table{m}}
			for _, a := range []string{"192.0.2.1", "2001:db8::1", "0.0.0.0", "255.255.255.255", "::", "ffff::"} {
				db.Lookup(flow.Addr(netip.MustParseAddr(a).As16()))
			}
			if faults += len(db.Faults()); len(db.Faults()) > 1 {
				t.Fatalf("one database, several faults: %q", db.Faults())
			}
		}
	}
	if faults < 100 {
		t.Errorf("only %d damages were noticed", faults)
	}
}

func TestManyMayAsk(t *testing.T) {
	d := draft{records: map[netip.Prefix]any{}}
	for i := range 200 {
		d.records[prefix(fmt.Sprintf("192.0.%d.0/24", i))] = map[string]any{"country": "NL", "asn": uint32(64000 + i)}
	}
	db := open(t, write(t, "x.mmdb", d.bytes()))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 200 {
				if p := db.Lookup(flow.AddrFrom4(192<<24 | uint32(i)<<8 | 1)); p.ASN != uint32(64000+i) {
					t.Errorf("%d: %d", i, p.ASN)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkLookup(b *testing.B) {
	d := draft{records: map[netip.Prefix]any{}}
	for i := range 250 {
		d.records[prefix(fmt.Sprintf("198.18.%d.0/24", i))] = map[string]any{"country": map[string]any{"iso_code": "NL"}}
	}
	db := open(b, write(b, "x.mmdb", d.bytes()))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		db.Lookup(flow.AddrFrom4(198<<24 | 18<<16 | uint32(i%250)<<8 | 1))
	}
}
