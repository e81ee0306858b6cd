package where

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

// An opening declares fields whose names are not known beforehand.
type opening[T any] struct {
	name, doc string
	number    func(key string) func(*T) (Number, bool)
	texts     func(key string) func(*T) ([]string, bool)
}

// asTexts ends the name of a field of an opening that is meant as texts.
const asTexts = "\x00"

// Open declares fields NAME.KEY, or NAME['KEY'], for any key. One is a list of
// texts where it is compared with texts, and else a number. number may be nil
// if none is one.
func (s *Schema[T]) Open(name, doc string, number func(key string) func(*T) (Number, bool), texts func(key string) func(*T) ([]string, bool)) {
	if number == nil {
		number = func(string) func(*T) (Number, bool) { return func(*T) (Number, bool) { return Number{}, false } }
	}
	s.open = append(s.open, &opening[T]{name, doc, number, texts})
}

// opened is the field of an opening, or nil.
func (s *Schema[T]) opened(name string) *Field[T] {
	name, isTexts := strings.CutSuffix(name, asTexts)
	first, key, ok := strings.Cut(name, ".")
	if !ok || key == "" {
		return nil
	}
	for _, o := range s.open {
		if !strings.EqualFold(o.name, first) {
			continue
		}
		number, texts := o.number(key), o.texts(key)
		f := &Field[T]{name: o.name + "." + key, kind: kindNumber, number: number, has: func(t *T) bool {
			if _, ok := number(t); ok {
				return true
			}
			_, ok := texts(t)
			return ok
		}}
		if isTexts {
			f.kind, f.texts = kindTexts, texts
		}
		return f
	}
	return nil
}

// asText is n or, if that is a field of an opening, the same as texts.
func (c *compiler[T]) asText(n ast.Node) ast.Node {
	name, ok := dotted(n)
	if !ok || len(c.schema.open) == 0 || c.schema.byName[strings.ToLower(name)] != nil || c.schema.opened(name) == nil {
		return n
	}
	id := &ast.IdentifierNode{Value: name + asTexts}
	id.SetLocation(first(n).Location())
	return id
}

// typed is a comparison in which the fields of openings have their types.
func (c *compiler[T]) typed(op string, n *ast.BinaryNode) *ast.BinaryNode {
	if len(c.schema.open) == 0 {
		return n
	}
	textual := func(n ast.Node) bool {
		if list, ok := n.(*ast.ArrayNode); ok && len(list.Nodes) > 0 {
			n = list.Nodes[0]
		}
		_, ok := n.(*ast.StringNode)
		return ok
	}
	same := *n
	switch op {
	case "contains", "matches", "startsWith", "endsWith":
		same.Left = c.asText(n.Left)
	default:
		if textual(n.Right) {
			same.Left = c.asText(n.Left)
		}
		if textual(n.Left) {
			same.Right = c.asText(n.Right)
		}
	}
	return &same
}
