package report

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// hidden reports whether r acts on the display instead of being seen: control
// characters, line and paragraph separators, and the format characters, among
// them the marks that turn the direction of the text.
func hidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// clean makes a text harmless for a terminal and of one line: hidden
// characters are spelled out (\n, \x1b, \u202e), invalid UTF-8 becomes U+FFFD.
func clean(s string) string {
	harmless := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			harmless = false
			break
		}
	}
	if harmless {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !hidden(r):
			b.WriteRune(r) // what is invalid comes as U+FFFD
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80:
			b.Write([]byte{'\\', 'x', hexDigits[r>>4], hexDigits[r&15]})
		default:
			b.Write(appendEscape(nil, r))
		}
	}
	return b.String()
}

// formulaStarts are the characters, also in their full-width forms, at which
// a spreadsheet takes a cell for a formula.
const formulaStarts = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"

// cell makes a text harmless for a spreadsheet: clean, and with an apostrophe
// before what would be taken for a formula. A dash alone is none, and the
// usual name of standard input.
func cell(s string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \n"))
	if s != "" && s != "-" && strings.ContainsRune(formulaStarts, first) {
		return "'" + clean(s)
	}
	return clean(s)
}

// listed makes a text harmless inside a cell that lists several: where the
// semicolon separates cells, it must not start a new one.
func listed(s string) string {
	return strings.ReplaceAll(s, ";", ",")
}

const hexDigits = "0123456789abcdef"

// plain marks the bytes that a JSON string takes as they are. '<', '>' and '&'
// are escaped so that the output can stand inside a web page.
var plain = func() (t [256]bool) {
	for c := ' '; c <= '~'; c++ {
		t[c] = !strings.ContainsRune(`"\<>&`, c)
	}
	return t
}()

// quote appends s as a JSON string: always valid UTF-8, and with everything
// hidden escaped, which loses nothing.
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0 // start of what has not been appended yet
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		r, n := rune(c), 1
		if c >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
			if !hidden(r) && (r != utf8.RuneError || n > 1) {
				i += n
				continue
			}
		}
		b = append(b, s[from:i]...)
		switch {
		case r == utf8.RuneError:
			b = append(b, "\ufffd"...)
		case r == '"' || r == '\\':
			b = append(b, '\\', c)
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		default:
			b = appendEscape(b, r)
		}
		i += n
		from = i
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

// appendEscape appends \uXXXX, or two of them for a character beyond U+FFFF.
func appendEscape(b []byte, r rune) []byte {
	if r > 0xffff {
		hi, lo := utf16.EncodeRune(r)
		return appendEscape(appendEscape(b, hi), lo)
	}
	return append(b, '\\', 'u', hexDigits[r>>12], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
