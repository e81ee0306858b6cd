package custom

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"seine/detectors"
	"seine/flow"
	"seine/flow/where"
)

// A piece of a summary is text, or a value of the flow or the group. What a
// flow or group lacks is shown as "?".
type piece struct {
	text  string
	flow  func(*flow.Record) (any, bool)
	group func(*group) (any, bool)
	limit *limit // told beside the value: "(over 100)", or "(not over 100)"
}

// summarise compiles the summary of a rule, or makes one up.
func (p *program) summarise(r *rule) error {
	if r.summary.text == "" {
		p.defaultSummary(r)
		return nil
	}
	rest, at := r.summary.text, 0
	literal := func(s string) {
		if s != "" {
			p.summary = append(p.summary, piece{text: s})
		}
	}
	for {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			literal(rest)
			return nil
		}
		literal(rest[:i])
		if strings.HasPrefix(rest[i:], "{{") || strings.HasPrefix(rest[i:], "}}") {
			literal(rest[i : i+1])
			at, rest = at+i+2, rest[i+2:]
			continue
		}
		end := strings.IndexByte(rest[i:], '}')
		if rest[i] == '}' || end < 0 {
			return &mistake{r.summary, "summary", placed(r.summary.text, at+i, "a bracket without its partner; {{ and }} stand for { and }")}
		}
		inner := rest[i+1 : i+end]
		v, err := p.placeholder(inner)
		if err != nil {
			return &mistake{r.summary, "summary", shifted(r.summary.text, at+i+1, err)}
		}
		p.summary = append(p.summary, v)
		at, rest = at+i+end+1, rest[i+end+1:]
	}
}

// placeholder compiles what stands between brackets.
func (p *program) placeholder(text string) (piece, error) {
	for i := range p.keys {
		if tight(text) == p.keys[i].text {
			return piece{flow: p.keys[i].value}, nil
		}
	}
	e, err := where.Parse(text)
	if err != nil {
		return piece{}, err
	}
	if p.groups == nil {
		get, _, _, err := p.flows.Get(e)
		if err == nil {
			return piece{flow: get}, nil
		}
		number, _, errNumber := p.flows.Value(e)
		if errNumber != nil {
			return piece{}, err
		}
		return piece{flow: func(r *flow.Record) (any, bool) { v, ok := number(r); return v, ok }}, nil
	}
	if name, ok := p.flows.Field(strings.TrimSpace(text)); ok {
		for i := range p.keys {
			if p.keys[i].name == name && p.keys[i].mask == nil {
				return piece{flow: p.keys[i].value}, nil
			}
		}
		return piece{}, fmt.Errorf("the flows of a group may differ in %s, which is not in \"group by\"", name)
	}
	if get, _, _, err := p.groups.schema.Get(e); err == nil {
		return piece{group: get}, nil
	}
	number, _, err := p.groups.schema.Value(e)
	if err != nil {
		return piece{}, p.hint(err)
	}
	return piece{group: func(g *group) (any, bool) { v, ok := number(g); return v, ok }}, nil
}

// placed is an error at a byte of a text.
func placed(text string, at int, message string) error {
	before := text[:at]
	line := 1 + strings.Count(before, "\n")
	column := 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
	return &where.Error{Line: line, Column: column, Message: message, Excerpt: excerpt(text, line, column)}
}

// shifted moves the place of an error in a part of a text that begins at a
// byte of it.
func shifted(text string, at int, err error) error {
	var e *where.Error
	if errors.As(err, &e) {
		if e.Line == 1 {
			at += len(string([]rune(text[at:])[:min(e.Column-1, len([]rune(text[at:])))]))
		}
		return placed(text, at, e.Message)
	}
	return placed(text, at, err.Error())
}

// excerpt is the line with a mark under the column.
func excerpt(text string, line, column int) string {
	lines := strings.Split(text, "\n")
	if line > len(lines) || len(lines[line-1]) > 160 {
		return ""
	}
	shown := strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return ' '
	}, lines[line-1])
	return "\n  | " + shown + "\n  | " + strings.Repeat(" ", column-1) + "^"
}

// defaultSummary says what the rule is about with the numbers that decided:
// "one host tries many ports of one server: count 150 (over 100), …".
func (p *program) defaultSummary(r *rule) {
	p.summary = []piece{{text: r.title}}
	if p.groups == nil {
		for i := range p.shown {
			p.summary = append(p.summary, piece{text: [2]string{": ", ", "}[min(i, 1)] + p.shown[i].name + " "}, piece{flow: p.shown[i].get})
			for j := range p.shown[i].limits {
				p.summary = append(p.summary, piece{flow: p.shown[i].get, limit: &p.shown[i].limits[j]})
			}
		}
		return
	}
	for i, a := range p.groups.list {
		get := func(g *group) (any, bool) { v, ok := a.of(g); return v, ok }
		p.summary = append(p.summary, piece{text: [2]string{": ", ", "}[min(i, 1)] + a.text + " is "}, piece{group: get})
		for j := range a.limits {
			p.summary = append(p.summary, piece{group: get, limit: &a.limits[j]})
		}
	}
	if r.window > 0 {
		p.summary = append(p.summary, piece{text: " in " + detectors.Span(time.Duration(r.window))})
	}
}

// String writes the limit in words: "over 100".
func (l limit) String() string { return l.word + " " + l.n.String() }

// against writes the limit beside a value. With "or" and "not" a finding need
// not keep to each limit, and what it does not keep to is told as that: "not
// over 100".
func (l limit) against(v any, ok bool) string {
	n, known := numeric(v)
	if !ok || !known || l.holds(n) {
		return l.String()
	}
	if l.word == limitWords["!="] {
		return limitWords["=="] + " " + l.n.String()
	}
	return "not " + l.String()
}

func (l limit) holds(n where.Number) bool {
	c := n.Compare(l.n)
	switch l.word {
	case limitWords[">"]:
		return c > 0
	case limitWords[">="]:
		return c >= 0
	case limitWords["<"]:
		return c < 0
	case limitWords["<="]:
		return c <= 0
	case limitWords["=="]:
		return c == 0
	}
	return c != 0
}

// numeric is a value as a number that limits are compared with.
func numeric(v any) (where.Number, bool) {
	switch v := v.(type) {
	case where.Number:
		return v, true
	case uint64:
		return where.Uint(v), true
	case float64:
		return where.Float(v)
	}
	return where.Number{}, false
}

// fact tells the limit of the fact of that key: count_over is 100.
func (l limit) fact(key string) detectors.Fact {
	return number(key+"_"+strings.ReplaceAll(l.word, " ", "_"), l.n)
}

// sentence writes the summary of a flow, or of a group of which r is one.
func (p *program) sentence(r *flow.Record, g *group) string {
	var b strings.Builder
	for i := range p.summary {
		s := &p.summary[i]
		v, ok := any(s.text), true
		switch {
		case s.flow != nil:
			v, ok = s.flow(r)
		case s.group != nil:
			v, ok = s.group(g)
		}
		switch {
		case s.limit != nil:
			b.WriteString(" (" + s.limit.against(v, ok) + ")")
		case !ok:
			b.WriteByte('?')
		default:
			b.WriteString(text(v))
		}
	}
	return b.String()
}

// text writes a value for people.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		n, _ := where.Float(v)
		return n.String()
	case where.Number:
		return v.String()
	case flow.Addr:
		return v.String()
	case flow.Time:
		return v.String()
	case time.Duration:
		return detectors.Span(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return "?"
}

// fact makes a fact of a value.
func fact(key string, v any) detectors.Fact {
	switch v := v.(type) {
	case uint64:
		return detectors.Uint(key, v)
	case float64:
		return detectors.Float(key, v)
	case where.Number:
		return number(key, v)
	case flow.Time:
		return detectors.Moment(key, v)
	case time.Duration:
		return detectors.Float(key, v.Seconds())
	case bool:
		return detectors.Bool(key, v)
	}
	return detectors.Text(key, text(v))
}

func number(key string, n where.Number) detectors.Fact {
	mag, minus, whole := n.Whole()
	switch {
	case !whole:
		return detectors.Float(key, n.Float64())
	case minus && mag <= 1<<63:
		return detectors.Int(key, -int64(mag))
	case minus:
		return detectors.Float(key, n.Float64())
	}
	return detectors.Uint(key, mag)
}
