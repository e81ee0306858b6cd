package nfdump

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

// readJSON reads text and tells the source, and the rows as lines of text.
func readJSON(t testing.TB, text string, zone *time.Location) (*flow.Source, []string) {
	t.Helper()
	symbols := flow.NewSymbols()
	src := flow.BytesSource("flows.json", []byte(text), &flow.Options{Workers: 2, Chunk: 700, Symbols: symbols, Location: zone})
	r, err := openJSON(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range rows {
		out = append(out, strings.TrimSuffix(flowtest.Row(&rows[i], symbols), "\n"))
		if extra := rows[i].Has &^ src.Fields; extra != 0 {
			t.Errorf("row %d has %v, the source does not", i, extra.Names())
		}
	}
	return src, out
}

const (
	ndRecord = `{"cnt":1,"type":"FLOW","sampled":0,"export_sysid":1,"first":"2026-01-01T00:00:00.500","last":"2026-01-01T00:00:02.000","received":"2026-01-01T00:00:03.000",` +
		`"in_packets":12,"in_bytes":3400,"proto":6,"tcp_flags":"...AP.SF","src_port":40112,"dst_port":443,"src_tos":0,"src4_addr":"192.0.2.1","dst4_addr":"198.51.100.7","label":"<none>"}` + "\n"
	oldRecord = `{"type":"FLOW","sampled":0,"t_first":"2026-01-01T00:00:00.500","t_last":"2026-01-01T00:00:02.0","proto":6,"src4_addr":"192.0.2.1","dst4_addr":"198.51.100.7",` +
		`"src_port":40112,"dst_port":443,"tcp_flags":"...AP.SF","in_packets":12,"in_bytes":3400}` + "\n"
	jsonRow = "2026-01-01T00:00:00.5Z +1.5s tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/- pkts 12/- flags FSPA_"
)

// nd is the record with some texts for others.
func nd(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(ndRecord) }

func TestJSONRecords(t *testing.T) {
	for _, test := range []struct {
		name, text   string
		rows         []string
		bad, skipped uint64
		note         string
		stitch       flow.Stitching
	}{
		{"a line each", ndRecord + "\n" + oldRecord, []string{"1 " + jsonRow, "3 " + jsonRow}, 0, 0, "first is local time", stitching},
		{"an array", "[\n" + strings.ReplaceAll(ndRecord, ",", ",\n\t") + "," + oldRecord + "]", []string{"1 " + jsonRow, "2 " + jsonRow}, 0, 0, "", stitching},
		{"milliseconds without zeros", nd(".500", ".7") + nd(".500", ".70"), []string{
			"1 " + strings.NewReplacer("00.5Z", "00.007Z", "1.5s", "1.993s").Replace(jsonRow),
			"2 " + strings.NewReplacer("00.5Z", "00.07Z", "1.5s", "1.93s").Replace(jsonRow)}, 0, 0, "", stitching},
		{"IPv6 and ICMP", nd(`"src4_addr":"192.0.2.1","dst4_addr":"198.51.100.7"`, `"src6_addr":"2001:db8::1","dst6_addr":"2001:db8::2"`,
			`"proto":6,"tcp_flags":"...AP.SF","src_port":40112,"dst_port":443`, `"proto":58,"icmp_type":128,"icmp_code":0`),
			[]string{"1 2026-01-01T00:00:00.5Z +1.5s ipv6-icmp 2001:db8::1:- > 2001:db8::2:- bytes 3400/- pkts 12/- icmp 128/0"}, 0, 0, "", stitching},
		{"byte order mark, CRLF, numbers as text and with a point, GRE", "\ufeff" + strings.ReplaceAll(nd(`"in_packets":12,"in_bytes":3400,"proto":6`, `"in_packets":"12","in_bytes":3400.0,"proto":"6"`)+
			nd(`"proto":6`, `"proto":47`, "40112", "0", "443", "0"), "\n", "\r\n"), []string{"1 " + jsonRow,
			"2 2026-01-01T00:00:00.5Z +1.5s gre 192.0.2.1:- > 198.51.100.7:- bytes 3400/- pkts 12/-"}, 0, 0, "", stitching},
		{"both directions", nd(`"label"`, `"out_packets":10,"out_bytes":9100,"aggr_flows":2,"label"`) + ndRecord, []string{
			"1 2026-01-01T00:00:00.5Z +1.5s tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/9100 pkts 12/10",
			"2 2026-01-01T00:00:00.5Z +1.5s tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/- pkts 12/-"}, 0, 0, "",
			flow.Stitching{Pieces: true, Silence: true, Auto: true}},
		{"sums", nd(`"label"`, `"aggr_flows":2,"label"`), []string{"1 " + jsonRow}, 0, 0, "several flows", stitching},
		{"bytes that are packets", nd(`"in_bytes":3400`, `"in_bytes":12`), []string{"1 " + strings.Replace(jsonRow, "3400/-", "-/-", 1)}, 0, 0, "in_bytes repeats in_packets", stitching},
		{"sampled", nd(`"sampled":0`, `"sampled":1`), []string{"1 " + jsonRow}, 0, 0, "sampled traffic",
			flow.Stitching{Pieces: true, Halves: true, Auto: true}},
		{"one direction only", strings.Repeat(ndRecord, 20), numbered(20, jsonRow), 0, 0, "no answer to any of it",
			flow.Stitching{Pieces: true, Halves: true, Auto: true}},
		{"events", ndRecord + nd(`"FLOW"`, `"EVENT"`), []string{"1 " + jsonRow}, 0, 1, "1 events", stitching},
		{"the end before the start", nd("02.000", "00.000"), []string{"1 " + strings.Replace(jsonRow, "1.5s", "0s", 1)}, 0, 0, "1 records end before", stitching},
		{"bad records", ndRecord + ndRecord[:100] + "\n" + nd("192.0.2.1", "a-host") + nd(`"first"`, `"then"`) + nd("40112", "70000") +
			nd(`"src4_addr":"192.0.2.1",`, ``) + nd(`"2026-01-01T00:00:00.500"`, `"soon"`) + nd("02.000", "02x000") + nd("02.000", "02x00") + `{"type":"FLOW"}`,
			[]string{"1 " + jsonRow}, 9, 0, "", stitching},
	} {
		t.Run(test.name, func(t *testing.T) {
			if score, reason := matchJSON([]byte(test.text)); score != 95 {
				t.Errorf("score %d: %s", score, reason)
			}
			src, rows := readJSON(t, test.text, nil)
			if d := cmp.Diff(test.rows, rows); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if src.Bad != test.bad || src.Skipped != test.skipped {
				t.Errorf("%d bad %v, %d skipped; want %d, %d", src.Bad, src.BadRows, src.Skipped, test.bad, test.skipped)
			}
			if !strings.Contains(strings.Join(src.Notes, "\n"), test.note) {
				t.Errorf("notes %q lack %q", src.Notes, test.note)
			}
			if src.Stitch != test.stitch {
				t.Errorf("stitching %+v, want %+v", src.Stitch, test.stitch)
			}
		})
	}
}

// numbered is a row so many times.
func numbered(n int, row string) (rows []string) {
	for i := range n {
		rows = append(rows, fmt.Sprint(i+1, " ", row))
	}
	return rows
}

func TestJSONTimesAreOfTheZone(t *testing.T) {
	src, rows := readJSON(t, ndRecord, time.FixedZone("elsewhere", 3600))
	if len(rows) != 1 || !strings.HasPrefix(rows[0], "1 2025-12-31T23:00:00.5Z") || strings.Contains(strings.Join(src.Notes, ""), "local time") {
		t.Errorf("%q %q", rows, src.Notes)
	}
}

func TestMatchJSON(t *testing.T) {
	for head, want := range map[string]string{
		"": "not JSON", "a,b\n": "not JSON", `{"a`: "no JSON object", `{"src4_addr":"192.0.2.1"}`: "JSON without", `{"first":"x"}`: "JSON without",
	} {
		if score, reason := matchJSON([]byte(head)); score != 0 || !strings.Contains(reason, want) {
			t.Errorf("%q: %d %q, want %q", head, score, reason, want)
		}
	}
}

func TestSilenceProvesNothingWhereOneDirectionWasLogged(t *testing.T) {
	const header = "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt\n"
	const out = "2026-01-01 00:00:00,2026-01-01 00:00:01,1.000,192.0.2.1,198.51.100.7,40112,443,TCP,.AP.SF,0,0,12,3400,0,0\n"
	const back = "2026-01-01 00:00:00,2026-01-01 00:00:01,1.000,198.51.100.7,192.0.2.1,443,40112,TCP,.AP.SF,0,0,12,3400,0,0\n"
	for text, silence := range map[string]bool{strings.Repeat(out, 20): false, strings.Repeat(out, 20) + back: true} {
		src := flow.BytesSource("x", []byte(header+text), &flow.Options{Symbols: flow.NewSymbols()})
		src.Stitch = Format().Stitch
		if _, err := Format().Open(src); err != nil || src.Stitch.Silence != silence || !src.Stitch.Halves {
			t.Error(err, src.Stitch)
		}
	}
}

// The CSV of nfdump says by its counters whether its rows are halves.
func TestCSVRowsAreHalvesUnlessBothDirectionsAreCounted(t *testing.T) {
	const header = "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt\n"
	for row, halves := range map[string]bool{
		"2026-01-01 00:00:00,2026-01-01 00:00:01,1.000,192.0.2.1,198.51.100.7,40112,443,TCP,.AP.SF,0,0,12,3400,0,0\n":     true,
		"2026-01-01 00:00:00,2026-01-01 00:00:01,1.000,192.0.2.1,198.51.100.7,40112,443,TCP,.AP.SF,0,0,12,3400,10,9100\n": false,
	} {
		src := flow.BytesSource("x", []byte(header+row), &flow.Options{Symbols: flow.NewSymbols()})
		src.Stitch = Format().Stitch
		r, err := Format().Open(src)
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := flow.ReadAll(r); len(rows) != 1 || err != nil || src.Stitch.Halves != halves || !src.Stitch.Auto {
			t.Error(len(rows), err, src.Stitch)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(ndRecord + oldRecord + "{}")
	f.Add("[" + ndRecord + "," + oldRecord + "]")
	f.Add(nd(".500", ".7", `"label"`, `"out_packets":10,"label"`))
	f.Fuzz(func(t *testing.T, text string) {
		if score, why := matchJSON([]byte(text)); score == 0 && why == "" {
			t.Fatal("no reason")
		}
		src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Chunk: 300, Symbols: flow.NewSymbols()})
		r, err := openJSON(src)
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
		for i := range rows {
			if r := &rows[i]; r.Has&^src.Fields&^flow.HasProto != 0 || r.Duration < 0 {
				t.Fatalf("%+v", r)
			}
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	const rows = 100_000
	data := []byte(strings.Repeat(ndRecord, rows))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("bench.json", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		r, err := openJSON(src)
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
