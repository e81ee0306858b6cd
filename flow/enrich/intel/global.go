package intel

import (
	"net/netip"

	"seine/flow"
)

// Global reports whether an address can be that of a machine on the Internet,
// so that lists can tell something of it: not private, shared by carriers,
// loopback, link-local, multicast, for benchmarks, or reserved. The networks
// for documentation (RFC 5737, RFC 3849) count as global: nobody has them, and
// examples and tests are made of them.
func Global(a flow.Addr) bool {
	if a.Is4() {
		return global4(a.Uint32())
	}
	if a.Is4In6() {
		return global4(a.Uint32())
	}
	return a[0]>>5 == 1 || nat64.Contains(a.Netip())
}

func global4(v uint32) bool {
	switch v >> 24 {
	case 0, 10, 127:
		return false
	case 100:
		return v>>22 != 100<<2|1
	case 169:
		return v>>16 != 169<<8|254
	case 172:
		return v>>20 != 0xac1
	case 192:
		return v>>16 != 0xc0a8 && v>>8 != 192<<16
	case 198:
		return v>>17 != 198<<7|9
	}
	return v>>28 < 0xe
}

var (
	nat64    = netip.MustParsePrefix("64:ff9b::/96")
	unicast  = netip.MustParsePrefix("2000::/3")
	mapped   = netip.MustParsePrefix("::ffff:0:0/96")
	special4 = prefixesOf("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3")
)

func prefixesOf(texts ...string) (ps []netip.Prefix) {
	for _, t := range texts {
		ps = append(ps, netip.MustParsePrefix(t))
	}
	return ps
}

// globalPrefix reports whether p holds any global address.
func globalPrefix(p netip.Prefix) bool {
	if p.Addr().Is6() {
		if p.Bits() >= mapped.Bits() && mapped.Contains(p.Addr()) {
			b := p.Addr().As16()
			p = netip.PrefixFrom(netip.AddrFrom4([4]byte(b[12:])), p.Bits()-mapped.Bits())
		} else {
			return p.Overlaps(unicast) || p.Overlaps(nat64) || p.Overlaps(mapped)
		}
	}
	for _, s := range special4 {
		if s.Bits() <= p.Bits() && s.Contains(p.Addr()) {
			return false
		}
	}
	return true
}

// Prefixes as wide as these say nothing of any address in them.
const (
	widest4 = 7  // 0.0.0.0/7 holds 33 million addresses
	widest6 = 15 // 2000::/15
)

// tooWide reports whether p covers a part of the Internet that no list of
// machines can mean.
func tooWide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() <= widest4
	}
	if mapped.Contains(p.Addr()) && p.Bits() >= mapped.Bits() {
		return p.Bits()-mapped.Bits() <= widest4
	}
	return p.Bits() <= widest6
}
