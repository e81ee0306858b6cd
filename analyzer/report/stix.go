package report

import (
	"bufio"
	"crypto/sha1" // RFC 9562 asks for it in UUIDs of version 5; it protects nothing here
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

func stixFormat() *Format {
	return &Format{
		Name:  "stix",
		Title: "a STIX 2.1 bundle of sightings, for threat intelligence platforms",
		Doc: "One bundle (OASIS STIX 2.1). Each rule that fired is an `indicator` (its pattern is of type `seine`, the name of the rule) " +
			"that `indicates` the `attack-pattern`s of its ATT&CK techniques; each alert is a `sighting` of it with its count, its first and " +
			"last time, and an `observed-data` of its addresses and flows of evidence (`ipv4-addr`, `ipv6-addr`, `domain-name` for a name that " +
			"stands for an address, `network-traffic`). All ids are UUIDs of version 5 and times are event times, so that the same input gives " +
			"the same bundle, and a platform that has an object knows it again. An empty run writes a bundle with nothing but who made it.",
		Ext: []string{".stix", ".stix.json"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			return &stix{w: bufio.NewWriterSize(w, bufferSize), o: o, seen: map[string]bool{}, same: map[string]int{}, sum: sha1.New()}
		},
	}
}

// A stix writes the objects of a bundle as alerts come. The id of the bundle
// is made of theirs, and stands at its end.
type stix struct {
	w     *bufio.Writer
	o     Options
	buf   object
	begun bool
	seen  map[string]bool // ids written
	same  map[string]int  // sightings by what their ids are made of
	sum   hash.Hash
	err   error
}

// maxStixSeen bounds the ids that are remembered; beyond it an object may be
// there twice, which importers take.
const maxStixSeen = 1 << 20

// Namespaces of ids: that of the standard for observables, and Seine's own
// for the rest, a UUID of version 5 itself (DNS name "seine.invalid").
var (
	stixObservables = [16]byte{0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7}
	stixOwn         = uuid5([16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}, "seine.invalid")
)

// uuid5 is the UUID of version 5 of a name (RFC 9562, 5.5).
func uuid5(namespace [16]byte, name string) (u [16]byte) {
	h := sha1.New()
	h.Write(namespace[:])
	io.WriteString(h, name)
	copy(u[:], h.Sum(nil))
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return u
}

func stixID(kind string, namespace [16]byte, name string) string {
	u := uuid5(namespace, name)
	x := hex.EncodeToString(u[:])
	return kind + "--" + x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// stixStart is when objects that do not belong to any time were made. It is
// the same in all bundles, as their ids are.
const stixStart = "2026-01-01T00:00:00.000Z"

// stixTime writes a time with the milliseconds that the standard asks for.
func stixTime(t flow.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// begin starts an object, unless it is there already.
func (s *stix) begin(kind, id string) bool {
	if s.seen[id] {
		return false
	}
	if len(s.seen) < maxStixSeen {
		s.seen[id] = true
	}
	io.WriteString(s.sum, id)
	o := &s.buf
	o.b = o.b[:0]
	if s.begun {
		o.b = append(o.b, ",\n"...)
	} else {
		o.b = append(o.b, `{"type":"bundle","objects":[`+"\n"...)
	}
	s.begun = true
	o.open()
	o.text("type", kind)
	o.text("spec_version", "2.1")
	o.text("id", id)
	return true
}

// times appends who made an object, and when.
func (s *stix) times(created, modified string) {
	s.buf.text("created_by_ref", stixMaker)
	s.buf.text("created", created)
	s.buf.text("modified", modified)
}

func (s *stix) end() {
	s.buf.shut()
	if _, err := s.w.Write(s.buf.b); s.err == nil {
		s.err = err
	}
}

var stixMaker = stixID("identity", stixOwn, "identity")

// maker writes who made the bundle, once.
func (s *stix) maker() {
	if s.begin("identity", stixMaker) {
		s.buf.text("created", stixStart)
		s.buf.text("modified", stixStart)
		s.buf.text("name", "Seine")
		s.buf.text("identity_class", "system")
		s.end()
	}
}

func (s *stix) Alert(a *detectors.Alert) error {
	s.maker()
	indicator := s.indicator(a.Detector, a.Rule)
	id := string(a.AppendID(nil))
	created := stixTime(a.FirstSeen)
	modified := stixTime(max(a.LastSeen, a.FirstSeen))
	refs := s.observables(a)
	// Alerts that were not folded may share an id: their times tell them
	// apart, and beyond that their order.
	name := id + " " + created + " " + modified
	if n := s.same[name]; n > 0 || len(s.same) < maxStixSeen {
		s.same[name] = n + 1
		if n > 0 {
			name = fmt.Sprint(name, " ", n+1)
		}
	}
	observed := ""
	if len(refs) > 0 {
		observed = stixID("observed-data", stixOwn, "observed "+name)
		if s.begin("observed-data", observed) {
			s.times(created, modified)
			s.buf.text("first_observed", created)
			s.buf.text("last_observed", modified)
			s.buf.number("number_observed", min(max(a.Flows, 1), 999_999_999))
			s.buf.texts("object_refs", refs)
			s.end()
		}
	}
	if s.begin("sighting", stixID("sighting", stixOwn, "sighting "+name)) {
		s.times(created, modified)
		s.buf.text("first_seen", created)
		s.buf.text("last_seen", modified)
		s.buf.number("count", min(a.Count, 999_999_999))
		s.buf.text("sighting_of_ref", indicator)
		if observed != "" {
			s.buf.texts("observed_data_refs", []string{observed})
		}
		s.buf.texts("where_sighted_refs", []string{stixMaker})
		s.buf.text("description", a.Summary)
		s.buf.texts("labels", []string{"severity:" + a.Severity.String()})
		if c := confidence(a); c > 0 {
			s.buf.number("confidence", uint64(100*c+0.5))
		}
		s.buf.array("external_references", 1, func(int) {
			s.buf.open()
			s.buf.text("source_name", "seine")
			s.buf.text("external_id", id)
			s.buf.shut()
		})
		s.end()
	}
	return s.err
}

// indicator writes the rule of an alert, and gives its id.
func (s *stix) indicator(d *detectors.Detector, r *detectors.Rule) string {
	id := stixID("indicator", stixOwn, "rule "+ruleID(d, r))
	if !s.begin("indicator", id) {
		return id
	}
	s.times(stixStart, stixStart)
	title := r.Title
	if title == "" {
		title = ruleID(d, r)
	}
	s.buf.text("name", title)
	if d.Title != "" {
		s.buf.text("description", d.Title)
	}
	s.buf.texts("indicator_types", []string{"anomalous-activity"})
	s.buf.text("pattern", ruleID(d, r))
	s.buf.text("pattern_type", "seine")
	s.buf.text("valid_from", stixStart)
	s.end()
	for _, technique := range r.ATTACK {
		pattern := stixID("attack-pattern", stixOwn, "technique "+technique)
		if s.begin("attack-pattern", pattern) {
			s.times(stixStart, stixStart)
			s.buf.text("name", technique)
			s.buf.array("external_references", 1, func(int) {
				s.buf.open()
				s.buf.text("source_name", "mitre-attack")
				s.buf.text("external_id", technique)
				s.buf.text("url", "https://attack.mitre.org/techniques/"+strings.ReplaceAll(technique, ".", "/"))
				s.buf.shut()
			})
			s.end()
		}
		if s.begin("relationship", stixID("relationship", stixOwn, id+" indicates "+pattern)) {
			s.times(stixStart, stixStart)
			s.buf.text("relationship_type", "indicates")
			s.buf.text("source_ref", id)
			s.buf.text("target_ref", pattern)
			s.end()
		}
	}
	return id
}

// observables writes the addresses and flows of an alert, and gives their ids.
func (s *stix) observables(a *detectors.Alert) []string {
	shown := shownEvidence(a, s.o.Evidence)
	var refs []string
	known := map[string]bool{}
	put := func(id string) {
		if !known[id] {
			known[id] = true
			refs = append(refs, id)
		}
	}
	for _, addr := range addresses(a, shown) {
		put(s.address(addr))
	}
	for i := range shown {
		if shown[i].Has&flow.HasAddrs != 0 {
			put(s.traffic(&shown[i]))
		}
	}
	return refs
}

// stixKind is what an address is to STIX.
func stixKind(a flow.Addr) string {
	switch {
	case a.IsName():
		return "domain-name"
	case a.Is4():
		return "ipv4-addr"
	}
	return "ipv6-addr"
}

func (s *stix) address(a flow.Addr) string {
	value := a.String()
	id := stixID(stixKind(a), stixObservables, canonicalMembers("value", value))
	if s.begin(stixKind(a), id) {
		s.buf.text("value", value)
		s.end()
	}
	return id
}

// canonicalMembers writes members in the canonical JSON (RFC 8785) that ids of
// observables are made of: names in order, values in JSON already but for
// texts. What is written so here has no character that needs an escape.
func canonicalMembers(members ...string) string {
	var b strings.Builder
	for i := 0; i < len(members); i += 2 {
		fmt.Fprintf(&b, `,"%s":"%s"`, members[i], members[i+1])
	}
	return "{" + b.String()[1:] + "}"
}

// traffic writes a flow and gives its id.
func (s *stix) traffic(r *flow.Record) string {
	src, dst := s.address(r.Src), s.address(r.Dst)
	protocols := []string{"ipv4"}
	if !r.Src.Is4() {
		protocols[0] = "ipv6"
	}
	if r.Src.IsName() {
		protocols[0] = "ip"
	}
	if r.Has&flow.HasProto != 0 && r.Proto != flow.ProtoUnknown {
		protocols = append(protocols, r.Proto.String())
	}
	// Members in the order of their names, as in the canonical form.
	o := object{b: []byte("{")}
	if r.Has&flow.HasDstPort != 0 {
		o.number("dst_port", uint64(r.DstPort))
	}
	o.text("dst_ref", dst)
	ended := r.Has&(flow.HasStart|flow.HasDuration) == flow.HasStart|flow.HasDuration
	if ended {
		o.text("end", stixTime(r.End()))
	}
	o.texts("protocols", protocols)
	if r.Has&flow.HasSrcPort != 0 {
		o.number("src_port", uint64(r.SrcPort))
	}
	o.text("src_ref", src)
	if r.Has&flow.HasStart != 0 {
		o.text("start", stixTime(r.Start))
	}
	o.shut()
	id := stixID("network-traffic", stixObservables, string(o.b))
	if s.begin("network-traffic", id) {
		s.buf.b = append(s.buf.b, ',')
		s.buf.b = append(s.buf.b, o.b[1:len(o.b)-1]...)
		if ended {
			s.buf.flag("is_active", false)
		}
		counter := func(name string, f flow.Fields, n uint64) {
			if r.Has&f != 0 {
				s.buf.number(name, min(n, 1<<53-1)) // what JSON is sure to keep
			}
		}
		counter("src_byte_count", flow.HasSrcBytes, r.SrcBytes)
		counter("dst_byte_count", flow.HasDstBytes, r.DstBytes)
		counter("src_packets", flow.HasSrcPkts, r.SrcPkts)
		counter("dst_packets", flow.HasDstPkts, r.DstPkts)
		s.end()
	}
	return id
}

func (s *stix) Close(*analyzer.Summary) error {
	s.maker()
	id := stixID("bundle", stixOwn, hex.EncodeToString(s.sum.Sum(nil)))
	if _, err := fmt.Fprintf(s.w, "\n],\"id\":%q}\n", id); s.err == nil {
		s.err = err
	}
	if err := s.w.Flush(); s.err == nil {
		s.err = err
	}
	return s.err
}
