package where

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"

	"seine/flow"
)

// Limits of an expression.
const (
	MaxText  = 64 << 10 // bytes
	maxNodes = 10_000   // names, constants, operators …
	maxRegex = 1 << 10  // bytes of one pattern
	maxDepth = 500      // brackets and signs within each other
)

// source is an expression as written.
type source struct{ text string }

// parseText reads an expression. All functions of the expression library are
// taken to be ours, since none of its own is compiled.
func parseText(text string) (s *source, root ast.Node, err error) {
	switch {
	case len(text) > MaxText:
		return nil, nil, fault("", 0, "the expression has %d bytes; %d are allowed", len(text), MaxText)
	case strings.TrimSpace(text) == "":
		return nil, nil, fault("", 0, "the expression is empty")
	}
	if at := tooDeep(text); at >= 0 {
		return nil, nil, fault(text, at, "more than %d brackets and signs within each other", maxDepth)
	}
	defer func() {
		if r := recover(); r != nil {
			err = fault(text, 0, "the expression cannot be read: %v", r)
		}
	}()
	c := conf.CreateNew()
	c.MaxNodes = maxNodes
	for _, name := range builtin.Names {
		c.Functions[name] = &builtin.Function{Name: name}
	}
	tree, err := parser.ParseWithConfig(text, c)
	if err != nil {
		return nil, nil, explain(text, err)
	}
	return &source{text}, tree.Node, nil
}

// tooDeep finds where a text nests too deeply for a parser that recurses, or
// is negative. Brackets in quotes are counted too: better safe.
func tooDeep(text string) int {
	depth, chars := 0, 0
	for i, r := range text {
		switch r {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		case '!', '-', '+':
			if i > 0 && strings.IndexByte("!-+", text[i-1]) >= 0 {
				depth++ // a sign before a sign; never closed, but nobody writes hundreds
			}
		case 'n':
			if strings.HasPrefix(text[i:], "not not") {
				depth++
			}
		}
		if depth > maxDepth {
			return chars
		}
		chars++
	}
	return -1
}

// A Condition is a compiled expression on subjects of type T. It is used by
// one goroutine at a time.
type Condition[T any] struct {
	keep  func(*T) bool
	needs flow.Fields
	names []string
}

// Keep reports whether the condition certainly holds. What cannot be told,
// because the subject lacks a field, is not kept.
func (c *Condition[T]) Keep(t *T) bool { return c.keep(t) }

// Fields are the fields of flows that the condition reads.
func (c *Condition[T]) Fields() flow.Fields { return c.needs }

// Names are the canonical names of the fields that the condition reads, in
// the order of their first use.
func (c *Condition[T]) Names() []string { return c.names }

// Compile compiles an expression that is a condition. Errors are of type
// *Error.
func (s *Schema[T]) Compile(text string) (*Condition[T], error) {
	src, root, err := parseText(text)
	if err != nil {
		return nil, err
	}
	return s.Condition(Expr{src, root})
}

// Condition compiles a part of an expression as a condition.
func (s *Schema[T]) Condition(e Expr) (*Condition[T], error) {
	c := &compiler[T]{schema: s, source: e.src}
	cond, err := c.cond(e.node)
	if err != nil {
		return nil, err
	}
	return &Condition[T]{cond.certainly(true), c.needs, c.names}, nil
}

// Value compiles a part of an expression as a number.
func (s *Schema[T]) Value(e Expr) (get func(*T) (Number, bool), needs flow.Fields, err error) {
	c := &compiler[T]{schema: s, source: e.src}
	o, err := c.operand(e.node)
	if err != nil {
		return nil, 0, err
	}
	if get = o.number(); get == nil {
		return nil, 0, e.Errorf("%s is no number", o.describe())
	}
	return get, c.needs, nil
}

// A Key tells values of one field apart.
type Key struct {
	a, b uint64
	text string
}

// Key compiles the name of a field to what tells its values apart, for
// counting distinct ones.
func (s *Schema[T]) Key(e Expr) (get func(*T) (Key, bool), needs flow.Fields, err error) {
	c := &compiler[T]{schema: s, source: e.src}
	f, err := c.field(e.node)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case f.either != nil:
		return nil, 0, e.Errorf("%s stands for %s; name one of them", f.name, strings.Join(f.either, " or "))
	case f.count != nil:
		get = func(t *T) (Key, bool) { v, ok := f.count(t); return Key{a: v}, ok }
	case f.symbol != nil:
		get = func(t *T) (Key, bool) { v, ok := f.symbol(t); return Key{a: uint64(v)}, ok }
	case f.text != nil:
		get = func(t *T) (Key, bool) { v, ok := f.text(t); return Key{text: v}, ok }
	case f.addr != nil:
		get = func(t *T) (Key, bool) {
			if a := f.addr(t); a != nil {
				w := wideOf(*a)
				return Key{a: w.hi, b: w.lo}, true
			}
			return Key{}, false
		}
	case f.time != nil:
		get = func(t *T) (Key, bool) { v, ok := f.time(t); return Key{a: uint64(v)}, ok }
	default:
		return nil, 0, e.Errorf("values of %s cannot be told apart", f.name)
	}
	return get, c.needs, nil
}
