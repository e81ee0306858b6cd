package table

import (
	"slices"

	"seine/flow"
	"seine/flow/internal/lines"
)

// OneSided is the note of inputs in which only one direction was logged.
const OneSided = "the first rows hold TCP traffic that must have been answered, and no answer to any of it: one direction only was " +
	"logged or exported, so a missing answer is not taken for none"

// A Pairing finds out from the first rows, each one direction of a connection,
// whether the other direction was logged as well. The zero Pairing is ready.
type Pairing struct {
	seen     map[direction]struct{}
	answered int
	both     bool
}

type direction struct {
	src, dst     flow.Addr
	sport, dport uint16
	proto        flow.Proto
}

// enoughAnswered is how many rows of a sender who was certainly answered make
// the absence of all answers a proof.
const enoughAnswered = 20

// Add takes a row.
func (p *Pairing) Add(r *flow.Record) {
	if p.seen == nil {
		p.seen = map[direction]struct{}{}
	}
	if _, ok := p.seen[direction{r.Dst, r.Src, r.DstPort, r.SrcPort, r.Proto}]; ok {
		p.both = true
	}
	p.seen[direction{r.Src, r.Dst, r.SrcPort, r.DstPort, r.Proto}] = struct{}{}
	if r.Proto != flow.TCP {
		return
	}
	// An ACK, and more than a bare header to a packet, are sent to those only
	// who have answered; an ACK with RST may itself be the answer.
	const bare = 100 // bytes of a SYN with all its options, and some
	switch {
	case r.Has&flow.HasFlags != 0:
		if r.SrcFlags&flow.ACK != 0 && r.SrcFlags&flow.RST == 0 && r.SrcFlags&(flow.PSH|flow.FIN) != 0 {
			p.answered++
		}
	case r.Has&flow.HasSrcBytes != 0 && r.Has&flow.HasSrcPkts != 0 && r.SrcPkts > 2 && r.SrcBytes/r.SrcPkts > bare:
		p.answered++
	}
}

// Both reports whether both directions of a connection were among the rows.
func (p *Pairing) Both() bool { return p.both }

// OneSided reports whether rows were there whose answer must have been seen by
// whoever looked for it, and none was.
func (p *Pairing) OneSided() bool { return !p.both && p.answered >= enoughAnswered }

// Records decodes the first rows with row, as far as they can be read.
func (l *Layout) Records(row Row, f func(r *flow.Record)) {
	c := NewCells(len(l.Names))
	for _, line := range l.Rows {
		padded := append(slices.Clone(line), make([]byte, lines.Pad)...)
		n, ok := c.Cut(padded[:len(line)], l.Sep)
		if !ok || n != len(l.Names) {
			continue
		}
		r := flow.Record{Proto: flow.ProtoUnknown}
		if row.Fill(c, &r) == nil {
			f(&r)
		}
	}
}
