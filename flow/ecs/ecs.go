// Package ecs reads network events as they are kept in Elasticsearch: a JSON
// object for each, with nested or dotted keys. It knows three vocabularies:
// the Elastic Common Schema, as Filebeat, Packetbeat, Security Onion, Malcolm
// and Arkime write it, that of Logstash's codec for NetFlow, and ElastiFlow's.
package ecs

import (
	"bytes"
	_ "embed"
	"fmt"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/jsonrows"
	"seine/flow/internal/lines"
	"seine/flow/internal/table"
)

var (
	//go:embed README.md
	doc string
	//go:embed logstash.md
	logstashDoc string
	//go:embed elastiflow.md
	elastiflowDoc string
)

const common = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort |
	flow.HasBytes | flow.HasPkts | flow.HasFlags | flow.HasICMP

// halves is how records of NetFlow relate to connections.
var halves = flow.Stitching{Pieces: true, Halves: true, Silence: true, Auto: true}

// Format describes events of the Elastic Common Schema.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "ecs",
		Title:  "Elastic Common Schema: JSON events with source.ip and destination.ip, nested or dotted",
		Doc:    doc,
		Ext:    []string{".json", ".jsonl", ".ndjson"},
		Fields: elastic.fields,
		Match:  func(head []byte) (int, string) { return elastic.match(head, 90) },
		Open:   elastic.open,
	}
}

// Logstash describes what Logstash makes of NetFlow and IPFIX.
func Logstash() *flow.Format {
	return &flow.Format{
		Name:   "logstash-netflow",
		Title:  "Logstash, codec netflow: JSON events with netflow.ipv4_src_addr or sourceIPv4Address",
		Doc:    logstashDoc,
		Ext:    []string{".json", ".jsonl", ".ndjson"},
		Fields: codec.fields,
		Stitch: halves,
		Match:  func(head []byte) (int, string) { return codec.match(head, 92) },
		Open:   codec.open,
	}
}

// ElastiFlow describes records in ElastiFlow's own schema.
func ElastiFlow() *flow.Format {
	return &flow.Format{
		Name:   "elastiflow",
		Title:  "ElastiFlow: JSON events with flow.src.ip.addr and flow.dst.ip.addr",
		Doc:    elastiflowDoc,
		Ext:    []string{".json", ".jsonl", ".ndjson"},
		Fields: elastiflow.fields,
		Stitch: halves,
		Match:  func(head []byte) (int, string) { return elastiflow.match(head, 93) },
		Open:   elastiflow.open,
	}
}

// headObjects is how many objects of the head are looked at.
const headObjects = 200

// A survey is what the first objects tell.
type survey struct {
	objects, flows int
	fields         flow.Fields // that any of them has
	wrapped        bool        // they stand within the answer of a search
	netflow        int         // flows that Filebeat took from NetFlow
	two            bool        // what came back is counted somewhere
	seconds        bool        // durations are in seconds
	sampled        bool
	cut            bool // long sessions are several events
	pairing        table.Pairing
}

func (l *dialect) survey(head []byte) survey {
	s := l.look(head)
	if s.flows == 0 {
		if inner := l.look(unwrap(head)); inner.flows > 0 {
			inner.wrapped = true
			return inner
		}
	}
	return s
}

// look decodes the first objects.
func (l *dialect) look(head []byte) (s survey) {
	d := l.decoder(flow.NewInterner(flow.NewSymbols()), new(tally))
	for object := range jsonrows.Objects(head) {
		if s.objects == headObjects {
			break
		}
		s.objects++
		var r flow.Record
		if d.Decode(object, &r) != nil {
			continue
		}
		s.flows++
		s.pairing.Add(&r)
		s.fields |= r.Has
		s.two = s.two || r.DstPkts > 0 || r.DstBytes > 0
		s.seconds = s.seconds || fractional(d.text(duration))
		s.sampled = s.sampled || d.number(sampling) > 1
		s.cut = s.cut || d.text(root) != nil
		if string(d.text(exporter)) == "netflow_flow" {
			s.netflow++
		}
	}
	return s
}

// fractional reports whether a duration cannot be one of whole nanoseconds:
// Security Onion writes seconds, as in 0.763983.
func fractional(text []byte) bool {
	_, fraction, ok := bytes.Cut(text, []byte("."))
	return ok && !bytes.ContainsAny(fraction, "eE") && len(bytes.Trim(fraction, "0")) > 0
}

func (l *dialect) match(head []byte, score int) (int, string) {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return 0, "not JSON"
	}
	switch s := l.survey(head); {
	case s.flows > 0:
		return score, ""
	case s.objects == 0:
		return 0, "no JSON object is whole"
	}
	return 0, fmt.Sprintf("JSON without %s, %s and a time", l.names[srcIP][0], l.names[dstIP][0])
}

func (l *dialect) open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	s := l.survey(head)
	hidden := flow.Fields(0)
	if src.Fields = l.fields; len(head) < flow.HeadSize {
		text := head
		if s.wrapped {
			text = unwrap(head)
		}
		if jsonrows.Complete(text, headObjects) {
			src.Fields = s.fields | flow.HasStart | flow.HasAddrs
		}
	}
	netflow := l.oneWay || s.netflow > 0 && s.netflow == s.flows
	oneWay := netflow && !s.two
	if oneWay {
		hidden = flow.HasDstBytes | flow.HasDstPkts
		if s.pairing.OneSided() {
			src.Note(table.OneSided)
		}
	} else if netflow {
		hidden = flow.HasFlags // whose they are, once both directions were counted, is not told
	}
	if s.netflow > 0 && !netflow {
		src.Note("some events are of NetFlow, one direction each, beside events of whole connections: " +
			"they are not put together; event.action netflow_flow tells them apart")
	}
	src.Fields &^= hidden
	src.Stitch = s.stitching(netflow, oneWay)
	src.Mapping = l.explain()
	if s.sampled {
		src.Note("records are of sampled traffic: counts are those of the sample, and a missing answer may only have been missed")
	}
	if s.seconds {
		src.Note("event.duration has fractions, so it is in seconds and not, as the schema has it, in nanoseconds")
	}
	seen := new(tally)
	newDecoder := func(in *flow.Interner) lines.Decoder {
		d := l.decoder(in, seen)
		d.hidden, d.seconds = hidden, s.seconds
		return d
	}
	done := func() { seen.note(src, l.names) }
	if !s.wrapped {
		return jsonrows.Open(src, newDecoder, done)
	}
	stream, err := src.Reader()
	if err != nil {
		return nil, err
	}
	return jsonrows.OpenStream(src, &unwrapper{in: stream}, newDecoder, done), nil
}

// stitching is how the events of an input relate to connections.
func (s *survey) stitching(netflow, oneWay bool) flow.Stitching {
	if !netflow {
		// Arkime cuts long sessions; nothing else here is known to.
		return flow.Stitching{Pieces: s.cut, Auto: s.cut}
	}
	how := halves
	how.Halves = oneWay
	how.Silence = !s.sampled && !s.pairing.OneSided()
	return how
}

// explain tells which names carry which field.
func (l *dialect) explain() []string {
	out := []string{"keys nested or dotted, also within _source"}
	for _, f := range []struct {
		field   string
		members []int
	}{
		{"ts", []int{start, stamp}}, {"duration", []int{duration, end}}, {"protocol", []int{proto}}, {"state", []int{state, kinds, action, syn}},
		{"src_ip", []int{srcIP}}, {"src_port", []int{srcPort}}, {"dst_ip", []int{dstIP}}, {"dst_port", []int{dstPort}},
		{"src_bytes", []int{srcBytes}}, {"dst_bytes", []int{dstBytes}}, {"src_pkts", []int{srcPkts}}, {"dst_pkts", []int{dstPkts}},
		{"src_flags", []int{flags}}, {"icmp_type", []int{icmpType, icmpIn4}}, {"service", []int{service}}, {"uid", []int{uid}},
	} {
		names := ""
		for _, m := range f.members {
			for _, n := range l.names[m] {
				names += ", " + n
			}
		}
		if names != "" {
			out = append(out, fmt.Sprintf("%-9s ← %s", f.field, names[2:]))
		}
	}
	return out
}

// A tally counts what the notes tell at the end, over all decoders.
type tally struct{ noStart, other, detail, negative, back atomic.Uint64 }

func (t *tally) note(src *flow.Source, names [memberCount][]string) {
	for _, n := range []struct {
		count *atomic.Uint64
		text  string
	}{
		{&t.other, "events without a network flow were skipped"},
		{&t.detail, "events that tell details of a flow told by another event were skipped"},
		{&t.noStart, "events have no usable " + names[start][0] + ": @timestamp is taken for it"},
		{&t.back, "events count what came back, though none of the first did: these counts were left out"},
		{&t.negative, "events end before they start: duration taken as 0"},
	} {
		if c := n.count.Load(); c > 0 {
			src.Note(fmt.Sprintf("%d %s", c, n.text))
		}
	}
}
