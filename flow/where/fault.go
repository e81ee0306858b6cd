package where

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"

	"seine/flow/near"
)

// An Error tells what is wrong with an expression, and where.
type Error struct {
	Line, Column int    // from 1, in characters; of the whole expression 1, 1
	Message      string // what is wrong and what to do
	Excerpt      string // the line, and below it a mark under the place
}

// Error is the message behind its place, with the excerpt below.
func (e *Error) Error() string {
	place := fmt.Sprintf("column %d", e.Column)
	if e.Line > 1 {
		place = fmt.Sprintf("line %d, column %d", e.Line, e.Column)
	}
	return place + ": " + e.Message + e.Excerpt
}

// around is how many characters of a long line are shown on either side.
const around = 60

// fault is the error at a place in text, counted in characters.
func fault(text string, at int, format string, args ...any) *Error {
	all := []rune(text)
	at = max(0, min(at, len(all)))
	line, first := 1, 0
	for i, r := range all[:at] {
		if r == '\n' {
			line, first = line+1, i+1
		}
	}
	last := at
	for last < len(all) && all[last] != '\n' {
		last++
	}
	e := &Error{Line: line, Column: at - first + 1, Message: fmt.Sprintf(format, args...)}
	if first == last {
		return e
	}
	before, after := "", ""
	from, to := first, last
	if at-from > around {
		from, before = at-around, "…"
	}
	if to-at > around {
		to, after = at+around, "…"
	}
	shown := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, string(all[from:to]))
	e.Excerpt = "\n  | " + before + shown + after +
		"\n  | " + strings.Repeat(" ", at-from+len([]rune(before))) + "^"
	return e
}

// faultAt is the error at a node.
func (s *source) faultAt(n ast.Node, format string, args ...any) error {
	at := 0
	if n != nil {
		at = n.Location().From
	}
	return fault(s.text, at, format, args...)
}

// explain makes an Error of what the parser says, and names the usual slips.
func explain(text string, err error) error {
	var at *file.Error
	if !errors.As(err, &at) {
		return fault(text, 0, "%v", err)
	}
	all := []rune(text)
	from := max(0, min(at.Location.From, len(all)))
	message := at.Message
	bare, begin := bareWord(all, from)
	switch {
	case strings.Contains(message, "exceeds maximum allowed nodes"):
		return fault(text, 0, "the expression has more than %d parts", maxNodes)
	case looksLikeAddress(bare):
		return fault(text, begin, "addresses are written in quotes: '%s'", bare)
	case looksLikeMoment(bare):
		return fault(text, begin, "times are written in quotes: '%s'", bare)
	case strings.HasPrefix(message, "bad number syntax"):
		if _, err := parseSpan(bare); err == nil {
			return fault(text, begin, "durations are written in quotes: '%s'", bare)
		}
		return fault(text, begin, "%q is no number; large ones may be written 1e6 or 1_000_000", bare)
	case strings.Contains(message, "invalid integer literal"):
		return fault(text, begin, "the number is too large; beyond 9223372036854775807 write 1e19")
	case strings.Contains(message, `Operator("=")`):
		return fault(text, from, "= alone says nothing; == compares")
	case strings.Contains(message, `Operator("&")`):
		return fault(text, from, "& is no operator; write and, or contains for TCP flags")
	case strings.Contains(message, `Operator("if")`), strings.Contains(message, `Operator("let")`):
		return fault(text, from, "only conditions are understood, no statements")
	case strings.Contains(message, "unexpected token EOF"):
		return fault(text, len(all), "the expression ends too soon")
	case strings.Contains(message, "literal not terminated"):
		return fault(text, from, "the text has no closing quote")
	}
	for _, op := range []string{"and", "or", "not", "in", "contains", "matches", "startsWith", "endsWith"} {
		if bare != op && strings.EqualFold(bare, op) {
			return fault(text, begin, "%q is no operator; write %s", bare, op)
		}
	}
	if kind, value, ok := strings.Cut(strings.TrimPrefix(message, "unexpected token "), "("); ok && kind != message {
		return fault(text, from, "%s is not expected here", strings.TrimSuffix(value, ")"))
	}
	return fault(text, from, "%s", message)
}

// bareWord is the run of characters around a place that might be one unquoted
// value, and where it begins.
func bareWord(all []rune, at int) (word string, begin int) {
	part := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_.:/-", r)
	}
	from, to := at, at
	for from > 0 && part(all[from-1]) {
		from--
	}
	for to < len(all) && part(all[to]) {
		to++
	}
	return string(all[from:to]), from
}

// didYouMean suggests the nearest of known names, as the end of a sentence.
func didYouMean(name string, known []string) string {
	if best := nearest(name, known); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}

// nearest is the known name that a slip of few letters turns name into.
func nearest(name string, known []string) string { return near.Word(name, known, (len(name)+1)/3) }
