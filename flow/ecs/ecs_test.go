package ecs

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
	symbols := flow.NewSymbols()
	src := flow.BytesSource("ecs.ndjson", []byte(text), &flow.Options{Workers: 2, Chunk: 700, Symbols: symbols})
	r, err := elastic.open(src)
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
		out = append(out, fmt.Sprintf("%d: %v +%dns %v %v:%d → %v:%d %d/%d B %d/%d P %s %q %q %s [%s]", r.Row, r.Start, int64(r.Duration),
			r.Proto, r.Src, r.SrcPort, r.Dst, r.DstPort, r.SrcBytes, r.DstBytes, r.SrcPkts, r.DstPkts, r.State,
			symbols.Text(r.RawState), symbols.Text(r.Service), r.UID, strings.Join(r.Has.Names(), " ")))
	}
	return src, out
}

const (
	nested = `{"@timestamp":"2026-01-01T00:00:10.000Z","event":{"start":"2026-01-01T00:00:00.5Z","end":"2026-01-01T00:00:10Z","duration":9500000000,"type":["connection"]},` +
		`"source":{"ip":"10.0.0.5","port":40112,"bytes":3400,"packets":12},"destination":{"ip":"203.0.113.7","port":443,"bytes":9100,"packets":10},` +
		`"network":{"transport":"tcp","iana_number":"6","protocol":"tls","community_id":"1:abc="}}` + "\n"
	dotted = `{"@timestamp":"2026-01-01T00:00:10.000Z","event.start":"2026-01-01T00:00:00.5Z","event.duration":"9.5e9",` +
		`"source.ip":"10.0.0.5","source.port":"40112","source.bytes":3400.0,"source":{"packets":12},"destination.ip":"203.0.113.7","destination.port":443.0,"destination.bytes":"9100","destination.packets":10,` +
		`"network.transport":"tcp","network.protocol":"tls","network.community_id":"1:abc="}` + "\n"
	want = `2026-01-01T00:00:00.5Z +9500000000ns tcp 10.0.0.5:40112 → 203.0.113.7:443 3400/9100 B 12/10 P unknown "" "tls" 1:abc= [start addresses protocol duration src_port dst_port src_bytes dst_bytes src_pkts dst_pkts service uid]`
)

// with is the nested event with one text for another.
func with(old, new string) string { return strings.Replace(nested, old, new, 1) }

func TestRows(t *testing.T) {
	const ends = `"source":{"ip":"2001:db8::1","port":8},"destination":{"ip":"2001:db8::2","port":0}`
	denied := func(word string) string {
		return strings.NewReplacer(`unknown ""`, `denied "`+word+`"`, "dst_pkts", "dst_pkts state").Replace(want)
	}
	for _, test := range []struct {
		name, text   string
		rows         []string
		bad, skipped uint64
		notes        string
	}{
		{"nested and dotted", nested + "\n" + dotted, []string{"1: " + want, "3: " + want}, 0, 0, ""},
		{"an array", "[" + nested + "," + dotted + "]", []string{"1: " + want, "2: " + want}, 0, 0, ""},
		{"documents", `{"_index":"x","_source":` + strings.TrimSpace(nested) + "}\n" + `{"_source":` + strings.TrimSpace(dotted) + "}\n", []string{"1: " + want, "2: " + want}, 0, 0, ""},
		{"firewalls", with(`["connection"]`, `["connection","denied"]`) + with(`"type"`, `"action":"Deny","type"`) + with(`"type"`, `"action":"allow","type"`),
			[]string{"1: " + denied("denied"), "2: " + denied("Deny"), "3: " + want}, 0, 0, ""},
		{"Zeek's state", with(`"type"`, `"action":"deny","type"`)[:len(with(`"type"`, `"action":"deny","type"`))-2] + `,"zeek":{"connection":{"state":"SF"}}}`,
			[]string{"1: " + strings.Replace(denied("SF"), "denied", "closed", 1)}, 0, 0, ""},
		{"milliseconds, ICMP", `{"firstPacket":1767225600500,"lastPacket":1767225601000,"ipProtocol":58,` + ends + "}",
			[]string{`1: 2026-01-01T00:00:00.5Z +500000000ns ipv6-icmp 2001:db8::1:0 → 2001:db8::2:0 0/0 B 0/0 P unknown "" ""  [start addresses protocol duration]`}, 0, 0, ""},
		{"a protocol without ports", strings.NewReplacer(`"transport":"tcp","iana_number":"6"`, `"iana_number":"47"`, `40112`, `0`, `443`, `0`).Replace(nested),
			[]string{"1: " + strings.NewReplacer("tcp ", "gre ", ":40112", ":0", ":443", ":0", "src_port dst_port ", "").Replace(want)}, 0, 0, ""},
		{"byte order mark and CRLF", "\ufeff" + strings.ReplaceAll(nested+dotted, "\n", "\r\n"), []string{"1: " + want, "2: " + want}, 0, 0, ""},
		{"without a start", `{"@timestamp":"2026-01-01T00:00:10Z","event":{"end":"2026-01-01T00:00:10Z"},"source":{"ip":"192.0.2.1","bytes":null},"destination":{"ip":"192.0.2.2","bytes":-1}}`,
			[]string{`1: 2026-01-01T00:00:10Z +0ns unknown 192.0.2.1:0 → 192.0.2.2:0 0/0 B 0/0 P unknown "" ""  [start addresses]`}, 0, 0, "1 events have no usable event.start"},
		{"other events", `{"@timestamp":"2026-01-01T00:00:10Z","message":"hello"}` + "\n" + nested, []string{"2: " + want}, 0, 1, "1 events without a network flow"},
		{"bad events", nested + nested[:100] + "\n" + with(`"ip":"10.0.0.5",`, ``) + with("10.0.0.5", "a-host") + with("40112", "70000") +
			with("2026-01-01T00:00:00.5Z", "soon") + with(`"duration":9500000000`, `"duration":"x"`) + `{"a":1}` + "\n{}",
			[]string{"1: " + want, "7: " + want}, 7, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if score, reason := elastic.match([]byte(test.text), 90); score != 90 {
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

func TestFieldsAreThoseOfTheInput(t *testing.T) {
	src, _ := run(t, `{"@timestamp":"2026-01-01T00:00:10Z","source":{"ip":"192.0.2.1","bytes":1},"destination":{"ip":"192.0.2.2"}}`)
	if want := flow.HasStart | flow.HasAddrs | flow.HasSrcBytes; src.Fields != want {
		t.Error(src.Fields.Names())
	}
}

// What the first events lack, the later ones may have.
func TestALongInputMayCarryWhatItsFirstEventsLack(t *testing.T) {
	const first = `{"@timestamp":"2026-01-01T00:00:10Z","source":{"ip":"192.0.2.1"},"destination":{"ip":"192.0.2.2"}}` + "\n"
	const later = `{"@timestamp":"2026-01-01T00:00:10Z","source":{"ip":"192.0.2.1","bytes":1},"destination":{"ip":"192.0.2.2"},"event":{"duration":5}}` + "\n"
	for _, n := range []int{headObjects + 1, 1000} {
		src, rows := run(t, strings.Repeat(first, n)+later)
		if src.Fields != Format().Fields || len(rows) != n+1 {
			t.Error(len(rows), src.Fields.Names())
		}
	}
}

// Whose the counts are was settled by the first records.
func TestCountsOfAnswersThatComeLateAreToldOf(t *testing.T) {
	const first = `{"@timestamp":"2026-01-01T00:00:10Z","netflow":{"ipv4_src_addr":"192.0.2.1","ipv4_dst_addr":"192.0.2.2","in_pkts":1,"in_bytes":60}}` + "\n"
	later := strings.ReplaceAll(first, `"in_pkts":1`, `"in_pkts":1,"out_pkts":2,"out_bytes":80`)
	src := flow.BytesSource("x", []byte(strings.Repeat(first, 1000)+later), &flow.Options{Symbols: flow.NewSymbols()})
	r, err := codec.open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil || len(rows) != 1001 || src.Fields != common&^(flow.HasDstBytes|flow.HasDstPkts) || rows[1000].Has&flow.HasDstPkts != 0 {
		t.Error(len(rows), src.Fields.Names(), err)
	}
	if got := strings.Join(src.Notes, "\n"); !strings.Contains(got, "1 events count what came back") {
		t.Errorf("notes %q", got)
	}
}

func TestMatch(t *testing.T) {
	for head, want := range map[string]string{
		"":      "not JSON",
		"a,b\n": "not JSON",
		`{"a`:   "no JSON object is whole",
		`{"event_type":"flow","src_ip":"192.0.2.1","flow":{}}`: "JSON without",
		`{"@timestamp":"2026-01-01T00:00:10Z"}`:                "JSON without",
		`{"ts":1,"id.orig_h":"192.0.2.1"}`:                     "JSON without",
	} {
		if score, reason := elastic.match([]byte(head), 90); score != 0 || !strings.Contains(reason, want) {
			t.Errorf("%q: %d %q, want %q", head, score, reason, want)
		}
	}
}

func FuzzECS(f *testing.F) {
	f.Add(nested + dotted + "{}")
	f.Add("[" + nested + "," + dotted + "]")
	f.Fuzz(func(t *testing.T, text string) {
		elastic.match([]byte(text), 90)
		src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Chunk: 300, Symbols: flow.NewSymbols()})
		r, err := elastic.open(src)
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

func BenchmarkNested(b *testing.B) { bench(b, nested) }
func BenchmarkDotted(b *testing.B) { bench(b, dotted) }

func bench(b *testing.B, event string) {
	const rows = 100_000
	data := []byte(strings.Repeat(event, rows))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("bench.json", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		r, err := elastic.open(src)
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
