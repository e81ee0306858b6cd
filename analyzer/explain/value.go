package explain

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"seine/detectors"
)

// A value is what a fact, or a part of an alert, says. It does not matter
// whether the fact was made by a detector or read back from a file, where a
// moment is a text.
type value struct {
	kind  valueKind
	num   float64
	text  string // a number as it was written
	items []value
}

type valueKind uint8

const (
	absent valueKind = iota
	numberValue
	textValue
	boolValue
	listValue
	doneValue // a text in the language of the reader, not to be translated
)

// maxItems bounds what is taken of a list.
const maxItems = 256

// valueOf reads a fact.
func valueOf(f *detectors.Fact) value {
	texts := 0
	first := ""
	b := f.AppendJSON(nil, func(b []byte, s string) []byte {
		if texts++; texts == 1 {
			first = s
		}
		quoted, err := json.Marshal(s)
		if err != nil {
			quoted = []byte(`""`)
		}
		return append(b, quoted...)
	})
	switch {
	case len(b) == 0 || b[0] == 'n':
		return value{}
	case b[0] == '"':
		return value{kind: textValue, text: first}
	case b[0] == 't' || b[0] == 'f':
		return truthValue(b[0] == 't')
	case b[0] == '[':
		var all []any
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		if d.Decode(&all) != nil {
			return value{}
		}
		v := value{kind: listValue}
		for _, x := range all[:min(len(all), maxItems)] {
			switch x := x.(type) {
			case json.Number:
				v.items = append(v.items, numberOf(x.String()))
			case string:
				v.items = append(v.items, value{kind: textValue, text: x})
			case bool:
				v.items = append(v.items, truthValue(x))
			}
		}
		return v
	}
	return numberOf(string(b))
}

func truthValue(b bool) value {
	v := value{kind: boolValue}
	if b {
		v.num = 1
	}
	return v
}

func numberOf(s string) value {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return value{}
	}
	return value{kind: numberValue, num: n, text: s}
}

func uintValue(n uint64) value { return numberOf(strconv.FormatUint(n, 10)) }

// true tells whether a condition that only names the value holds.
func (v value) true() bool {
	switch v.kind {
	case numberValue, boolValue:
		return v.num != 0
	case textValue, doneValue:
		return v.text != ""
	case listValue:
		return len(v.items) > 0
	}
	return false
}

// moment reads a time.
func (v value) moment() (time.Time, bool) {
	if v.kind != textValue {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, v.text)
	return t.UTC(), err == nil
}

// holds decides one condition. What is absent meets none but its absence, and
// being different.
func (c *test) holds(v value) bool {
	switch c.op {
	case "is":
		return v.true()
	case "not":
		return !v.true()
	case "=":
		return v.plain() == c.want
	case "!=":
		return v.plain() != c.want
	case ">":
		return v.kind == numberValue && v.num > c.number
	}
	return v.kind == numberValue && v.num < c.number
}

// plain is the value as conditions compare it.
func (v value) plain() string {
	switch v.kind {
	case boolValue:
		return strconv.FormatBool(v.num != 0)
	case listValue:
		var all []string
		for _, i := range v.items {
			all = append(all, i.plain())
		}
		return strings.Join(all, ",")
	}
	return v.text
}

// maxText bounds a text of the input within a sentence, in characters.
const maxText = 200

// tame makes a text of the input harmless: one line, no control or format
// characters, not endless.
func tame(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co):
			return '\ufffd'
		}
		return r
	}, s)
	return clip(strings.TrimSpace(s), maxText)
}

// clip cuts a text after n characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n--; n < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
