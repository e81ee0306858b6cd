package report

import (
	"fmt"
	"strconv"

	"seine/detectors"
)

// data writes the findings for the script: what is told of each when it is
// opened, in blocks of pageChunk, then the index of all, from which the list
// is made. quote leaves no "<" in a string, so that none ends a block.
func (r *htmlReport) data() {
	x := index{texts: map[string]int{}, rules: map[*detectors.Rule]int{}}
	var b []byte
	for from := 0; from < len(r.kept); from += pageChunk {
		b = append(b[:0], '[')
		for i, k := range r.kept[from:min(from+pageChunk, len(r.kept))] {
			if i > 0 {
				b = append(b, ",\n"...)
			}
			b = r.details(b, &x, k.Alert)
		}
		r.block(fmt.Sprintf("d%d", from/pageChunk), append(b, ']'))
	}
	o := object{b: append([]byte(`{"findings":[`), x.b...)}
	o.b = append(o.b, ']')
	o.number("chunk", pageChunk)
	o.key("rules")
	o.b = append(append(o.b, '['), x.ruleList...)
	o.b = append(o.b, ']')
	o.texts("texts", x.textList)
	o.key("words")
	o.open()
	for _, w := range scriptWords {
		o.text(w, r.t(w))
	}
	o.shut()
	if r.o.Lang != "" {
		o.text("lang", r.o.Lang)
	}
	r.block("index", append(o.b, '}'))
}

func (r *htmlReport) block(id string, json []byte) {
	_, _ = r.BeginData(id).Write(json) // the page remembers an error, and tells it at its end
	r.EndData()
}

// An index is what the list of findings is made of.
type index struct {
	b        []byte // of the findings
	texts    map[string]int
	textList []string
	rules    map[*detectors.Rule]int
	ruleList []byte
}

// text is the number of a text that many findings share.
func (x *index) text(s string) uint64 {
	i, ok := x.texts[s]
	if !ok {
		i = len(x.textList)
		x.texts[s] = i
		x.textList = append(x.textList, s)
	}
	return uint64(i)
}

func (x *index) rule(a *detectors.Alert) int {
	i, ok := x.rules[a.Rule]
	if !ok {
		i = len(x.rules)
		x.rules[a.Rule] = i
		if i > 0 {
			x.ruleList = append(x.ruleList, ',')
		}
		x.ruleList = appendTexts(x.ruleList, []string{a.Detector.ID, a.Rule.ID})
	}
	return i
}

// details appends what is told of a finding when it is opened, and enters it
// into the index.
func (r *htmlReport) details(b []byte, x *index, a *detectors.Alert) []byte {
	told := r.teller.Tell(a, r.o.Names)
	r.enter(x, a, told.Title)
	b = append(b, `{"alert":`...)
	o := object{b: r.enc.alert(b, a)}
	rows := factRows(a.Facts)
	o.array("facts", len(rows), func(i int) {
		o.b = appendTexts(o.b, []string{rows[i].name, rows[i].value, rows[i].limit})
	})
	if told.What != a.Summary && told.What != "" {
		o.text("what", told.What)
	}
	if told.Measured != "" {
		o.text("measured", told.Measured)
	}
	if told.Why != "" {
		o.number("why", x.text(told.Why))
	}
	for _, l := range []struct {
		name  string
		items []string
	}{{"else", told.Else}, {"next", told.Next}} {
		if len(l.items) > 0 {
			o.array(l.name, len(l.items), func(i int) { o.b = strconv.AppendUint(o.b, x.text(l.items[i]), 10) })
		}
	}
	if told.Look != "" {
		o.text("look", told.Look)
	}
	return append(o.b, '}')
}

// enter appends a finding to the index: id, severity, time, rule, subject,
// title, sentence, count, status, accused, target, what is known, risk.
func (r *htmlReport) enter(x *index, a *detectors.Alert, title string) {
	b := x.b
	if len(b) > 0 {
		b = append(b, ",\n"...)
	}
	text := func(s string) { b = quote(append(b, ','), s) }
	number := func(n uint64) { b = strconv.AppendUint(append(b, ','), n, 10) }
	b = append(b, `["`...)
	b = append(appendID(b, a), '"')
	number(uint64(min(a.Severity, detectors.Severities-1)))
	text(string(r.enc.time(nil, a.Time)))
	number(uint64(x.rule(a)))
	text(a.Subject.String())
	text(title)
	if a.Summary == title {
		text("")
	} else {
		text(a.Summary)
	}
	number(max(a.Count, 1))
	text(a.Status.String())
	accused, target, risk := "", "", 0.0
	if h, ok := a.Accused(); ok {
		accused, risk = h.String(), r.scores[h]
	}
	if h, ok := a.Target(); ok {
		target = h.String()
	}
	text(accused)
	text(target)
	known := ""
	for i := range a.Annotations {
		known += a.Annotations[i].Value + " "
	}
	text(known)
	b = strconv.AppendFloat(append(b, ','), risk, 'f', -1, 64)
	x.b = append(b, ']')
}
