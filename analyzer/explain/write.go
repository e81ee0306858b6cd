package explain

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"seine/detectors"
)

// Text writes a telling for a terminal, in lines of at most width columns.
func (t *Teller) Text(a *detectors.Alert, x Told, width int) string {
	var b strings.Builder
	b.WriteString(wrapped(x.Title, "", width))
	b.WriteString(wrapped(t.byline(a), "", width))
	heading := func(i int) { b.WriteString("\n" + t.in.says.headings[i] + "\n") }
	for i, s := range []string{x.What, x.Measured, x.Why} {
		if s != "" {
			heading(i)
			b.WriteString(wrapped("  "+s, "  ", width))
		}
	}
	for i, list := range [][]string{x.Else, x.Next, x.Known} {
		if len(list) == 0 {
			continue
		}
		heading(3 + i)
		for n, s := range list {
			mark := "  - "
			if i == 1 {
				mark = "  " + strconv.Itoa(n+1) + ". "
			}
			b.WriteString(wrapped(mark+s, strings.Repeat(" ", len(mark)), width))
		}
	}
	if x.Look != "" {
		heading(6)
		b.WriteString("  " + x.Look + "\n") // one line, so that it can be copied
	}
	if n := t.note(x); n != "" {
		b.WriteString("\n" + wrapped(n, "", width))
	}
	return b.String()
}

// byline is the line below the title: severity, rule, id.
func (t *Teller) byline(a *detectors.Alert) string {
	words := []string{t.Severity(a.Severity)}
	if a.Detector != nil && a.Rule != nil {
		words = append(words, tame(a.Detector.ID)+"/"+tame(a.Rule.ID))
	}
	if a.Detector != nil && a.Rule != nil || a.ID != "" {
		words = append(words, tame(string(a.AppendID(nil))))
	}
	return strings.Join(words, " · ")
}

func (t *Teller) note(x Told) string {
	var all []string
	if x.By != "" {
		all = append(all, strings.Replace(t.in.says.by, "%s", tame(x.By), 1))
	}
	if x.Note != "" {
		all = append(all, tame(x.Note))
	}
	return strings.Join(all, " ")
}

// Markdown writes a telling as a section of Markdown with a heading of the
// given level.
func (t *Teller) Markdown(a *detectors.Alert, x Told, level int) string {
	var b strings.Builder
	marks := strings.Repeat("#", max(1, min(level, 5)))
	b.WriteString(marks + " " + escaped(x.Title) + "\n\n" + escaped(t.byline(a)) + "\n")
	heading := func(i int) { b.WriteString("\n**" + t.in.says.headings[i] + "**\n\n") }
	for i, s := range []string{x.What, x.Measured, x.Why} {
		if s != "" {
			heading(i)
			b.WriteString(escaped(s) + "\n")
		}
	}
	for i, list := range [][]string{x.Else, x.Next, x.Known} {
		if len(list) == 0 {
			continue
		}
		heading(3 + i)
		for n, s := range list {
			mark := "- "
			if i == 1 {
				mark = strconv.Itoa(n+1) + ". "
			}
			b.WriteString(mark + escaped(s) + "\n")
		}
	}
	if x.Look != "" {
		heading(6)
		b.WriteString("    " + x.Look + "\n") // indented code cannot be closed by its content
	}
	if n := t.note(x); n != "" {
		b.WriteString("\n*" + escaped(n) + "*\n")
	}
	return b.String()
}

// escaped makes a text plain in Markdown: no markup, HTML or link survives.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
			continue
		case r == '>':
			b.WriteString("&gt;")
			continue
		case r == '&':
			b.WriteString("&amp;")
			continue
		case strings.ContainsRune("\\`*_[]#|~!", r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	// Readers make links of bare addresses; a word joiner would be lost in
	// copying, an entity is not seen.
	return strings.NewReplacer("://", ":&#47;/", "www.", "www&#46;", "@", "&#64;").Replace(b.String())
}

// wrapped breaks a text at blanks, but not at the narrow and no-break ones
// that belong between a number and its unit.
func wrapped(s, hang string, width int) string {
	if width <= 0 {
		return s + "\n"
	}
	var b strings.Builder
	lead := len(s) - len(strings.TrimLeft(s, " "))
	b.WriteString(s[:lead])
	used := lead
	for i, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case used+1+n > width:
			b.WriteString("\n" + hang)
			used = len(hang)
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String() + "\n"
}
