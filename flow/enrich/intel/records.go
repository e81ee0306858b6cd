package intel

import (
	"io"
	"strconv"
	"strings"

	"seine/flow/internal/jsonstream"
)

// Layouts of JSON whose entries are objects of scalars.
var (
	abuseJSON   = &layout{name: "abuseipdb-json", title: "AbuseIPDB blacklist, JSON", form: recordsForm}
	feodoJSON   = &layout{name: "feodo-json", title: "Feodo Tracker, JSON", form: recordsForm}
	foxJSON     = &layout{name: "threatfox-json", title: "ThreatFox, JSON", form: recordsForm}
	dropJSON    = &layout{name: "spamhaus-json", title: "Spamhaus DROP, JSON lines", form: recordsForm}
	jsonList    = &layout{name: "json-list", title: "JSON array of addresses", form: stringsForm}
	warningList = &layout{name: "misp-warninglist", title: "MISP warninglist", form: stringsForm}
)

// records reads objects, wherever in the document they stand.
func (rd *reading) records(in io.Reader) error {
	f := rd.f
	switch rd.l {
	case abuseJSON:
		f.List, f.Category = "AbuseIPDB", Abuse
	case feodoJSON:
		f.List, f.Category = "Feodo Tracker", C2
	case foxJSON:
		f.List = "ThreatFox"
	case dropJSON:
		f.List, f.Category = "Spamhaus DROP", Hijacked
	}
	entries := 0
	w := &walker{
		plan: func(path string) action {
			switch {
			case path == "/meta", path == "/metadata":
				return take
			case rd.l == dropJSON && path == "":
				return take
			case strings.HasSuffix(path, "/[]"):
				return take
			}
			return enter
		},
		tree: func(path string, n *tree) {
			if path == "/meta" || path == "/metadata" {
				if t, ok := when(n.get("generatedAt")); ok {
					f.Date, f.HasDate = t, true
				}
				return
			}
			if string(n.get("type")) == "metadata" {
				if t, ok := when(n.get("timestamp")); ok {
					f.Date, f.HasDate = t, true
				}
				return
			}
			entries++
			rd.record(n, entries)
		},
	}
	// JSON lines of one object each, of the layouts that have arrays elsewhere.
	if rd.l != dropJSON {
		plan := w.plan
		begun := false
		w.plan = func(path string) action {
			if path == "" && begun {
				return take
			}
			begun = begun || path == ""
			return plan(path)
		}
	}
	return w.walk(in)
}

// The names of what feeds say, in the order in which they are asked for.
var (
	keysAddr    = []string{"ipAddress", "ip_address", "ioc_value", "ioc", "cidr"}
	keysPort    = []string{"port", "dst_port"}
	keysScore   = []string{"abuseConfidenceScore", "confidence_level"}
	keysCountry = []string{"countryCode", "country"}
	keysMalware = []string{"malware_printable", "malware"}
	keysSeen    = []string{"lastReportedAt", "last_seen_utc", "last_seen", "last_online"}
	keysFirst   = []string{"first_seen_utc", "first_seen"}
)

func (n *tree) first(keys []string) []byte {
	for _, k := range keys {
		if v := n.get(k); len(v) > 0 && string(v) != "None" {
			return v
		}
	}
	return nil
}

func (rd *reading) record(n *tree, line int) {
	f, text := rd.f, rd.t.words.text
	value := n.first(keysAddr)
	kind := string(n.get("ioc_type"))
	p, port, proto, ok := endpoint(value)
	if !ok {
		if isDomain(value) || kind != "" && !strings.HasPrefix(kind, "ip") {
			rd.other(kind, value)
			return
		}
		f.bad(line, string(value), "no address")
		return
	}
	it := item{line: line, port: port, proto: proto, score: -1}
	if v := n.first(keysPort); v != nil {
		v, err := strconv.ParseUint(string(v), 10, 16)
		if err != nil {
			f.bad(line, string(value), "no port")
			return
		}
		it.port = uint16(v)
	}
	if v := n.first(keysScore); v != nil {
		if v, err := strconv.ParseFloat(string(v), 64); err == nil && v >= 0 && v <= 100 {
			it.score = int(v)
		}
	}
	category := f.Category
	if v := n.get("threat_type"); v != nil {
		category = threatKind(string(v))
	}
	it.note.category = text([]byte(category))
	it.note.malware = text(n.first(keysMalware))
	it.note.country = country(n.first(keysCountry))
	tags := n.get("tags")
	if tags == nil {
		n.each("tags/[]", func(t []byte) { tags = append(append(tags, t...), ',') })
	}
	status := n.get("status")
	if rd.l == dropJSON {
		status = n.get("sblid")
	}
	it.note.tags = rd.tags(status, tags)
	it.first, _ = when(n.first(keysFirst))
	if t, ok := when(n.first(keysSeen)); ok {
		it.last, it.date = t, t
	} else {
		it.date = it.first
	}
	f.dated(it.date)
	rd.t.add(p, f, &it)
}

// strings reads a list of strings: a MISP warninglist or a plain array.
func (rd *reading) strings(in io.Reader) error {
	f := rd.f
	it := item{score: -1, benign: rd.l == warningList}
	if it.benign {
		f.Category = Benign
	} else {
		f.Category = (&header{}).category(f.Name)
	}
	it.note.category = rd.t.words.text([]byte(f.Category))
	type held struct {
		line int
		text string
	}
	kind, heldBytes := "", 0
	var early []held // entries in front of the type of the list
	entry := func(n int, v []byte) {
		it.line = n
		if kind == "regex" || kind == "substring" {
			f.Others++
			return
		}
		p, port, proto, ok := endpoint(v)
		switch {
		case ok:
			it.port, it.proto = port, proto
			rd.t.add(p, f, &it)
		case kind == "hostname" || isDomain(v) || kind == "string":
			f.Domains++
		default:
			f.bad(n, string(v), "no address, prefix or domain")
		}
	}
	n, path := 0, "/[]"
	if rd.l == warningList {
		path = "/list/[]"
	}
	w := &walker{
		plan: func(p string) action {
			if p == "" || p == "/list" {
				return enter
			}
			return skip
		},
		leaf: func(p string, v []byte, k jsonstream.Kind) {
			switch {
			case p == path:
				if n++; k != jsonstream.String {
					f.bad(n, string(v), "no text")
				} else if rd.l == warningList && kind == "" && heldBytes < maxTreeBytes {
					early = append(early, held{n, string(v)})
					heldBytes += len(v)
				} else {
					entry(n, v)
				}
			case rd.l != warningList:
			case p == "/name":
				f.List = clip(v)
			case p == "/type":
				kind = string(v)
			case p == "/version":
				if len(v) == 8 { // the day of the list
					if t, ok := dateAt(string(v) + "000000"); ok {
						f.Date, f.HasDate = t, true
					}
				}
			}
		},
	}
	err := w.walk(in)
	for _, h := range early {
		entry(h.line, []byte(h.text))
	}
	return err
}
