package where_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/enrich/assets"
	"seine/flow/enrich/geo"
	"seine/flow/where"
)

// knowledge is what two small lists tell.
func knowledge(t testing.TB) *enrich.Knowledge {
	t.Helper()
	dir := t.TempDir()
	file := func(name, text string) []string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{path}
	}
	var k enrich.Knowledge
	var err, errAssets error
	k.Geo, _, err = geo.Load(file("geo.csv", "network,country_code,asn,as_name\n203.0.113.0/24,NL,64500,Example\n198.51.100.0/24,DE,64501,Beispiel\n"))
	k.Assets, _, errAssets = assets.Load(file("assets.csv", "ip,name,role\n10.0.0.5,nas,backup|server\n10.0.0.9,vulnscan,scanner\n10.0.0.6,till-1,till\n10.0.0.7,,\n"))
	if err := errors.Join(err, errAssets); err != nil {
		t.Fatal(err)
	}
	return &k
}

func pair(t testing.TB, src, dst string) flow.Record {
	t.Helper()
	r := flow.Record{Has: flow.HasAddrs | flow.HasDstPort, DstPort: 443}
	for text, a := range map[string]*flow.Addr{src: &r.Src, dst: &r.Dst} {
		var err error
		if *a, err = flow.ParseAddr([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestConditionsOnWhatIsKnown(t *testing.T) {
	opt := where.Options{Known: knowledge(t)}
	flows := map[string]flow.Record{
		"nas → NL":      pair(t, "10.0.0.5", "203.0.113.7"),
		"scanner → DE":  pair(t, "10.0.0.9", "198.51.100.7"),
		"till → nas":    pair(t, "10.0.0.6", "10.0.0.5"),
		"nobody → ?":    pair(t, "10.0.0.99", "192.0.2.1"),
		"nameless → NL": pair(t, "10.0.0.7", "203.0.113.8"),
		"no addresses":  {},
	}
	for text, want := range map[string]string{
		"country(dst_ip) == 'NL'":                           "nameless → NL, nas → NL",
		"country(dst_ip) != 'NL'":                           "scanner → DE",
		"country(dst_ip) in ['NL', 'DE']":                   "nameless → NL, nas → NL, scanner → DE",
		"country(dst_ip) not in ['NL']":                     "scanner → DE",
		"lower(country(dst_ip)) == 'de'":                    "scanner → DE",
		"country(ip) == 'NL'":                               "nameless → NL, nas → NL",
		"country(src_ip) == country(dst_ip)":                "",
		"has(country(dst_ip))":                              "nameless → NL, nas → NL, scanner → DE",
		"has(src_ip) and not has(country(ip))":              "nobody → ?, till → nas",
		"asn(dst_ip) in [64500, 64502..64510]":              "nameless → NL, nas → NL",
		"asn(dst_ip) > 64500":                               "scanner → DE",
		"asn(dst_ip) - 1 == 64500":                          "scanner → DE",
		"role(src_ip) == 'backup'":                          "nas → NL",
		"role(src_ip) == 'server'":                          "nas → NL",
		"role(src_ip) == 'storage'":                         "nas → NL",
		"'backup' in role(src_ip)":                          "nas → NL",
		"role(ip) in ['backup', 'till']":                    "nas → NL, till → nas",
		"role(src_ip) != 'scanner'":                         "nameless → NL, nas → NL, nobody → ?, till → nas",
		"not (role(src_ip) == 'scanner')":                   "nameless → NL, nas → NL, nobody → ?, till → nas",
		"has(role(src_ip))":                                 "nas → NL, scanner → DE, till → nas",
		"asset(dst_ip) == 'nas'":                            "till → nas",
		"asset(src_ip) startsWith 'till-'":                  "till → nas",
		"asset(src_ip) matches '^(nas|till)'":               "nas → NL, till → nas",
		"len(asset(src_ip)) > 6":                            "scanner → DE",
		"dst_port == 443 and asset(ip) == 'nas'":            "nas → NL, till → nas",
		"role(src_ip) == 'scanner' or asn(dst_ip) == 64500": "nameless → NL, nas → NL, scanner → DE",
	} {
		c, err := where.Compile(text, opt)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for range 2 { // the second time from memory
			var kept []string
			for name, r := range flows {
				if c.Keep(&r) {
					kept = append(kept, name)
				}
			}
			slices.Sort(kept)
			if got := strings.Join(kept, ", "); got != want {
				t.Errorf("%s keeps %q, want %q", text, got, want)
			}
		}
		if c.Fields()&flow.HasAddrs == 0 {
			t.Errorf("%s needs %v", text, c.Fields())
		}
		if text == "country(dst_ip) == 'NL'" && !slices.Equal(c.Names(), []string{"dst_ip"}) {
			t.Errorf("%s reads %q", text, c.Names())
		}
	}
}

func TestMistakesInWhatIsKnown(t *testing.T) {
	known := where.Options{Known: knowledge(t)}
	for _, c := range []struct {
		text, message string
		opt           where.Options
	}{
		{"^country(dst_ip) == 'NL'", "country() needs a database of places; name one with --geo FILE", where.Options{}},
		{"dst_port == 1 and ^asn(dst_ip) == 64500", "--geo", where.Options{}},
		{"^role(src_ip) == 'backup'", "role() needs a list of machines; name one with --assets FILE", where.Options{}},
		{"has(^asset(src_ip))", "--assets", where.Options{}},
		{"country(dst_ip) == ^'nl'", "in capitals: 'NL'", known},
		{"country(dst_ip) in ['DE', ^'Netherlands']", "two letters", known},
		{"country(dst_ip) == ^5", "country(dst_ip) is text", known},
		{"asn(dst_ip) == ^'AS64500'", "numbers are written without quotes", known},
		{"asn(dst_ip) == ^4294967296", "at most 4294967295", known},
		{"role(src_ip) == ^'scaner'", "did you mean scanner?", known},
		{"role(src_ip) == ^'qqqqqqq'", "(roles: backup, server, scanner, till, ", known},
		{"country(^dst_port) == 'NL'", "asks about an address", known},
		{"country(^'192.0.2.1') == 'NL'", "the name of a field is wanted here", known},
		{"^country() == 'NL'", "takes one address", known},
		{"^country(src_ip, dst_ip) == 'NL'", "takes one address", known},
		{"^country(dst_ip)", "country is no condition; compare it with something", known},
		{"country(^ip) + 1 > 2", "ip is one of src_ip and dst_ip", known},
		{"^contry(dst_ip) == 'NL'", "did you mean country?", known},
	} {
		text := strings.Replace(c.text, "^", "", 1)
		_, err := where.Compile(text, c.opt)
		var e *where.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: %v, want %q", text, err, c.message)
			continue
		}
		if column := 1 + strings.Index(c.text, "^"); e.Column != column {
			t.Errorf("%s: column %d, want %d: %v", text, e.Column, column, err)
		}
	}
}

// What is remembered of one address is not told of another, however many
// share its place.
func TestManyAddressesAreToldApart(t *testing.T) {
	dir := t.TempDir()
	var list strings.Builder
	list.WriteString("network,asn\n")
	const n = 5000
	for i := range n {
		fmt.Fprintf(&list, "198.%d.%d.0/24,%d\n", 18+i/256, i%256, 100000+i)
	}
	path := filepath.Join(dir, "geo.csv")
	if err := os.WriteFile(path, []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	places, _, err := geo.Load([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	// The last of these functions has little room.
	text := strings.Repeat("asn(dst_ip) == 1 or ", 20) + "asn(src_ip) + 0 == row"
	c, err := where.Compile(text, where.Options{Known: &enrich.Knowledge{Geo: places}})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for i := range n {
			r := flow.Record{Has: flow.HasAddrs, Src: flow.AddrFrom4(198<<24 | uint32(18<<16+i<<8) | uint32(i&0xff)), Row: uint64(100000 + i)}
			if !c.Keep(&r) {
				t.Fatalf("%v is not in AS%d", r.Src, r.Row)
			}
		}
	}
}

func BenchmarkKnown(b *testing.B) {
	opt := where.Options{Known: knowledge(b)}
	for _, text := range []string{"country(dst_ip) == 'NL'", "role(src_ip) == 'backup'", "asn(dst_ip) in [64500, 64501]"} {
		b.Run(text[:3], func(b *testing.B) {
			c, err := where.Compile(text, opt)
			if err != nil {
				b.Fatal(err)
			}
			rs := make([]flow.Record, 4096)
			for i := range rs {
				rs[i] = flow.Record{Has: flow.HasAddrs, Src: flow.AddrFrom4(10<<24 | uint32(i)), Dst: flow.AddrFrom4(203<<24 | 113<<8 | uint32(i))}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.Keep(&rs[i&4095])
			}
		})
	}
}
