package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"seine/detectors"
)

// ruled are settings whose rules are detectors with the names of their files
// and the parameter limit.
func ruled() *Settings {
	return New(Lists{
		Detectors: []*detectors.Detector{{ID: "own", New: func(*detectors.Env) detectors.Watcher { return nil }}},
		Rules: func(paths []string, others []*detectors.Detector) (ds []*detectors.Detector, err error) {
			for _, p := range paths {
				if p == "bad" {
					return nil, errors.New("bad:3:5: no rule")
				}
				ds = append(ds, &detectors.Detector{ID: filepath.Base(p), New: func(e *detectors.Env) detectors.Watcher {
					e.Int("limit", 5, "a limit")
					return nil
				}})
			}
			return ds, nil
		},
	})
}

func chain(t *testing.T, s *Settings, file string, environ ...string) (string, *Options) {
	t.Helper()
	if _, err := s.Resolve(file, environ); err != nil {
		t.Fatal(err)
	}
	o, err := s.Options()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range o.Chain {
		ids = append(ids, d.ID)
	}
	return strings.Join(ids, " "), o
}

func TestRulesAreDetectorsInEveryLayer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("rules: [a, b]\ndisable: [a]\ndetectors: {b: {limit: 7}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ids, o := chain(t, ruled(), file)
	if ids != "own b" || o.Params["b.limit"] != "7" {
		t.Errorf("by the file: %s, %v", ids, o.Params)
	}
	ids, o = chain(t, ruled(), "", "SEINE_RULES=c", "SEINE_C_LIMIT=8", "SEINE_ONLY=c")
	if ids != "c" || o.Params["c.limit"] != "8" {
		t.Errorf("by the environment: %s, %v", ids, o.Params)
	}
	s := ruled()
	if err := s.Flags("").Parse([]string{"--rules", "d", "--rules=e", "--set", "e.limit=9", "--disable", "own", "-q"}); err != nil {
		t.Fatal(err)
	}
	if ids, o = chain(t, s, "", "SEINE_RULES=c"); ids != "d e" || o.Params["e.limit"] != "9" || !o.Quiet {
		t.Errorf("by flags: %s, %v", ids, o.Params)
	}
	s = ruled()
	_ = s.Flags("").Parse([]string{"--rules", "bad"})
	if _, err := s.Resolve("", nil); err == nil || err.Error() != "bad:3:5: no rule" {
		t.Error(err)
	}
}

func TestAConfigurationWithinAnotherFile(t *testing.T) {
	within := func(text string) *Settings {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		s := ruled()
		_ = s.Flags("").Parse([]string{"--rules", "d", "--fold", "5m"})
		s.Within("case.yaml", doc.Content[0], "dir")
		return s
	}
	ids, o := chain(t, within("fold: 1m\nblacklist: [x, /y]\nwhere: src_port == 1\nset: {d.limit: 3}\n"), "")
	if ids != "own d" || o.Params["d.limit"] != "3" || o.Fold != 60e9 || o.Where[0] != "src_port == 1" ||
		o.Params[blacklistParam] != filepath.Join("dir", "x")+"\n/y\n" {
		t.Errorf("%s, %+v", ids, o)
	}
	if ids, _ = chain(t, within("rules: [sub/r]\nonly: [r]"), ""); ids != "r" {
		t.Error(ids)
	}
	for text, want := range map[string]string{
		"output: x":        "case.yaml:1: output has no meaning here",
		"\njobs: 2":        "case.yaml:2: jobs has no meaning here",
		"fail-on: low":     "fail-on has no meaning here",
		"set: {d.limt: 3}": `case.yaml:1: unknown parameter "d.limt"; did you mean "d.limit"?`,
		"set: {fold: 3}":   "fold is no parameter of a detector",
		"fold: x":          "case.yaml:1: fold",
		"foldd: 1m":        `unknown key "foldd"; did you mean "fold"?`,
	} {
		s := within(text)
		_, err := s.Resolve("", nil)
		_, errOptions := s.Options()
		if err = errors.Join(err, errOptions); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
