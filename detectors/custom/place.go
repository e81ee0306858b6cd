package custom

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"seine/flow/near"
	"seine/flow/where"
)

// A file is the text of a rule file and what is wrong with it.
type file struct {
	name  string
	lines []string
	errs  []error
}

// A scalar is a text in a file.
type scalar struct {
	text string
	node *yaml.Node
}

// fault notes what is wrong at a node.
func (f *file) fault(n *yaml.Node, format string, args ...any) {
	f.errs = append(f.errs, fmt.Errorf("%s:%d:%d: %s", f.name, max(1, n.Line), max(1, n.Column), fmt.Sprintf(format, args...)))
}

// expression notes an error of package where in an expression that is part of
// a rule: about is the rule and the key.
func (f *file) expression(s scalar, about string, err error) {
	var e *where.Error
	if !errors.As(err, &e) {
		f.fault(s.node, "%s: %v", about, err)
		return
	}
	line, column := f.place(s, e.Line, e.Column)
	f.errs = append(f.errs, fmt.Errorf("%s:%d:%d: %s: %s%s", f.name, line, column, about, e.Message, e.Excerpt))
}

// place finds where in the file a character of a scalar is, which its text has
// at a line and a column of its own, both from 1. Quotes, escapes and the
// folding of lines are followed as far as they are ordinary; else the place
// is that of the scalar.
func (f *file) place(s scalar, line, column int) (int, int) {
	n := s.node
	want := []rune(s.text)
	at := 0
	for line > 1 && at < len(want) {
		if want[at] == '\n' {
			line--
		}
		at++
	}
	at = min(at+column-1, len(want))
	c := cursor{lines: f.lines, line: n.Line - 1, column: n.Column - 1}
	switch n.Style {
	case yaml.LiteralStyle, yaml.FoldedStyle:
		c.line, c.column = c.line+1, 0
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		c.column++
	}
	for i, r := range want[:at] {
		switch got := c.rune(); {
		case got == r && !unicode.IsSpace(r):
			c.step()
		case unicode.IsSpace(r) && unicode.IsSpace(got):
			c.step()
			if r == '\n' || i+1 < at && !unicode.IsSpace(want[i+1]) {
				c.space()
			}
		case unicode.IsSpace(got):
			c.space()
			if c.rune() != r {
				return n.Line, n.Column
			}
			c.step()
		case got == '\\' && n.Style == yaml.DoubleQuotedStyle, got == '\'' && n.Style == yaml.SingleQuotedStyle:
			if c.step(); c.rune() != r {
				return n.Line, n.Column
			}
			c.step()
		default:
			return n.Line, n.Column
		}
	}
	if unicode.IsSpace(c.rune()) && at < len(want) && !unicode.IsSpace(want[at]) {
		c.space()
	}
	return c.line + 1, c.column + 1
}

// A cursor is a place in a text, from 0, in characters.
type cursor struct {
	lines        []string
	line, column int
}

// rune is the character at the cursor: a newline at the end of each line, 0 at
// that of the text.
func (c *cursor) rune() rune {
	if c.line < 0 || c.line >= len(c.lines) {
		return 0
	}
	rest := c.lines[c.line]
	for range c.column {
		_, n := utf8.DecodeRuneInString(rest)
		rest = rest[n:]
	}
	if rest == "" {
		return '\n'
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return r
}

func (c *cursor) step() {
	if c.rune() == '\n' {
		c.line, c.column = c.line+1, 0
		return
	}
	c.column++
}

func (c *cursor) space() {
	for unicode.IsSpace(c.rune()) {
		c.step()
	}
}

// didYouMean suggests the nearest of known words, as the end of a sentence.
func didYouMean(word string, known []string) string {
	best := near.Word(word, known, 1+len(word)/3)
	if len(word) > 64 {
		return ""
	}
	if best == "" {
		return fmt.Sprintf(" (known: %s)", strings.Join(known, ", "))
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
