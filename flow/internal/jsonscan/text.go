package jsonscan

import (
	"iter"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends the text of a string that Scan has checked to s.plain, and
// returns it with Pad readable bytes behind. Surrogates without their other
// half become U+FFFD, as with encoding/json.
func (s *Scanner) unescape(raw []byte) []byte {
	first := len(s.plain)
	b := s.plain
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			b = append(b, c)
			i++
			continue
		}
		c = raw[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(raw[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if i+6 <= len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
					low = hex4(raw[i+2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			b = utf8.AppendRune(b, r)
			continue
		}
		b = append(b, c)
	}
	last := len(b)
	var pad [Pad]byte
	b = append(b, pad[:]...)
	s.plain = b
	return b[first:last]
}

// hex4 reads four hexadecimal digits, -1 if they are none.
func hex4(b []byte) (v rune) {
	for _, c := range b[:4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		v = v<<4 | rune(c)
	}
	return v
}

// Element drops what stands around an object that is alone on its line but
// part of an array: the brackets, the comma, white space. Of a line that has
// nothing else, nothing is left.
func Element(line []byte) []byte {
	line = trim(line)
	if len(line) > 0 && (line[0] == '[' || line[0] == ',') {
		line = trim(line[1:])
	}
	if n := len(line); n > 0 && line[n-1] == ']' {
		line = trim(line[:n-1])
	}
	if n := len(line); n > 0 && line[n-1] == ',' {
		line = trim(line[:n-1])
	}
	return line
}

func trim(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// Elements goes through the values of an array, as Text gives it, each as it
// is spelled. The array must come out of a Scan: it is not checked again.
func Elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(array) < 2 || array[0] != '[' {
			return
		}
		depth, quoted, first := 0, false, 1
		for i := 1; i < len(array); i++ {
			switch c := array[i]; {
			case quoted:
				if c == '\\' {
					i++
				} else if c == '"' {
					quoted = false
				}
			case c == '"':
				quoted = true
			case c == '[' || c == '{':
				depth++
			case depth > 0 && (c == ']' || c == '}'):
				depth--
			case depth == 0 && (c == ',' || c == ']'):
				if v := trim(array[first:i]); len(v) > 0 && !yield(v) {
					return
				}
				first = i + 1
			}
		}
	}
}
