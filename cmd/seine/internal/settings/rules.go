package settings

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rulesSetting is the setting that names rules of the user's own. They are
// detectors, whose names and parameters other settings speak of, so it is
// read before them.
const rulesSetting = "rules"

// loadRules loads the rules that what was added by Within, else the flags, else
// the environment, else the text of the configuration file names, and extends
// the table by them.
func (s *Settings) loadRules(file string, text []byte, env map[string]string) error {
	if s.lists.Rules == nil {
		return nil
	}
	early := New(Lists{Rules: s.lists.Rules}) // a table that knows no detector
	t := early.byName[rulesSetting]
	if text != nil {
		early.parseOne(file, text, rulesSetting) // its faults are told when all is read
	}
	if text, ok := env[t.Env()]; ok {
		if err := early.fromEnv(t, text); err != nil {
			return err
		}
	}
	for _, f := range s.flags {
		if f.setting != nil && f.setting.Name == rulesSetting {
			early.flags = append(early.flags, flagText{t, f.text})
		}
	}
	if err := early.fromFlags(); err != nil {
		return err
	}
	if s.within != nil {
		s.within.rules(early)
	}
	return s.extend(early.values[t])
}

// extend loads rules and makes the table anew with their detectors.
func (s *Settings) extend(rules []Item) error {
	if len(rules) == 0 {
		return nil
	}
	var paths []string
	for _, it := range rules {
		paths = append(paths, it.Text)
	}
	more, err := s.lists.Rules(paths, s.lists.Detectors)
	if err != nil {
		if path := new(fs.PathError); errors.As(err, &path) && !strings.Contains(err.Error(), "\n") {
			return rules[0].Origin.blame(rulesSetting, err)
		}
		return err
	}
	lists := s.lists
	lists.Detectors = slices.Concat(lists.Detectors, more)
	fresh := New(lists)
	for old, items := range s.values {
		if t := fresh.byName[old.Name]; t != nil && !s.atDefault(old) {
			fresh.values[t] = items
		}
	}
	for _, f := range s.flags {
		if f.setting != nil {
			f.setting = fresh.byName[f.setting.Name]
		}
		fresh.flags = append(fresh.flags, f)
	}
	fresh.within = s.within
	*s = *fresh
	return nil
}

// parseOne takes one setting from a YAML text, as far as that can be read.
func (s *Settings) parseOne(name string, text []byte, setting string) {
	var doc yaml.Node
	if yaml.Unmarshal(text, &doc) != nil || len(doc.Content) == 0 {
		return
	}
	p := &parser{settings: s, name: name}
	p.one(doc.Content[0], setting)
}

// one takes one setting of a configuration.
func (p *parser) one(n *yaml.Node, setting string) {
	n = value(n)
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if key := value(n.Content[i]); key.Value == setting {
			p.setting(p.settings.byName[setting], key, n.Content[i+1])
		}
	}
}
