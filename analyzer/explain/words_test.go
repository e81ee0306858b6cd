package explain

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"seine/detectors"
	"seine/flow"
	"seine/flow/where"
)

// TestEveryRuleHasWords asks each detector for a text of every section of
// every rule, in every language, and for no others.
func TestEveryRuleHasWords(t *testing.T) {
	for _, d := range chain() {
		for _, lang := range Languages() {
			w, err := parseWords(d.Words[lang], tongueOf(lang))
			if err != nil {
				t.Errorf("%s, %s: %v", d.ID, lang, err)
				continue
			}
			for i := range d.Rules {
				for s := range look {
					if len(w.of(d.Rules[i].ID, s)) == 0 {
						t.Errorf("%s, %s: %s has no section %s", d.ID, lang, d.Rules[i].ID, sectionNames[s])
					}
				}
			}
			for _, id := range w.order {
				if id != anyRule && d.Rule(id) == nil {
					t.Errorf("%s, %s: there is no rule %q", d.ID, lang, id)
				}
			}
		}
	}
}

// TestLanguagesSayTheSame compares what values the sections name.
func TestLanguagesSayTheSame(t *testing.T) {
	for _, d := range chain() {
		var first *words
		for _, lang := range Languages() {
			w, err := parseWords(d.Words[lang], tongueOf(lang))
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = w
				continue
			}
			for i := range d.Rules {
				rule := d.Rules[i].ID
				for s := range sections {
					a, b := mentioned(first.of(rule, s)), mentioned(w.of(rule, s))
					if !slices.Equal(a, b) {
						t.Errorf("%s, %s, %s: en names %v, %s names %v", d.ID, rule, sectionNames[s], a, lang, b)
					}
					if n, m := len(first.of(rule, s)), len(w.of(rule, s)); n != m {
						t.Errorf("%s, %s, %s: en has %d items, %s has %d", d.ID, rule, sectionNames[s], n, lang, m)
					}
				}
			}
			for from := range first.dict {
				if _, ok := w.dict[from]; !ok {
					t.Errorf("%s, %s: %q is not translated", d.ID, lang, from)
				}
			}
			if len(first.dict) != len(w.dict) || len(first.patterns) != len(w.patterns) {
				t.Errorf("%s: the translations of %s are others than those of en", d.ID, lang)
			}
		}
	}
}

func mentioned(all []text) []string {
	var names []string
	for _, x := range all {
		x.names(func(name string, _ bool) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		})
	}
	slices.Sort(names)
	return names
}

// TestValuesExist holds every name in the words against the facts that alerts
// carry, or at least those that the documentation tells of.
func TestValuesExist(t *testing.T) {
	for _, d := range chain() {
		carried := map[string]map[string]bool{}
		for _, p := range play(t, d) {
			for i := range p.alerts {
				a := p.alerts[i]
				m := carried[a.Rule.ID]
				if m == nil {
					m = map[string]bool{}
					carried[a.Rule.ID] = m
				}
				for _, f := range a.Facts {
					m[f.Key] = true
				}
			}
		}
		for _, lang := range Languages() {
			w, err := parseWords(d.Words[lang], tongueOf(lang))
			if err != nil {
				t.Fatal(err)
			}
			for i := range d.Rules {
				rule := d.Rules[i].ID
				for s := range sections {
					for _, x := range w.of(rule, s) {
						x.names(func(name string, _ bool) {
							if part, ok := strings.CutPrefix(name, "@"); ok {
								if !slices.Contains(partNames, part) {
									t.Errorf("%s, %s, %s: no alert has the part %q", d.ID, lang, rule, name)
								}
								return
							}
							if !carried[rule][name] && !strings.Contains(d.Doc, "`"+name+"`") {
								t.Errorf("%s, %s, %s, %s: nothing is known of a fact %q", d.ID, lang, rule, sectionNames[s], name)
							}
						})
					}
				}
			}
		}
	}
}

// TestScenariosAreTold tells every alert of every scenario.
func TestScenariosAreTold(t *testing.T) {
	told := 0
	for _, d := range chain() {
		raised := map[string]bool{}
		for _, p := range play(t, d) {
			for i := range p.alerts {
				a := p.alerts[i]
				raised[a.Rule.ID] = true
				for _, lang := range Languages() {
					told++
					sound(t, p, a, lang)
				}
			}
		}
		for i := range d.Rules {
			if !raised[d.Rules[i].ID] {
				t.Errorf("%s: no scenario raises %s, so its words were not tried", d.ID, d.Rules[i].ID)
			}
		}
	}
	t.Logf("%d tellings", told)
}

// sound checks one telling.
func sound(t *testing.T, p played, a *detectors.Alert, lang string) {
	t.Helper()
	x, holes := New(lang).tell(a, p.names)
	where := fmt.Sprintf("%s, %s, %s", p.name, a.Rule.ID, lang)
	if holes > 0 {
		t.Errorf("%s: %d values are missing\n%s", where, holes, x.What+"\n"+x.Measured)
	}
	texts := append([]string{x.Title, x.What, x.Measured, x.Why, x.Look}, x.Else...)
	texts = append(texts, x.Next...)
	if len(x.Else) == 0 || len(x.Next) == 0 {
		t.Errorf("%s: nothing else, or no next step", where)
	}
	for _, s := range texts {
		switch {
		case strings.TrimSpace(s) == "":
			t.Errorf("%s: an empty text in %+v", where, x)
		case strings.ContainsAny(s, "{}") || strings.Contains(s, "[[") || strings.Contains(s, "]]"):
			t.Errorf("%s: marks of a template: %q", where, s)
		case strings.Contains(s, "  ") || strings.Contains(s, "..") && !strings.Contains(s, `".."`) || strings.Contains(s, " .") || strings.Contains(s, ",,"):
			t.Errorf("%s: gaps: %q", where, s)
		case strings.Contains(s, "()"):
			t.Errorf("%s: empty brackets: %q", where, s)
		}
	}
	for _, s := range append([]string{x.What, x.Measured, x.Why}, x.Else...) {
		word, _, _ := strings.Cut(s, " ")
		if _, err := flow.ParseAddr([]byte(word)); err == nil {
			continue
		}
		if first := []rune(s)[0]; unicode.IsLower(first) {
			t.Errorf("%s: begins with a small letter: %q", where, s)
		}
		if !strings.HasSuffix(s, ".") {
			t.Errorf("%s: no full stop: %q", where, s)
		}
	}
	shows(t, where, p, a, x.Look)
}

// shows checks that the condition of a command line can be compiled, and that
// it holds for the evidence.
func shows(t *testing.T, place string, p played, a *detectors.Alert, line string) {
	t.Helper()
	condition, ok := strings.CutPrefix(line, "seine convert --where '")
	condition, after, found := strings.Cut(condition, "' ")
	if !ok || !found || after != "flows.csv" && (after != files || len(a.Evidence) > 0) {
		t.Errorf("%s: command line %q", place, line)
		return
	}
	f, err := where.Compile(condition, where.Options{})
	if err != nil {
		t.Errorf("%s: %q: %v", place, condition, err)
		return
	}
	for i := range a.Evidence {
		r := a.Evidence[i]
		r.Has |= flow.HasProto // some evidence is kept without
		if !f.Keep(&r) {
			t.Errorf("%s: %s does not hold for row %d of the evidence", place, condition, r.Row)
		}
	}
}

// TestGolden compares a telling of each rule, in each language, with
// testdata/<detector>.golden.
func TestGolden(t *testing.T) {
	for _, d := range chain() {
		t.Run(d.ID, func(t *testing.T) {
			var b strings.Builder
			seen := map[string]bool{}
			for _, p := range play(t, d) {
				for i := range p.alerts {
					a := p.alerts[i]
					if seen[a.Rule.ID] {
						continue
					}
					seen[a.Rule.ID] = true
					for _, lang := range Languages() {
						teller := New(lang)
						b.WriteString("== " + p.name + ", " + a.Rule.ID + ", " + lang + "\n")
						b.WriteString(teller.Text(a, teller.Tell(a, p.names), 100))
						b.WriteByte('\n')
					}
				}
			}
			path := filepath.Join("testdata", d.ID+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != b.String() {
				t.Errorf("%s is not what is told now; go test -update writes it anew\n%s", path, b.String())
			}
		})
	}
}
