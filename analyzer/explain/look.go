package explain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
	"seine/flow/where"
)

// files stands in a command line for inputs whose names are not known.
const files = "FILES"

// maxFiles bounds the files of a command line.
const maxFiles = 8

// Words before the condition of a rule.
const (
	anytime = "anytime" // leave out the time: its alerts rest on flows of long before
	only    = "only"    // leave out the addresses and the port
)

// command is a command line that shows the flows that an alert is about. extra
// narrows them further.
func (t *Teller) command(a *detectors.Alert, names analyzer.Names, extra string) string {
	condition := condition(a, extra, t.compiles)
	if condition == "" {
		return ""
	}
	return "seine convert --where " + shellWord(condition) + " " + inputs(a, names)
}

// Condition is the condition, as --where takes it, on the flows that an alert
// is about: its addresses on whichever side, its port, and its time. It is
// empty where these cannot be told by a condition and no row is known. extra is one
// more condition, left out if it cannot be compiled.
func Condition(a *detectors.Alert, extra string) string { return condition(a, extra, compiles) }

func condition(a *detectors.Alert, extra string, compiles func(string) bool) string {
	var all []string
	s := &a.Subject
	extra, ever := cutWord(extra, anytime)
	extra, alone := cutWord(extra, only)
	if extra != "" && !compiles(extra) {
		extra, alone = "", false
	}
	if alone {
		s = &detectors.Subject{}
	}
	named := false
	host := func(at flow.Addr) {
		named = named || at.IsName()
		all = append(all, fmt.Sprintf("ip == %q", at.String()))
	}
	if s.Has&detectors.SubjectIP != 0 {
		host(s.IP)
	}
	if s.Has&detectors.SubjectPair != 0 {
		host(s.Src)
		if s.Dst != s.Src {
			host(s.Dst)
		}
	}
	if s.Has&detectors.SubjectPort != 0 {
		all = append(all, fmt.Sprintf("port == %d", s.DstPort))
	}
	if s.Has&detectors.SubjectProtocol != 0 {
		all = append(all, fmt.Sprintf("protocol == %q", s.Protocol.String()))
	}
	if !ever {
		from, to := span(a)
		all = append(all, fmt.Sprintf("ts in %q..%q", second(from), second(to)))
	}
	if extra != "" {
		all = append(all, extra)
	}
	if named || len(all) == 0 {
		return rows(a)
	}
	return strings.Join(all, " and ")
}

// cutWord takes a word from the beginning of a condition.
func cutWord(s, word string) (rest string, found bool) {
	rest, found = strings.CutPrefix(strings.TrimSpace(s), word)
	if !found || rest != "" && rest[0] != ' ' {
		return s, false
	}
	return strings.TrimSpace(rest), true
}

// rows is the condition on the rows of the evidence.
func rows(a *detectors.Alert) string {
	var all []string
	for i := range a.Evidence[:min(len(a.Evidence), 100)] {
		if row := a.Evidence[i].Row; row != 0 {
			all = append(all, fmt.Sprint(row))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "row in [" + strings.Join(all, ", ") + "]"
}

func second(t flow.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func compiles(text string) bool {
	_, err := where.Compile(text, where.Options{})
	return err == nil
}

// maxChecked bounds what a Teller remembers of conditions.
const maxChecked = 1000

// compiles remembers, since the conditions of a rule are much alike.
func (t *Teller) compiles(text string) bool {
	ok, known := t.checked[text]
	if !known {
		if len(t.checked) >= maxChecked {
			clear(t.checked)
		}
		ok = compiles(text)
		t.checked[text] = ok
	}
	return ok
}

// inputs are the files of the evidence as words of a command line.
func inputs(a *detectors.Alert, names analyzer.Names) string {
	var all []string
	seen := map[string]bool{"": true, flow.Stdin: true}
	for i := range a.Evidence {
		if names == nil || len(all) == maxFiles {
			break
		}
		if name := names.File(a.Evidence[i].File); !seen[name] {
			seen[name] = true
			if strings.HasPrefix(name, "-") {
				name = "./" + name
			}
			all = append(all, shellWord(name))
		}
	}
	if len(all) == 0 {
		return files
	}
	return strings.Join(all, " ")
}

// shellWord quotes a text as one word of a POSIX shell; where it holds what
// acts on a terminal, in the form $'…' of bash, zsh and POSIX of 2024.
func shellWord(s string) string {
	plain, hidden := s != "", !utf8.ValidString(s)
	for _, r := range s {
		if r >= utf8.RuneSelf || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,-", r) {
			plain = false
		}
		hidden = hidden || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	}
	switch {
	case plain:
		return s
	case !hidden:
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
