package where

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"seine/flow"
)

// A function is one that conditions may call.
type function[T any] struct {
	name, signature, doc string
	test                 func(*flow.Addr) bool
	bind                 func(Call) (func(*T) (Number, bool), error)

	// Of one that is used as a field of an address:
	result string
	of     func(addr func(*T) *flow.Addr, room int) *Field[T]
	why    error // it cannot be used
}

// Test declares a function that is true of some addresses.
func (s *Schema[T]) Test(name, doc string, test func(*flow.Addr) bool) {
	s.functions = append(s.functions, &function[T]{name: name, signature: name + "(address)", doc: doc, test: test})
}

// Function declares a function with a number as its result, such as an
// aggregate over a group. bind is called for each use of it in an expression
// and returns how the number is had from a subject.
func (s *Schema[T]) Function(name, signature, doc string, bind func(Call) (func(*T) (Number, bool), error)) {
	s.functions = append(s.functions, &function[T]{name: name, signature: signature, doc: doc, bind: bind})
}

// A Name is a field or a function that expressions may use.
type Name struct {
	Name    string // as written: "src_ip", "internal(address)"
	Type    string // "number", "address", …; of functions that of the result
	Doc     string // one line
	Aliases []string
}

// Names lists the fields in the order in which they were declared, then the
// functions.
func (s *Schema[T]) Names() []Name {
	var names []Name
	for _, f := range s.fields {
		names = append(names, Name{f.name, f.kind.String(), f.doc, f.aliases})
	}
	for _, o := range s.open {
		names = append(names, Name{o.name + ".NAME", "number or texts", o.doc, nil})
	}
	for _, f := range s.functions {
		result := "yes or no"
		switch {
		case f.bind != nil:
			result = "number"
		case f.of != nil:
			result = f.result
		}
		names = append(names, Name{f.signature, result, f.doc, nil})
	}
	return append(names,
		Name{"has(field)", "yes or no", "the row has the field", nil},
		Name{"len(text)", "number", "bytes of a text", nil},
		Name{"lower(text)", "text", "the text in lower case", nil},
		Name{"upper(text)", "text", "the text in upper case", nil})
}

// An Expr is a part of an expression, an argument of a function that a
// schema declares.
type Expr struct {
	src  *source
	node ast.Node
}

// String writes the expression, though not quite as it was spelled.
func (e Expr) String() string { return e.node.String() }

// Errorf is an error at the place of e.
func (e Expr) Errorf(format string, args ...any) error { return e.src.faultAt(e.node, format, args...) }

// A Call is the use of a function that a schema declares.
type Call struct {
	Name string
	Args []Expr
	at   Expr
}

// Errorf is an error at the place of the call.
func (c Call) Errorf(format string, args ...any) error { return c.at.Errorf(format, args...) }

// bound calls bind and gives its error a place.
func bound[T any](fn *function[T], call Call) (func(*T) (Number, bool), error) {
	get, err := fn.bind(call)
	if err == nil && get == nil {
		err = fmt.Errorf("%s cannot be used here", fn.name)
	}
	if _, placed := err.(*Error); err != nil && !placed {
		err = call.Errorf("%v", err)
	}
	return get, err
}
