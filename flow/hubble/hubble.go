// Package hubble reads the flow events of Cilium Hubble: a JSON object for
// each event, as "hubble observe -o jsonpb", the exporter of the agent, and
// older versions without a wrapper write them.
//
// An event tells of one packet at one point of its way, or of a change in the
// state of its connection; nothing is counted. Answers are turned round, so
// that all events of a connection name its originator as the source, and a
// flow is put together from them.
package hubble

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/jsonrows"
	"seine/flow/internal/lines"
)

//go:embed README.md
var doc string

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasState |
	flow.HasFlags | flow.HasICMP | flow.HasLabel

// Format describes the flow events of Hubble.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "hubble",
		Title:  "Cilium Hubble flow events: JSON of hubble observe or of the exporter",
		Doc:    doc,
		Ext:    []string{".json", ".jsonl", ".log"},
		Fields: fields,
		Stitch: stitching,
		Match:  match,
		Open:   open,
	}
}

// stitching tells that a connection is many events, which both its ends may
// have logged, with answers turned round. The agent keeps events back that
// bring nothing new: their absence tells nothing.
var stitching = flow.Stitching{Pieces: true, Copies: true, Gap: 60 * flow.Second, Auto: true}

// headObjects is how many objects of the head are looked at.
const headObjects = 200

// survey tells how many of the first objects are events of Hubble of any
// kind, how many of these are flows, how many of those do not tell whether they
// are answers, and which fields they have.
func survey(head []byte) (objects, events, flows, blind int, has flow.Fields) {
	d := &decoder{scan: paths.Scanner(), intern: flow.NewInterner(flow.NewSymbols()), seen: new(tally)}
	for object := range jsonrows.Objects(head) {
		if objects == headObjects {
			break
		}
		objects++
		var r flow.Record
		switch err := d.Decode(object, &r); err {
		case nil:
			events++
			flows++
			has |= r.Has
		case lines.ErrSkip:
			events++
		}
	}
	return objects, events, flows, int(d.seen.undirected.Load()), has
}

func match(head []byte) (int, string) {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return 0, "not JSON"
	}
	switch objects, events, flows, _, _ := survey(head); {
	case objects == 0:
		return 0, "no JSON object is whole"
	case flows > 0:
		return 96, ""
	case events > 0:
		return 60, ""
	}
	return 0, "JSON without verdict, IP.source and IP.destination"
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	_, events, flows, blind, has := survey(head)
	if events > 0 && flows == 0 {
		return nil, errors.New("none of the first events of Hubble is a packet (Type L3_L4) with its time and addresses: " +
			"have them exported without a filter on the type, and with time, verdict, IP, l4 and is_reply in the field mask")
	}
	src.Fields = fields
	if jsonrows.Complete(head, headObjects) {
		src.Fields = has | flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasState | flow.HasICMP
	}
	src.Mapping = []string{
		"hubble: an event for each packet that was looked at; answers (is_reply) are turned round",
		"ts        ← time", "protocol  ← the key of l4",
		"state     ← verdict, drop_reason_desc, l4.TCP.flags, is_reply",
		"src_ip    ← IP.source", "src_port  ← l4.*.source_port", "dst_ip    ← IP.destination", "dst_port  ← l4.*.destination_port",
		"src_flags ← l4.TCP.flags", "dst_flags ← l4.TCP.flags of answers",
		"icmp_type ← l4.ICMPv4.type, l4.ICMPv6.type", "icmp_code ← l4.ICMPv4.code, l4.ICMPv6.code",
		"label     ← namespace and pod_name of both ends",
	}
	src.Note("events have no byte or packet counters, and no duration but that between the first and last event of a connection")
	src.Stitch = stitching
	src.Stitch.Halves = 2*blind > flows // what does not tell whether it is an answer may be one
	seen := new(tally)
	return jsonrows.Open(src, func(in *flow.Interner) lines.Decoder {
		return &decoder{scan: paths.Scanner(), intern: in, seen: seen}
	}, func() { seen.note(src) })
}

// A tally counts what the notes tell at the end, over all decoders.
type tally struct{ layer7, socket, other, lost, undirected, audit, noAddr atomic.Uint64 }

func (t *tally) note(src *flow.Source) {
	for _, n := range []struct {
		count *atomic.Uint64
		text  string
	}{
		{&t.lost, "events were lost by Hubble before they were written, it says: flows are missing"},
		{&t.layer7, "events of layer 7 (DNS, HTTP, Kafka) were skipped: their packets have events of their own"},
		{&t.socket, "events of sockets were skipped: they tell of addresses that were translated, not of packets"},
		{&t.noAddr, "events without addresses were skipped"},
		{&t.other, "messages of other kinds (node status, agent and debug events) were skipped"},
		{&t.undirected, "events do not tell whether they are an answer (no is_reply): source and destination are as in the packet, unless SYN tells"},
		{&t.audit, "packets would have been dropped, but for the audit mode of policies: not counted as denied"},
	} {
		if c := n.count.Load(); c > 0 {
			src.Note(fmt.Sprintf("%d %s", c, n.text))
		}
	}
}
