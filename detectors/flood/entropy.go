package flood

import (
	"math"

	"seine/detectors/internal/stat"
	"seine/flow"
)

// The header fields whose distribution is watched.
const (
	srcAddr = iota
	dstAddr
	srcPort
	dstPort
	fields
)

var fieldNames = [fields]string{"src_ip_entropy", "dst_ip_entropy", "src_port_entropy", "dst_port_entropy"}

const (
	binMinutes = 5
	binSlots   = 1 << 10
	binsOpen   = 5
	binsPast   = 24
	binsLeast  = 6 // from how many on there is a z
)

// A bin counts the values of the header fields of five minutes, by hash.
type bin struct {
	number int32
	used   bool
	total  uint64
	counts [fields][binSlots]uint32
}

// entropies are the sample entropies of the header fields in bins of five
// minutes (Lakhina, Crovella and Diot, 2005), and those of the past.
type entropies struct {
	bins   [binsOpen]bin
	past   [fields][]float64
	recent *bin
	minute int32 // that of the last flow, which recent is for
}

func binOf(m int32) int32 {
	n := m / binMinutes
	if m%binMinutes < 0 {
		n--
	}
	return n
}

func (e *entropies) at(n int32) *bin {
	i := n % binsOpen
	if i < 0 {
		i += binsOpen
	}
	return &e.bins[i]
}

func (e *entropies) count(r *flow.Record, m int32) {
	b := e.recent
	if b == nil || m != e.minute && b.number != binOf(m) {
		n := binOf(m)
		b = e.at(n)
		if b.used && b.number > n {
			return
		}
		if !b.used || b.number < n {
			e.end(b)
			*b = bin{number: n, used: true}
		}
		e.recent = b
	}
	e.minute = m
	b.total++
	const a, c = 0x9e3779b1, 0x85ebca6b
	b.counts[srcAddr][uint32(r.SrcHost)*a>>22]++
	b.counts[dstAddr][uint32(r.DstHost)*a>>22]++
	b.counts[srcPort][uint32(r.SrcPort)*c>>22]++
	b.counts[dstPort][uint32(r.DstPort)*c>>22]++
}

// of is the entropy of each field, 1 where its values are spread as widely as
// can be told.
func (b *bin) of() (h [fields]float64) {
	n := float64(b.total)
	if n < 2 {
		return h
	}
	for f := range h {
		h[f] = min(1, stat.Entropy(b.counts[f][:])*math.Log(n)/math.Log(min(n, binSlots)))
	}
	return h
}

// closeUntil ends the bins before minute m.
func (e *entropies) closeUntil(m int32) {
	for {
		var first *bin
		for i := range e.bins {
			b := &e.bins[i]
			if b.used && (b.number+1)*binMinutes <= m && (first == nil || b.number < first.number) {
				first = b
			}
		}
		if first == nil {
			return
		}
		e.end(first)
	}
}

func (e *entropies) end(b *bin) {
	if !b.used {
		return
	}
	b.used = false
	if e.recent == b {
		e.recent = nil
	}
	for f, v := range b.of() {
		if len(e.past[f]) == binsPast {
			e.past[f] = append(e.past[f][:0], e.past[f][1:]...)
		}
		e.past[f] = append(e.past[f], v)
	}
}

// judge gives the entropies of the bin of minute m, and how far they are from
// those of the past in robust standard deviations.
func (e *entropies) judge(m int32) (h, z [fields]float64, known, past bool) {
	b := e.at(binOf(m))
	if !b.used || b.number != binOf(m) {
		return
	}
	h = b.of()
	if past = len(e.past[0]) >= binsLeast; past {
		for f := range h {
			median, mad := stat.MedianMAD(e.past[f])
			z[f] = stat.RobustZ(h[f], median, mad, 0.01)
		}
	}
	return h, z, true, past
}
