package geo

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"seine/flow/enrich/provenance"
)

// A number is an address as a number, IPv4 in the lower half.
type number struct{ hi, lo uint64 }

func numberOf(ip netip.Addr) number {
	if ip.Is4() {
		b := ip.As4()
		return number{0, uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := ip.As16()
	return number{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (n number) compare(m number) int {
	if n.hi != m.hi {
		return cmp.Compare(n.hi, m.hi)
	}
	return cmp.Compare(n.lo, m.lo)
}

// next is n+1; of the highest it is 0.
func (n number) next() number {
	n.lo++
	if n.lo == 0 {
		n.hi++
	}
	return n
}

func (n number) previous() number {
	if n.lo == 0 {
		n.hi--
	}
	n.lo--
	return n
}

// A stretch is the addresses from lo to hi, of which a line says something.
type stretch struct {
	lo, hi number
	says   uint32 // number of the statement
	line   uint32
}

// A listing is the content of one CSV file.
type listing struct {
	entry     provenance.Entry
	four, six []stretch // disjoint and rising, once settled
	says      []statement
}

func (l *listing) source() *provenance.Entry { return &l.entry }

// settle makes the stretches disjoint. Where several hold an address, the
// narrowest says what is so; of equal ones the first.
func (l *listing) settle() {
	l.four, l.six = disjoint(l.four), disjoint(l.six)
}

func disjoint(all []stretch) []stretch {
	slices.SortStableFunc(all, func(a, b stretch) int {
		return cmp.Or(a.lo.compare(b.lo), b.hi.compare(a.hi))
	})
	all = slices.CompactFunc(all, func(a, b stretch) bool { return a.lo == b.lo && a.hi == b.hi })
	apart := true
	for i := 1; i < len(all) && apart; i++ {
		apart = all[i-1].hi.compare(all[i].lo) < 0
	}
	if apart { // nearly every file
		return slices.Clip(all)
	}
	// Wide ones begin first and stay open under those within them. What ends
	// later than the one around it goes on alone.
	var out, open []stretch
	var at number // begin of what has not been written of the open ones
	done := false // at has passed the highest address
	emit := func(s stretch, to number) {
		if !done && at.compare(to) <= 0 {
			out = append(out, stretch{at, to, s.says, s.line})
			at = to.next()
			done = at == number{}
		}
	}
	for _, s := range all {
		for n := len(open); n > 0 && open[n-1].hi.compare(s.lo) < 0; n = len(open) {
			emit(open[n-1], open[n-1].hi)
			open = open[:n-1]
		}
		if n := len(open); n > 0 && open[n-1].lo.compare(s.lo) < 0 && at.compare(s.lo) < 0 {
			emit(open[n-1], s.lo.previous())
		}
		at = s.lo
		open = append(open, s)
	}
	for n := len(open); n > 0; n = len(open) {
		emit(open[n-1], open[n-1].hi)
		open = open[:n-1]
	}
	return out
}

func (l *listing) find(ip netip.Addr) (s statement, line int, err error) {
	all := l.six
	if ip.Is4() {
		all = l.four
	}
	v := numberOf(ip)
	i, ok := slices.BinarySearchFunc(all, v, func(s stretch, v number) int {
		switch {
		case s.hi.compare(v) < 0:
			return -1
		case s.lo.compare(v) > 0:
			return 1
		}
		return 0
	})
	if !ok {
		return s, 0, nil
	}
	return l.says[all[i].says], int(all[i].line), nil
}
