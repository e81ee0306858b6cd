package zeek

import (
	"fmt"
	"strings"
	"testing"

	"seine/flow"
)

const (
	row1 = "1773133200.000001\tCAbcDefGhiJkl1\t192.0.2.10\t40001\t203.0.113.20\t443\ttcp\tssl\t1.500000\t900\t4200\tSF\tT\tF\t0\tShADadFf\t8\t1240\t9\t4580\t(empty)\n"
	say1 = "1 2026-03-10T09:00:00.000001Z tcp 192.0.2.10:40001>203.0.113.20:443 dur 1500000000 bytes 1240/4580 pkts 8/9 SF=closed flags FSA/FSA ssl CAbcDefGhiJkl1"
)

// at replaces the row number of a notation.
func at(row int, say string) string { return fmt.Sprint(row) + strings.TrimPrefix(say, "1") }

func TestScores(t *testing.T) {
	dns := strings.Replace(tsvHeader, "\tconn\n", "\tdns\n", 1)
	for _, test := range []struct {
		name, text string
		tsv, json  int
		reason     string
	}{
		{"text", tsvHeader + row1, 95, 0, ""},
		{"only the header", tsvHeader, 95, 0, ""},
		{"a tab before the header", "\t" + tsvHeader + row1, 95, 0, ""},
		{"another log", dns, 0, 0, `"dns"`},
		{"another log first", dns + "1\t2\n" + tsvHeader, 95, 0, ""},
		{"a long connection log", strings.Replace(tsvHeader, "\tconn\n", "\tconn_long\n", 1), 95, 0, ""},
		{"a summary", ">== Total === 2026-03-10-09-00-00 - 2026-03-10-10-00-00\n   - Bytes 12\n", 0, 0, "#fields"},
		{"the head is missing", row1 + row1, 0, 0, "#fields"},
		{"prose", "Lorem ipsum dolor sit amet\n", 0, 0, "#fields"},
		{"no addresses", "#path\tconn\n#fields\tts\tuid\n", 0, 0, "id.orig_h, id.resp_h"},
		{"objects", `{"ts":1.5,"id.orig_h":"192.0.2.1","id.resp_h":"192.0.2.2","conn_state":"SF"}`, 0, 90, ""},
		{"other objects", `{"ts":1.5,"id.orig_h":"192.0.2.1","id.resp_h":"192.0.2.2","query":"x"}`, 0, 0, "#fields"},
		{"nothing", "", 0, 0, "#fields"},
	} {
		n, why := TSV().Match([]byte(test.text))
		if n != test.tsv || !strings.Contains(why, test.reason) {
			t.Errorf("%s: zeek gives %d, %s", test.name, n, why)
		}
		if n, why := JSON().Match([]byte(test.text)); n != test.json || n == 0 && why == "" {
			t.Errorf("%s: zeek-json gives %d, %s", test.name, n, why)
		}
	}
}

func TestTextLog(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a row", tsvHeader + row1 + "#close\t2026-03-10-10-00-00\n", at(9, say1) + "\nskipped 9"},
		{"a tab, a byte order mark and CRLF", "\ufeff\t" + strings.ReplaceAll(tsvHeader+row1, "\n", "\r\n"), at(9, say1) + "\nskipped 8"},
		{"unset values are absent, zero is not", tsvHeader +
			"1773133200.5\t-\t192.0.2.10\t40001\t203.0.113.20\t443\ttcp\t-\t-\t-\t-\tS0\t-\t-\t0\tS\t1\t60\t0\t0\t-\n" +
			"15.25\t(empty)\t192.0.2.10\t0\t203.0.113.20\t0\tudp\t(empty)\t0.000000\t0\t0\t-\t-\t-\t0\t-\t-\t-\t-\t-\t-\n",
			"9 2026-03-10T09:00:00.5Z tcp 192.0.2.10:40001>203.0.113.20:443 dur ? bytes 60/0 pkts 1/0 S0=attempt flags S/ ? ?\n" +
				"10 1970-01-01T00:00:15.25Z udp 192.0.2.10:0>203.0.113.20:0 dur 0 bytes 0/0 pkts ?/? ?=unknown flags ? ? ?\nskipped 8"},
		{"ICMP has type and code", tsvHeader +
			"1\tC1\t192.0.2.1\t8\t192.0.2.2\t0\ticmp\t-\t-\t-\t-\tOTH\t-\t-\t0\t-\t1\t84\t0\t0\t-\n" +
			"1\tC2\t192.0.2.1\t3\t192.0.2.2\t3\ticmp\t-\t-\t-\t-\tOTH\t-\t-\t0\t-\t1\t84\t0\t0\t-\n" +
			"1\tC3\t192.0.2.1\t13\t192.0.2.2\t14\ticmp\t-\t-\t-\t-\tOTH\t-\t-\t0\t-\t1\t84\t0\t0\t-\n" +
			"1\tC4\tfe80::1\t135\tff02::1:ff00:2\t136\ticmp\t-\t-\t-\t-\tOTH\t-\t-\t0\t-\t1\t72\t0\t0\t-\n",
			"9 1970-01-01T00:00:01Z icmp 192.0.2.1:?>192.0.2.2:? icmp 8/0 dur ? bytes 84/0 pkts 1/0 OTH=partial flags ? ? C1\n" +
				"10 1970-01-01T00:00:01Z icmp 192.0.2.1:?>192.0.2.2:? icmp 3/3 dur ? bytes 84/0 pkts 1/0 OTH=partial flags ? ? C2\n" +
				"11 1970-01-01T00:00:01Z icmp 192.0.2.1:?>192.0.2.2:? icmp 13/0 dur ? bytes 84/0 pkts 1/0 OTH=partial flags ? ? C3\n" +
				"12 1970-01-01T00:00:01Z ipv6-icmp fe80::1:?>ff02::1:ff00:2:? icmp 135/0 dur ? bytes 72/0 pkts 1/0 OTH=partial flags ? ? C4\nskipped 8"},
		{"the number of an unknown transport", "#path\tconn\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tip_proto\n" +
			"1\t192.0.2.1\t0\t192.0.2.2\t0\tunknown_transport\t89\n1\t192.0.2.1\t0\t192.0.2.2\t0\tunknown_transport\t-\n1\t192.0.2.1\t7\t192.0.2.2\t9\tsctp\t132\n",
			"3 1970-01-01T00:00:01Z ospf 192.0.2.1:?>192.0.2.2:? dur ? bytes ?/? pkts ?/? ?=unknown flags ? ? ?\n" +
				"4 1970-01-01T00:00:01Z unknown 192.0.2.1:?>192.0.2.2:? dur ? bytes ?/? pkts ?/? ?=unknown flags ? ? ?\n" +
				"5 1970-01-01T00:00:01Z sctp 192.0.2.1:7>192.0.2.2:9 dur ? bytes ?/? pkts ?/? ?=unknown flags ? ? ?\nskipped 2"},
		{"IPv6, mapped and padded", "#fields\tts\tid.orig_h\tid.resp_h\thistory\tproto\n" +
			"1\t::ffff:192.0.2.1\t2001:0db8:0000:0000:0000:0000:0000:0001\tS^hR\ttcp\n",
			"2 1970-01-01T00:00:01Z tcp ::ffff:192.0.2.1:?>2001:db8::1:? dur ? bytes ?/? pkts ?/? ?=unknown flags SR/SA ? ? by syn\nskipped 1\n" +
				"note: 1 flows were turned round by Zeek (^ in history), which had not seen who opened them"},
		{"a negative duration", "#path\tconn\n#fields\tts\tid.orig_h\tid.resp_h\tduration\n1\t192.0.2.1\t192.0.2.2\t-1.5\n",
			"3 1970-01-01T00:00:01Z ? 192.0.2.1:?>192.0.2.2:? dur 0 bytes ?/? pkts ?/? ?=unknown flags ? ? ?\nskipped 2\n" +
				"note: 1 flows have a negative duration: taken as 0"},
		{"escapes, lists, payload only", "#path\tconn\n#fields\tuid\tts\tid.orig_h\tid.resp_h\tservice\torig_bytes\tresp_bytes\tconn_state\n" +
			"C\\x091\t1\t192.0.2.1\t192.0.2.2\tkrb,smb\\x2cx\\xZZ\t40.0\t-5\tODD\\x21\n",
			"3 1970-01-01T00:00:01Z ? 192.0.2.1:?>192.0.2.2:? dur ? bytes 40/? pkts ?/? ODD!=unknown flags ? krb,smb,x\\xZZ C\t1\nskipped 2"},
		{"another separator and other marks", "#separator \\x2c\n#set_separator,;\n#empty_field,EMPTY\n#unset_field,NA\n#path,conn\n" +
			"#fields,ts,id.orig_h,id.resp_h,service,history,conn_state\n1,192.0.2.1,192.0.2.2,-,NA,SF\n1,192.0.2.1,192.0.2.2,NA,EMPTY,SF\n",
			"7 1970-01-01T00:00:01Z ? 192.0.2.1:?>192.0.2.2:? dur ? bytes ?/? pkts ?/? SF=closed flags ? - ?\n" +
				"8 1970-01-01T00:00:01Z ? 192.0.2.1:?>192.0.2.2:? dur ? bytes ?/? pkts ?/? SF=closed flags ? ? ?\nskipped 6"},
		{"a separator of two bytes", "#separator \\x7c\\x7c\n#fields||ts||id.orig_h||id.resp_h||conn_state\n1||192.0.2.1||192.0.2.2||S1\n1||192.0.2.1||192.0.2.2\n",
			"3 1970-01-01T00:00:01Z ? 192.0.2.1:?>192.0.2.2:? dur ? bytes ?/? pkts ?/? S1=established flags ? ? ?\nbad 4: 3 columns, the header has 4\nskipped 2"},
	} {
		t.Run(test.name, func(t *testing.T) { check(t, TSV(), test.text, test.want, nil) })
	}
}

func TestConcatenatedLogs(t *testing.T) {
	other := "#separator \\x09\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.resp_h\tproto\n1\tC1\t192.0.2.1\t192.0.2.2\tudp\n#close\t1\n"
	turned := "#separator \\x09\n#path\tconn\n#fields\tid.resp_h\tid.orig_h\tconn_state\tts\n203.0.113.20\t192.0.2.10\tREJ\t2\n"
	broken := "#separator \\x09\n#path\tconn\n#fields\tid.resp_h\tts\n203.0.113.20\t2\n"
	say := " 1970-01-01T00:00:02Z ? 192.0.2.10:?>203.0.113.20:? dur ? bytes ?/? pkts ?/? REJ=rejected flags ? ? ?\n"
	check(t, TSV(), tsvHeader+row1+"#close\t1\n"+other+turned+broken+tsvHeader+row1,
		at(9, say1)+"\n19"+say+at(32, say1)+"\nbad 23: the header has no column id.orig_h\nskipped 28\nnote: 1 records of other Zeek logs were skipped", nil)
	check(t, TSV(), row1+turned, "5"+say+"bad 1: no #fields line before this row\nskipped 3", nil)
}

func TestLabels(t *testing.T) {
	head := strings.TrimSuffix(strings.Split(tsvHeader, "#types")[0], "\n")
	row := strings.TrimSuffix(row1, "(empty)\n")
	for _, test := range []struct{ name, columns, values, label string }{
		{"tabs", "\tlabel\tdetailedlabel", "(empty)\tMalicious\tC&C", " label Malicious/C&C"},
		{"no details", "\tlabel\tdetailed-label", "(empty)\tBenign\t-", " label Benign"},
		{"glued with blanks", "   label   detailed-label", "(empty)   Malicious   PartOfAHorizontalPortScan", " label Malicious/PartOfAHorizontalPortScan"},
		{"glued, no details", "   label   detailed-label", "-   Benign   -", " label Benign"},
		{"a glued header over tabs", "   label   detailed-label", "-\tBenign\tof no harm", " label Benign/of no harm"},
		{"glued values under tabs", "\tlabel\tdetailed_label", "(empty)   Malicious   DDoS", " label Malicious/DDoS"},
		{"only details", "\tdetailedlabel", "(empty)\tDDoS", " label DDoS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			check(t, TSV(), head+test.columns+"\n"+row+test.values+"\n", at(8, say1)+test.label+"\nskipped 7", nil)
		})
	}
	check(t, TSV(), head+"   label   detailed-label\n"+row+"(empty)   Benign\n", "bad 8: 22 columns, the header has 23\nskipped 7", nil)
}

func TestBadRows(t *testing.T) {
	for _, test := range []struct{ name, old, new, reason string }{
		{"a row cut short", "SF\tT\tF\t0\tShADadFf\t8\t1240\t9\t4580\t(empty)", "S", "12 columns, the header has 21"},
		{"a column too many", "ssl", "s\tsl", "22 columns, the header has 21"},
		{"a time", "1773133200.000001", "17731332x0.000001", `ts "17731332x0.000001": not a time`},
		{"no time", "1773133200.000001", "-", "no ts"},
		{"a time out of range", "1773133200.000001", "99999999999", `ts "99999999999": time outside the years 1678 to 2261`},
		{"an address", "192.0.2.10", "192.0.2.310", `id.orig_h "192.0.2.310": not an IP address`},
		{"a name", "203.0.113.20", "host.example", `id.resp_h "host.example": not an IP address`},
		{"no address", "203.0.113.20", "-", "no address"},
		{"a port", "40001", "93145", `id.orig_p "93145": not a port`},
	} {
		t.Run(test.name, func(t *testing.T) {
			bad := strings.Replace(row1, test.old, test.new, 1)
			check(t, TSV(), tsvHeader+row1+bad+row1, at(9, say1)+"\n"+at(11, say1)+"\nbad 10: "+test.reason+"\nskipped 8", nil)
		})
	}
}

func TestColumnsCanBeMapped(t *testing.T) {
	text := "#path\tconn\n#fields\twhen\tid.orig_h\tid.resp_h\torig_bytes\torig_ip_bytes\torig_pkts\n1\t192.0.2.1\t192.0.2.2\t5\t45\t1\n"
	want := "3 1970-01-01T00:00:01Z ? 192.0.2.1:?>192.0.2.2:? dur ? bytes 5/? pkts 1/? ?=unknown flags ? ? ?\nskipped 2"
	check(t, TSV(), text, want, map[string]string{"ts": "when", "src_bytes": "4"})
	check(t, TSV(), text, "error: --map ts=no: no such column (columns: when, id.orig_h, id.resp_h, orig_bytes, orig_ip_bytes, orig_…)", map[string]string{"ts": "no"})
	check(t, TSV(), text, "error: the header has no column ts", nil)
	check(t, TSV(), text, "error: --map end=when: not a field that a Zeek log can be mapped to", map[string]string{"end": "when"})
}

func TestTheSourceTellsWhatItFound(t *testing.T) {
	src := flow.BytesSource("conn.log", []byte("#path\tconn\n#fields\tts\tid.orig_h\tid.resp_h\tid.resp_p\torig_bytes\tvlan\n"), &flow.Options{Symbols: flow.NewSymbols()})
	if _, err := openTSV(src); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(src.Fields.Names(), " "); got != "start addresses dst_port src_bytes" {
		t.Errorf("fields %s", got)
	}
	want := `zeek: #path conn, 6 columns, separator "\t"
ts        ← "ts"
src_ip    ← "id.orig_h"
dst_ip    ← "id.resp_h"
dst_port  ← "id.resp_p" (of ICMP: type and code)
src_bytes ← "orig_bytes" (payload)
not used: "vlan"`
	if got := strings.Join(src.Mapping, "\n"); got != want {
		t.Errorf("got\n%s", got)
	}
}
