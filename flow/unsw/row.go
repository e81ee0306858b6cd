package unsw

import (
	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

// row decodes rows of one layout.
type row struct {
	at     *layout
	intern *flow.Interner
}

// Fill implements table.Row.
func (d *row) Fill(c *table.Cells, r *flow.Record) error {
	at := d.at
	start := parse.Trim(c.Get(at.start))
	t, err := parse.Scaled(start, parse.Seconds)
	if err != nil {
		return table.Fail(columns.Start, start, err)
	}
	r.Start = t
	r.Has |= flow.HasStart
	if err := table.Addrs(c.Get(at.src), c.Get(at.dst), r); err != nil {
		return err
	}
	name := parse.Trim(c.Get(at.proto))
	if table.Proto(name, r); r.Has&flow.HasProto == 0 && len(name) > 0 {
		r.Service = d.intern.Symbol(name)
		r.Has |= flow.HasService
	}
	if table.ICMP(r) { // the ports are bytes of the packet that a message quotes
	} else if err := table.Ports(c.Get(at.sport), c.Get(at.dport), r); err != nil {
		return err
	}
	if service := parse.Trim(c.Get(at.service)); !parse.Unset(service) {
		r.Service = d.intern.Symbol(service)
		r.Has |= flow.HasService
	}
	d.duration(c, r)
	table.Count(c.Get(at.srcBytes), r, &r.SrcBytes, flow.HasSrcBytes)
	table.Count(c.Get(at.dstBytes), r, &r.DstBytes, flow.HasDstBytes)
	table.Count(c.Get(at.srcPkts), r, &r.SrcPkts, flow.HasSrcPkts)
	table.Count(c.Get(at.dstPkts), r, &r.DstPkts, flow.HasDstPkts)
	state := parse.Trim(c.Get(at.state))
	if !parse.Unset(state) && string(state) != "no" {
		r.RawState = d.intern.Symbol(state)
		alone := r.Has&flow.HasDstBytes != 0 && r.DstBytes == 0
		r.State = parse.Argus(state, r.Proto, r.SrcPkts+r.DstPkts, alone)
		r.Has |= flow.HasState
	}
	if table.ICMP(r) {
		icmp(state, r)
	}
	d.label(c, r)
	return nil
}

// duration reads dur, or, where it cannot be read, the span of the two times.
func (d *row) duration(c *table.Cells, r *flow.Record) {
	if table.Duration(c.Get(d.at.dur), parse.Seconds, r); r.Has&flow.HasDuration != 0 {
		return
	}
	if end, err := parse.Scaled(parse.Trim(c.Get(d.at.end)), parse.Seconds); err == nil {
		r.Duration = end.Sub(r.Start)
		r.Has |= flow.HasDuration
	}
}

// icmp takes type and code from the state.
func icmp(state []byte, r *flow.Record) {
	switch {
	case r.Proto != flow.ICMP:
	case string(state) == "ECO":
		table.SetICMP(r, 8, 0)
	case string(state) == "ECR":
		table.SetICMP(r, 0, 0)
	case string(state) == "URN":
		table.SetICMP(r, 3, 0)
	case string(state) == "URH":
		table.SetICMP(r, 3, 1)
	case string(state) == "URP":
		table.SetICMP(r, 3, 3)
	}
}

// label takes the kind of attack or, where none is named, what the 0 or 1 of
// the last column stands for.
func (d *row) label(c *table.Cells, r *flow.Record) {
	attack := parse.Trim(c.Get(d.at.attack))
	if len(attack) == 0 {
		switch v := parse.Trim(c.Get(d.at.label)); string(v) {
		case "0":
			attack = normal
		case "1":
			attack = unnamed
		default:
			return
		}
	}
	r.Label = d.intern.Symbol(attack)
	r.Has |= flow.HasLabel
}

var normal, unnamed = []byte("Normal"), []byte("Attack")
