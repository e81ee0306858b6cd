package where_test

import (
	"errors"
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/where"
)

// A group is what a detector of the user's own might count by.
type group struct {
	key   flow.Addr
	slots []float64
	tags  []string
	risky *bool
	first flow.Time
	last  flow.Time
}

// aggregates is the schema of groups of flows: each call of a function takes
// a slot, and a step that fills it.
func aggregates(flows *where.Schema[flow.Record]) (s *where.Schema[group], steps *[]func(*group, *flow.Record)) {
	s, steps = &where.Schema[group]{}, new([]func(*group, *flow.Record))
	slot := func(step func(v *float64, r *flow.Record)) func(*group) (where.Number, bool) {
		i := len(*steps)
		*steps = append(*steps, func(g *group, r *flow.Record) { step(&g.slots[i], r) })
		return func(g *group) (where.Number, bool) { return where.Float(g.slots[i]) }
	}
	s.Addr("key", "address of the group", func(g *group) *flow.Addr { return &g.key })
	s.Texts("tags", "tags", func(g *group) ([]string, bool) { return g.tags, g.tags != nil })
	s.Bool("risky", "risky", func(g *group) (bool, bool) { return g.risky != nil && *g.risky, g.risky != nil })
	s.Word("severity", "low, medium, high", []string{"low", "medium", "high"}, nil,
		func(g *group) (uint64, bool) { return 2, true }).Ordered()
	s.Number("score", "a score", func(g *group) (float64, bool) { return 0.5, true })
	s.Text("title", "a text", func(g *group) (string, bool) { return "Group", true })
	s.Time("first", "first flow", func(g *group) (flow.Time, bool) { return g.first, true })
	s.Time("last", "last flow", func(g *group) (flow.Time, bool) { return g.last, true })
	s.Function("count", "count(condition)", "flows", func(c where.Call) (func(*group) (where.Number, bool), error) {
		if len(c.Args) == 0 {
			return slot(func(v *float64, _ *flow.Record) { *v++ }), nil
		}
		f, err := flows.Condition(c.Args[0])
		if err != nil {
			return nil, err
		}
		return slot(func(v *float64, r *flow.Record) {
			if f.Keep(r) {
				*v++
			}
		}), nil
	})
	s.Function("sum", "sum(number)", "sum", func(c where.Call) (func(*group) (where.Number, bool), error) {
		if len(c.Args) != 1 {
			return nil, errors.New("sum takes one number")
		}
		get, _, err := flows.Value(c.Args[0])
		if err != nil {
			return nil, err
		}
		return slot(func(v *float64, r *flow.Record) {
			if n, ok := get(r); ok {
				*v += n.Float64()
			}
		}), nil
	})
	s.Function("distinct", "distinct(field)", "distinct values", func(c where.Call) (func(*group) (where.Number, bool), error) {
		if len(c.Args) != 1 {
			return nil, errors.New("distinct takes one field")
		}
		key, _, err := flows.Key(c.Args[0])
		if err != nil {
			return nil, err
		}
		seen := map[where.Key]bool{}
		return slot(func(v *float64, r *flow.Record) {
			if k, ok := key(r); ok && !seen[k] {
				seen[k] = true
				*v++
			}
		}), nil
	})
	return s, steps
}

func TestOtherSubjectsDeclareTheirOwnSchema(t *testing.T) {
	_, rs, opt := scene()
	risky := true
	for text, want := range map[string]bool{
		"count() == 4": true,
		"count(dst_port == 22) == 1 and sum(src_bytes + 1) > 2e6": true,
		"count(dst_port == 22) > 1":                               false,
		"distinct(dst_ip) == 4 and distinct(protocol) == 3":       true,
		"distinct(service) == 2 and distinct(src_port) == 3":      true,
		"distinct(ts) / count() == 1":                             true,
		"severity >= 'medium' and severity in ['LOW', 'high']":    true,
		"severity < 'high' or 'medium' > severity":                false,
		"count() in [3, 4] and key in '10.0.0.0/8'":               true,
		"'new' in tags and tags contains 'e'":                     true,
		"tags == 'old' or lower(tags) in ['new']":                 true,
		"tags != 'new'":                     false,
		"risky":                             true,
		"not risky or risky == false":       false,
		"score < 1 and score in 0.25..0.75": true,
		"score == 0.5 and score != 1":       true,
		"title startsWith 'Gr' and lower(title) == 'group'":        true,
		"first < last and first == '1970-01-01' and first != last": true,
	} {
		s, steps := aggregates(where.Flows(opt))
		c, err := s.Compile(text)
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			continue
		}
		g := &group{key: addr("10.0.0.1"), slots: make([]float64, len(*steps)), tags: []string{"NEW", "new", "beta"}, risky: &risky, last: 5}
		for i := range rs {
			for _, step := range *steps {
				step(g, &rs[i])
			}
		}
		if got := c.Keep(g); got != want {
			t.Errorf("%s: %v, %v", text, got, g.slots)
		}
		if want && strings.Contains(text, "risky") && c.Keep(&group{}) {
			t.Errorf("%s holds of a group that says nothing", text)
		}
	}
}

func TestErrorsInArgumentsHaveTheirPlaceInTheWhole(t *testing.T) {
	for text, want := range map[string]string{
		"count() > 5 and sum(src_ip) > 1":      "column 21: src_ip is no number",
		"count(dst_prt == 1) > 1":              `column 7: unknown name "dst_prt"; did you mean dst_port?`,
		"distinct(ip) > 1":                     "column 10: ip stands for src_ip or dst_ip",
		"key == '10.0.0.1' and distinct() > 1": "column 23: distinct takes one field",
		"src_bytes > 5":                        `column 1: unknown name "src_bytes"`,
		"distinct(uid) > 1":                    "column 10: values of uid cannot be told apart",
		"severity > 'hihg'":                    `column 12: severity is never "hihg" (it is low, medium, high); did you mean high?`,
	} {
		s, _ := aggregates(where.Flows(where.Options{}))
		if _, err := s.Compile(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
