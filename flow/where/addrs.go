package where

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"seine/flow"
)

// wide is an IPv6 address as a number.
type wide struct{ hi, lo uint64 }

func wideOf(b [16]byte) wide {
	return wide{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (a wide) compare(b wide) int {
	if a.hi != b.hi {
		return order(a.hi, b.hi)
	}
	return order(a.lo, b.lo)
}

type wideSpan struct{ lo, hi wide }

// addrs is a set of addresses. IPv4 and IPv6 are apart: '::/0' has no IPv4
// address in it, nor has '0.0.0.0/0' one that was spelled ::ffff:a.b.c.d.
type addrs struct {
	four []span[uint64]
	six  []wideSpan
}

// add adds the addresses from lo to hi, of one family.
func (s *addrs) add(lo, hi netip.Addr) {
	if lo.Is4() {
		a, b := lo.As4(), hi.As4()
		s.four = append(s.four, span[uint64]{uint64(binary.BigEndian.Uint32(a[:])), uint64(binary.BigEndian.Uint32(b[:]))})
		return
	}
	s.six = append(s.six, wideSpan{wideOf(lo.As16()), wideOf(hi.As16())})
}

func (s *addrs) addPrefix(p netip.Prefix) { s.add(p.Masked().Addr(), last(p)) }

// last is the highest address of a prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// settle sorts and joins the spans; after that the set may be asked.
func (s *addrs) settle() *addrs {
	s.four = merge(s.four)
	slices.SortFunc(s.six, func(a, b wideSpan) int { return a.lo.compare(b.lo) })
	var six []wideSpan
	for _, x := range s.six {
		if n := len(six); n > 0 && x.lo.compare(six[n-1].hi) <= 0 {
			if x.hi.compare(six[n-1].hi) > 0 {
				six[n-1].hi = x.hi
			}
			continue
		}
		six = append(six, x)
	}
	s.six = six
	return s
}

func (s *addrs) has(a *flow.Addr) bool {
	if a.Is4() {
		v := uint64(a.Uint32())
		i, j := 0, len(s.four)
		for i < j {
			if m := int(uint(i+j) >> 1); s.four[m].hi < v {
				i = m + 1
			} else {
				j = m
			}
		}
		return i < len(s.four) && s.four[i].lo <= v
	}
	if len(s.six) == 0 || a.IsName() { // a name lies in no network
		return false
	}
	b := *a
	if a.Is4In6() {
		b[0] = 0
	}
	v := wideOf(b)
	i, j := 0, len(s.six)
	for i < j {
		if m := int(uint(i+j) >> 1); s.six[m].hi.compare(v) < 0 {
			i = m + 1
		} else {
			j = m
		}
	}
	return i < len(s.six) && s.six[i].lo.compare(v) <= 0
}

// setOf makes a set of prefixes.
func setOf(prefixes ...netip.Prefix) *addrs {
	s := new(addrs)
	for _, p := range prefixes {
		if p.IsValid() {
			s.addPrefix(p)
		}
	}
	return s.settle()
}

func mustPrefixes(texts ...string) (ps []netip.Prefix) {
	for _, t := range texts {
		ps = append(ps, netip.MustParsePrefix(t))
	}
	return ps
}

// parseAddr reads one address.
func parseAddr(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	switch {
	case err != nil && strings.Contains(text, "/"):
		return a, fmt.Errorf("'%s' is a prefix; \"in\" asks for the addresses in it", text)
	case err != nil:
		return a, fmt.Errorf("'%s' is no address", text)
	case a.Zone() != "":
		return a, errors.New("an address in a flow has no zone")
	}
	if _, err := flow.AddrFromNetip(a); err != nil {
		return a, fmt.Errorf("'%s' stands for no host: %w", text, err)
	}
	return a, nil
}

// parseAddrs reads an address or a prefix without host bits.
func parseAddrs(text string) (lo, hi netip.Addr, err error) {
	if !strings.Contains(text, "/") {
		lo, err = parseAddr(text)
		return lo, lo, err
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return lo, hi, fmt.Errorf("'%s' is no prefix; one is written '10.0.0.0/8'", text)
	case p != p.Masked():
		return lo, hi, fmt.Errorf("'%s' has bits set behind its length; write '%v', or '%v' for the one address",
			text, p.Masked(), p.Addr())
	}
	return p.Addr(), last(p), nil
}

// looksLikeAddress reports whether a bare word was meant as an address or
// prefix.
func looksLikeAddress(s string) bool {
	s, _, _ = strings.Cut(s, "/")
	_, err := netip.ParseAddr(s)
	return err == nil
}
