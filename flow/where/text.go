package where

import (
	"regexp"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// A memo remembers for each numbered text whether a test holds of it. It
// allocates as it grows, up to its limit; texts beyond are tested each time.
type memo struct {
	lookup func(uint32) string
	test   func(string) bool
	seen   []truth
	limit  int
}

func (m *memo) is(n uint32) bool {
	if int(n) < len(m.seen) {
		if v := m.seen[n]; v != unknown {
			return v == yes
		}
	}
	return m.learn(n)
}

func (m *memo) learn(n uint32) bool {
	is := m.test(m.lookup(n))
	if int64(n) >= int64(m.limit) {
		return is
	}
	if int(n) >= len(m.seen) {
		grown := make([]truth, min(m.limit, max(256, 2*(int(n)+1))))
		copy(grown, m.seen)
		m.seen = grown
	}
	m.seen[n] = known(is)
	return is
}

// Sizes of memos: the first few hold the symbols of a whole run.
const (
	largeMemos = 16
	largeMemo  = 1 << 20
	smallMemo  = 1 << 10
)

func (c *compiler[T]) memo(lookup func(uint32) string, test func(string) bool) *memo {
	m := &memo{lookup: lookup, test: test, limit: smallMemo}
	if c.memos++; c.memos <= largeMemos {
		m.limit = largeMemo
	}
	return m
}

// textTest is the test that op makes of a text with one constant.
func (c *compiler[T]) textTest(op string, n ast.Node, text string) (func(string) bool, error) {
	switch op {
	case "==":
		return func(s string) bool { return s == text }, nil
	case "contains":
		return func(s string) bool { return strings.Contains(s, text) }, nil
	case "startsWith":
		return func(s string) bool { return strings.HasPrefix(s, text) }, nil
	case "endsWith":
		return func(s string) bool { return strings.HasSuffix(s, text) }, nil
	case "matches":
		if c.regex += len(text); len(text) > maxRegex || c.regex > 16*maxRegex {
			return nil, c.faultAt(n, "patterns may have %d bytes, and all of an expression %d", maxRegex, 16*maxRegex)
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return nil, c.faultAt(n, "the pattern is wrong: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		return re.MatchString, nil
	}
	return nil, c.faultAt(n, "texts have no order for %s; ==, in, contains, startsWith, endsWith and matches compare them", op)
}

// texts is the condition that a test holds of a text operand.
func (c *compiler[T]) texts(o *operand[T], test func(string) bool) cond[T] {
	if change := o.change; change != nil {
		plain := test
		test = func(s string) bool { return plain(change(s)) }
	}
	f := o.field
	if f.kind == kindTexts {
		return leafOf(func(t *T) (bool, bool) {
			all, ok := f.texts(t)
			if !ok {
				return false, false
			}
			for _, s := range all {
				if test(s) {
					return true, true
				}
			}
			return false, true
		})
	}
	if f.symbol == nil {
		get := f.text
		return leafOf(func(t *T) (bool, bool) {
			s, ok := get(t)
			return ok && test(s), ok
		})
	}
	m, get := c.memo(f.lookup, test), f.symbol
	return leaf[T]{
		func(t *T) bool { n, ok := get(t); return ok && m.is(n) },
		func(t *T) bool { n, ok := get(t); return ok && !m.is(n) },
	}
}
