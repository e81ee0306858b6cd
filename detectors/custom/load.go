package custom

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"seine/detectors"
)

// maxFiles bounds the rule files of a run.
const maxFiles = 1000

// Load reads the rules of files, and of all .yaml and .yml files in and below
// directories, in the order of paths and then of their names. An id must not
// be that of one of others, the detectors there are already.
func Load(paths []string, others []*detectors.Detector) ([]*detectors.Detector, error) {
	var errs []error
	taken := map[string]string{"where": "a topic of seine explain", "rules": "a topic of seine explain"}
	for _, d := range others {
		taken[d.ID] = "a detector that Seine comes with"
	}
	var all []*detectors.Detector
	seen := map[string]bool{}
	for _, path := range paths {
		names, err := files(path)
		errs = append(errs, err)
		for _, name := range names {
			if clean := filepath.Clean(name); seen[clean] {
				continue
			} else if seen[clean] = true; len(seen) > maxFiles {
				return nil, errors.Join(append(errs, fmt.Errorf("more than %d rule files", maxFiles))...)
			}
			text, err := read(name)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			rules, err := parse(name, text)
			errs = append(errs, err)
			for _, r := range rules {
				at := fmt.Sprintf("%s:%d:%d", name, r.line, r.column)
				if who := taken[r.id]; who != "" {
					errs = append(errs, fmt.Errorf("%s: the id %q is taken by %s", at, r.id, who))
					continue
				}
				taken[r.id] = "the rule in " + at
				all = append(all, r.detector())
			}
			if len(all) > MaxRules {
				return nil, errors.Join(append(errs, fmt.Errorf("more than %d rules", MaxRules))...)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, nil
}

// files are the rule files that a path names.
func files(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return []string{path}, nil
	}
	var names []string
	err = filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(e.Name(), ".") && name != path
		switch {
		case hidden && e.IsDir():
			return filepath.SkipDir
		case hidden || e.IsDir():
		case strings.EqualFold(filepath.Ext(name), ".yaml"), strings.EqualFold(filepath.Ext(name), ".yml"):
			if names = append(names, name); len(names) > maxFiles {
				return fmt.Errorf("%s: more than %d rule files", path, maxFiles)
			}
		}
		return nil
	})
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("%s: no .yaml file in this folder", path)
	}
	return names, err
}

// read reads a file that is not too large.
func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}
