package icmptunnel

import (
	"math/bits"

	"seine/flow"
)

// add counts a flow.
func (p *pair) add(r *flow.Record) {
	const most = 1 << 32 // no product overflows
	up, down := min(r.SrcBytes, most), min(r.DstBytes, most)
	p.up += up
	p.down += down
	if r.Has&flow.HasSrcPkts == 0 || r.SrcPkts == 0 {
		if r.Has&flow.HasDstBytes != 0 && down > up {
			p.gain += down - up
			p.gained++
		}
		return
	}
	n := min(r.SrcPkts, most/2)
	p.requests += n
	p.sized += up
	p.sizes |= 1 << (uint32(up/n) * 0x9e3779b1 >> 26)
	if up%n != 0 {
		p.mixed = true
	}
	if r.Has&(flow.HasDstPkts|flow.HasDstBytes) == flow.HasDstPkts|flow.HasDstBytes && r.DstPkts > 0 {
		p.compare(up, n, down, min(r.DstPkts, most/2))
	}
}

// compare holds d replies against n requests: d replies that mirror the
// average request would have up·d/n bytes. Where replies are missing and
// requests had several sizes, nobody knows which, and only what is more than
// all requests together tells anything.
func (p *pair) compare(up, n, down, d uint64) {
	mirror := up
	switch {
	case d == n:
	case d > n || up%n == 0:
		mirror = uint64(float64(up) / float64(n) * float64(d))
	case down <= up:
		return
	}
	p.compared += d
	if down > mirror {
		p.over += down - mirror
	} else {
		p.under += mirror - down
	}
}

// varied reports whether requests had many sizes. Tests have one, or the few
// of a search for the largest packet that passes.
func (p *pair) varied() bool {
	return bits.OnesCount64(p.sizes) >= 8 || p.mixed && p.requests >= 50
}

// mean is the size of a request.
func (p *pair) mean() float64 { return float64(p.sized) / float64(max(p.requests, 1)) }

// differs reports whether replies differ from their requests. Some hosts cut
// replies short: that is so for all requests of a size, and no sign.
func (p *pair) differs() bool {
	sum := p.over
	if p.varied() {
		sum += p.under
	}
	return p.compared >= fewest && sum >= unlikeSum && sum >= unlike*p.compared
}

// difference is by how many bytes a reply differs from its request, on
// average.
func (p *pair) difference() float64 {
	return float64(p.over+p.under) / float64(max(p.compared, 1))
}
