package where

import (
	"slices"
	"strings"
	"time"

	"seine/flow"
)

// A Schema names what conditions on subjects of type T may speak of: its
// fields, by functions that get them, and its functions. Getters tell with
// false, or nil, that the subject does not have the field; they are called
// from one goroutine at a time and should not allocate.
//
// A Schema may compile any number of conditions, on one goroutine.
type Schema[T any] struct {
	// Location is the zone of times that name none; nil means UTC.
	Location *time.Location

	fields    []*Field[T]
	functions []*function[T]
	open      []*opening[T]
	byName    map[string]*Field[T]
}

// kind is the type of a field.
type kind uint8

const (
	kindCount kind = iota
	kindNumber
	kindWord
	kindFlags
	kindText
	kindTexts
	kindID
	kindAddr
	kindTime
	kindSpan
	kindBool
)

var kindNames = [...]string{
	kindCount: "number", kindNumber: "number", kindWord: "word", kindFlags: "TCP flags", kindText: "text",
	kindTexts: "texts", kindID: "identifier", kindAddr: "address", kindTime: "time", kindSpan: "duration",
	kindBool: "yes or no",
}

func (k kind) String() string { return kindNames[k] }

// phrase is the kind in a sentence: "is …".
func (k kind) phrase() string {
	switch k {
	case kindID, kindAddr:
		return "an " + k.String()
	case kindFlags, kindText, kindBool:
		return k.String()
	case kindTexts:
		return "a list of texts"
	}
	return "a " + k.String()
}

// A Field is one field of a Schema.
type Field[T any] struct {
	name, doc string
	kind      kind
	aliases   []string
	needs     flow.Fields
	either    []string // fields, any of which may meet the condition
	derived   bool     // what a function tells of another field
	most      uint64   // largest value of a count
	ordered   bool     // words from the least to the most

	count  func(*T) (uint64, bool)
	number func(*T) (Number, bool)
	read   func(string) (uint64, error)    // number of a word or of flags
	words  []string                        // by number, at most 256
	symbol func(*T) (n uint32, ok bool)    // text by number, if the text has one
	lookup func(n uint32) string           // text of a number
	text   func(*T) (string, bool)         // text
	texts  func(*T) ([]string, bool)       // several
	same   func(text string) func(*T) bool // identifier
	addr   func(*T) *flow.Addr
	time   func(*T) (flow.Time, bool)
	bool   func(*T) (bool, bool)
	has    func(*T) bool
	fits   func(text string) (string, error) // refuses a text that it never is, or finds what is meant
}

// Alias adds names by which users know the field.
func (f *Field[T]) Alias(names ...string) *Field[T] {
	f.aliases = append(f.aliases, names...)
	return f
}

// Needs says which fields of flows the field is made of.
func (f *Field[T]) Needs(fields flow.Fields) *Field[T] {
	f.needs |= fields
	return f
}

// AtMost says what the largest value of a count is, so that a comparison
// with a larger one is found to be a slip.
func (f *Field[T]) AtMost(most uint64) *Field[T] {
	f.most = most
	return f
}

// Ordered says that the words of the field go from the least to the most, so
// that < and > compare them.
func (f *Field[T]) Ordered() *Field[T] {
	f.ordered = true
	return f
}

func (s *Schema[T]) add(f *Field[T]) *Field[T] {
	s.fields = append(s.fields, f)
	s.byName = nil
	return f
}

// Count declares an unsigned integer.
func (s *Schema[T]) Count(name, doc string, get func(*T) (uint64, bool)) *Field[T] {
	return s.add(&Field[T]{name: name, doc: doc, kind: kindCount, count: get, most: 1<<64 - 1,
		number: func(t *T) (Number, bool) { v, ok := get(t); return Number{mag: v}, ok },
		has:    func(t *T) bool { _, ok := get(t); return ok }})
}

// Number declares a number of any kind; NaN counts as absent.
func (s *Schema[T]) Number(name, doc string, get func(*T) (float64, bool)) *Field[T] {
	number := func(t *T) (Number, bool) {
		v, ok := get(t)
		if !ok {
			return Number{}, false
		}
		return Float(v)
	}
	return s.add(&Field[T]{name: name, doc: doc, kind: kindNumber, number: number,
		has: func(t *T) bool { _, ok := number(t); return ok }})
}

// Word declares one of at most 256 words, by number. read finds the number of
// a word as users may spell it; nil takes the words as they are.
func (s *Schema[T]) Word(name, doc string, words []string, read func(string) (uint64, error), get func(*T) (uint64, bool)) *Field[T] {
	words = words[:min(len(words), 256)]
	return s.add(&Field[T]{name: name, doc: doc, kind: kindWord, words: words, read: read, count: get,
		has: func(t *T) bool { _, ok := get(t); return ok }})
}

// Flags declares a set of TCP flags.
func (s *Schema[T]) Flags(name, doc string, get func(*T) (uint64, bool)) *Field[T] {
	return s.add(&Field[T]{name: name, doc: doc, kind: kindFlags, count: get,
		has: func(t *T) bool { _, ok := get(t); return ok }})
}

// Text declares a text.
func (s *Schema[T]) Text(name, doc string, get func(*T) (string, bool)) *Field[T] {
	return s.add(&Field[T]{name: name, doc: doc, kind: kindText, text: get,
		has: func(t *T) bool { _, ok := get(t); return ok }})
}

// Symbol declares a text that is held as a number, and always the same text
// by the same number: what a condition says of a text is then worked out
// once. lookup must know every number that get gives.
func (s *Schema[T]) Symbol(name, doc string, lookup func(uint32) string, get func(*T) (uint32, bool)) *Field[T] {
	return s.add(&Field[T]{name: name, doc: doc, kind: kindText, symbol: get, lookup: lookup,
		text: func(t *T) (string, bool) {
			n, ok := get(t)
			if !ok {
				return "", false
			}
			return lookup(n), true
		},
		has: func(t *T) bool { _, ok := get(t); return ok }})
}

// Texts declares a list of texts; a condition on it is met if one of them
// meets it.
func (s *Schema[T]) Texts(name, doc string, get func(*T) ([]string, bool)) *Field[T] {
	return s.add(&Field[T]{name: name, doc: doc, kind: kindTexts, texts: get,
		has: func(t *T) bool { _, ok := get(t); return ok }})
}

// ID declares an identifier, which can be compared for equality only: same
// makes the test for one.
func (s *Schema[T]) ID(name, doc string, same func(text string) func(*T) bool, has func(*T) bool) *Field[T] {
	return s.add(&Field[T]{name: name, doc: doc, kind: kindID, same: same, has: has})
}

// Addr declares an IP address; nil is absent.
func (s *Schema[T]) Addr(name, doc string, get func(*T) *flow.Addr) *Field[T] {
	return s.add(&Field[T]{name: name, doc: doc, kind: kindAddr, addr: get,
		has: func(t *T) bool { return get(t) != nil }})
}

// Time declares a moment.
func (s *Schema[T]) Time(name, doc string, get func(*T) (flow.Time, bool)) *Field[T] {
	return s.add(&Field[T]{name: name, doc: doc, kind: kindTime, time: get,
		has: func(t *T) bool { _, ok := get(t); return ok }})
}

// Span declares a duration, which calculates as a number of seconds.
func (s *Schema[T]) Span(name, doc string, get func(*T) (flow.Time, bool)) *Field[T] {
	return s.add(&Field[T]{name: name, doc: doc, kind: kindSpan, time: get,
		number: func(t *T) (Number, bool) {
			v, ok := get(t)
			if !ok {
				return Number{}, false
			}
			return inSeconds(v), true
		},
		has: func(t *T) bool { _, ok := get(t); return ok }})
}

// Bool declares something that is so or not.
func (s *Schema[T]) Bool(name, doc string, get func(*T) (is, ok bool)) *Field[T] {
	return s.add(&Field[T]{name: name, doc: doc, kind: kindBool, bool: get,
		has: func(t *T) bool { _, ok := get(t); return ok }})
}

// Either declares a name for several fields of one kind, declared before: a
// condition on it is met if one of them meets it.
func (s *Schema[T]) Either(name, doc string, fields ...string) *Field[T] {
	f := &Field[T]{name: name, doc: doc, either: fields}
	for _, other := range s.fields {
		if slices.Contains(fields, other.name) {
			f.kind = other.kind
			f.needs |= other.needs
		}
	}
	return s.add(f)
}

// field finds a field by its name or an alias, in any case.
func (s *Schema[T]) field(name string) *Field[T] {
	if s.byName == nil {
		s.byName = map[string]*Field[T]{}
		for _, f := range s.fields {
			for _, a := range f.aliases {
				s.byName[strings.ToLower(a)] = f
			}
		}
		for _, f := range s.fields {
			s.byName[strings.ToLower(f.name)] = f
		}
	}
	if f := s.byName[strings.ToLower(name)]; f != nil {
		return f
	}
	return s.opened(name)
}

// unknown is the end of the sentence on a name that does not exist.
func (s *Schema[T]) unknown(name string) string {
	var names, all []string
	for _, f := range s.fields {
		names = append(names, f.name)
		all = append(all, f.aliases...)
	}
	for _, o := range s.open {
		if strings.EqualFold(o.name, name) {
			return "; write the name of one behind it, as " + o.name + ".NAME"
		}
	}
	if near := nearest(name, append(names[:len(names):len(names)], all...)); near != "" {
		return "; did you mean " + s.field(near).name + "?"
	}
	for _, o := range s.open {
		names = append(names, o.name+".NAME")
	}
	return " (fields: " + strings.Join(names, ", ") + ")"
}
