package nfdump

import (
	"fmt"
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

const (
	textLong = "Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port   Flags Tos  Packets    Bytes Flows\n"
	textLine = "Date first seen             Duration     Proto      Src IP Addr:Port          Dst IP Addr:Port   Packets    Bytes Flows\n"
	textExt  = "Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port   Flags Tos  Packets    Bytes      pps      bps    Bpp Flows\n"
	textEnd  = "Summary: total flows: 1, total bytes: 3400\nTime window: 2026-01-01 00:00:00 - 2026-01-01 00:00:02\nTotal flows processed: 1\nSys: 0.001s flows/second: 1.0\n"
)

func TestText(t *testing.T) {
	const want = "2026-01-01T00:00:00.5Z +1.5s tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/- pkts 12/- flags FSPA_\n"
	for _, test := range []struct {
		name, text, rows string
		bad, skipped     uint64
		note             string
	}{
		{"long of 1.6", textLong + "2026-01-01 00:00:00.500     1.500 TCP          192.0.2.1:40112 ->     198.51.100.7:443   .AP.SF   0       12     3400     1\n" + textEnd,
			"2 " + want, 0, 5, "Date first seen is local time"},
		{"long of 1.7", textLong + "2026-01-01 00:00:00.500     00:00:01.500 TCP          192.0.2.1:40112 ->     198.51.100.7:443   ...AP.SF   0       12     3400     1\n",
			"2 " + want, 0, 1, ""},
		{"line, days", textLine + "2026-01-01 00:00:00.500  2d 01:00:01.500 TCP          192.0.2.1:40112 ->     198.51.100.7:443         12     3400     1\n",
			"2 " + strings.NewReplacer("+1.5s", "+49h0m1.5s", " flags FSPA_", "").Replace(want), 0, 1, ""},
		{"extended, units, sums", textExt + "2026-01-01 00:00:00.500     1.500 TCP          192.0.2.1:40112 ->     198.51.100.7:443   .AP.SF   0       12    1.4 M     1234    3.5 M    283     9\n",
			"2 " + strings.Replace(want, "3400", "1400000", 1), 0, 1, "several flows"},
		{"IPv6, ICMP", textLine + "2026-01-01 00:00:00.500     1.500 UDP    2001:db8::1.546   ->      2001:db8::2.547        1     100     1\n" +
			"2026-01-01 00:00:00.500     0.000 ICMP   192.0.2.1:0     ->     198.51.100.7:3.1        1     100     1\n",
			"2 2026-01-01T00:00:00.5Z +1.5s udp 2001:db8::1:546 > 2001:db8::2:547 bytes 100/- pkts 1/-\n" +
				"3 2026-01-01T00:00:00.5Z +0s icmp 192.0.2.1:- > 198.51.100.7:- bytes 100/- pkts 1/- icmp 3/1\n", 0, 1, ""},
		{"a negative duration", textLine + "2026-01-01 00:00:00.500    -4.294 GRE    192.0.2.1:0     ->     198.51.100.7:0        1     100     1\n",
			"2 2026-01-01T00:00:00.5Z +0s gre 192.0.2.1:- > 198.51.100.7:- bytes 100/- pkts 1/-\n", 0, 1, "1 rows have a negative duration"},
		{"byte order mark and CRLF", strings.ReplaceAll("\ufeff"+textLong+"2026-01-01 00:00:00.500     1.500 TCP          192.0.2.1:40112 ->     198.51.100.7:443   .AP.SF   0       12     3400     1\n"+textEnd, "\n", "\r\n"),
			"2 " + want, 0, 5, ""},
		{"labels", "Date flow start          Durat Prot      Src IP Addr:Port        Dst IP Addr:Port   Flags Tos  Packets    Bytes Flows Label\n" +
			"2026-01-01 00:00:00.500\t1.500\tTCP\t192.0.2.1:40112\t->\t198.51.100.7:443\tFSPA\t0\t12\t3400\t1\tBotnet\n",
			"2 " + strings.TrimSuffix(want, "\n") + " label \"Botnet\"\n", 0, 1, ""},
		{"one direction only", textLong + strings.Repeat("2026-01-01 00:00:00.500     1.500 TCP          192.0.2.1:40112 ->     198.51.100.7:443   .AP.SF   0       12     3400     1\n", 20),
			strings.Join(numbered2(20, want), ""), 0, 1, "no answer to any of it"},
		{"bad rows", textLine + "2026-01-01 00:00:00.500 1.500 TCP 192.0.2.1:40112 <-> 198.51.100.7:443 12 3400 1\n" +
			"2026-01-01 00:00:00.500 1.500 TCP 192.0.2.1:40112 -> 198.51.100.7:443 12 3400\n" +
			"2026-01-01 00:00:00.500 1.500 TCP 192.0.2.1:40112 -> 198.51.100.7:443 12 3400 1 1\n" +
			"2026-01-01 00:00:00.500 1.500 TCP 2001:..b8::1.1 -> 198.51.100.7:443 12 3400 1\n" +
			"2026-01-01 00:00:00.500 1:99:00 TCP 192.0.2.1:1 -> 198.51.100.7:443 12 3400 1\n" +
			"2026-01-01 00:00:00.500 xd 1:00:00 TCP 192.0.2.1:1 -> 198.51.100.7:443 12 3400 1\n" +
			"what is this\nsoon it will be said -> or not at all\n", "", 8, 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dump := flowtest.Dump(Text(), []byte(test.text), &flow.Options{Workers: 2, Chunk: 200})
			if !strings.HasPrefix(dump, "match 95 ") || !strings.Contains(dump, test.rows) || strings.Contains(dump, "!") ||
				!strings.Contains(dump, fmt.Sprintf("%d rows, %d bad, %d skipped\n", strings.Count(test.rows, "\n"), test.bad, test.skipped)) ||
				!strings.Contains(dump, test.note) {
				t.Errorf("want rows\n%s%d bad, %d skipped, note %q; got\n%s", test.rows, test.bad, test.skipped, test.note, dump)
			}
		})
	}
}

// numbered2 is a row so many times, from line 2.
func numbered2(n int, row string) (rows []string) {
	for i := range n {
		rows = append(rows, fmt.Sprint(i+2, " ", row))
	}
	return rows
}

func TestTextThatCannotBeReadIsRefused(t *testing.T) {
	for _, heading := range []string{
		"Date first seen          Duration Proto      Src IP Addr:Port          Dst IP Addr:Port   Out Pkt   In Pkt Out Byte  In Byte Flows\n",
		"Event time               Event  XEvent Proto      Src IP Addr:Port          Dst IP Addr:Port     X-Src IP Addr:Port        X-Dst IP Addr:Port   In Byte Out Byte\n",
		"Date first seen          Event  XEvent Proto      Src IP Addr:Port          Dst IP Addr:Port     X-Src IP Addr:Port        X-Dst IP Addr:Port   In Byte Out Byte\n",
	} {
		dump := flowtest.Dump(Text(), []byte(heading), &flow.Options{})
		if !strings.HasPrefix(dump, "match 95 ") || !strings.Contains(dump, "refused: nfdump printed") {
			t.Error(dump)
		}
	}
	for _, head := range []string{"", "Date first seen,Duration,Proto,Src IP Addr,Src Pt,Dst IP Addr,Dst Pt\n", "ts,te,td\n", textLong[:20] + "\x00" + textLong} {
		if score, why := matchText([]byte(head)); score != 0 || why == "" {
			t.Errorf("%q: %d %s", head, score, why)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(textLong + "2026-01-01 00:00:00.500     1.500 TCP          192.0.2.1:40112 ->     198.51.100.7:443   .AP.SF   0       12    1.4 M     1\n" + textEnd))
	f.Add([]byte(textLine + "2026-01-01 00:00:00.500  2d 01:00:01.500 ICMP          192.0.2.1:0 ->     198.51.100.7:3.1         12     3400     1\n"))
	flowtest.Fuzz(f, Text())
}

func BenchmarkText(b *testing.B) {
	flowtest.Bench(b, Text(), textLong, func(b []byte, i int) []byte {
		return fmt.Appendf(b, "2026-03-10 09:%02d:%02d.632     0.500 TCP   %15s:%-5d ->     198.51.100.%d:443   .AP.SF   0 %8d %8d     1\n",
			i/6000%60, i/100%60, fmt.Sprintf("192.168.%d.5", i%256), 1024+i%60000, i%250, 1+i%9, 100+i%1000)
	})
}
