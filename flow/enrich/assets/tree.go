package assets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// json reads an array of objects, an object that has such an array, or
// objects one after the other. Entries are counted where lines are in other
// lists.
func (in *reading) json(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	n := 0
	for {
		t, err := d.Token()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return in.broken(data, d, err)
		case t == json.Delim('['):
			if err := in.elements(d, &n); err != nil {
				return in.broken(data, d, err)
			}
		case t == json.Delim('{'):
			if err := in.object(d, &n); err != nil {
				return in.broken(data, d, err)
			}
		default:
			return fmt.Errorf("not a list of objects; %s", accepted)
		}
	}
}

// broken tells where a JSON text is wrong.
func (in *reading) broken(data []byte, d *json.Decoder, err error) error {
	at := d.InputOffset()
	var wrong *json.SyntaxError
	if errors.As(err, &wrong) {
		at = wrong.Offset
	}
	at = max(0, min(at, int64(len(data))))
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		err = errors.New("it ends too soon")
	}
	return fmt.Errorf("line %d: not valid JSON: %w", 1+bytes.Count(data[:at], []byte("\n")), err)
}

// elements reads the entries of an array, up to its end.
func (in *reading) elements(d *json.Decoder, n *int) error {
	for d.More() {
		var e any
		if err := d.Decode(&e); err != nil {
			return err
		}
		*n++
		in.element(*n, e)
	}
	_, err := d.Token()
	return err
}

// object reads the members of an object, which is an entry itself unless one
// of them is a list of objects.
func (in *reading) object(d *json.Decoder, n *int) error {
	members := map[string]any{}
	before := *n
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		var v any
		if err := d.Decode(&v); err != nil {
			return err
		}
		if list, ok := v.([]any); ok && len(list) > 0 && fieldOf(name) == noField {
			if _, ok := list[0].(map[string]any); ok {
				for _, e := range list {
					*n++
					in.element(*n, e)
				}
				continue
			}
		}
		members[name] = v
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if *n == before {
		*n++
		in.element(*n, members)
	}
	return nil
}

// element takes one object.
func (in *reading) element(n int, e any) {
	members, ok := e.(map[string]any)
	if !ok {
		in.fault(n, "not an object")
		return
	}
	var v values
	for _, name := range slices.Sorted(maps.Keys(members)) {
		f := fieldOf(name)
		if f == noField {
			continue
		}
		switch m := members[name].(type) {
		case string:
			v.put(f, m)
		case json.Number:
			v.put(f, m.String())
		case []any:
			for _, e := range m {
				if s, ok := e.(string); ok {
					v.put(f, s)
				}
			}
		}
	}
	in.take(n, &v)
}

// maxYAML bounds a list in YAML, whose reader is slow and hungry.
const maxYAML = 16 << 20

// isYAML reports whether a text looks like a list in YAML.
func isYAML(head string) bool {
	for line := range strings.Lines(head) {
		line = strings.TrimRight(line, " \t\r\n")
		text := strings.TrimSpace(line)
		switch {
		case text == "" || text[0] == '#':
			continue
		case strings.HasPrefix(text, "- "), text == "-", text == "---":
			return true
		}
		key, rest, ok := strings.Cut(text, ":")
		return ok && rest == "" && !strings.ContainsAny(key, ",;\t ") // assets:
	}
	return false
}

// yaml reads a list of mappings, or a mapping that has one. Only the nodes that
// an entry may have are looked at, so that aliases cannot multiply.
func (in *reading) yaml(data []byte) (err error) {
	if len(data) > maxYAML {
		return fmt.Errorf("more than %d bytes of YAML; CSV and JSON may be larger", maxYAML)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("not valid YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) == 0 {
		return nil
	}
	top := doc.Content[0]
	if top.Kind == yaml.MappingNode {
		for i := 1; i < len(top.Content); i += 2 {
			if top.Content[i].Kind == yaml.SequenceNode {
				top = top.Content[i]
				break
			}
		}
	}
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return nil
	}
	if top.Kind != yaml.SequenceNode {
		return fmt.Errorf("no list in it; %s", accepted)
	}
	for _, e := range top.Content {
		if e.Kind != yaml.MappingNode {
			in.fault(e.Line, "not a mapping")
			continue
		}
		var v values
		for i := 0; i+1 < len(e.Content); i += 2 {
			f := fieldOf(e.Content[i].Value)
			switch n := e.Content[i+1]; n.Kind {
			case yaml.ScalarNode:
				if n.Tag != "!!null" {
					v.put(f, n.Value)
				}
			case yaml.SequenceNode:
				for _, w := range n.Content {
					if w.Kind == yaml.ScalarNode {
						v.put(f, w.Value)
					}
				}
			}
		}
		in.take(e.Line, &v)
	}
	return nil
}
