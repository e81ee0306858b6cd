// Package goflow2 reads the JSON that the collector goflow2 makes of NetFlow,
// IPFIX and sFlow packets: an object for each record, with flat keys.
package goflow2

import (
	"bytes"
	_ "embed"
	"fmt"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/jsonrows"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

//go:embed README.md
var doc string

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
	flow.HasDstPort | flow.HasSrcBytes | flow.HasSrcPkts | flow.HasFlags | flow.HasICMP

// stitching is how the records relate to connections, as long as they are not
// sampled.
var stitching = flow.Stitching{Pieces: true, Halves: true, Silence: true, Auto: true}

// Format describes the JSON of goflow2.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "goflow2",
		Title:  "goflow2 JSON: NetFlow, IPFIX and sFlow records",
		Doc:    doc,
		Ext:    []string{".json", ".jsonl"},
		Fields: fields,
		Stitch: stitching,
		Match:  match,
		Open:   open,
	}
}

func match(head []byte) (int, string) {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return 0, "not JSON"
	}
	objects, d := 0, &decoder{scan: paths.Scanner()}
	for object := range jsonrows.Objects(head) {
		if objects++; objects > 20 {
			break
		}
		if d.scan.Scan(object) == nil && d.text(sampler) != nil && d.text(received) != nil && d.text(srcAddr) != nil {
			return 95, ""
		}
	}
	return 0, "JSON without sampler_address, time_received_ns and src_addr"
}

// isSampled reports whether any of the first records is of sampled traffic, as
// those of sFlow always are.
func isSampled(head []byte) bool {
	objects, d := 0, &decoder{scan: paths.Scanner()}
	for object := range jsonrows.Objects(head) {
		if objects++; objects > 200 {
			break
		}
		if d.scan.Scan(object) != nil {
			continue
		}
		if n, err := parse.Uint(d.text(rate)); err == nil && n > 1 || string(d.text(kind)) == "SFLOW_5" {
			return true
		}
	}
	return false
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	src.Stitch = stitching
	src.Stitch.Silence = !isSampled(head)
	src.Fields = fields
	src.Mapping = []string{
		"goflow2: a record for each direction",
		"ts        ← time_flow_start_ns, else time_received_ns", "duration  ← time_flow_end_ns - time_flow_start_ns",
		"protocol  ← proto", "src_ip    ← src_addr", "src_port  ← src_port", "dst_ip    ← dst_addr", "dst_port  ← dst_port",
		"src_bytes ← bytes * sampling_rate", "src_pkts  ← packets * sampling_rate", "src_flags ← tcp_flags",
		"icmp_type ← icmp_type", "icmp_code ← icmp_code",
	}
	seen := new(tally)
	return jsonrows.Open(src, func(in *flow.Interner) lines.Decoder {
		return &decoder{scan: paths.Scanner(), seen: seen}
	}, func() { seen.note(src) })
}

// A tally counts what the notes tell at the end, over all decoders.
type tally struct{ sampled, clock, negative, noFlow atomic.Uint64 }

func (t *tally) note(src *flow.Source) {
	for _, n := range []struct {
		count *atomic.Uint64
		text  string
	}{
		{&t.sampled, "records are of sampled traffic: bytes and packets are estimates, and short flows may be missing"},
		{&t.noFlow, "records have no addresses and were skipped"},
		{&t.clock, "records end more than an hour off their reception, a fault of the exporter's clock: reception is taken for the end"},
		{&t.negative, "records end before they start: duration taken as 0"},
	} {
		if c := n.count.Load(); c > 0 {
			src.Note(fmt.Sprintf("%d %s", c, n.text))
		}
	}
}
