package explain

import (
	"fmt"
	"strconv"
	"strings"

	"seine/flow"
)

// formats are how a field may be written; the empty one goes by the value.
var formats = map[string]func(*telling, value) string{
	"":      (*telling).any,
	"bytes": func(t *telling, v value) string { return t.measure(v, t.in.bytes) },
	"span":  func(t *telling, v value) string { return t.measure(v, t.in.span) },
	"every": func(t *telling, v value) string { return t.measure(v, t.in.pace) },
	"range": func(t *telling, v value) string { return t.between(v, t.any) },
	"bytesrange": func(t *telling, v value) string {
		return t.between(v, func(v value) string { return t.measure(v, t.in.bytes) })
	},
	"share": func(t *telling, v value) string { return t.measure(v, t.in.share) },
	"chance": func(t *telling, v value) string {
		return t.measure(v, t.in.rarity)
	},
	// percent is a number that counts hundredths already.
	"percent": func(t *telling, v value) string {
		return t.measure(v, func(x float64) string { return t.in.float(x) + t.in.percent })
	},
	"int": func(t *telling, v value) string {
		return t.measure(v, func(x float64) string { return t.in.grouped(strconv.FormatFloat(x, 'f', 0, 64)) })
	},
	"id":    (*telling).id,
	"time":  (*telling).time,
	"port":  (*telling).port,
	"word":  (*telling).word,
	"plain": (*telling).plain,
	"set":   (*telling).set,
}

// A telling is one alert being told.
type telling struct {
	in    *tongue
	words *words
	get   func(name string) value
	proto flow.Proto
	holes int // fields outside of optional parts that had no value
}

// render writes a template.
func (t *telling) render(x text) string {
	var b strings.Builder
	t.pieces(&b, x)
	return tidy(b.String())
}

func (t *telling) pieces(b *strings.Builder, x text) {
	for i := range x {
		p := &x[i]
		switch {
		case p.field != nil:
			b.WriteString(t.field(p.field))
		case p.option:
			if t.wanted(p) {
				t.pieces(b, p.part)
			}
		default:
			b.WriteString(p.literal)
		}
	}
}

// wanted decides whether an optional part is told.
func (t *telling) wanted(p *piece) bool {
	for i := range p.tests {
		if !p.tests[i].holds(t.get(p.tests[i].name)) {
			return false
		}
	}
	for i := range p.part {
		if f := p.part[i].field; f != nil && t.get(f.name).kind == absent {
			return false
		}
	}
	return true
}

func (t *telling) field(f *field) string {
	v := t.get(f.name)
	if v.kind == absent {
		t.holes++
		return t.in.unknown
	}
	s := formats[f.format](t, v)
	if f.counted {
		noun := f.one
		if t.in.many(v.num) {
			noun = f.many
		}
		s += nbsp + noun
	}
	return s
}

// measure writes numbers, and lists of them, by f; other values as they are.
func (t *telling) measure(v value, f func(float64) string) string {
	switch v.kind {
	case numberValue:
		return f(v.num)
	case listValue:
		return t.list(v, func(v value) string { return t.measure(v, f) })
	}
	return t.any(v)
}

// between writes a list of two as the ends of a range.
func (t *telling) between(v value, each func(value) string) string {
	if v.kind != listValue || len(v.items) != 2 {
		return t.list(v, each)
	}
	return fmt.Sprintf(t.in.between, each(v.items[0]), each(v.items[1]))
}

func (t *telling) any(v value) string {
	switch v.kind {
	case numberValue:
		return t.in.number(v)
	case boolValue:
		if v.num != 0 {
			return t.in.yes
		}
		return t.in.no
	case listValue:
		return t.list(v, t.any)
	case doneValue:
		return v.text
	}
	s := tame(v.text)
	if needsQuotes(s) {
		return t.in.quoted(s)
	}
	return s
}

// needsQuotes tells a text of the input that could be taken for words of ours.
func needsQuotes(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("._:/+@-~%", c) >= 0 {
			continue
		}
		return true
	}
	return s == "" || len(s) > 80
}

// plain writes a text of the detector's own making.
func (t *telling) plain(v value) string {
	switch v.kind {
	case textValue:
		return tame(v.text)
	case listValue:
		return t.list(v, t.plain)
	}
	return t.any(v)
}

// word writes a text in the language of the reader, if there is a translation.
func (t *telling) word(v value) string {
	switch v.kind {
	case textValue:
		if s, ok := t.words.translate(v.text); ok {
			return s
		}
		parts := strings.Split(v.text, ", ")
		if len(parts) == 1 || len(parts) > maxItems {
			return t.plain(v)
		}
		for i, part := range parts {
			s, ok := t.words.translate(part)
			if !ok {
				return t.plain(v)
			}
			parts[i] = s
		}
		return strings.Join(parts, ", ")
	case listValue:
		return t.list(v, t.word)
	}
	return t.any(v)
}

// id writes a number that counts nothing, such as a port.
func (t *telling) id(v value) string {
	switch v.kind {
	case numberValue:
		return tame(v.text)
	case listValue:
		return t.list(v, t.id)
	}
	return t.any(v)
}

// set writes addresses and prefixes for a list of the language of conditions.
func (t *telling) set(v value) string {
	items := v.items
	if v.kind == textValue {
		items = []value{v}
	}
	var all []string
	for _, i := range items {
		if s := i.text; s != "" && len(s) <= 64 && !needsQuotes(s) {
			all = append(all, `"`+s+`"`)
		}
	}
	return strings.Join(all, ", ")
}

func (t *telling) time(v value) string {
	if at, ok := v.moment(); ok {
		return t.in.moment(at)
	}
	return t.any(v)
}

// port writes a port with the name of its service.
func (t *telling) port(v value) string {
	switch v.kind {
	case listValue:
		return t.list(v, t.port)
	case numberValue:
		if v.num != float64(uint16(v.num)) {
			return t.in.number(v)
		}
		s := strconv.Itoa(int(v.num))
		if name := flow.ServiceName(t.proto, uint16(v.num)); name != "" {
			s += " (" + name + ")"
		}
		return s
	}
	return t.any(v)
}

// maxListed is how many things of a list are told.
const maxListed = 8

func (t *telling) list(v value, each func(value) string) string {
	var b strings.Builder
	for i, item := range v.items {
		if i == maxListed && len(v.items) > maxListed+1 {
			b.WriteString(" " + strings.Replace(t.in.more, "%s", strconv.Itoa(len(v.items)-i), 1))
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(each(item))
	}
	if b.Len() == 0 {
		return "–"
	}
	return b.String()
}

// tidy closes the gaps that parts left out leave.
func tidy(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' }), " ")
	return strings.NewReplacer(" .", ".", " ,", ",", " )", ")", "( ", "(").Replace(s)
}
