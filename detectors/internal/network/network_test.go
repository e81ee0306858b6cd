package network

import (
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
	if v := k.At(7, addr(t, "10.0.0.1")); !v.Internal() || !v.Machine() || v.External() {
		t.Errorf("10.0.0.1 is %b", v)
	}
	if v := k.At(7, addr(t, "198.51.100.1")); !v.Internal() {
		t.Error("the kind of host 7 was worked out again")
	}
	k.Forget([]flow.Host{7, 900})
	if v := k.At(7, addr(t, "198.51.100.1")); !v.External() {
		t.Errorf("after Forget, 198.51.100.1 is %b", v)
	}
}
