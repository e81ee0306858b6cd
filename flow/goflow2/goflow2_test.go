package goflow2

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
)

// run reads text and tells the source, and the rows as lines of text.
func run(t testing.TB, text string) (*flow.Source, []string) {
	t.Helper()
	src := flow.BytesSource("flows.json", []byte(text), &flow.Options{Workers: 2, Chunk: 700, Symbols: flow.NewSymbols()})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range rows {
		r := &rows[i]
		out = append(out, fmt.Sprintf("%d: %v +%dms %v %v:%d → %v:%d %d B %d P [%s] icmp %d/%d [%s]", r.Row, r.Start, int64(r.Duration/1e6),
			r.Proto, r.Src, r.SrcPort, r.Dst, r.DstPort, r.SrcBytes, r.SrcPkts, r.SrcFlags, r.ICMPType, r.ICMPCode, strings.Join(r.Has.Names(), " ")))
	}
	return src, out
}

const (
	record = `{"type":"NETFLOW_V9","time_received_ns":1767225610000000000,"sequence_num":1,"sampling_rate":0,"sampler_address":"192.0.2.1",` +
		`"time_flow_start_ns":1767225600000000000,"time_flow_end_ns":1767225609500000000,"bytes":3400,"packets":12,` +
		`"src_addr":"10.0.0.5","dst_addr":"203.0.113.7","etype":"IPv4","proto":"TCP","src_port":40112,"dst_port":443,"tcp_flags":27}` + "\n"
	old = `{"Type":4,"TimeReceived":1767225610,"SamplingRate":0,"SamplerAddress":"192.0.2.1","TimeFlowStart":1767225600,"TimeFlowEnd":1767225609,` +
		`"Bytes":3400,"Packets":12,"SrcAddr":"10.0.0.5","DstAddr":"203.0.113.7","Proto":6,"SrcPort":40112,"DstPort":443,"TCPFlags":27}` + "\n"
	all  = "start addresses protocol duration src_port dst_port src_bytes src_pkts tcp_flags"
	want = "2026-01-01T00:00:00Z +9500ms tcp 10.0.0.5:40112 → 203.0.113.7:443 3400 B 12 P [FSPA] icmp 0/0 [" + all + "]"
)

func with(old, new string) string { return strings.Replace(record, old, new, 1) }

// icmp is the record read as a message of a type and code.
func icmp(typeAndCode string) string {
	return strings.NewReplacer("tcp ", "icmp ", ":40112", ":0", ":443", ":0", "[FSPA]", "[]", "0/0", typeAndCode,
		"src_port dst_port ", "", "tcp_flags]", "icmp]").Replace(want)
}

func TestRows(t *testing.T) {
	for _, test := range []struct {
		name, text   string
		rows         []string
		bad, skipped uint64
		notes        string
	}{
		{"records", record + "\n" + old, []string{"1: " + want, "3: " + strings.Replace(want, "9500", "9000", 1)}, 0, 0, ""},
		{"an array", "[" + record + "," + record + "]", []string{"1: " + want, "2: " + want}, 0, 0, ""},
		{"times as text", strings.NewReplacer("1767225600000000000", `"2026-01-01T00:00:00Z"`, "1767225609500000000", `"2026-01-01T00:00:09.5Z"`).Replace(record), []string{"1: " + want}, 0, 0, ""},
		{"sampled", with(`"sampling_rate":0`, `"sampling_rate":100`), []string{"1: " + strings.NewReplacer("3400", "340000", "12 P", "1200 P").Replace(want)}, 0, 0, "1 records are of sampled traffic"},
		{"sFlow", with("1767225600000000000", "0"), []string{"1: " + strings.NewReplacer("00:00:00Z", "00:00:10Z", "9500", "0", "duration ", "").Replace(want)}, 0, 0, ""},
		{"a wrong clock", strings.NewReplacer("1767225600", "1667225600", "1767225609", "1667225609").Replace(record),
			[]string{"1: " + strings.Replace(want, "00:00:00Z", "00:00:00.5Z", 1)}, 0, 0, "1 records end more than an hour off"},
		{"ICMP, end before the start, odd counters", strings.NewReplacer(`"TCP"`, `"IPv6-ICMP"`, `"tcp_flags":27`, `"icmp_type":128,"icmp_code":0`, "1767225609500000000", "1767225599000000000", "10.0.0.5", "2001:db8::1", "203.0.113.7", "2001:db8::2", "3400", "-1").Replace(record),
			[]string{"1: 2026-01-01T00:00:00Z +0ms ipv6-icmp 2001:db8::1:0 → 2001:db8::2:0 0 B 12 P [] icmp 128/0 [start addresses protocol duration src_pkts icmp]"}, 0, 0, "1 records end before"},
		{"ICMP of NetFlow v5, type and code in the port", strings.NewReplacer(`"TCP"`, `"ICMP"`, `"src_port":40112,"dst_port":443`, `"src_port":0,"dst_port":2048,"icmp_type":0,"icmp_code":0`).Replace(record) +
			strings.NewReplacer(`"TCP"`, `1`, `"src_port":40112,"dst_port":443`, `"dst_port":769`).Replace(record) +
			strings.NewReplacer(`"TCP"`, `1`, `"src_port":40112,"dst_port":443`, `"dst_port":0,"icmp_type":0,"icmp_code":0`).Replace(record) +
			strings.NewReplacer(`"TCP"`, `1`, `"src_port":40112,"dst_port":443`, `"dst_port":70000`).Replace(record),
			[]string{"1: " + icmp("8/0"), "2: " + icmp("3/1"), "3: " + icmp("0/0"), "4: " + strings.Replace(icmp("0/0"), " icmp]", "]", 1)}, 0, 0, ""},
		{"protocols without ports, numbers as text", strings.NewReplacer(`"TCP"`, `47`, "40112", "0", "443", "0", "3400", `"3400"`, "12,", `"12",`).Replace(record),
			[]string{"1: " + strings.NewReplacer("tcp ", "gre ", ":40112", ":0", ":443", ":0", "[FSPA]", "[]", "src_port dst_port ", "", " tcp_flags", "").Replace(want)}, 0, 0, ""},
		{"byte order mark and CRLF", "\ufeff" + strings.ReplaceAll(record, "\n", "\r\n") + "\r\n", []string{"1: " + want}, 0, 0, ""},
		{"layer two", record + strings.NewReplacer("10.0.0.5", "", "203.0.113.7", "").Replace(record), []string{"1: " + want}, 0, 1, "1 records have no addresses"},
		{"bad records", record + record[:80] + "\n" + with("10.0.0.5", "a-host") + with(`"10.0.0.5"`, `""`) + with("40112", "70000") + with("1767225600000000000", `"soon"`) + "{}\n",
			[]string{"1: " + want}, 6, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if score, reason := match([]byte(test.text)); score != 95 {
				t.Errorf("score %d: %s", score, reason)
			}
			src, rows := run(t, test.text)
			if d := cmp.Diff(test.rows, rows); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if src.Bad != test.bad || src.Skipped != test.skipped || src.Rows != uint64(len(rows)) {
				t.Errorf("%d bad %v, %d skipped, %d rows; want %d, %d, %d", src.Bad, src.BadRows, src.Skipped, src.Rows, test.bad, test.skipped, len(test.rows))
			}
			if !strings.Contains(strings.Join(src.Notes, "\n"), test.notes) {
				t.Errorf("notes %q lack %q", src.Notes, test.notes)
			}
		})
	}
}

func TestSilenceOfSampledTrafficProvesNothing(t *testing.T) {
	for text, silence := range map[string]bool{
		record:                        true,
		old:                           true,
		with("NETFLOW_V9", "SFLOW_5"): false,
		record + with(`"sampling_rate":0`, `"sampling_rate":100`): false,
	} {
		if src, _ := run(t, text); src.Stitch.Silence != silence || !src.Stitch.Halves || !src.Stitch.Auto {
			t.Errorf("%s: %+v", text, src.Stitch)
		}
	}
}

func TestMatch(t *testing.T) {
	for head, want := range map[string]string{
		"": "not JSON", "a,b\n": "not JSON", `{"src_addr":"192.0.2.1"}`: "JSON without", `{"event_type":"flow"}`: "JSON without",
	} {
		if score, reason := match([]byte(head)); score != 0 || !strings.Contains(reason, want) {
			t.Errorf("%q: %d %q, want %q", head, score, reason, want)
		}
	}
}

func FuzzGoflow2(f *testing.F) {
	f.Add(record + old + "{}")
	f.Add("[" + record + "," + old + "]")
	f.Fuzz(func(t *testing.T, text string) {
		match([]byte(text))
		src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Chunk: 300, Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			return
		}
		rows, _ := flow.ReadAll(r)
		if src.Rows != uint64(len(rows)) {
			t.Fatalf("%d rows, %d counted", len(rows), src.Rows)
		}
		for _, b := range src.BadRows {
			if strings.Contains(b.Reason, "decoder failed") {
				t.Fatal(b)
			}
		}
	})
}

func BenchmarkRecords(b *testing.B) {
	const rows = 100_000
	data := []byte(strings.Repeat(record, rows))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("bench.json", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			b.Fatal(err)
		}
		n, buf := 0, make([]flow.Record, 1024)
		for err == nil {
			var k int
			k, err = r.Read(buf)
			n += k
		}
		if n != rows || src.Bad != 0 || err != io.EOF {
			b.Fatal(n, src.Bad, src.BadRows, err)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
