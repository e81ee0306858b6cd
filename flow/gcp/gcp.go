// Package gcp reads the VPC flow logs of Google Cloud, as Cloud Logging and
// BigQuery export them: a JSON object for each record.
package gcp

import (
	_ "embed"
	"fmt"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/jsonrows"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
)

//go:embed README.md
var doc string

const (
	flowFields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
		flow.HasDstPort | flow.HasSrcBytes | flow.HasSrcPkts
	firewallFields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasState
)

// Format describes Google Cloud VPC flow logs.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "gcp",
		Title:  "Google Cloud VPC flow logs: JSON of Cloud Logging or BigQuery; firewall rules logs too",
		Doc:    doc,
		Ext:    []string{".json", ".jsonl"},
		Fields: flowFields | flow.HasState,
		Stitch: stitching,
		Match:  match,
		Open:   open,
	}
}

// stitching is how records relate to connections. They are sampled, so that
// nobody can tell silence from an answer that was not in the sample; the
// interval between two pieces is set by subnet, from 5 seconds to 15 minutes.
var stitching = flow.Stitching{Pieces: true, Halves: true, Copies: true, Auto: true}

// headObjects is how many objects of the head are looked at.
const headObjects = 50

// A census tells what the first objects are.
type census struct{ objects, flows, firewall int }

func count(head []byte) (c census) {
	s := paths.Scanner()
	for object := range jsonrows.Objects(head) {
		if c.objects == headObjects {
			break
		}
		c.objects++
		if s.Scan(object) != nil {
			continue
		}
		switch p, ok := payload(s); {
		case !ok:
		case s.Kind(p+startTime) == jsonscan.String:
			c.flows++
		case s.Kind(p+disposition) == jsonscan.String && s.Kind(timestamp) == jsonscan.String:
			c.firewall++
		}
	}
	return c
}

func match(head []byte) (int, string) {
	if !jsonrows.LooksLikeJSON(head) {
		return 0, "not JSON"
	}
	switch c := count(head); {
	case c.objects == 0:
		return 0, "no JSON object is whole"
	case c.flows+c.firewall == 0:
		return 0, "JSON without connection.src_ip, connection.dest_ip and start_time"
	}
	return 95, ""
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	c := count(head)
	src.Fields, src.Stitch = flowFields, stitching
	src.Mapping = []string{
		"gcp: VPC flow logs, a record for each direction, reporter and interval",
		"ts        ← start_time", "duration  ← end_time - start_time", "protocol  ← connection.protocol",
		"src_ip    ← connection.src_ip", "src_port  ← connection.src_port",
		"dst_ip    ← connection.dest_ip", "dst_port  ← connection.dest_port",
		"src_bytes ← bytes_sent", "src_pkts  ← packets_sent",
	}
	firewall := []string{
		"gcp: firewall rules logs, a record for each connection that a rule was applied to",
		"ts        ← timestamp", "state     ← disposition", "protocol  ← connection.protocol",
		"src_ip    ← connection.src_ip", "src_port  ← connection.src_port",
		"dst_ip    ← connection.dest_ip", "dst_port  ← connection.dest_port",
	}
	switch {
	case c.firewall > 0 && c.flows == 0:
		src.Fields, src.Mapping = firewallFields, firewall
		src.Stitch = flow.Stitching{Copies: true, Auto: true} // a record a connection, from either end
	case c.firewall > 0:
		src.Fields |= firewallFields
		src.Mapping = append(src.Mapping, firewall...)
	}
	if !jsonrows.Complete(head, headObjects) { // records of the other kind may yet come
		src.Fields = flowFields | firewallFields
	}
	if c.flows > 0 {
		src.Note("packets are sampled on the host: bytes and packets are estimates, and short connections may be missing")
	}
	seen := new(tally)
	return jsonrows.Open(src, func(in *flow.Interner) lines.Decoder {
		return &decoder{scan: paths.Scanner(), intern: in, seen: seen}
	}, func() { seen.note(src) })
}

// A tally counts what the notes tell at the end, over all decoders.
type tally struct{ source, dest, negative atomic.Uint64 }

func (t *tally) note(src *flow.Source) {
	if s, d := t.source.Load(), t.dest.Load(); s > 0 && d > 0 {
		src.Note(fmt.Sprintf("%d records are from the sender's side and %d from the receiver's: traffic between two machines of the project is told twice", s, d))
	}
	if c := t.negative.Load(); c > 0 {
		src.Note(fmt.Sprintf("%d records end before they start: duration taken as 0", c))
	}
}
