package zeek

import (
	"fmt"
	"strings"
	"testing"

	"seine/flow"
)

// short makes a log of rows of a few columns, and lasting what a row of
// 192.0.2.1:40000 > 192.0.2.2:PORT is read as.
func short(rows ...string) string {
	return "#path\tconn\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state\thistory\tresp_bytes\tresp_ip_bytes\tservice\t_node_name\n" +
		strings.Join(rows, "\n") + "\n"
}

// A connection that Zeek turned round says by what: an answer to a SYN, the
// port of a service, or nothing that counts. Its state is never a failure
// for the half that was not seen.
func TestFlowsTurnedRound(t *testing.T) {
	for _, test := range []struct{ proto, state, history, ports, want string }{
		{"tcp", "SHR", "^hadf", "40000 80", "partial syn"},
		{"tcp", "OTH", "^dA", "40000 443", "partial service"},
		{"tcp", "OTH", "^dA", "443 40000", "partial guess"},
		{"tcp", "OTH", "^Hd", "40000 443", "partial guess"}, // the responder opened it
		{"tcp", "RSTRH", "^hadr", "40000 443", "reset_resp syn"},
		{"tcp", "RSTRH", "^hr", "40000 443", "rejected syn"},
		{"tcp", "RSTO", "^hCdRf", "40000 21", "reset_orig syn"},
		{"tcp", "SF", "^aAdDfF", "40000 443", "closed service"},
		{"tcp", "SHR", "hadf", "40000 80", "partial source"},
		{"tcp", "REJ", "Sdr", "40000 80", "rejected source"},
		{"udp", "SHR", "^d", "40000 53", "partial service"},
		{"udp", "SHR", "^d", "68 67", "partial service"},
		{"udp", "S0", "D^", "5353 5353", "attempt guess"},
		{"udp", "SHR", "d", "40000 53", "partial source"},
		{"icmp", "OTH", "-", "8 0", "partial source"},
	} {
		src, dst, _ := strings.Cut(test.ports, " ")
		text := short(strings.Join([]string{"1", "192.0.2.1", src, "192.0.2.2", dst, test.proto, test.state, test.history, "9", "-", "-", "n1"}, "\t"))
		opt := &flow.Options{Workers: 1, Symbols: flow.NewSymbols()}
		r, err := openTSV(flow.BytesSource("conn.log", []byte(text), opt))
		if err != nil {
			t.Fatal(err)
		}
		rs, err := flow.ReadAll(r)
		if err != nil || len(rs) != 1 {
			t.Fatal(err, len(rs))
		}
		if got := fmt.Sprint(rs[0].State, " ", rs[0].Orient); got != test.want {
			t.Errorf("%s %s %s %s: got %s, want %s", test.proto, test.state, test.history, test.ports, got, test.want)
		}
	}
}

func TestTrapsOfValues(t *testing.T) {
	const flow = " 1970-01-01T00:00:01Z tcp 192.0.2.1:40000>192.0.2.2:443 dur ? "
	for _, test := range []struct{ name, row, want string }{
		{"payload beyond what IP carried, after a gap", "SF\tShADadgFf\t4294967290\t1200\t-\tn1", "bytes ?/1200 pkts ?/? SF=closed flags FSA/FSA ? ?"},
		{"an analyzer that gave up", "SF\tDd\t-\t-\t-ssl\tn1", "bytes ?/? pkts ?/? SF=closed flags A/A -ssl ?"},
		{"services in any order", "SF\tDd\t-\t-\tkrb,smb,gssapi\tn1", "bytes ?/? pkts ?/? SF=closed flags A/A krb,smb,gssapi ?"},
		{"zero is not unset", "S1\t-\t0\t-\t-\t-", "bytes ?/0 pkts ?/? S1=established flags ? ? ?"},
		{"no state", "-\t-\t-\t-\t-\t-", "bytes ?/? pkts ?/? ?=unknown flags ? ? ?"},
		{"a state that Zeek does not have", "S9\t-\t-\t-\t-\t-", "bytes ?/? pkts ?/? S9=unknown flags ? ? ?"},
		{"letters for losses and windows", "SF\tShADTadtcCwWgGiIqQxX\t-\t-\t-\t-", "bytes ?/? pkts ?/? SF=closed flags SA/SA ? ?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			check(t, TSV(), short("1\t192.0.2.1\t40000\t192.0.2.2\t443\ttcp\t"+test.row), "3"+flow+test.want+"\nskipped 2", nil)
		})
	}
}

// Payload is counted by sequence numbers: of a broken flow it may be anything.
func TestPayloadThatNoPacketCarried(t *testing.T) {
	head := "#path\tconn\n#fields\tts\tid.orig_h\tid.resp_h\torig_bytes\torig_pkts\torig_ip_bytes\tresp_bytes\tresp_pkts\n"
	say := func(row int, volume string) string {
		return fmt.Sprintf("%d 1970-01-01T00:00:01Z ? 192.0.2.1:?>192.0.2.2:? dur ? %s ?=unknown flags ? ? ?\n", row, volume)
	}
	check(t, TSV(), head+
		"1\t192.0.2.1\t192.0.2.2\t4294967290\t3\t-\t4294967290\t3\n"+
		"1\t192.0.2.1\t192.0.2.2\t196605\t3\t-\t131070\t1\n"+
		"1\t192.0.2.1\t192.0.2.2\t4294967290\t-\t-\t0\t0\n"+
		"1\t192.0.2.1\t192.0.2.2\t4294967290\t3\t180\t-\t-\n",
		say(3, "bytes ?/? pkts 3/3")+say(4, "bytes 196605/? pkts 3/1")+say(5, "bytes 4294967290/0 pkts ?/0")+say(6, "bytes 180/? pkts 3/?")+"skipped 2", nil)
}

// Logs are written as connections end, so that their starts go back in time.
func TestRowsKeepTheirOrder(t *testing.T) {
	say := func(row, second int) string {
		return fmt.Sprintf("%d 1970-01-01T00:00:0%dZ udp 192.0.2.1:1>192.0.2.2:2 dur ? bytes ?/? pkts ?/? ?=unknown flags ? ? ?\n", row, second)
	}
	rest := "\t192.0.2.1\t1\t192.0.2.2\t2\tudp\t-\t-\t-\t-\t-\t-"
	check(t, TSV(), short("5"+rest, "1"+rest, "3"+rest), say(3, 5)+say(4, 1)+say(5, 3)+"skipped 2", nil)
}

func TestLogsOfOpenConnections(t *testing.T) {
	long := strings.Replace(tsvHeader, "\tconn\n", "\tconn_long\n", 1)
	object := `{"ts":1,"uid":"C1",` + least + "\n"
	for _, test := range []struct {
		name, text string
		format     *flow.Format
		open       bool
	}{
		{"conn.log", tsvHeader + row1, TSV(), false},
		{"logs/2026-03-10/conn.09:00:00-10:00:00.log.gz", tsvHeader + row1, TSV(), false},
		{"conn.log", long + row1, TSV(), true},
		{"logs/open_conn.log", tsvHeader + row1, TSV(), true}, // whose #path says conn
		{"conn_long.09:00:00-10:00:00.log.gz", tsvHeader + row1, TSV(), true},
		{"open_conn/conn.log", tsvHeader + row1, TSV(), false},
		{"all.log", tsvHeader + row1 + "#close\t1\n" + long + row1, TSV(), true},
		{"-", `{"_path":"conn",` + object[1:], JSON(), false},
		{"-", `{"_path":"conn",` + object[1:] + `{"_path":"conn_long",` + object[1:], JSON(), true},
		{"-", `{"_path":"open_conn",` + object[1:], JSON(), true},
		{"open_conn.log", object, JSON(), true},
	} {
		src := flow.BytesSource(test.name, []byte(test.text), &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		if _, err := test.format.Open(src); err != nil {
			t.Fatal(err)
		}
		if src.Stitch.Needed() != test.open || src.Stitch.ByUID != test.open || src.Stitch.Auto != test.open {
			t.Errorf("%s, %.60q…: %+v", test.name, test.text, src.Stitch)
		}
	}
	if TSV().Stitch.Needed() || JSON().Stitch.Needed() {
		t.Error("a log of connections that ended is to be stitched")
	}
}
