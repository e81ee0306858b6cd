package where

import (
	"slices"

	"seine/flow"
)

// A span is a closed stretch of ordered values.
type span[N uint64 | flow.Time] struct{ lo, hi N }

// A cut is where a constant lies among the values of a type that may not
// have it: at floor, between floor and the next, or outside.
type cut[N uint64 | flow.Time] struct {
	floor        N
	exact        bool
	below, above bool // outside of the type
}

// whole places a number among the unsigned integers.
func whole(n Number) cut[uint64] {
	switch {
	case n.kind == positive:
		return cut[uint64]{floor: n.mag, exact: true}
	case n.kind == negative, n.f < 0:
		return cut[uint64]{below: true}
	case n.f >= 1<<64:
		return cut[uint64]{above: true}
	}
	return cut[uint64]{floor: uint64(n.f)}
}

// spansOf are the values v, between least and most, for which "v op c" holds.
func spansOf[N uint64 | flow.Time](op string, c cut[N], least, most N) []span[N] {
	low := op == "<" || op == "<="
	switch {
	case op == "==" && c.exact:
		return []span[N]{{c.floor, c.floor}}
	case op == "==":
		return nil
	case c.below != c.above:
		if c.above == low {
			return []span[N]{{least, most}}
		}
		return nil
	case low:
		if op == "<" && c.exact {
			if c.floor == least {
				return nil
			}
			c.floor--
		}
		return []span[N]{{least, c.floor}}
	}
	if op == ">" || !c.exact {
		if c.floor == most {
			return nil
		}
		c.floor++
	}
	return []span[N]{{c.floor, most}}
}

// between are the values from a to b.
func between[N uint64 | flow.Time](a, b cut[N], least, most N) []span[N] {
	from, to := spansOf(">=", a, least, most), spansOf("<=", b, least, most)
	if len(from) == 0 || len(to) == 0 || from[0].lo > to[0].hi {
		return nil
	}
	return []span[N]{{from[0].lo, to[0].hi}}
}

// merge sorts spans and joins those that touch.
func merge[N uint64 | flow.Time](all []span[N]) []span[N] {
	slices.SortFunc(all, func(a, b span[N]) int {
		switch {
		case a.lo < b.lo:
			return -1
		case a.lo > b.lo:
			return 1
		}
		return 0
	})
	var out []span[N]
	for _, s := range all {
		if n := len(out); n > 0 && (s.lo <= out[n-1].hi || s.lo == out[n-1].hi+1) {
			out[n-1].hi = max(out[n-1].hi, s.hi)
			continue
		}
		out = append(out, s)
	}
	return out
}

// within is the condition that a value lies in one of the spans.
func within[T any, N uint64 | flow.Time](get func(*T) (N, bool), spans []span[N]) cond[T] {
	spans = merge(spans)
	switch {
	case len(spans) == 0:
		return leaf[T]{func(*T) bool { return false }, func(t *T) bool { _, ok := get(t); return ok }}
	case len(spans) == 1 && spans[0].lo == spans[0].hi:
		c := spans[0].lo
		return leaf[T]{
			func(t *T) bool { v, ok := get(t); return ok && v == c },
			func(t *T) bool { v, ok := get(t); return ok && v != c },
		}
	case len(spans) == 1:
		lo, hi := spans[0].lo, spans[0].hi
		return leaf[T]{
			func(t *T) bool { v, ok := get(t); return ok && lo <= v && v <= hi },
			func(t *T) bool { v, ok := get(t); return ok && !(lo <= v && v <= hi) },
		}
	case len(spans) == 2:
		a, b := spans[0], spans[1]
		return leaf[T]{
			func(t *T) bool { v, ok := get(t); return ok && (a.lo <= v && v <= a.hi || b.lo <= v && v <= b.hi) },
			func(t *T) bool { v, ok := get(t); return ok && !(a.lo <= v && v <= a.hi || b.lo <= v && v <= b.hi) },
		}
	case spans[0].lo >= 0 && spans[len(spans)-1].hi <= 65535:
		bits := new([1024]uint64)
		for _, s := range spans {
			for v := s.lo; v <= s.hi; v++ {
				bits[v>>6] |= 1 << (v & 63)
			}
		}
		return leaf[T]{
			func(t *T) bool { v, ok := get(t); return ok && uint64(v) <= 65535 && bits[uint16(v)>>6]>>(v&63)&1 != 0 },
			func(t *T) bool {
				v, ok := get(t)
				return ok && (uint64(v) > 65535 || bits[uint16(v)>>6]>>(v&63)&1 == 0)
			},
		}
	}
	has := func(v N) bool {
		// The first span that does not end before v.
		i, j := 0, len(spans)
		for i < j {
			if m := int(uint(i+j) >> 1); spans[m].hi < v {
				i = m + 1
			} else {
				j = m
			}
		}
		return i < len(spans) && spans[i].lo <= v
	}
	return leaf[T]{
		func(t *T) bool { v, ok := get(t); return ok && has(v) },
		func(t *T) bool { v, ok := get(t); return ok && !has(v) },
	}
}
