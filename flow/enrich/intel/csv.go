package intel

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"seine/flow"
)

// Layouts of tables.
var (
	abuseCSV  = &layout{name: "abuseipdb-csv", title: "AbuseIPDB blacklist, CSV", form: tableForm}
	feodoCSV  = &layout{name: "feodo-csv", title: "Feodo Tracker, CSV", form: tableForm}
	foxCSV    = &layout{name: "threatfox-csv", title: "ThreatFox, CSV", form: tableForm}
	sslCSV    = &layout{name: "sslbl-csv", title: "SSL blacklist of C2 servers, CSV", form: tableForm}
	mispCSV   = &layout{name: "misp-csv", title: "MISP attributes, CSV", form: tableForm}
	otherCSV  = &layout{name: "csv", title: "CSV with a column of addresses", form: tableForm}
	zeekIntel = &layout{name: "zeek-intel", title: "Zeek intel file", form: zeekForm}
)

// detectTable finds the header of a table among the first lines.
func detectTable(head []byte) *layout {
	var fields [64][]byte
	for n := 0; len(head) > 0 && n < maxHeader; n++ {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		head = rest
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if bytes.HasPrefix(line, []byte("#fields")) && bytes.Contains(line, []byte("indicator")) {
			return zeekIntel
		}
		if s, ok := tableHeader(line, fields[:0]); ok {
			return s.layout
		}
		if line[0] != '#' && line[0] != ';' {
			return nil
		}
	}
	return nil
}

// splitFields cuts a line at commas, of which blanks may follow, and takes off
// quotes; ok is false where a quote stays open. Doubled quotes in a field stay.
func splitFields(line []byte, out [][]byte) (fields [][]byte, ok bool) {
	for {
		line = bytes.TrimLeft(line, " \t")
		if len(line) > 0 && line[0] == '"' {
			end := 1
			for {
				i := bytes.IndexByte(line[end:], '"')
				if i < 0 {
					return out, false
				}
				end += i
				if end+1 < len(line) && line[end+1] == '"' {
					end += 2
					continue
				}
				break
			}
			out = append(out, line[1:end])
			line = line[end+1:]
			if i := bytes.IndexByte(line, ','); i >= 0 {
				line = line[i+1:]
				continue
			}
			return out, true
		}
		i := bytes.IndexByte(line, ',')
		if i < 0 {
			return append(out, bytes.TrimRight(line, " \t\r")), true
		}
		out = append(out, bytes.TrimRight(line[:i], " \t"))
		line = line[i+1:]
	}
}

// maxRows is how many lines a row may go over, by line ends within quotes.
const maxRows = 200

// table reads CSV.
func (rd *reading) table(in io.Reader) error {
	var head header
	var s shape
	var fields [][]byte
	var open []byte // a row that goes on
	begun, since := false, 0
	err := rd.lines(in, func(n int, line []byte) error {
		if line == nil {
			rd.f.bad(n, "", errLine.Error())
			return nil
		}
		if open == nil && (line[0] == '#' || line[0] == ';' && !begun) {
			if !begun {
				if shaped, ok := tableHeader(line, fields); ok {
					s, begun = shaped, true
					rd.begin(&head, s.layout)
					return nil
				}
			}
			head.comment(line, n)
			return nil
		}
		if !begun {
			shaped, ok := tableHeader(line, fields)
			if !ok {
				return errors.New("no header that names a column of addresses")
			}
			s, begun = shaped, true
			rd.begin(&head, s.layout)
			return nil
		}
		if open != nil {
			open = append(append(open, '\n'), line...)
			line = open
		}
		var ok bool
		if fields, ok = splitFields(line, fields[:0]); !ok {
			if open == nil {
				open, since = append([]byte{}, line...), n
			}
			if n-since >= maxRows || len(open) > rd.t.limits.line {
				rd.f.bad(since, string(open[:min(len(open), 80)]), "a quote that stays open")
				open = nil
			}
			return nil
		}
		if open == nil {
			since = n
		}
		open = nil
		rd.row(&s, fields, since)
		return nil
	})
	if open != nil {
		rd.f.bad(since, string(open[:min(len(open), 80)]), "a quote that stays open")
	}
	if err == nil && !begun {
		err = errors.New("no header that names a column of addresses")
	}
	return err
}

// begin settles what is known once the header has been read.
func (rd *reading) begin(h *header, l *layout) {
	rd.f.Layout, rd.f.Title, rd.l = l.name, l.title, l
	rd.named(h)
	switch l {
	case abuseCSV:
		rd.f.List, rd.f.Category = "AbuseIPDB", Abuse
	case feodoCSV:
		rd.f.List, rd.f.Category = "Feodo Tracker", C2
	case sslCSV:
		rd.f.List, rd.f.Category = "SSLBL", C2
	case foxCSV:
		rd.f.List = "ThreatFox"
	case otherCSV:
		rd.f.Category = h.category(rd.f.Name)
	}
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func (rd *reading) row(s *shape, fields [][]byte, line int) {
	f := rd.f
	get := func(c column) []byte {
		if i := s.at[c]; i >= 0 && i < len(fields) {
			v := bytes.TrimSpace(fields[i])
			if string(v) == "None" || string(v) == "null" || string(v) == "-" {
				return nil
			}
			return v
		}
		return nil
	}
	value := get(colAddr)
	if len(fields) == 1 && s.n > 1 && len(value) == 0 {
		f.bad(line, string(fields[0]), "a row without its columns")
		return
	}
	it := item{line: line, score: -1}
	text := rd.t.words.text
	kind := strings.ToLower(string(get(colKind)))
	if use := get(colUse); len(use) > 0 && (string(use) == "0" || strings.EqualFold(string(use), "false")) {
		f.Withheld++
		return
	}
	if s.layout == mispCSV {
		value = bytes.Replace(value, []byte("|"), []byte(":"), 1)
		if !strings.HasPrefix(kind, "ip-") {
			rd.other(kind, value)
			return
		}
		if strings.HasSuffix(kind, "|port") {
			if i := bytes.LastIndexByte(value, ':'); i > 0 && bytes.Count(value, []byte(":")) > 1 && value[0] != '[' {
				value = append(append(append([]byte("["), value[:i]...), ']'), value[i:]...)
			}
		}
	}
	p, port, proto, ok := endpoint(value)
	if !ok {
		if isDomain(value) || kind != "" && !strings.HasPrefix(kind, "ip") {
			rd.other(kind, value)
			return
		}
		f.bad(line, string(value), "no address")
		return
	}
	it.port, it.proto = port, proto
	if v := get(colPort); len(v) > 0 {
		n, err := strconv.ParseUint(string(v), 10, 16)
		if err != nil {
			f.bad(line, string(v), "no port")
			return
		}
		it.port = uint16(n)
	}
	if v := get(colProto); len(v) > 0 {
		if n, ok := flow.ParseProto(v); ok {
			it.proto = n
		}
	}
	if v := get(colScore); len(v) > 0 {
		if n, err := strconv.ParseFloat(string(v), 64); err == nil && n >= 0 && n <= 100 {
			it.score = int(n)
		}
	}
	it.note.country = country(get(colCountry))
	category := f.Category
	if v := get(colThreat); len(v) > 0 {
		if k := threatKind(string(v)); k != "" {
			category = k
		}
	}
	if category == "" && s.layout == mispCSV {
		category = mispKind(kind, string(get(colTags)))
	}
	it.benign = category == Benign
	it.note.category = text([]byte(category))
	if v := get(colMalware); len(v) > 0 {
		it.note.malware = text(v)
	} else if v := get(colFamily); len(v) > 0 {
		it.note.malware = text(v)
	}
	if v := get(colList); len(v) > 0 {
		it.note.list = text(v)
	}
	it.note.tags = rd.tags(get(colStatus), get(colTags))
	it.first, _ = when(get(colFirst))
	if t, ok := when(get(colSeen)); ok {
		it.last, it.date = t, t
	} else if t, ok := when(get(colDate)); ok {
		it.date = t
	} else if !f.HasDate || string(get(colStatus)) != "online" {
		it.date = it.first
	}
	if s.layout == feodoCSV && string(get(colStatus)) == "online" && f.HasDate {
		it.date = max(it.date, f.Date) // it was tried when the list was made
	}
	f.dated(it.date)
	rd.t.add(p, f, &it)
}

// other counts an entry that is no address.
func (rd *reading) other(kind string, value []byte) {
	if strings.Contains(kind, "domain") || strings.Contains(kind, "hostname") || kind == "" && isDomain(value) {
		rd.f.Domains++
		return
	}
	rd.f.Others++
}

// tags numbers a status and a list of tags, of which a comma or | stands in
// between.
func (rd *reading) tags(status, tags []byte) uint32 {
	if len(status) == 0 && len(tags) == 0 {
		return 0
	}
	all := rd.scratch[:0]
	put := func(tag []byte) {
		if tag = bytes.TrimSpace(tag); len(tag) == 0 || len(all)+len(tag) >= maxText {
			return
		}
		if len(all) > 0 {
			all = append(all, tagSeparator...)
		}
		all = append(all, tag...)
	}
	put(status)
	for len(tags) > 0 {
		at := bytes.IndexAny(tags, ",|")
		if at < 0 {
			put(tags)
			break
		}
		put(tags[:at])
		tags = tags[at+1:]
	}
	rd.scratch = all
	return rd.t.words.text(all)
}

// country takes a code of two letters.
func country(b []byte) (c [2]byte) {
	if len(b) == 2 && isLetter(rune(b[0])) && isLetter(rune(b[1])) {
		c[0], c[1] = b[0]&^0x20, b[1]&^0x20
	}
	return c
}

// threatKind turns the words of feeds for a threat into a category.
func threatKind(word string) string {
	switch strings.ToLower(word) {
	case "botnet_cc", "c2", "botnet c2", "c2_server":
		return C2
	case "payload_delivery", "payload", "malware_download", "cc_skimming":
		return Malware
	}
	if isBenign(word) {
		return Benign
	}
	return kindOf(word)
}
