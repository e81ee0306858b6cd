// Package ecs reads network events in the Elastic Common Schema, as
// Elasticsearch, Filebeat, Packetbeat, ElastiFlow, Malcolm and Arkime export
// them: a JSON object for each event, with nested or dotted keys.
package ecs

import (
	"bytes"
	_ "embed"
	"fmt"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/jsonrows"
	"seine/flow/internal/lines"
)

//go:embed README.md
var doc string

// Format describes events of the Elastic Common Schema.
func Format() *flow.Format {
	return &flow.Format{
		Name:  "ecs",
		Title: "Elastic Common Schema: JSON events with source.ip and destination.ip, nested or dotted",
		Doc:   doc,
		Ext:   []string{".json", ".jsonl", ".ndjson"},
		Fields: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort |
			flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasService | flow.HasUID,
		Match: match,
		Open:  open,
	}
}

// headObjects is how many objects of the head are looked at.
const headObjects = 200

// survey decodes the first objects: how many there are, how many of these are
// flows, and the fields that any of them has.
func survey(head []byte) (objects, flows int, fields flow.Fields) {
	d := &decoder{scan: paths.Scanner(), intern: flow.NewInterner(flow.NewSymbols()), seen: new(tally)}
	for object := range jsonrows.Objects(head) {
		if objects == headObjects {
			break
		}
		objects++
		var r flow.Record
		if d.Decode(object, &r) == nil {
			flows++
			fields |= r.Has
		}
	}
	return objects, flows, fields
}

func match(head []byte) (int, string) {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return 0, "not JSON"
	}
	switch objects, flows, _ := survey(head); {
	case objects == 0:
		return 0, "no JSON object is whole"
	case flows == 0:
		return 0, "JSON without source.ip, destination.ip and a time"
	}
	return 90, ""
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	_, _, src.Fields = survey(head)
	src.Fields |= flow.HasStart | flow.HasAddrs
	src.Mapping = []string{
		"ecs: keys nested or dotted, also within _source",
		"ts        ← event.start, firstPacket, @timestamp", "duration  ← event.duration in ns, event.end, lastPacket",
		"protocol  ← network.iana_number, ipProtocol, network.transport",
		"state     ← zeek.connection.state, event.type, event.action",
		"src_ip    ← source.ip", "src_port  ← source.port", "dst_ip    ← destination.ip", "dst_port  ← destination.port",
		"src_bytes ← source.bytes", "dst_bytes ← destination.bytes",
		"src_pkts  ← source.packets", "dst_pkts  ← destination.packets",
		"service   ← network.protocol", "uid       ← network.community_id",
	}
	seen := new(tally)
	return jsonrows.Open(src, func(in *flow.Interner) lines.Decoder {
		return &decoder{scan: paths.Scanner(), intern: in, seen: seen}
	}, func() { seen.note(src) })
}

// A tally counts what the notes tell at the end, over all decoders.
type tally struct{ noStart, other, negative atomic.Uint64 }

func (t *tally) note(src *flow.Source) {
	for _, n := range []struct {
		count *atomic.Uint64
		text  string
	}{
		{&t.other, "events without a network flow were skipped"},
		{&t.noStart, "events have no event.start: @timestamp is taken for it"},
		{&t.negative, "events end before they start: duration taken as 0"},
	} {
		if c := n.count.Load(); c > 0 {
			src.Note(fmt.Sprintf("%d %s", c, n.text))
		}
	}
}
