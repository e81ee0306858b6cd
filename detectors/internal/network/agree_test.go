package network_test

import (
	"net/netip"
	"testing"

	"seine/detectors/internal/network"
	"seine/flow"
	"seine/flow/where"
)

// What conditions call internal is what detectors take for internal, but for
// the loopback addresses, which are of no network.
func TestConditionsAgreeOnWhatIsInternal(t *testing.T) {
	n := network.New(nil)
	ranges := where.DefaultInternal()
	inside := func(a netip.Addr) bool {
		for _, p := range ranges {
			if p.Contains(a) {
				return true
			}
		}
		return false
	}
	var all []netip.Addr
	for _, p := range append(ranges, netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("ff02::/16")) {
		first, last := p.Addr(), lastOf(p)
		all = append(all, first, last, first.Prev(), last.Next())
	}
	for _, a := range all {
		if !a.IsValid() || a.IsLoopback() {
			continue
		}
		addr, err := flow.ParseAddr([]byte(a.String()))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := n.Kind(addr).Internal(), inside(a); got != want {
			t.Errorf("%s: internal to detectors %v, to conditions %v", a, got, want)
		}
	}
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
