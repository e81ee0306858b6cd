package ecs

import (
	"bytes"
	"io"
)

// An unwrapper drops what a search engine puts around the documents it found:
// of {"took":3,"hits":{"total":2,"hits":[{…},{…}]}} it lets pass the inner
// array, and so of any number of such answers one behind the other. Arkime
// calls the array data.
type unwrapper struct {
	in      io.Reader
	depth   int
	inside  int // depth of the array that passes, 0 outside
	quoted  bool
	escaped bool
	text    []byte    // of the last string, its beginning
	keys    [8]string // the last key of each object that is open
}

// longestKey is how much of a string is kept: enough to tell a key that counts.
const longestKey = 8

// Read implements io.Reader.
func (u *unwrapper) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil && len(p) > 0 {
		var k int
		k, err = u.in.Read(p)
		for _, c := range p[:k] {
			if u.passes(c) {
				p[n] = c
				n++
			}
		}
	}
	return n, err
}

// passes takes the next byte, and reports whether it is of a wanted array.
func (u *unwrapper) passes(c byte) bool {
	was := u.inside > 0
	switch {
	case u.escaped:
		u.escaped = false
		u.keep(c)
	case u.quoted && c == '\\':
		u.escaped = true
		u.keep(c)
	case u.quoted && c == '"':
		u.quoted = false
	case u.quoted:
		u.keep(c)
	case c == '"':
		u.quoted = true
		u.text = u.text[:0]
	case c == ':' && !was && u.depth > 0 && u.depth <= len(u.keys):
		u.keys[u.depth-1] = string(u.text)
	case c == '{' || c == '[':
		u.depth++
		if !was && u.depth <= len(u.keys) {
			if c == '[' && u.wanted() {
				u.inside = u.depth
			}
			u.keys[u.depth-1] = ""
		}
	case c == '}' || c == ']':
		if u.inside == u.depth {
			u.inside = 0
		}
		u.depth = max(0, u.depth-1)
	}
	return was || u.inside > 0
}

func (u *unwrapper) keep(c byte) {
	if len(u.text) < longestKey {
		u.text = append(u.text, c)
	}
}

// wanted reports whether the array that has just been opened holds documents.
func (u *unwrapper) wanted() bool {
	d := u.depth - 1 // of the object it is in
	return d >= 2 && u.keys[d-1] == "hits" && u.keys[d-2] == "hits" || d == 1 && u.keys[0] == "data"
}

// unwrap is what an unwrapper lets pass of head.
func unwrap(head []byte) []byte {
	inner, _ := io.ReadAll(&unwrapper{in: bytes.NewReader(head)})
	return inner
}
