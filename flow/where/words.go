package where

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"seine/flow"
	"seine/flow/internal/parse"
)

// word compares a word: what holds of each is worked out now.
func (c *compiler[T]) word(op string, n ast.Node, l, r *operand[T]) (cond[T], error) {
	if op == "==" {
		return c.oneOf(l, []element[T]{{lo: r}})
	}
	if _, order := mirrored[op]; order && l.field.ordered {
		v, err := c.wordNumber(l.field, r)
		return within(l.field.count, spansOf(op, cut[uint64]{floor: v, exact: true}, 0, mostCount)), err
	}
	if r.text == nil {
		return nil, c.mismatch(r, l)
	}
	test, err := c.textTest(op, r.nodeFor(n, op), *r.text)
	if err != nil {
		return nil, err
	}
	var spans []span[uint64]
	for i, w := range l.field.words {
		if test(w) {
			spans = append(spans, span[uint64]{uint64(i), uint64(i)})
		}
	}
	return within(l.field.count, spans), nil
}

// flags compares TCP flags: contains asks whether all of some are set.
func (c *compiler[T]) flags(op string, n ast.Node, f *Field[T], r *operand[T]) (cond[T], error) {
	l := &operand[T]{node: n, field: f}
	switch op {
	case "==":
		return c.oneOf(l, []element[T]{{lo: r}})
	case "contains":
		v, err := c.flagSet(l, r)
		if err != nil {
			return nil, err
		}
		get := f.count
		return leafOf(func(t *T) (bool, bool) { x, ok := get(t); return x&v == v, ok }), nil
	}
	return nil, c.faultAt(n, "%s is a set of TCP flags; == and in compare all of them, contains asks for some", f.name)
}

// flagSet is the set of flags that a constant spells: 'SA'.
func (c *compiler[T]) flagSet(l, o *operand[T]) (uint64, error) {
	if o.text == nil {
		return 0, c.faultAt(o.node, "%s is a set of TCP flags; write letters of FSRPAUEC, such as 'SA'", l.field.name)
	}
	var set flow.TCPFlags
	for _, letter := range []byte(strings.ToUpper(*o.text)) {
		flag, ok := parse.Flag(letter)
		if !ok {
			return 0, c.faultAt(o.node, "%q: TCP flags are letters of FSRPAUEC, such as 'SA'", shorten(*o.text))
		}
		set |= flag
	}
	return uint64(set), nil
}

// wordNumber is the number of a word as a constant spells it.
func (c *compiler[T]) wordNumber(f *Field[T], o *operand[T]) (uint64, error) {
	text := ""
	switch {
	case o.text != nil:
		text = *o.text
	case o.value != nil && o.value.kind == positive && f.read != nil:
		text = strconv.FormatUint(o.value.mag, 10)
	default:
		return 0, c.faultAt(o.node, "%s is %s, and %s is %s", f.name, f.kind.phrase(), o.describe(), o.phrase())
	}
	var err error
	if f.read != nil {
		var v uint64
		if v, err = f.read(text); err == nil {
			return v, nil
		}
	}
	for i, w := range f.words {
		if strings.EqualFold(w, text) {
			return uint64(i), nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%s is never %q (it is %s)", f.name, shorten(text), strings.Join(f.words, ", "))
	}
	hint := didYouMean(text, f.words)
	return 0, c.faultAt(o.node, "%v%s", err, hint)
}
