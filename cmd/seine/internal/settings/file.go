package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"seine/analyzer"
)

// detectorsKey is the key under which the parameters of the detectors are.
const detectorsKey = "detectors"

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// readFile reads the configuration file of that name, if it is one.
func readFile(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("configuration file %s: more than %d bytes", name, maxFile)
	}
	return text, nil
}

// parse takes the settings from a YAML text. The nodes are read one by one
// and no deeper than the settings go, so that every fault has its line and
// aliases cannot multiply.
func (s *Settings) parse(name string, text []byte) error {
	p := &parser{settings: s, name: name}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, next yaml.Node
	switch err := d.Decode(&doc); {
	case err == io.EOF:
		return nil
	case err != nil:
		return p.syntax(err)
	}
	switch err := d.Decode(&next); {
	case err == nil:
		p.fault(&next, "a second document: the file may have only one")
	case err != io.EOF:
		return p.syntax(err)
	}
	if len(doc.Content) > 0 {
		p.top(doc.Content[0])
	}
	return errors.Join(p.errs...)
}

type parser struct {
	settings *Settings
	name     string
	dir      string // that names of files are relative to; empty: the working directory
	errs     []error
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (?s:(.*))$`)

// syntax puts file and line before an error of the YAML library.
func (p *parser) syntax(err error) error {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("%s:%s: not valid YAML: %s", p.name, m[1], m[2])
	}
	return fmt.Errorf("%s: not valid YAML: %s", p.name, strings.TrimPrefix(err.Error(), "yaml: "))
}

func (p *parser) fault(n *yaml.Node, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: %s", p.at(n), fmt.Sprintf(format, args...)))
}

func (p *parser) at(n *yaml.Node) Origin {
	return Origin{layer: fromFile, name: p.name, line: max(1, n.Line)}
}

// value is the node that n stands for.
func value(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// each calls f for the members of a mapping.
func (p *parser) each(n *yaml.Node, what string, f func(key, v *yaml.Node)) {
	switch n = value(n); {
	case isNull(n):
		return
	case n.Kind != yaml.MappingNode:
		p.fault(n, "%s must be names with their values, not %s", what, describe(n))
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if value(key).Kind != yaml.ScalarNode {
			p.fault(key, "a name cannot be %s", describe(value(key)))
			continue
		}
		if line, ok := lines[value(key).Value]; ok {
			p.fault(key, "%q is given twice, first in line %d", value(key).Value, line)
			continue
		}
		lines[value(key).Value] = key.Line
		f(value(key), n.Content[i+1])
	}
}

func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case isNull(n):
		return "nothing"
	}
	return "a single value"
}

func (p *parser) top(n *yaml.Node) {
	known := []string{detectorsKey, setKey}
	for _, t := range p.settings.table {
		if t.Param == nil || t.Param.Shared {
			known = append(known, t.Name)
		}
	}
	p.each(n, "the configuration", func(key, v *yaml.Node) {
		switch t := p.settings.byName[key.Value]; {
		case key.Value == detectorsKey:
			p.detectors(v)
		case key.Value == setKey:
			p.set(v)
		case p.foreign(t) != nil:
			p.fault(key, "%v", p.foreign(t))
		case t != nil && slices.Contains(known, key.Value):
			p.setting(t, key, v)
		default:
			p.fault(key, "unknown key %q%s", key.Value, analyzer.DidYouMean(key.Value, known))
		}
	})
}

func (p *parser) detectors(n *yaml.Node) {
	var ids []string
	for _, d := range p.settings.lists.Detectors {
		ids = append(ids, d.ID)
	}
	p.each(n, detectorsKey, func(id, params *yaml.Node) {
		if !slices.Contains(ids, id.Value) {
			p.fault(id, "unknown detector %q%s", id.Value, analyzer.DidYouMean(id.Value, ids))
			return
		}
		var known []string
		for _, t := range p.settings.table {
			if name, ok := strings.CutPrefix(t.Name, id.Value+"."); ok && t.Param != nil {
				known = append(known, name)
			}
		}
		p.each(params, id.Value, func(key, v *yaml.Node) {
			if !slices.Contains(known, key.Value) {
				p.fault(key, "unknown parameter %q of %s%s", key.Value, id.Value, analyzer.DidYouMean(key.Value, known))
				return
			}
			p.setting(p.settings.byName[id.Value+"."+key.Value], key, v)
		})
	})
}

// setting takes the value of one setting, which key names.
func (p *parser) setting(t *Setting, key, v *yaml.Node) {
	n := value(v)
	items := []Item{}
	add := func(text string, at *yaml.Node) { items = append(items, Item{p.file(t, text), p.at(at)}) }
	switch {
	case t.Kind == Pairs:
		p.each(n, t.Name, func(name, v *yaml.Node) {
			if v = value(v); v.Kind != yaml.ScalarNode || isNull(v) {
				p.fault(v, "%s: %s must be a single value, not %s", t.Name, name.Value, describe(v))
				return
			}
			add(name.Value+"="+v.Value, name)
		})
	case isNull(n):
		p.fault(key, "%s has no value", t.Name)
		return
	case n.Kind == yaml.ScalarNode:
		for _, text := range t.split(n.Value) {
			add(text, key)
		}
	case n.Kind == yaml.SequenceNode && t.list():
		for _, e := range n.Content {
			if e = value(e); e.Kind != yaml.ScalarNode || isNull(e) {
				p.fault(e, "%s: an element must be a single value, not %s", t.Name, describe(e))
				return
			}
			add(e.Value, e)
		}
	default:
		want := "a single value"
		if t.list() {
			want = "a list"
		}
		p.fault(key, "%s must be %s, not %s", t.Name, want, describe(n))
		return
	}
	p.settings.put(t, items)
}
