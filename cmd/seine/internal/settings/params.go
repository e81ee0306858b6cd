package settings

import (
	"strconv"
	"strings"

	"seine/detectors"
)

func itoa(n int) string { return strconv.Itoa(n) }

// internalParam is a shared parameter that has a flag of its own.
const internalParam = "internal"

// params makes the settings that are the parameters of the detectors, the
// shared ones first.
func params(ds []*detectors.Detector) []*Setting {
	var shared, own []*Setting
	seen := map[string]bool{}
	for _, d := range ds {
		for _, p := range d.Params() {
			if !p.Shared {
				own = append(own, param(d.ID+"."+p.Name, p))
			} else if !seen[p.Name] && p.Name != internalParam {
				seen[p.Name] = true
				shared = append(shared, param(p.Name, p))
			}
		}
	}
	return append(shared, own...)
}

func param(name string, p detectors.Param) *Setting {
	s := &Setting{Name: name, Doc: p.Doc, Param: &p, Default: []string{p.Default}}
	sep := ","
	switch {
	case p.Kind == "files":
		s.Kind, sep = Files, "\n"
	case p.Kind == "ports", strings.HasPrefix(p.Kind, "words"):
		s.Kind = Words
	}
	if s.list() {
		s.Default = splitWords(p.Default)
	}
	s.apply = func(o *Options, texts []string) error {
		v := strings.Join(texts, sep)
		if s.Kind == Files && v != "" {
			v += sep // a newline tells that commas belong to the names
		}
		o.Params[name] = v
		return nil
	}
	return s
}
