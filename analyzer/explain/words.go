package explain

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of a file of words.
const (
	maxWords   = 256 << 10 // bytes
	maxNesting = 4         // optional parts within each other
	maxRules   = 256
)

// anyRule is the rule whose sections serve all rules without their own.
const anyRule = "*"

// wordsRule holds translations instead of sections.
const wordsRule = "words"

// A section is one part of a text.
type section uint8

const (
	title section = iota
	what
	measured
	why
	elses
	next
	look
	sections
)

var sectionNames = [sections]string{"title", "what", "measured", "why", "else", "next", "look"}

// isList tells whether a section is a list of items.
func (s section) isList() bool { return s == elses || s == next }

// words are the texts of one detector in one language.
type words struct {
	rules map[string]*[sections][]text
	order []string          // rules as they come
	dict  map[string]string // what facts say, and how to say it

	patterns []pattern
}

// of gives the templates of a section of a rule; nil if there are none.
func (w *words) of(rule string, s section) []text {
	if w == nil {
		return nil
	}
	for _, id := range []string{rule, anyRule} {
		if r := w.rules[id]; r != nil && r[s] != nil {
			return r[s]
		}
	}
	return nil
}

// translate says what a fact says in the language of the reader. In a
// translation with stars, each stands for any text.
func (w *words) translate(s string) (string, bool) {
	if w == nil {
		return "", false
	}
	if to, ok := w.dict[s]; ok {
		return to, true
	}
	for _, p := range w.patterns {
		if to, ok := p.apply(s); ok {
			return to, true
		}
	}
	return "", false
}

// A pattern is a translation with stars.
type pattern struct{ from, to []string } // the texts around the stars

func (p pattern) apply(s string) (string, bool) {
	rest, ok := strings.CutPrefix(s, p.from[0])
	if !ok {
		return "", false
	}
	var b strings.Builder
	b.WriteString(p.to[0])
	for i := 1; i < len(p.from); i++ {
		star := rest
		if i == len(p.from)-1 {
			if star, ok = strings.CutSuffix(rest, p.from[i]); !ok {
				return "", false
			}
		} else if star, rest, ok = strings.Cut(rest, p.from[i]); !ok {
			return "", false
		}
		b.WriteString(tame(star) + p.to[i])
	}
	return b.String(), true
}

// parseWords reads a file of words. Errors name the line.
func parseWords(doc string, in *tongue) (*words, error) {
	if len(doc) > maxWords {
		return nil, fmt.Errorf("more than %d bytes", maxWords)
	}
	if !utf8.ValidString(doc) {
		return nil, fmt.Errorf("not valid UTF-8")
	}
	w := &words{rules: map[string]*[sections][]text{}, dict: map[string]string{}}
	p := wordsParser{words: w, tongue: in, section: sections}
	n := 0
	for line := range strings.Lines(doc) {
		n++
		if err := p.line(strings.TrimRight(line, " \t\r\n"), n); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := p.flush(); err != nil {
		return nil, fmt.Errorf("line %d: %w", p.began, err)
	}
	return w, nil
}

type wordsParser struct {
	words   *words
	tongue  *tongue
	rule    string
	section section
	open    strings.Builder // the text or item being read
	began   int             // its line
}

func (p *wordsParser) line(line string, n int) error {
	if name, ok := strings.CutPrefix(line, "## "); ok {
		if err := p.flush(); err != nil {
			return err
		}
		return p.begin(strings.TrimSpace(name))
	}
	if name, ok := strings.CutPrefix(line, "# "); ok {
		if err := p.flush(); err != nil {
			return err
		}
		return p.beginRule(strings.TrimSpace(name))
	}
	item, isItem := strings.CutPrefix(line, "- ")
	if p.rule == wordsRule {
		return p.translation(item, isItem || strings.TrimSpace(line) == "")
	}
	line = strings.TrimSpace(line)
	switch {
	case line == "":
		return nil
	case p.section == sections:
		if p.rule == "" {
			return nil // a text in front explains the file
		}
		return fmt.Errorf("a section such as ## what is wanted before the text")
	case isItem && p.section.isList():
		if err := p.flush(); err != nil {
			return err
		}
		line = strings.TrimSpace(item)
	case p.section.isList() && p.open.Len() == 0:
		return fmt.Errorf("the section %s is a list: its lines begin with \"- \"", sectionNames[p.section])
	}
	if p.open.Len() > 0 {
		p.open.WriteByte(' ')
	} else {
		p.began = n
	}
	p.open.WriteString(line)
	return nil
}

func (p *wordsParser) beginRule(name string) error {
	if name == "" || len(p.words.rules) >= maxRules {
		return fmt.Errorf("a rule without a name, or more than %d rules", maxRules)
	}
	p.rule, p.section = name, sections
	if name == wordsRule {
		return nil
	}
	if p.words.rules[name] != nil {
		return fmt.Errorf("the rule %q has been told already", clip(name, 60))
	}
	p.words.rules[name] = &[sections][]text{}
	p.words.order = append(p.words.order, name)
	return nil
}

func (p *wordsParser) begin(name string) error {
	r := p.words.rules[p.rule]
	if r == nil {
		return fmt.Errorf("the section %q belongs to no rule", clip(name, 60))
	}
	for i, known := range sectionNames {
		if name == known {
			if r[i] != nil {
				return fmt.Errorf("%s has the section %s twice", p.rule, name)
			}
			p.section = section(i)
			return nil
		}
	}
	return fmt.Errorf("unknown section %q (known: %s)", clip(name, 60), strings.Join(sectionNames[:], ", "))
}

// translation reads "original = translation".
func (p *wordsParser) translation(item string, ok bool) error {
	if item == "" {
		return nil
	}
	from, to, found := strings.Cut(item, " = ")
	if !ok || !found || strings.TrimSpace(from) == "" || strings.TrimSpace(to) == "" {
		if !ok && strings.TrimSpace(item) == "" {
			return nil
		}
		return fmt.Errorf("a translation is written \"- original = translation\"")
	}
	from, to = strings.TrimSpace(from), p.tongue.typography(strings.TrimSpace(to))
	if !strings.Contains(from, "*") {
		p.words.dict[from] = to
		return nil
	}
	around := pattern{strings.Split(from, "*"), strings.Split(to, "*")}
	if len(around.from) != len(around.to) {
		return fmt.Errorf("%q: both sides of a translation have as many stars", clip(item, 60))
	}
	p.words.patterns = append(p.words.patterns, around)
	return nil
}

// flush ends the text that is being read.
func (p *wordsParser) flush() error {
	if p.open.Len() == 0 {
		return nil
	}
	t, err := parseText(p.open.String(), p.tongue)
	p.open.Reset()
	if err != nil {
		return fmt.Errorf("%s, %s: %w", p.rule, sectionNames[p.section], err)
	}
	r := p.words.rules[p.rule]
	r[p.section] = append(r[p.section], t)
	return nil
}
