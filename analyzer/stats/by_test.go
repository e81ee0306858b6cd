package stats

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/enrich/assets"
	"seine/flow/enrich/geo"
)

// What is wrong with the options is told with the words to use instead.
func TestMistakesAreExplained(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{By: []string{"srcip,dst_prt"}}, `--by srcip,dst_prt: unknown field "dst_prt"; did you mean "dst_port"?`},
		{Options{By: []string{"nonsense"}}, `unknown field "nonsense" (fields: src_ip, `},
		{Options{By: []string{""}}, "the name of a field is wanted"},
		{Options{By: []string{"src_ip,"}}, "the name of a field is wanted"},
		{Options{By: []string{"src_ip,src"}}, "src_ip is named twice"},
		{Options{By: []string{"src_ip/33x"}}, "a length is 1 to 128"},
		{Options{By: []string{"src_ip/0"}}, "a length is 1 to 128"},
		{Options{By: []string{"src_ip/64/48"}}, "two lengths are that of IPv4"},
		{Options{By: []string{"dst_port/24"}}, "dst_port has no /24"},
		{Options{By: []string{"time"}}, "a width is a duration as 30s, 5m, 1h, 1d"},
		{Options{By: []string{"time/1us"}}, "a width is a duration"},
		{Options{By: []string{"pair,ip"}}, "pair is of both ends"},
		{Options{By: []string{"country"}}, "country needs a database of places: --geo FILE"},
		{Options{By: []string{"src_role"}}, "src_role needs a list of machines: --assets FILE"},
		{Options{By: []string{"src_ip"}, Sort: "byte"}, `--sort: cannot sort by "byte"; did you mean "bytes"?`},
		{Options{By: []string{"src_ip"}, Sort: "distinct(dst_prt)"}, `--sort: unknown field "dst_prt"; did you mean "dst_port"?`},
		{Options{By: []string{"src_ip"}, Distinct: []string{"ip"}}, "--distinct ip: ip stands for two fields"},
		{Options{By: []string{"src_ip"}, Having: "flows >"}, "--having: "},
		{Options{By: []string{"src_ip"}, Having: "byte > 5"}, "did you mean bytes"},
		{Options{By: []string{"src_ip"}, Having: "distinct(dst_prt) > 5"}, `unknown field "dst_prt"`},
		{Options{By: []string{"src_ip"}, Having: "distinct() > 5"}, "distinct takes one field"},
		{Options{By: []string{"src_ip"}, MaxGroups: 5}, "--max-groups 5: must be at least 1024"},
	} {
		_, err := New(c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v\nshould tell %q", c.o, err, c.want)
		}
	}
}

// Conditions on groups choose those for which they certainly hold.
func TestHaving(t *testing.T) {
	addr := func(s string) flow.Addr { a, _ := flow.ParseAddr([]byte(s)); return a }
	var rows []flow.Record
	put := func(src string, n int, bytes uint64) {
		for i := range n {
			rows = append(rows, flow.Record{
				Src: addr(src), Dst: addr("192.0.2.1"), DstPort: uint16(i), SrcBytes: bytes, Start: flow.Time(i) * 60 * flow.Second,
				Has: flow.HasAddrs | flow.HasDstPort | flow.HasStart | flow.HasSrcBytes,
			})
		}
	}
	put("10.0.0.1", 30, 1)
	put("10.0.0.2", 3, 1000)
	put("10.0.0.3", 11, 10)
	put("10.0.0.4", 1, 1)
	rows[len(rows)-1].Has &^= flow.HasSrcBytes
	for having, want := range map[string]string{
		"flows > 10 and distinct(dst_port) > 20": "10.0.0.1",
		"count() == 3":                           "10.0.0.2",
		"bytes >= 110 and peers < 5":             "",
		"bytes >= 110":                           "10.0.0.2 10.0.0.3",
		"not (bytes >= 110)":                     "10.0.0.1", // of .4 nobody knows
		"bytes_per_flow == 10":                   "10.0.0.3",
		"distinct(peers) == 1 and flows < 11":    "10.0.0.2 10.0.0.4",
		"distinct(src_ip/24) == 1 and up > 1000": "10.0.0.2",
		"span > '25m' or duration > 5":           "10.0.0.1",
		"first == '1970-01-01 00:00:00'":         "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4",
	} {
		a, err := New(Options{Names: lex, By: []string{"src_ip"}, Having: having, Sort: "key"})
		if err != nil {
			if want != "" {
				t.Errorf("%s: %v", having, err)
			}
			continue
		}
		a.Add(rows)
		table := a.Result().Tables[0]
		var got []string
		for _, r := range table.Rows {
			got = append(got, r.Key[0])
		}
		if strings.Join(got, " ") != want || table.Groups != uint64(len(got)) {
			t.Errorf("%s: %v, want %s", having, got, want)
		}
	}
}

// Every field makes a table, and is told by its absence.
func TestEveryField(t *testing.T) {
	full := flow.Record{Src: flow.AddrFrom4(1), Dst: flow.AddrFrom4(2), Has: 1<<16 - 1, RawState: 1, Service: 1, Label: 1}
	for _, n := range Names() {
		name := strings.TrimSuffix(n.Name, "[/24]")
		if new(Options).source(name) != nil {
			continue // see TestPlacesAndMachines
		}
		table := sum(t, Options{Names: lex, By: []string{name}}, []flow.Record{full, {}}).Tables[0]
		missing := 0
		for _, r := range table.Rows {
			if r.Absent[0] {
				missing++
			} else if r.Key[0] == "" {
				t.Errorf("%s has a value without a text", name)
			}
		}
		if always := name == "file" || name == "orient"; (missing == 1) == always {
			t.Errorf("%s: %+v", name, table.Rows)
		}
		for _, alias := range n.Aliases {
			if _, err := fieldNamed(alias); err != nil {
				t.Error(err)
			}
		}
	}
}

// What is known of addresses groups flows by it.
func TestPlacesAndMachines(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	places, _, err := geo.Load([]string{
		write("geo.csv", "start,end,country\n192.0.2.0,192.0.2.127,FR\n192.0.2.128,192.0.2.255,DE\n"),
		write("asn.csv", "start,end,asn,name\n192.0.2.0,192.0.2.255,64500,Example Net\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	machines, _, err := assets.Load([]string{write("assets.csv", "ip,name,role\n10.0.0.1,scan1,scanner\n")})
	if err != nil {
		t.Fatal(err)
	}
	addr := func(s string) flow.Addr { a, _ := flow.ParseAddr([]byte(s)); return a }
	rows := []flow.Record{
		{Src: addr("10.0.0.1"), Dst: addr("192.0.2.1"), Has: flow.HasAddrs},
		{Src: addr("10.0.0.1"), Dst: addr("192.0.2.129"), Has: flow.HasAddrs},
		{Src: addr("192.0.2.2"), Dst: addr("192.0.2.1"), Has: flow.HasAddrs},
		{Has: 0},
	}
	for by, want := range map[string]string{
		"dst_country": "FR 2, none 1, DE 1",
		"src_country": "none 3, FR 1",
		"country":     "FR 2, none 3, DE 1",
		"dst_asn":     "AS64500 Example Net 3, none 1",
		"src_asset":   "scan1 2, none 2",
		"src_role":    "scanner 2, none 2",
	} {
		table := sum(t, Options{Names: lex, By: []string{by}, Geo: places, Assets: machines}, rows).Tables[0]
		got := map[string]bool{}
		for _, r := range table.Rows {
			key := r.Key[0]
			if r.Absent[0] {
				key = "none"
			}
			got[fmt.Sprint(key, " ", r.Flows)] = true
		}
		for _, w := range strings.Split(want, ", ") {
			if !got[w] || len(got) != len(strings.Split(want, ", ")) {
				t.Errorf("%s: %v, want %s", by, got, want)
			}
		}
	}
}

// No name means two fields.
func TestNamesAreDistinct(t *testing.T) {
	var all []string
	for _, f := range fields() {
		all = append(append(all, f.name), f.aliases...)
	}
	slices.Sort(all)
	if once := slices.Compact(slices.Clone(all)); len(once) != len(all) {
		t.Errorf("a name is there twice: %v", all)
	}
}

func TestOverview(t *testing.T) {
	a, err := Overview(lex, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := a.Result(); r.Total.Flows != 0 || len(r.Tables) != 0 || r.Series != nil || len(r.Percentiles) != 0 {
		t.Errorf("of nothing: %+v", r)
	}
	a.Add(skewed(1, 5000))
	r := a.Result()
	var tables []string
	for _, t := range r.Tables {
		tables = append(tables, strings.Join(t.By, ","))
	}
	if got := strings.Join(tables, " "); got != "src_ip dst_ip pair dst_port,protocol" { // others are not told by the flows
		t.Errorf("tables: %s", got)
	}
	if len(r.Percentiles) != 1 || r.Percentiles[0].Of != "bytes" {
		t.Errorf("percentiles: %+v", r.Percentiles)
	}
	distinct := map[flow.Addr]bool{}
	for _, row := range skewed(1, 5000) {
		distinct[row.Src], distinct[row.Dst] = true, true
	}
	if got := r.Distinct[2]; got.Name != "ip" || got.N != uint64(len(distinct)) || got.Error != 0 {
		t.Errorf("%+v, want %d", got, len(distinct))
	}
}

// Whatever is asked for is understood or refused, and what is understood is
// told by a name that is understood again.
func FuzzBy(f *testing.F) {
	for _, s := range append(tables, "src_ip/24/48", "time/5m", "weekday,hour", "ip/33", "time/1w", "src_ip//", "peers", ",,", "tcp_flags,direction") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, by string) {
		o := Options{Names: lex}
		dims, err := parseBy(by, &o)
		if err != nil {
			return
		}
		var names []string
		for _, d := range dims {
			names = append(names, d.name)
		}
		again, err := parseBy(strings.Join(names, ","), &o)
		if err != nil || len(again) != len(dims) {
			t.Fatalf("%q is %q, which is %v", by, names, err)
		}
		for i := range again {
			if again[i].name != dims[i].name {
				t.Fatalf("%q is %q and then %q", by, dims[i].name, again[i].name)
			}
		}
		rows := []flow.Record{{}, {Src: flow.AddrFrom4(1), Dst: flow.AddrFrom4(2), Has: 1<<16 - 1}, {Src: flow.AddrFrom4(2), Dst: flow.AddrFrom4(2), Has: flow.HasAddrs}}
		if got := sum(t, Options{Names: lex, By: []string{by}, Sort: "flows"}, rows).Tables[0]; got.Groups == 0 || len(got.Rows[0].Key) != len(dims) {
			t.Fatalf("%q: %+v", by, got)
		}
	})
}

func BenchmarkTable(b *testing.B) {
	rows := skewed(1, 1<<17)
	for _, by := range []string{"protocol", "src_ip", "pair", "src_ip,dst_ip,dst_port,protocol"} {
		b.Run(by, func(b *testing.B) {
			a, err := New(Options{Names: lex, By: []string{by}})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(1)
			b.ReportAllocs()
			for i := 0; i < b.N; i += 2048 {
				at := i % (len(rows) - 2048)
				a.Add(rows[at : at+2048])
			}
		})
	}
}
