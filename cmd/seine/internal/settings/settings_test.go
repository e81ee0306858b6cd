package settings

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/analyzer/report"
	"seine/detectors/builtin"
	"seine/flow"
	"seine/flow/formats"
)

func fresh() *Settings {
	return New(Lists{
		Inputs: formats.All(), Columns: formats.Columns(), Detectors: builtin.Chain(), Outputs: report.Formats(),
	})
}

// texts are all values without their origins.
func texts(s *Settings) map[string][]string {
	m := map[string][]string{}
	for _, t := range s.All() {
		m[t.Name] = []string{}
		for _, it := range s.Value(t) {
			m[t.Name] = append(m[t.Name], it.Text)
		}
	}
	return m
}

func TestDefaultsAreValid(t *testing.T) {
	s := fresh()
	if _, err := s.Resolve("", nil); err != nil {
		t.Fatal(err)
	}
	o, err := s.Options()
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Chain) != len(builtin.Chain()) || len(o.Params) != 0 || o.Evidence != 3 || o.Fold != 3600e9 || !o.ByTime {
		t.Errorf("unexpected defaults: %+v", o)
	}
}

// Every setting must be reachable by a name of its own in each layer.
func TestNamesAreUnique(t *testing.T) {
	names, vars, shorts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, d := range fresh().All() {
		if names[d.Name] || vars[d.Env()] || d.Short != "" && shorts[d.Short] || d.Env() == EnvFile {
			t.Errorf("%s: name, variable or letter is taken", d.Name)
		}
		names[d.Name], vars[d.Env()], shorts[d.Short] = true, true, true
		if d.Doc == "" || d.apply == nil {
			t.Errorf("%s: not complete", d.Name)
		}
	}
}

func TestLayers(t *testing.T) {
	s := fresh()
	if err := s.parse("c.yaml", []byte("fold: 1m\nmap: {src_ip: a, dst_ip: b}\nonly: [basic]\nblacklist: [x, 'y,z']\n")); err != nil {
		t.Fatal(err)
	}
	fs := s.Flags("")
	err := fs.Parse([]string{"--map=src_ip=c", "--map=ts=d", "--only", "basic,port-fanout", "--only=iqr-outlier", "--fold=2m", "--fold=3m",
		"--set", "port-fanout.limit=5", "--set", "port-fanout.limit=6", "--set", "iqr-outlier.features=dst_ports, connections", "-q", "-o", "a,b.csv", "-oc.csv"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve("", []string{"SEINE_EVIDENCE=7", "SEINE_FOLD=9m", "SEINE_DISABLE=basic,blacklist", "SEINE_TZ="}); err != nil {
		t.Fatal(err)
	}
	o, err := s.Options()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"src_ip": "c", "dst_ip": "b", "ts": "d"}, o.Columns); diff != "" {
		t.Error(diff)
	}
	want := map[string]string{
		"port-fanout.limit": "6", "iqr-outlier.features": "dst_ports,connections", "blacklist.lists": "x\ny,z\n",
	}
	if diff := cmp.Diff(want, o.Params); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a,b.csv", "c.csv"}, o.Outputs); diff != "" {
		t.Error(diff)
	}
	var ids []string
	for _, d := range o.Chain {
		ids = append(ids, d.ID)
	}
	if diff := cmp.Diff([]string{"port-fanout", "iqr-outlier"}, ids); diff != "" {
		t.Error(diff)
	}
	if o.Fold != flow.Time(180e9) || o.Evidence != 7 || !o.Quiet || o.Zone.String() != "UTC" {
		t.Errorf("fold %v, evidence %d, quiet %v, zone %v", o.Fold, o.Evidence, o.Quiet, o.Zone)
	}
}

func TestBadLimit(t *testing.T) {
	for _, c := range []struct {
		text      string
		bad, good uint64
		exceeded  bool
	}{
		{"unlimited", 100, 0, false}, {"0", 0, 5, false}, {"0", 1, 5, true}, {"3", 3, 0, false}, {"3", 4, 0, true},
		{"0%", 0, 1, false}, {"0%", 1, 1e9, true}, {"2.5%", 1, 39, false}, {"2.5%", 1, 38, true}, {"100%", 9, 0, false},
	} {
		l, err := parseBadLimit(c.text)
		if err != nil {
			t.Error(err)
		}
		if got := l.Exceeded(c.bad, c.good, true); got != c.exceeded {
			t.Errorf("%s with %d bad, %d good: %v", c.text, c.bad, c.good, got)
		}
	}
	for _, text := range []string{"", "%", "-1", "101%", "-1%", "NaN%", "x%", "1e3", "3 %"} {
		if _, err := parseBadLimit(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// Whatever a configuration file holds, it is taken or refused, and what is
// taken prints as a file that reads back the same.
func FuzzConfiguration(f *testing.F) {
	for _, seed := range []string{
		"", "fold: 1h\n", "map: {src_ip: 'a: b'}\nonly: [basic, 'x, y']\n", "detectors:\n  port-fanout: {limit: 3}\n",
		"output: [-, '#', '', 'null', \"\\t\\x7f\\u2028é\", '~', '1: 2', '? x', '[', '*a', '!t', '|']\n",
		"a: &a [*a]\n", "fold: &x {a: *x}\n<<: *x\n", "? [a]\n: b\n", "- a\n", "fold: !!binary aGk=\n", "tz: |\n  a\n  b\n",
		"summary: \"a\\nb\"\nblacklist: ['a,b', \"c\\nd\"]\npopular-ports: []\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := fresh()
		if err := s.parse("a\nb.yaml", []byte(text)); err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without words")
			}
			return
		}
		again := fresh()
		printed := s.YAML()
		if err := again.parse("b.yaml", printed); err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
		if diff := cmp.Diff(texts(s), texts(again)); diff != "" {
			t.Errorf("%s\n%s", diff, printed)
		}
	})
}
