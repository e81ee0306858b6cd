package where

import (
	"github.com/expr-lang/expr/ast"

	"seine/flow"
)

const (
	mostCount = 1<<64 - 1
	leastTime = flow.MinTime
	mostTime  = flow.MaxTime
)

var mirrored = map[string]string{"==": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// comparison compiles a comparison. "!=" is the opposite of "==", also for
// names that stand for two fields: neither side is equal.
func (c *compiler[T]) comparison(n *ast.BinaryNode) (cond[T], error) {
	op := n.Operator
	if op == "!=" {
		equal, err := c.comparisonOf("==", n)
		if err != nil {
			return nil, err
		}
		return negation[T]{equal}, nil
	}
	return c.comparisonOf(op, n)
}

func (c *compiler[T]) comparisonOf(op string, n *ast.BinaryNode) (cond[T], error) {
	if op == "==" && (c.isCondition(n.Left) || c.isCondition(n.Right)) {
		a, err := c.cond(n.Left)
		if err != nil {
			return nil, err
		}
		b, err := c.cond(n.Right)
		if err != nil {
			return nil, err
		}
		return equivalence[T]{a, b}, nil
	}
	n = c.typed(op, n)
	var parts []cond[T]
	for _, left := range c.alternatives(n.Left) {
		l, err := c.operand(left)
		if err != nil {
			return nil, err
		}
		if op == "in" && !l.constant() {
			p, err := c.member(n, l)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
			continue
		}
		for _, right := range c.alternatives(n.Right) {
			r, err := c.operand(right)
			if err != nil {
				return nil, err
			}
			p, err := c.compare(op, n, l, r)
			if err != nil {
				return nil, err
			}
			parts = append(parts, p)
		}
	}
	return join(true, parts...), nil
}

// compare compiles l op r.
func (c *compiler[T]) compare(op string, n ast.Node, l, r *operand[T]) (cond[T], error) {
	if l.constant() && !r.constant() {
		flipped, ok := mirrored[op]
		switch {
		case ok:
			return c.compare(flipped, n, r, l)
		case op == "in" && r.field != nil && r.field.kind == kindTexts && l.text != nil:
			return c.compare("==", n, r, l)
		case op == "in" && r.field != nil && r.field.kind == kindFlags:
			return c.compare("contains", n, r, l)
		}
		if op == "in" && r.field != nil && r.field.kind == kindText {
			return nil, c.faultAt(n, "in asks for lists; a part of a text is found by %s contains %s", r.describe(), l.describe())
		}
		return nil, c.faultAt(n, "the field stands to the left of %s", op)
	}
	if l.text != nil && r.text != nil {
		return nil, c.faultAt(n, "two constants are compared; one side must be a field")
	}
	if r.constant() && l.field != nil {
		return c.withConstant(op, n, l, r)
	}
	if a, b := l.number(), r.number(); a != nil && b != nil {
		if l.value != nil && r.value != nil {
			is, err := c.compared(op, n, l.value.Compare(*r.value))
			return always[T](is), err
		}
		return c.numbers(op, n, a, b)
	}
	if l.field == nil || r.field == nil {
		return nil, c.mismatch(r, l)
	}
	return c.fields(op, n, l, r)
}

func (c *compiler[T]) mismatch(at, other *operand[T]) error {
	hint := ""
	if at.text != nil && other.number() != nil {
		hint = "; numbers are written without quotes"
	}
	if other.field != nil && other.field.kind == kindTime {
		hint = "; write a time such as '2024-03-10 09:00'"
		if bare, begin := bareWord([]rune(c.text), at.node.Location().From); looksLikeMoment(bare) {
			return fault(c.text, begin, "times are written in quotes: '%s'", bare)
		}
	}
	if other.field != nil && other.field.kind == kindAddr {
		hint = "; write an address such as '192.0.2.1'"
	}
	return c.faultAt(at.node, "%s is %s, and %s is %s%s", other.describe(), other.phrase(), at.describe(), at.phrase(), hint)
}

// compared says what an order of two values makes of op.
func (c *compiler[T]) compared(op string, n ast.Node, order int) (bool, error) {
	switch op {
	case "==":
		return order == 0, nil
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	case ">=":
		return order >= 0, nil
	}
	return false, c.faultAt(n, "numbers are compared with ==, <, <=, >, >= and in, not with %s", op)
}

// numbers compares two numbers.
func (c *compiler[T]) numbers(op string, n ast.Node, a, b func(*T) (Number, bool)) (cond[T], error) {
	var is [3]bool // by order + 1
	for i := range is {
		var err error
		if is[i], err = c.compared(op, n, i-1); err != nil {
			return nil, err
		}
	}
	return leafOf(func(t *T) (bool, bool) {
		x, ok := a(t)
		if !ok {
			return false, false
		}
		y, ok := b(t)
		if !ok {
			return false, false
		}
		return is[x.Compare(y)+1], true
	}), nil
}

// withConstant compares a field with a constant.
func (c *compiler[T]) withConstant(op string, n ast.Node, l, r *operand[T]) (cond[T], error) {
	f := l.field
	_, ordered := mirrored[op]
	switch f.kind {
	case kindCount, kindNumber, kindSpan, kindTime:
		if !ordered {
			return nil, c.faultAt(n, "%s is %s and is compared with ==, <, <=, >, >= and in, not with %s", f.name, f.kind.phrase(), op)
		}
	case kindAddr, kindID:
		if op != "==" {
			return nil, c.faultAt(n, "%s is %s and is compared with ==, != and in, not with %s", f.name, f.kind.phrase(), op)
		}
	case kindWord:
		return c.word(op, n, l, r)
	case kindFlags:
		return c.flags(op, n, f, r)
	case kindText, kindTexts:
		if r.text == nil {
			return nil, c.mismatch(r, l)
		}
		text := *r.text
		if op == "==" {
			var err error
			if text, err = c.fitting(l, r); err != nil {
				return nil, err
			}
		}
		test, err := c.textTest(op, r.nodeFor(n, op), text)
		if err != nil {
			return nil, err
		}
		return c.texts(l, test), nil
	}
	if f.kind == kindAddr && r.text != nil {
		if _, err := parseAddr(*r.text); err != nil {
			return nil, c.faultAt(r.node, "%v", err)
		}
	}
	if op == "==" {
		return c.oneOf(l, []element[T]{{lo: r}})
	}
	switch f.kind {
	case kindNumber:
		if r.value == nil {
			return nil, c.mismatch(r, l)
		}
		return c.numbers(op, n, f.number, r.number())
	case kindCount:
		if r.value == nil {
			return nil, c.mismatch(r, l)
		}
		return within(f.count, spansOf(op, whole(*r.value), 0, mostCount)), nil
	case kindSpan:
		at, err := c.spanCut(l, r)
		return within(f.time, spansOf(op, at, leastTime, mostTime)), err
	}
	m, err := c.moment(l, r)
	if err != nil {
		return nil, err
	}
	at := m.lo
	if op == "<=" || op == ">" {
		at = m.hi
	}
	return within(f.time, spansOf(op, cut[flow.Time]{floor: at, exact: true}, leastTime, mostTime)), nil
}

// fitting is a text that a field is compared with, as far as it can be one.
func (c *compiler[T]) fitting(l, r *operand[T]) (string, error) {
	if l.field.fits == nil || l.change != nil {
		return *r.text, nil
	}
	text, err := l.field.fits(*r.text)
	if err != nil {
		return "", c.faultAt(r.node, "%v", err)
	}
	return text, nil
}

// nodeFor is where a complaint about a text belongs: to the operator, unless
// it is about a pattern.
func (o *operand[T]) nodeFor(n ast.Node, op string) ast.Node {
	if op == "matches" {
		return o.node
	}
	return n
}

// moment is the constant that a time is compared with.
func (c *compiler[T]) moment(l, r *operand[T]) (span[flow.Time], error) {
	if r.text == nil {
		return span[flow.Time]{}, c.mismatch(r, l)
	}
	loc := c.schema.Location
	if loc == nil {
		loc = utc
	}
	m, err := parseMoment(*r.text, loc)
	if err != nil {
		return m, c.faultAt(r.node, "%q: %v", shorten(*r.text), err)
	}
	return m, nil
}

// spanCut is the constant that a duration is compared with.
func (c *compiler[T]) spanCut(l, r *operand[T]) (cut[flow.Time], error) {
	switch {
	case r.value != nil:
		return seconds(*r.value), nil
	case r.text == nil:
		return cut[flow.Time]{}, c.mismatch(r, l)
	}
	t, err := parseSpan(*r.text)
	if err != nil {
		return cut[flow.Time]{}, c.faultAt(r.node, "%q: %v", shorten(*r.text), err)
	}
	return cut[flow.Time]{floor: t, exact: true}, nil
}

// fields compares two fields.
func (c *compiler[T]) fields(op string, n ast.Node, l, r *operand[T]) (cond[T], error) {
	_, ordered := mirrored[op]
	a, b := l.field, r.field
	switch {
	case a.kind != b.kind || a.kind == kindID || a.kind == kindTexts || a.kind == kindWord && len(a.words) != len(b.words):
		return nil, c.mismatch(r, l)
	case a.kind == kindAddr && op == "==":
		return leafOf(func(t *T) (bool, bool) {
			x, y := a.addr(t), b.addr(t)
			if x == nil || y == nil {
				return false, false
			}
			return *x == *y, true
		}), nil
	case a.kind == kindTime && ordered:
		var is [3]bool
		for i := range is {
			is[i], _ = c.compared(op, n, i-1)
		}
		return leafOf(func(t *T) (bool, bool) {
			x, ok1 := a.time(t)
			y, ok2 := b.time(t)
			return is[Int(int64(x)).Compare(Int(int64(y)))+1], ok1 && ok2
		}), nil
	case (a.kind == kindFlags || a.kind == kindWord) && op == "==":
		return leafOf(func(t *T) (bool, bool) {
			x, ok1 := a.count(t)
			y, ok2 := b.count(t)
			return x == y, ok1 && ok2
		}), nil
	case a.kind == kindText && op == "==":
		x, y := l.read(), r.read()
		return leafOf(func(t *T) (bool, bool) {
			s, ok1 := x(t)
			u, ok2 := y(t)
			return s == u, ok1 && ok2
		}), nil
	}
	return nil, c.faultAt(n, "two fields that are %s are not compared with %s", a.kind.phrase(), op)
}
