package where

import (
	"strings"

	"github.com/expr-lang/expr/ast"

	"seine/flow"
)

// A compiler makes functions of one expression.
type compiler[T any] struct {
	*source
	schema *Schema[T]
	needs  flow.Fields
	names  []string
	memos  int
	// recalls counts the functions that are used as fields.
	recalls int
	regex   int // bytes of patterns
}

// field is the field that a node names.
func (c *compiler[T]) field(n ast.Node) (*Field[T], error) {
	if call, ok := n.(*ast.CallNode); ok {
		return c.property(call)
	}
	name, ok := dotted(n)
	if !ok {
		return nil, c.faultAt(n, "the name of a field is wanted here")
	}
	f := c.schema.field(name)
	if f == nil {
		return nil, c.faultAt(first(n), "unknown name %q%s", name, c.schema.unknown(name))
	}
	return f, nil
}

// dotted is the name that a node spells, with dots perhaps: id.orig_h.
func dotted(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.MemberNode:
		left, ok := dotted(n.Node)
		right, isName := n.Property.(*ast.StringNode)
		return left + "." + rightName(right), ok && isName && !n.Method && !n.Optional
	}
	return "", false
}

func rightName(n *ast.StringNode) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// first is the leftmost name of a dotted one, whose place is that of all.
func first(n ast.Node) ast.Node {
	for {
		m, ok := n.(*ast.MemberNode)
		if !ok {
			return n
		}
		n = m.Node
	}
}

// use notes that the condition reads f.
func (c *compiler[T]) use(f *Field[T]) {
	c.needs |= f.needs
	c.mention(f)
}

func (c *compiler[T]) mention(f *Field[T]) {
	if f.derived { // what it is derived of has been
		return
	}
	for _, n := range c.names {
		if n == f.name {
			return
		}
	}
	c.names = append(c.names, f.name)
}

// alternatives are the nodes that a node stands for: the fields of one such
// as ip, or what a function tells of each, or itself.
func (c *compiler[T]) alternatives(n ast.Node) []ast.Node {
	if call, ok := n.(*ast.CallNode); ok && len(call.Arguments) == 1 {
		var all []ast.Node
		if _, fn, err := c.function(call); err == nil && fn != nil && fn.of != nil {
			for _, a := range c.alternatives(call.Arguments[0]) {
				one := &ast.CallNode{Callee: call.Callee, Arguments: []ast.Node{a}}
				one.SetLocation(call.Location())
				all = append(all, one)
			}
			return all
		}
		return []ast.Node{n}
	}
	name, ok := dotted(n)
	if !ok {
		return []ast.Node{n}
	}
	f := c.schema.field(name)
	if f == nil || f.either == nil {
		return []ast.Node{n}
	}
	var all []ast.Node
	for _, e := range f.either {
		id := &ast.IdentifierNode{Value: e}
		id.SetLocation(first(n).Location())
		all = append(all, id)
	}
	return all
}

// cond compiles a condition.
func (c *compiler[T]) cond(n ast.Node) (cond[T], error) {
	switch n := n.(type) {
	case *ast.BoolNode:
		return always[T](n.Value), nil
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			of, err := c.cond(n.Node)
			if err != nil {
				return nil, err
			}
			return negation[T]{of}, nil
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&", "or", "||":
			return c.junction(n)
		case "==", "!=", "<", "<=", ">", ">=", "in", "contains", "matches", "startsWith", "endsWith":
			return c.comparison(n)
		}
	case *ast.CallNode:
		return c.test(n)
	case *ast.IdentifierNode, *ast.MemberNode:
		f, err := c.field(n)
		if err != nil {
			return nil, err
		}
		if f.kind == kindBool {
			var parts []cond[T]
			for _, a := range c.alternatives(n) {
				f, err := c.field(a)
				if err != nil {
					return nil, err
				}
				c.use(f)
				parts = append(parts, leafOf(f.bool))
			}
			return join(true, parts...), nil
		}
		return nil, c.faultAt(first(n), "%s is %s and no condition; compare it, or ask has(%s)", f.name, f.kind.phrase(), f.name)
	}
	if _, err := c.operand(n); err != nil {
		return nil, err
	}
	return nil, c.faultAt(n, "a condition is wanted here, such as dst_port == 22")
}

// junction compiles a chain of "and" or "or".
func (c *compiler[T]) junction(n *ast.BinaryNode) (cond[T], error) {
	or := n.Operator == "or" || n.Operator == "||"
	left, err := c.cond(n.Left)
	if err != nil {
		return nil, err
	}
	right, err := c.cond(n.Right)
	if err != nil {
		return nil, err
	}
	return join(or, left, right), nil
}

// test compiles a call that is a condition.
func (c *compiler[T]) test(n *ast.CallNode) (cond[T], error) {
	name, fn, err := c.function(n)
	if err != nil {
		return nil, err
	}
	if name != "has" && (fn == nil || fn.test == nil) {
		return nil, c.faultAt(n, "%s is no condition; compare it with something", name)
	}
	if len(n.Arguments) != 1 {
		return nil, c.faultAt(n, "%s takes one field", name)
	}
	var parts []cond[T]
	for _, a := range c.alternatives(n.Arguments[0]) {
		f, err := c.field(a)
		if err != nil {
			return nil, err
		}
		if name == "has" {
			c.mention(f)
			has := f.has
			parts = append(parts, leaf[T]{has, func(t *T) bool { return !has(t) }})
			continue
		}
		if f.kind != kindAddr {
			return nil, c.faultAt(first(a), "%s asks about an address, and %s is %s", name, f.name, f.kind.phrase())
		}
		c.use(f)
		get, test := f.addr, fn.test
		parts = append(parts, leaf[T]{
			func(t *T) bool { a := get(t); return a != nil && test(a) },
			func(t *T) bool { a := get(t); return a != nil && !test(a) },
		})
	}
	return join(true, parts...), nil
}

// function finds the function that a call means: one of the schema, or one
// of the language, by name alone.
func (c *compiler[T]) function(n *ast.CallNode) (name string, fn *function[T], err error) {
	name, ok := dotted(n.Callee)
	if !ok {
		return "", nil, c.faultAt(n, "only functions by name are called")
	}
	known := []string{"has", "len", "lower", "upper"}
	for _, k := range known {
		if name == k {
			return name, nil, nil
		}
	}
	for _, f := range c.schema.functions {
		if f.name == name {
			return name, f, nil
		}
		known = append(known, f.name)
	}
	hint := didYouMean(name, known)
	if hint == "" {
		hint = " (functions: " + strings.Join(known, ", ") + ")"
	}
	return "", nil, c.faultAt(n, "unknown function %q%s", name, hint)
}

// isCondition tells by its form whether a node is a condition.
func (c *compiler[T]) isCondition(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BoolNode:
		return true
	case *ast.UnaryNode:
		return n.Operator == "not" || n.Operator == "!"
	case *ast.BinaryNode:
		switch n.Operator {
		case "+", "-", "*", "/", "%", "..":
			return false
		}
		return true
	case *ast.CallNode:
		name, fn, err := c.function(n)
		return err == nil && (name == "has" || fn != nil && fn.test != nil)
	}
	name, ok := dotted(n)
	f := c.schema.field(name)
	return ok && f != nil && f.kind == kindBool
}
