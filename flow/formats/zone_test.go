package formats

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zone must not depend on the machine

	"seine/flow"
	"seine/flow/internal/flowtest"
)

// Times that name no zone are those of --tz, on either side of a change of the
// clocks, and without it a note tells that they were taken for UTC. Times that
// are known to be UTC stay as they are.
func TestNaiveTimesAreThoseOfTheZone(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ format, header, row, winter, summer string }{
		{"argus", "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State", "TIME,0,udp,192.0.2.1,1,->,192.0.2.2,53,INT", "2026/01/10 12:00:00.5", "2026/07/10 12:00:00.5"},
		{"cicflowmeter", "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts", "x,192.0.2.1,1,192.0.2.2,53,17,TIME,5,1,1", "20/01/2026 12:00:00.5", "20/07/2026 12:00:00.5 PM"},
		{"cidds", "Date first seen,Duration,Proto,Src IP Addr,Src Pt,Dst IP Addr,Dst Pt,Packets,Bytes,Flows,Flags,Tos,class", "TIME,0.000,UDP  ,192.0.2.1,1,192.0.2.2,53,1,60,1,......,0,normal", "2026-01-10 12:00:00.500", "2026-07-10 12:00:00.500"},
		{"nfdump-csv", "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt", "TIME,TIME,0.000,192.0.2.1,192.0.2.2,1,53,UDP,......,0,0,1,60,0,0", "2026-01-10 12:00:00.500", "2026-07-10 12:00:00.500"},
		{"nfdump-text", "Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port   Packets    Bytes Flows", "TIME   0.000 UDP  192.0.2.1:1 -> 192.0.2.2:53  1  60  1", "2026-01-10 12:00:00.500", "2026-07-10 12:00:00.500"},
		{"nfdump-json", "", `{"type":"FLOW","first":"TIME","last":"TIME","proto":17,"src4_addr":"192.0.2.1","dst4_addr":"192.0.2.2","src_port":1,"dst_port":53}`, "2026-01-10T12:00:00.500", "2026-07-10T12:00:00.500"},
	} {
		text := strings.ReplaceAll(test.row, "TIME", test.winter) + "\n" + strings.ReplaceAll(test.row, "TIME", test.summer) + "\n"
		if test.header != "" {
			text = test.header + "\n" + text
		}
		f, err := flow.Lookup(All(), test.format)
		if err != nil {
			t.Fatal(err)
		}
		got := flowtest.Dump(f, []byte(text), &flow.Options{Location: prague})
		if !strings.Contains(got, " 2026-01-"+day(test.format)+"T11:00:00.5Z ") || !strings.Contains(got, " 2026-07-"+day(test.format)+"T10:00:00.5Z ") || strings.Contains(got, "names no zone") {
			t.Errorf("%s in Prague:\n%s", test.format, got)
		}
		got = flowtest.Dump(f, []byte(text), &flow.Options{})
		if strings.Count(got, "T12:00:00.5Z ") != 2 || !strings.Contains(got, "names no zone") {
			t.Errorf("%s:\n%s", test.format, got)
		}
	}
	for format, text := range map[string]string{
		"silk":       "sIP|dIP|sPort|dPort|pro|packets|bytes|sTime|duration|\n192.0.2.1|192.0.2.2|1|53|17|1|60|2026/07/10T12:00:00.500|0.000|\n",
		"zeek":       "#path\tconn\n#fields\tts\tid.orig_h\tid.resp_h\tconn_state\n1783684800.5\t192.0.2.1\t192.0.2.2\tSF\n",
		"nfdump-csv": "cnt,af,firstSeen,lastSeen,proto,srcAddr,srcPort,dstAddr,dstPort,srcAS,dstAS,input,output,flags,srcTos,packets,bytes\n1,2,1783684800500,1783684800500,17,192.0.2.1,1,192.0.2.2,53,0,0,1,2,........,0,1,60\n",
		"awsvpc":     "srcaddr dstaddr start end\n192.0.2.1 192.0.2.2 1783684800 1783684800\n",
	} {
		f, err := flow.Lookup(All(), format)
		if err != nil {
			t.Fatal(err)
		}
		if got := flowtest.Dump(f, []byte(text), &flow.Options{Location: prague}); !strings.Contains(got, " 2026-07-10T12:00:00") {
			t.Errorf("%s:\n%s", format, got)
		}
	}
}

// day is the day of the rows: one above 12 settles the order of a slash date.
func day(format string) string {
	if format == "cicflowmeter" {
		return "20"
	}
	return "10"
}
