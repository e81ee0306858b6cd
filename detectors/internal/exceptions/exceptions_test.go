package exceptions_test

import (
	"strings"
	"testing"

	"seine/detectors/internal/exceptions"
	"seine/flow"
)

var known = []string{"telnet", "ftp"}

const asYAML = `# what we put up with
exceptions:
  - rule: telnet
    server: 10.1.2.0/24
    client: 10.9.0.7
    reason: console server
    expires: 2026-03-10
    author: ops
  - {rule: "*", server: "2001:db8::1", reason: test bed}
`

const asCSV = `# what we put up with

rule,server,client,reason,expires,author
telnet,10.1.2.0/24,10.9.0.7,console server,2026-03-10,ops
*,2001:db8::1,,test bed,,
`

func addr(t *testing.T, text string) flow.Addr {
	a, err := flow.ParseAddr([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestParse(t *testing.T) {
	for _, text := range []string{asYAML, asCSV, strings.ReplaceAll(asYAML, "exceptions:\n", "")} {
		all, err := exceptions.Parse("list", []byte(text), known)
		if err != nil || len(all) != 2 {
			t.Fatalf("%v: %v", all, err)
		}
		e := &all[0]
		if !e.Serves("telnet", addr(t, "10.1.2.3")) || e.Serves("ftp", addr(t, "10.1.2.3")) || e.Serves("telnet", addr(t, "10.1.3.3")) {
			t.Error("it serves others")
		}
		if !e.Allows(addr(t, "10.9.0.7")) || e.Allows(addr(t, "10.9.0.8")) {
			t.Error("it allows others")
		}
		const midnight = flow.Time(1773187200) * flow.Second // 2026-03-11
		if !e.Holds(midnight-1) || e.Holds(midnight) {
			t.Error("it holds until the wrong moment")
		}
		if e := &all[1]; !e.Holds(flow.MaxTime-1) || !e.Serves("ftp", addr(t, "2001:db8::1")) || !e.Allows(addr(t, "192.0.2.1")) {
			t.Error("the second holds for less")
		}
		if e.Reason != "console server" || e.Author != "ops" || !strings.HasPrefix(e.Place(), "list:") {
			t.Errorf("%+v", e)
		}
	}
}

func TestFaultsAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"- {rule: telnet}":                                             `list:1: no reason`,
		"- {reason: x}":                                                `list:1: no rule`,
		"- {rule: telent, reason: x}":                                  `unknown rule "telent" (known: telnet, ftp)`,
		"- {rule: telnet, reason: x, expires: soon}":                   `list:1: expires: "soon" is no day`,
		"\n- {rule: telnet, reason: x, server: 10.0.0.1/24}":           `list:2: server: "10.0.0.1/24" has bits set`,
		"- {rule: telnet, reason: x, client: nobody}":                  `client: "nobody" is no address`,
		"- {rule: telnet, reasons: x}":                                 `line 1: unknown key "reasons"`,
		"- {rule: telnet, rule: ftp, reason: x}":                       `twice`,
		"- {rule: '*', reason: x}":                                     `would allow everything`,
		"telnet":                                                       `no list of exceptions`,
		"- telnet":                                                     `no exception`,
		"- {rule: telnet, reason: [x]}":                                `no single value`,
		"- {rule: telnet, reason: x}\n---\n- {rule: ftp, reason: y}":   `more than one document`,
		"rule,why\ntelnet,x":                                           `unknown column "why"`,
		"rule,reason\ntelnet,x\nftp,":                                  `list:3: no reason`,
		"rule,reason\ntelnet":                                          `wrong number of fields`,
		"a: &a [*a]":                                                   `list`,
		"- {rule: telnet, reason: x, expires: 2026-13-01T00:00:00Z, }": `expires`,
		"rule,reason,expires\ntelnet,x,2026-12-31 12:00":               `expires`,
		strings.Repeat("- {rule: telnet, reason: x}\n", 10_001) + "\n": `more than 10000`,
	} {
		all, err := exceptions.Parse("list", []byte(text), known)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, error %v, want %s", text, len(all), err, want)
		}
	}
	for _, text := range []string{"", "# nothing\n", "exceptions:\n", "exceptions: []\n"} {
		if all, err := exceptions.Parse("list", []byte(text), known); err != nil || len(all) > 0 {
			t.Errorf("%q: %v, %v", text, all, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(asYAML))
	f.Add([]byte(asCSV))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, _ := exceptions.Parse("list", text, known)
		for i := range all {
			if e := &all[i]; e.Reason == "" || e.Rule != "*" && e.Rule != "telnet" && e.Rule != "ftp" || e.Line < 1 {
				t.Errorf("%+v", e)
			}
		}
	})
}
