// Package netflowml reads the tables of the NF data sets (NF-UNSW-NB15-v3 and
// its kin), NetFlow fields with labels for training classifiers.
package netflowml

import (
	_ "embed"
	"errors"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

//go:embed README.md
var doc string

// Format describes the tables of the NF data sets.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "nf-v3",
		Title:  "NF-v3 data sets: NetFlow fields with labels (v1 and v2 have no times)",
		Doc:    doc,
		Ext:    []string{".csv"},
		Fields: fields,
		Match:  match,
		Open:   open,
	}
}

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
	flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasFlags | flow.HasICMP | flow.HasLabel

var errNoTime = errors.New("this is an NF data set of version 1 or 2, which has no times: no detector can work on it; " +
	"version 3 of the same data sets has FLOW_START_MILLISECONDS")

func match(head []byte) (int, string) {
	l, err := find(head)
	switch {
	case err != nil:
		return 92, "" // certainly ours; open tells why it cannot be read
	case l == nil:
		return 0, "no header with IPV4_SRC_ADDR, L4_DST_PORT, IN_BYTES and OUT_BYTES"
	}
	return 95, ""
}

// find finds the layout of the text that starts with head, or nil.
func find(head []byte) (*table.Layout, error) {
	l := table.Find(head, ",\t;", func(l *table.Layout) bool {
		return l.Has("IPV4_SRC_ADDR", "L4_SRC_PORT", "IPV4_DST_ADDR", "L4_DST_PORT", "PROTOCOL", "IN_BYTES", "OUT_BYTES")
	})
	if l != nil && !l.Has("FLOW_START_MILLISECONDS") {
		return nil, errNoTime
	}
	return l, nil
}

// layout tells which column carries what; -1 stands for none.
type layout struct {
	start, end, dur, proto, src, sport, dst, dport int
	srcBytes, dstBytes, srcPkts, dstPkts           int
	srcFlags, dstFlags, icmp, attack, bad          int
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	l, err := find(head)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, errors.New("no header of an NF data set")
	}
	at := layout{
		start: l.Use(columns.Start, "FLOW_START_MILLISECONDS"), end: l.Use(columns.End, "FLOW_END_MILLISECONDS"),
		dur: l.Use(columns.Duration, "FLOW_DURATION_MILLISECONDS"), proto: l.Use(columns.Proto, "PROTOCOL"),
		src: l.Use(columns.SrcIP, "IPV4_SRC_ADDR"), sport: l.Use(columns.SrcPort, "L4_SRC_PORT"),
		dst: l.Use(columns.DstIP, "IPV4_DST_ADDR"), dport: l.Use(columns.DstPort, "L4_DST_PORT"),
		srcBytes: l.Use(columns.SrcBytes, "IN_BYTES"), dstBytes: l.Use(columns.DstBytes, "OUT_BYTES"),
		srcPkts: l.Use(columns.SrcPkts, "IN_PKTS"), dstPkts: l.Use(columns.DstPkts, "OUT_PKTS"),
		srcFlags: l.Use(columns.SrcFlags, "CLIENT_TCP_FLAGS"), dstFlags: l.Use(columns.DstFlags, "SERVER_TCP_FLAGS"),
		icmp: l.Use(columns.ICMPType, "ICMP_TYPE"), attack: l.Use(columns.Label, "Attack"), bad: l.Column("Label"),
	}
	src.Mapping = l.Explain("nf-v3")
	src.Fields = l.Fields() & fields
	if at.bad >= 0 {
		src.Fields |= flow.HasLabel
	}
	if at.srcFlags >= 0 && at.dstFlags >= 0 {
		src.Fields |= flow.HasState
		src.Mapping = append(src.Mapping, "state ← CLIENT_TCP_FLAGS, SERVER_TCP_FLAGS and the packets of each side")
	}
	return table.Open(src, l, func(in *flow.Interner) table.Row {
		return &row{at: &at, intern: in}
	})
}

// row decodes rows of one layout.
type row struct {
	at     *layout
	intern *flow.Interner
}

// Fill implements table.Row.
func (d *row) Fill(c *table.Cells, r *flow.Record) error {
	at := d.at
	start := parse.Trim(c.Get(at.start))
	t, err := parse.Scaled(start, parse.Milliseconds)
	if err != nil {
		return table.Fail(columns.Start, start, err)
	}
	r.Start = t
	r.Has |= flow.HasStart
	if err := table.Addrs(c.Get(at.src), c.Get(at.dst), r); err != nil {
		return err
	}
	table.Proto(c.Get(at.proto), r)
	table.Count(c.Get(at.srcBytes), r, &r.SrcBytes, flow.HasSrcBytes)
	table.Count(c.Get(at.dstBytes), r, &r.DstBytes, flow.HasDstBytes)
	table.Count(c.Get(at.srcPkts), r, &r.SrcPkts, flow.HasSrcPkts)
	table.Count(c.Get(at.dstPkts), r, &r.DstPkts, flow.HasDstPkts)
	if table.ICMP(r) { // the ports are 0, or hold type and code again
		if v, ok := table.Number(c.Get(at.icmp)); ok && v <= 0xffff {
			table.SetICMP(r, uint8(v>>8), uint8(v))
		}
	} else if err := table.Ports(c.Get(at.sport), c.Get(at.dport), r); err != nil {
		return err
	}
	d.duration(c, r)
	d.state(c, r)
	if attack := parse.Trim(c.Get(at.attack)); len(attack) > 0 {
		r.Label = d.intern.Symbol(attack)
		r.Has |= flow.HasLabel
	} else if v := parse.Trim(c.Get(at.bad)); len(v) > 0 {
		r.Label = d.intern.Symbol(v)
		r.Has |= flow.HasLabel
	}
	return nil
}

// duration is the span of the two times; FLOW_DURATION_MILLISECONDS has
// wrapped around in places and serves where there is no end.
func (d *row) duration(c *table.Cells, r *flow.Record) {
	if end, err := parse.Scaled(parse.Trim(c.Get(d.at.end)), parse.Milliseconds); err == nil {
		r.Duration = end.Sub(r.Start)
		r.Has |= flow.HasDuration
		return
	}
	table.Duration(c.Get(d.at.dur), parse.Milliseconds, r)
}

// state makes a state of the flags of both sides, or of the packets of UDP.
func (d *row) state(c *table.Cells, r *flow.Record) {
	answered := r.Has&flow.HasDstPkts == 0 || r.DstPkts > 0
	switch r.Proto {
	case flow.TCP:
		src, ok1 := parse.Flags(c.Get(d.at.srcFlags))
		dst, ok2 := parse.Flags(c.Get(d.at.dstFlags))
		if !ok1 || !ok2 {
			return
		}
		r.SrcFlags, r.DstFlags = src, dst
		r.Has |= flow.HasFlags | flow.HasState
		if r.State = parse.Halves(src, dst); r.State == flow.StateAttempt && answered {
			r.State = flow.StatePartial
		}
	case flow.UDP:
		if d.at.srcFlags < 0 || d.at.dstFlags < 0 || r.Has&flow.HasDstPkts == 0 {
			return
		}
		r.State = flow.StateEstablished
		if !answered {
			r.State = flow.StateAttempt
		}
		r.Has |= flow.HasState
	}
}
