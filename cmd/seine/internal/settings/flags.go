package settings

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"seine/analyzer"
)

// A flagText is a value as a flag gave it.
type flagText struct {
	setting *Setting // nil for --set
	text    string
}

// Flags makes the flags of a group of settings, or of all if group is empty.
// What they are given is kept until Resolve.
func (s *Settings) Flags(group string) *pflag.FlagSet {
	fs := pflag.NewFlagSet(group, pflag.ContinueOnError)
	fs.SortFlags = false
	for _, t := range s.table {
		if t.Param != nil || group != "" && t.Group != group {
			continue
		}
		v := &flagValue{settings: s, setting: t}
		f := fs.VarPF(v, t.Name, t.Short, t.usage())
		if t.Kind == Switch {
			f.NoOptDefVal = "true"
		}
	}
	if group == "" || group == GroupDetect {
		fs.Var(&flagValue{settings: s}, "set", "value of a parameter, as port-fanout.percentile=95; seine explain ID lists them (repeatable)")
	}
	return fs
}

// Groups are the headings under which help texts list the flags.
func Groups() []string {
	return []string{GroupInput, GroupContext, GroupDetect, GroupAlerts, GroupTriage, GroupOutput, GroupRun}
}

// usage is the help text of a flag.
func (t *Setting) usage() string {
	if t.Kind == Switch || len(t.Default) != 1 || t.Default[0] == "" {
		return t.Doc
	}
	return t.Doc + " (default " + t.Default[0] + ")"
}

// A flagValue implements pflag.Value. It takes any text: what is wrong with
// it is told together with the faults of the other layers.
type flagValue struct {
	settings *Settings
	setting  *Setting
}

// Set implements pflag.Value.
func (v *flagValue) Set(text string) error {
	v.settings.flags = append(v.settings.flags, flagText{v.setting, text})
	return nil
}

// String implements pflag.Value. It is empty so that pflag adds no default of
// its own to the help text.
func (v *flagValue) String() string { return "" }

// Type implements pflag.Value. Help texts show it as what stands for the
// value, but for "bool".
func (v *flagValue) Type() string {
	switch t := v.setting; {
	case t == nil:
		return "ID.NAME=VALUE"
	case t.Kind == Switch:
		return "bool"
	default:
		return t.Arg
	}
}

// fromFlags puts what the flags were given. Of a repeated flag the last one
// counts, or all where the setting is a list.
func (s *Settings) fromFlags() error {
	var errs []error
	items := map[*Setting][]Item{}
	for _, f := range s.flags {
		t, text := f.setting, f.text
		origin := Origin{layer: fromFlag, name: "set"}
		if t == nil {
			name, value, ok := strings.Cut(text, "=")
			if t = s.byName[name]; !ok || t == nil || t.Param == nil {
				errs = append(errs, origin.blame("set", s.noParam(text, name, ok)))
				continue
			}
			text, items[t] = value, nil
		} else {
			origin.name = t.Name
		}
		texts := t.split(text)
		switch {
		case t.Kind == Pairs && !strings.Contains(text, "="):
			errs = append(errs, origin.blame(t.Name, fmt.Errorf("%q is not %s", text, t.Arg)))
			continue
		case t.Param != nil && t.list():
			texts = splitWords(text)
		case !t.list() && t.Kind != Pairs:
			items[t] = nil
		}
		if items[t] == nil {
			items[t] = []Item{}
		}
		for _, text := range texts {
			items[t] = append(items[t], Item{text, origin})
		}
	}
	for _, t := range s.table {
		if its, ok := items[t]; ok {
			s.put(t, its)
		}
	}
	return errors.Join(errs...)
}

// noParam tells what is wrong with the argument of --set.
func (s *Settings) noParam(text, name string, pair bool) error {
	if !pair {
		return fmt.Errorf("%q is not ID.NAME=VALUE", text)
	}
	if t := s.byName[name]; t != nil {
		return fmt.Errorf("%s is no parameter of a detector; it has a flag of its own, --%s", name, name)
	}
	var known []string
	for _, t := range s.table {
		if t.Param != nil {
			known = append(known, t.Name)
		}
	}
	hint := analyzer.DidYouMean(name, known)
	if hint == "" {
		hint = " (seine explain ID lists those of a detector)"
	}
	return fmt.Errorf("unknown parameter %q%s", name, hint)
}
