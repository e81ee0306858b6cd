package ocsf

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

func TestGolden(t *testing.T) { flowtest.Golden(t, Format()) }

func TestMatch(t *testing.T) {
	for head, want := range map[string]string{
		"":      "not JSON",
		"a,b\n": "not JSON",
		`{"a`:   "no JSON object is whole",
		`{"event_type":"flow","src_ip":"192.0.2.1","flow":{}}`:                                                  "JSON without class_uid",
		`{"@timestamp":"2026-01-01T00:00:10Z","source":{"ip":"192.0.2.1"},"destination":{"ip":"192.0.2.2"}}`:    "JSON without class_uid",
		`{"class_uid":4003,"metadata":{"version":"1.5.0"},"src_endpoint":{"ip":"192.0.2.1"}}`:                   "none of Network Activity",
		`{"class_uid":4001,"metadata":{"version":"1.5.0"},"src_endpoint":{"ip":"192.0.2.1"},"dst_endpoint":{}}`: "none of Network Activity",
	} {
		if score, reason := match([]byte(head)); score != 0 || !strings.Contains(reason, want) {
			t.Errorf("%q: %d %q, want %q", head, score, reason, want)
		}
	}
}

func TestOnlyFlowLogsOfAVPCAreStitched(t *testing.T) {
	const event = `{"metadata":{"version":"1.1.0","product":{"name":%q,"vendor_name":"AWS"}},"class_uid":4001,"activity_id":6,"time":1767225600000,"src_endpoint":{"ip":"192.0.2.1"},"dst_endpoint":{"ip":"192.0.2.2"},"traffic":{"bytes":7}}`
	for product, want := range map[string]bool{"Amazon VPC": true, "Network Firewall": false} {
		src := flow.BytesSource("x", fmt.Appendf(nil, event, product), &flow.Options{Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := flow.ReadAll(r)
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		if got := src.Stitch.Needed(); got != want {
			t.Errorf("%s: stitched %v", product, got)
		}
		if got := rows[0].Has&flow.HasSrcBytes != 0 && rows[0].SrcBytes == 7; got != want {
			t.Errorf("%s: total taken for the source's: %v", product, got)
		}
	}
}

func TestOtherClassesAreRefusedWithAReason(t *testing.T) {
	src := flow.BytesSource("x", []byte(`{"class_uid":4003,"metadata":{"version":"1.5.0"}}`), &flow.Options{Symbols: flow.NewSymbols()})
	if _, err := open(src); err == nil || !strings.Contains(err.Error(), "nothing here is a flow") {
		t.Error(err)
	}
}

// Whatever can be read is written, and reads back as the same records.
func FuzzOCSF(f *testing.F) {
	inputs, _ := filepath.Glob("testdata/*.txt")
	for _, name := range inputs {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		for line := range bytes.Lines(data) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if score, why := match(data); score == 0 && why == "" {
			t.Fatal("refused without a reason")
		}
		symbols := flow.NewSymbols()
		src := flow.BytesSource("x", data, &flow.Options{Chunk: 300, Symbols: symbols})
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
		for i := range rows {
			if r := &rows[i]; r.Has&(flow.HasStart|flow.HasAddrs) != flow.HasStart|flow.HasAddrs || r.Duration < 0 || r.Has&^src.Fields != 0 {
				t.Fatalf("%+v", r)
			}
		}
		if len(rows) == 0 {
			return
		}
		for i, back := range readBack(t, symbols, write(t, symbols, rows)) {
			back.Row, back.File = rows[i].Row, rows[i].File
			for _, s := range []flow.Symbol{back.RawState, back.Service, back.Label, rows[i].RawState, rows[i].Service, rows[i].Label} {
				if text := symbols.Text(s); !utf8.ValidString(text) || len(text) > flow.MaxSymbolText-4 {
					return
				}
			}
			if !utf8.ValidString(rows[i].UID.String()) {
				return
			}
			if d := cmp.Diff(rows[i], back); d != "" {
				t.Fatal(d)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) { flowtest.Bench(b, Format(), "", row) }

func TestAllocations(t *testing.T) { flowtest.Allocations(t, Format(), "", row) }

// What the first events lack, the later ones may have.
func TestLateFieldsAreRead(t *testing.T) {
	const first = `{"metadata":{"version":"1.5.0"},"class_uid":4001,"activity_id":6,"time":1767225600000,"src_endpoint":{"ip":"192.0.2.1"},"dst_endpoint":{"ip":"192.0.2.2"}}` + "\n"
	const later = `{"metadata":{"version":"1.5.0"},"class_uid":4001,"activity_id":6,"time":1767225600000,"duration":7,"src_endpoint":{"ip":"192.0.2.1"},"dst_endpoint":{"ip":"192.0.2.2"},"traffic":{"bytes_out":7}}` + "\n"
	for n, want := range map[int]flow.Fields{1: flow.HasStart | flow.HasAddrs | flow.HasDuration | flow.HasSrcBytes | flow.HasState, 1000: fields} {
		src := flow.BytesSource("x", []byte(strings.Repeat(first, n)+later), &flow.Options{Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := flow.ReadAll(r)
		if err != nil || len(rows) != n+1 || src.Fields != want {
			t.Fatal(len(rows), src.Fields.Names(), err)
		}
		if last := rows[n]; last.SrcBytes != 7 || last.Duration != 7e6 || last.Has&(flow.HasSrcBytes|flow.HasDuration) != flow.HasSrcBytes|flow.HasDuration {
			t.Errorf("%+v", last)
		}
	}
}

func row(b []byte, i int) []byte {
	return fmt.Appendf(b, `{"metadata":{"version":"1.5.0","product":{"name":"Sensor","vendor_name":"Example"}},"category_uid":4,"class_uid":4001,"activity_id":2,"type_uid":400102,"severity_id":1,"time":%d,"start_time":%d,"duration":9500,"src_endpoint":{"ip":"10.0.%d.%d","port":%d},"dst_endpoint":{"ip":"203.0.113.7","port":443},"connection_info":{"direction_id":2,"protocol_num":6},"traffic":{"bytes_out":3400,"bytes_in":9100,"packets_out":12,"packets_in":10}}`+"\n",
		1767225600000+i, 1767225600000+i, i>>8&255, i&255, 1024+i%60000)
}
