package inventory

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestVersionsInOrder(t *testing.T) {
	for _, line := range []string{
		"7.4 < 7.4p1 < 7.4p2 < 7.4.1 < 7.10",
		"1.0-dev < 1.0-alpha1 = 1.0a1 < 1.0-beta2 = 1.0b2 < 1.0-rc1 < 1.0 < 1.0.1",
		"1.0.2 < 1.0.2a < 1.0.2k < 1.0.2zh < 1.1.0",
		"9.9.4rc1 < 9.9.4 < 9.9.4-P1 = 9.9.4p1 < 9.9.4-P2 < 9.9.5",
		"2.4 = 2.4.0 = 2.4.0.0 = v2.4 < 2.4.0.5 < 2.4.1",
		"1.8.0 < 1.8.0_45 < 1.8.0_292 < 1.8.1",
		"2.3.5 = 2.03.5 < 2.3.12",
		"99999999999999999999999 < 100000000000000000000000",
		"10.0.0-rc1 < 10.0.0-RC2 < 10",
		"3.0.0 < 3.0.0sp1 = 3.0.0-SP1",
		" = 0 < 0.1",
	} {
		words := strings.Split(line, " ")
		for i := 0; i+2 < len(words); i += 2 {
			a, op, b := words[i], words[i+1], words[i+2]
			want := map[string]int{"<": -1, "=": 0}[op]
			if got := CompareVersions(a, b); got != want {
				t.Errorf("%q against %q: %d, want %s", a, b, got, op)
			}
			if got := CompareVersions(b, a); got != -want {
				t.Errorf("%q against %q: %d, the other way round than before", b, a, got)
			}
		}
	}
}

// The order is one: of any three versions each stands in one place.
func TestVersionsHaveOneOrder(t *testing.T) {
	text := rapid.StringMatching(`v?[0-9]{0,3}([.\-_]?([0-9]{1,3}|0|p|rc|beta|a|b|dev|u)){0,5}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := text.Draw(t, "a"), text.Draw(t, "b"), text.Draw(t, "c")
		ab, ba, bc, ac := CompareVersions(a, b), CompareVersions(b, a), CompareVersions(b, c), CompareVersions(a, c)
		if CompareVersions(a, a) != 0 {
			t.Fatalf("%q is not itself", a)
		}
		if ab != -ba {
			t.Fatalf("%q, %q: %d one way, %d the other", a, b, ab, ba)
		}
		if ab <= 0 && bc <= 0 && ac > 0 {
			t.Fatalf("%q ≤ %q ≤ %q, but not the first and the last", a, b, c)
		}
		if ab == 0 && ac != bc {
			t.Fatalf("%q = %q, but not beside %q", a, b, c)
		}
	})
}

// A further number makes a version later, and so does a zero not.
func TestVersionsGrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.StringMatching(`[1-9][0-9]{0,4}(\.[0-9]{1,4}){0,3}`).Draw(t, "v")
		if CompareVersions(v, v+".1") >= 0 || CompareVersions(v, v+"p1") >= 0 || CompareVersions(v, v+"rc1") <= 0 || CompareVersions(v, v+".0") != 0 {
			t.Fatalf("%q is out of order beside its successors", v)
		}
	})
}

func TestCPE(t *testing.T) {
	for text, want := range map[string]string{
		"cpe:/a:openbsd:openssh:7.4p1":                       "cpe:2.3:a:openbsd:openssh:7.4p1:*:*:*:*:*:*:*",
		"cpe:/a:apache:http_server:2.4.6:rc1":                "cpe:2.3:a:apache:http_server:2.4.6:rc1:*:*:*:*:*:*",
		"cpe:/o:microsoft:windows_10:-":                      "cpe:2.3:o:microsoft:windows_10:-:*:*:*:*:*:*:*",
		"cpe:/a:some%20one:c%2b%2b":                          `cpe:2.3:a:some\ one:c\+\+:*:*:*:*:*:*:*:*`,
		`cpe:2.3:a:joomla:joomla\!:3.0:*:*:*:*:*:*:*`:        `cpe:2.3:a:joomla:joomla\!:3.0:*:*:*:*:*:*:*`,
		`CPE:2.3:A:Vendor:pro\:duct:1.0:-:*:*:*:*:*:*`:       `cpe:2.3:a:vendor:pro\:duct:1.0:-:*:*:*:*:*:*`,
		"cpe:/a:vendor:product:1.0::~~~wordpress~~":          "cpe:2.3:a:vendor:product:1.0:*:*:*:*:*:*:*",
		"cpe:/x:vendor:product":                              "",
		"cpe:/a:vendor":                                      "",
		"cpe:2.3:a::product:1":                               "",
		"openssh 7.4":                                        "",
		"cpe:/a:" + strings.Repeat("x", maxCPE) + ":product": "",
	} {
		c, ok := ParseCPE(text)
		switch {
		case !ok && want != "", ok && c.String() != want:
			t.Errorf("%s: %v %v, want %s", text, c, ok, want)
		case ok:
			if again, ok := ParseCPE(want); !ok || again != c {
				t.Errorf("%s is read back as %v", want, again)
			}
		}
	}
}

func TestSpansCover(t *testing.T) {
	l := &loader{targets: map[string][]*target{}}
	for _, c := range []struct {
		version, criteria          string
		startIn, startEx, endIn, e string
		want                       bool
	}{
		{"2.4.49", "a:b:*:*", "", "", "", "2.4.50", true},
		{"2.4.50", "a:b:*:*", "", "", "", "2.4.50", false},
		{"2.4.50", "a:b:*:*", "", "", "2.4.50", "", true},
		{"2.4.0", "a:b:*:*", "2.4", "", "", "", true},
		{"2.4.0", "a:b:*:*", "", "2.4", "", "", false},
		{"2.4.1", "a:b:*:*", "", "2.4", "2.4.1", "", true},
		{"9.9.9", "a:b:*:*", "", "", "", "", true},
		{"1.2", "a:b:1.2:*", "", "", "", "", true},
		{"1.2p1", "a:b:1.2:*", "", "", "", "", true},
		{"1.2p1", "a:b:1.2:-", "", "", "", "", false},
		{"1.2p1", "a:b:1.2:p1", "", "", "", "", true},
		{"1.2", "a:b:1.2:p1", "", "", "", "", false},
		{"1.0.2a", "a:b:1.0.2:*", "", "", "", "", false},
		{"1.2", "a:b:-:*", "", "", "", "", false},
		{"1.2rc1", "a:b:*:*", "", "", "", "1.2", true},
		{"9.9.4-P1", "a:b:*:*", "", "", "9.9.4", "", false},
		{"8.5p1", "openbsd:openssh:*:*", "", "", "8.5", "", true},
		{"9.8p1", "openbsd:openssh:*:*", "8.6", "", "", "9.8", false},
		{"8.5p1", "openbsd:openssh:8.5:-", "", "", "", "", true},
	} {
		name, _ := ParseCPE("cpe:2.3:a:" + c.criteria + ":*:*:*:*:*:*")
		product := name
		product.Version, product.Update = strings.ToLower(c.version), ""
		m := nvdMatch{VersionStartIncluding: c.startIn, VersionStartExcluding: c.startEx, VersionEndIncluding: c.endIn, VersionEndExcluding: c.e}
		s := m.span(&name)
		if got := s.covers(l.target(&product, "")); got != c.want {
			t.Errorf("%s in %s from %s%s to %s%s: %v", c.version, c.criteria, c.startIn, c.startEx, c.endIn, c.e, got)
		}
	}
}
