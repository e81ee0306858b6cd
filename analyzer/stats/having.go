package stats

import (
	"fmt"

	"seine/flow"
	"seine/flow/where"
)

// schema is what conditions on groups may speak of. counted finds the number
// of distinct values of a field.
func schema(loc *Options, counted func(field string) (*counter, error)) *where.Schema[Row] {
	s := &where.Schema[Row]{Location: loc.location()}
	for _, m := range measures {
		switch {
		case m.when != nil:
			s.Time(m.Name, m.Doc, func(r *Row) (flow.Time, bool) { v, ok := m.when(&r.Group); return unordered(v), ok })
		case m.Name == "duration":
			s.Span(m.Name, "seconds of all flows together, or '1h30m'", func(r *Row) (flow.Time, bool) { return r.Duration, r.Timed > 0 })
		case m.ratio != nil:
			s.Number(m.Name, m.Doc, func(r *Row) (float64, bool) { return m.ratio(&r.Group) }).Alias(m.Aliases...)
		default:
			s.Count(m.Name, m.Doc, func(r *Row) (uint64, bool) { return m.order(&r.Group) }).Alias(m.Aliases...)
		}
	}
	s.Span("span", "from the first flow to the end of the last: '1h30m', or seconds", func(r *Row) (flow.Time, bool) { return r.Span(), r.Dated })
	s.Function("distinct", "distinct(field)", "number of different values of a field of flows, as dst_port, src_ip/24, peers",
		func(c where.Call) (func(*Row) (where.Number, bool), error) {
			if len(c.Args) != 1 {
				return nil, c.Errorf("distinct takes one field, as distinct(dst_port)")
			}
			n, err := counted(compact(c.Args[0].String()))
			if err != nil {
				return nil, c.Args[0].Errorf("%v", err)
			}
			return func(r *Row) (where.Number, bool) { return where.Uint(n.count(r.hash).N), true }, nil
		})
	s.Function("count", "count()", "flows, as in rules", func(c where.Call) (func(*Row) (where.Number, bool), error) {
		if len(c.Args) > 0 {
			return nil, c.Errorf("count takes no field; distinct(field) counts values")
		}
		return func(r *Row) (where.Number, bool) { return where.Uint(r.Flows), true }, nil
	})
	return s
}

// compact drops the blanks that the printing of an expression puts around
// operators: "src_ip / 24" is a field here.
func compact(s string) string {
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] != ' ' && s[i] != '"' {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// HavingNames lists what conditions on groups may speak of.
func HavingNames() []where.Name {
	s := schema(&Options{}, func(string) (*counter, error) { return nil, fmt.Errorf("no table") })
	return s.Names()
}
