package where

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"

	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/enrich/assets"
)

// Known declares the functions that tell what is known of an address beside
// the flows. Without such knowledge they are mistakes that say how it is had.
func (s *Schema[T]) Known(k *enrich.Knowledge) {
	k = k.Or()
	places, machines := k.Geo, k.Assets
	var noPlaces, noMachines error
	if places == nil {
		noPlaces = errors.New("needs a database of places; name one with --geo FILE")
	}
	if machines == nil {
		noMachines = errors.New("needs a list of machines; name one with --assets FILE")
	}
	s.property("country", "text", "country that the address is in, two capital letters (needs --geo): country(dst_ip) == 'NL'", noPlaces,
		func(addr func(*T) *flow.Addr, room int) *Field[T] {
			known := remember(room, func(a *flow.Addr) string { return places.Lookup(*a).Country })
			get := func(t *T) (string, bool) {
				a := addr(t)
				if a == nil {
					return "", false
				}
				c := known.of(a)
				return c, c != ""
			}
			f := textField(get)
			f.fits = countryCode
			return f
		})
	s.property("asn", "number", "number of the autonomous system of the address (needs --geo): asn(dst_ip) in [64500, 64501]", noPlaces,
		func(addr func(*T) *flow.Addr, room int) *Field[T] {
			known := remember(room, func(a *flow.Addr) uint64 { return uint64(places.Lookup(*a).ASN) })
			get := func(t *T) (uint64, bool) {
				a := addr(t)
				if a == nil {
					return 0, false
				}
				n := known.of(a)
				return n, n != 0
			}
			return &Field[T]{kind: kindCount, count: get, most: 1<<32 - 1,
				number: func(t *T) (Number, bool) { v, ok := get(t); return Uint(v), ok },
				has:    func(t *T) bool { _, ok := get(t); return ok }}
		})
	s.property("role", "texts", "roles of the machine, none for one that is not listed (needs --assets): role(src_ip) == 'backup'", noMachines,
		func(addr func(*T) *flow.Addr, room int) *Field[T] {
			known := remember(room, func(a *flow.Addr) []string {
				m := machines.Lookup(*a)
				if m == nil {
					return nil
				}
				roles := make([]string, len(m.Roles))
				for i, r := range m.Roles {
					roles[i] = string(r)
				}
				return roles
			})
			get := func(t *T) ([]string, bool) {
				a := addr(t)
				if a == nil {
					return nil, false
				}
				return known.of(a), true
			}
			return &Field[T]{kind: kindTexts, texts: get,
				has:  func(t *T) bool { r, _ := get(t); return len(r) > 0 },
				fits: func(word string) (string, error) { return roleOf(machines, word) }}
		})
	s.property("asset", "text", "name of the machine (needs --assets): asset(src_ip) startsWith 'till-'", noMachines,
		func(addr func(*T) *flow.Addr, room int) *Field[T] {
			known := remember(room, func(a *flow.Addr) string {
				if m := machines.Lookup(*a); m != nil {
					return m.Name
				}
				return ""
			})
			return textField(func(t *T) (string, bool) {
				a := addr(t)
				if a == nil {
					return "", false
				}
				name := known.of(a)
				return name, name != ""
			})
		})
}

func textField[T any](get func(*T) (string, bool)) *Field[T] {
	return &Field[T]{kind: kindText, text: get, has: func(t *T) bool { _, ok := get(t); return ok }}
}

// countryCode refuses what no country is called.
func countryCode(text string) (string, error) {
	up := strings.ToUpper(text)
	switch {
	case len(text) != 2 || strings.Trim(up, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return "", fmt.Errorf("%q: a country is written with the two letters of ISO 3166-1, as 'NL'", shorten(text))
	case up != text:
		return "", fmt.Errorf("%q: countries are written in capitals: '%s'", text, up)
	}
	return text, nil
}

// roleOf finds the role that a word means.
func roleOf(t *assets.Table, word string) (string, error) {
	r, known := assets.ParseRole(word)
	if known {
		return string(r), nil
	}
	var all []string
	listed := t.Roles()
	if len(listed) == 0 { // as where an expression is only checked
		return string(r), nil
	}
	for _, have := range listed {
		if have == r {
			return string(r), nil
		}
		all = append(all, string(have))
	}
	for _, k := range assets.Roles() {
		all = append(all, string(k))
	}
	hint := didYouMean(word, all)
	if hint == "" {
		hint = " (roles: " + strings.Join(all, ", ") + ")"
	}
	return "", fmt.Errorf("no machine has the role %q%s", shorten(word), hint)
}

// property declares a function of an address that is used as a field is. make
// makes that field for an address; why, if not nil, is why it cannot.
func (s *Schema[T]) property(name, result, doc string, why error, make func(addr func(*T) *flow.Addr, room int) *Field[T]) {
	s.functions = append(s.functions, &function[T]{
		name: name, signature: name + "(address)", result: result, doc: doc, of: make, why: why,
	})
}

// property is the field that the call of such a function stands for.
func (c *compiler[T]) property(n *ast.CallNode) (*Field[T], error) {
	name, fn, err := c.function(n)
	switch {
	case err != nil:
		return nil, err
	case fn == nil || fn.of == nil:
		return nil, c.faultAt(n, "the name of a field is wanted here")
	case fn.why != nil:
		return nil, c.faultAt(n, "%s() %v", name, fn.why)
	case len(n.Arguments) != 1:
		return nil, c.faultAt(n, "%s takes one address", name)
	}
	at := n.Arguments[0]
	of, err := c.field(at)
	if err != nil {
		return nil, err
	}
	if of.kind != kindAddr || of.either != nil {
		what := of.kind.phrase()
		if of.either != nil {
			what = "one of " + strings.Join(of.either, " and ")
		}
		return nil, c.faultAt(first(at), "%s asks about an address, and %s is %s", name, of.name, what)
	}
	c.use(of)
	room := largeRecall
	if c.recalls++; c.recalls > largeRecalls {
		room = smallRecall
	}
	f := fn.of(of.addr, room)
	f.name, f.doc, f.needs, f.derived = name+"("+of.name+")", fn.doc, of.needs, true
	return f, nil
}

// Places of memories of addresses: of the first few of a condition, and of the
// others.
const (
	largeRecalls = 8
	largeRecall  = 1 << 15
	smallRecall  = 1 << 8
)

// A recall remembers what is known of the addresses asked for last. Each
// address has one place, which it shares with others.
type recall[V any] struct {
	ask  func(*flow.Addr) V
	room int
	at   []struct {
		addr flow.Addr
		set  bool
		is   V
	}
}

// remember makes an empty recall; room is a power of two.
func remember[V any](room int, ask func(*flow.Addr) V) *recall[V] {
	return &recall[V]{ask: ask, room: room}
}

func (r *recall[V]) of(a *flow.Addr) V {
	if r.at == nil {
		r.at = make([]struct {
			addr flow.Addr
			set  bool
			is   V
		}, r.room)
	}
	w := wideOf(*a)
	h := (w.hi*0x9e3779b97f4a7c15 ^ w.lo) * 0xd6e8feb86659fd93
	p := &r.at[(h^h>>32)&uint64(r.room-1)]
	if !p.set || p.addr != *a {
		p.addr, p.set, p.is = *a, true, r.ask(a)
	}
	return p.is
}
