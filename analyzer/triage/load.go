package triage

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
	"seine/detectors"
	"seine/flow"
)

// Limits of a file of rules.
const (
	maxFile   = 8 << 20 // bytes
	maxRules  = 10_000
	maxValues = 1_000_000 // elements of all lists
)

// Files say which rules there are.
type Files struct {
	Ignore   []string // whose ignore rules are in use
	Suppress []string // whose suppress rules are in use

	// AsOf is the moment at which it is judged whether a rule has expired;
	// without it that is the time of what the rule would hide.
	AsOf    flow.Time
	HasAsOf bool

	Detectors []*detectors.Detector // that there are, to find misspelt ones; nil does not look
	NoFlows   bool                  // there are no flows, so ignore rules have no use
}

// Rules are the rules of a run, with what came of them. They serve one run.
type Rules struct {
	ignore, suppress []*rule
	asOf             flow.Time
	hasAsOf          bool
	warnings         []string
}

// Warnings tell of what is probably a slip and no mistake.
func (r *Rules) Warnings() []string { return r.warnings }

// Count is how many rules there are of each kind.
func (r *Rules) Count() (ignore, suppress int) { return len(r.ignore), len(r.suppress) }

// Load reads files of rules. The error joins all mistakes, each with file,
// line and column.
func Load(files Files, scope Scope) (*Rules, error) {
	all := &Rules{asOf: files.AsOf, hasAsOf: files.HasAsOf}
	read := map[string]*parser{}
	ids := map[string]string{}
	var errs []error
	for i, list := range [][]string{files.Ignore, files.Suppress} {
		for _, name := range list {
			p := read[name]
			if p == nil {
				p = &parser{name: name, files: &files, scope: &scope, ids: ids}
				read[name] = p
				errs = append(errs, p.load())
				all.warnings = append(all.warnings, p.warnings...)
			}
			ignore := i == 0
			if p.used[i] {
				continue // named twice
			}
			p.used[i] = true
			if ignore {
				all.ignore = append(all.ignore, p.ignore...)
			} else {
				all.suppress = append(all.suppress, p.suppress...)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	all.warnUnused(read, files)
	return all, nil
}

// warnUnused tells of sections that the user may think are in use.
func (r *Rules) warnUnused(read map[string]*parser, files Files) {
	told := map[string]bool{}
	for _, name := range slices.Concat(files.Ignore, files.Suppress) {
		p := read[name]
		switch {
		case told[name]:
		case p.used[0] && len(p.ignore) == 0 && !p.used[1]:
			r.warnings = append(r.warnings, fmt.Sprintf("%s has no ignore rules", name))
		case p.used[1] && len(p.suppress) == 0 && !p.used[0]:
			r.warnings = append(r.warnings, fmt.Sprintf("%s has no suppress rules", name))
		}
		switch {
		case told[name]:
		case !p.used[0] && len(p.ignore) > 0 && !files.NoFlows:
			r.warnings = append(r.warnings, fmt.Sprintf("the ignore rules of %s are not in use; --ignore names a file of them", name))
		case !p.used[1] && len(p.suppress) > 0:
			r.warnings = append(r.warnings, fmt.Sprintf("the suppress rules of %s are not in use; --suppress names a file of them", name))
		}
		told[name] = true
	}
}

// A parser reads one file, node by node, so that every mistake has its place
// and aliases cannot multiply.
type parser struct {
	name  string
	files *Files
	scope *Scope

	ignore, suppress []*rule
	used             [2]bool // as a file of ignore rules, of suppress rules
	ids              map[string]string
	values           int
	errs             []error
	warnings         []string
}

func (p *parser) load() error {
	text, err := readFile(p.name)
	if err != nil {
		return err
	}
	return p.parse(text)
}

func readFile(name string) ([]byte, error) {
	var f io.ReadCloser = os.Stdin
	if name != flow.Stdin {
		var err error
		if f, err = os.Open(name); err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		defer f.Close()
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("rules: %w", err)
	case len(text) > maxFile:
		return nil, fmt.Errorf("rules %s: more than %d MiB", name, maxFile>>20)
	}
	return text, nil
}

func (p *parser) parse(text []byte) error {
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

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (?s:(.*))$`)

// syntax puts file and line before an error of the YAML library.
func (p *parser) syntax(err error) error {
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("%s:%s: not valid YAML: %s", p.name, m[1], m[2])
	}
	return fmt.Errorf("%s: not valid YAML: %s", p.name, strings.TrimPrefix(err.Error(), "yaml: "))
}

// maxFaults bounds the mistakes that are told of one file.
const maxFaults = 30

func (p *parser) fault(n *yaml.Node, format string, args ...any) {
	if len(p.errs) < maxFaults {
		p.errs = append(p.errs, fmt.Errorf("%s:%d:%d: %s", p.name, max(1, n.Line), max(1, n.Column), fmt.Sprintf(format, args...)))
	}
}

func (p *parser) place(n *yaml.Node) string { return fmt.Sprintf("%s:%d", p.name, max(1, n.Line)) }

func (p *parser) top(n *yaml.Node) {
	if isNull(value(n)) {
		return
	}
	p.each(n, "a file of rules", func(key, v *yaml.Node) {
		switch kind := value(key).Value; kind {
		case Ignore, Hide:
			p.section(kind, v)
		default:
			p.fault(key, "unknown section %q (known: %s, %s)%s", kind, Ignore, Hide, analyzer.DidYouMean(kind, []string{Ignore, Hide}))
		}
	})
}

func (p *parser) section(kind string, n *yaml.Node) {
	n = value(n)
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		p.fault(n, "%s must be a list of rules, each behind a dash, not %s", kind, describe(n))
		return
	}
	for _, e := range n.Content {
		if len(p.ignore)+len(p.suppress) >= maxRules {
			p.fault(e, "more than %d rules", maxRules)
			return
		}
		r := p.rule(kind, e)
		switch {
		case r == nil:
		case kind == Ignore:
			p.ignore = append(p.ignore, r)
		default:
			p.suppress = append(p.suppress, r)
		}
	}
}
