// Package ocsf reads and writes Network Activity events (class 4001) of the
// Open Cybersecurity Schema Framework: a JSON object for each event, as SIEM
// pipelines and security lakes exchange them.
//
// Reading takes an event for a flow where it tells the whole of one; events
// that only announce a connection are left to those that sum it up. Writing
// gives events of version 1.5.0 that read back as the same records: what the
// schema has no place for goes into its object for that, "unmapped".
package ocsf

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

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort |
	flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasFlags | flow.HasICMP | flow.HasService | flow.HasLabel | flow.HasUID

// Format describes Network Activity events.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "ocsf",
		Title:  "OCSF Network Activity (class 4001) as JSON, versions 1.0 to 1.5, also of security lakes",
		Doc:    doc,
		Ext:    []string{".json", ".jsonl", ".ndjson"},
		Fields: fields,
		Match:  match,
		Open:   open,
		Create: create,
	}
}

// headObjects is how many objects of the head are looked at.
const headObjects = 500

// A census tells what the first events are.
type census struct {
	objects, events int         // JSON objects, events of the schema
	flows           int         // events of the class with two addresses
	ended           int         // of these, events that tell more than that a connection was opened
	halves          int         // of these, events of a producer that logs each direction by itself
	fields          flow.Fields // that any of them has
}

func survey(head []byte) (c census) {
	d := &decoder{scan: paths.Scanner(), intern: flow.NewInterner(flow.NewSymbols()), seen: new(tally), opens: true}
	for object := range jsonrows.Objects(head) {
		if c.objects == headObjects {
			break
		}
		c.objects++
		var r flow.Record
		err := d.Decode(object, &r)
		if d.text(classUID) != nil && d.scan.Kind(metadata) > 0 {
			c.events++
		}
		if err != nil {
			continue
		}
		c.flows++
		c.fields |= r.Has
		if d.activity() != activityOpen {
			c.ended++
		}
		if d.oneWay() {
			c.halves++
		}
	}
	return c
}

func match(head []byte) (int, string) {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return 0, "not JSON"
	}
	switch c := survey(head); {
	case c.objects == 0:
		return 0, "no JSON object is whole"
	case c.flows > 0:
		return 97, ""
	case c.events > 0:
		return 0, "OCSF events, but none of Network Activity (class_uid 4001) with two addresses and a time"
	}
	return 0, "JSON without class_uid 4001, src_endpoint.ip and dst_endpoint.ip"
}

// windows is how the records of AWS VPC flow logs relate to connections: each
// direction for itself, at both ends if both are logged, a record for each
// window of one or ten minutes.
var windows = flow.Stitching{Pieces: true, Halves: true, Copies: true, Auto: true}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	c := survey(head)
	if c.flows == 0 && c.events > 0 {
		_, why := match(head)
		return nil, fmt.Errorf("%s: nothing here is a flow", why)
	}
	if src.Fields = fields; jsonrows.Complete(head, headObjects) {
		src.Fields = c.fields | flow.HasStart | flow.HasAddrs
	}
	src.Mapping = []string{
		"ocsf: Network Activity, class_uid 4001",
		"ts        ← start_time, else time", "duration  ← duration, else end_time - start_time",
		"protocol  ← connection_info.protocol_num, else protocol_name",
		"state     ← action, disposition, status, activity_id, flags",
		"src_ip    ← src_endpoint.ip", "src_port  ← src_endpoint.port",
		"dst_ip    ← dst_endpoint.ip", "dst_port  ← dst_endpoint.port",
		"src_bytes ← traffic.bytes_out", "dst_bytes ← traffic.bytes_in",
		"src_pkts  ← traffic.packets_out", "dst_pkts  ← traffic.packets_in",
		"service   ← app_name", "uid       ← connection_info.uid, else community_uid",
	}
	if 2*c.halves > c.flows {
		src.Stitch = windows
		src.Stitch.Silence = c.fields&flow.HasFlags != 0
		src.Note("each event is one direction of a connection, seen at one interface in one window of up to ten minutes")
	}
	seen := new(tally)
	opens := c.flows > 0 && c.ended == 0
	if opens {
		src.Note("no event tells more than that a connection was opened: these are taken for the flows")
	}
	return jsonrows.Open(src, func(in *flow.Interner) lines.Decoder {
		return &decoder{scan: paths.Scanner(), intern: in, seen: seen, opens: opens}
	}, func() { seen.note(src) })
}

// A tally counts what the notes tell at the end, over all decoders.
type tally struct{ other, opened, listen, empty, totals, union, negative atomic.Uint64 }

func (t *tally) note(src *flow.Source) {
	for _, n := range []struct {
		count *atomic.Uint64
		text  string
	}{
		{&t.opened, "events that a connection was opened were skipped: others tell how it went on"},
		{&t.listen, "events of a port that was opened for listening were skipped"},
		{&t.other, "events of other classes were skipped"},
		{&t.empty, "events without addresses were skipped"},
		{&t.totals, "events count both directions together: read without counters"},
		{&t.union, "events hold the TCP flags of both directions together: read without flags"},
		{&t.negative, "events end before they start: duration taken as 0"},
	} {
		if c := n.count.Load(); c > 0 {
			src.Note(fmt.Sprintf("%d %s", c, n.text))
		}
	}
}
