package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A cursor walks over a text that is known to be valid JSON.
type cursor struct {
	text []byte
	at   int
}

// kind is the first byte of the next value: one of { [ " t f n - 0…9.
func (c *cursor) kind() byte {
	c.blanks()
	if c.at >= len(c.text) {
		return 0
	}
	return c.text[c.at]
}

func (c *cursor) blanks() {
	for c.at < len(c.text) {
		switch c.text[c.at] {
		case ' ', '\t', '\n', '\r':
			c.at++
		default:
			return
		}
	}
}

// raw passes over the next value and returns its text.
func (c *cursor) raw() []byte {
	c.blanks()
	from := c.at
	depth := 0
	for c.at < len(c.text) {
		switch c.text[c.at] {
		case '"':
			c.passText()
		case '{', '[':
			depth++
			c.at++
			continue
		case '}', ']':
			depth--
			c.at++
		default:
			if depth > 0 {
				c.at++
				continue
			}
			for c.at < len(c.text) && strings.IndexByte(" \t\r\n,]}:", c.text[c.at]) < 0 {
				c.at++
			}
		}
		if depth <= 0 {
			break
		}
	}
	return c.text[from:c.at]
}

// passText passes over a string. It reports whether that has escapes, or bytes
// that are no UTF-8.
func (c *cursor) passText() (plain bool) {
	plain = true
	for c.at++; c.at < len(c.text); c.at++ {
		switch b := c.text[c.at]; {
		case b == '"':
			c.at++
			return plain
		case b == '\\':
			plain = false
			c.at++
		case b >= utf8.RuneSelf:
			plain = false
		}
	}
	return plain
}

// members calls f for each member of an object, with the cursor at its value,
// which f must read or pass over.
func (c *cursor) members(f func(key string) error) error {
	if c.kind() != '{' {
		return c.expected("an object")
	}
	c.at++
	for c.kind() != '}' {
		key, err := c.string()
		if err != nil {
			return err
		}
		c.kind()
		c.at++ // the colon
		if err := f(key); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if c.kind() == ',' {
			c.at++
		}
	}
	c.at++
	return nil
}

// elements calls f for each element of a list of at most most, with the cursor
// at it.
func (c *cursor) elements(most int, f func() error) error {
	if c.kind() != '[' {
		return c.expected("a list")
	}
	c.at++
	for n := 0; c.kind() != ']'; n++ {
		if n == most {
			return fmt.Errorf("more than %d elements", most)
		}
		if err := f(); err != nil {
			return err
		}
		if c.kind() == ',' {
			c.at++
		}
	}
	c.at++
	return nil
}

// string reads a string.
func (c *cursor) string() (string, error) {
	if c.kind() != '"' {
		return "", c.expected("a text")
	}
	from := c.at
	if c.passText() {
		return string(c.text[from+1 : c.at-1]), nil
	}
	var s string
	err := json.Unmarshal(c.text[from:c.at], &s)
	return s, err
}

// number reads the text of a number.
func (c *cursor) number() (string, error) {
	if k := c.kind(); k != '-' && k-'0' > 9 {
		return "", c.expected("a number")
	}
	return string(c.raw()), nil
}

var errKind = errors.New("is")

func (c *cursor) expected(what string) error {
	is := "a number"
	switch c.kind() {
	case '{':
		is = "an object"
	case '[':
		is = "a list"
	case '"':
		is = "a text"
	case 't', 'f':
		is = "true or false"
	case 'n':
		is = "null"
	}
	return fmt.Errorf("%w %s, not %s", errKind, is, what)
}
