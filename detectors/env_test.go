package detectors

import (
	"os"
	"path/filepath"
	"testing"

	"seine/flow"
)

func TestPrefixesTakesAnyFileName(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain, comma, blank := file("a", "10.0.0.1"), file("b,c", "10.0.0.2"), file("d e", "10.0.0.3")
	d := &Detector{ID: "x"}
	for value, want := range map[string]int{
		"":                          0,
		plain:                       1,
		plain + ", " + blank:        2,
		comma + "\n":                1,
		comma + "\n" + blank + "\n": 2,
	} {
		env := NewEnv(d, Settings{Value: func(string) (string, bool) { return value, true }})
		if n := env.Prefixes("lists", "").Len(); n != want || env.Err() != nil {
			t.Errorf("%q: %d entries, want %d; %v", value, n, want, env.Err())
		}
	}
}

func TestRejectNamesSharedParameters(t *testing.T) {
	d := &Detector{ID: "x", Needs: flow.HasAddrs}
	env := NewEnv(d, Settings{Value: func(string) (string, bool) { return "99999", true }})
	env.PopularPorts()
	env.Ports("ports", nil, "")
	want := "popular-ports: \"99999\" is not a port or a range of ports\nx.ports: \"99999\" is not a port or a range of ports"
	if err := env.Err(); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
