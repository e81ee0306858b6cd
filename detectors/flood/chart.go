package flood

import (
	"seine/detectors"
	"seine/flow"
)

// load is what a chart shows of a minute: packets, or flows where the input
// has no packets.
func (b *bucket) load() uint64 {
	if b.packets > 0 {
		return b.packets
	}
	return uint64(b.flows)
}

// precede enters the minutes before the campaign, as far as the past has them.
func (p *campaign) precede(v *victim) {
	measure := byFlows
	for i := range int(v.n) {
		if v.past[byPackets][i] > 0 {
			measure = byPackets
		}
	}
	for i := range int(v.n) { // the latest stands before next
		x := v.past[measure][(int(v.next)+2*past-1-i)%past]
		p.course.Add(flow.Time(p.start-1-int32(i))*minute, uint64(x))
	}
}

// charts are the packets, or flows, over time.
func (p *campaign) charts() []detectors.Chart {
	what, measure := "packets", byPackets
	if p.packets == 0 {
		what, measure = "flows", byFlows
	}
	at, n := p.course.Series()
	cs := detectors.OverTime("What it was sent over time", what, "", at, n)
	for i := range cs {
		c := &cs[i]
		c.MarkAt(float64(flow.Time(p.start)*minute/flow.Second), "begin")
		if p.most.known && p.most.measure == measure && p.most.median > 0 {
			c.LevelAt(p.most.median*(at[1]-at[0])/60, "median before")
		}
	}
	return cs
}
