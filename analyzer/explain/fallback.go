package explain

import (
	"fmt"
	"strings"

	"seine/detectors"
)

// What is told of rules without words, made of what the detector says of
// itself: its title, its facts, and the sections of its documentation.

func (t *Teller) fallbackTitle(a *detectors.Alert) string {
	subject := tame(a.Subject.String())
	about := ""
	switch {
	case a.Rule != nil && a.Rule.Title != "":
		about = tame(a.Rule.Title)
	case a.Detector != nil && a.Detector.Title != "":
		about = tame(a.Detector.Title)
	case a.Rule != nil:
		about = tame(a.Rule.ID)
	}
	switch {
	case subject == "":
		return about
	case about == "":
		return subject
	}
	return subject + t.colon() + about
}

// numbers tells the facts as they stand.
func (t *Teller) numbers(p *telling, a *detectors.Alert) string {
	var all []string
	for i := range a.Facts {
		f := &a.Facts[i]
		if v := valueOf(f); v.kind != absent {
			all = append(all, tame(strings.ReplaceAll(f.Key, "_", " "))+" "+p.any(v))
		}
		if len(all) == 24 {
			break
		}
	}
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf(t.in.says.facts, strings.Join(all, ", "))
}

func (t *Teller) fallbackWhy(a *detectors.Alert) string {
	if a.Detector != nil {
		if s := paragraph(sectionOf(a.Detector.Doc, "why it matters")); s != "" {
			return s
		}
	}
	about := ""
	switch {
	case a.Rule != nil && a.Rule.Title != "":
		about = a.Rule.Title
	case a.Detector != nil:
		about = a.Detector.Title
	}
	if about == "" {
		return ""
	}
	return fmt.Sprintf(t.in.says.why, strings.TrimRight(tame(about), "."))
}

func (t *Teller) fallbackElse(a *detectors.Alert) []string {
	if a.Detector == nil {
		return []string{}
	}
	return items(sectionOf(a.Detector.Doc, "benign look-alikes"))
}

func (t *Teller) fallbackNext(a *detectors.Alert) []string {
	steps := []string{t.in.says.lookAt}
	if a.Detector == nil {
		return steps
	}
	if s := paragraph(sectionOf(a.Detector.Doc, "what to do next")); s != "" {
		steps = append([]string{s}, steps...)
	}
	return append(steps, fmt.Sprintf(t.in.says.see, tame(a.Detector.ID)))
}

// sectionOf is the text of a section of a documentation in Markdown.
func sectionOf(doc, heading string) string {
	var b strings.Builder
	in := false
	for line := range strings.Lines(doc) {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			in = strings.EqualFold(strings.TrimSpace(name), heading)
			continue
		}
		if in {
			b.WriteString(line)
		}
	}
	return b.String()
}

// maxParagraph bounds a text of a documentation, in characters.
const maxParagraph = 800

// paragraph is the first paragraph of a text, in one line.
func paragraph(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n\n")
	return bare(s)
}

// items are the items of a list, or the paragraph if there is no list.
func items(s string) []string {
	all := []string{}
	for line := range strings.Lines(s) {
		switch item, ok := strings.CutPrefix(line, "- "); {
		case ok:
			all = append(all, item)
		case len(all) > 0 && strings.HasPrefix(line, "  "):
			all[len(all)-1] += " " + line
		}
	}
	if p := paragraph(s); len(all) == 0 && p != "" {
		all = append(all, p)
	}
	for i := range all {
		all[i] = bare(all[i])
	}
	return all[:min(len(all), 12)]
}

// bare is a text of Markdown without its marks, in one line.
func bare(s string) string {
	s = strings.NewReplacer("`", "", "**", "").Replace(strings.Join(strings.Fields(s), " "))
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > maxParagraph {
			b.WriteString("…")
			break
		}
		if c := tame(string(r)); c != "" || r == ' ' {
			if r == ' ' {
				c = " "
			}
			b.WriteString(c)
		}
	}
	return b.String()
}
