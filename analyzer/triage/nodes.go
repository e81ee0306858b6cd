package triage

import "go.yaml.in/yaml/v3"

// value is the node that n stands for.
func value(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

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

// each calls f for the members of a mapping.
func (p *parser) each(n *yaml.Node, what string, f func(key, v *yaml.Node)) {
	switch n = value(n); {
	case n.Kind != yaml.MappingNode:
		p.fault(n, "%s must be names with their values, not %s", what, describe(n))
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := value(n.Content[i])
		if key.Kind != yaml.ScalarNode {
			p.fault(n.Content[i], "a name cannot be %s", describe(key))
			continue
		}
		if line, ok := lines[key.Value]; ok {
			p.fault(n.Content[i], "%q is given twice, first in line %d", key.Value, line)
			continue
		}
		lines[key.Value] = n.Content[i].Line
		f(n.Content[i], n.Content[i+1])
	}
}

// scalars are the texts of a single value or a list of them.
func (p *parser) scalars(key, v *yaml.Node) []*yaml.Node {
	name := value(key).Value
	v = value(v)
	nodes := []*yaml.Node{v}
	if v.Kind == yaml.SequenceNode {
		nodes = v.Content
		if len(nodes) == 0 {
			p.fault(v, "%s: the list is empty", name)
		}
	}
	if p.values += len(nodes); p.values > maxValues {
		p.fault(v, "more than %d values in all", maxValues)
		return nil
	}
	var all []*yaml.Node
	for _, n := range nodes {
		at := n
		if n = value(n); n.Kind != yaml.ScalarNode || isNull(n) {
			p.fault(at, "%s must be a single value or a list of them, not %s", name, describe(n))
			return nil
		}
		all = append(all, n)
	}
	return all
}

// scalar is the text of a single value.
func (p *parser) scalar(key, v *yaml.Node) (string, bool) {
	if v = value(v); v.Kind != yaml.ScalarNode || isNull(v) {
		p.fault(v, "%s must be a single value, not %s", value(key).Value, describe(v))
		return "", false
	}
	return v.Value, true
}
