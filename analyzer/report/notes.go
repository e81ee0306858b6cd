package report

import (
	"slices"
	"strings"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// longestName is how many columns the name of a machine may take beside its
// address.
const longestName = 24

// noteOf tells in a few words what is known of an address: " (nas)",
// " (NL)", " (www, NL)"; nothing where nothing is. A machine without a name is
// told by its role.
func noteOf(notes []detectors.Annotation, ip flow.Addr) string {
	var name, role, country string
	for i := range notes {
		n := &notes[i]
		if n.IP != ip {
			continue
		}
		switch {
		case n.Key == analyzer.NoteAsset && name == "":
			name = n.Value
		case n.Key == analyzer.NoteRole && role == "":
			role = n.Value
		case n.Key == analyzer.NoteCountry && country == "":
			country = n.Value
		}
	}
	if name == "" {
		name = role
	}
	var words []string
	for _, w := range []string{name, country} {
		if w != "" {
			words = append(words, shorten(clean(w), longestName))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// subjectOf writes the subject of an alert with what is known of its
// addresses: "10.0.0.5 (nas) → 203.0.113.7:443/tcp (NL)".
func subjectOf(a *detectors.Alert) string {
	s := &a.Subject
	text := clean(s.String())
	if len(a.Annotations) == 0 {
		return text
	}
	switch {
	case s.Has&detectors.SubjectIP != 0:
		return text + noteOf(a.Annotations, s.IP)
	case s.Has&detectors.SubjectPair != 0:
		src := s.Src.String()
		if rest, ok := strings.CutPrefix(text, src); ok {
			text = src + noteOf(a.Annotations, s.Src) + rest
		}
		return text + noteOf(a.Annotations, s.Dst)
	}
	return text
}

// noteLines tell all annotations, a line for each address: "10.0.0.5: asset
// nas, role backup (assets.csv:2), country NL (geo.mmdb)".
func noteLines(notes []detectors.Annotation) (lines []string) {
	var ips []flow.Addr
	for i := range notes {
		if !slices.Contains(ips, notes[i].IP) {
			ips = append(ips, notes[i].IP)
		}
	}
	for _, ip := range ips {
		var parts []string
		source := ""
		for i := range notes {
			n := &notes[i]
			if n.IP != ip {
				continue
			}
			if len(parts) > 0 && source != n.Source && source != "" {
				parts[len(parts)-1] += " (" + clean(source) + ")"
			}
			source = n.Source
			parts = append(parts, clean(n.Key)+" "+clean(n.Value))
		}
		line := ip.String() + ": " + strings.Join(parts, ", ")
		if source != "" {
			line += " (" + clean(source) + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// joinNotes lists annotations in one cell: "10.0.0.5 asset=nas; 10.0.0.5
// role=backup".
func joinNotes(notes []detectors.Annotation) string {
	words := make([]string, len(notes))
	for i := range notes {
		words[i] = notes[i].IP.String() + " " + listed(notes[i].Key) + "=" + listed(notes[i].Value)
	}
	return strings.Join(words, "; ")
}

// known writes what is known of a host as members of its object.
func (o *object) known(notes []detectors.Annotation) {
	for _, m := range []struct{ key, name string }{
		{analyzer.NoteAsset, "name"}, {analyzer.NoteRole, "roles"}, {analyzer.NoteOwner, "owner"},
		{analyzer.NoteCriticality, "criticality"}, {analyzer.NoteCountry, "country"}, {analyzer.NoteASN, "asn"},
	} {
		var values []string
		for i := range notes {
			if notes[i].Key == m.key {
				values = append(values, notes[i].Value)
			}
		}
		switch {
		case len(values) == 0:
		case m.key == analyzer.NoteRole:
			o.texts(m.name, values)
		default:
			o.text(m.name, values[0])
		}
	}
}
