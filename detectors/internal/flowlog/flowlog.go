// Package flowlog keeps flows for later, tightly: 64 bytes each, in blocks
// that are used again. The flows of a log form chains, each flow naming the
// one before it, so that those of one pair are found without a search. What
// few inputs carry lies apart.
package flowlog

import (
	"slices"

	"seine/flow"
)

// An Entry is a kept flow but for its addresses, which its chain is about.
type Entry struct {
	Start              flow.Time
	SrcBytes, DstBytes uint64
	row                uint64
	file               uint32
	has                flow.Fields
	raw                flow.Symbol
	before             Place
	srcPort, dstPort   uint16
	proto              flow.Proto
	state              flow.State
	srcFlags, dstFlags flow.TCPFlags
	extra              uint32 // place among the extras plus 1, or 0
}

type extra struct {
	duration           flow.Time
	srcPkts, dstPkts   uint64
	service, label     flow.Symbol
	icmpType, icmpCode uint8
	orient             flow.Orient
	pieces             uint8
	uid                flow.UID
}

// extraFields are the fields that the extras hold.
const extraFields = flow.HasDuration | flow.HasPkts | flow.HasService | flow.HasLabel | flow.HasICMP | flow.HasUID

// A Place is that of a flow in its log, from 1. Zero is no flow: the end of
// a chain.
type Place uint32

const blockSize = 32

// A Pool lends blocks to logs.
type Pool struct{ free []*[blockSize]Entry }

// A Log is a sequence of flows. Its zero value is empty; all its calls take
// the same Pool.
type Log struct {
	blocks []*[blockSize]Entry
	n      int
	extras []extra
}

// Len is the number of flows.
func (l *Log) Len() int { return l.n }

// Add keeps r behind the flow at before, and tells its place.
func (l *Log) Add(p *Pool, r *flow.Record, before Place) Place {
	i := l.n & (blockSize - 1)
	if i == 0 {
		var b *[blockSize]Entry
		if k := len(p.free); k > 0 {
			b, p.free = p.free[k-1], p.free[:k-1]
		} else {
			b = new([blockSize]Entry)
		}
		l.blocks = append(l.blocks, b)
	}
	e := &l.blocks[len(l.blocks)-1][i]
	l.n++
	e.Start, e.SrcBytes, e.DstBytes = r.Start, r.SrcBytes, r.DstBytes
	e.row, e.file, e.has, e.raw = r.Row, r.File, r.Has, r.RawState
	e.before, e.extra = before, 0
	e.srcPort, e.dstPort, e.proto, e.state = r.SrcPort, r.DstPort, r.Proto, r.State
	e.srcFlags, e.dstFlags = r.SrcFlags, r.DstFlags
	if r.Has&extraFields != 0 || r.Pieces != 0 || r.Orient != 0 {
		n := len(l.extras)
		l.extras = slices.Grow(l.extras, 1)[:n+1]
		x := &l.extras[n] // filled in its place: a literal is copied, which waits for earlier writes
		x.duration, x.srcPkts, x.dstPkts = r.Duration, r.SrcPkts, r.DstPkts
		x.service, x.label, x.uid = r.Service, r.Label, r.UID
		x.icmpType, x.icmpCode = r.ICMPType, r.ICMPCode
		x.orient, x.pieces = r.Orient, r.Pieces
		e.extra = uint32(n + 1)
	}
	return Place(l.n)
}

// At is the flow at a place.
func (l *Log) At(p Place) *Entry {
	i := int(p) - 1
	return &l.blocks[i/blockSize][i%blockSize]
}

// Chain appends the places of the chain that ends at last to places, in the
// order in which its flows were added.
func (l *Log) Chain(places []Place, last Place) []Place {
	from := len(places)
	for p := last; p != 0; p = l.At(p).before {
		places = append(places, p)
	}
	for i, j := from, len(places)-1; i < j; i, j = i+1, j-1 {
		places[i], places[j] = places[j], places[i]
	}
	return places
}

// Record gives the flow at a place back as it was read: without the numbers of
// its hosts and its survey.
func (l *Log) Record(p Place, src, dst flow.Addr) flow.Record {
	e := l.At(p)
	r := flow.Record{
		Start: e.Start, Row: e.row, File: e.file, SrcBytes: e.SrcBytes, DstBytes: e.DstBytes,
		Src: src, Dst: dst, SrcPort: e.srcPort, DstPort: e.dstPort, Proto: e.proto, State: e.state,
		SrcFlags: e.srcFlags, DstFlags: e.dstFlags, Has: e.has, RawState: e.raw,
	}
	if e.extra > 0 {
		x := &l.extras[e.extra-1]
		r.Duration, r.SrcPkts, r.DstPkts = x.duration, x.srcPkts, x.dstPkts
		r.Service, r.Label, r.UID = x.service, x.label, x.uid
		r.ICMPType, r.ICMPCode = x.icmpType, x.icmpCode
		r.Orient, r.Pieces = x.orient, x.pieces
	}
	return r
}

// Reset empties the log and gives its blocks back.
func (l *Log) Reset(p *Pool) {
	p.free = append(p.free, l.blocks...)
	l.blocks, l.n, l.extras = l.blocks[:0], 0, l.extras[:0]
}
