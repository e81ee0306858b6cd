package beacon

import (
	"cmp"
	"math"
	"slices"

	"seine/flow"
)

// A call is what is kept of a flow: enough to judge it and to cite it.
type call struct {
	at       flow.Time
	row      uint32
	src, dst uint32 // bytes, held at the largest number
	raw      flow.Symbol
	srcPort  uint16
	dstPort  uint16 // as the record had them
	file     uint16
	state    flow.State
	has      uint8
}

// What a call says of its flow.
const (
	hasSrcBytes = 1 << iota
	hasDstBytes
	hasSrcPort
	hasDstPort
	hasState
	failed  // certainly came to nothing
	flipped // the record showed it from the other side
	uncited // its row or file is too high a number to be kept
)

// fieldBits translate fields of a record into those of a call.
var fieldBits = [...]struct {
	has    uint8
	fields flow.Fields
}{{hasSrcBytes, flow.HasSrcBytes}, {hasDstBytes, flow.HasDstBytes}, {hasSrcPort, flow.HasSrcPort}, {hasDstPort, flow.HasDstPort}, {hasState, flow.HasState}}

const allFields = flow.HasSrcBytes | flow.HasDstBytes | flow.HasSrcPort | flow.HasDstPort | flow.HasState

// fill sets c to what is kept of a flow.
func (c *call) fill(r *flow.Record, turned, fails bool) {
	// Field by field: a copy of the whole would have to wait for its parts.
	c.at, c.row, c.src, c.dst, c.raw = r.Start, uint32(r.Row), clip(r.SrcBytes), clip(r.DstBytes), r.RawState
	c.srcPort, c.dstPort, c.file, c.state = r.SrcPort, r.DstPort, uint16(r.File), r.State
	has := uint8(hasSrcBytes | hasDstBytes | hasSrcPort | hasDstPort | hasState)
	if r.Has&allFields != allFields {
		has = 0
		for _, b := range fieldBits {
			if r.Has&b.fields != 0 {
				has |= b.has
			}
		}
	}
	if fails {
		has |= failed
	}
	if turned {
		has |= flipped
	}
	if r.Row > math.MaxUint32 || r.File > math.MaxUint16 {
		has |= uncited
	}
	c.has = has
}

func clip(v uint64) uint32 { return uint32(min(v, math.MaxUint32)) }

// sizes are the bytes that the caller and the called sent, and whether the
// row told them.
func (c *call) sizes() (sent, got uint32, hasSent, hasGot bool) {
	sent, got, hasSent, hasGot = c.src, c.dst, c.has&hasSrcBytes != 0, c.has&hasDstBytes != 0
	if c.has&flipped != 0 {
		return got, sent, hasGot, hasSent
	}
	return sent, got, hasSent, hasGot
}

// record gives back what is kept of a flow from src to dst.
func (c *call) record(src, dst flow.Addr, proto flow.Proto) flow.Record {
	r := flow.Record{
		Start: c.at, Src: src, Dst: dst, SrcPort: c.srcPort, DstPort: c.dstPort, Proto: proto, State: c.state, RawState: c.raw,
		Row: uint64(c.row), File: uint32(c.file), Has: flow.HasStart | flow.HasAddrs,
	}
	if proto != flow.ProtoUnknown {
		r.Has |= flow.HasProto
	}
	if c.has&flipped != 0 {
		r.Src, r.Dst = dst, src
	}
	for _, b := range fieldBits {
		if c.has&b.has != 0 {
			r.Has |= b.fields
		}
	}
	if c.has&hasSrcBytes != 0 {
		r.SrcBytes = uint64(c.src)
	}
	if c.has&hasDstBytes != 0 {
		r.DstBytes = uint64(c.dst)
	}
	return r
}

// inTime sorts calls by their times; of equal ones the earlier row is first.
func inTime(cs []call) {
	sorted := true
	for i := 1; i < len(cs) && sorted; i++ {
		sorted = cs[i-1].at < cs[i].at
	}
	if sorted {
		return
	}
	slices.SortFunc(cs, func(a, b call) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.file, b.file), cmp.Compare(a.row, b.row))
	})
}

const (
	blockCalls = 4
	pageBlocks = 1 << 8
)

// A block holds calls of a pair, in input order, and fills two cache lines.
type block [blockCalls]call

// A store lends blocks, in pages that never move. Blocks are numbered from 1.
type store struct {
	pages [][]block
	links []uint32 // of each block, the one after it, or 0
	free  []uint32
	limit int // blocks
}

func (s *store) at(number uint32) *block {
	number--
	return &s.pages[number/pageBlocks][number%pageBlocks]
}

// full reports whether no block is left to lend.
func (s *store) full() bool { return len(s.free) == 0 && len(s.links) >= s.limit }

// take lends a block. The store must not be full.
func (s *store) take() uint32 {
	if n := len(s.free); n > 0 {
		number := s.free[n-1]
		s.free = s.free[:n-1]
		s.links[number-1] = 0
		return number
	}
	if len(s.links)/pageBlocks == len(s.pages) {
		s.pages = append(s.pages, make([]block, pageBlocks))
	}
	s.links = append(s.links, 0)
	return uint32(len(s.links))
}

// A pair is what is known of the calls of one source to one service. What
// each flow needs comes first: with what the table keeps it is a cache line.
type pair struct {
	lastAt flow.Time
	calls  uint32 // that were kept, and perhaps dropped again
	due    uint32 // calls at which it is to be judged
	flows  uint32
	failed uint32
	kept   uint32 // in the blocks
	tail   uint32 // the last of its blocks, 0 where the first call is the only one

	first  call    // the first row
	head   uint32  // the first of its blocks
	judged uint32  // calls when it was last judged
	logP   float32 // of that judgement, and
	period float32 // seconds
	look   uint32  // the last look at it, while it is notable
	said   bool    // there is a finding

	notable bool // it is one of watcher.notable

	whole uint32   // calls of all services of the pair when they were last judged as one series; of the first of them
	_     [12]byte // to two cache lines with what the table keeps
}

// add makes room for a call; most says how many calls a pair may have. It is
// nil where the store is full.
func (s *store) add(p *pair, most uint32) *call {
	if p.kept%blockCalls == 0 { // all blocks are full
		if s.full() {
			return nil
		}
		number := s.take()
		if p.tail == 0 {
			p.head = number
		} else {
			s.links[p.tail-1] = number
		}
		p.tail = number
	}
	c := &s.at(p.tail)[p.kept%blockCalls]
	if p.kept++; p.kept > most {
		s.behead(p)
	}
	return c
}

// behead gives the first block of a pair that has several back.
func (s *store) behead(p *pair) {
	s.free = append(s.free, p.head)
	p.head = s.links[p.head-1]
	p.kept -= blockCalls
}

// drop gives the blocks of a pair back.
func (s *store) drop(p *pair) (lost uint32) {
	for number := p.head; number != 0; number = s.links[number-1] {
		s.free = append(s.free, number)
	}
	lost = p.kept
	p.head, p.tail, p.kept = 0, 0, 0
	return lost
}

// series appends the calls of a pair to cs, in input order. The first call is
// one of them while none has been dropped.
func (s *store) series(cs []call, p *pair) []call {
	if p.calls == p.kept+1 {
		cs = append(cs, p.first)
	}
	left := p.kept
	for number := p.head; number != 0; number = s.links[number-1] {
		n := min(left, blockCalls)
		cs = append(cs, s.at(number)[:n]...)
		left -= n
	}
	return cs
}
