package where

import (
	"net/netip"
	"time"

	"github.com/expr-lang/expr/ast"

	"seine/flow"
)

var utc = time.UTC

// An element of a list is a constant, or a range with both ends in it.
type element[T any] struct{ lo, hi *operand[T] }

// member compiles "l in …".
func (c *compiler[T]) member(n *ast.BinaryNode, l *operand[T]) (cond[T], error) {
	nodes := []ast.Node{n.Right}
	if list, ok := n.Right.(*ast.ArrayNode); ok {
		if nodes = list.Nodes; len(nodes) == 0 {
			return nil, c.faultAt(n.Right, "the list is empty")
		}
	} else if _, isRange := rangeOf(n.Right); !isRange && (l.field == nil || l.field.kind != kindAddr && l.field.kind != kindTime) {
		return nil, c.faultAt(n.Right, "to the right of in stands a list, [22, 80], or a range, 1..1023")
	}
	var elements []element[T]
	for _, node := range nodes {
		e := element[T]{}
		ends := []ast.Node{node}
		if r, ok := rangeOf(node); ok {
			ends = []ast.Node{r.Left, r.Right}
		}
		for i, end := range ends {
			o, err := c.operand(end)
			if err != nil {
				return nil, err
			}
			if !o.constant() {
				return nil, c.faultAt(o.node, "lists and ranges are of constants, and %s is none", o.describe())
			}
			if i == 0 {
				e.lo = o
			} else {
				e.hi = o
			}
		}
		elements = append(elements, e)
	}
	return c.oneOf(l, elements)
}

func rangeOf(n ast.Node) (*ast.BinaryNode, bool) {
	b, ok := n.(*ast.BinaryNode)
	return b, ok && b.Operator == ".."
}

// oneOf is the condition that l is one of the elements.
func (c *compiler[T]) oneOf(l *operand[T], elements []element[T]) (cond[T], error) {
	if l.field == nil || l.field.kind == kindNumber {
		return c.oneNumber(l, elements)
	}
	f := l.field
	for _, e := range elements {
		if e.hi != nil && f.kind != kindCount && f.kind != kindAddr && f.kind != kindTime && f.kind != kindSpan {
			return nil, c.faultAt(e.lo.node, "%s is %s and has no ranges", f.name, f.kind.phrase())
		}
	}
	switch f.kind {
	case kindAddr:
		return c.oneAddr(l, elements)
	case kindText, kindTexts:
		set := map[string]bool{}
		for _, e := range elements {
			if e.lo.text == nil {
				return nil, c.mismatch(e.lo, l)
			}
			text, err := c.fitting(l, e.lo)
			if err != nil {
				return nil, err
			}
			set[text] = true
		}
		return c.texts(l, func(s string) bool { return set[s] }), nil
	case kindID:
		var parts []cond[T]
		for _, e := range elements {
			if e.lo.text == nil {
				return nil, c.mismatch(e.lo, l)
			}
			is, has := f.same(*e.lo.text), f.has
			parts = append(parts, leafOf(func(t *T) (bool, bool) { return is(t), has(t) }))
		}
		return join(true, parts...), nil
	case kindTime, kindSpan:
		return c.oneTime(l, elements)
	}
	return c.oneCount(l, elements)
}

func (c *compiler[T]) oneCount(l *operand[T], elements []element[T]) (cond[T], error) {
	f := l.field
	var spans []span[uint64]
	for _, e := range elements {
		switch {
		case f.kind == kindWord, f.kind == kindFlags:
			number := c.wordNumber
			if f.kind == kindFlags {
				number = func(_ *Field[T], o *operand[T]) (uint64, error) { return c.flagSet(l, o) }
			}
			v, err := number(f, e.lo)
			if err != nil {
				return nil, err
			}
			spans = append(spans, span[uint64]{v, v})
			continue
		case e.lo.value == nil:
			return nil, c.mismatch(e.lo, l)
		case e.lo.value.Compare(Uint(f.most)) > 0:
			return nil, c.faultAt(e.lo.node, "%s is at most %d", f.name, f.most)
		case e.hi == nil:
			spans = append(spans, spansOf("==", whole(*e.lo.value), 0, mostCount)...)
			continue
		case e.hi.value == nil:
			return nil, c.mismatch(e.hi, l)
		case e.lo.value.Compare(*e.hi.value) > 0:
			return nil, c.emptyRange(e)
		case e.hi.value.Compare(Uint(f.most)) > 0:
			return nil, c.faultAt(e.hi.node, "%s is at most %d", f.name, f.most)
		}
		spans = append(spans, between(whole(*e.lo.value), whole(*e.hi.value), 0, mostCount)...)
	}
	return within(f.count, spans), nil
}

func (c *compiler[T]) emptyRange(e element[T]) error {
	return c.faultAt(e.lo.node, "the range is empty: %s comes behind %s", e.lo.describe(), e.hi.describe())
}

func (c *compiler[T]) oneTime(l *operand[T], elements []element[T]) (cond[T], error) {
	f := l.field
	var spans []span[flow.Time]
	for _, e := range elements {
		if e.hi == nil {
			e.hi = e.lo
		}
		var from, to cut[flow.Time]
		var err error
		if f.kind == kindSpan {
			if from, err = c.spanCut(l, e.lo); err == nil {
				to, err = c.spanCut(l, e.hi)
			}
		} else {
			var a, b span[flow.Time]
			if a, err = c.moment(l, e.lo); err == nil {
				b, err = c.moment(l, e.hi)
			}
			from, to = cut[flow.Time]{floor: a.lo, exact: true}, cut[flow.Time]{floor: b.hi, exact: true}
		}
		if err != nil {
			return nil, err
		}
		found := between(from, to, leastTime, mostTime)
		if len(found) == 0 && e.lo != e.hi && from.exact && to.exact {
			return nil, c.emptyRange(e)
		}
		spans = append(spans, found...)
	}
	return within(f.time, spans), nil
}

func (c *compiler[T]) oneAddr(l *operand[T], elements []element[T]) (cond[T], error) {
	get := l.field.addr
	set := new(addrs)
	for _, e := range elements {
		var ends [2]netip.Addr
		for i, o := range []*operand[T]{e.lo, e.hi} {
			var err error
			switch {
			case o == nil:
				continue
			case o.text == nil:
				return nil, c.mismatch(o, l)
			case e.hi != nil:
				ends[i], err = parseAddr(*o.text)
			default:
				ends[0], ends[1], err = parseAddrs(*o.text)
			}
			if err != nil {
				return nil, c.faultAt(o.node, "%v", err)
			}
		}
		lo, hi := ends[0], ends[1]
		if lo.Is4() != hi.Is4() {
			return nil, c.faultAt(e.lo.node, "a range goes from IPv4 to IPv4, or from IPv6 to IPv6")
		}
		if hi.Less(lo) {
			return nil, c.emptyRange(e)
		}
		set.add(lo, hi)
		if len(elements) == 1 && lo == hi {
			if one, err := flow.AddrFromNetip(lo); err == nil {
				return leaf[T]{
					func(t *T) bool { a := get(t); return a != nil && *a == one },
					func(t *T) bool { a := get(t); return a != nil && *a != one },
				}, nil
			}
		}
	}
	set.settle()
	return leaf[T]{
		func(t *T) bool { a := get(t); return a != nil && set.has(a) },
		func(t *T) bool { a := get(t); return a != nil && !set.has(a) },
	}, nil
}

// oneNumber is oneOf for calculations.
func (c *compiler[T]) oneNumber(l *operand[T], elements []element[T]) (cond[T], error) {
	get := l.number()
	var all stretches
	for _, e := range elements {
		if e.hi == nil {
			e.hi = e.lo
		}
		switch {
		case e.lo.value == nil:
			return nil, c.mismatch(e.lo, l)
		case e.hi.value == nil:
			return nil, c.mismatch(e.hi, l)
		case e.lo.value.Compare(*e.hi.value) > 0:
			return nil, c.emptyRange(e)
		}
		all = append(all, [2]Number{*e.lo.value, *e.hi.value})
	}
	return leafOf(func(t *T) (bool, bool) {
		v, ok := get(t)
		if !ok {
			return false, false
		}
		return all.has(v), true
	}), nil
}

// stretches are ranges of numbers, with both ends in them.
type stretches [][2]Number

func (s stretches) has(v Number) bool {
	for i := range s {
		if s[i][0].Compare(v) <= 0 && v.Compare(s[i][1]) <= 0 {
			return true
		}
	}
	return false
}
