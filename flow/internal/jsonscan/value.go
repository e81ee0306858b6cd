package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

// literal reads a word that stands for itself.
func (s *Scanner) literal(i int, word string) (int, error) {
	if s.end-i < len(word) || string(s.text[i:i+len(word)]) != word {
		return i, &Error{"no value", i}
	}
	return i + len(word), nil
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// str finds the quote that ends the string whose text begins at i.
func (s *Scanner) str(i int) (end int, escaped bool, err error) {
	start := i
	for i < s.end {
		w := binary.LittleEndian.Uint64(s.text[i:])
		q, e := w^0x22*ones, w^0x5c*ones
		m := ((q-ones)&^q | (e-ones)&^e | (w-0x20*ones)&^w) & highs
		if m == 0 {
			i += 8
			continue
		}
		if i += bits.TrailingZeros64(m) >> 3; i >= s.end {
			break
		}
		switch s.text[i] {
		case '"':
			return i, escaped, nil
		case '\\':
			escaped = true
			n := s.escape(i)
			if n == 0 {
				return i, true, &Error{"bad escape", i}
			}
			i += n
		default:
			return i, escaped, &Error{"control character in a string", i}
		}
	}
	return i, escaped, &Error{"string is cut short", start - 1}
}

// escape is the length of the escape sequence at i, 0 if it is none.
func (s *Scanner) escape(i int) int {
	if i+1 >= s.end {
		return 0
	}
	switch s.text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if i+6 <= s.end && hex4(s.text[i+2:]) >= 0 {
			return 6
		}
	}
	return 0
}

// number finds the end of the number that begins at i. Digits behind the end
// of the text do no harm: the object is not closed then.
func (s *Scanner) number(i int) (int, error) {
	start := i
	if s.text[i] == '-' {
		i++
	}
	first := i
	i = s.digits(i)
	if i == first {
		return start, &Error{"no value", start}
	}
	if s.text[first] == '0' && i > first+1 {
		return start, &Error{"number with a leading zero", start}
	}
	if s.text[i] == '.' {
		first = i + 1
		if i = s.digits(first); i == first {
			return start, &Error{"bad number", start}
		}
	}
	if s.text[i]|0x20 == 'e' {
		if i++; s.text[i] == '+' || s.text[i] == '-' {
			i++
		}
		first = i
		if i = s.digits(i); i == first {
			return start, &Error{"bad number", start}
		}
	}
	return i, nil
}

// digits skips decimal digits. It goes at most seven bytes beyond the end.
func (s *Scanner) digits(i int) int {
	for i < s.end {
		x := binary.LittleEndian.Uint64(s.text[i:]) ^ 0x30*ones // digits become 0…9
		m := ((x & (0x7f * ones)) + (0x7f-9)*ones | x) & highs
		if m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	return i
}
