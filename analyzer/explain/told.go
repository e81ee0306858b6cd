package explain

import (
	"fmt"
	"strings"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// Languages are those that alerts are told in; the first is the default.
func Languages() []string { return []string{english.lang, french.lang} }

// A Told is an alert in plain language. Its texts are plain: no markup, one
// line each, without control characters. They hold values of the input, so
// outputs escape them as any other.
type Told struct {
	Lang     string   `json:"lang"`           // of the texts
	Title    string   `json:"title"`          // a line, without a full stop
	What     string   `json:"what"`           // what happened, when
	Measured string   `json:"measured"`       // against what it was measured
	Why      string   `json:"why"`            // why it matters
	Else     []string `json:"else"`           // what else it could be
	Next     []string `json:"next"`           // what to check next
	Known    []string `json:"known"`          // what is known of the addresses beside the flows
	Look     string   `json:"look"`           // a command line that shows the flows
	By       string   `json:"by,omitempty"`   // the model that put it in other words, if any
	Note     string   `json:"note,omitempty"` // why it did not
}

// A Teller tells alerts in one language. It is used by one goroutine at a
// time.
type Teller struct {
	in    *tongue
	words map[*detectors.Detector]*words

	checked map[string]bool // conditions, whether they can be compiled
}

// New makes a Teller; a language that is not one of [Languages] means the
// first of them.
func New(lang string) *Teller {
	return &Teller{in: tongueOf(lang), words: map[*detectors.Detector]*words{}, checked: map[string]bool{}}
}

// Lang is the language that the Teller speaks.
func (t *Teller) Lang() string { return t.in.lang }

// Headings are the headings of the parts of a Told, in the order What,
// Measured, Why, Else, Next, Known, Look.
func (t *Teller) Headings() [7]string { return t.in.says.headings }

// Severity is the name of a severity in the language.
func (t *Teller) Severity(s detectors.Severity) string {
	return t.in.says.severity[min(s, detectors.Critical)]
}

// Tell tells a. names gives the names of the inputs; with nil the command line
// to look at the flows has FILES in their place.
func (t *Teller) Tell(a *detectors.Alert, names analyzer.Names) Told {
	told, _ := t.tell(a, names)
	return told
}

// tell tells a, and how many values it lacked outside of optional parts.
func (t *Teller) tell(a *detectors.Alert, names analyzer.Names) (Told, int) {
	w := t.wordsOf(a.Detector)
	p := &telling{in: t.in, words: w}
	if a.Subject.Has&detectors.SubjectProtocol != 0 {
		p.proto = a.Subject.Protocol
	}
	cache := map[string]value{}
	p.get = func(name string) value {
		v, known := cache[name]
		if !known {
			v = t.value(a, name)
			cache[name] = v
		}
		return v
	}
	rule := ""
	if a.Rule != nil {
		rule = a.Rule.ID
	}
	told := Told{Lang: t.in.lang, Title: t.fallbackTitle(a), Else: []string{}, Next: []string{}, Known: t.known(a)}
	one := func(s section) string {
		var all []string
		for _, x := range w.of(rule, s) {
			if r := p.render(x); r != "" {
				all = append(all, r)
			}
		}
		return strings.Join(all, " ")
	}
	list := func(s section) []string {
		all := []string{}
		for _, x := range w.of(rule, s) {
			if r := p.render(x); r != "" {
				all = append(all, r)
			}
		}
		return all
	}
	if s := one(title); s != "" {
		told.Title = s
	}
	if told.What = one(what); told.What == "" {
		told.What = sentence(tame(a.Summary))
	}
	if told.Measured = one(measured); told.Measured == "" {
		told.Measured = t.numbers(p, a)
	}
	if told.Why = one(why); told.Why == "" {
		told.Why = t.fallbackWhy(a)
	}
	if told.Else = list(elses); len(told.Else) == 0 {
		told.Else = t.fallbackElse(a)
	}
	if told.Next = list(next); len(told.Next) == 0 {
		told.Next = t.fallbackNext(a)
	}
	told.What = joined(told.What, t.when(a), t.in.says.status[min(a.Status, detectors.Gone)])
	told.Measured = joined(told.Measured, t.sureness(a))
	told.Why = joined(told.Why, t.role(p))
	told.Look = t.command(a, names, one(look))
	return told, p.holes
}

// value is a fact, or behind @ a part of the alert.
func (t *Teller) value(a *detectors.Alert, name string) value {
	if part, ok := strings.CutPrefix(name, "@"); ok {
		return t.part(a, part)
	}
	for i := range a.Facts {
		if a.Facts[i].Key == name {
			return valueOf(&a.Facts[i])
		}
	}
	return value{}
}

// wordsOf are the words of a detector; nil if it has none in the language, or
// none that can be read.
func (t *Teller) wordsOf(d *detectors.Detector) *words {
	if d == nil {
		return nil
	}
	w, known := t.words[d]
	if !known {
		if doc := d.Words[t.in.lang]; doc != "" {
			w, _ = parseWords(doc, t.in)
		}
		t.words[d] = w
	}
	return w
}

// Check reads the words of a detector in every language; the error names
// language and line.
func Check(d *detectors.Detector) error {
	for lang, doc := range d.Words {
		if _, err := parseWords(doc, tongueOf(lang)); err != nil {
			return fmt.Errorf("%s: words.%s.md: %w", d.ID, lang, err)
		}
	}
	return nil
}

// when tells the time and the weight of an alert.
func (t *Teller) when(a *detectors.Alert) string {
	says := &t.in.says
	from, to := span(a)
	var all []string
	if to.Sub(from) < flow.Second {
		all = append(all, fmt.Sprintf(says.at, t.in.moment(from.UTC())))
	} else {
		all = append(all, fmt.Sprintf(says.between, t.in.moment(from.UTC()), t.in.moment(to.UTC()), t.in.span(float64(to.Sub(from))/1e9)))
	}
	if a.Flows > 0 {
		form := says.flows[0]
		if t.in.many(float64(a.Flows)) {
			form = says.flows[1]
		}
		all = append(all, fmt.Sprintf(form, t.in.number(uintValue(a.Flows))))
	}
	if a.Count > 1 {
		all = append(all, fmt.Sprintf(says.times, t.in.number(uintValue(a.Count))))
	}
	return strings.Join(all, " ")
}

// sureness tells the confidence, of detectors that have one.
func (t *Teller) sureness(a *detectors.Alert) string {
	if !(a.Confidence > 0) {
		return ""
	}
	c := min(a.Confidence, 1)
	word := 0
	for _, limit := range []float64{0.35, 0.6, 0.85} {
		if c >= limit {
			word++
		}
	}
	return fmt.Sprintf(t.in.says.sure, t.in.share(c), t.in.says.sureness[word])
}

// role tells what the role of a machine made of the alert.
func (t *Teller) role(p *telling) string {
	source := p.get("role_source")
	if r := p.get("expected_role"); r.kind == textValue {
		return fmt.Sprintf(t.in.says.expected, p.any(r), p.plain(source))
	}
	if r := p.get("unlikely_role"); r.kind == textValue {
		return fmt.Sprintf(t.in.says.unlikely, p.any(r), p.plain(source))
	}
	return ""
}

// known tells the annotations.
func (t *Teller) known(a *detectors.Alert) []string {
	all := []string{}
	for i := range a.Annotations {
		n := &a.Annotations[i]
		key := tame(n.Key)
		if s, ok := t.in.says.keys[key]; ok {
			key = s
		}
		line := n.IP.String() + t.colon() + key + " = " + tame(n.Value)
		if n.Source != "" {
			line += " (" + tame(n.Source) + ")"
		}
		all = append(all, line)
	}
	return all
}

func (t *Teller) colon() string {
	if t.in.french {
		return nbsp + ": "
	}
	return ": "
}

// joined puts sentences behind each other.
func joined(all ...string) string {
	var kept []string
	for _, s := range all {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, " ")
}

// sentence ends a text with a full stop.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}
