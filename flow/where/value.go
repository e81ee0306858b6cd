package where

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"seine/flow"
)

// Parse reads an expression whose parts are compiled one by one, by
// [Schema.Condition], [Schema.Value], [Schema.Key] and [Schema.Get]. Errors
// are of type *Error.
func Parse(text string) (Expr, error) {
	src, root, err := parseText(text)
	return Expr{src, root}, err
}

// Field finds the field that a name or an alias means, by the name that it was
// declared with.
func (s *Schema[T]) Field(name string) (declared string, ok bool) {
	f := s.field(name)
	if f == nil {
		return "", false
	}
	return f.name, true
}

// Get compiles the name of a field to how its value is had for people: a
// uint64, float64, string, bool, flow.Addr, flow.Time or, of a duration,
// time.Duration. name is the one that the field was declared with.
func (s *Schema[T]) Get(e Expr) (get func(*T) (any, bool), name string, needs flow.Fields, err error) {
	c := &compiler[T]{schema: s, source: e.src}
	f, err := c.field(e.node)
	if err != nil {
		return nil, "", 0, err
	}
	switch {
	case f.either != nil:
		return nil, "", 0, e.Errorf("%s stands for %s; name one of them", f.name, strings.Join(f.either, " or "))
	case f.kind == kindWord:
		get = func(t *T) (any, bool) {
			v, ok := f.count(t)
			if !ok || v >= uint64(len(f.words)) {
				return nil, false
			}
			return f.words[v], true
		}
	case f.kind == kindFlags:
		get = func(t *T) (any, bool) { v, ok := f.count(t); return flow.TCPFlags(v).String(), ok }
	case f.kind == kindCount:
		get = func(t *T) (any, bool) { v, ok := f.count(t); return v, ok }
	case f.kind == kindNumber:
		get = func(t *T) (any, bool) { v, ok := f.number(t); return v.Float64(), ok }
	case f.text != nil:
		get = func(t *T) (any, bool) { v, ok := f.text(t); return v, ok }
	case f.texts != nil:
		get = func(t *T) (any, bool) { v, ok := f.texts(t); return strings.Join(v, ","), ok }
	case f.addr != nil:
		get = func(t *T) (any, bool) {
			if a := f.addr(t); a != nil {
				return *a, true
			}
			return nil, false
		}
	case f.kind == kindSpan:
		get = func(t *T) (any, bool) { v, ok := f.time(t); return time.Duration(v), ok }
	case f.time != nil:
		get = func(t *T) (any, bool) { v, ok := f.time(t); return v, ok }
	case f.bool != nil:
		get = func(t *T) (any, bool) { v, ok := f.bool(t); return v, ok }
	default:
		return nil, "", 0, e.Errorf("the value of %s cannot be shown", f.name)
	}
	return get, f.name, f.needs, nil
}

// Requires are the fields of flows without which a condition cannot hold. A
// text that does not compile requires nothing.
func (s *Schema[T]) Requires(text string) flow.Fields {
	src, root, err := parseText(text)
	if err != nil {
		return 0
	}
	if _, err := s.Condition(Expr{src, root}); err != nil {
		return 0
	}
	c := &compiler[T]{schema: s, source: src}
	return c.requires(root, true)
}

// requires are the fields that a part of a condition needs to be known as
// want.
func (c *compiler[T]) requires(n ast.Node, want bool) flow.Fields {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return c.requires(n.Node, !want)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&", "or", "||":
			a, b := c.requires(n.Left, want), c.requires(n.Right, want)
			if or := n.Operator == "or" || n.Operator == "||"; or == want {
				return a & b
			}
			return a | b
		}
	case *ast.CallNode:
		if name, _ := dotted(n.Callee); name == "has" && !want {
			return 0
		}
	}
	if either := c.either(n); either != nil && want {
		all := ^flow.Fields(0)
		for _, f := range either {
			all &= f
		}
		return all | c.mentioned(n)
	}
	return c.mentioned(n)
}

// mentioned are the fields that all names below n need.
func (c *compiler[T]) mentioned(n ast.Node) flow.Fields {
	v := &mentions[T]{schema: c.schema}
	ast.Walk(&n, v)
	return v.needs
}

// either are the needs of each field that a name below n stands for, if one
// stands for several.
func (c *compiler[T]) either(n ast.Node) []flow.Fields {
	v := &mentions[T]{schema: c.schema}
	ast.Walk(&n, v)
	return v.either
}

// mentions gathers what the names of an expression need.
type mentions[T any] struct {
	schema *Schema[T]
	needs  flow.Fields
	either []flow.Fields
}

// Visit implements ast.Visitor.
func (m *mentions[T]) Visit(n *ast.Node) {
	name, ok := dotted(*n)
	f := m.schema.field(name)
	switch {
	case !ok || f == nil:
	case f.either == nil:
		m.needs |= f.needs
	default:
		for _, e := range f.either {
			m.either = append(m.either, m.schema.field(e).needs)
		}
	}
}

// A Comparison is one of the comparisons that a condition is made of.
type Comparison struct {
	Left, Right Expr
	Op          string // ==, !=, <, <=, >, >=, in, contains …
}

// Comparisons are those of an expression that must hold, or may with others,
// in the order in which they are written; those behind a "not" are left out.
func (e Expr) Comparisons() []Comparison {
	var all []Comparison
	var walk func(ast.Node)
	walk = func(n ast.Node) {
		b, ok := n.(*ast.BinaryNode)
		if !ok {
			return
		}
		switch b.Operator {
		case "and", "&&", "or", "||":
			walk(b.Left)
			walk(b.Right)
		case "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches":
			all = append(all, Comparison{Expr{e.src, b.Left}, Expr{e.src, b.Right}, b.Operator})
		}
	}
	walk(e.node)
	return all
}

// Constant is the number that an expression without names is.
func (e Expr) Constant() (Number, bool) {
	c := &compiler[struct{}]{schema: &Schema[struct{}]{}, source: e.src}
	o, err := c.operand(e.node)
	if err != nil || o.value == nil {
		return Number{}, false
	}
	return *o.value, true
}

// Add is the sum of two numbers: exact where both are whole and it is one.
func (n Number) Add(m Number) Number {
	sum, ok := calculate("+", n, m)
	if !ok { // opposite infinities
		return n
	}
	return sum
}

// Over is n / m, and false where m is zero.
func (n Number) Over(m Number) (Number, bool) { return calculate("/", n, m) }

// Whole is the value of a whole number: its magnitude and whether it is below
// zero.
func (n Number) Whole() (mag uint64, minus, ok bool) {
	return n.mag, n.kind == negative, n.kind != fractional
}

// String writes the number for people: whole ones in full, others with five
// digits that matter.
func (n Number) String() string {
	switch n.kind {
	case positive:
		return strconv.FormatUint(n.mag, 10)
	case negative:
		return "-" + strconv.FormatUint(n.mag, 10)
	}
	if a := math.Abs(n.f); a != 0 && (a < 1e-4 || a >= 1e15) {
		return strconv.FormatFloat(n.f, 'g', 5, 64)
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(n.f, 'g', max(5, digits(n.f)), 64), 64)
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// digits are those before the point.
func digits(f float64) int { return len(strconv.FormatFloat(math.Trunc(math.Abs(f)), 'f', 0, 64)) }

// Words are what tells the value apart, for tables of keys.
func (k Key) Words() (a, b uint64, text string) { return k.a, k.b, k.text }

// ParseSpan reads a duration as conditions spell it: 90s, 1h30m, 2d.
func ParseSpan(text string) (flow.Time, error) { return parseSpan(text) }
