// Package flowlog keeps flows for later, tightly: 64 bytes each, in blocks
// that are used again, with what few inputs carry set apart.
package flowlog

import "seine/flow"

// An Entry is a kept flow. Its addresses are the hosts' numbers.
type Entry struct {
	Start              flow.Time
	SrcBytes, DstBytes uint64
	Row                uint64
	Src, Dst           flow.Host
	SrcPort, DstPort   uint16
	proto              flow.Proto
	state              flow.State
	srcFlags, dstFlags flow.TCPFlags
	has                flow.Fields
	raw                flow.Symbol
	file               uint32
	extra              uint32 // place among the extras plus 1, or 0
	Mark               uint32 // for the owner of the log
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

// Add keeps r.
func (l *Log) Add(p *Pool, r *flow.Record) {
	i := l.n % blockSize
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
	e.Start, e.Row, e.file = r.Start, r.Row, r.File
	e.SrcBytes, e.DstBytes = r.SrcBytes, r.DstBytes
	e.Src, e.Dst, e.SrcPort, e.DstPort = r.SrcHost, r.DstHost, r.SrcPort, r.DstPort
	e.proto, e.state, e.srcFlags, e.dstFlags = r.Proto, r.State, r.SrcFlags, r.DstFlags
	e.has, e.raw, e.extra, e.Mark = r.Has, r.RawState, 0, 0
	if r.Has&extraFields != 0 {
		l.extras = append(l.extras, extra{r.Duration, r.SrcPkts, r.DstPkts, r.Service, r.Label, r.ICMPType, r.ICMPCode, r.UID})
		e.extra = uint32(len(l.extras))
	}
}

// HasDstPort reports whether the flow had a destination port.
func (e *Entry) HasDstPort() bool { return e.has&flow.HasDstPort != 0 }

// Each visits the flows in order.
func (l *Log) Each(f func(e *Entry)) {
	for i, b := range l.blocks {
		for j := range b[:min(blockSize, l.n-i*blockSize)] {
			f(&b[j])
		}
	}
}

// Record gives a flow back as it was. addr tells the address of a host.
func (l *Log) Record(e *Entry, addr func(flow.Host) flow.Addr) flow.Record {
	r := flow.Record{
		Start: e.Start, Row: e.Row, File: e.file, SrcBytes: e.SrcBytes, DstBytes: e.DstBytes,
		SrcHost: e.Src, DstHost: e.Dst, Src: addr(e.Src), Dst: addr(e.Dst),
		SrcPort: e.SrcPort, DstPort: e.DstPort, Proto: e.proto, State: e.state,
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
