package nfdump

import (
	_ "embed"
	"fmt"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/jsonrows"
	"seine/flow/internal/lines"
	"seine/flow/internal/table"
)

//go:embed json.md
var jsonDoc string

// jsonFields is what nfdump's JSON can carry at best.
const jsonFields = fields

// stitching is how the records of nfdump relate to connections, as long as
// they count one direction.
var stitching = flow.Stitching{Pieces: true, Halves: true, Silence: true, Auto: true}

// JSON describes what nfdump prints as JSON.
func JSON() *flow.Format {
	return &flow.Format{
		Name:   "nfdump-json",
		Title:  "nfdump -o json of versions 1.6 and 1.7, and -o ndjson",
		Doc:    jsonDoc,
		Ext:    []string{".json", ".ndjson"},
		Fields: jsonFields,
		Stitch: stitching,
		Match:  matchJSON,
		Open:   openJSON,
	}
}

func matchJSON(head []byte) (int, string) {
	if !jsonrows.LooksLikeJSON(head) {
		return 0, "not JSON"
	}
	s := look(head)
	switch {
	case s.objects == 0:
		return 0, "no JSON object is whole"
	case !s.records:
		return 0, "JSON without src4_addr or src6_addr and first"
	}
	return 95, ""
}

// headObjects is how many objects of the head are looked at.
const headObjects = 200

// A survey is what the first objects tell.
type survey struct {
	objects    int
	records    bool // of nfdump
	two        bool // both directions are counted
	aggregated bool
	sampled    bool
	packets    bool // the bytes are those of packets again
	pairing    table.Pairing
}

// look looks through the first objects.
func look(head []byte) survey {
	var s survey
	d := &jsonDecoder{scan: jsonPaths.Scanner(), has: jsonFields, seen: new(jsonTally)}
	counted, same := 0, 0
	for object := range jsonrows.Objects(head) {
		if s.objects == headObjects {
			break
		}
		s.objects++
		if d.scan.Scan(object) != nil || d.text(src4) == nil && d.text(src6) == nil || d.text(first) == nil {
			continue
		}
		s.records = true
		number := func(m int) uint64 { n, _ := table.Number(d.text(m)); return n }
		both := number(outPackets) > 0
		s.two = s.two || both
		// One flow of each direction makes two.
		s.aggregated = s.aggregated || number(aggregates) > 2 || number(aggregates) > 1 && !both
		s.sampled = s.sampled || number(sampled) > 0
		if n := number(inPackets); n > 0 {
			counted++
			if n == number(inBytes) {
				same++
			}
		}
		var r flow.Record
		if d.Decode(object, &r) == nil {
			s.pairing.Add(&r)
		}
	}
	// No packet has less than the twenty bytes of its header.
	s.packets = counted > 0 && same == counted
	return s
}

func openJSON(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	s := look(head)
	src.Fields = jsonFields &^ (flow.HasDstBytes | flow.HasDstPkts)
	src.Stitch = stitching
	src.Mapping = []string{
		"nfdump json: a record for each direction",
		"ts        ← first, t_first", "duration  ← last - first", "protocol  ← proto",
		"src_ip    ← src4_addr, src6_addr", "src_port  ← src_port",
		"dst_ip    ← dst4_addr, dst6_addr", "dst_port  ← dst_port",
		"src_bytes ← in_bytes", "src_pkts  ← in_packets",
		"icmp_type ← icmp_type", "icmp_code ← icmp_code",
	}
	if s.two {
		src.Mapping[0] = "nfdump json: a record for both directions"
		src.Mapping = append(src.Mapping, "dst_bytes ← out_bytes", "dst_pkts  ← out_packets", "not used: tcp_flags, of whichever side")
		src.Fields = jsonFields &^ flow.HasFlags
		src.Stitch.Halves = false
	} else {
		src.Mapping = append(src.Mapping, "src_flags ← tcp_flags")
		if s.pairing.OneSided() {
			src.Stitch.Silence = false
			src.Note(table.OneSided)
		}
	}
	if s.packets {
		src.Fields &^= flow.HasSrcBytes
		src.Note("in_bytes repeats in_packets, a fault of early nfdump 1.7 with -o ndjson: bytes are left out; -o json has them")
	}
	if s.aggregated {
		src.Note("some records stand for several flows (aggr_flows above 1): their times and counts are not those of connections")
	}
	if s.sampled {
		src.Stitch.Silence = false
		src.Note("records are of sampled traffic: counts may be a fraction, and a missing answer may only have been missed")
	}
	table.LocalTime(src, "first")
	seen := new(jsonTally)
	zone := src.Options.Location
	return jsonrows.Open(src, func(*flow.Interner) lines.Decoder {
		d := &jsonDecoder{scan: jsonPaths.Scanner(), has: src.Fields, seen: seen}
		d.clock.Zone = zone
		return d
	}, func() { seen.note(src) })
}

// A jsonTally counts what the notes tell at the end, over all decoders.
type jsonTally struct{ events, negative atomic.Uint64 }

func (t *jsonTally) note(src *flow.Source) {
	if n := t.events.Load(); n > 0 {
		src.Note(fmt.Sprintf("%d events of firewalls and address translators were skipped: they are no flows", n))
	}
	if n := t.negative.Load(); n > 0 {
		src.Note(fmt.Sprintf("%d records end before they start: duration taken as 0", n))
	}
}
