package settings

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"seine/analyzer"
	"seine/detectors"
)

// EnvFile is the environment variable that names the configuration file.
const EnvFile = "SEINE_CONFIG"

// Settings holds the value of every setting.
type Settings struct {
	lists  Lists
	table  []*Setting
	byName map[string]*Setting
	values map[*Setting][]Item
	flags  []flagText
	within *within // nil: none
}

// New makes settings that have their defaults.
func New(lists Lists) *Settings { return of(lists, table(lists)) }

// Anew makes settings of the same lists that have their defaults. It makes no
// Watcher, as New does to learn the parameters of each detector.
func (s *Settings) Anew() *Settings { return of(s.lists, s.table) }

func of(lists Lists, table []*Setting) *Settings {
	s := &Settings{lists: lists, table: table, byName: map[string]*Setting{}, values: map[*Setting][]Item{}}
	for _, t := range s.table {
		s.byName[t.Name] = t
		for _, d := range t.Default {
			s.values[t] = append(s.values[t], Item{Text: d})
		}
	}
	return s
}

// Detectors are all that there are, after Resolve with those of the rules.
func (s *Settings) Detectors() []*detectors.Detector { return s.lists.Detectors }

// All are the settings in the order of the table.
func (s *Settings) All() []*Setting { return s.table }

// Value is the value of a setting, an item for each element.
func (s *Settings) Value(t *Setting) []Item { return s.values[t] }

// put gives t a value from a higher layer than those before. Pairs are added
// by name.
func (s *Settings) put(t *Setting, items []Item) {
	if t.Kind != Pairs {
		s.values[t] = items
		return
	}
	name := func(i Item) string { n, _, _ := strings.Cut(i.Text, "="); return n }
	all := slices.Clone(s.values[t])
	for _, it := range items {
		at := slices.IndexFunc(all, func(old Item) bool { return name(old) == name(it) })
		if at < 0 {
			all = append(all, it)
		} else {
			all[at] = it
		}
	}
	s.values[t] = all
}

// Resolve reads the configuration file, if file or else the environment names
// one, then environ (NAME=VALUE, as from os.Environ), then the flags that were
// given, then what [Settings.Within] added. warnings tell of variables that look like a misspelt setting. The
// error joins all faults, each with its place.
func (s *Settings) Resolve(file string, environ []string) (warnings []string, err error) {
	env := map[string]string{}
	for _, v := range environ {
		if name, value, ok := strings.Cut(v, "="); ok && value != "" && strings.HasPrefix(name, "SEINE_") {
			env[name] = value
		}
	}
	if file == "" {
		file = env[EnvFile]
	}
	var errs []error
	text, err := readFile(file)
	if err != nil {
		errs = append(errs, err)
	}
	if err := s.loadRules(file, text, env); err != nil {
		return nil, errors.Join(append(errs, err)...)
	}
	if text != nil {
		errs = append(errs, s.parse(file, text))
	}
	known := []string{EnvFile}
	for _, t := range s.table {
		known = append(known, t.Env())
		if text, ok := env[t.Env()]; ok {
			errs = append(errs, s.fromEnv(t, text))
		}
	}
	for name := range env {
		if hint := analyzer.DidYouMean(name, known); hint != "" && !slices.Contains(known, name) {
			warnings = append(warnings, fmt.Sprintf("the environment variable %s is no setting%s", name, hint))
		}
	}
	slices.Sort(warnings)
	errs = append(errs, s.fromFlags())
	if w := s.within; w != nil {
		p := w.parser(s)
		p.top(w.node)
		errs = append(errs, p.errs...)
	}
	return warnings, errors.Join(errs...)
}

func (s *Settings) fromEnv(t *Setting, text string) error {
	origin := Origin{layer: fromEnv, name: t.Env()}
	texts := []string{text}
	switch t.Kind {
	case Words, Pairs:
		texts = splitWords(text)
	case Files:
		texts = filepath.SplitList(text)
	}
	var items []Item
	for _, text := range texts {
		if t.Kind == Pairs && !strings.Contains(text, "=") {
			return origin.blame(t.Name, fmt.Errorf("%q is not NAME=VALUE", text))
		}
		items = append(items, Item{text, origin})
	}
	s.put(t, items)
	return nil
}

// Options checks all values and gives them their types.
func (s *Settings) Options() (*Options, error) {
	o := &Options{Params: map[string]string{}}
	var errs []error
	for _, t := range s.table {
		items := s.values[t]
		var texts []string
		sound := true
		for _, it := range items {
			if err := t.check(it.Text); err != nil {
				errs = append(errs, it.Origin.blame(t.Name, err))
				sound = false
			}
			texts = append(texts, it.Text)
		}
		if !sound || t.Param != nil && s.atDefault(t) {
			continue
		}
		if err := t.apply(o, texts); err != nil {
			errs = append(errs, items[0].Origin.blame(t.Name, err))
		}
	}
	if len(errs) == 0 {
		errs = append(errs, o.settle(s.lists.Detectors))
	}
	return o, errors.Join(errs...)
}

// atDefault reports whether nobody set t. A list set to nothing is set.
func (s *Settings) atDefault(t *Setting) bool {
	items := s.values[t]
	if len(items) == 0 {
		return len(t.Default) == 0
	}
	return items[0].Origin.layer == fromDefault
}

// Blame puts the origins of the parameters that an error of analyzer.Prepare
// is about before its lines. A line that several detectors gave is kept once.
func (s *Settings) Blame(err error) error {
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		name, rest, found := strings.Cut(line, ": ")
		t := s.byName[name]
		if name == blacklistParam && t != nil && s.atDefault(t) {
			t = s.byName["blacklist"]
		}
		if found && t != nil && !s.atDefault(t) && len(s.values[t]) > 0 {
			line = s.values[t][0].Origin.blame(t.Name, errors.New(rest)).Error()
		}
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return &blamed{strings.Join(lines, "\n"), err}
}

// blamed is an error told in other words.
type blamed struct {
	text string
	err  error
}

func (b *blamed) Error() string { return b.text }
func (b *blamed) Unwrap() error { return b.err }
