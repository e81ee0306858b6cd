package intel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"seine/flow/internal/jsonstream"
)

// A JSON list is walked from its beginning to its end, whatever its size. Each
// value has a path, the keys on the way to it joined by slashes, with [] for
// the elements of an array: "/data/[]/ipAddress". For each object or array the
// layout says what to do.
type action uint8

const (
	skip  action = iota // pass over
	enter               // look at what is in it
	take                // read it whole, and hand it on as a tree
)

// A walker reads JSON for a layout.
type walker struct {
	r     *jsonstream.Reader
	plan  func(path string) action
	tree  func(path string, n *tree) // a value taken
	leaf  func(path string, text []byte, kind jsonstream.Kind)
	ended func(path string) // an object or array that was entered is over
	t     tree
}

// A tree is a JSON value laid flat: its scalars with their paths below it.
type tree struct {
	element int // its number among those of its array
	paths   []string
	ends    []int // of the texts
	texts   []byte
	known   map[string]string
	scratch []byte
}

// Bounds of one tree.
const (
	maxTreeBytes  = 8 << 20
	maxTreeLeaves = 200_000
	maxPaths      = 20_000
	maxPath       = 512
)

var errElement = errors.New("an element larger than is taken in")

func (n *tree) reset(element int) {
	n.element, n.paths, n.ends, n.texts = element, n.paths[:0], n.ends[:0], n.texts[:0]
	if n.known == nil || len(n.known) > maxPaths {
		n.known = map[string]string{}
	}
}

// text is the i-th scalar.
func (n *tree) text(i int) []byte {
	from := 0
	if i > 0 {
		from = n.ends[i-1]
	}
	return n.texts[from:n.ends[i]]
}

// get is the first scalar at a path, or nil.
func (n *tree) get(path string) []byte {
	for i, p := range n.paths {
		if p == path {
			return n.text(i)
		}
	}
	return nil
}

// each calls f for all scalars at a path.
func (n *tree) each(path string, f func(text []byte)) {
	for i, p := range n.paths {
		if p == path {
			f(n.text(i))
		}
	}
}

// put adds a scalar. null is none.
func (n *tree) put(text []byte, kind jsonstream.Kind) error {
	if kind == jsonstream.Literal && string(text) == "null" {
		return nil
	}
	if len(n.texts)+len(text) > maxTreeBytes || len(n.paths) >= maxTreeLeaves {
		return errElement
	}
	path, ok := n.known[string(n.scratch)]
	if !ok {
		path = string(n.scratch)
		n.known[path] = path
	}
	n.texts = append(n.texts, text...)
	n.paths, n.ends = append(n.paths, path), append(n.ends, len(n.texts))
	return nil
}

// collect reads the rest of a value whose first token is at hand. The reader
// bounds how deep that goes.
func (w *walker) collect(kind jsonstream.Kind, text []byte) error {
	n := &w.t
	mark := len(n.scratch)
	below := func(key []byte) error {
		n.scratch = n.scratch[:mark]
		if mark > 0 {
			n.scratch = append(n.scratch, '/')
		}
		n.scratch = append(n.scratch, key...)
		if len(n.scratch) > maxPath {
			return errElement
		}
		return nil
	}
	defer func() { n.scratch = n.scratch[:mark] }()
	switch kind {
	case jsonstream.Object:
		for {
			kind, text, err := w.r.Next()
			if err != nil || kind == jsonstream.End {
				return err
			}
			if err := below(text); err != nil {
				return err
			}
			if kind, text, err = w.r.Next(); err != nil {
				return err
			}
			if err := w.collect(kind, text); err != nil {
				return err
			}
		}
	case jsonstream.Array:
		if err := below([]byte("[]")); err != nil {
			return err
		}
		for {
			kind, text, err := w.r.Next()
			if err != nil || kind == jsonstream.End {
				return err
			}
			if err := w.collect(kind, text); err != nil {
				return err
			}
		}
	}
	return n.put(text, kind)
}

// pathOf joins a key to a path.
func pathOf(path string, key []byte) (string, error) {
	if len(path)+len(key) > maxPath {
		return "", errElement
	}
	return path + "/" + string(key), nil
}

// value walks one value, whose first token is at hand.
func (w *walker) value(path string, element int, kind jsonstream.Kind, text []byte) error {
	if kind != jsonstream.Object && kind != jsonstream.Array {
		if w.leaf != nil && !(kind == jsonstream.Literal && string(text) == "null") {
			w.leaf(path, text, kind)
		}
		return nil
	}
	switch w.plan(path) {
	case skip:
		return w.pass()
	case take:
		w.t.reset(element)
		w.t.scratch = w.t.scratch[:0]
		if err := w.collect(kind, text); err != nil {
			return err
		}
		w.tree(path, &w.t)
		return nil
	}
	if kind == jsonstream.Array {
		below := path + "/[]"
		for i := 1; ; i++ {
			kind, text, err := w.r.Next()
			if err != nil {
				return err
			}
			if kind == jsonstream.End {
				break
			}
			if err := w.value(below, i, kind, text); err != nil {
				return err
			}
		}
	} else {
		for {
			kind, text, err := w.r.Next()
			if err != nil {
				return err
			}
			if kind == jsonstream.End {
				break
			}
			below, err := pathOf(path, text)
			if err != nil {
				return err
			}
			if kind, text, err = w.r.Next(); err != nil {
				return err
			}
			if err := w.value(below, 0, kind, text); err != nil {
				return err
			}
		}
	}
	if w.ended != nil {
		w.ended(path)
	}
	return nil
}

// pass reads the rest of an object or array that has been opened.
func (w *walker) pass() error {
	for depth := w.r.Depth(); w.r.Depth() >= depth; {
		if _, _, err := w.r.Next(); err != nil {
			return err
		}
	}
	return nil
}

// walk reads all documents of in.
func (w *walker) walk(in io.Reader) error {
	w.r = jsonstream.NewReader(in)
	for i := 1; ; i++ {
		kind, text, err := w.r.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = w.value("", i, kind, text)
		}
		if err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return errors.New("the JSON is cut short")
			}
			return err
		}
	}
}

// detectJSON tells a layout by the keys that the beginning of a text has.
func detectJSON(head []byte) (*layout, error) {
	seen, values := map[string]bool{}, map[string]string{}
	top := 0
	note := func(path string, text []byte) {
		if len(seen) < 10_000 {
			seen[path] = true
			if _, ok := values[path]; !ok && len(text) < 100 {
				values[path] = string(text)
			}
		}
	}
	w := &walker{
		plan: func(path string) action { note(path, nil); return enter },
		leaf: func(path string, text []byte, _ jsonstream.Kind) { note(path, text) },
	}
	w.r = jsonstream.NewReader(bytes.NewReader(head))
	var err error
	for ; top < 100; top++ {
		var kind jsonstream.Kind
		var text []byte
		if kind, text, err = w.r.Next(); err != nil {
			break
		}
		if err = w.value("", 0, kind, text); err != nil {
			break
		}
	}
	if errors.Is(err, jsonstream.ErrSyntax) {
		if head[0] == '[' && !bytes.Contains(head[:min(len(head), 64)], []byte(`"`)) {
			return detectList(head)
		}
		return nil, fmt.Errorf("damaged JSON (%v)", err)
	}
	any := func(suffix string, depth int) bool {
		for path := range seen {
			if strings.HasSuffix(path, suffix) && strings.Count(path, "/") == depth {
				return true
			}
		}
		return false
	}
	switch {
	case seen["/data"] && values["/meta/generatedAt"] != "",
		seen["/data/[]/ipAddress"], seen["/ipAddress"], seen["/[]/ipAddress"]:
		return abuseJSON, nil
	case seen["/[]/ip_address"], seen["/ip_address"]:
		return feodoJSON, nil
	case any("/[]/ioc_value", 3), seen["/data/[]/ioc"], seen["/[]/ioc_value"], seen["/ioc_value"]:
		return foxJSON, nil
	case seen["/cidr"]:
		return dropJSON, nil
	case seen["/objects/[]/spec_version"], seen["/objects/[]/pattern"], values["/type"] == "bundle", values["/objects/[]/type"] != "":
		return stixBundle, nil
	case seen["/Event"], seen["/[]/Event"], seen["/response/[]/Event"], seen["/response/Event"]:
		return mispEvent, nil
	case seen["/response/Attribute"], seen["/Attribute"], seen["/Attribute/[]/value"]:
		return mispEvent, nil
	case seen["/list"] && seen["/name"], seen["/list"] && seen["/matching_attributes"], seen["/list"] && seen["/version"]:
		return warningList, nil
	case isManifest(seen):
		return mispManifest, nil
	case seen["/[]"] && values["/[]"] != "":
		return jsonList, nil
	}
	return nil, fmt.Errorf("JSON, but %w", errUnknown)
}

// isManifest reports whether the top is an object of events by their ids.
func isManifest(seen map[string]bool) bool {
	for path := range seen {
		if strings.HasSuffix(path, "/info") && len(path) == 1+36+len("/info") && path[9] == '-' {
			return true
		}
	}
	return false
}
