package where

import (
	"math"
	"math/bits"
)

// A Number is an integer between −2⁶⁴ and 2⁶⁴, exactly, or a float64 where
// there is a fraction or the integers end.
type Number struct {
	mag  uint64
	f    float64
	kind numberKind
}

type numberKind uint8

const (
	positive   numberKind = iota // mag
	negative                     // −mag, and mag is not 0
	fractional                   // f: no integer below 2⁶⁴, never NaN
)

// Int is the number i.
func Int(i int64) Number {
	if i < 0 {
		return Number{mag: -uint64(i), kind: negative}
	}
	return Number{mag: uint64(i)}
}

// Uint is the number u.
func Uint(u uint64) Number { return Number{mag: u} }

// Float is the number f; ok is false for NaN, which is no number.
func Float(f float64) (n Number, ok bool) {
	switch {
	case f != f:
		return Number{}, false
	case f != math.Trunc(f) || math.Abs(f) >= 1<<64:
		return Number{f: f, kind: fractional}, true
	case f < 0:
		return Number{mag: uint64(-f), kind: negative}, true
	}
	return Number{mag: uint64(f)}, true
}

// Float64 is the float nearest to n.
func (n Number) Float64() float64 {
	switch n.kind {
	case positive:
		return float64(n.mag)
	case negative:
		return -float64(n.mag)
	}
	return n.f
}

func signed(minus bool, mag uint64) Number {
	if minus && mag != 0 {
		return Number{mag: mag, kind: negative}
	}
	return Number{mag: mag}
}

func (n Number) negate() Number {
	if n.kind == fractional {
		return Number{f: -n.f, kind: fractional}
	}
	return signed(n.kind == positive, n.mag)
}

// Compare orders numbers by their exact values: −1, 0 or 1.
func (n Number) Compare(m Number) int {
	if n.kind == positive && m.kind == positive {
		return order(n.mag, m.mag)
	}
	switch {
	case n.kind == fractional && m.kind == fractional:
		return order(n.f, m.f)
	case n.kind == fractional:
		return -m.compareFloat(n.f)
	case m.kind == fractional:
		return n.compareFloat(m.f)
	case n.kind != m.kind:
		if n.kind == negative {
			return -1
		}
		return 1
	}
	return order(m.mag, n.mag) // both negative
}

// compareFloat orders the integer n and a fractional f.
func (n Number) compareFloat(f float64) int {
	if math.Abs(f) >= 1<<64 {
		return order(0, f)
	}
	whole, _ := Float(math.Trunc(f)) // exact: a float with a fraction is below 2⁵³
	if c := n.Compare(whole); c != 0 {
		return c
	}
	return order(0, f)
}

func order[N uint64 | float64](a, b N) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// calculate works out a op b. There is no result where one divides by zero.
func calculate(op string, a, b Number) (Number, bool) {
	if op == "-" {
		op, b = "+", b.negate()
	}
	if a.kind != fractional && b.kind != fractional {
		switch op {
		case "+":
			if a.kind == b.kind {
				if sum, carry := bits.Add64(a.mag, b.mag, 0); carry == 0 {
					return signed(a.kind == negative, sum), true
				}
			} else if a.mag >= b.mag {
				return signed(a.kind == negative, a.mag-b.mag), true
			} else {
				return signed(b.kind == negative, b.mag-a.mag), true
			}
		case "*":
			if hi, lo := bits.Mul64(a.mag, b.mag); hi == 0 {
				return signed(a.kind != b.kind, lo), true
			}
		case "/":
			if b.mag == 0 {
				return Number{}, false
			}
			if a.mag%b.mag == 0 {
				return signed(a.kind != b.kind, a.mag/b.mag), true
			}
		case "%":
			if b.mag == 0 {
				return Number{}, false
			}
			return signed(a.kind == negative, a.mag%b.mag), true
		}
	}
	x, y := a.Float64(), b.Float64()
	switch op {
	case "+":
		return Float(x + y)
	case "*":
		return Float(x * y)
	case "/":
		if y == 0 {
			return Number{}, false
		}
		return Float(x / y)
	}
	return Float(math.Mod(x, y))
}
