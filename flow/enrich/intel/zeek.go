package intel

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// zeek reads an intel file: tab-separated, of which a header names the fields.
func (rd *reading) zeek(in io.Reader) error {
	at := map[string]int{}
	begun := false
	return rd.lines(in, func(n int, line []byte) error {
		switch {
		case line == nil:
			rd.f.bad(n, "", errLine.Error())
			return nil
		case bytes.HasPrefix(line, []byte("#fields")):
			clear(at)
			for i, name := range bytes.Fields(line)[1:] {
				at[string(name)] = i
			}
			if _, ok := at["indicator"]; !ok {
				return errors.New("no field \"indicator\"")
			}
			begun = true
			return nil
		case line[0] == '#':
			return nil
		case !begun:
			return errors.New("no #fields line in front")
		}
		rd.zeekRow(at, bytes.Split(line, []byte("\t")), n)
		return nil
	})
}

func (rd *reading) zeekRow(at map[string]int, fields [][]byte, n int) {
	f, text := rd.f, rd.t.words.text
	get := func(names ...string) []byte {
		for _, name := range names {
			if i, ok := at[name]; ok && i < len(fields) {
				if v := bytes.TrimSpace(fields[i]); len(v) > 0 && string(v) != "-" {
					return v
				}
			}
		}
		return nil
	}
	value := get("indicator")
	switch kind := string(get("indicator_type")); kind {
	case "Intel::ADDR", "Intel::SUBNET", "":
	case "Intel::DOMAIN":
		f.Domains++
		return
	default:
		if strings.HasPrefix(kind, "Intel::") {
			f.Others++
		} else {
			f.bad(n, kind, "no type of an indicator")
		}
		return
	}
	p, port, proto, ok := endpoint(value)
	if !ok {
		f.bad(n, string(value), "no address or prefix")
		return
	}
	it := item{line: n, port: port, proto: proto, score: -1}
	source, desc := get("meta.source"), get("meta.desc", "meta.comment")
	category := ""
	for _, words := range [][]byte{get("meta.category", "meta.threat_type"), desc, source} {
		if category = kindOf(string(words)); category != "" {
			break
		}
	}
	if isBenign(string(get("meta.category", "meta.threat_type"))) {
		category = Benign
	}
	it.benign = category == Benign || string(get("meta.whitelist")) == "T"
	it.note = note{category: text([]byte(category)), malware: text(get("meta.malware", "meta.family")), list: text(source), country: country(get("meta.cc", "meta.country"))}
	it.note.tags = rd.tags(desc, get("meta.tags"))
	if v := get("meta.confidence", "meta.score"); v != nil {
		if c, err := strconv.ParseFloat(string(v), 64); err == nil && c >= 0 && c <= 100 {
			it.score = int(c)
		}
	}
	it.last, _ = when(get("meta.last_seen", "meta.lastseen"))
	it.first, _ = when(get("meta.first_seen", "meta.firstseen"))
	if it.date = it.last; it.date == 0 {
		it.date, _ = when(get("meta.date", "meta.updated", "meta.created"))
	}
	f.dated(it.date)
	rd.t.add(p, f, &it)
}
