package intel

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"seine/flow"
	"seine/flow/internal/jsonstream"
)

var (
	mispEvent    = &layout{name: "misp-event", title: "MISP event", form: mispForm}
	mispManifest = &layout{name: "misp-manifest", title: "manifest of a MISP feed"}
)

// An event is what holds for all attributes of a MISP event.
type event struct {
	info, org string
	date      flow.Time
	stamp     flow.Time
	level     string // of threat: 1 high … 4 undefined
	tags      []byte
	attrs     []attribute
}

// An attribute waits for the tags of its event, which may come behind it.
type attribute struct {
	p           end
	line        int
	kind        string
	tags        uint32 // numbered text
	malware     string
	category    string
	date        flow.Time
	first, last flow.Time
}

// maxAttributes bounds those of one event.
const maxAttributes = 5_000_000

// misp reads events, one or several, and attributes on their own.
func (rd *reading) misp(in io.Reader) error {
	e := &event{}
	line := 0
	// base is the path without what wraps it: "/response/[]/Event/info" and
	// "/Event/info" are one.
	base := func(path string) string {
		path = strings.TrimPrefix(path, "/response")
		path = strings.TrimPrefix(path, "/[]")
		return strings.TrimPrefix(path, "/Event")
	}
	var settle func()
	w := &walker{
		plan: func(path string) action {
			switch base(path) {
			case "", "/Attribute", "/Object", "/Object/[]", "/Object/[]/Attribute", "/[]", "/Tag":
				return enter
			case "/Attribute/[]", "/Object/[]/Attribute/[]", "/Tag/[]", "/Orgc":
				return take
			}
			return skip
		},
		leaf: func(path string, v []byte, _ jsonstream.Kind) {
			switch base(path) {
			case "/info":
				e.info = clip(v)
			case "/date":
				e.date, _ = when(v)
			case "/timestamp":
				e.stamp, _ = when(v)
			case "/threat_level_id":
				e.level = string(v[:min(len(v), 2)])
			}
		},
		tree: func(path string, n *tree) {
			switch base(path) {
			case "/Tag/[]":
				if name := n.get("name"); len(e.tags)+len(name) < 4*maxText {
					e.tags = append(append(e.tags, bytes.ReplaceAll(name, []byte(","), []byte(";"))...), ',')
				}
			case "/Orgc":
				e.org = clip(n.get("name"))
			default:
				line++
				rd.attribute(e, n, line)
			}
		},
		ended: func(path string) {
			if strings.HasSuffix(path, "/Event") {
				settle()
			}
		},
	}
	settle = func() {
		rd.settle(e)
		*e = event{attrs: e.attrs[:0]}
	}
	err := w.walk(in)
	settle()
	return err
}

// attribute takes an attribute of an event.
func (rd *reading) attribute(e *event, n *tree, line int) {
	f := rd.f
	kind := string(n.get("type"))
	value := n.get("value")
	if !strings.HasPrefix(kind, "ip-") && kind != "domain|ip" {
		rd.other(kind, value)
		return
	}
	if isFalse(n.get("to_ids")) || isTrue(n.get("deleted")) {
		f.Withheld++
		return
	}
	var port uint16
	switch {
	case kind == "domain|ip":
		_, value, _ = bytes.Cut(value, []byte("|"))
	case strings.HasSuffix(kind, "|port"):
		at := bytes.LastIndexByte(value, '|')
		if at < 0 {
			at = bytes.LastIndexByte(value, ':')
		}
		if at < 0 {
			f.bad(line, string(value), "no port")
			return
		}
		v, err := strconv.ParseUint(string(value[at+1:]), 10, 16)
		if err != nil {
			f.bad(line, string(value), "no port")
			return
		}
		port, value = uint16(v), value[:at]
	}
	p, own, proto, ok := endpoint(value)
	if !ok {
		f.bad(line, string(value), "no address or prefix")
		return
	}
	if own != 0 {
		port = own
	}
	if len(e.attrs) >= maxAttributes {
		f.Dropped++
		return
	}
	a := attribute{p: end{p, port, proto}, line: line, kind: kind}
	var tags []byte
	n.each("Tag/[]/name", func(name []byte) {
		tags = append(append(tags, bytes.ReplaceAll(name, []byte(","), []byte(";"))...), ',')
	})
	a.malware, a.category = galaxy(tags), kindOf(string(tags))
	if a.category == "" {
		a.category = kindOf(string(n.get("comment")))
	}
	a.tags = rd.tags(n.get("comment"), tags)
	a.first, _ = when(n.get("first_seen"))
	a.last, _ = when(n.get("last_seen"))
	if a.date = a.last; a.date == 0 {
		a.date, _ = when(n.get("timestamp"))
	}
	e.attrs = append(e.attrs, a)
}

// settle takes the attributes of an event in.
func (rd *reading) settle(e *event) {
	f, text := rd.f, rd.t.words.text
	if f.List == "" {
		f.List = orElse(e.info, e.org)
	}
	malware := galaxy(e.tags)
	info := kindOf(e.info)
	if info == "" {
		info = kindOf(string(e.tags))
	}
	list, eventTags := text([]byte(e.info)), rd.tags(levelTag(e.level), e.tags)
	// What most attributes have in common is put together once.
	joined := map[uint32]uint32{0: eventTags}
	withEvent := func(own uint32) uint32 {
		all, ok := joined[own]
		if !ok {
			all = own
			if both := rd.t.words.texts[own] + tagSeparator + rd.t.words.texts[eventTags]; eventTags != 0 && len(both) < maxText {
				all = text([]byte(both))
			}
			joined[own] = all
		}
		return all
	}
	for i := range e.attrs {
		a := &e.attrs[i]
		category := orElse(a.category, info)
		if a.category == "" && category == C2 && strings.HasPrefix(a.kind, "ip-src") {
			category = Attacker // an event about malware, and where its makers came from
		}
		if category == "" {
			category = mispKind(a.kind, "")
		}
		it := item{line: a.line, port: a.p.port, proto: a.p.proto, score: -1, first: a.first, last: a.last, date: a.date}
		if it.date == 0 {
			if it.date = e.date; it.date == 0 {
				it.date = e.stamp
			}
		}
		it.benign = category == Benign
		it.note = note{category: text([]byte(category)), malware: text([]byte(orElse(a.malware, malware))), list: list, tags: withEvent(a.tags)}
		f.dated(it.date)
		rd.t.add(a.p.prefix, f, &it)
	}
}

func levelTag(level string) []byte {
	switch level {
	case "1":
		return []byte("threat-level:high")
	case "2":
		return []byte("threat-level:medium")
	case "3":
		return []byte("threat-level:low")
	}
	return nil
}

func isFalse(v []byte) bool { return string(v) == "false" || string(v) == "0" }
func isTrue(v []byte) bool  { return string(v) == "true" || string(v) == "1" }

// mispKind is what the type of an attribute tells, where no tag does: malware
// turns to a destination, and attacks come from a source.
func mispKind(kind, tags string) string {
	if k := kindOf(tags); k != "" {
		return k
	}
	switch {
	case strings.HasPrefix(kind, "ip-dst"):
		return Malware
	case strings.HasPrefix(kind, "ip-src"):
		return Attacker
	}
	return ""
}

// galaxy is the name of malware among tags: misp-galaxy:malpedia="Emotet".
func galaxy(tags []byte) string {
	for _, tag := range bytes.Split(tags, []byte(",")) {
		rest, ok := bytes.CutPrefix(tag, []byte("misp-galaxy:"))
		if !ok {
			continue
		}
		kind, name, ok := bytes.Cut(rest, []byte("="))
		if !ok {
			continue
		}
		switch string(kind) {
		case "malpedia", "tool", "banker", "botnet", "ransomware", "rat", "mitre-malware", "mitre-tool", "stealer", "backdoor", "exploit-kit":
			name = bytes.Trim(name, `"`)
			if i := bytes.Index(name, []byte(" - S")); i > 0 { // the number of ATT&CK
				name = name[:i]
			}
			return string(name)
		}
	}
	return ""
}
