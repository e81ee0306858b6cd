package zeek

import (
	"fmt"
	"strings"
	"testing"

	"seine/flow"
)

const (
	object1 = `{"ts":1773133200.000001,"uid":"CAbcDefGhiJkl1","id.orig_h":"192.0.2.10","id.orig_p":40001,"id.resp_h":"203.0.113.20",` +
		`"id.resp_p":443,"proto":"tcp","service":"ssl","duration":1.5,"orig_bytes":900,"resp_bytes":4200,"conn_state":"SF","local_orig":true,` +
		`"missed_bytes":0,"history":"ShADadFf","orig_pkts":8,"orig_ip_bytes":1240,"resp_pkts":9,"resp_ip_bytes":4580,"tunnel_parents":[]}`
	least = `"id.orig_h":"192.0.2.1","id.resp_h":"192.0.2.2","conn_state":"S0"}`
)

// sayLeast is the notation of a row that has a start and what least has.
func sayLeast(row int, start string) string {
	return fmt.Sprintf("%d %s ? 192.0.2.1:?>192.0.2.2:? dur ? bytes ?/? pkts ?/? S0=attempt flags ? ? ?\n", row, start)
}

func TestObjects(t *testing.T) {
	under := strings.NewReplacer("id.orig_", "id_orig_", "id.resp_", "id_resp_").Replace(object1)
	nested := strings.NewReplacer(`"id.orig_h"`, `"id":{"orig_h"`, "id.orig_p", "orig_p", "id.resp_h", "resp_h", `"id.resp_p":443`, `"resp_p":443}`).Replace(object1)
	for _, test := range []struct{ name, text, want string }{
		{"flat", object1, say1},
		{"underscored", under + "\n", say1},
		{"nested", nested + "\r\n", say1},
		{"with white space and a mark", "\ufeff" + strings.NewReplacer(":", " : ", ",", " , ").Replace(object1), say1},
		{"an array", "[\n" + object1 + ",\n\n" + object1 + "\n]\n", at(2, say1) + "\n" + at(4, say1) + "\nskipped 2"},
		{"an array without lines of its own", "[" + object1 + ",\n" + object1 + "]", say1 + "\n" + at(2, say1)},
		{"streams mixed", `{"_path":"dns","ts":1,"id.orig_h":"192.0.2.1","id.resp_h":"192.0.2.2","proto":"udp","history":"x"}` + "\n" +
			`{"_path":"conn","ts":1,` + least + "\n" + `{"@stream":"conn_long","ts":2,` + least + "\n" +
			`{"ts":1,"id.orig_h":"192.0.2.1","id.resp_h":"192.0.2.2","query":"example.org"}` + "\n" + `{"_path":"stats","mem":5}` + "\n",
			sayLeast(2, "1970-01-01T00:00:01Z") + sayLeast(3, "1970-01-01T00:00:02Z") + "skipped 3\nnote: 3 records of other Zeek logs were skipped"},
		{"unset members", `{"ts":1,"service":null,"history":"","uid":"-","label":"(empty)",` + least, sayLeast(1, "1970-01-01T00:00:01Z")},
		{"small and odd numbers", `{"ts":1.5e3,"duration":1.9e-06,"orig_pkts":2.0,"resp_pkts":-1,"orig_ip_bytes":18446744073709551615,"id.resp_p":"53",` + least,
			"1 1970-01-01T00:25:00Z ? 192.0.2.1:?>192.0.2.2:53 dur 1900 bytes 18446744073709551615/? pkts 2/? S0=attempt flags ? ? ?"},
		{"escapes and labels", `{"ts":1,"uid":"C\u0031","service":"a\/b","label":"Malicious","detailed-label":"C\u0026C",` + least,
			"1 1970-01-01T00:00:01Z ? 192.0.2.1:?>192.0.2.2:? dur ? bytes ?/? pkts ?/? S0=attempt flags ? a/b C1 label Malicious/C&C"},
		{"a list of services", `{"ts":1,"service":"krb,smb,gssapi",` + least,
			"1 1970-01-01T00:00:01Z ? 192.0.2.1:?>192.0.2.2:? dur ? bytes ?/? pkts ?/? S0=attempt flags ? krb,smb,gssapi ?"},
		{"ICMP", `{"ts":1,"proto":"icmp","id.orig_p":3,"id.resp_p":1,` + least,
			"1 1970-01-01T00:00:01Z icmp 192.0.2.1:?>192.0.2.2:? icmp 3/1 dur ? bytes ?/? pkts ?/? S0=attempt flags ? ? ?"},
	} {
		t.Run(test.name, func(t *testing.T) { check(t, JSON(), test.text, test.want, nil) })
	}
}

// What the first objects lack, the later ones may have.
func TestALongInputMayCarryWhatItsFirstObjectsLack(t *testing.T) {
	first := `{"ts":1,` + least + "\n"
	for text, want := range map[string]flow.Fields{
		first: flow.HasStart | flow.HasAddrs | flow.HasState | flow.HasDuration | flow.HasService,
		strings.Repeat(first, headLines+1) + object1: fields,
	} {
		src := flow.BytesSource("x", []byte(text), &flow.Options{Symbols: flow.NewSymbols()})
		if _, err := openJSON(src); err != nil || src.Fields != want {
			t.Errorf("%d bytes: fields %v, error %v", len(text), src.Fields.Names(), err)
		}
	}
}

func TestTimesOfObjects(t *testing.T) {
	const nine = "2026-03-10T09:00:00"
	for ts, want := range map[string]string{
		`1773133200.5`:                        nine + ".5Z",
		`"1773133200.5"`:                      nine + ".5Z",
		`1773133200500`:                       nine + ".5Z",
		`"` + nine + `.500000Z"`:              nine + ".5Z",
		`"` + nine + `.5+0200"`:               "2026-03-10T07:00:00.5Z",
		`"2026-03-10 09:00:00.5"`:             nine + ".5Z",
		`15.25`:                               "1970-01-01T00:00:15.25Z",
		`1773133200`:                          nine + "Z",
		`1773133200.123456789123`:             nine + ".123456789Z",
		`1773133200123456`:                    nine + ".123456Z",
		`"` + nine + `.123456Z","_path":null`: nine + ".123456Z",
	} {
		check(t, JSON(), `{"ts":`+ts+`,`+least, sayLeast(1, want), nil)
	}
	// The unit is that of the column, not of each number.
	check(t, JSON(), `{"ts":1773133200500,`+least+"\n"+`{"ts":15250,`+least, sayLeast(1, nine+".5Z")+sayLeast(2, "1970-01-01T00:00:15.25Z"), nil)
}

func TestBadObjects(t *testing.T) {
	good := `{"ts":1,` + least + "\n"
	for bad, reason := range map[string]string{
		object1[:60]:                           "not JSON: string is cut short at byte 60",
		good[:len(good)-2]:                     "not JSON: object is cut short at byte 74",
		object1 + "x":                          "not JSON: text behind the object at byte 378",
		`{"ts":1 "uid":2}`:                     "not JSON: no comma at byte 9",
		`nothing`:                              "not JSON: no object at byte 1",
		`{"ts":true,` + least:                  `ts "true": not a time`,
		`{` + least:                            "no ts",
		`{"_path":"conn","ts":1}`:              "no address",
		`{"ts":1,"id.orig_p":93145,` + least:   `id.orig_p "93145": not a port`,
		`{"ts":1,"id.orig_h":"",` + least[24:]: "no address",
		`{"ts":1,"id.resp_h":"x","id.orig_h":"192.0.2.1","conn_state":"SF"}`: `id.resp_h "x": not an IP address`,
	} {
		text := good + bad + "\n" + good
		want := sayLeast(1, "1970-01-01T00:00:01Z") + sayLeast(3, "1970-01-01T00:00:01Z") + "bad 2: " + reason
		got := outcome(t, JSON(), text, flow.Options{Workers: 1})
		if strings.TrimSpace(got) != want {
			t.Errorf("%s: got\n%s\nwant\n%s", bad, got, want)
		}
	}
}

func TestObjectsCanBeMapped(t *testing.T) {
	check(t, JSON(), `{"@timestamp":"2026-03-10T09:00:00Z","src":{"ip":"192.0.2.1"},"id.resp_h":"192.0.2.2","conn_state":"S0"}`,
		sayLeast(1, "2026-03-10T09:00:00Z"), map[string]string{"ts": "@timestamp", "src_ip": "src/ip"})
}
