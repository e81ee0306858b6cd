package builtin_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"seine/detectors"
	"seine/detectors/builtin"
	"seine/detectors/internal/scenario"
	"seine/flow"
)

var (
	idForm     = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	attackForm = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
)

// headings are what a README must tell, in this order.
var headings = []string{
	"What it finds", "How it decides", "Evidence and facts", "Blind spots",
	"Benign look-alikes", "What to do next", "References",
}

// each runs a test for every detector of the chain.
func each(t *testing.T, test func(t *testing.T, d *detectors.Detector)) {
	for _, d := range builtin.Chain() {
		t.Run(d.ID, func(t *testing.T) { test(t, d) })
	}
}

func folder(d *detectors.Detector) string { return filepath.Join("..", d.ID) }

func scenarios(t *testing.T, d *detectors.Detector) []*scenario.Case {
	t.Helper()
	cases, err := scenario.Load(filepath.Join(folder(d), "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestChainAndFoldersAgree(t *testing.T) {
	var listed, folders []string
	for _, d := range builtin.Chain() {
		if !idForm.MatchString(d.ID) {
			t.Errorf("ID %q: want lower-case words joined by hyphens", d.ID)
		}
		if slices.Contains(listed, d.ID) {
			t.Errorf("ID %q is there twice", d.ID)
		}
		listed = append(listed, d.ID)
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && e.Name() != "builtin" && e.Name() != "custom" && e.Name() != "internal" {
			folders = append(folders, e.Name())
		}
	}
	slices.Sort(listed)
	if !slices.Equal(listed, folders) {
		t.Errorf("the chain has %v, the folders are %v", listed, folders)
	}
	if a, b := builtin.Chain(), builtin.Chain(); a[0] == b[0] {
		t.Error("Chain hands out the same detectors twice: what one run changes would reach another")
	}
}

func TestDetectorsDescribeThemselves(t *testing.T) {
	each(t, func(t *testing.T, d *detectors.Detector) {
		sentence(t, "title", d.Title)
		if d.Needs&flow.HasAddrs == 0 {
			t.Error("Needs has no addresses: every alert is about some")
		}
		if d.Scope > detectors.Everything {
			t.Errorf("scope %d is none", d.Scope)
		}
		if len(d.Rules) == 0 {
			t.Error("no rules")
		}
		for i := range d.Rules {
			r := &d.Rules[i]
			if !idForm.MatchString(r.ID) || d.Rule(r.ID) != r {
				t.Errorf("rule ID %q is malformed or there twice", r.ID)
			}
			sentence(t, "title of rule "+r.ID, r.Title)
			if r.Severity >= detectors.Severities {
				t.Errorf("rule %s: severity %d is none", r.ID, r.Severity)
			}
			for _, a := range r.ATTACK {
				if !attackForm.MatchString(a) {
					t.Errorf("rule %s: %q is no ATT&CK technique", r.ID, a)
				}
				if !strings.Contains(section(d.Doc, "References"), a) {
					t.Errorf("README: %s of rule %s is not among the references", a, r.ID)
				}
			}
		}
	})
}

// sentence checks a text that stands alone in a line of a table.
func sentence(t *testing.T, what, text string) {
	t.Helper()
	if text == "" || strings.TrimSpace(text) != text || strings.ContainsAny(text, "\n\t") || strings.HasSuffix(text, ".") {
		t.Errorf("%s: %q: want one line without a full stop", what, text)
	}
}

// section is the text under a heading of a README.
func section(doc, heading string) string {
	_, text, _ := strings.Cut(doc, "\n## "+heading+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	return strings.TrimSpace(text)
}

func TestReadmesTellEverything(t *testing.T) {
	each(t, func(t *testing.T, d *detectors.Detector) {
		if !strings.HasPrefix(d.Doc, "# "+d.ID+"\n") {
			t.Errorf("README does not begin with %q", "# "+d.ID)
		}
		at := 0
		for _, h := range headings {
			i := strings.Index(d.Doc, "\n## "+h+"\n")
			if i < at {
				t.Errorf("README has no %q, or not in its place", h)
			}
			at = max(i, at)
			if len(section(d.Doc, h)) < 20 {
				t.Errorf("README says nothing under %q", h)
			}
		}
		finds := section(d.Doc, "What it finds")
		for _, r := range d.Rules {
			if !strings.Contains(finds, "`"+r.ID+"` ("+r.Severity.String()+")") {
				t.Errorf("README does not tell under %q what `%s` (%s) is", headings[0], r.ID, r.Severity)
			}
		}
		facts := section(d.Doc, "Evidence and facts")
		for _, c := range scenarios(t, d) {
			for _, line := range c.Alerts() {
				for _, word := range strings.Fields(line) {
					if key, _, ok := strings.Cut(word, "="); ok && !strings.Contains(facts, "`"+key+"`") {
						t.Errorf("README does not tell what the fact `%s` is, and its unit (%s)", key, c.Name)
					}
				}
			}
		}
	})
}

func TestEveryRuleHasItsScenarios(t *testing.T) {
	each(t, func(t *testing.T, d *detectors.Detector) {
		fired := map[string]bool{}
		kinds := map[string]int{}
		silent := 0
		for _, c := range scenarios(t, d) {
			kind, _, _ := strings.Cut(c.Name, "-")
			kinds[kind]++
			alerts := c.Alerts()
			if len(alerts) == 0 {
				silent++
			}
			switch {
			case kind == "fires" && len(alerts) == 0:
				t.Errorf("%s raises nothing", c.Name)
			case kind == "near" && len(alerts) > 0:
				t.Errorf("%s is no near miss: it raises %s", c.Name, alerts[0])
			case kind != "fires" && kind != "near" && kind != "benign":
				t.Errorf("%s: want a name that begins with fires-, near- or benign-", c.Name)
			}
			for _, line := range alerts {
				severity, rest, _ := strings.Cut(line, " ")
				rule, _, _ := strings.Cut(rest, " ")
				if r := d.Rule(rule); r == nil {
					t.Errorf("%s: no rule %s", c.Name, rule)
				} else if s, _ := detectors.ParseSeverity(severity); s < r.Severity {
					t.Errorf("%s: %s, below the severity of its rule", c.Name, line)
				}
				fired[rule] = true
			}
		}
		for _, r := range d.Rules {
			if !fired[r.ID] {
				t.Errorf("rule %s fires in no scenario", r.ID)
			}
		}
		if kinds["fires"] == 0 || kinds["near"] == 0 || kinds["benign"] == 0 || silent == 0 {
			t.Errorf("want a scenario that fires, a near miss and a benign look-alike, and one without alerts: have %v, %d silent", kinds, silent)
		}
	})
}

func TestParametersDescribeThemselves(t *testing.T) {
	each(t, func(t *testing.T, d *detectors.Detector) {
		params := d.Params() // on an Env that has neither values nor an engine
		if again := d.Params(); !slices.Equal(params, again) {
			t.Errorf("parameters change from one New to the next: %v, then %v", params, again)
		}
		defaults := map[string]string{}
		for _, p := range params {
			if !idForm.MatchString(p.Name) {
				t.Errorf("parameter %q: want lower-case words joined by hyphens", p.Name)
			}
			if _, ok := defaults[full(d, p)]; ok {
				t.Errorf("parameter %s is declared twice", p.Name)
			}
			sentence(t, "parameter "+p.Name, p.Doc)
			defaults[full(d, p)] = p.Default
		}
		// The default, written out, must be as good as the parameter left out.
		if err := configure(d, defaults).Err(); err != nil {
			t.Errorf("defaults: %v", err)
		}
		for _, p := range params {
			if p.Kind == "words" || p.Kind == "files" {
				continue
			}
			err := configure(d, map[string]string{full(d, p): "no such value"}).Err()
			if err == nil || !strings.Contains(err.Error(), p.Name) {
				t.Errorf("parameter %s takes any nonsense (error: %v)", p.Name, err)
			}
		}
	})
}

func full(d *detectors.Detector, p detectors.Param) string {
	if p.Shared {
		return p.Name
	}
	return d.ID + "." + p.Name
}

// configure runs New with values and gives back what it left in its Env.
func configure(d *detectors.Detector, values map[string]string) *detectors.Env {
	env := detectors.NewEnv(d, detectors.Settings{
		Value: func(name string) (string, bool) { v, ok := values[name]; return v, ok },
	})
	d.New(env)
	return env
}
