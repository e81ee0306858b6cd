package detectors

import (
	"fmt"

	"seine/detectors/internal/exceptions"
)

// Exceptions reads list files of what is allowed although one of some rules
// forbids it. The value names the files as for Prefixes.
func (e *Env) Exceptions(name string, rules []string, doc string) []exceptions.Exception {
	v, ok := e.param(Param{Name: name, Kind: "files", Doc: doc})
	if !ok {
		return nil
	}
	var all []exceptions.Exception
	for _, file := range splitFiles(v) {
		list, err := exceptions.Load(file, rules)
		if err != nil {
			e.errs = append(e.errs, fmt.Errorf("%s.%s: %w", e.detector.ID, name, err))
		}
		all = append(all, list...)
	}
	return all
}
