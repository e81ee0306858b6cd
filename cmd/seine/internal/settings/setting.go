package settings

import (
	"fmt"
	"slices"
	"strings"

	"seine/analyzer"
	"seine/detectors"
)

// A Kind tells how many texts a setting holds and how they are given.
type Kind uint8

// The kinds.
const (
	One    Kind = iota // one text
	Switch             // true or false
	Words              // a list; a comma separates elements
	Files              // a list of file names, which may contain commas
	Pairs              // NAME=VALUE, each name once; layers add up
)

// A Setting is one entry of the table.
type Setting struct {
	Name    string // key in the configuration file and long flag; of a parameter "port-fanout.percentile"
	Short   string // one-letter flag, or empty
	Group   string // heading in the help text
	Arg     string // what stands for the value in the help text
	Doc     string // what it does, half a sentence
	Kind    Kind
	Default []string
	Param   *detectors.Param // of a parameter, which has no flag of its own

	thing string // what a word names, for messages: "detector"
	words []string
	apply func(o *Options, texts []string) error
}

// Known are the words that the values, or the names of Pairs, are taken from;
// nil where any text will do.
func (s *Setting) Known() []string { return s.words }

// Env is the environment variable of the setting.
func (s *Setting) Env() string {
	return "SEINE_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(s.Name))
}

// list reports whether the configuration file may give several texts.
func (s *Setting) list() bool { return s.Kind == Words || s.Kind == Files }

// split cuts a text given in one piece into elements.
func (s *Setting) split(text string) []string {
	if s.Kind != Words {
		return []string{text}
	}
	return splitWords(text)
}

func splitWords(text string) []string {
	var words []string
	for w := range strings.SplitSeq(text, ",") {
		if w = strings.TrimSpace(w); w != "" {
			words = append(words, w)
		}
	}
	return words
}

// check refuses words that are not known.
func (s *Setting) check(text string) error {
	word := text
	if s.Kind == Pairs {
		word, _, _ = strings.Cut(text, "=")
	}
	if s.words == nil || slices.Contains(s.words, word) {
		return nil
	}
	hint := analyzer.DidYouMean(word, s.words)
	if hint == "" {
		hint = fmt.Sprintf(" (known: %s)", strings.Join(s.words, ", "))
	}
	return fmt.Errorf("unknown %s %q%s", s.thing, word, hint)
}

// An Item is one text of a value and where it comes from.
type Item struct {
	Text   string
	Origin Origin
}

// An Origin tells where a value comes from.
type Origin struct {
	layer layer
	name  string // of the file, the variable or the flag
	line  int    // in the file
}

type layer uint8

const (
	fromDefault layer = iota
	fromFile
	fromEnv
	fromFlag
)

// String is "default", "seine.yaml:7", "env SEINE_FOLD" or "flag --fold".
func (o Origin) String() string {
	switch o.layer {
	case fromFile:
		return fmt.Sprintf("%s:%d", o.name, o.line)
	case fromEnv:
		return "env " + o.name
	case fromFlag:
		return "flag --" + o.name
	}
	return "default"
}

// blame puts the origin of a value before an error about it; about is the
// name of the setting.
func (o Origin) blame(about string, err error) error {
	switch o.layer {
	case fromFile:
		return fmt.Errorf("%s: %s: %w", o, about, err)
	case fromEnv:
		return fmt.Errorf("%s: %w", o.name, err)
	case fromFlag:
		if o.name != about {
			return fmt.Errorf("--%s: %s: %w", o.name, about, err)
		}
		return fmt.Errorf("--%s: %w", o.name, err)
	}
	return fmt.Errorf("%s: %w", about, err)
}
