package gcp

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
)

// run reads text and tells the source, and the rows as lines of text.
func run(t testing.TB, text string) (*flow.Source, []string, error) {
	t.Helper()
	symbols := flow.NewSymbols()
	src := flow.BytesSource("gcp.json", []byte(text), &flow.Options{Workers: 2, Chunk: 700, Symbols: symbols})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	var out []string
	for i := range rows {
		r := &rows[i]
		out = append(out, fmt.Sprintf("%d: %v +%dns %v %v:%d → %v:%d %d B %d P %s %q [%s]", r.Row, r.Start, int64(r.Duration),
			r.Proto, r.Src, r.SrcPort, r.Dst, r.DstPort, r.SrcBytes, r.SrcPkts, r.State, symbols.Text(r.RawState),
			strings.Join(r.Has.Names(), " ")))
	}
	return src, out, err
}

const (
	record = `{"connection":{"src_ip":"10.0.0.5","src_port":40112,"dest_ip":"203.0.113.7","dest_port":443,"protocol":6},` +
		`"bytes_sent":"3400","packets_sent":"12","reporter":"SRC",` +
		`"start_time":"2026-01-01T00:00:00.186193305Z","end_time":"2026-01-01T00:00:09.301953198Z"}`
	entry = `{"insertId":"a1","logName":"projects/p/logs/compute.googleapis.com%2Fvpc_flows","timestamp":"2026-01-01T00:01:00Z","jsonPayload":` + record + "}\n"
	want  = `2026-01-01T00:00:00.186193305Z +9115759893ns tcp 10.0.0.5:40112 → 203.0.113.7:443 3400 B 12 P unknown "" [start addresses protocol duration src_port dst_port src_bytes src_pkts]`
)

// with is the entry with one text for another.
func with(old, new string) string { return strings.Replace(entry, old, new, 1) }

func TestRows(t *testing.T) {
	pretty := strings.NewReplacer("{", "{\n  ", ",", ",\n  ").Replace(strings.TrimSpace(entry))
	for _, test := range []struct {
		name, text   string
		rows         []string
		bad, skipped uint64
		notes        string
	}{
		{"log entries", entry + "\n" + with(`"SRC"`, `"DEST_GATEWAY"`), []string{"1: " + want, "3: " + want}, 0, 0, "1 records are from the sender's side and 1 from"},
		{"an array", "[" + entry + "," + entry + "]", []string{"1: " + want, "2: " + want}, 0, 0, "sampled"},
		{"an array over lines", "[\n" + pretty + ",\n" + pretty + "\n]\n", []string{"1: " + want, "2: " + want}, 0, 0, ""},
		{"payloads alone", record + "\n" + record + "\n", []string{"1: " + want, "2: " + want}, 0, 0, ""},
		{"BigQuery", "\ufeff" + strings.NewReplacer(":6}", ":6.0}", `40112`, `"40112.0"`, "443", "443.0", `"3400"`, "3400.0", "T00", " 00", `Z"`, ` UTC"`, "jsonPayload", "json_payload").Replace(entry),
			[]string{"1: " + want}, 0, 0, ""},
		{"a protocol without ports", with(`"src_port":40112,`, ``) + strings.NewReplacer("40112", "0", "443", "0", ":6}", ":1}").Replace(entry),
			[]string{strings.Replace("1: "+strings.Replace(want, ":40112", ":0", 1), "src_port ", "", 1),
				`2: 2026-01-01T00:00:00.186193305Z +9115759893ns icmp 10.0.0.5:0 → 203.0.113.7:0 3400 B 12 P unknown "" [start addresses protocol duration src_bytes src_pkts]`}, 0, 0, ""},
		{"absent and odd", with(`"bytes_sent":"3400","packets_sent":"12"`, `"bytes_sent":"many","packets_sent":null`) + with("09.30", "00.10"),
			[]string{
				`1: 2026-01-01T00:00:00.186193305Z +9115759893ns tcp 10.0.0.5:40112 → 203.0.113.7:443 0 B 0 P unknown "" [start addresses protocol duration src_port dst_port]`,
				strings.Replace("2: "+want, "9115759893", "0", 1),
			}, 0, 0, "1 records end before they start"},
		{"firewall rules", `{"logName":"projects/p/logs/compute.googleapis.com%2Ffirewall","timestamp":"2026-01-01T00:00:05Z","jsonPayload":{"connection":{"src_ip":"2001:db8::1","src_port":1,"dest_ip":"2001:db8::2","dest_port":22,"protocol":6},"disposition":"DENIED"}}`,
			[]string{`1: 2026-01-01T00:00:05Z +0ns tcp 2001:db8::1:1 → 2001:db8::2:22 0 B 0 P denied "DENIED" [start addresses protocol src_port dst_port state]`}, 0, 0, ""},
		{"other logs", entry + `{"insertId":"b","logName":"projects/p/logs/activity","protoPayload":{}}` + "\n", []string{"1: " + want}, 0, 1, ""},
		{"bad records", entry + entry[:90] + "\n" + with(`"10.0.0.5"`, `"host.example"`) + with("40112", "70000") + with(`"dest_ip"`, `"dest"`) +
			with(`"start_time"`, `"begin"`) + with("T00:00:00", "T25:00:00") + with("T00:00:09", "soon") + "{}\n[]\n" + with(`"connection":`, `"connection"`),
			[]string{"1: " + want}, 10, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if score, reason := match([]byte(test.text)); score != 95 {
				t.Errorf("score %d: %s", score, reason)
			}
			src, rows, err := run(t, test.text)
			if err != nil {
				t.Error(err)
			}
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

// Behind many records of one kind the other may come.
func TestALongInputMayCarryEitherKind(t *testing.T) {
	const rule = `{"logName":"projects/p/logs/compute.googleapis.com%2Ffirewall","timestamp":"2026-01-01T00:00:05Z","jsonPayload":{"connection":{"src_ip":"10.0.0.1","src_port":1,"dest_ip":"10.0.0.2","dest_port":22,"protocol":6},"disposition":"DENIED"}}` + "\n"
	for _, kinds := range [][2]string{{entry, rule}, {rule, entry}} {
		src, rows, err := run(t, strings.Repeat(kinds[0], headObjects)+kinds[1])
		if err != nil || len(rows) != headObjects+1 || src.Fields != flowFields|firewallFields {
			t.Error(len(rows), src.Fields.Names(), err)
		}
		if src, _, _ := run(t, kinds[0]); src.Fields == flowFields|firewallFields {
			t.Error("a single record carries everything")
		}
	}
}

func TestAnArrayCutShort(t *testing.T) {
	src, rows, err := run(t, "["+entry+","+entry[:100])
	if len(rows) != 1 || src.Bad != 1 || err == nil || !strings.Contains(err.Error(), "cut short behind object 2") {
		t.Error(rows, src.Bad, err)
	}
}

func TestMatch(t *testing.T) {
	for head, want := range map[string]string{
		"":         "not JSON",
		"a,b\n":    "not JSON",
		"\x00\xef": "not JSON",
		"{\"a\":":  "no JSON object is whole",
		`{"event_type":"flow","src_ip":"192.0.2.1","flow":{}}`: "without connection.src_ip",
		`{"connection":{"src_ip":"192.0.2.1"}}`:                "without connection.src_ip",
		`{"records":[{"category":"FlowLogFlowEvent"}]}`:        "without connection.src_ip",
	} {
		if score, reason := match([]byte(head)); score != 0 || !strings.Contains(reason, want) {
			t.Errorf("%q: %d %q, want %q", head, score, reason, want)
		}
	}
}

func FuzzGCP(f *testing.F) {
	f.Add(entry + with("SRC", "DEST"))
	f.Add("[" + entry + ",\n" + entry + "]")
	f.Add(record + "{}\n[]")
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
		last := uint64(0)
		for i := range rows {
			if rows[i].Row <= last || rows[i].Has&flow.HasStart == 0 {
				t.Fatal(rows[i])
			}
			last = rows[i].Row
		}
		for _, b := range src.BadRows {
			if strings.Contains(b.Reason, "decoder failed") {
				t.Fatal(b)
			}
		}
	})
}

func BenchmarkLogEntries(b *testing.B) { bench(b, "", "") }
func BenchmarkArray(b *testing.B)      { bench(b, "[", ",") }

func bench(b *testing.B, before, between string) {
	const rows = 50_000
	rng := rand.New(rand.NewPCG(1, 2))
	data := []byte(before)
	for i := range rows {
		if i > 0 {
			data = append(data, between...)
		}
		data = fmt.Appendf(data, `{"insertId":"ut8lbrf%d","jsonPayload":{"bytes_sent":"%d","connection":{"dest_ip":"203.0.113.%d","dest_port":443,"protocol":6,"src_ip":"10.%d.%d.%d","src_port":%d},"dest_location":{"asn":64496,"continent":"America","country":"usa"},`+
			`"end_time":"2026-01-01T00:%02d:%02d.301953198Z","packets_sent":"%d","reporter":"SRC","rtt_msec":"36","src_instance":{"project_id":"p","region":"us-east1","vm_name":"web","zone":"us-east1-b"},"src_vpc":{"project_id":"p","subnetwork_name":"default","vpc_name":"default"},"start_time":"2026-01-01T00:%02d:%02d.186193305Z"},`+
			`"logName":"projects/p/logs/compute.googleapis.com%%2Fvpc_flows","receiveTimestamp":"2026-01-01T00:59:00.845445834Z","resource":{"labels":{"location":"us-east1-b","project_id":"p","subnetwork_id":"758019","subnetwork_name":"default"},"type":"gce_subnetwork"},"timestamp":"2026-01-01T00:59:00.845445834Z"}`+"\n",
			i, rng.IntN(1<<20), rng.IntN(256), rng.IntN(256), rng.IntN(256), rng.IntN(256), rng.IntN(65536), i/60%60, i%60, rng.IntN(100), i/60%60, i%60)
	}
	if before != "" {
		data = append(data, ']')
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("bench.json", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			b.Fatal(err)
		}
		n, buf := 0, make([]flow.Record, 1024)
		for {
			k, err := r.Read(buf)
			n += k
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		if n != rows || src.Bad != 0 {
			b.Fatal(n, src.Bad, src.BadRows)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func TestHowRecordsAreStitched(t *testing.T) {
	firewall := `{"timestamp":"2026-01-01T00:00:00Z","jsonPayload":{"connection":{"src_ip":"10.0.0.5","dest_ip":"10.0.0.6"},"disposition":"DENIED"}}` + "\n"
	for text, want := range map[string]flow.Stitching{
		entry:            {Pieces: true, Halves: true, Copies: true, Auto: true},
		entry + firewall: {Pieces: true, Halves: true, Copies: true, Auto: true},
		firewall:         {Copies: true, Auto: true},
	} {
		if src, _, err := run(t, text); err != nil || src.Stitch != want {
			t.Errorf("%s\nis stitched as %+v, want %+v, error %v", text, src.Stitch, want, err)
		}
	}
}
