package network

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"seine/flow"
)

func addr(t *testing.T, text string) flow.Addr {
	t.Helper()
	a, err := flow.ParseAddr([]byte(text))
	if err != nil {
		t.Fatal(text, err)
	}
	return a
}

func TestAddressesAreWhatTheirRangesSay(t *testing.T) {
	n := New([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8:1::/48")})
	for text, want := range map[string]Kind{
		"10.1.2.3": Internal, "172.16.0.1": Internal, "172.32.0.1": 0, "192.168.255.1": Internal, "100.64.0.9": Internal,
		"100.128.0.9": 0, "192.0.2.77": Internal, "198.51.100.1": 0, "203.0.113.255": 0, "10.0.0.255": Internal | Broadcast,
		"10.0.4.0": Internal | Broadcast, "255.255.255.255": Broadcast, "224.0.0.251": Multicast, "239.255.255.250": Multicast,
		"169.254.7.7": LinkLocal | Internal, "127.0.0.1": Loopback, "0.0.0.0": Unspecified, "240.0.0.1": Reserved,
		"::": Unspecified, "::1": Loopback, "fe80::1": LinkLocal | Internal, "febf::1": LinkLocal | Internal, "fec0::1": 0,
		"fd00::1": Internal, "ff02::fb": Multicast, "2001:db8::1": 0, "2001:db8:1::1": Internal, "100::5": Reserved,
		"::ffff:10.0.0.1": 0,
	} {
		if got := n.Kind(addr(t, text)); got != want|Known {
			t.Errorf("%s is %b, want %b", text, got, want|Known)
		}
	}
}

func TestKindsAreRememberedUntilForgotten(t *testing.T) {
	k := New(nil).Remember()
	if v := k.At(7, addr(t, "192.168.0.1")); !v.Internal() || !v.Machine() || v.External() {
		t.Errorf("192.168.0.1 is %b", v)
	}
	if v := k.At(7, addr(t, "192.0.2.1")); !v.Internal() {
		t.Error("the kind of host 7 was worked out again")
	}
	k.Forget([]flow.Host{7, 900})
	if v := k.At(7, addr(t, "192.0.2.1")); !v.External() {
		t.Errorf("after Forget, 192.0.2.1 is %b", v)
	}
}

// What the first byte of an address tells is what the whole address is.
func TestTheFirstByteTellsTheTruth(t *testing.T) {
	for _, extra := range [][]string{
		nil, {"192.0.2.0/24", "10.0.0.0/16", "2001:db8::/32"}, {"198.0.0.0/7"}, {"0.0.0.0/0"}, {"203.0.113.7/32", "255.0.0.0/8", "224.0.0.0/3"},
	} {
		var ps []netip.Prefix
		for _, p := range extra {
			ps = append(ps, netip.MustParsePrefix(p))
		}
		n := New(ps)
		k, rng, told := n.Remember(), rand.New(rand.NewPCG(1, 2)), 0
		for i := range 200_000 {
			v := rng.Uint32()
			switch i % 4 {
			case 0:
				v |= 0xff
			case 1:
				v &^= 0xff
			}
			a := flow.AddrFrom4(v)
			if n.top(&a) != 0 {
				told++
			}
			if got, want := k.At(flow.Host(i+1), a), n.Kind(a); got != want {
				t.Fatalf("internal %v: %s is %b, want %b", extra, a, got, want)
			}
		}
		if extra == nil && told < 190_000 {
			t.Errorf("the first byte told the kind of %d of 200000 addresses", told)
		}
	}
}
