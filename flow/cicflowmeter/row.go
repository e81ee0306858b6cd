package cicflowmeter

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
	clock  clock
}

// Fill implements table.Row.
func (d *row) Fill(c *table.Cells, r *flow.Record) error {
	at := d.at
	start := parse.Trim(c.Get(at.start))
	t, err := d.clock.parse(start)
	if err != nil {
		return table.Fail(columns.Start, start, err)
	}
	r.Start = t
	r.Has |= flow.HasStart
	if err := table.Addrs(c.Get(at.src), c.Get(at.dst), r); err != nil {
		return err
	}
	if proto := parse.Trim(c.Get(at.proto)); string(proto) != "0" { // 0 is what it has for "not IP"
		table.Proto(whole(proto), r)
	}
	if table.ICMP(r) { // type and code are not written, and the ports are 0
	} else if err := table.Ports(c.Get(at.sport), c.Get(at.dport), r); err != nil {
		return err
	}
	table.Duration(c.Get(at.dur), parse.Microseconds, r)
	table.Count(c.Get(at.srcBytes), r, &r.SrcBytes, flow.HasSrcBytes)
	table.Count(c.Get(at.dstBytes), r, &r.DstBytes, flow.HasDstBytes)
	table.Count(c.Get(at.srcPkts), r, &r.SrcPkts, flow.HasSrcPkts)
	table.Count(c.Get(at.dstPkts), r, &r.DstPkts, flow.HasDstPkts)
	if at.syn >= 0 {
		d.state(c, r)
	}
	if label := parse.Trim(c.Get(at.label)); len(label) > 0 {
		r.Label = d.intern.Symbol(label)
		r.Has |= flow.HasLabel
	}
	return nil
}

// whole drops a fraction of zero: 6.0.
func whole(v []byte) []byte {
	if n := len(v); n > 2 && v[n-1] == '0' && v[n-2] == '.' {
		return v[:n-2]
	}
	return v
}

// state makes a state of the packets that went either way and the flags of
// both sides together. A flow without a SYN is the tail of one that was cut,
// perhaps turned around, and so never a failure.
func (d *row) state(c *table.Cells, r *flow.Record) {
	if r.Has&flow.HasPkts != flow.HasPkts {
		return
	}
	syn, ok1 := table.Number(c.Get(d.at.syn))
	fin, ok2 := table.Number(c.Get(d.at.fin))
	rst, ok3 := table.Number(c.Get(d.at.rst))
	if !ok1 || !ok2 || !ok3 {
		return
	}
	ack, _ := table.Number(c.Get(d.at.ack))
	silent := r.DstPkts == 0
	switch r.Proto {
	case flow.TCP:
		empty := r.Has&flow.HasBytes == flow.HasBytes && r.SrcBytes == 0 && r.DstBytes == 0
		switch {
		case silent && syn > 0 && ack == 0:
			r.State = flow.StateAttempt
		case silent:
			r.State = flow.StatePartial
		case rst > 0 && syn > 0 && fin == 0 && empty:
			r.State = flow.StateRejected
		case fin > 0:
			r.State = flow.StateClosed
		case rst > 0 && syn > 0:
			r.State = flow.StateResetResp
		case syn > 0:
			r.State = flow.StateEstablished
		default:
			r.State = flow.StatePartial
		}
	case flow.UDP:
		r.State = flow.StateEstablished
		if silent {
			r.State = flow.StateAttempt
		}
	default:
		return
	}
	r.Has |= flow.HasState
}
