// Package eve reads the flow events of Suricata's EVE log (eve.json): a JSON
// object a line, flows among events of many other types.
package eve

import (
	"bytes"
	_ "embed"

	"seine/flow"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
)

//go:embed README.md
var doc string

const (
	netflowFields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
		flow.HasDstPort | flow.HasSrcBytes | flow.HasSrcPkts | flow.HasFlags | flow.HasICMP |
		flow.HasService | flow.HasUID
	flowFields = netflowFields | flow.HasBytes | flow.HasPkts | flow.HasState
)

// Format describes Suricata EVE logs.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "eve",
		Title:  "Suricata EVE JSON: flow events, or netflow events where there are none",
		Doc:    doc,
		Ext:    []string{".json", ".jsonl"},
		Fields: flowFields,
		Match:  match,
		Open:   open,
	}
}

// halves is how netflow events relate to connections: one for each direction
// that had packets. A flow event is a whole flow, and needs nothing.
var halves = flow.Stitching{Halves: true, Silence: true, Auto: true}

// headLines is how many lines of the head are looked at.
const headLines = 2000

// What the head of an input holds.
type census struct{ objects, events, flows, netflows int }

func count(head []byte) (c census) {
	s := paths.Scanner()
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	for n := 0; len(head) > 0 && n < headLines; n++ {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\n"))
		if len(line) < 2 || line[0] != '{' || s.Scan(line) != nil {
			continue
		}
		c.objects++
		if s.Kind(eventType) != jsonscan.String || s.Kind(timestamp) != jsonscan.String {
			continue
		}
		c.events++
		switch string(s.Text(eventType)) {
		case "flow":
			c.flows++
		case "netflow":
			c.netflows++
		}
	}
	return c
}

func match(head []byte) (int, string) {
	if i := bytes.IndexAny(head, "{["); i < 0 || len(bytes.TrimSpace(bytes.TrimPrefix(head[:i], []byte("\ufeff")))) > 0 {
		return 0, "not JSON"
	}
	switch c := count(head); {
	case c.objects == 0:
		return 0, "no line is a JSON object"
	case 2*c.events <= c.objects:
		return 0, "JSON without event_type and timestamp"
	case c.flows+c.netflows == 0:
		return 93, ""
	}
	return 95, ""
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	c := count(head)
	netflow := c.flows == 0 && c.netflows > 0
	if netflow {
		src.Fields = netflowFields
		src.Mapping = []string{
			"eve: netflow events, a record for each direction",
			"ts        ← netflow.start", "duration  ← netflow.end - netflow.start", "protocol  ← proto",
			"src_ip    ← src_ip", "src_port  ← src_port", "dst_ip    ← dest_ip", "dst_port  ← dest_port",
			"src_bytes ← netflow.bytes", "src_pkts  ← netflow.pkts", "src_flags ← tcp.tcp_flags",
			"service   ← app_proto", "uid       ← flow_id", "icmp_type ← icmp_type", "icmp_code ← icmp_code",
		}
		src.Stitch = halves
		src.Note("netflow events tell each direction of a flow by itself; where there is none of the answer, there was no answer")
	} else {
		src.Fields = flowFields
		src.Mapping = []string{
			"eve: flow events",
			"ts        ← flow.start", "duration  ← flow.end - flow.start", "protocol  ← proto",
			"state     ← flow.state, flow.action, tcp.state, tcp.tcp_flags_ts, tcp.tcp_flags_tc",
			"src_ip    ← src_ip", "src_port  ← src_port", "dst_ip    ← dest_ip", "dst_port  ← dest_port",
			"src_bytes ← flow.bytes_toserver", "dst_bytes ← flow.bytes_toclient",
			"src_pkts  ← flow.pkts_toserver", "dst_pkts  ← flow.pkts_toclient",
			"src_flags ← tcp.tcp_flags_ts", "dst_flags ← tcp.tcp_flags_tc",
			"service   ← app_proto", "uid       ← flow_id", "icmp_type ← icmp_type", "icmp_code ← icmp_code",
		}
	}
	seen := new(tally)
	in, err := lines.Open(src, func(in *flow.Interner) lines.Decoder {
		return &decoder{scan: paths.Scanner(), intern: in, seen: seen, netflow: netflow}
	})
	if err != nil {
		return nil, err
	}
	return in.OnEnd(func() { seen.note(src, netflow) }), nil
}
