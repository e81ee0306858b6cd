package columns

import (
	"slices"
	"strings"

	"seine/flow"
	"seine/flow/internal/parse"
)

// Late knows all names of the fields that a Mapping found no column for: an
// object deep in a file may have members that the first ones lack. Each name
// has a number; those of a field follow each other, the better known first.
type Late struct {
	number map[string]int
	fields []Field
	units  []parse.Unit
}

// Late finds the fields that m lacks, but for those that only Seine writes.
func (m *Mapping) Late() *Late {
	l := &Late{number: map[string]int{}}
	for f := Start; f < fieldCount; f++ {
		if m.Of[f] >= 0 || table[f].has == 0 {
			continue
		}
		for _, a := range append([]string{Fold(table[f].name)}, strings.Fields(table[f].aliases)...) {
			if _, ok := l.number[a]; ok {
				continue
			}
			l.number[a] = len(l.fields)
			l.fields = append(l.fields, f)
			l.units = append(l.units, unitOf(a))
		}
	}
	return l
}

// Len is how many names there are.
func (l *Late) Len() int { return len(l.fields) }

// Name is the field of a name by its number, and the unit that the name tells
// of a time, 0 if none.
func (l *Late) Name(i int) (Field, parse.Unit) { return l.fields[i], l.units[i] }

// Fields is what the names can carry.
func (l *Late) Fields() (has flow.Fields) {
	for _, f := range l.fields {
		has |= table[f].has
	}
	return has
}

// Names are the fields, by their canonical names.
func (l *Late) Names() []string {
	var names []string
	for _, f := range slices.Compact(slices.Clone(l.fields)) {
		names = append(names, f.String())
	}
	return names
}

// Find is the number of the name key of a member of the object outer, which is
// nil at the top, or -1. It may be called from any goroutine.
func (l *Late) Find(outer, key []byte) int {
	var folded [maxAlias]byte
	n := 0
	for _, part := range [...][]byte{outer, key} {
		for _, c := range part {
			switch c {
			case ' ', '\t', '"', '\'', '_', '-', '.', '#': // as in Fold
				continue
			}
			if n == len(folded) {
				return -1
			}
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			folded[n] = c
			n++
		}
	}
	if i, ok := l.number[string(folded[:n])]; ok {
		return i
	}
	return -1
}

// maxAlias is room for the longest name.
const maxAlias = 40
