package explain

import (
	"fmt"
	"strconv"
	"strings"
)

// A text is a template: a run of pieces.
type text []piece

// A piece is a literal, a field, or an optional part.
type piece struct {
	literal string
	field   *field
	part    text // optional
	tests   []test
	option  bool
}

// A field is a value to be put in.
type field struct {
	name      string // of a fact, or of a part of the alert behind @
	format    string
	one, many string // the word that belongs to the number
	counted   bool
}

// A test is one condition of an optional part.
type test struct {
	name, op, want string
	number         float64
}

// parseText reads a template.
func parseText(s string, in *tongue) (text, error) {
	t, rest, err := parsePieces(s, in, 0)
	if err == nil && rest != "" {
		err = fmt.Errorf("]] without [[")
	}
	return t, err
}

// parsePieces reads up to the end, or to the ]] of the part it is in, and
// gives what is left.
func parsePieces(s string, in *tongue, depth int) (t text, rest string, err error) {
	if depth > maxNesting {
		return nil, "", fmt.Errorf("more than %d optional parts within each other", maxNesting)
	}
	for s != "" {
		at := nextMark(s)
		if at > 0 {
			t = append(t, piece{literal: in.typography(s[:at])})
		}
		s = s[at:]
		switch {
		case s == "":
		case strings.HasPrefix(s, "]]"):
			if depth == 0 {
				return nil, "", fmt.Errorf("]] without [[")
			}
			return t, s[2:], nil
		case strings.HasPrefix(s, "[["):
			p := piece{option: true}
			s = s[2:]
			if asked, ok := strings.CutPrefix(s, "?"); ok {
				condition, after, found := strings.Cut(asked, " : ")
				if !found {
					return nil, "", fmt.Errorf("a condition ends with \" : \", as in [[? name>1 : text]]")
				}
				if p.tests, err = parseTests(condition); err != nil {
					return nil, "", err
				}
				s = after
			}
			if p.part, s, err = parsePieces(s, in, depth+1); err != nil {
				return nil, "", err
			}
			t = append(t, p)
		case s[0] == '{':
			inside, after, found := strings.Cut(s[1:], "}")
			if !found {
				return nil, "", fmt.Errorf("{ without }")
			}
			f, err := parseField(inside, in)
			if err != nil {
				return nil, "", err
			}
			t = append(t, piece{field: f})
			s = after
		default:
			return nil, "", fmt.Errorf("} without {")
		}
	}
	if depth > 0 {
		return nil, "", fmt.Errorf("[[ without ]]")
	}
	return t, "", nil
}

// nextMark finds where the next piece that is no literal begins.
func nextMark(s string) int {
	for i := range len(s) {
		switch {
		case s[i] == '{' || s[i] == '}':
			return i
		case i+1 < len(s) && (s[i:i+2] == "[[" || s[i:i+2] == "]]"):
			return i
		}
	}
	return len(s)
}

func parseField(s string, in *tongue) (*field, error) {
	f := &field{}
	s, nouns, counted := strings.Cut(s, "#")
	if counted {
		one, many, ok := strings.Cut(nouns, "|")
		if !ok || one == "" || many == "" {
			return nil, fmt.Errorf("{%s#%s}: both forms are wanted, as in {ports#port|ports}", s, clip(nouns, 40))
		}
		f.counted, f.one, f.many = true, in.typography(one), in.typography(many)
	}
	f.name, f.format, _ = strings.Cut(s, "|")
	if !isName(f.name) {
		return nil, fmt.Errorf("{%s} names neither a fact nor a part of the alert", clip(s, 40))
	}
	if _, known := formats[f.format]; !known {
		return nil, fmt.Errorf("{%s}: unknown format", clip(s, 40))
	}
	return f, nil
}

// isName reports whether s may be the name of a fact, or @ and that of a part.
func isName(s string) bool {
	s = strings.TrimPrefix(s, "@")
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func parseTests(s string) ([]test, error) {
	var all []test
	for one := range strings.SplitSeq(s, "&") {
		t := test{name: strings.TrimSpace(one), op: "is"}
		if rest, not := strings.CutPrefix(t.name, "!"); not {
			t.name, t.op = rest, "not"
		}
		for _, op := range []string{"!=", "=", ">", "<"} {
			if name, want, ok := strings.Cut(t.name, op); ok {
				t.name, t.op, t.want = strings.TrimSpace(name), op, strings.TrimSpace(want)
				break
			}
		}
		if !isName(t.name) {
			return nil, fmt.Errorf("condition %q: no name", clip(one, 40))
		}
		if t.op == ">" || t.op == "<" {
			n, err := strconv.ParseFloat(t.want, 64)
			if err != nil {
				return nil, fmt.Errorf("condition %q: %q is no number", clip(one, 40), clip(t.want, 40))
			}
			t.number = n
		}
		all = append(all, t)
	}
	return all, nil
}

// names calls f for every name that the template asks for; sure tells that it
// stands outside of optional parts.
func (t text) names(f func(name string, sure bool)) { t.walk(f, true) }

func (t text) walk(f func(string, bool), sure bool) {
	for _, p := range t {
		switch {
		case p.field != nil:
			f(p.field.name, sure)
		case p.option:
			for _, c := range p.tests {
				f(c.name, false)
			}
			p.part.walk(f, false)
		}
	}
}
