package assets

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// told is what the lists tell of an address: "nas backup,server it high @2".
func told(t testing.TB, table *Table, address string) string {
	t.Helper()
	a := table.Lookup(addr(t, address))
	if a == nil {
		return ""
	}
	var roles []string
	for _, r := range a.Roles {
		roles = append(roles, string(r))
	}
	return fmt.Sprintf("%s %s %s %s @%d", a.Name, strings.Join(roles, ","), a.Owner, a.Criticality, a.Line)
}

func TestLayouts(t *testing.T) {
	for _, c := range []struct{ name, text, address, want string }{
		{"CSV", "ip,name,role,owner,criticality\n10.0.0.5,nas,backup,it,high\n", "10.0.0.5", "nas backup it high @2"},
		{"other names, order and signs", "Owner;Asset Name;IP-Address;Roles\nit;nas;10.0.0.5;backup|server\n", "10.0.0.5", "nas backup,server it  @2"},
		{"tabs, a byte order mark, Windows lines", "\ufeffhostname\tcidr\ttype\r\nnas\t10.0.0.0/30\tNAS\r\n", "10.0.0.3", "nas backup   @2"},
		{"comments, quotes, empty lines", "# made by hand\n\nip,name,owner\n\"10.0.0.5\",\"nas, old\",\"it\"\n,,\n", "10.0.0.5", "nas, old  it  @4"},
		{"no header", "10.0.0.5,nas,backup,it,critical\n", "10.0.0.5", "nas backup it critical @1"},
		{"several addresses", "ip,name\n10.0.0.5 10.0.0.6;2001:db8::5,nas\n", "2001:db8::5", "nas    @2"},
		{"two columns of addresses", "name,ipv4,ipv6\nnas,10.0.0.5,2001:db8::5\n", "2001:db8::5", "nas    @2"},
		{"a range", "range,name\n10.0.0.5-10.0.0.9,nas\n", "10.0.0.9", "nas    @2"},
		{"behind a range", "range,name\n10.0.0.5-10.0.0.9,nas\n", "10.0.0.10", ""},
		{"the better name of two", "host,name,ip,address\npve1,nas,10.0.0.5,10.0.0.6\n", "10.0.0.6", "nas    @2"},
		{"a hosts file", "127.0.0.1 localhost\n10.0.0.5 nas nas.lan # role=backup owner=it criticality=crit\n", "10.0.0.5", "nas backup it critical @2"},
		{"a hosts file with tabs and quotes", "10.0.0.5\tnas\tnas.lan\t# owner=\"it dept\" role=dc|dns\n", "10.0.0.5", "nas domain-controller,resolver it dept  @1"},
		{"a hosts file without more", "# none\n2001:db8::5 nas\n", "2001:db8::5", "nas    @2"},
		{"JSON", `[{"ip": "10.0.0.5", "name": "nas", "roles": ["backup", "server"], "more": {"x": [1]}, "criticality": "High"}]`, "10.0.0.5", "nas backup,server  high @1"},
		{"JSON in an object", `{"version": 2, "assets": [{"ip": "10.0.0.4"}, {"ip": ["10.0.0.5", "10.0.0.6"], "owner": "it"}]}`, "10.0.0.6", "  it  @2"},
		{"one object", `{"ip": "10.0.0.5", "name": "nas"}`, "10.0.0.5", "nas    @1"},
		{"an object a line", "{\"address\": \"10.0.0.4\"}\n{\"address\": \"10.0.0.5\", \"role\": \"dns, dc\"}\n", "10.0.0.5", " resolver,domain-controller   @2"},
		{"YAML", "assets:\n  - ip: 10.0.0.5\n    name: nas\n    roles: [backup, till]\n  - ip: 10.0.0.6\n", "10.0.0.5", "nas backup,till   @2"},
		{"a YAML list", "---\n# x\n- ip: [10.0.0.5, 10.0.0.7]\n  role: domain controller\n", "10.0.0.7", " domain-controller   @3"},
		{"a mapped address", "ip,name\n::ffff:10.0.0.5,nas\n", "10.0.0.5", "nas    @2"},
		{"asked for one", "ip,name\n10.0.0.5,nas\n", "::ffff:10.0.0.5", "nas    @2"},
		{"a mapped network", "ip,name\n::ffff:10.0.0.0/104,ten\n", "10.9.9.9", "ten    @2"},
	} {
		table, _, err := Load([]string{write(t, "list", c.text)})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := told(t, table, c.address); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.name, c.address, got, c.want)
		}
	}
}

func TestTheLongestPrefixCountsAndTheNextFillsUp(t *testing.T) {
	a := write(t, "a.csv", "ip,name,role,owner,criticality\n10.0.0.0/8,ten,gateway,net,low\n10.1.0.0/16,office,,,medium\n10.1.2.3,pc7,,,\n10.1.2.4,nas,backup,it,high\n")
	b := write(t, "b.csv", "ip,name,role,owner\n10.1.2.4,storage,server|backup,other\n10.1.2.3,,printer,\n")
	table, warnings, err := Load([]string{a, b})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	for address, want := range map[string]string{
		"10.9.9.9":  "ten gateway net low @2",
		"10.1.9.9":  "office gateway net medium @3",
		"10.1.2.3":  "pc7 printer net medium @4",
		"10.1.2.4":  "nas backup,server it high @5",
		"192.0.2.1": "",
	} {
		if got := told(t, table, address); got != want {
			t.Errorf("%s is %q, want %q", address, got, want)
		}
	}
	nas := table.Lookup(addr(t, "10.1.2.4"))
	if got := nas.Source(Backup); got != a+":5" {
		t.Errorf("backup by %s", got)
	}
	if got := nas.Source(Server); got != b+":2" {
		t.Errorf("server by %s", got)
	}
	if got := table.Lookup(addr(t, "10.1.9.9")).Source(Gateway); got != a+":2" {
		t.Errorf("gateway by %s", got)
	}
	if table.Len() != 4 || !slices.Equal(table.Roles(), []Role{Gateway, Backup, Server, Printer}) {
		t.Errorf("%d assets with %q", table.Len(), table.Roles())
	}
}

func TestWarningsNameTheLine(t *testing.T) {
	file := write(t, "x.csv", "ip,name,role,criticality\n10.0.0.1,a,sacnner,\n10.0.0.300,b,,\n,c,,\n10.0.0.2,d,till,5\n10.0.0.3,e,till,5\n10.0.0.9-10.0.0.1,f,,\n"+
		strings.Repeat("x,y,,\n", 5))
	table, warnings, err := Load([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	known := "(known: scanner, resolver, proxy, monitoring, backup, domain-controller, server, mail-server, load-balancer, gateway, printer, iot, admin, workstation)"
	want := []string{
		file + `:2: no detector knows the role "sacnner"; did you mean "scanner"? ` + known,
		file + `:3: "10.0.0.300" is no address, network such as 192.0.2.0/24, or range`,
		file + `:4: no address`,
		file + `:5: no detector knows the role "till" ` + known,
		file + `:5: the criticality "5" is none of low, medium, high, critical: it is shown, and counts for nothing`,
		file + `:7: "10.0.0.9-10.0.0.1" is no address, network such as 192.0.2.0/24, or range`,
		file + `:8: "x" is no address, network such as 192.0.2.0/24, or range`,
		file + `:9: "x" is no address, network such as 192.0.2.0/24, or range`,
		file + `: 8 entries were skipped`,
	}
	if !slices.Equal(warnings, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(warnings, "\n"), strings.Join(want, "\n"))
	}
	if got := told(t, table, "10.0.0.3"); got != "e till  5 @6" {
		t.Errorf("an unknown role: %q", got)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no address":     {"name,role\nnas,backup\n", `no column for the address: it has "name", "role"; wanted is CSV`},
		"binary":         {"ab\x00c", "not a text file"},
		"UTF-16":         {"\xff\xfei\x00p\x00", "save it as UTF-8"},
		"broken JSON":    {"[{\"ip\": \"10.0.0.5\"},\n{]", "line 2: not valid JSON"},
		"cut JSON":       {"[{\"ip\": \"10.0.0.5\"}", "ends too soon"},
		"JSON of others": {"{\"ip\": \"10.0.0.5\"} 5", "not a list of objects"},
		"broken YAML":    {"- ip: [10.0.0.5\n", "not valid YAML"},
		"no list":        {"assets:\n  ip: 10.0.0.5\n", "no list in it"},
	} {
		_, _, err := Load([]string{write(t, "x", c.text)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, _, err := Load([]string{path}); err == nil || !strings.Contains(err.Error(), path) || strings.Count(err.Error(), path) != 1 {
			t.Errorf("%s: %v", path, err)
		}
	}
	for name, text := range map[string]string{"empty": "", "blank": " \n", "a header": "ip,name\n", "an array": "[]", "comments": "---\n# none\n"} {
		_, warnings, err := Load([]string{write(t, "x", text)})
		if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "no assets in it") && !strings.Contains(warnings[0], "nothing in it") {
			t.Errorf("%s: %v, %q", name, err, warnings)
		}
	}
}

func TestCompressed(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	fmt.Fprint(w, "ip,name\n10.0.0.5,nas\n")
	w.Close()
	table, _, err := Load([]string{write(t, "x.csv.gz", z.String())})
	if err != nil || told(t, table, "10.0.0.5") == "" {
		t.Error(err)
	}
}

func TestNothingIsKnownWithoutLists(t *testing.T) {
	var table *Table
	if table.Lookup(addr(t, "10.0.0.5")) != nil || table.Len() != 0 || table.Roles() != nil {
		t.Error("something of nothing")
	}
	all, _, err := Load([]string{write(t, "x", "ip,name\n0.0.0.0/0,four\n::/0,six\n")})
	if err != nil {
		t.Fatal(err)
	}
	name, _ := flow.NameAddr([]byte("server"))
	if a := all.Lookup(name); a != nil {
		t.Errorf("a name is %v", a)
	}
}

// Each word is that of one role, and the document names each role.
func TestRoles(t *testing.T) {
	seen := map[string]Role{}
	for _, r := range Roles() {
		for _, w := range append(r.Words(), string(r)) {
			if w != normal(w) {
				t.Errorf("%q is written %q", w, normal(w))
			}
			if other, ok := seen[w]; ok {
				t.Errorf("%q is %s and %s", w, other, r)
			}
			seen[w] = r
			if got, known := ParseRole(strings.ToUpper(strings.ReplaceAll(w, "-", "_"))); got != r || !known {
				t.Errorf("%q is taken for %q", w, got)
			}
		}
		if !strings.Contains(Doc, "`"+string(r)+"`") {
			t.Errorf("README.md does not name %s", r)
		}
	}
	if r, known := ParseRole(" Cash Till "); known || r != "cash-till" {
		t.Errorf("another role is %q, %v", r, known)
	}
}

func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"ip,name,role,owner,criticality\n10.0.0.5,nas,backup|dns,it,high\n", "10.0.0.5 nas # role=dc owner=\"x y\"\n",
		`[{"ip": ["10.0.0.5", "2001:db8::/32"], "roles": ["backup"]}]`, "{\"ip\":\"10.0.0.0/8\"}\n{\"assets\":[{\"ip\":\"::1\"}]}\n",
		"- ip: 10.0.0.1-10.0.0.9\n  role: [a, b]\n", "assets:\n- &a {ip: 10.0.0.5}\n- *a\n", "ip;name\n\"10.0.0.5;x\n", "0.0.0.0-255.255.255.255\tx\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		table := &Table{}
		_, err := table.read("x", data)
		table.settle()
		if err != nil {
			return
		}
		for _, a := range []string{"10.0.0.5", "::1", "2001:db8::1", "255.255.255.255"} {
			if asset := table.Lookup(addr(t, a)); asset != nil {
				if len(asset.Roles) > maxRoles || len(asset.Roles) != len(asset.RoleFrom) || len(asset.Name) > maxText {
					t.Fatalf("%+v", asset)
				}
				for _, r := range asset.Roles {
					if asset.Source(r) == "" || r == "" {
						t.Fatalf("%+v", asset)
					}
				}
			}
		}
	})
}

// A role that everybody has would silence findings about everybody.
func TestRolesOfTheInternetAreTold(t *testing.T) {
	for network, want := range map[string]int{"0.0.0.0/0": 1, "::/0": 1, "64.0.0.0/7": 1, "10.0.0.0/8": 0, "fc00::/7": 0, "2001:db8::/32": 0} {
		_, warnings, err := Load([]string{write(t, "x", "ip,role\n"+network+",scanner\n")})
		if err != nil {
			t.Fatal(err)
		}
		if len(warnings) != want || want == 1 && !strings.Contains(warnings[0], "strangers included") {
			t.Errorf("%s: %q", network, warnings)
		}
	}
}
