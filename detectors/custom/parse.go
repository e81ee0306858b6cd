package custom

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich/assets"
	"seine/flow/where"
)

// Limits of rules.
const (
	MaxFile  = 1 << 20 // bytes of a file
	MaxRules = 1000    // of a run
	maxText  = 64 << 10
	maxID    = 64
	maxKeys  = 8 // fields to group by
)

// keys are those of a rule, in the order in which they are best written.
var keys = []string{
	"id", "title", "severity", "confidence", "attack", "expects", "doc", "when", "group by", "window", "having", "summary",
}

// Parse reads the rules of one file, which name names in messages. The error
// joins all faults, each with file, line and column.
func Parse(name string, text []byte) ([]*detectors.Detector, error) {
	all, err := parse(name, text)
	if err != nil {
		return nil, err
	}
	ds := make([]*detectors.Detector, len(all))
	for i, r := range all {
		ds[i] = r.detector()
	}
	return ds, nil
}

// parse reads the rules of one file, those that are sound also where others
// are not.
func parse(name string, text []byte) ([]*rule, error) {
	f := &file{name: name, lines: strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")}
	var sound []*rule
	for _, r := range f.rules(text) {
		if f.check(r) {
			sound = append(sound, r)
		}
	}
	return sound, errors.Join(f.errs...)
}

var (
	yamlLine  = regexp.MustCompile(`^(?:yaml: )?line (\d+): (?s:(.*))$`)
	structure = regexp.MustCompile(`^did not find expected (node content|key|'-' indicator|',' or|<)`)
)

// syntax notes an error of the YAML library.
func (f *file) syntax(err error) {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[1])
		if structure.MatchString(m[2]) {
			line++ // of these the library counts lines from 0
		}
		f.errs = append(f.errs, fmt.Errorf("%s:%d: not valid YAML: %s", f.name, line, m[2]))
		return
	}
	f.errs = append(f.errs, fmt.Errorf("%s: not valid YAML: %s", f.name, strings.TrimPrefix(err.Error(), "yaml: ")))
}

// rules reads the text node by node, so that every fault has its place and
// aliases cannot multiply.
func (f *file) rules(text []byte) []*rule {
	if len(text) > MaxFile {
		f.errs = append(f.errs, fmt.Errorf("%s: more than %d bytes", f.name, MaxFile))
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, next yaml.Node
	switch err := d.Decode(&doc); {
	case err == io.EOF:
		return nil
	case err != nil:
		f.syntax(err)
		return nil
	}
	switch err := d.Decode(&next); {
	case err == nil:
		f.fault(&next, "a second document: the file may have only one, a list of rules")
		return nil
	case err != io.EOF:
		f.syntax(err)
		return nil
	}
	if len(doc.Content) == 0 {
		return nil
	}
	switch top := doc.Content[0]; {
	case isNull(top):
		return nil
	case top.Kind == yaml.MappingNode:
		return f.all([]*yaml.Node{top})
	case top.Kind == yaml.SequenceNode:
		return f.all(top.Content)
	default:
		f.fault(top, "want a list of rules, each beginning with \"- id: …\", not %s", describe(top))
	}
	return nil
}

func (f *file) all(nodes []*yaml.Node) []*rule {
	var all []*rule
	seen := map[string]int{}
	for _, n := range nodes {
		if len(all) == MaxRules {
			f.fault(n, "more than %d rules", MaxRules)
			break
		}
		r := f.rule(n)
		if r == nil {
			continue
		}
		if line, ok := seen[r.id]; ok && r.id != "" {
			f.fault(n, "the id %q is taken by the rule of line %d", r.id, line)
			continue
		}
		seen[r.id] = r.line
		all = append(all, r)
	}
	return all
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case isNull(n):
		return "nothing"
	}
	return "a single value"
}

// rule reads one rule; nil if it is not even one by its form.
func (f *file) rule(n *yaml.Node) *rule {
	if n.Kind != yaml.MappingNode {
		f.fault(n, "a rule must be keys with their values, not %s", describe(n))
		return nil
	}
	r := &rule{file: f, line: n.Line, column: n.Column}
	given := map[string]*yaml.Node{}
	before := len(f.errs)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		switch _, twice := given[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			f.fault(key, "a key cannot be %s", describe(key))
			continue
		case !slices.Contains(keys, key.Value):
			f.fault(key, "unknown key %q%s", key.Value, didYouMean(key.Value, keys))
			continue
		case twice:
			f.fault(key, "%q is given twice", key.Value)
			continue
		}
		given[key.Value] = key
		f.value(r, key.Value, v)
	}
	for _, key := range []string{"id", "title", "severity"} {
		if given[key] == nil {
			f.fault(n, "the rule has no %s", key)
		}
	}
	r.grouped = given["group by"] != nil || given["having"] != nil || given["window"] != nil
	switch {
	case r.grouped && given["having"] == nil && given["when"] == nil && given["group by"] != nil:
		f.fault(given["group by"], "every group would be a finding: add \"having\", such as count() > 100, or \"when\"")
	case r.grouped && given["having"] == nil && given["group by"] == nil:
		f.fault(given["window"], "\"window\" goes with \"group by\" and \"having\"")
	case !r.grouped && given["when"] == nil:
		f.fault(n, "the rule looks for nothing: it has no \"when\" and no \"having\"")
	case r.grouped && given["window"] == nil:
		f.fault(n, "the rule counts, so it needs a \"window\" such as 10m, or \"window: all\"")
	}
	if len(f.errs) > before {
		return nil
	}
	return r
}

// value reads the value of a key.
func (f *file) value(r *rule, key string, n *yaml.Node) {
	switch key {
	case "attack", "expects", "group by":
		f.list(r, key, n)
		return
	}
	s, ok := f.scalar(key, n)
	if !ok {
		return
	}
	var err error
	switch key {
	case "id":
		r.id = s.text
		if !idForm.MatchString(s.text) || len(s.text) > maxID {
			err = fmt.Errorf("%q is no id: want lower-case words and numbers joined by hyphens, at most %d letters", short(s.text), maxID)
		}
	case "title":
		r.title = strings.TrimSuffix(strings.TrimSpace(s.text), ".")
		if strings.ContainsAny(r.title, "\n\t") || len(r.title) > 200 {
			err = errors.New("want one line of at most 200 bytes")
		}
	case "severity":
		r.severity, err = detectors.ParseSeverity(s.text)
	case "confidence":
		r.confidence, err = strconv.ParseFloat(s.text, 64)
		if err != nil || !(r.confidence > 0 && r.confidence <= 1) {
			err = fmt.Errorf("%q is not between 0 and 1", short(s.text))
		}
	case "doc":
		r.doc = strings.TrimSpace(s.text)
	case "when":
		r.when = s
	case "having":
		r.having = s
	case "summary":
		r.summary = s
	case "window":
		r.window, err = parseWindow(s.text)
	}
	if err != nil {
		f.fault(n, "%s: %v", key, err)
	}
}

func short(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// scalar reads a single value that is not empty.
func (f *file) scalar(key string, n *yaml.Node) (scalar, bool) {
	switch {
	case n.Kind != yaml.ScalarNode || isNull(n) || strings.TrimSpace(n.Value) == "":
		what := describe(n)
		if n.Kind == yaml.ScalarNode {
			what = "nothing"
		}
		if n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 {
			what = "a mapping (put texts with { } in quotes)"
		}
		f.fault(n, "%s must be a single value, not %s", key, what)
	case len(n.Value) > maxText:
		f.fault(n, "%s has more than %d bytes", key, maxText)
	default:
		return scalar{n.Value, n}, true
	}
	return scalar{}, false
}

// list reads a list, or one value in place of a list of it.
func (f *file) list(r *rule, key string, n *yaml.Node) {
	elements := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		elements = n.Content
	}
	if key == "group by" && len(elements) > maxKeys {
		f.fault(n, "group by takes at most %d fields", maxKeys)
		return
	}
	for _, e := range elements {
		s, ok := f.scalar("an element of "+key, e)
		if !ok {
			continue
		}
		switch key {
		case "attack":
			if !attackForm.MatchString(s.text) {
				f.fault(e, "attack: %q is no technique of MITRE ATT&CK; one is written T1046 or T1021.002", short(s.text))
			}
			r.attack = append(r.attack, s.text)
		case "expects":
			if !idForm.MatchString(s.text) {
				f.fault(e, "expects: %q is no role; roles are words such as scanner, backup, monitoring", short(s.text))
			}
			r.expects = append(r.expects, assets.Role(s.text))
		case "group by":
			r.by = append(r.by, s)
		}
	}
}

// parseWindow reads the length of a window; 0 stands for all flows.
func parseWindow(text string) (flow.Time, error) {
	if text == "all" || text == "none" {
		return 0, nil
	}
	d, err := where.ParseSpan(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is no duration; write 90s, 10m, 24h or 7d, or all", short(text))
	case d < flow.Second || d > math.MaxInt64/4:
		return 0, fmt.Errorf("%s is not between a second and 70 years", short(text))
	}
	return d, nil
}
