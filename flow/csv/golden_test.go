package csv

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"seine/flow"
)

// show writes what a record has, and nothing else.
func show(r *flow.Record, symbols *flow.Symbols) string {
	b := fmt.Sprintf("%d %v", r.Row, r.Start)
	add := func(has flow.Fields, format string, args ...any) {
		if r.Has&has != 0 {
			b += fmt.Sprintf(format, args...)
		}
	}
	add(flow.HasDuration, " +%v", time.Duration(r.Duration))
	add(flow.HasProto, " %v", r.Proto)
	b += " " + r.Src.String()
	add(flow.HasSrcPort, " %d", r.SrcPort)
	b += " > " + r.Dst.String()
	add(flow.HasDstPort, " %d", r.DstPort)
	add(flow.HasSrcBytes, " up=%d", r.SrcBytes)
	add(flow.HasDstBytes, " down=%d", r.DstBytes)
	add(flow.HasSrcPkts, " pkts=%d", r.SrcPkts)
	add(flow.HasDstPkts, " back=%d", r.DstPkts)
	add(flow.HasState, " %s=%v", symbols.Text(r.RawState), r.State)
	add(flow.HasFlags, " flags=%v/%v", r.SrcFlags, r.DstFlags)
	add(flow.HasICMP, " icmp=%d.%d", r.ICMPType, r.ICMPCode)
	add(flow.HasService, " service=%s", symbols.Text(r.Service))
	add(flow.HasLabel, " label=%s", symbols.Text(r.Label))
	add(flow.HasUID, " uid=%v", r.UID)
	return b
}

// outcome lists the rows, the bad rows with their reasons, and what was
// skipped.
func outcome(t *testing.T, text string, opt flow.Options) string {
	t.Helper()
	rows, src, err := read(t, []byte(text), opt)
	if err != nil {
		return "error: " + err.Error()
	}
	var out []string
	for i := range rows {
		out = append(out, show(&rows[i], src.Options.Symbols))
	}
	for _, b := range src.BadRows {
		out = append(out, fmt.Sprintf("bad %d: %s", b.Row, b.Reason))
	}
	skipped := src.Skipped
	if !strings.Contains(src.Mapping[0], "no header") {
		skipped-- // the header itself
	}
	if skipped > 0 {
		out = append(out, fmt.Sprint("skipped ", skipped))
	}
	return strings.Join(out, "\n")
}

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestTablesAreReadAsTheirToolsMeanThem(t *testing.T) {
	for _, test := range golden {
		opt := flow.Options{}
		if test.zone != "" {
			opt.Location = location(t, test.zone)
		}
		if got := outcome(t, test.text, opt); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, test.want)
			continue
		}
		// The ends of the lines do not matter, and the last may have none.
		if !strings.Contains(test.text, "\r") {
			crlf := strings.ReplaceAll(test.text, "\n", "\r\n")
			if got := outcome(t, crlf, opt); got != test.want {
				t.Errorf("%s, with CRLF: got\n%s\nwant\n%s", test.name, got, test.want)
			}
			if got := outcome(t, strings.TrimSuffix(test.text, "\n"), opt); got != test.want {
				t.Errorf("%s, without the last newline: got\n%s\nwant\n%s", test.name, got, test.want)
			}
		}
	}
}

const threeColumns = "ts,src_ip,dst_ip\n2017-01-27 16:24:49,10.0.0.1,192.0.2.7\n"

func TestColumnsCanBeNamedByTheUser(t *testing.T) {
	const odd = "when,who,whom,what\n2017-01-27 16:24:49,10.0.0.1,192.0.2.7,443\n"
	const bare = "10.0.0.1|192.0.2.7|2017-01-27 16:24:49\n"
	for _, test := range []struct {
		name, text string
		mapping    map[string]string
		want       string
	}{
		{"by name", odd, map[string]string{"ts": "when", "src_ip": "who", "dst_ip": "whom"}, "2 2017-01-27T16:24:49Z 10.0.0.1 > 192.0.2.7"},
		{"by number", odd, map[string]string{"ts": "1", "src_ip": "3", "dst_ip": "2", "dst_port": "4"}, "2 2017-01-27T16:24:49Z 192.0.2.7 > 10.0.0.1 443"},
		{"over a known name", threeColumns, map[string]string{"src_ip": "dst_ip", "dst_ip": "src_ip"}, "2 2017-01-27T16:24:49Z 192.0.2.7 > 10.0.0.1"},
		{"nine columns", "2017-01-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,443,9,8\n", map[string]string{"src_bytes": "dst_bytes", "dst_bytes": "src_bytes"},
			"1 2017-01-27T16:24:49Z tcp 10.0.0.1 1 > 192.0.2.7 443 up=8 down=9 new=attempt"},
		{"a tenth column", "2017-01-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,443,9,8,web\n", map[string]string{"service": "10"},
			"1 2017-01-27T16:24:49Z tcp 10.0.0.1 1 > 192.0.2.7 443 up=9 down=8 new=attempt service=web"},
		{"no such column", threeColumns, map[string]string{"src_ip": "nobody"},
			`error: --map src_ip=nobody: no column "nobody" (columns: ts, src_ip, dst_ip)`},
		{"no such field", threeColumns, map[string]string{"src": "ts"}, "is no field (known: ts, end"},
		{"not enough", odd, map[string]string{"ts": "when", "src_ip": "who"}, "no column for dst_ip (columns: when, who, whom, what); --map dst_ip=COLUMN"},
		{"a table without a header", bare, map[string]string{"ts": "3"}, "error: "},
	} {
		got := outcome(t, test.text, flow.Options{Map: test.mapping})
		if got != test.want && !(strings.HasPrefix(got, "error: ") && strings.Contains(got, test.want)) {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

func TestWhatIsNoTableOfFlowsIsRefusedWithAReason(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"no addresses", "id,dur,proto,service,state,spkts,stime\n1,0.1,tcp,-,FIN,6,7\n", "no column for src_ip, dst_ip (columns: id, dur, proto, service, state, spkts, stime); --map src_ip=COLUMN"},
		{"no time", "src_ip,dst_ip,bytes\n10.0.0.1,192.0.2.7,5\n", "no column for ts (columns: src_ip, dst_ip, bytes)"},
		{"prose", "Lorem ipsum dolor sit amet,\nconsectetur adipiscing elit.\n", "no header that names time and addresses, and no row of nine columns"},
		{"empty lines", "\n\n\r\n", "no line of text"},
		{"eight columns", "2017-01-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,443,9\n", "no row of nine columns"},
		{"names for addresses", "2017-01-27 16:24:49,tcp,new,alice,1,bob,443,9,8\n", "no row of nine columns"},
	} {
		score, reason := match([]byte(test.text))
		if score != 0 || !strings.Contains(reason, test.want) {
			t.Errorf("%s: score %d, reason %q, want %q", test.name, score, reason, test.want)
		}
		if got := outcome(t, test.text, flow.Options{}); !strings.Contains(got, test.want) {
			t.Errorf("%s: %s", test.name, got)
		}
	}
	if score, reason := match([]byte(threeColumns + "\x00")); score != 0 || reason != "binary data" {
		t.Errorf("binary data scores %d: %s", score, reason)
	}
}

func TestWhatWasFoundIsExplained(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"ts,src,dst,bytes,zzz\n1485534289123,10.0.0.1,192.0.2.7,5,6\n", `csv: comma-separated, header; a time that is a number counts ms since 1970
ts        ← column 1 "ts"
src_ip    ← column 2 "src"
dst_ip    ← column 3 "dst"
src_bytes ← column 4 "bytes"
not used: "zzz"`},
		{"2017-01-27 16:24:49,tcp,new,10.0.0.1,1,192.0.2.7,443,9,8,x\n", `csv: comma-separated, no header, nine columns; a time that is a number counts s since 1970
ts        ← column 1 "ts"
protocol  ← column 2 "protocol"
state     ← column 3 "state"
src_ip    ← column 4 "src_ip"
src_port  ← column 5 "src_port"
dst_ip    ← column 6 "dst_ip"
dst_port  ← column 7 "dst_port"
src_bytes ← column 8 "src_bytes"
dst_bytes ← column 9 "dst_bytes"
not used: "column10"`},
	} {
		_, src, err := read(t, []byte(test.text), flow.Options{})
		if got := strings.Join(src.Mapping, "\n"); err != nil || got != test.want {
			t.Errorf("%q: %v, got\n%s\nwant\n%s", test.text, err, got, test.want)
		}
	}
}

func TestNegativeDurationsAreCounted(t *testing.T) {
	text := "ts,te,src_ip,dst_ip\n2017-01-27 16:24:49,2017-01-27 16:24:48,10.0.0.1,192.0.2.7\n2017-01-27 16:24:49,2017-01-27 16:24:49,10.0.0.1,192.0.2.7\n"
	rows, src, err := read(t, []byte(text), flow.Options{})
	if err != nil || len(rows) != 2 || rows[0].Duration != 0 || !strings.Contains(strings.Join(src.Notes, "\n"), "1 rows have a negative duration") {
		t.Errorf("%d rows, notes %q, %v", len(rows), src.Notes, err)
	}
}

func TestOneOddTimeDoesNotTurnTheUnit(t *testing.T) {
	text := "ts,src,dst\n" + strings.Repeat("1485534289,10.0.0.1,192.0.2.7\n", 5) + "1485534289000,10.0.0.1,192.0.2.7\n"
	src := flow.BytesSource("odd.csv", []byte(text), &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil || len(rows) != 5 || src.Bad != 1 || rows[0].Start != 1485534289*flow.Second {
		t.Errorf("%d rows, %d bad, %v", len(rows), src.Bad, err)
	}
}
