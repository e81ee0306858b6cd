package stats

import (
	"math/bits"

	"seine/flow"
)

// A Group is what flows of one kind sum up to. Sums stop at the largest
// number.
type Group struct {
	Flows                 uint64
	Up, Down              uint64 // bytes sent by the originator, by the responder; see Table.By for ip and pair
	PacketsUp             uint64
	PacketsDown           uint64
	Duration              flow.Time // of all flows together
	First, Last           flow.Time // start of the first flow, end of the one that ended last
	Sized, Counted, Timed uint64    // flows that have bytes, packets, a duration
	missed                uint64    // what the measure of the table may lack
	slot                  int32     // of its series, or -1
	Dated                 bool      // First and Last are known
	partial               bool      // its series began late
	told                  sides     // whose bytes and packets any flow had
}

// sides are bits for what is counted of either side.
type sides uint8

const (
	upBytes sides = 1 << iota
	downBytes
	upPackets
	downPackets
)

// HasUp reports whether any flow told the bytes of Up: what no flow told is
// not 0 but unknown.
func (g *Group) HasUp() bool { return g.told&upBytes != 0 }

// HasDown reports whether any flow told the bytes of Down.
func (g *Group) HasDown() bool { return g.told&downBytes != 0 }

// HasPacketsUp reports whether any flow told the packets of PacketsUp.
func (g *Group) HasPacketsUp() bool { return g.told&upPackets != 0 }

// HasPacketsDown reports whether any flow told the packets of PacketsDown.
func (g *Group) HasPacketsDown() bool { return g.told&downPackets != 0 }

// tell notes what a flow has of either side.
func (g *Group) tell(has flow.Fields, turned bool) {
	src, dst := upBytes|upPackets, downBytes|downPackets
	if turned {
		src, dst = dst, src
	}
	for _, f := range [...]struct {
		has  flow.Fields
		told sides
	}{
		{flow.HasSrcBytes, src & (upBytes | downBytes)}, {flow.HasDstBytes, dst & (upBytes | downBytes)},
		{flow.HasSrcPkts, src & (upPackets | downPackets)}, {flow.HasDstPkts, dst & (upPackets | downPackets)},
	} {
		if has&f.has != 0 {
			g.told |= f.told
		}
	}
}

func plus(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	return sum | -carry
}

// add counts a flow; turned is for whom the responder is on this side.
func (g *Group) add(r *flow.Record, turned bool) {
	g.Flows++
	if g.told != upBytes|downBytes|upPackets|downPackets {
		g.tell(r.Has, turned)
	}
	if r.Has&flow.HasBytes != 0 {
		up, down := r.SrcBytes, r.DstBytes
		if turned {
			up, down = down, up
		}
		g.Up, g.Down = plus(g.Up, up), plus(g.Down, down)
		g.Sized++
	}
	if r.Has&flow.HasPkts != 0 {
		up, down := r.SrcPkts, r.DstPkts
		if turned {
			up, down = down, up
		}
		g.PacketsUp, g.PacketsDown = plus(g.PacketsUp, up), plus(g.PacketsDown, down)
		g.Counted++
	}
	end := r.Start
	if r.Has&flow.HasDuration != 0 {
		g.Duration = g.Duration.Add(r.Duration)
		g.Timed++
		end = r.End()
	}
	if r.Has&flow.HasStart != 0 {
		if !g.Dated {
			g.Dated, g.First, g.Last = true, r.Start, end
			return
		}
		g.First, g.Last = min(g.First, r.Start), max(g.Last, end)
	}
}

// Bytes is the volume in both directions.
func (g *Group) Bytes() uint64 { return plus(g.Up, g.Down) }

// Packets is the number of packets in both directions.
func (g *Group) Packets() uint64 { return plus(g.PacketsUp, g.PacketsDown) }

// Span is the time from the first flow to the end of the last.
func (g *Group) Span() flow.Time { return g.Last.Sub(g.First) }

// rate is n for each second of the span; ok is false for no span.
func (g *Group) rate(n uint64) (perSecond float64, ok bool) {
	if !g.Dated || g.Span() <= 0 {
		return 0, false
	}
	return float64(n) * 1e9 / float64(g.Span()), true
}

func mean(sum, n uint64) (float64, bool) {
	if n == 0 {
		return 0, false
	}
	return float64(sum) / float64(n), true
}
