package detectors

import (
	"math"
	"strconv"
	"strings"

	"seine/flow"
)

// Spelled is a number, or null, as JSON spells it: of an alert that is read
// back, so that it is written as it was. What Int, Uint or Float would write
// the same way becomes such a fact.
func Spelled(key, number string) Fact {
	if v, err := strconv.ParseInt(number, 10, 64); err == nil && strconv.FormatInt(v, 10) == number {
		return Int(key, v)
	}
	if v, err := strconv.ParseUint(number, 10, 64); err == nil && strconv.FormatUint(v, 10) == number {
		return Uint(key, v)
	}
	if v, err := strconv.ParseFloat(number, 64); err == nil && !math.IsInf(v, 0) {
		if f := Float(key, v); string(f.append(nil)) == number {
			return f
		}
	}
	return Fact{Key: key, kind: spelledFact, text: strings.Clone(number)}
}

// Value is the value of the fact: int64, uint64, float64, string, flow.Time,
// bool, []Fact for a list, or nil for a number that there is none of. Only
// the number of a fact that was read back and that no integer holds may have
// lost digits. A time that was read back is a string.
func (f *Fact) Value() any {
	switch f.kind {
	case intFact:
		return int64(f.num)
	case uintFact:
		return f.num
	case floatFact:
		if v := math.Float64frombits(f.num); v-v == 0 {
			return v
		}
	case textFact:
		return f.text
	case timeFact:
		return flow.Time(f.num)
	case boolFact:
		return f.num != 0
	case listFact:
		return *f.list
	case spelledFact:
		if v, err := strconv.ParseFloat(f.text, 64); err == nil {
			return v
		}
	}
	return nil
}

// Number is the value as a number, the nearest float64; ok is false for what
// is none.
func (f *Fact) Number() (v float64, ok bool) {
	switch v := f.Value().(type) {
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
