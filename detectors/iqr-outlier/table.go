package iqroutlier

import (
	"math"
	"math/bits"
	"slices"

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

// A featureSet has a bit for each feature.
type featureSet uint8

var features = [featureCount]struct{ name, fence, phrase string }{
	{"dst_ports", "dst_ports_fence", "destination ports"},
	{"connections", "connections_fence", "connections"},
	{"src_bytes", "src_bytes_fence", "bytes sent"},
	{"dst_bytes", "dst_bytes_fence", "bytes received"},
}

// A pair is a source and a destination of a window: 24 bytes, so that the
// table of an ordinary window stays in the nearest cache.
type pair struct {
	src, dst    flow.Host
	connections uint32
	ports       uint32        // how many different destination ports
	last        flowlog.Place // its latest flow in the log
	port        uint16        // the first of the ports
}

// A sum is what else a pair did, worked out when it is asked for.
type sum struct {
	up, down    uint64
	first, last flow.Time
	kept        []flow.Record // evidence, in input order
}

// A table holds the pairs of a window, in the order in which they first
// appear.
type table struct {
	pairs []pair
	sums  []sum        // empty, or as long as pairs
	slots []uint32     // places in pairs plus 1, by hash
	ports *hashset.Set // pair and port, of pairs with more than one port
}

const firstSlots = 1 << 8

func (t *table) init() {
	t.slots = make([]uint32, firstSlots)
	t.ports = hashset.New()
}

func (t *table) reset() {
	t.pairs = t.pairs[:0]
	clear(t.sums)
	t.sums = t.sums[:0]
	if len(t.slots) > 1<<16 {
		t.pairs, t.slots = nil, make([]uint32, firstSlots)
	} else {
		clear(t.slots)
	}
	t.ports.Clear()
}

func (t *table) len() int { return len(t.pairs) }

func slot(src, dst flow.Host) uint64 {
	hi, lo := bits.Mul64(uint64(src)<<32|uint64(dst)^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// find is the place of a pair in pairs, and whether it is there; if not, the
// slot where it belongs.
func (t *table) find(src, dst flow.Host) (at int, there bool) {
	mask := uint64(len(t.slots) - 1)
	for i := slot(src, dst) & mask; ; i = (i + 1) & mask {
		s := t.slots[i]
		if s == 0 {
			return int(i), false
		}
		if p := &t.pairs[s-1]; p.src == src && p.dst == dst {
			return int(s - 1), true
		}
	}
}

// add puts a pair that is not there into its slot and gives its place.
func (t *table) add(src, dst flow.Host, slot int) int {
	n := len(t.pairs)
	t.pairs = slices.Grow(t.pairs, 1)[:n+1]
	p := &t.pairs[n] // filled in its place: a literal is copied, which waits for earlier writes
	*p = pair{}
	p.src, p.dst = src, dst
	t.slots[slot] = uint32(n + 1)
	if len(t.pairs)*2 > len(t.slots) {
		t.slots = make([]uint32, 2*len(t.slots))
		t.rehash()
	}
	return n
}

func (t *table) rehash() {
	clear(t.slots)
	mask := uint64(len(t.slots) - 1)
	for k := range t.pairs {
		i := slot(t.pairs[k].src, t.pairs[k].dst) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(k + 1)
	}
}

// addPort counts the destination port of a flow of pair i.
func (t *table) addPort(i int, port uint16) {
	switch p := &t.pairs[i]; {
	case p.ports == 0:
		p.port, p.ports = port, 1
	case p.port != port && t.ports.Add(uint64(i+1)<<16|uint64(port)):
		p.ports++
	}
}

// wantSums makes room for the sums of all pairs.
func (t *table) wantSums() {
	for len(t.sums) < len(t.pairs) {
		t.sums = append(t.sums, newSum())
	}
}

func newSum() sum { return sum{first: flow.MaxTime, last: flow.MinTime} }

// value is a figure of pair i; bytes need the sums.
func (t *table) value(i int, f feature) uint64 {
	if f == srcBytes || f == dstBytes {
		return value(&t.pairs[i], &t.sums[i], f)
	}
	return value(&t.pairs[i], nil, f)
}

func value(p *pair, s *sum, f feature) uint64 {
	switch f {
	case dstPorts:
		return uint64(p.ports)
	case connections:
		return uint64(p.connections)
	case srcBytes:
		return s.up
	}
	return s.down
}

// maxSum holds sums of bytes where no arithmetic on them can overflow; no
// network carries so much in a window.
const maxSum = 1<<62 - 1

func add(sum *uint64, v uint64) { *sum = min(*sum+min(v, maxSum), maxSum) }

// count adds a flow to the sums.
func (s *sum) count(e *flowlog.Entry) {
	add(&s.up, e.SrcBytes)
	add(&s.down, e.DstBytes)
	s.first, s.last = min(s.first, e.Start), max(s.last, e.Start)
}

// keep takes r as evidence: the first flow, the last, and between them the
// largest, at most n in all.
func (s *sum) keep(r flow.Record, n int) {
	if len(s.kept) < n {
		s.kept = append(s.kept, r)
		return
	}
	if n == 1 {
		return
	}
	smallest, size := -1, uint64(math.MaxUint64)
	for i := 1; i < n; i++ { // the one behind the first that may go
		if b := s.kept[i].Bytes(); b <= size { // of equals the earlier stays
			smallest, size = i, b
		}
	}
	copy(s.kept[smallest:], s.kept[smallest+1:])
	s.kept[n-1] = r
}
