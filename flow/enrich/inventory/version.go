package inventory

import (
	"cmp"
	"strings"
)

// A version is a version number cut into its parts, ready to be compared.
//
// A text is cut wherever digits meet letters and at every other character, so
// that "7.4p1" has the parts 7, 4, p, 1. Numbers are compared as numbers,
// however long; words without regard to case. Zeros before the end or before a
// word do not count: 7.4 is 7.4.0. What is missing ranks below a number and
// below a word, so that 7.4 < 7.4p1 < 7.4.1, but above the words of what comes
// before a release: 1.0-dev < 1.0-alpha1 = 1.0a1 < 1.0-beta2 < 1.0-rc1 < 1.0. A
// letter at the end is a release of its own (OpenSSL's 1.0.2 < 1.0.2a).
type version []part

// A part is a number or a word, or, as the zero part, what is missing.
type part struct {
	kind partKind
	text string // digits without leading zeros, or lower-case letters
	rank int8   // of words before a release
}

type partKind uint8

// The kinds, in their order.
const (
	early partKind = iota // a word for what comes before a release
	end
	word
	number
)

// earlyWords are the words for what comes before a release, by rank.
var earlyWords = map[string]int8{
	"dev": 0, "snapshot": 0, "nightly": 0, "canary": 0, "alpha": 1, "beta": 2,
	"milestone": 3, "pre": 3, "preview": 3, "prerelease": 3, "rc": 4, "cr": 4,
}

// sameWords are other spellings.
var sameWords = map[string]string{"patch": "p", "pl": "p", "patchlevel": "p", "update": "u", "upd": "u", "release": "r", "servicepack": "sp"}

// maxVersion bounds the text of a version, in bytes.
const maxVersion = 128

// parseVersion cuts a text up.
func parseVersion(text string) version {
	if len(text) > maxVersion {
		text = text[:maxVersion]
	}
	text = strings.ToLower(text)
	if len(text) > 1 && text[0] == 'v' && text[1]-'0' <= 9 {
		text = text[1:]
	}
	var v version
	for i := 0; i < len(text); {
		from := i
		switch c := text[i]; {
		case c-'0' <= 9:
			for i < len(text) && text[i]-'0' <= 9 {
				i++
			}
			v = append(v, part{kind: number, text: strings.TrimLeft(text[from:i], "0")})
		case c-'a' < 26:
			for i < len(text) && text[i]-'a' < 26 {
				i++
			}
			v = append(v, wordPart(text[from:i], i < len(text) && text[i]-'0' <= 9 && from > 0))
		default:
			i++
		}
	}
	return v.canonical()
}

// wordPart makes the part of a word; numbered says that digits follow it at
// once, as in 1.0b2.
func wordPart(text string, numbered bool) part {
	if numbered {
		switch text {
		case "a":
			text = "alpha"
		case "b":
			text = "beta"
		}
	}
	if rank, ok := earlyWords[text]; ok {
		return part{kind: early, rank: rank}
	}
	if same, ok := sameWords[text]; ok {
		text = same
	}
	return part{kind: word, text: text}
}

// canonical drops the zeros that do not count.
func (v version) canonical() version {
	out := v[:0]
	zeros := 0
	for _, p := range v {
		if p.kind == number && p.text == "" {
			zeros++
			continue
		}
		if p.kind == number {
			for range zeros {
				out = append(out, part{kind: number})
			}
		}
		zeros = 0
		out = append(out, p)
	}
	return out
}

// compare is negative if v comes before w, positive if after.
func (v version) compare(w version) int {
	missing := part{kind: end}
	for i := range max(len(v), len(w)) {
		a, b := missing, missing
		if i < len(v) {
			a = v[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if c := a.compare(b); c != 0 {
			return c
		}
	}
	return 0
}

func (p part) compare(q part) int {
	c := cmp.Compare(p.kind, q.kind)
	if c == 0 {
		c = cmp.Compare(p.rank, q.rank)
	}
	if c == 0 && p.kind == number {
		c = cmp.Compare(len(p.text), len(q.text))
	}
	if c == 0 {
		c = strings.Compare(p.text, q.text)
	}
	return c
}

// CompareVersions is negative if version a comes before b, zero if they are
// the same, positive if a comes after b.
func CompareVersions(a, b string) int { return parseVersion(a).compare(parseVersion(b)) }

// isVersion reports whether a text can be the number of one version: it has a
// digit, and is no range such as "3.X - 4.X".
func isVersion(text string) bool {
	return text != "" && len(text) <= maxVersion && !strings.ContainsAny(text, " *?") && strings.ContainsAny(text, "0123456789") &&
		!strings.Contains(strings.ToLower(text), ".x")
}
