// Package nfdump reads what nfdump prints: CSV, JSON, and text in columns.
package nfdump

import (
	_ "embed"
	"errors"
	"strings"
	"time"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

//go:embed README.md
var doc string

// Format describes the CSV of nfdump.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "nfdump-csv",
		Title:  "nfdump -o csv of versions 1.6 and 1.7, csv-fast, and csv: with tags",
		Doc:    doc,
		Ext:    []string{".csv"},
		Fields: fields,
		Stitch: stitching,
		Match:  match,
		Open:   open,
	}
}

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
	flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasFlags | flow.HasICMP

func match(head []byte) (int, string) {
	if _, name := find(head); name == "" {
		return 0, "no header with ts,te,td,sa,da or firstSeen, srcAddr and dstAddr"
	}
	return 95, ""
}

// find finds the layout of the text that starts with head, and names it.
func find(head []byte) (l *table.Layout, name string) {
	l = table.Find(head, ",", func(l *table.Layout) bool {
		switch {
		case l.Has("ts", "td", "sa", "da", "pr", "ibyt"):
			name = "nfdump 1.6 csv"
		case l.Has("cnt", "af", "firstSeen", "srcAddr", "dstAddr"):
			name = "nfdump csv-fast"
		case l.Has("firstSeen", "srcAddr", "dstAddr", "proto"):
			name = "nfdump 1.7 csv"
		}
		return name != ""
	})
	return l, name
}

// layout tells which column carries what; -1 stands for none.
type layout struct {
	start, end, dur, proto, src, sport, dst, dport, flags int
	srcBytes, dstBytes, srcPkts, dstPkts                  int
	icmpType, icmpCode                                    int
	unit                                                  parse.Unit
	two                                                   bool // both directions are counted
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	l, name := find(head)
	if l == nil {
		return nil, errors.New("no header of nfdump")
	}
	at := layout{
		start: l.Use(columns.Start, "ts", "firstSeen"), end: l.Use(columns.End, "te", "lastSeen"),
		dur: l.Use(columns.Duration, "td", "duration"), proto: l.Use(columns.Proto, "pr", "proto"),
		src: l.Use(columns.SrcIP, "sa", "srcAddr"), sport: l.Use(columns.SrcPort, "sp", "srcPort"),
		dst: l.Use(columns.DstIP, "da", "dstAddr"), dport: l.Use(columns.DstPort, "dp", "dstPort"),
		flags:    l.Use(columns.SrcFlags, "flg", "flags"),
		srcBytes: l.Use(columns.SrcBytes, "ibyt", "bytes", "inBytes"),
		srcPkts:  l.Use(columns.SrcPkts, "ipkt", "packets", "inPackets"),
		dstBytes: l.Column("obyt", "outBytes"), dstPkts: l.Column("opkt", "outPackets"),
		icmpType: l.Use(columns.ICMPType, "icmpType"), icmpCode: l.Use(columns.ICMPCode, "icmpCode"),
	}
	describe(src, l, &at, name)
	zone := src.Options.Location
	return table.Open(src, l, func(in *flow.Interner) table.Row { return newRow(&at, zone) })
}

// describe tells what the input carries: what came back only if the first rows
// count anything there.
func describe(src *flow.Source, l *table.Layout, at *layout, name string) {
	aggregated, naive, largest, flows := false, false, 0.0, l.Column("flows", "fl")
	l.Sample(func(cells []string) bool {
		if at.dstPkts >= 0 {
			if n, ok := table.Number([]byte(cells[at.dstPkts])); ok && n > 0 {
				at.two = true
			}
		}
		if flows >= 0 {
			if n, ok := table.Number([]byte(cells[flows])); ok && n > 1 {
				aggregated = true
			}
		}
		if start := cells[at.start]; strings.Contains(start, ":") {
			naive = true
		} else if v, err := parse.Scaled([]byte(start), parse.Nanoseconds); err == nil {
			largest = max(largest, float64(v))
		}
		return true
	})
	at.unit = parse.GuessUnit(largest)
	if at.two {
		l.Use(columns.DstBytes, "obyt", "outBytes")
		l.Use(columns.DstPkts, "opkt", "outPackets")
		src.Stitch = stitching
		src.Stitch.Halves = false
		at.flags = l.Use(columns.SrcFlags) // whose they are, once both directions were joined, is not told
	} else {
		var p table.Pairing
		if l.Records(newRow(at, src.Options.Location), p.Add); p.OneSided() {
			src.Stitch = stitching
			src.Stitch.Silence = false
			src.Note(table.OneSided)
		}
	}
	src.Mapping = l.Explain(name)
	src.Fields = l.Fields() & fields
	if at.dport >= 0 {
		src.Fields |= flow.HasICMP
	}
	if aggregated {
		src.Note("some rows stand for several flows (flows above 1): their times and counts are not those of connections")
	}
	if naive {
		table.LocalTime(src, l.Names[at.start])
	}
}

// row decodes rows of one layout.
type row struct {
	at         *layout
	start, end parse.Clock
}

func newRow(at *layout, zone *time.Location) *row {
	c := parse.Clock{Zone: zone, Unit: at.unit}
	return &row{at: at, start: c, end: c}
}

// Fill implements table.Row.
func (d *row) Fill(c *table.Cells, r *flow.Record) error {
	at := d.at
	if err := table.Start(c.Get(at.start), &d.start, r); err != nil {
		return err
	}
	if err := table.Addrs(c.Get(at.src), c.Get(at.dst), r); err != nil {
		return err
	}
	table.Proto(c.Get(at.proto), r)
	if err := table.NetFlowPorts(c.Get(at.sport), c.Get(at.dport), r); err != nil {
		return err
	}
	if at.icmpType >= 0 && table.ICMP(r) {
		typ, ok := table.Number(c.Get(at.icmpType))
		code, _ := table.Number(c.Get(at.icmpCode))
		if ok && typ < 256 && code < 256 {
			table.SetICMP(r, uint8(typ), uint8(code))
		}
	}
	if table.Duration(c.Get(at.dur), parse.Seconds, r); r.Has&flow.HasDuration == 0 && at.end >= 0 {
		if end, err := d.end.Parse(parse.Trim(c.Get(at.end))); err == nil {
			r.Duration = end.Sub(r.Start)
			r.Has |= flow.HasDuration
		}
	}
	table.Count(c.Get(at.srcBytes), r, &r.SrcBytes, flow.HasSrcBytes)
	table.Count(c.Get(at.srcPkts), r, &r.SrcPkts, flow.HasSrcPkts)
	if at.two {
		table.Count(c.Get(at.dstBytes), r, &r.DstBytes, flow.HasDstBytes)
		table.Count(c.Get(at.dstPkts), r, &r.DstPkts, flow.HasDstPkts)
	}
	table.Flags(c.Get(at.flags), r)
	return nil
}

// Mend implements table.Mender: behind the rows stands a summary, three lines
// of six columns.
func (d *row) Mend(line []byte, c *table.Cells) (bool, error) {
	first := string(parse.Trim(c.Get(0)))
	switch {
	case c.Len() == 1 && first == "Summary", c.Len() == 6 && first == "flows",
		strings.HasPrefix(first, "No matching flows"):
		return false, lines.ErrSkip
	case c.Len() != 6:
		return false, nil
	}
	for i := range c.Len() {
		if _, err := parse.Uint(parse.Trim(c.Get(i))); err != nil {
			return false, nil
		}
	}
	return false, lines.ErrSkip
}
