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
	for text, want := range map[string]flow.AddrKind{
		"10.1.2.3": flow.AddrInternal, "172.16.0.1": flow.AddrInternal, "172.32.0.1": 0, "192.168.255.1": flow.AddrInternal, "100.64.0.9": flow.AddrInternal,
		"100.128.0.9": 0, "192.0.2.77": flow.AddrInternal, "198.51.100.1": 0, "203.0.113.255": 0, "10.0.0.255": flow.AddrInternal | flow.AddrBroadcast,
		"10.0.4.0": flow.AddrInternal | flow.AddrBroadcast, "255.255.255.255": flow.AddrBroadcast, "224.0.0.251": flow.AddrMulticast, "239.255.255.250": flow.AddrMulticast,
		"169.254.7.7": flow.AddrLinkLocal | flow.AddrInternal, "127.0.0.1": flow.AddrLoopback, "0.0.0.0": flow.AddrUnspecified, "240.0.0.1": flow.AddrReserved,
		"::": flow.AddrUnspecified, "::1": flow.AddrLoopback, "fe80::1": flow.AddrLinkLocal | flow.AddrInternal, "febf::1": flow.AddrLinkLocal | flow.AddrInternal, "fec0::1": 0,
		"fd00::1": flow.AddrInternal, "ff02::fb": flow.AddrMulticast, "2001:db8::1": 0, "2001:db8:1::1": flow.AddrInternal, "100::5": flow.AddrReserved,
		"::ffff:10.0.0.1": 0,
	} {
		if got := n.Kind(addr(t, text)); got != want {
			t.Errorf("%s is %b, want %b", text, got, want)
		}
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
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range 200_000 {
			v := rng.Uint32()
			switch i % 4 {
			case 0:
				v |= 0xff
			case 1:
				v &^= 0xff
			}
			a := flow.AddrFrom4(v)
			if got, want := n.Kind(a), n.examine(a); got != want {
				t.Fatalf("internal %v: %s is %b, want %b", extra, a, got, want)
			}
		}
	}
}
