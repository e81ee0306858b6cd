package where

import (
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// An operand is one side of a comparison: a field, a constant or a
// calculation.
type operand[T any] struct {
	node   ast.Node
	field  *Field[T]
	change func(string) string // of a text field, such as lower()
	text   *string
	value  *Number
	calc   func(*T) (Number, bool)
}

func (o *operand[T]) constant() bool { return o.text != nil || o.value != nil }

// number is how the operand is had as a number, or nil.
//
//go:noinline
func (o *operand[T]) number() func(*T) (Number, bool) {
	switch {
	case o.value != nil:
		v := *o.value
		return func(*T) (Number, bool) { return v, true }
	case o.calc != nil:
		return o.calc
	case o.field != nil && (o.field.kind == kindCount || o.field.kind == kindNumber || o.field.kind == kindSpan):
		return o.field.number
	}
	return nil
}

// describe names the operand in a message.
func (o *operand[T]) describe() string {
	switch {
	case o.text != nil:
		return strconv.Quote(shorten(*o.text))
	case o.change != nil:
		return "the text of " + o.field.name
	case o.field != nil:
		return o.field.name
	case o.value != nil && o.value.kind != fractional:
		sign := ""
		if o.value.kind == negative {
			sign = "-"
		}
		return sign + strconv.FormatUint(o.value.mag, 10)
	case o.value != nil:
		return strconv.FormatFloat(o.value.f, 'g', -1, 64)
	}
	return "the result"
}

// phrase says what the operand is.
func (o *operand[T]) phrase() string {
	switch {
	case o.text != nil:
		return "text"
	case o.field != nil:
		return o.field.kind.phrase()
	}
	return "a number"
}

func shorten(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// unsupported says what the language does not have.
func (c *compiler[T]) unsupported(n ast.Node) error {
	what := "this"
	switch n.(type) {
	case *ast.NilNode:
		return c.faultAt(n, "there is no nil; has(field) asks whether a row has a field")
	case *ast.ConditionalNode:
		return c.faultAt(n, "there is no ? : here; write it with and, or")
	case *ast.ArrayNode:
		return c.faultAt(n, "a list stands to the right of in only")
	case *ast.MapNode, *ast.PairNode:
		what = "{ }"
	case *ast.SliceNode, *ast.MemberNode, *ast.ChainNode:
		what = "taking a part of a value"
	case *ast.BytesNode:
		what = "a text of bytes"
	case *ast.SequenceNode, *ast.VariableDeclaratorNode:
		what = "a sequence of statements"
	case nil:
		return fault(c.text, 0, "the expression is incomplete")
	}
	return c.faultAt(n, "%s is not supported; a condition compares fields with ==, <, in, contains, matches … "+
		"and is combined with and, or, not", what)
}

// operand compiles one side of a comparison.
func (c *compiler[T]) operand(n ast.Node) (*operand[T], error) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		v := Int(int64(n.Value))
		return &operand[T]{node: n, value: &v}, nil
	case *ast.FloatNode:
		v, ok := Float(n.Value)
		if !ok {
			return nil, c.faultAt(n, "not a number")
		}
		return &operand[T]{node: n, value: &v}, nil
	case *ast.StringNode:
		return &operand[T]{node: n, text: &n.Value}, nil
	case *ast.IdentifierNode:
		return c.fieldOperand(n)
	case *ast.MemberNode:
		if _, ok := dotted(n); ok {
			return c.fieldOperand(n)
		}
	case *ast.UnaryNode:
		if n.Operator == "-" || n.Operator == "+" {
			return c.sign(n)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "+", "-", "*", "/", "%":
			return c.calculation(n)
		case "..":
			return nil, c.faultAt(n, "a range stands to the right of in only")
		case "**", "^", "??", "|":
			return nil, c.faultAt(n, "the operator %s is not supported; numbers have + - * / %%", n.Operator)
		}
	case *ast.CallNode:
		return c.call(n)
	}
	if c.isCondition(n) {
		return nil, c.faultAt(n, "a value is wanted here, and this is a condition")
	}
	return nil, c.unsupported(n)
}

func (c *compiler[T]) fieldOperand(n ast.Node) (*operand[T], error) {
	f, err := c.field(n)
	if err != nil {
		return nil, err
	}
	if f.either != nil {
		return nil, c.faultAt(first(n), "%s stands for %s; it is compared as it is, and not calculated with",
			f.name, strings.Join(f.either, " or "))
	}
	c.use(f)
	return &operand[T]{node: first(n), field: f}, nil
}

func (c *compiler[T]) sign(n *ast.UnaryNode) (*operand[T], error) {
	o, err := c.operand(n.Node)
	if err != nil {
		return nil, err
	}
	get := o.number()
	switch {
	case get == nil:
		return nil, c.faultAt(n, "%s is %s and has no sign", o.describe(), o.phrase())
	case n.Operator == "+":
		return o, nil
	case o.value != nil:
		v := o.value.negate()
		return &operand[T]{node: n, value: &v}, nil
	}
	return &operand[T]{node: n, calc: func(t *T) (Number, bool) {
		v, ok := get(t)
		return v.negate(), ok
	}}, nil
}

func (c *compiler[T]) calculation(n *ast.BinaryNode) (*operand[T], error) {
	l, err := c.operand(n.Left)
	if err != nil {
		return nil, err
	}
	r, err := c.operand(n.Right)
	if err != nil {
		return nil, err
	}
	a, b := l.number(), r.number()
	for _, o := range []*operand[T]{l, r} {
		if o.number() == nil {
			return nil, c.faultAt(o.node, "%s is %s; %s calculates with numbers", o.describe(), o.phrase(), n.Operator)
		}
	}
	op := n.Operator
	if (op == "/" || op == "%") && r.value != nil && r.value.kind == positive && r.value.mag == 0 {
		return nil, c.faultAt(r.node, "division by zero")
	}
	if l.value != nil && r.value != nil {
		v, ok := calculate(op, *l.value, *r.value)
		if !ok {
			return nil, c.faultAt(n, "this has no result")
		}
		return &operand[T]{node: n, value: &v}, nil
	}
	return &operand[T]{node: n, calc: func(t *T) (Number, bool) {
		x, ok := a(t)
		if !ok {
			return Number{}, false
		}
		y, ok := b(t)
		if !ok {
			return Number{}, false
		}
		return calculate(op, x, y)
	}}, nil
}

// call compiles a function that has a value.
func (c *compiler[T]) call(n *ast.CallNode) (*operand[T], error) {
	name, fn, err := c.function(n)
	switch {
	case err != nil:
		return nil, err
	case name == "has" || fn != nil && fn.test != nil:
		return nil, c.faultAt(n, "%s is a condition already; leave the comparison out", name)
	case fn != nil && fn.of != nil:
		f, err := c.field(n)
		if err != nil {
			return nil, err
		}
		return &operand[T]{node: n, field: f}, nil
	case fn != nil:
		call := Call{Name: name, at: Expr{c.source, n}}
		for _, a := range n.Arguments {
			call.Args = append(call.Args, Expr{c.source, a})
		}
		get, err := bound(fn, call)
		return &operand[T]{node: n, calc: get}, err
	case len(n.Arguments) != 1:
		return nil, c.faultAt(n, "%s takes one text", name)
	}
	o, err := c.operand(c.asText(n.Arguments[0]))
	if err != nil {
		return nil, err
	}
	if o.field == nil || o.field.kind != kindText && (o.field.kind != kindTexts || name == "len") {
		return nil, c.faultAt(n.Arguments[0], "%s takes a text, and %s is %s", name, o.describe(), o.phrase())
	}
	if name == "len" {
		text := o.read()
		return &operand[T]{node: n, calc: func(t *T) (Number, bool) {
			s, ok := text(t)
			return Uint(uint64(len(s))), ok
		}}, nil
	}
	change := strings.ToLower
	if name == "upper" {
		change = strings.ToUpper
	}
	if before := o.change; before != nil {
		outer := change
		change = func(s string) string { return outer(before(s)) }
	}
	return &operand[T]{node: n, field: o.field, change: change}, nil
}

// read is how the operand, a text field, is had as a text.
//
//go:noinline
func (o *operand[T]) read() func(*T) (string, bool) {
	get, change := o.field.text, o.change
	if change == nil {
		return get
	}
	return func(t *T) (string, bool) {
		s, ok := get(t)
		if !ok {
			return "", false
		}
		return change(s), true
	}
}
