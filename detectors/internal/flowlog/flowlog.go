// Package flowlog keeps flows for later, tightly: 68 bytes each, in blocks
// that are used again. What later work looks at first, who sent to which
// port, lies apart from the rest, and so does what few inputs carry.
package flowlog

import "seine/flow"

// A Key is what is looked at first of a kept flow. Its addresses are the
// hosts' numbers.
type Key struct {
	Src, Dst flow.Host
	DstPort  uint16
	HasPort  bool
	Mark     uint32 // for the owner of the log; 0 at first
}

// A Body is the rest of a kept flow.
type Body struct {
	Start              flow.Time
	SrcBytes, DstBytes uint64
	row                uint64
	file               uint32
	has                flow.Fields
	raw                flow.Symbol
	srcPort            uint16
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
	uid                flow.UID
}

// extraFields are the fields that the extras hold.
const extraFields = flow.HasDuration | flow.HasPkts | flow.HasService | flow.HasLabel | flow.HasICMP | flow.HasUID

const blockSize = 32

type block struct {
	keys   [blockSize]Key
	bodies [blockSize]Body
}

// A Pool lends blocks to logs.
type Pool struct{ free []*block }

// A Log is a sequence of flows. Its zero value is empty; all its calls take
// the same Pool.
type Log struct {
	blocks []*block
	n      int
	extras []extra
}

// Len is the number of flows.
func (l *Log) Len() int { return l.n }

// Add keeps r.
func (l *Log) Add(p *Pool, r *flow.Record) {
	i := l.n & (blockSize - 1)
	if i == 0 {
		var b *block
		if k := len(p.free); k > 0 {
			b, p.free = p.free[k-1], p.free[:k-1]
		} else {
			b = new(block)
		}
		l.blocks = append(l.blocks, b)
	}
	b := l.blocks[len(l.blocks)-1]
	l.n++
	b.keys[i] = Key{r.SrcHost, r.DstHost, r.DstPort, r.Has&flow.HasDstPort != 0, 0}
	e := &b.bodies[i]
	e.Start, e.SrcBytes, e.DstBytes = r.Start, r.SrcBytes, r.DstBytes
	e.row, e.file, e.has, e.raw = r.Row, r.File, r.Has, r.RawState
	e.srcPort, e.proto, e.state, e.srcFlags, e.dstFlags = r.SrcPort, r.Proto, r.State, r.SrcFlags, r.DstFlags
	e.extra = 0
	if r.Has&extraFields != 0 {
		l.extras = append(l.extras, extra{r.Duration, r.SrcPkts, r.DstPkts, r.Service, r.Label, r.ICMPType, r.ICMPCode, r.UID})
		e.extra = uint32(len(l.extras))
	}
}

// Blocks is how many runs of flows Block gives.
func (l *Log) Blocks() int { return len(l.blocks) }

// Block is the i-th run of flows, in order.
func (l *Log) Block(i int) ([]Key, []Body) {
	b, n := l.blocks[i], min(blockSize, l.n-i*blockSize)
	return b.keys[:n], b.bodies[:n]
}

// Record gives a flow back as it was. addr tells the address of a host.
func (l *Log) Record(k *Key, e *Body, addr func(flow.Host) flow.Addr) flow.Record {
	r := flow.Record{
		Start: e.Start, Row: e.row, File: e.file, SrcBytes: e.SrcBytes, DstBytes: e.DstBytes,
		SrcHost: k.Src, DstHost: k.Dst, Src: addr(k.Src), Dst: addr(k.Dst),
		SrcPort: e.srcPort, DstPort: k.DstPort, Proto: e.proto, State: e.state,
		SrcFlags: e.srcFlags, DstFlags: e.dstFlags, Has: e.has, RawState: e.raw,
	}
	if e.extra > 0 {
		x := &l.extras[e.extra-1]
		r.Duration, r.SrcPkts, r.DstPkts = x.duration, x.srcPkts, x.dstPkts
		r.Service, r.Label, r.UID = x.service, x.label, x.uid
		r.ICMPType, r.ICMPCode = x.icmpType, x.icmpCode
	}
	return r
}

// Reset empties the log and gives its blocks back.
func (l *Log) Reset(p *Pool) {
	p.free = append(p.free, l.blocks...)
	l.blocks, l.n, l.extras = l.blocks[:0], 0, l.extras[:0]
}
