package settings

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// YAML is the effective configuration as a configuration file: reading it
// back gives the same. A comment on each line tells where its value comes
// from.
func (s *Settings) YAML() []byte {
	var p printer
	var own []*Setting
	for _, t := range s.table {
		if t.Param != nil && !t.Param.Shared {
			own = append(own, t)
			continue
		}
		p.setting(0, t.Name, t.Kind, s.values[t], s.atDefault(t))
	}
	if len(own) > 0 {
		p.line(0, detectorsKey+":", "")
	}
	last := ""
	for _, t := range own {
		id, name, _ := strings.Cut(t.Name, ".")
		if id != last {
			p.line(1, id+":", "")
			last = id
		}
		p.setting(2, name, t.Kind, s.values[t], s.atDefault(t))
	}
	return p.aligned()
}

type printer struct {
	lines [][2]string // text and comment
	width int         // of the widest text that is not exceptionally wide
}

func (p *printer) line(depth int, text, comment string) {
	text = strings.Repeat("  ", depth) + text
	p.lines = append(p.lines, [2]string{text, comment})
	if n := utf8.RuneCountInString(text); n <= 40 {
		p.width = max(p.width, n)
	}
}

func (p *printer) aligned() []byte {
	var b bytes.Buffer
	for _, l := range p.lines {
		if l[1] == "" {
			fmt.Fprintln(&b, l[0])
			continue
		}
		pad := max(0, p.width-utf8.RuneCountInString(l[0]))
		fmt.Fprintf(&b, "%s%s  # %s\n", l[0], strings.Repeat(" ", pad), comment(l[1]))
	}
	return b.Bytes()
}

func (p *printer) setting(depth int, name string, kind Kind, items []Item, atDefault bool) {
	origin := Origin{}.String()
	if !atDefault && len(items) == 0 {
		origin = "set to nothing"
	}
	if len(items) > 0 {
		origin = items[0].Origin.String()
	}
	switch kind {
	case One, Switch:
		p.line(depth, name+": "+scalar(items[0].Text), origin)
	case Words, Files:
		one := true
		texts := make([]string, len(items))
		for i, it := range items {
			texts[i] = scalar(it.Text)
			one = one && it.Origin == items[0].Origin
		}
		if one {
			p.line(depth, name+": ["+strings.Join(texts, ", ")+"]", origin)
			return
		}
		p.line(depth, name+":", "")
		for i, it := range items {
			p.line(depth+1, "- "+texts[i], it.Origin.String())
		}
	case Pairs:
		if len(items) == 0 {
			p.line(depth, name+": {}", origin)
			return
		}
		p.line(depth, name+":", "")
		for _, it := range items {
			key, v, _ := strings.Cut(it.Text, "=")
			p.line(depth+1, scalar(key)+": "+scalar(v), it.Origin.String())
		}
	}
}

var plain = regexp.MustCompile(`^[A-Za-z0-9/._][A-Za-z0-9/._+%=-]*$`)

// scalar writes a text so that YAML reads the same text, and no null, back.
func scalar(text string) string {
	if plain.MatchString(text) && !strings.EqualFold(text, "null") {
		return text
	}
	return strconv.Quote(text) // YAML knows the escapes of Go
}

// comment keeps a comment on its line.
func comment(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return '?'
		}
		return r
	}, text)
}
