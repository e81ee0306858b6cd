package where

// truth is what a condition says of a subject: it holds, it does not, or
// that cannot be told because something is absent.
type truth uint8

const (
	unknown truth = iota
	no
	yes
)

func known(b bool) truth {
	if b {
		return yes
	}
	return no
}

// A cond is a condition of three truths. Who asks whether it certainly holds,
// or certainly does not, need not carry the third along: "not", "and" and
// "or" pass both questions down, so that most conditions run as plain bools.
type cond[T any] interface {
	// certainly tells whether the condition is known to be want.
	certainly(want bool) func(*T) bool
	truth() func(*T) truth
}

// A leaf is a condition without conditions inside; at most one of its
// functions says true.
type leaf[T any] struct{ yes, no func(*T) bool }

func (l leaf[T]) certainly(want bool) func(*T) bool {
	if want {
		return l.yes
	}
	return l.no
}

func (l leaf[T]) truth() func(*T) truth {
	return func(t *T) truth {
		switch {
		case l.yes(t):
			return yes
		case l.no(t):
			return no
		}
		return unknown
	}
}

// leafOf is a leaf whose value costs more than a look. It is not inlined, nor
// is what else returns functions to generic code: an instance that two
// packages share is linked from either, and in a build with coverage they may
// number functions that came by inlining differently.
//
//go:noinline
func leafOf[T any](f func(*T) (is, ok bool)) leaf[T] {
	return leaf[T]{
		func(t *T) bool { is, ok := f(t); return ok && is },
		func(t *T) bool { is, ok := f(t); return ok && !is },
	}
}

// always is a leaf that asks nothing.
//
//go:noinline
func always[T any](b bool) leaf[T] {
	return leaf[T]{func(*T) bool { return b }, func(*T) bool { return !b }}
}

type negation[T any] struct{ of cond[T] }

func (n negation[T]) certainly(want bool) func(*T) bool { return n.of.certainly(!want) }

func (n negation[T]) truth() func(*T) truth {
	f := n.of.truth()
	return func(t *T) truth {
		switch f(t) {
		case yes:
			return no
		case no:
			return yes
		}
		return unknown
	}
}

// A junction is a conjunction, or a disjunction, of two or more.
type junction[T any] struct {
	or    bool
	parts []cond[T]
}

// join flattens, so that a chain of "and" is one loop.
func join[T any](or bool, parts ...cond[T]) cond[T] {
	if len(parts) == 1 {
		return parts[0]
	}
	first, ok := parts[0].(junction[T])
	if !ok || first.or != or {
		return junction[T]{or, parts}
	}
	return junction[T]{or, append(first.parts, parts[1:]...)}
}

func (j junction[T]) certainly(want bool) func(*T) bool {
	parts := make([]func(*T) bool, len(j.parts))
	for i, p := range j.parts {
		parts[i] = p.certainly(want)
	}
	if j.or != want { // all parts must be what is wanted
		switch a, b := parts[0], parts[1]; len(parts) {
		case 2:
			return func(t *T) bool { return a(t) && b(t) }
		case 3:
			c := parts[2]
			return func(t *T) bool { return a(t) && b(t) && c(t) }
		}
		return func(t *T) bool {
			for _, p := range parts {
				if !p(t) {
					return false
				}
			}
			return true
		}
	}
	if a, b := parts[0], parts[1]; len(parts) == 2 {
		return func(t *T) bool { return a(t) || b(t) }
	}
	return func(t *T) bool {
		for _, p := range parts {
			if p(t) {
				return true
			}
		}
		return false
	}
}

func (j junction[T]) truth() func(*T) truth {
	parts := make([]func(*T) truth, len(j.parts))
	for i, p := range j.parts {
		parts[i] = p.truth()
	}
	settles, else_ := no, yes
	if j.or {
		settles, else_ = yes, no
	}
	return func(t *T) truth {
		result := else_
		for _, p := range parts {
			switch p(t) {
			case settles:
				return settles
			case unknown:
				result = unknown
			}
		}
		return result
	}
}

// An equivalence holds where two conditions are both true or both false.
type equivalence[T any] struct{ a, b cond[T] }

func (e equivalence[T]) truth() func(*T) truth {
	a, b := e.a.truth(), e.b.truth()
	return func(t *T) truth {
		x := a(t)
		if x == unknown {
			return unknown
		}
		y := b(t)
		if y == unknown {
			return unknown
		}
		return known(x == y)
	}
}

func (e equivalence[T]) certainly(want bool) func(*T) bool {
	f, wanted := e.truth(), known(want)
	return func(t *T) bool { return f(t) == wanted }
}
