// Package cidds reads the tables of the CIDDS-001 and CIDDS-002 data sets.
package cidds

import (
	_ "embed"
	"errors"
	"fmt"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

//go:embed README.md
var doc string

// Format describes the tables of CIDDS.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "cidds",
		Title:  "CIDDS-001 and CIDDS-002 CSV, labelled NetFlow of one direction a row",
		Doc:    doc,
		Ext:    []string{".csv"},
		Fields: fields,
		Stitch: flow.Stitching{Pieces: true, Halves: true, Silence: true, Auto: true},
		Match:  match,
		Open:   open,
	}
}

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
	flow.HasDstPort | flow.HasSrcBytes | flow.HasSrcPkts | flow.HasFlags | flow.HasICMP | flow.HasLabel

func match(head []byte) (int, string) {
	if find(head) == nil {
		return 0, "no header with Date first seen, Src IP Addr and Dst IP Addr"
	}
	return 95, ""
}

func find(head []byte) *table.Layout {
	return table.Find(head, ",\t;", func(l *table.Layout) bool {
		return l.Has("Date first seen", "Proto", "Src IP Addr", "Dst IP Addr", "Packets", "Bytes")
	})
}

// layout tells which column carries what; -1 stands for none.
type layout struct {
	start, dur, proto, src, sport, dst, dport, flags int
	bytes, pkts, class, attack                       int
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	l := find(head)
	if l == nil {
		return nil, errors.New("no header of CIDDS")
	}
	at := layout{
		start: l.Use(columns.Start, "Date first seen"), dur: l.Use(columns.Duration, "Duration"),
		proto: l.Use(columns.Proto, "Proto"),
		src:   l.Use(columns.SrcIP, "Src IP Addr"), sport: l.Use(columns.SrcPort, "Src Pt"),
		dst: l.Use(columns.DstIP, "Dst IP Addr"), dport: l.Use(columns.DstPort, "Dst Pt"),
		flags: l.Use(columns.SrcFlags, "Flags"), bytes: l.Use(columns.SrcBytes, "Bytes"),
		pkts: l.Use(columns.SrcPkts, "Packets"), class: l.Use(columns.Label, "class", "label"),
		attack: l.Column("attackType"),
	}
	src.Mapping = l.Explain("cidds")
	src.Fields = l.Fields() & fields
	if at.dport >= 0 {
		src.Fields |= flow.HasICMP
	}
	table.LocalTime(src, "Date first seen")
	named := new(atomic.Uint64)
	zone := src.Options.Location
	return table.Open(src, l, func(in *flow.Interner) table.Row {
		return &row{at: &at, intern: in, clock: parse.Clock{Zone: zone}, named: named}
	}, func() {
		if n := named.Load(); n > 0 {
			src.Note(fmt.Sprintf("%d rows have a name in place of an address (EXT_SERVER, 10008_34): such hosts are told apart, "+
				"but lie in no network", n))
		}
	})
}

// row decodes rows of one layout.
type row struct {
	at     *layout
	intern *flow.Interner
	clock  parse.Clock
	named  *atomic.Uint64 // rows with a name for an address, over all decoders
	label  []byte
}

// addrs reads both addresses. The data sets put names in the place of those
// that they hide.
func (d *row) addrs(src, dst []byte, r *flow.Record) error {
	src, dst = parse.Trim(src), parse.Trim(dst)
	var ok bool
	if r.Src, ok = addr(src); !ok {
		return table.Fail(columns.SrcIP, src, errAddr)
	}
	if r.Dst, ok = addr(dst); !ok {
		return table.Fail(columns.DstIP, dst, errAddr)
	}
	r.Has |= flow.HasAddrs
	if r.Src.IsName() || r.Dst.IsName() {
		d.named.Add(1)
	}
	return nil
}

var errAddr = errors.New("neither an IP address nor the name of a host")

// addr reads an address or a name; no text is both.
func addr(text []byte) (flow.Addr, bool) {
	if cap(text) >= parse.Room {
		if v, n := parse.Quad(text[:parse.Room]); n == len(text) && n > 0 {
			return flow.AddrFrom4(v), true
		}
	}
	if a, ok := flow.NameAddr(text); ok {
		return a, true
	}
	a, err := flow.ParseAddr(text)
	return a, err == nil
}

// Fill implements table.Row.
func (d *row) Fill(c *table.Cells, r *flow.Record) error {
	at := d.at
	if err := table.Start(c.Get(at.start), &d.clock, r); err != nil {
		return err
	}
	if err := d.addrs(c.Get(at.src), c.Get(at.dst), r); err != nil {
		return err
	}
	table.Proto(c.Get(at.proto), r)
	if err := table.NetFlowPorts(c.Get(at.sport), c.Get(at.dport), r); err != nil {
		return err
	}
	table.Duration(c.Get(at.dur), parse.Seconds, r)
	table.Count(c.Get(at.bytes), r, &r.SrcBytes, flow.HasSrcBytes)
	table.Count(c.Get(at.pkts), r, &r.SrcPkts, flow.HasSrcPkts)
	table.Flags(c.Get(at.flags), r)
	class, attack := parse.Trim(c.Get(at.class)), parse.Trim(c.Get(at.attack))
	if len(class) > 0 {
		if len(attack) > 0 && string(attack) != "---" {
			d.label = append(append(append(d.label[:0], class...), ' '), attack...)
			class = d.label
		}
		r.Label = d.intern.Symbol(class)
		r.Has |= flow.HasLabel
	}
	return nil
}
