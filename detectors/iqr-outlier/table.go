package iqroutlier

import (
	"math"
	"math/bits"

	"seine/detectors/internal/flowlog"
	"seine/detectors/internal/hashset"
	"seine/flow"
)

// A feature is a figure by which pairs are compared.
type feature int

const (
	dstPorts feature = iota
	connections
	srcBytes
	dstBytes
	featureCount
)

var features = [featureCount]struct{ name, phrase string }{
	{"dst_ports", "destination ports"},
	{"connections", "connections"},
	{"src_bytes", "bytes sent"},
	{"dst_bytes", "bytes received"},
}

// A pair is what a source and a destination did in a window.
type pair struct {
	src, dst    flow.Host
	value       [featureCount]uint64
	first, last flow.Time
	port        uint16 // the first one, and whether there was any
	anyPort     bool
	kept        []flow.Record // evidence, in input order
}

// A table sorts flows into pairs, in the order in which they first appear.
type table struct {
	pairs []pair
	slots []uint32     // places in pairs plus 1, by hash
	ports *hashset.Set // pair and port, of pairs with more than one port
}

func (t *table) init() {
	t.slots = make([]uint32, 1<<10)
	t.ports = hashset.New()
}

func (t *table) reset() {
	clear(t.pairs)
	t.pairs = t.pairs[:0]
	if len(t.slots) > 1<<18 {
		t.slots = make([]uint32, 1<<10)
	} else {
		clear(t.slots)
	}
	t.ports.Clear()
}

func (t *table) len() int { return len(t.pairs) }

func (t *table) slot(src, dst flow.Host) uint64 {
	hi, lo := bits.Mul64(uint64(src)<<32|uint64(dst)^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return (hi ^ lo) & uint64(len(t.slots)-1)
}

// find is the place of a pair, added if the table holds fewer than limit;
// otherwise -1.
func (t *table) find(src, dst flow.Host, limit int) int {
	i := t.slot(src, dst)
	for {
		s := t.slots[i]
		if s == 0 {
			break
		}
		if p := &t.pairs[s-1]; p.src == src && p.dst == dst {
			return int(s - 1)
		}
		i = (i + 1) & uint64(len(t.slots)-1)
	}
	if len(t.pairs) >= limit {
		return -1
	}
	t.pairs = append(t.pairs, pair{src: src, dst: dst, first: flow.MaxTime, last: flow.MinTime})
	t.slots[i] = uint32(len(t.pairs))
	if len(t.pairs)*2 > len(t.slots) {
		t.slots = make([]uint32, 2*len(t.slots))
		t.rehash()
	}
	return len(t.pairs) - 1
}

func (t *table) rehash() {
	clear(t.slots)
	for k := range t.pairs {
		i := t.slot(t.pairs[k].src, t.pairs[k].dst)
		for t.slots[i] != 0 {
			i = (i + 1) & uint64(len(t.slots)-1)
		}
		t.slots[i] = uint32(k + 1)
	}
}

// maxSum holds sums of bytes where no arithmetic on them can overflow; no
// network carries so much in a window.
const maxSum = 1 << 60

func add(sum *uint64, v uint64) { *sum = min(*sum+min(v, maxSum), maxSum) }

// count adds a flow to pair i.
func (t *table) count(i int, e *flowlog.Entry) {
	p := &t.pairs[i]
	p.value[connections]++
	add(&p.value[srcBytes], e.SrcBytes)
	add(&p.value[dstBytes], e.DstBytes)
	p.first, p.last = min(p.first, e.Start), max(p.last, e.Start)
	switch {
	case !e.HasDstPort():
	case !p.anyPort:
		p.port, p.anyPort, p.value[dstPorts] = e.DstPort, true, 1
	case p.port != e.DstPort && t.ports.Add(uint64(i+1)<<16|uint64(e.DstPort)):
		p.value[dstPorts]++
	}
}

// sample keeps r as evidence: the first flow, the last, and between them the
// largest, at most n in all.
func (p *pair) sample(r flow.Record, n int) {
	if len(p.kept) < n {
		p.kept = append(p.kept, r)
		return
	}
	if n == 1 {
		return
	}
	smallest, size := -1, uint64(math.MaxUint64)
	for i := 1; i < n; i++ { // the one behind the first that may go
		if b := p.kept[i].Bytes(); b < size {
			smallest, size = i, b
		}
	}
	copy(p.kept[smallest:], p.kept[smallest+1:])
	p.kept[n-1] = r
}
