package settings

import (
	"fmt"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// A within is a configuration that is part of another file.
type within struct {
	name string // of the file
	node *yaml.Node
	dir  string // that file names in it are relative to
}

// Within adds the last layer, which overrides the others: a configuration that
// is part of the file of that name, such as that of a test case. File names in
// it are relative to dir. It must not set what concerns the output. It is read
// by Resolve.
func (s *Settings) Within(name string, node *yaml.Node, dir string) {
	s.within = &within{name, node, dir}
}

// parser makes what reads the configuration.
func (w *within) parser(s *Settings) *parser { return &parser{settings: s, name: w.name, dir: w.dir} }

// rule takes the setting rules, if w has it. Its faults are told when all is
// read.
func (w *within) rules(s *Settings) { w.parser(s).one(w.node, rulesSetting) }

// setKey is the key of parameters by their full names, as --set takes them.
const setKey = "set"

// set takes parameters by their full names.
func (p *parser) set(n *yaml.Node) {
	p.each(n, setKey, func(name, v *yaml.Node) {
		t := p.settings.byName[name.Value]
		if t == nil || t.Param == nil {
			p.fault(name, "%v", p.settings.noParam(name.Value+"=", name.Value, true))
			return
		}
		p.setting(t, name, v)
	})
}

// readsFiles reports whether the texts of the setting are names of files that
// are read.
func (t *Setting) readsFiles() bool {
	return t.Kind == Files && t.Name != "where" && t.Name != "output"
}

// file is the name of a file in the configuration as it is seen from here.
func (p *parser) file(t *Setting, name string) string {
	if p.dir == "" || !t.readsFiles() || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.dir, filepath.FromSlash(name))
}

// foreign refuses settings that are no matter of a part of another file.
func (p *parser) foreign(t *Setting) error {
	if p.dir != "" && t != nil && (t.Group == GroupOutput || t.Group == GroupRun || t.Name == "fail-on") {
		return fmt.Errorf("%s has no meaning here: it does not change what is found", t.Name)
	}
	return nil
}
