package intel

import (
	"bytes"
	"net/netip"
	"strconv"

	"seine/flow"
)

// endpoint reads "198.51.100.7", "198.51.100.0/24", "198.51.100.7:443",
// "[2001:db8::1]:443", and URLs with an address for a host.
func endpoint(w []byte) (p netip.Prefix, port uint16, proto flow.Proto, ok bool) {
	if len(w) < 2 || len(w) > 2048 {
		return p, 0, 0, false
	}
	if a, err := flow.ParseAddr(w); err == nil && !a.IsName() {
		n := a.Netip()
		return netip.PrefixFrom(n, n.BitLen()), 0, 0, true
	}
	if at := bytes.Index(w, []byte("://")); at > 0 {
		return urlHost(w[:at], w[at+3:])
	}
	if len(w) > 64 {
		return p, 0, 0, false
	}
	if bytes.IndexByte(w, '/') > 0 {
		p, err := netip.ParsePrefix(string(w))
		return p.Masked(), 0, 0, err == nil
	}
	if ap, err := netip.ParseAddrPort(string(w)); err == nil && ap.Addr().Zone() == "" {
		return netip.PrefixFrom(ap.Addr(), ap.Addr().BitLen()), ap.Port(), 0, true
	}
	return p, 0, 0, false
}

// urlHost reads the host of a URL, if it is an address.
func urlHost(scheme, rest []byte) (p netip.Prefix, port uint16, proto flow.Proto, ok bool) {
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	if i := bytes.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	switch string(bytes.ToLower(scheme)) {
	case "http":
		port = 80
	case "https":
		port = 443
	case "ftp":
		port = 21
	case "tcp":
	default:
		return p, 0, 0, false
	}
	if len(rest) > 64 {
		return p, 0, 0, false
	}
	if ap, err := netip.ParseAddrPort(string(rest)); err == nil && ap.Addr().Zone() == "" {
		return netip.PrefixFrom(ap.Addr(), ap.Addr().BitLen()), ap.Port(), flow.TCP, true
	}
	rest = bytes.Trim(rest, "[]")
	a, err := netip.ParseAddr(string(rest))
	if err != nil || a.Zone() != "" {
		return p, 0, 0, false
	}
	return netip.PrefixFrom(a, a.BitLen()), port, flow.TCP, true
}

// ranges reads "198.51.100.0 - 198.51.100.255", without blanks too, and lines
// of DShield: first address, last address, length of the prefix.
func (rd *reading) ranges(line []byte, it *item) bool {
	from, to, ok := bytes.Cut(line, []byte("-"))
	if ok && len(from) <= 64 {
		a, errA := flow.ParseAddr(bytes.TrimSpace(from))
		b, errB := flow.ParseAddr(firstWord(bytes.TrimSpace(to)))
		if errA == nil && errB == nil && !a.IsName() && !b.IsName() {
			rd.spread(a.Netip(), b.Netip(), line, it)
			return true
		}
	}
	words := bytes.Fields(line[:min(len(line), 128)])
	if len(words) < 3 {
		return false
	}
	bits, err := strconv.Atoi(string(words[2]))
	a, errA := flow.ParseAddr(words[0])
	b, errB := flow.ParseAddr(words[1])
	if err != nil || errA != nil || errB != nil || a.IsName() || b.IsName() || bits < 8 || bits > a.Netip().BitLen() {
		return false
	}
	p := netip.PrefixFrom(a.Netip(), bits).Masked()
	if p.Addr() != a.Netip() || !p.Contains(b.Netip()) {
		return false
	}
	it.port, it.proto = 0, 0
	rd.t.add(p, rd.f, it)
	return true
}

// spread takes a range of addresses as the prefixes that it consists of.
func (rd *reading) spread(a, b netip.Addr, line []byte, it *item) {
	if a.BitLen() != b.BitLen() || b.Less(a) {
		rd.f.bad(it.line, string(line), "a range that ends before it begins")
		return
	}
	it.port, it.proto = 0, 0
	for range 256 { // a range is 254 prefixes at most
		n := a.BitLen()
		for n > 0 {
			p, err := a.Prefix(n - 1)
			if err != nil || p.Addr() != a || b.Less(lastOf(p)) {
				break
			}
			n--
		}
		p := netip.PrefixFrom(a, n)
		rd.t.add(p, rd.f, it)
		last := lastOf(p)
		if last == b || !last.Next().IsValid() {
			return
		}
		a = last.Next()
	}
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().As16()
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	for i := range b {
		switch free := 8*(i+1) - bits; {
		case free >= 8:
			b[i] = 0xff
		case free > 0:
			b[i] |= 1<<free - 1
		}
	}
	a := netip.AddrFrom16(b)
	if p.Addr().Is4() {
		a = a.Unmap()
	}
	return a
}
