package custom

import (
	"errors"
	"fmt"
	"strings"

	"seine/flow"
	"seine/flow/where"
)

// A group is the flows of a window that have the same keys.
type group struct {
	flows       uint64
	first, last flow.Time // starts of the earliest and the latest
	slots       []slot    // of the aggregates
}

// A slot is what an aggregate remembers of a group.
type slot struct {
	n uint64 // flows, or distinct values
	v where.Number
}

// An aggregate is one use of a function on groups, such as sum(src_bytes).
type aggregate struct {
	text     string // as written, without spaces
	fact     string // key of its fact
	limits   []limit
	step     func(*slot, *flow.Record)
	distinct func(*flow.Record) (where.Key, bool) // of values that are told apart
	result   func(*group, *slot) (where.Number, bool)
	index    int
}

// aggregates are those of one rule, and the language that speaks of them.
type aggregates struct {
	flows  *where.Schema[flow.Record]
	schema *where.Schema[group]
	window flow.Time
	list   []*aggregate
}

// maxAggregates bounds those of a rule.
const maxAggregates = 32

// aggregateUse tells how each aggregate is called.
var aggregateUse = map[string]string{
	"count":    "count() are the flows, count(dst_port == 22) those of which the condition holds",
	"sum":      "sum(src_bytes)",
	"min":      "min(duration)",
	"max":      "max(dst_bytes)",
	"avg":      "avg(src_bytes)",
	"distinct": "distinct(dst_port)",
	"rate":     "rate() are flows a second, rate(src_bytes) bytes a second",
	"share":    "share(state == 'attempt') is between 0 and 1",
}

func newAggregates(flows *where.Schema[flow.Record], window flow.Time) *aggregates {
	a := &aggregates{flows: flows, schema: &where.Schema[group]{}, window: window}
	s := a.schema
	s.Time("first", "start of the earliest flow", func(g *group) (flow.Time, bool) { return g.first, true })
	s.Time("last", "start of the latest flow", func(g *group) (flow.Time, bool) { return g.last, true })
	s.Span("span", "time from the first to the last", func(g *group) (flow.Time, bool) { return g.last.Sub(g.first), true })
	type bind = func(where.Call) (*aggregate, error)
	declare := func(name, signature, doc string, b bind) {
		s.Function(name, signature, doc, func(c where.Call) (func(*group) (where.Number, bool), error) {
			ag, err := a.use(c, b)
			if err != nil {
				return nil, err
			}
			return ag.of, nil
		})
	}
	declare("count", "count(condition)", "flows, or those of which a condition holds", func(c where.Call) (*aggregate, error) {
		if len(c.Args) == 0 {
			return &aggregate{result: func(g *group, _ *slot) (where.Number, bool) { return where.Uint(g.flows), true }}, nil
		}
		return a.matching(c, func(_ *group, s *slot) (where.Number, bool) { return where.Uint(s.n), true })
	})
	declare("share", "share(condition)", "the part of the flows of which a condition holds, 0 to 1", func(c where.Call) (*aggregate, error) {
		return a.matching(c, func(g *group, s *slot) (where.Number, bool) { return where.Uint(s.n).Over(where.Uint(g.flows)) })
	})
	declare("sum", "sum(number)", "sum over the flows that have the number", func(c where.Call) (*aggregate, error) {
		return a.folding(c, where.Number.Add, func(_ *group, s *slot) (where.Number, bool) { return s.v, s.n > 0 })
	})
	declare("min", "min(number)", "the smallest", func(c where.Call) (*aggregate, error) {
		return a.folding(c, lesser, func(_ *group, s *slot) (where.Number, bool) { return s.v, s.n > 0 })
	})
	declare("max", "max(number)", "the largest", func(c where.Call) (*aggregate, error) {
		return a.folding(c, greater, func(_ *group, s *slot) (where.Number, bool) { return s.v, s.n > 0 })
	})
	declare("avg", "avg(number)", "mean over the flows that have the number", func(c where.Call) (*aggregate, error) {
		return a.folding(c, where.Number.Add, func(_ *group, s *slot) (where.Number, bool) { return s.v.Over(where.Uint(s.n)) })
	})
	declare("rate", "rate(number)", "flows, or what a number of them sums up to, by second of the window", func(c where.Call) (*aggregate, error) {
		if len(c.Args) == 0 {
			return &aggregate{result: func(g *group, _ *slot) (where.Number, bool) { return a.perSecond(g, where.Uint(g.flows)) }}, nil
		}
		return a.folding(c, where.Number.Add, func(g *group, s *slot) (where.Number, bool) {
			if s.n == 0 {
				return where.Number{}, false
			}
			return a.perSecond(g, s.v)
		})
	})
	declare("distinct", "distinct(field)", "how many different values", func(c where.Call) (*aggregate, error) {
		if len(c.Args) != 1 {
			return nil, errors.New("distinct takes one field: distinct(dst_port)")
		}
		get, _, err := flows.Key(c.Args[0])
		return &aggregate{
			distinct: get, result: func(_ *group, s *slot) (where.Number, bool) { return where.Uint(s.n), true },
		}, err
	})
	return a
}

// perSecond is n by second of the window, or of the time from the first flow
// to the last where all flows are one.
func (a *aggregates) perSecond(g *group, n where.Number) (where.Number, bool) {
	length := a.window
	if length == 0 {
		length = g.last.Sub(g.first)
	}
	seconds, _ := where.Float(float64(length) / float64(flow.Second))
	return n.Over(seconds)
}

func lesser(a, b where.Number) where.Number {
	if b.Compare(a) < 0 {
		return b
	}
	return a
}

func greater(a, b where.Number) where.Number {
	if b.Compare(a) > 0 {
		return b
	}
	return a
}

// matching is an aggregate that counts the flows of which a condition holds.
func (a *aggregates) matching(c where.Call, result func(*group, *slot) (where.Number, bool)) (*aggregate, error) {
	if len(c.Args) != 1 {
		return nil, fmt.Errorf("%s takes one condition: %s", c.Name, aggregateUse[c.Name])
	}
	cond, err := a.flows.Condition(c.Args[0])
	return &aggregate{result: result, step: func(s *slot, r *flow.Record) {
		if cond.Keep(r) {
			s.n++
		}
	}}, err
}

// folding is an aggregate that joins the numbers of the flows.
func (a *aggregates) folding(c where.Call, join func(a, b where.Number) where.Number, result func(*group, *slot) (where.Number, bool)) (*aggregate, error) {
	if len(c.Args) != 1 {
		return nil, fmt.Errorf("%s takes one number: %s", c.Name, aggregateUse[c.Name])
	}
	get, _, err := a.flows.Value(c.Args[0])
	return &aggregate{result: result, step: func(s *slot, r *flow.Record) {
		v, ok := get(r)
		if !ok {
			return
		}
		if s.n++; s.n == 1 {
			s.v = v
			return
		}
		s.v = join(s.v, v)
	}}, err
}

// use gives the aggregate of a call; the same call twice has one.
func (a *aggregates) use(c where.Call, bind func(where.Call) (*aggregate, error)) (*aggregate, error) {
	args := make([]string, len(c.Args))
	for i, e := range c.Args {
		args[i] = e.String()
	}
	text := c.Name + "(" + strings.Join(args, ",") + ")"
	if ag := a.find(text); ag != nil {
		return ag, nil
	}
	if len(a.list) == maxAggregates {
		return nil, fmt.Errorf("more than %d different aggregates", maxAggregates)
	}
	ag, err := bind(c)
	if err != nil {
		return nil, err
	}
	ag.text, ag.index = tight(text), len(a.list)
	ag.fact = a.factName(c.Name, args)
	a.list = append(a.list, ag)
	return ag, nil
}

// find is the aggregate that an expression is the use of, if it has one.
func (a *aggregates) find(text string) *aggregate {
	text = tight(text)
	for _, ag := range a.list {
		if ag.text == text {
			return ag
		}
	}
	return nil
}

// factName makes a key of a fact: "count", "distinct_dst_port",
// "count_state_attempt".
func (a *aggregates) factName(name string, args []string) string {
	var b strings.Builder
	for _, arg := range args {
		if field, ok := a.flows.Field(arg); ok {
			arg = field
		}
		for _, word := range strings.FieldsFunc(arg, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_')
		}) {
			if b.Len()+len(word) < 40 {
				b.WriteString("_" + strings.ToLower(word))
			}
		}
	}
	fact := name + b.String()
	for n := 2; ; n++ {
		taken := false
		for _, ag := range a.list {
			taken = taken || ag.fact == fact
		}
		if !taken {
			return fact
		}
		fact = fmt.Sprintf("%s%s_%d", name, b.String(), n)
	}
}

// of is the result of the aggregate for a group.
func (a *aggregate) of(g *group) (where.Number, bool) { return a.result(g, &g.slots[a.index]) }
