package near

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSlipsAreUndone(t *testing.T) {
	known := []string{"src_port", "dst_port", "dst_ip", "Proto"}
	for word, want := range map[string]string{
		"dst_prt": "dst_port", "dts_port": "dst_port", "dst_pp": "dst_ip", "PROTO": "Proto", "src_port": "src_port",
		"weather": "", "": "", strings.Repeat("dst_port", 9): "",
	} {
		if got := Word(word, known, 2); got != want {
			t.Errorf("%q is near %q, want %q", word, got, want)
		}
	}
	if got := Word("dst", []string{"dsa", "dsb"}, 1); got != "dsa" {
		t.Errorf("of equals %q", got)
	}
}

// A letter more, less, other or swapped is one; a word is 0 from itself, and
// the way back is as long.
func TestDistances(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"port", "prt", 1}, {"port", "porrt", 1}, {"port", "pOrt", 1}, {"port", "prot", 1}, {"port", "", 4}, {"port", "trop", 3}, {"ca", "abc", 3}} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringMatching("[abc]{0,6}").Draw(t, "a"), rapid.StringMatching("[abc]{0,6}").Draw(t, "b")
		d := Distance(a, b)
		if d != Distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			t.Fatalf("%q to %q: %d, back %d", a, b, d, Distance(b, a))
		}
	})
}
