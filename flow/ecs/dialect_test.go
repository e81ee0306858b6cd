package ecs

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

// readAs reads text with a format and tells the source, and the rows as text.
func readAs(t testing.TB, f *flow.Format, text string) (*flow.Source, string) {
	t.Helper()
	symbols := flow.NewSymbols()
	src := flow.BytesSource("events.json", []byte(text), &flow.Options{Workers: 2, Chunk: 700, Symbols: symbols})
	src.Stitch = f.Stitch
	r, err := f.Open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for i := range rows {
		out += flowtest.Row(&rows[i], symbols)
		if extra := rows[i].Has &^ f.Fields; extra != 0 {
			t.Errorf("row %d has %v, the format does not", i, extra.Names())
		}
	}
	return src, out
}

const (
	codec5 = `{"@timestamp":"2026-01-01T00:00:10Z","host":"203.0.113.90","netflow":{"version":5,"sampling_interval":0,"ipv4_src_addr":"192.0.2.1","ipv4_dst_addr":"198.51.100.7",` +
		`"in_pkts":12,"in_bytes":3400,"first_switched":"2026-01-01T00:00:00.500Z","last_switched":"2026-01-01T00:00:02.000Z","l4_src_port":40112,"l4_dst_port":443,"tcp_flags":27,"protocol":6}}` + "\n"
	codec10 = `{"@timestamp":"2026-01-01T00:00:10Z","netflow.sourceIPv6Address":"2001:db8::1","netflow.destinationIPv6Address":"2001:db8::2","netflow.protocolIdentifier":6,` +
		`"netflow.octetDeltaCount":3400,"netflow.packetDeltaCount":12,"netflow.flowStartMilliseconds":"2026-01-01T00:00:00.500Z","netflow.flowEndMilliseconds":"2026-01-01T00:00:02.000Z",` +
		`"netflow.sourceTransportPort":40112,"netflow.destinationTransportPort":443,"netflow.tcpControlBits":27}` + "\n"
	codecRow  = "2026-01-01T00:00:00.5Z +1.5s tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/- pkts 12/- flags FSPA_\n"
	codecRow6 = "2026-01-01T00:00:00.5Z +1.5s tcp 2001:db8::1:40112 > 2001:db8::2:443 bytes 3400/- pkts 12/- flags FSPA_\n"

	elastiflow5 = `{"@timestamp":1767225610000,"flow.src.ip.addr":"192.0.2.1","flow.src.l4.port.id":40112,"flow.dst.ip.addr":"198.51.100.7","flow.dst.l4.port.id":443,` +
		`"flow.client.ip.addr":"192.0.2.1","flow.server.ip.addr":"198.51.100.7","l4.proto.name":"TCP","flow.bytes":3400,"flow.packets":12,` +
		`"flow.start.timestamp":1767225600500,"flow.end.timestamp":1767225602000,"tcp.flags.bits":27}` + "\n"
	elastiflow3 = `{"_source":{"@timestamp":"2026-01-01T00:00:10Z","flow":{"src_addr":"192.0.2.1","src_port":40112,"dst_addr":"198.51.100.7","dst_port":443,"ip_protocol":"TCP","bytes":3400,"packets":12},` +
		`"netflow":{"first_switched":"2026-01-01T00:00:00.500Z","last_switched":"2026-01-01T00:00:02.000Z"}}}` + "\n"

	beat = `{"@timestamp":"2026-01-01T00:00:10Z","event":{"action":"netflow_flow","kind":"event","type":["connection"]},"source":{"ip":"192.0.2.1","port":40112,"bytes":3400,"packets":12},` +
		`"destination":{"ip":"198.51.100.7","port":443},"network":{"iana_number":"6","transport":"tcp","bytes":3400,"packets":12},"netflow":{"type":"netflow_flow","tcp_control_bits":27,` +
		`"flow_start_sys_up_time":1000,"flow_end_sys_up_time":2500,"exporter":{"timestamp":"2026-01-01T00:00:10.000Z","uptime_millis":10500}}}` + "\n"

	arkime = `{"firstPacket":1767225600500,"lastPacket":1767225602000,"ipProtocol":6,"node":"sensor","source":{"ip":"192.0.2.1","port":40112,"bytes":3400,"packets":12},` +
		`"destination":{"ip":"198.51.100.7","port":443,"bytes":9100,"packets":10},"network":{"bytes":12500,"packets":22,"community_id":"1:abc="},` +
		`"tcpflags":{"syn":1,"syn-ack":1,"ack":10,"psh":5,"fin":2,"rst":0,"urg":0}}` + "\n"
	arkimeRow = "2026-01-01T00:00:00.5Z +1.5s tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/9100 pkts 12/10 closed(syn-ack fin) uid 1:abc=\n"

	malcolm = `{"@timestamp":"2026-01-01T00:00:00.500Z","firstPacket":1767225600500,"lastPacket":1767225602000,"event":{"provider":"zeek","dataset":"conn"},` +
		`"source":{"ip":"192.0.2.1","port":40112,"bytes":3400,"packets":12},"destination":{"ip":"198.51.100.7","port":443,"bytes":9100,"packets":10},` +
		`"network":{"transport":"tcp","protocol":["tls"]},"zeek":{"conn":{"conn_state":"SF"}}}` + "\n"
	malcolmRow = "2026-01-01T00:00:00.5Z +1.5s tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/9100 pkts 12/10 closed(SF)\n"
)

// change is text with some parts for others.
func change(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

func TestDialects(t *testing.T) {
	oneWay := halves
	sampled, both := halves, halves
	sampled.Silence, both.Halves = false, false
	for _, test := range []struct {
		name         string
		format       *flow.Format
		text, rows   string
		bad, skipped uint64
		note         string
		stitch       flow.Stitching
	}{
		{"codec", Logstash(), codec5 + codec10, "1 " + codecRow + "2 " + codecRow6, 0, 0, "", oneWay},
		{"codec, bare", Logstash(), change(codec5, `"netflow":{`, ``, "}}", "}"), "1 " + codecRow, 0, 0, "", oneWay},
		{"codec, documents", Logstash(), `[{"_index":"x","_source":` + codec5 + `},{"_source":` + codec10 + `}]`, "1 " + codecRow + "2 " + codecRow6, 0, 0, "", oneWay},
		{"codec, uptimes", Logstash(), change(codec5, `"2026-01-01T00:00:00.500Z"`, "537025500", `"2026-01-01T00:00:02.000Z"`, "537027000"),
			"1 " + change(codecRow, "00:00.5Z", "00:10Z"), 0, 0, "1 events have no usable netflow.first_switched", oneWay},
		{"codec, ICMP", Logstash(), change(codec5, `"protocol":6`, `"protocol":1`, "443", "769"),
			"1 2026-01-01T00:00:00.5Z +1.5s icmp 192.0.2.1:- > 198.51.100.7:- bytes 3400/- pkts 12/- icmp 3/1\n", 0, 0, "", oneWay},
		{"codec, both directions", Logstash(), change(codec5, `"in_pkts"`, `"out_pkts":10,"out_bytes":9100,"in_pkts"`),
			"1 2026-01-01T00:00:00.5Z +1.5s tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/9100 pkts 12/10\n", 0, 0, "", both},
		{"codec, sampled", Logstash(), change(codec5, `"sampling_interval":0`, `"sampling_interval":100`), "1 " + codecRow, 0, 0, "sampled traffic", sampled},
		{"codec, one direction only", Logstash(), strings.Repeat(codec5, 20), numbered(20, codecRow), 0, 0, "no answer to any of it", sampled},
		{"codec, bad", Logstash(), codec5 + change(codec5, `"ipv4_src_addr"`, `"x"`) + change(codec5, "192.0.2.1", "a-host") + change(codec5, "00:00:02.000Z", "soon") + codec5[:90] + "\n" +
			`{"@timestamp":"2026-01-01T00:00:10Z","message":"hello"}`, "1 " + codecRow, 4, 1, "1 events without", oneWay},
		{"ElastiFlow", ElastiFlow(), elastiflow5 + elastiflow3, "1 " + codecRow + "2 " + strings.Replace(codecRow, " flags FSPA_", "", 1), 0, 0, "", oneWay},
		{"Filebeat, NetFlow", Format(), beat, "1 " + change(codecRow, "00:00.5Z", "00:00.5Z"), 0, 0, "", oneWay},
		{"Filebeat, NetFlow of an exporter without a clock", Format(), change(beat, `"uptime_millis":10500`, `"uptime_millis":0`),
			"1 2026-01-01T00:00:10Z +- tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/- pkts 12/- flags FSPA_\n", 0, 0, "no usable event.start", oneWay},
		{"Filebeat, NetFlow beside others", Format(), beat + malcolm, "1 " + codecRow + "2 " + malcolmRow, 0, 0, "not put together", flow.Stitching{}},
		{"Arkime", Format(), arkime, "1 " + arkimeRow, 0, 0, "", flow.Stitching{}},
		{"Arkime, long sessions", Format(), change(arkime, `"node"`, `"rootId":"260101-x","node"`), "1 " + arkimeRow, 0, 0, "", flow.Stitching{Pieces: true, Auto: true}},
		{"Arkime, its answer", Format(), `{"data":[` + arkime + "," + arkime + `],"recordsTotal":2}`, "1 " + arkimeRow + "2 " + arkimeRow, 0, 0, "", flow.Stitching{}},
		{"Malcolm", Format(), malcolm + change(malcolm, `"dataset":"conn"`, `"dataset":"ssl"`), "1 " + malcolmRow, 0, 1, "1 events that tell details", flow.Stitching{}},
		{"Filebeat, Zeek", Format(), change(malcolm, `"provider":"zeek","dataset":"conn"`, `"dataset":"zeek.connection"`, `"conn":{"conn_state"`, `"connection":{"state"`) +
			change(malcolm, `"provider":"zeek","dataset":"conn"`, `"dataset":"zeek.dns"`), "1 " + malcolmRow, 0, 1, "", flow.Stitching{}},
		{"alerts of Seine beside flows", Format(), malcolm + change(malcolm, `"provider":"zeek","dataset":"conn"`, `"dataset":"seine.alert"`),
			"1 " + malcolmRow, 0, 1, "1 events that tell details", flow.Stitching{}},
		{"Filebeat, Suricata", Format(), change(malcolm, `"provider":"zeek","dataset":"conn"`, `"dataset":"suricata.eve"`, `"zeek":`, `"suricata":{"eve":{"event_type":"alert"}},"zeek":`) + malcolm,
			"2 " + malcolmRow, 0, 1, "", flow.Stitching{}},
		{"Security Onion", Format(), change(malcolm, `"firstPacket":1767225600500,"lastPacket":1767225602000,`, ``, `"provider":"zeek","dataset":"conn"`, `"module":"zeek","dataset":"zeek.conn","duration":1.5`,
			`"zeek":{"conn":{"conn_state":"SF"}}`, `"connection":{"state":"SF"}`), "1 " + malcolmRow, 0, 0, "event.duration has fractions", flow.Stitching{}},
		{"the answer of a search", Format(), `{"took":3,"hits":{"total":{"value":2},"max_score":null,"hits":[{"_index":"a]b","_source":` + malcolm + `},{"_id":"\"[","_source":` + malcolm + `}]}}` +
			"\n" + `{"hits":{"hits":[{"_source":` + malcolm + `}]}}`, "1 " + malcolmRow + "2 " + malcolmRow + "3 " + malcolmRow, 0, 0, "", flow.Stitching{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if score, reason := test.format.Match([]byte(test.text)); score == 0 {
				t.Errorf("score 0: %s", reason)
			}
			for _, other := range []*flow.Format{Format(), Logstash(), ElastiFlow()} {
				if other.Name != test.format.Name {
					if score, _ := other.Match([]byte(test.text)); score != 0 {
						t.Errorf("%s takes it for its own", other.Name)
					}
				}
			}
			src, rows := readAs(t, test.format, test.text)
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
func numbered(n int, row string) (rows string) {
	for i := range n {
		rows += fmt.Sprint(i+1, " ", row)
	}
	return rows
}

func TestHandshakesOfArkime(t *testing.T) {
	for flags, want := range map[string]string{
		`"syn":1,"syn-ack":0,"fin":0,"rst":0`: "rejected(syn rst)", // the reset is among the packets of the other side
		`"syn":3,"syn-ack":0,"fin":0`:         "partial(no handshake)",
		`"syn":1,"syn-ack":1`:                 "established(syn-ack)",
		`"syn":1,"syn-ack":1,"rst":1`:         "closed(syn-ack rst)",
		`"syn":0,"syn-ack":0,"ack":7,"fin":1`: "partial(no handshake)",
	} {
		if want == "rejected(syn rst)" {
			flags = strings.Replace(flags, `"rst":0`, `"rst":1`, 1)
		}
		_, row := readAs(t, Format(), change(arkime, `"syn":1,"syn-ack":1,"ack":10,"psh":5,"fin":2,"rst":0,"urg":0`, flags))
		if !strings.Contains(row, " "+want) {
			t.Errorf("%s: %s, want %s", flags, row, want)
		}
	}
	_, row := readAs(t, Format(), change(arkime, `"syn":1,"syn-ack":1`, `"syn":3,"syn-ack":0`, `"bytes":9100,"packets":10`, `"bytes":0,"packets":0`))
	if !strings.Contains(row, " attempt(syn)") {
		t.Error(row)
	}
}

func TestWhatIsAroundTheDocumentsIsDropped(t *testing.T) {
	for text, want := range map[string]string{
		`{"hits":{"hits":[{"a":"]"},{"b":["\"]"]}],"x":[1]}}`:    `[{"a":"]"},{"b":["\"]"]}]`,
		`{"rawResponse":{"hits":{"hits":[1]}}}{"data":[2]}`:      `[1][2]`,
		`{"hits":[1],"data":{"hits":[2],"data":[3]},"x":"hits"}`: ``,
		`[{"data":[1]}]`: ``,
		`]]{"data":[1`:   `[1`,
		``:               ``,
	} {
		for _, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			if got, err := io.ReadAll(&unwrapper{in: in}); string(got) != want || err != nil {
				t.Errorf("%s: %s, %v; want %s", text, got, err, want)
			}
		}
	}
}

func TestTheAnswerOfASearchThatIsCutShortIsAnError(t *testing.T) {
	text := `{"hits":{"hits":[{"_source":` + malcolm + `},{"_source":` + malcolm
	src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
	r, err := Format().Open(src)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := flow.ReadAll(r); len(rows) != 1 || err == nil || src.Bad != 1 {
		t.Error(len(rows), err, src.Bad)
	}
}

func FuzzDialects(f *testing.F) {
	for _, text := range []string{codec5 + codec10, elastiflow5 + elastiflow3, beat + malcolm, arkime, `{"hits":{"hits":[{"_source":` + malcolm + `}]}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []*flow.Format{Format(), Logstash(), ElastiFlow()} {
			if score, why := format.Match([]byte(text)); score == 0 && why == "" {
				t.Fatal("no reason")
			}
			src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Chunk: 300, Symbols: flow.NewSymbols()})
			r, err := format.Open(src)
			if err != nil {
				continue
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
				if r := &rows[i]; r.Has&^format.Fields != 0 || r.Duration < 0 {
					t.Fatalf("%+v", r)
				}
			}
		}
	})
}

func BenchmarkCodec(b *testing.B) {
	const rows = 100_000
	data := []byte(strings.Repeat(codec5, rows))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("bench.json", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		r, err := codec.open(src)
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
