package detectors

import (
	"math"
	"strconv"

	"seine/flow"
)

// A Fact is a named number (or word, time, list) that an alert rests on.
// Facts keep their order in every output.
type Fact struct {
	Key  string
	kind factKind
	num  uint64
	text string
	list *[]Fact // elements of a list, without keys
}

type factKind uint8

const (
	intFact factKind = iota
	uintFact
	floatFact
	textFact
	timeFact
	boolFact
	listFact
	spelledFact // a number, or null, that is kept as it was spelled
)

// Int is a whole number.
func Int(key string, v int64) Fact { return Fact{Key: key, kind: intFact, num: uint64(v)} }

// Uint is a whole number that is never negative.
func Uint(key string, v uint64) Fact { return Fact{Key: key, kind: uintFact, num: v} }

// Float is a number with a fraction. It must be finite.
func Float(key string, v float64) Fact {
	return Fact{Key: key, kind: floatFact, num: math.Float64bits(v)}
}

// Text is a word or a sentence; it may come from the input, so outputs treat
// it as hostile.
func Text(key, v string) Fact { return Fact{Key: key, kind: textFact, text: v} }

// Moment is a time, written as RFC 3339 in UTC.
func Moment(key string, v flow.Time) Fact { return Fact{Key: key, kind: timeFact, num: uint64(v)} }

// Bool is true or false.
func Bool(key string, v bool) Fact {
	f := Fact{Key: key, kind: boolFact}
	if v {
		f.num = 1
	}
	return f
}

// List is a list of facts, whose keys do not count.
func List(key string, vs ...Fact) Fact { return Fact{Key: key, kind: listFact, list: &vs} }

// Texts is a list of words.
func Texts(key string, vs []string) Fact {
	l := make([]Fact, len(vs))
	for i, v := range vs {
		l[i] = Text("", v)
	}
	return List(key, l...)
}

// AppendJSON appends the value as JSON. quote appends a JSON string: outputs
// bring their own.
func (f *Fact) AppendJSON(b []byte, quote func([]byte, string) []byte) []byte {
	switch f.kind {
	case listFact:
		b = append(b, '[')
		for i := range *f.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = (*f.list)[i].AppendJSON(b, quote)
		}
		return append(b, ']')
	case textFact, timeFact:
		return quote(b, f.String())
	}
	return f.append(b)
}

// String writes the value for people: lists joined by commas, fractions with
// up to four digits that matter.
func (f *Fact) String() string {
	switch f.kind {
	case textFact:
		return f.text
	case timeFact:
		return flow.Time(f.num).String()
	case floatFact:
		return strconv.FormatFloat(math.Float64frombits(f.num), 'g', 6, 64)
	case spelledFact:
		if v, ok := f.Value().(float64); ok {
			return strconv.FormatFloat(v, 'g', 6, 64)
		}
		return f.text
	case listFact:
		s := ""
		for i := range *f.list {
			if i > 0 {
				s += ","
			}
			s += (*f.list)[i].String()
		}
		return s
	}
	return string(f.append(nil))
}

func (f *Fact) append(b []byte) []byte {
	switch f.kind {
	case intFact:
		return strconv.AppendInt(b, int64(f.num), 10)
	case uintFact:
		return strconv.AppendUint(b, f.num, 10)
	case floatFact:
		v := math.Float64frombits(f.num)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return append(b, "null"...)
		}
		format := byte('f')
		if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
			format = 'e'
		}
		return strconv.AppendFloat(b, v, format, -1, 64)
	case boolFact:
		return strconv.AppendBool(b, f.num != 0)
	case spelledFact:
		return append(b, f.text...)
	}
	return b
}
