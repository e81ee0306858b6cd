package analyzer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/enrich/intel"
	"seine/flow/enrich/inventory"
	"seine/flow/enrich/provenance"
)

// The keys of annotations, in the order in which an address has them.
const (
	NoteAsset       = "asset" // name of the machine
	NoteRole        = "role"
	NoteOwner       = "owner"
	NoteCriticality = "criticality"
	NoteCountry     = "country" // ISO 3166-1 alpha-2
	NoteASN         = "asn"     // "AS64500 Example"
	NoteIntel       = "intel"   // what a threat list says
	NoteService     = "service" // one that may be vulnerable
)

// Limits of the annotations of one address.
const (
	maxRoleNotes    = 4
	maxIntelNotes   = 3
	maxServiceNotes = 3
	maxNote         = 200 // bytes of a value
	maxNoted        = 1 << 16
)

// Annotate adds to alerts what is known of the addresses of their subjects: the
// machine, the place, what threat lists say, and services that may be
// vulnerable. Alerts belong to others, so that those it has something to say
// of are copied. What an alert says already, as one that is read back, is not
// said twice. It tells of damaged databases in the summary.
func Annotate(known *enrich.Knowledge, sink Sink) Sink {
	k := known.Or()
	if k.Geo == nil && k.Assets == nil && k.Intel == nil && k.Inventory == nil {
		return sink
	}
	return &annotator{known: k, sink: sink, notes: map[noted][]detectors.Annotation{}}
}

type annotator struct {
	known *enrich.Knowledge
	sink  Sink
	notes map[noted][]detectors.Annotation // of what was asked for
}

// noted is what annotations are about: an address, and a port if the alert has
// one.
type noted struct {
	addr    flow.Addr
	proto   flow.Proto
	port    uint16
	hasPort bool
}

// Alert implements Sink.
func (n *annotator) Alert(a *detectors.Alert) error {
	s := &a.Subject
	var all []detectors.Annotation
	note := func(addr flow.Addr, port bool) {
		about := noted{addr: addr}
		if port && s.Has&detectors.SubjectPort != 0 {
			about.port, about.hasPort = s.DstPort, true
			about.proto = flow.ProtoUnknown
			if s.Has&detectors.SubjectProtocol != 0 {
				about.proto = s.Protocol
			}
		}
		all = append(all, n.of(about, a.Time)...)
	}
	switch {
	case s.Has&detectors.SubjectIP != 0:
		note(s.IP, s.Role == detectors.RoleDst)
	case s.Has&detectors.SubjectPair != 0:
		note(s.Src, false)
		if s.Dst != s.Src {
			note(s.Dst, true)
		}
	}
	if len(a.Annotations) > 0 {
		all = slices.DeleteFunc(all, func(note detectors.Annotation) bool {
			return slices.ContainsFunc(a.Annotations, func(have detectors.Annotation) bool {
				return have.IP == note.IP && have.Key == note.Key && (have.Value == note.Value || single(note.Key))
			})
		})
	}
	if len(all) == 0 {
		return n.sink.Alert(a)
	}
	c := *a
	c.Annotations = append(slices.Clip(a.Annotations), all...)
	return n.sink.Alert(&c)
}

// single reports whether an address has one annotation of a key at most.
func single(key string) bool {
	return key != NoteRole && key != NoteIntel && key != NoteService
}

// Close implements Sink.
func (n *annotator) Close(s *Summary) error {
	s.Warnings = append(s.Warnings, n.known.Geo.Faults()...)
	return n.sink.Close(s)
}

// of are the annotations of an address at a time, remembered unless they end.
func (n *annotator) of(about noted, at flow.Time) []detectors.Annotation {
	if notes, ok := n.notes[about]; ok {
		return notes
	}
	notes, lasting := n.work(about, at)
	if lasting {
		if len(n.notes) >= maxNoted {
			clear(n.notes)
		}
		n.notes[about] = notes
	}
	return notes
}

// work works out the annotations of an address at a time; lasting is whether
// they are the same at any other.
func (n *annotator) work(about noted, at flow.Time) (notes []detectors.Annotation, lasting bool) {
	lasting = true
	add := func(key, value, source string) {
		if value != "" {
			notes = append(notes, detectors.Annotation{IP: about.addr, Key: key, Value: shortNote(value), Source: source})
		}
	}
	if a := n.known.Assets.Lookup(about.addr); a != nil {
		add(NoteAsset, a.Name, source(&a.Entry))
		for i, r := range a.Roles[:min(len(a.Roles), maxRoleNotes)] {
			add(NoteRole, string(r), source(&a.RoleFrom[i]))
		}
		add(NoteOwner, a.Owner, source(&a.OwnerFrom))
		add(NoteCriticality, a.Criticality, source(&a.LevelFrom))
	}
	if p := n.known.Geo.Lookup(about.addr); p.Country != "" || p.ASN != 0 {
		add(NoteCountry, p.Country, source(&p.CountryFrom))
		if p.ASN != 0 {
			add(NoteASN, strings.TrimSpace(fmt.Sprintf("AS%d %s", p.ASN, p.Org)), source(&p.ASNFrom))
		}
	}
	said := 0
	for _, i := range n.known.Intel.Lookup(about.addr) {
		lasting = lasting && i.Until == 0
		proto := about.proto
		if proto == flow.ProtoUnknown {
			proto = i.Proto
		}
		if about.hasPort && !i.Matches(proto, about.port) || !i.Holds(at) {
			continue
		}
		if said++; said > maxIntelNotes {
			break
		}
		add(NoteIntel, indicated(&i), source(&i.Entry))
	}
	for _, s := range n.vulnerable(about) {
		add(NoteService, service(s), source(&s.Entry))
	}
	return notes, lasting
}

// vulnerable are the services of a machine that may be vulnerable, the worst
// first: that at a port, if one is asked for.
func (n *annotator) vulnerable(about noted) (all []*inventory.Service) {
	for _, s := range n.known.Inventory.Services(about.addr) {
		if len(s.CVEs) > 0 && (!about.hasPort || s.Port == about.port) {
			all = append(all, s)
		}
	}
	rank := func(v *inventory.Vulnerability) float64 { // those known to be exploited before all others
		if v.KEV {
			return v.CVSS + 100
		}
		return v.CVSS
	}
	slices.SortStableFunc(all, func(a, b *inventory.Service) int { return cmp.Compare(rank(b.Worst()), rank(a.Worst())) })
	return all[:min(len(all), maxServiceNotes)]
}

// indicated is what a list says, in a few words: "c2, Emotet, score 90, by
// feodo".
func indicated(i *intel.Indicator) string {
	var words []string
	if i.Benign {
		words = append(words, "known as harmless")
	} else if i.Category != "" {
		words = append(words, i.Category)
	}
	if i.Malware != "" {
		words = append(words, i.Malware)
	}
	if i.Port != 0 {
		words = append(words, fmt.Sprintf("port %d", i.Port))
	}
	if i.Score >= 0 {
		words = append(words, fmt.Sprintf("score %d", i.Score))
	}
	if i.List != "" {
		words = append(words, "by "+i.List)
	}
	if i.HasDate {
		words = append(words, i.Date.UTC().Format("2006-01-02"))
	}
	if len(words) == 0 {
		return "listed"
	}
	return strings.Join(words, ", ")
}

// service tells of a service and its worst vulnerability: "443/tcp nginx
// 1.18.0: CVE-2021-23017 (CVSS 7.7, known to be exploited), 2 more".
func service(s *inventory.Service) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d/%s", s.Port, s.Proto)
	for _, w := range []string{s.Product, s.Version} {
		if w != "" {
			b.WriteString(" " + w)
		}
	}
	v := s.Worst()
	b.WriteString(": " + v.ID)
	var words []string
	if v.CVSS > 0 {
		words = append(words, fmt.Sprintf("CVSS %.1f", v.CVSS))
	}
	if v.KEV {
		words = append(words, "known to be exploited")
	}
	if len(words) > 0 {
		b.WriteString(" (" + strings.Join(words, ", ") + ")")
	}
	if more := len(s.CVEs) - 1; more > 0 {
		fmt.Fprintf(&b, ", %d more", more)
	}
	return b.String()
}

// source names a file, and the line where there is one.
func source(e *provenance.Entry) string {
	if e.Line == 0 {
		return e.File
	}
	return fmt.Sprintf("%s:%d", e.File, e.Line)
}

func shortNote(s string) string {
	if len(s) <= maxNote {
		return s
	}
	return strings.ToValidUTF8(s[:maxNote], "") + "…"
}
