package flow_test

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"seine/flow"
)

func parseAddr(t *testing.T, text string) flow.Addr {
	t.Helper()
	a, err := flow.ParseAddr([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return a
}

func TestAddressesPrintInTheirShortestForm(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"0.0.0.0", "0.0.0.0"},
		{"192.0.2.7", "192.0.2.7"},
		{"255.255.255.255", "255.255.255.255"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
		{"fe80::1", "fe80::1"},
		{"::", "::"},
		{"::1", "::1"},
		{"::192.0.2.7", "::c000:207"},
		{"64:ff9b::192.0.2.7", "64:ff9b::c000:207"},
		{"::ffff:192.0.2.7", "::ffff:192.0.2.7"},
		{"::FFFF:c000:0207", "::ffff:192.0.2.7"},
		{"ff02::fb", "ff02::fb"},
		{"ff00::1", "ff00::1"},
	} {
		a := parseAddr(t, test.text)
		if got := a.String(); got != test.want {
			t.Errorf("%q: String gives %q, want %q", test.text, got, test.want)
		}
		if got := string(a.AppendTo([]byte("x"))); got != "x"+test.want {
			t.Errorf("%q: AppendTo gives %q", test.text, got)
		}
		if again := parseAddr(t, a.String()); again != a {
			t.Errorf("%q: reading it back gives %v", test.text, again)
		}
		if n, want := a.Netip(), netip.MustParseAddr(test.text); n != want {
			t.Errorf("%q: Netip gives %v", test.text, n)
		}
	}
}

func TestIPv4AndItsMappedSpellingAreTwoAddresses(t *testing.T) {
	four, mapped := parseAddr(t, "10.0.0.1"), parseAddr(t, "::ffff:10.0.0.1")
	if four == mapped {
		t.Fatal("they are equal")
	}
	if !four.Is4() || four.Is4In6() || mapped.Is4() || !mapped.Is4In6() {
		t.Errorf("Is4 %v %v, Is4In6 %v %v", four.Is4(), mapped.Is4(), four.Is4In6(), mapped.Is4In6())
	}
	if !mapped.Netip().Is4In6() || !four.Netip().Is4() {
		t.Error("package netip sees them otherwise")
	}
	if got := four.Uint32(); got != 10<<24|1 {
		t.Errorf("Uint32 gives %#x", got)
	}
	if flow.AddrFrom4(10<<24|1) != four {
		t.Error("AddrFrom4 gives another address")
	}
	if again, err := flow.AddrFrom16(mapped.Netip().As16()); err != nil || again != mapped {
		t.Errorf("AddrFrom16 gives %v, %v", again, err)
	}
}

func TestTextsThatAreNoAddressAreRefused(t *testing.T) {
	for _, text := range []string{
		"", " ", "-", "10.0.0", "10.0.0.256", "10.0.0.1.", "10.0.0.01", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:80", "1.2.3.4/32",
		"fe80::1%eth0", "::%1", "1.2.3.4%1", "::g", ":::", "1::2::3", "[::1]", "host.example", "00:00:00:00:00:00",
		"ff00::ffff:10.0.0.1", // where the mapped spelling is kept
		"ff00:0:0:0:0:ffff:a00:1",
		"2001:db8:0000000000000000000000000000000000000000000000000000000000000001::",
	} {
		if a, err := flow.ParseAddr([]byte(text)); err == nil {
			t.Errorf("%q was read as %v", text, a)
		}
	}
	if _, err := flow.AddrFromNetip(netip.Addr{}); err == nil {
		t.Error("the zero netip.Addr was taken")
	}
	if _, err := flow.AddrFromNetip(netip.MustParseAddr("fe80::1%eth0")); err == nil {
		t.Error("a zone was taken")
	}
}

func TestNamesStandInForAddresses(t *testing.T) {
	seen := map[flow.Addr]string{}
	for name, want := range map[string]string{
		"EXT_SERVER": "EXT_SERVER", "10008_34": "10008_34", "10008_35": "10008_35", "DNS": "DNS", "ATTACKER1": "ATTACKER1",
		"7-a": "7-a", "thirteen_byte": "thirteen_byte",
		"fourteen_bytes": "fourt~916f9f177c002459", "fourteen_byteS": "fourt~916fbf177c005ab9",
		"1234567890_1234": "12345~5f9f8ee3162e4801",
	} {
		a, ok := flow.NameAddr([]byte(name))
		if !ok {
			t.Fatalf("%q was refused", name)
		}
		if other, ok := seen[a]; ok {
			t.Errorf("%q and %q are one", name, other)
		}
		seen[a] = name
		if a.String() != want || string(a.AppendTo([]byte("x"))) != "x"+want {
			t.Errorf("%q is shown as %q, want %q", name, a, want)
		}
		if again, ok := flow.NameAddr([]byte(a.String())); !ok || again != a {
			t.Errorf("%q, shown as %q, is read back as %v", name, a, again)
		}
		if !a.IsName() || a.Is4() || a.Is4In6() || a.Private() || a.Netip().IsValid() {
			t.Errorf("%q passes for an address", name)
		}
		if b, err := flow.AddrFrom16(a); err == nil {
			t.Errorf("the bytes of %q were taken for an address, %v", name, b)
		}
		text := netip.AddrFrom16(a).String()
		if b, err := flow.ParseAddr([]byte(text)); err == nil {
			t.Errorf("%s, which is where %q lives, was read as %v", text, name, b)
		}
	}
	for _, name := range []string{
		"", "-", "_", "-a", "=1", "12", "10.0.0.300", "10.0.0", "fe80::x", "a b", "a\x00", "\x1b[m", "é", strings.Repeat("a", 256),
		"fourt~916f9f177c00245", "fourt~916f9f177c0024590", "four~916f9f177c002459", "fourt~916f9f177c00245x", "f\x00urt~916f9f177c002459",
		"a~b",
	} {
		if a, ok := flow.NameAddr([]byte(name)); ok {
			t.Errorf("%q was taken for a name, %v", name, a)
		}
	}
	for _, text := range []string{"::1", "ff00::1", "ff02::fb", "::ffff:192.0.2.1", "192.0.2.1", "2001:db8::1"} {
		if a := parseAddr(t, text); a.IsName() {
			t.Errorf("%s passes for a name", text)
		}
	}
}

func TestPrivateMeansTheRangesOfRFC1918And4193(t *testing.T) {
	for text, want := range map[string]bool{
		"9.255.255.255": false, "10.0.0.0": true, "10.255.255.255": true, "11.0.0.0": false,
		"172.15.255.255": false, "172.16.0.0": true, "172.31.255.255": true, "172.32.0.0": false,
		"192.167.255.255": false, "192.168.0.0": true, "192.168.255.255": true, "192.169.0.0": false,
		"127.0.0.1": false, "169.254.1.1": false, "0.0.0.0": false, "100.64.0.1": false,
		"fbff::1": false, "fc00::": true, "fdff:ffff::1": true, "fe00::": false, "fe80::1": false,
		"::1": false, "::ffff:10.0.0.1": false, "::10.0.0.1": false,
	} {
		a := parseAddr(t, text)
		if a.Private() != want {
			t.Errorf("%s: Private is %v", text, !want)
		}
	}
}

// Every address of package netip without a zone goes in and comes out again,
// and no two of them meet.
func TestAddressesKeepTheirIdentity(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	seen := map[flow.Addr]netip.Addr{}
	for range 100_000 {
		var b [16]byte
		for i := range b {
			b[i] = []byte{0, 0, 0xff, 1, byte(rng.Uint32())}[rng.IntN(5)]
		}
		n := netip.AddrFrom16(b)
		switch rng.IntN(4) {
		case 0:
			n = netip.AddrFrom4([4]byte(b[12:]))
		case 1:
			n = netip.AddrFrom16(netip.AddrFrom4([4]byte(b[12:])).As16())
		}
		a, err := flow.AddrFromNetip(n)
		if err != nil {
			if b[0] != 0xff || n.Is4() {
				t.Fatalf("%v: %v", n, err)
			}
			continue
		}
		if a.Netip() != n {
			t.Fatalf("%v came out as %v", n, a.Netip())
		}
		if other, ok := seen[a]; ok && other != n {
			t.Fatalf("%v and %v are one", n, other)
		}
		seen[a] = n
		if again := parseAddr(t, a.String()); again != a {
			t.Fatalf("%v printed as %q is read as %v", n, a.String(), again)
		}
	}
}

func FuzzParseAddr(f *testing.F) {
	for _, s := range []string{"1.2.3.4", "::1", "::ffff:1.2.3.4", "fe80::1%a", "ff00::ffff:0:0", "01.2.3.4", "1.2.3.4."} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := flow.ParseAddr(b)
		n, nerr := netip.ParseAddr(string(b))
		if err == nil && (nerr != nil || a.Netip() != n) {
			t.Fatalf("%q: read %v; netip says %v, %v", b, a, n, nerr)
		}
		if err != nil && nerr == nil && n.Zone() == "" && n.As16()[0] != 0xff && len(b) <= 64 {
			t.Fatalf("%q: %v; netip says %v", b, err, n)
		}
	})
}

func FuzzNameAddr(f *testing.F) {
	for _, s := range []string{"DNS", "10008_34", "fourteen_bytes", "fourt~916f9f177c002459", "a~b", "12345~0000000000000000", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, name []byte) {
		a, ok := flow.NameAddr(name)
		if !ok {
			if a != (flow.Addr{}) {
				t.Fatalf("%q was refused and gives %v", name, a)
			}
			return
		}
		if _, err := flow.ParseAddr(name); err == nil {
			t.Fatalf("%q is an address", name)
		}
		if again, ok := flow.NameAddr([]byte(a.String())); !ok || again != a || !a.IsName() {
			t.Fatalf("%q is shown as %q, which gives %v, %v", name, a, again, ok)
		}
		if len(name) <= 13 && a.String() != string(name) {
			t.Fatalf("%q is shown as %q", name, a)
		}
	})
}
