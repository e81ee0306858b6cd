package requestburst

import (
	"math"

	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// A door lets in what has come before since it was last cleared, a bit for each
// that did: most of those who ask a service once never do again.
type door [1 << 14]uint64

// bit is the number of the bit of k.
func bit(k pairmap.Key) uint64 {
	h := (uint64(k.Src)<<32|uint64(k.Dst))*0x9e3779b97f4a7c15 ^ uint64(k.Port)*0xd6e8feb86659fd93
	return (h ^ h>>29) * 0xbf58476d1ce4e5b9 >> 44
}

// place is where the bit of k lies, for detectors.Prefetch.
func (d *door) place(k pairmap.Key) *uint64 { return &d[bit(k)>>6] }

// again reports whether k has come before, or another with the same bit.
func (d *door) again(k pairmap.Key) bool {
	h := bit(k)
	before := d[h>>6]>>(h&63)&1 != 0
	d[h>>6] |= 1 << (h & 63)
	return before
}

// A pair is a source and a service that it asks.
type pair struct {
	start, last  flow.Time // of the window; the last session
	since, found flow.Time // of the burst
	n, small     uint32    // sessions of the window, and small ones
	total, told  uint32    // sessions of the burst, also when it was told
	sizes        [4]size
	src, dst     float32 // running means of small requests and their answers, in bytes
	mean         float32 // of the seconds between sessions (Welford, 1962)
	squares      float32
	gaps         uint32
	shown        exhibit.Case
	port         uint16 // that the source used last
	burst        bool
}

// A size is a cluster of requests: multiples of 64 bytes, and how many.
type size struct {
	src, dst uint16
	n        uint32
}

// take counts a session.
func (p *pair) take(r *flow.Record, small bool) {
	if p.n == 0 {
		p.start = r.Start
		if !p.burst {
			p.gaps, p.mean, p.squares, p.src, p.dst = 0, 0, 0, 0, 0
		}
	} else {
		if gap := r.Start - p.last; gap >= 0 {
			p.gaps++
			x := float32(float64(gap) / 1e9)
			d := x - p.mean
			p.mean += d / float32(p.gaps)
			p.squares += d * (x - p.mean)
		}
		if !p.burst {
			p.start = min(p.start, r.Start)
		}
	}
	p.last = max(p.last, r.Start)
	p.n += min(1, ^p.n)
	if p.burst {
		p.total += min(1, ^p.total)
	}
	if !small {
		return
	}
	p.small++
	k := 1 / float32(min(p.small, 64))
	p.src += (float32(r.SrcBytes) - p.src) * k
	p.dst += (float32(r.DstBytes) - p.dst) * k
	p.join(uint16(r.SrcBytes/64), uint16(r.DstBytes/64))
}

// join counts a size among the most frequent ones. A stranger takes the place
// of one that its like have worn down (Misra and Gries, 1982).
func (p *pair) join(src, dst uint16) {
	least := 0
	for i := range p.sizes {
		c := &p.sizes[i]
		if c.n > 0 && c.src == src && c.dst == dst {
			c.n++
			return
		}
		if c.n < p.sizes[least].n {
			least = i
		}
	}
	if c := &p.sizes[least]; c.n > 1 {
		c.n--
	} else {
		*c = size{src, dst, 1}
	}
}

// alike is the share of the sessions of the window that are of one of the
// frequent sizes.
func (p *pair) alike() float64 {
	n := uint32(0)
	for _, c := range p.sizes {
		n += c.n
	}
	return float64(n) / float64(max(p.n, 1))
}

// spread is the deviation of the gaps from their mean, as a part of it: 0 by
// the clock, 1 by chance, more in clusters.
func (p *pair) spread() float64 {
	if p.gaps < 2 || p.mean <= 0 {
		return 1
	}
	return math.Sqrt(float64(p.squares)/float64(p.gaps)) / float64(p.mean)
}

// A server is a service, and the first internal sources that asked it so.
type server struct{ users [8]flow.Host }

// use notes a source.
func (b *server) use(h flow.Host) {
	for i, u := range b.users {
		if u == h {
			return
		}
		if u == 0 {
			b.users[i] = h
			return
		}
	}
}

func (b *server) count() (n int) {
	for _, u := range b.users {
		if u != 0 {
			n++
		}
	}
	return n
}

// A source has the bursts that came from one host, by what a request and its
// answer carry.
type source struct {
	n    uint32
	seen [8]call
}

type call struct {
	dst      flow.Host
	port     uint16
	src, ans float32
}

// like counts the other destinations that were asked alike.
func (s *source) like(c call) (n uint32) {
	for i := range s.seen[:min(int(s.n), len(s.seen))] {
		o := &s.seen[i]
		if o.dst != c.dst && near(o.src, c.src) && near(o.ans, c.ans) {
			n++
		}
	}
	return n
}

func near(a, b float32) bool { return math.Abs(float64(a-b)) <= 64 }

// add notes a burst.
func (s *source) add(c call) {
	for i := range s.seen[:min(int(s.n), len(s.seen))] {
		if o := &s.seen[i]; o.dst == c.dst && o.port == c.port {
			*o = c
			return
		}
	}
	s.seen[s.n%uint32(len(s.seen))] = c
	s.n++
}
