package json

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"seine/flow/internal/canonical"
	"seine/flow/internal/jsonscan"
)

// Limits of what is looked at to learn the keys.
const (
	headObjects = 200
	maxKeys     = 1000
)

// keys are those of the first objects, in the order in which they were met.
// A member of an object within has the name of both, with a dot between.
type keys struct {
	objects int
	names   []string
	paths   []string // as jsonscan takes them
	kept    [][]byte // the objects
}

// add takes the keys of an object, unless it is damaged.
func (k *keys) add(object []byte) {
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber() // one that no float64 holds is no fault of the object
	names, paths := k.names, k.paths
	var outer []string // the keys that lead to here
	depth, key := 0, true
	for {
		t, err := d.Token()
		if err != nil {
			break
		}
		switch delim, opens := t.(json.Delim); {
		case opens && delim == '{':
			depth++
			key = true
			continue
		case opens && delim == '[':
			if skip(d) != nil {
				return
			}
		case opens: // the end of an object
			if depth--; depth == 0 {
				k.objects++
				k.names, k.paths = names, paths
				k.kept = append(k.kept, bytes.Clone(object))
				return
			}
			outer = outer[:len(outer)-1]
			key = true
			continue
		case key:
			name, _ := t.(string)
			outer = append(outer, name)
			key = false
			continue
		}
		if depth <= 2 && len(names) < maxKeys && !strings.Contains(strings.Join(outer, ""), "/") {
			if path := strings.Join(outer, "/"); !slices.Contains(paths, path) {
				names, paths = append(names, strings.Join(outer, ".")), append(paths, path)
			}
		}
		outer = outer[:len(outer)-1]
		key = true
	}
}

// skip reads to the end of an array.
func skip(d *json.Decoder) error {
	for depth := 1; depth > 0; {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	return nil
}

// complete adds the canonical names that have not been met.
func (k *keys) complete() {
	for _, c := range canonical.Columns() {
		if !slices.Contains(k.paths, c.Name) {
			k.names, k.paths = append(k.names, c.Name), append(k.paths, c.Name)
		}
	}
}

// values are those at path in the objects kept.
func (k *keys) values(path string) (values []string) {
	s := jsonscan.Compile(path).Scanner()
	for _, object := range k.kept {
		if s.Scan(object) != nil {
			continue
		}
		if kind := s.Kind(0); kind == jsonscan.String || kind == jsonscan.Number {
			values = append(values, string(plain(s.Text(0), kind, nil)))
		}
	}
	return values
}

// foreign tells what the objects are if a tool that Seine knows wrote them:
// its own format would have taken them if they were flows. An alert has a
// time and two addresses as well.
func (k *keys) foreign() string {
	has := func(name string) bool { return slices.Contains(k.names, name) }
	switch {
	case has("event_type"):
		return "events of Suricata or its like, not one of them a flow"
	case has("_path"), has("id.orig_h"):
		return "a log of Zeek other than conn.log"
	}
	return ""
}
