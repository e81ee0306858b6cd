package intel

import (
	"io"
	"net/netip"
	"strconv"
	"strings"

	"seine/flow"
)

var stixBundle = &layout{name: "stix", title: "STIX 2 bundle", form: stixForm}

// maxNames bounds the names of malware that a bundle tells of, and the
// relations to it.
const maxNames = 100_000

// stix reads the indicators of a bundle. Malware that an indicator indicates
// is told in objects of their own, wherever in the bundle, so the indicators
// get their names at the end.
func (rd *reading) stix(in io.Reader) error {
	f := rd.f
	names := map[string]uint32{}     // of malware, by id
	indicates := map[string]string{} // id of an indicator → that of malware
	type pending struct {
		id      string
		from, n uint32 // the records of the indicator
	}
	var entries []pending
	elements := 0
	w := &walker{
		plan: func(path string) action {
			switch path {
			case "", "/objects", "/[]":
				return enter
			case "/objects/[]":
				return take
			}
			return skip
		},
		tree: func(_ string, n *tree) {
			elements++
			switch string(n.get("type")) {
			case "indicator":
				from := rd.t.n
				rd.indicator(n, elements)
				if added := rd.t.n - from; added > 0 && len(entries) < maxNames {
					entries = append(entries, pending{string(n.get("id")), from, added})
				}
			case "malware", "tool", "threat-actor", "intrusion-set":
				if len(names) < maxNames {
					names[string(n.get("id"))] = rd.t.words.text(n.get("name"))
				}
			case "relationship":
				if string(n.get("relationship_type")) == "indicates" && len(indicates) < maxNames {
					indicates[string(n.get("source_ref"))] = string(n.get("target_ref"))
				}
			case "identity":
				if f.List == "" && elements < 10 {
					f.List = clip(n.get("name"))
				}
			}
		},
	}
	err := w.walk(in)
	for _, p := range entries {
		name := names[indicates[p.id]]
		if name == 0 {
			continue
		}
		for i := p.from; i < p.from+p.n; i++ {
			r := rd.t.record(i)
			if nt := rd.t.words.notes[r.note]; nt.malware == 0 {
				nt.malware = name
				r.note = rd.t.words.note(nt)
			}
		}
	}
	return err
}

// indicator takes one indicator.
func (rd *reading) indicator(n *tree, line int) {
	f, text := rd.f, rd.t.words.text
	if string(n.get("revoked")) == "true" {
		f.Withheld++
		return
	}
	pattern, kind := n.get("pattern"), string(n.get("pattern_type"))
	if kind != "" && kind != "stix" {
		f.Others++
		return
	}
	found, other, err := parsePattern(string(pattern))
	if err != nil {
		f.bad(line, string(pattern), err.Error())
		return
	}
	if len(found) == 0 {
		switch other {
		case "domain-name", "url":
			f.Domains++
		default:
			f.Others++
		}
		return
	}
	it := item{line: line, score: -1}
	if v := n.get("confidence"); v != nil {
		if c, err := strconv.ParseFloat(string(v), 64); err == nil && c >= 0 && c <= 100 {
			it.score = int(c)
		}
	}
	category, benign := "", false
	var labels []byte
	look := func(words []byte) {
		if string(words) == "benign" {
			benign = true
		}
		if k := kindOf(string(words)); category == "" {
			category = k
		}
	}
	n.each("kill_chain_phases/[]/phase_name", look)
	n.each("labels/[]", func(l []byte) {
		look(l)
		labels = append(append(labels, l...), ',')
	})
	for _, key := range []string{"name", "description"} {
		if category == "" {
			category = kindOf(string(n.get(key)))
		}
	}
	n.each("indicator_types/[]", func(t []byte) {
		switch string(t) {
		case "benign":
			benign = true
		case "anonymization", "compromised", "malicious-activity":
			if category == "" {
				category = map[string]string{"anonymization": Proxy, "compromised": Compromised, "malicious-activity": Malware}[string(t)]
			}
		}
	})
	if it.benign = benign; benign {
		category = Benign
	}
	it.note.category = text([]byte(category))
	it.note.tags = rd.tags(n.get("name"), labels)
	it.first, _ = when(n.get("valid_from"))
	it.until, _ = when(n.get("valid_until"))
	for _, key := range []string{"modified", "valid_from", "created"} {
		if t, ok := when(n.get(key)); ok {
			it.date = t
			break
		}
	}
	f.dated(it.date)
	for _, e := range found {
		it.port, it.proto = e.port, e.proto
		rd.t.add(e.prefix, f, &it)
	}
}

// An end is an address that a pattern names, perhaps with a port.
type end struct {
	prefix netip.Prefix
	port   uint16
	proto  flow.Proto
}

// Bounds of one pattern.
const (
	maxPattern = 256 << 10
	maxNesting = 32
	maxEnds    = 10_000
)

// typeOf is the type of the object that a path begins with.
func typeOf(path string) string {
	kind, _, _ := strings.Cut(path, ":")
	return kind
}
