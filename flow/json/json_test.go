package json_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/formats"
	"seine/flow/internal/flowtest"
	flowjson "seine/flow/json"
)

func TestGolden(t *testing.T) { flowtest.Golden(t, flowjson.Format()) }

func TestWhatIsWrittenReadsBackAsTheSame(t *testing.T) {
	flowtest.RoundTrip(t, flowjson.Format(), 0)
}

func TestWrittenObjects(t *testing.T) {
	symbols := flow.NewSymbols()
	all := flowtest.Dummy(symbols)
	none := flow.Record{Start: flow.Second, Src: all.Src, Dst: all.Src, Has: flow.HasStart | flow.HasAddrs, Row: 2, File: 1}
	got := flowtest.Lines(flowjson.Format(), flowtest.Table{Symbols: symbols, Files: []string{"a.log", "b\u2028\xffc"}}, all, none)
	want := `{"ts":"2026-03-10T09:00:00.25Z","duration":1.500000001,"protocol":"tcp","state":"closed","src_ip":"192.0.2.1","src_port":40001,` +
		`"dst_ip":"2001:db8::1","dst_port":443,"src_bytes":900,"dst_bytes":0,"src_pkts":7,"dst_pkts":18446744073709551615,` +
		`"tcp_flags_src":"SA","tcp_flags_dst":".","icmp_type":8,"icmp_code":0,"service":"a,\"b\"","uid":"C1","label":"two\u000alines",` +
		`"raw_state":"SF","pieces":3,"orient_by":"syn","file":"a.log","row":812}` + "\n" +
		`{"ts":"1970-01-01T00:00:01Z","src_ip":"192.0.2.1","dst_ip":"192.0.2.1","orient_by":"source","file":"b\u2028` + "\ufffd" + `c","row":2}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.Lines(got) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%s is not JSON", line)
		}
	}
}

func TestWhatSeineWroteIsDetected(t *testing.T) {
	symbols := flow.NewSymbols()
	rows := []flow.Record{flowtest.Dummy(symbols)}
	for _, f := range formats.All() {
		if f.Name != "json" && f.Name != "csv" {
			continue
		}
		out, err := flowtest.Write(f, flowtest.Table{Symbols: symbols, Files: []string{"x"}}, rows)
		if err != nil {
			t.Fatal(err)
		}
		got, err := flow.Detect(formats.All(), flow.BytesSource("x", out, &flow.Options{Symbols: symbols}))
		if err != nil || got.Name != f.Name {
			t.Errorf("%s: detected as %v, error %v", f.Name, got, err)
		}
	}
}

func TestNumbersBeyondAnyFloatAreNoFaultOfTheObject(t *testing.T) {
	const text = `{"ts":"2024-01-01T00:00:00Z","src_ip":"192.0.2.1","dst_ip":"192.0.2.2","protocol":"tcp","score":1.5e400}`
	f, err := flow.Detect(formats.All(), flow.BytesSource("x", []byte(text), &flow.Options{Symbols: flow.NewSymbols()}))
	if err != nil || f.Name != "json" {
		t.Errorf("detected as %v, error %v", f, err)
	}
}

func TestOthersGoFirst(t *testing.T) {
	for name, text := range map[string]string{
		"eve":       `{"timestamp":"2026-03-10T09:00:00.1+0000","flow_id":1,"event_type":"flow","src_ip":"10.0.0.5","src_port":1,"dest_ip":"10.0.0.6","dest_port":2,"proto":"TCP","flow":{"start":"2026-03-10T09:00:00.1+0000","end":"2026-03-10T09:00:01.1+0000","pkts_toserver":1,"pkts_toclient":1,"bytes_toserver":1,"bytes_toclient":1,"state":"closed"}}`,
		"zeek-json": `{"ts":1773133200.5,"uid":"C1","id.orig_h":"10.0.0.5","id.orig_p":1,"id.resp_h":"10.0.0.6","id.resp_p":2,"proto":"tcp","conn_state":"SF"}`,
		"ecs":       `{"@timestamp":"2026-03-10T09:00:00Z","source":{"ip":"10.0.0.5","port":1},"destination":{"ip":"10.0.0.6","port":2},"network":{"transport":"tcp"}}`,
		"goflow2":   `{"type":"NETFLOW_V9","time_received_ns":1773133200000000000,"time_flow_start_ns":1773133200000000000,"time_flow_end_ns":1773133201000000000,"sampler_address":"10.0.0.1","bytes":10,"packets":1,"src_addr":"10.0.0.5","dst_addr":"10.0.0.6","proto":"TCP","src_port":1,"dst_port":2}`,
	} {
		got, err := flow.Detect(formats.All(), flow.BytesSource("x", []byte(text+"\n"), &flow.Options{Symbols: flow.NewSymbols()}))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got.Name != name && !strings.HasPrefix(got.Name, "zeek") {
			t.Errorf("%s is taken for %s", name, got.Name)
		}
	}
}

func TestWhatIsNotMatched(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "not JSON",
		"ts,src_ip,dst_ip\n":          "not JSON",
		`{"ts":1,"src_ip":"10.0.0.5"`: "no JSON object is whole",
		`{"ts":1,"src_ip":"10.0.0.5","peer":"10.0.0.6"}`:                                       "no key for dst_ip (keys: ts, src_ip, peer); --map dst_ip=KEY",
		`{"timestamp":"x","event_type":"alert","src_ip":"10.0.0.5","dest_ip":"10.0.0.6"}`:      "no",
		`{"ts":1,"id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.6","query":"example.org"}`:         "a log of Zeek",
		`{"ts":1,"_path":"dns","src_ip":"10.0.0.5","dst_ip":"10.0.0.6","query":"example.org"}`: "a log of Zeek",
		`{"first":1,"last":2,"src":"10.0.0.5","dst":"10.0.0.6","grade":3}`:                     "no protocol, port or counter",
		`[1,2,3]`: "no JSON object is whole",
	} {
		score, why := flowjson.Format().Match([]byte(text))
		if score != 0 || !strings.Contains(why, want) {
			t.Errorf("%s: score %d, %q, want %q", text, score, why, want)
		}
	}
}

func TestKeysCanBeMapped(t *testing.T) {
	text := `{"when":1773133200000,"a":{"x":"10.0.0.5"},"b":"10.0.0.6","ts":5}` + "\n"
	got := flowtest.Dump(flowjson.Format(), []byte(text), &flow.Options{Map: map[string]string{"ts": "when", "src_ip": "a.x", "dst_ip": "b"}})
	if want := "1 2026-03-10T09:00:00Z +- - 10.0.0.5:- > 10.0.0.6:-"; !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// late is an input of which the first objects tell little, and the later ones
// what late is for each.
func late(t *testing.T, first string, late ...string) (*flow.Source, []flow.Record) {
	t.Helper()
	var b strings.Builder
	for range 1000 {
		b.WriteString(`{"ts":1773133200,"src_ip":"10.0.0.5","dst_ip":"10.0.0.6","proto":"tcp"` + first + "}\n")
	}
	for _, l := range late {
		b.WriteString(`{"ts":1773133200,"src_ip":"10.0.0.5","dst_ip":"10.0.0.6","proto":"tcp"` + first + "," + l + "}\n")
	}
	src := flow.BytesSource("x", []byte(b.String()), &flow.Options{Workers: 2, Chunk: 500, Symbols: flow.NewSymbols()})
	r, err := flowjson.Format().Open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil || src.Bad > 0 || len(rows) != 1000+len(late) {
		t.Fatal(len(rows), src.BadRows, err)
	}
	return src, rows[1000:]
}

func TestWhatTheFirstObjectsLackIsReadAllTheSame(t *testing.T) {
	src, rows := late(t, `,"x":{"y":1},"source":null,"dpkts":1`,
		`"src_bytes":900,"duration":1.5`, `"srcBytes":9e2,"duration_ms":"1500"`, `"source":{"bytes":900},"event":{"duration":1500000000}`,
		`"octets":1,"src_bytes":900,"bytes":2,"end":1773133201.5`, `"src_bytes":null,"x":{"y":2,"z":3},"bytes":900,"te":1773133201.5`)
	for i, r := range rows {
		if r.SrcBytes != 900 || r.Duration != flow.Second*3/2 || r.DstPkts != 1 || r.Has&(flow.HasSrcBytes|flow.HasDuration) != flow.HasSrcBytes|flow.HasDuration {
			t.Errorf("row %d: %d bytes, %d ns", i, r.SrcBytes, r.Duration)
		}
	}
	if want := flowjson.Format().Fields; src.Fields != want {
		t.Errorf("fields %v, want %v", src.Fields.Names(), want.Names())
	}
	if last := src.Mapping[len(src.Mapping)-1]; !strings.Contains(last, ": end, duration, state, src_port,") {
		t.Errorf("explained as %q", last)
	}
}

func TestWhatTheFirstObjectsHaveIsNotLookedForAgain(t *testing.T) {
	_, rows := late(t, `,"in_bytes":5,"flags":"S","orig_bytes":7`, `"src_bytes":900,"tcp_flags":"A"`, `"source":{"bytes":6},"orient_by":"syn","pieces":3`)
	for i, r := range rows {
		if r.SrcBytes != 7 || r.SrcFlags != flow.SYN || r.Pieces != 0 || r.Orient != 0 {
			t.Errorf("row %d: %+v", i, r)
		}
	}
}

// All of a short input is known: it carries what its objects have.
func TestAShortInputCarriesWhatItHas(t *testing.T) {
	const object = `{"ts":1,"src_ip":"10.0.0.5","dst_ip":"10.0.0.6","bytes":5}` + "\n"
	for text, want := range map[string]flow.Fields{
		object:                            flow.HasStart | flow.HasAddrs | flow.HasSrcBytes,
		strings.Repeat(object, 201):       flowjson.Format().Fields,
		object + `{"ts":`:                 flow.HasStart | flow.HasAddrs | flow.HasSrcBytes,
		object + `{"ts":` + "\n" + object: flowjson.Format().Fields,
	} {
		src := flow.BytesSource("x", []byte(text), &flow.Options{Symbols: flow.NewSymbols()})
		if _, err := flowjson.Format().Open(src); err != nil || src.Fields != want {
			t.Errorf("%d bytes: fields %v, error %v", len(text), src.Fields.Names(), err)
		}
	}
}

// Objects in an array, over several lines and one a line are the same.
func TestHoweverObjectsStand(t *testing.T) {
	object := func(i int) string {
		return fmt.Sprintf(`{"ts":%d,"src_ip":"10.0.0.5","dst_ip":"10.0.0.%d","note":"}{\"","list":[{"ts":1},[2]]}`, 1773133200+i, i)
	}
	rows := func(text string) string {
		got := flowtest.Dump(flowjson.Format(), []byte(text), &flow.Options{})
		_, rows, _ := strings.Cut(got, "not used:")
		return rows
	}
	want := rows(object(1) + "\n" + object(2) + "\n")
	if !strings.Contains(want, "2 rows, 0 bad, 0 skipped") {
		t.Fatal(want)
	}
	for _, text := range []string{
		"[" + object(1) + "," + object(2) + "]",
		"\ufeff[\n" + object(1) + ",\n" + object(2) + "\n]\n",
		strings.ReplaceAll(object(1)+object(2), ",", ",\n"),
	} {
		if got := rows(text); got != want {
			t.Errorf("%s\nreads as\n%s\nwant\n%s", text, got, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"ts":1773133200,"src_ip":"10.0.0.5","dst_ip":"10.0.0.6","src_bytes":1e3}`)
	f.Add(`[{"ts":"2026-03-10T09:00:00Z","src":{"ip":"10.0.0.5"},"dst":{"ip":"::1"},"proto":1,"dport":2048,"state":"reset"},{}]`)
	f.Add(`{"ts":"2026-03-10T09:00:00Z","src_ip":"::","dst_ip":"::1","orient_by":"syn","uid":"","raw_state":"","pieces":300}` + "\n{\n")
	f.Add(strings.Repeat(`{"ts":1773133200,"src_ip":"10.0.0.5","dst_ip":"10.0.0.6"}`+"\n", 200) + `{"ts":1,"src":"::","dst":"::1","a":{"b":{}},"class":1,"pr":6,"sp":8}`)
	f.Fuzz(func(t *testing.T, text string) {
		format := flowjson.Format()
		if score, why := format.Match([]byte(text)); score == 0 && why == "" {
			t.Fatal("no reason")
		}
		symbols := flow.NewSymbols()
		src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Chunk: 300, Symbols: symbols})
		r, err := format.Open(src)
		if err != nil {
			return
		}
		rows, _ := flow.ReadAll(r)
		if src.Rows != uint64(len(rows)) {
			t.Fatalf("%d rows, %d counted", len(rows), src.Rows)
		}
		last := uint64(0)
		for i := range rows {
			if rows[i].Row <= last || rows[i].Duration < 0 || rows[i].Has&^src.Fields != 0 && rows[i].Has&^src.Fields != flow.HasICMP ||
				rows[i].Has&(flow.HasStart|flow.HasAddrs) != flow.HasStart|flow.HasAddrs {
				t.Fatalf("%+v", rows[i])
			}
			last = rows[i].Row
		}
		for _, b := range src.BadRows {
			if strings.Contains(b.Reason, "decoder failed") {
				t.Fatal(b)
			}
		}
		if len(rows) == 0 {
			return
		}
		if _, err := flowtest.Write(format, flowtest.Table{Symbols: symbols}, rows); err != nil {
			t.Fatal(err)
		}
	})
}

func row(b []byte, i int) []byte {
	return fmt.Appendf(b, `{"ts":"2026-03-10T09:%02d:%02d.25Z","duration":1.5,"protocol":"tcp","state":"closed","src_ip":"10.0.%d.%d","src_port":%d,`+
		`"dst_ip":"203.0.113.9","dst_port":443,"src_bytes":%d,"dst_bytes":4200,"src_pkts":7,"dst_pkts":9,"raw_state":"SF","orient_by":"source","file":"conn.log","row":%d}`+"\n",
		i/60%60, i%60, i>>8&255, i&255, 1024+i%50_000, i, i+1)
}

func TestMoreRowsTakeNoMoreAllocations(t *testing.T) {
	flowtest.Allocations(t, flowjson.Format(), "", row)
}

func BenchmarkRead(b *testing.B) { flowtest.Bench(b, flowjson.Format(), "", row) }

func BenchmarkWrite(b *testing.B) {
	symbols := flow.NewSymbols()
	rows := make([]flow.Record, 1000)
	for i := range rows {
		rows[i] = flowtest.Dummy(symbols)
	}
	names := flowtest.Table{Symbols: symbols}
	out, err := flowtest.Write(flowjson.Format(), names, rows)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(out)))
	b.ReportAllocs()
	w, err := flowjson.Format().Create(io.Discard, names)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := w.Write(rows); err != nil {
			b.Fatal(err)
		}
	}
}
