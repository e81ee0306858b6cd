package stats

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"seine/analyzer"
)

// A Measure is a number that a group has.
type Measure struct {
	Name, Doc string
	Aliases   []string
	Unit      string // "B", "bit/s", "s", …, empty for plain numbers

	sum   func(*Group) uint64                  // one that adds up over flows
	has   func(*Group) bool                    // whether any flow had it; nil is yes
	ratio func(*Group) (v float64, ok bool)    // never negative
	when  func(*Group) (order uint64, ok bool) // a time
}

var measures = []*Measure{
	{Name: "flows", Doc: "flows", Aliases: []string{"count", "records"}, sum: func(g *Group) uint64 { return g.Flows }},
	{Name: "bytes", Doc: "bytes of both sides", Aliases: []string{"octets", "volume"}, Unit: "B", sum: (*Group).Bytes, has: sized},
	{Name: "src_bytes", Doc: "bytes of the originator; of ip and pair those of this side", Aliases: []string{"up", "upload", "bytes_up"}, Unit: "B", sum: func(g *Group) uint64 { return g.Up }, has: (*Group).HasUp},
	{Name: "dst_bytes", Doc: "bytes of the responder; of ip and pair those of the other side", Aliases: []string{"down", "download", "bytes_down"}, Unit: "B", sum: func(g *Group) uint64 { return g.Down }, has: (*Group).HasDown},
	{Name: "packets", Doc: "packets of both sides", Aliases: []string{"pkts"}, sum: (*Group).Packets, has: counted},
	{Name: "src_pkts", Doc: "packets of the originator", Aliases: []string{"src_packets", "packets_up"}, sum: func(g *Group) uint64 { return g.PacketsUp }, has: (*Group).HasPacketsUp},
	{Name: "dst_pkts", Doc: "packets of the responder", Aliases: []string{"dst_packets", "packets_down"}, sum: func(g *Group) uint64 { return g.PacketsDown }, has: (*Group).HasPacketsDown},
	{Name: "duration", Doc: "seconds of all flows together", Unit: "s", sum: func(g *Group) uint64 { return uint64(g.Duration) }, has: func(g *Group) bool { return g.Timed > 0 }},
	{Name: "bytes_per_flow", Doc: "mean bytes of the flows that have them", Aliases: []string{"bpf"}, Unit: "B", ratio: func(g *Group) (float64, bool) { return mean(g.Bytes(), g.Sized) }},
	{Name: "bytes_per_packet", Doc: "mean bytes of a packet", Aliases: []string{"bpp"}, Unit: "B", ratio: func(g *Group) (float64, bool) {
		if g.Sized == 0 {
			return 0, false
		}
		return mean(g.Bytes(), g.Packets())
	}},
	{Name: "bps", Doc: "bits a second from the first flow to the end of the last", Unit: "bit/s", ratio: func(g *Group) (float64, bool) {
		v, ok := g.rate(g.Bytes())
		return 8 * v, ok && g.Sized > 0
	}},
	{Name: "pps", Doc: "packets a second", Unit: "1/s", ratio: func(g *Group) (float64, bool) {
		v, ok := g.rate(g.Packets())
		return v, ok && g.Counted > 0
	}},
	{Name: "mean_duration", Doc: "mean seconds of the flows that have a duration", Unit: "s", ratio: func(g *Group) (float64, bool) {
		v, ok := mean(uint64(g.Duration), g.Timed)
		return v / 1e9, ok
	}},
	{Name: "first", Doc: "start of the first flow", when: func(g *Group) (uint64, bool) { return ordered(g.First), g.Dated }},
	{Name: "last", Doc: "end of the last flow", when: func(g *Group) (uint64, bool) { return ordered(g.Last), g.Dated }},
}

func sized(g *Group) bool   { return g.Sized > 0 }
func counted(g *Group) bool { return g.Counted > 0 }

// Measures lists what groups can be ranked by, besides distinct values.
func Measures() []*Measure { return slices.Clone(measures) }

func measureNamed(name string) *Measure {
	for _, m := range measures {
		if m.Name == name || slices.Contains(m.Aliases, name) {
			return m
		}
	}
	return nil
}

// order is a number that ranks as the measure does; ok is false where a group
// does not have it.
func (m *Measure) order(g *Group) (uint64, bool) {
	switch {
	case m.when != nil:
		return m.when(g)
	case m.ratio != nil:
		v, ok := m.ratio(g)
		return math.Float64bits(v), ok
	}
	return m.sum(g), m.has == nil || m.has(g)
}

// A ranking is what rows are ordered by: a measure, or the number of distinct
// values.
type ranking struct {
	auto     bool // bytes where flows have them, else flows
	key      bool // the values themselves
	measure  *Measure
	distinct string // a field, or peers
}

// sorts are further words that --sort takes.
const (
	sortAuto  = "auto"
	sortKey   = "key"
	peersName = "peers"
)

func parseRanking(text string) (ranking, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	switch text {
	case "", sortAuto:
		return ranking{auto: true}, nil
	case sortKey:
		return ranking{key: true}, nil
	case peersName:
		return ranking{distinct: peersName}, nil
	case "ports":
		return ranking{distinct: "dst_port"}, nil
	}
	if name, ok := strings.CutPrefix(text, "distinct("); ok && strings.HasSuffix(name, ")") {
		return ranking{distinct: strings.TrimSpace(strings.TrimSuffix(name, ")"))}, nil
	}
	if m := measureNamed(text); m != nil {
		return ranking{measure: m}, nil
	}
	names := SortNames()
	return ranking{}, fmt.Errorf("cannot sort by %q%s (known: %s)", shortened(text), analyzer.DidYouMean(text, names), strings.Join(names, ", "))
}

// SortNames are the words that rows can be ranked by.
func SortNames() []string {
	names := []string{}
	for _, m := range measures {
		names = append(names, m.Name)
	}
	return append(names, peersName, "ports", "distinct(FIELD)", sortKey)
}
