package argus

import (
	"bytes"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

// row decodes rows of one layout.
type row struct {
	at     *layout
	intern *flow.Interner
	clock  parse.Clock
	blanks bool
}

// Fill implements table.Row.
func (d *row) Fill(c *table.Cells, r *flow.Record) error {
	at := d.at
	proto, src, dst := parse.Trim(c.Get(at.proto)), parse.Trim(c.Get(at.src)), parse.Trim(c.Get(at.dst))
	if string(proto) == "man" || string(proto) == "llc" || isMAC(src) || isMAC(dst) {
		return lines.ErrSkip // the collector's own record, or a frame that is not IP
	}
	start := c.Get(at.start)
	if at.date >= 0 {
		start = c.Span(at.date, at.start)
	}
	if err := table.Start(start, &d.clock, r); err != nil {
		return err
	}
	if err := table.Addrs(src, dst, r); err != nil {
		return err
	}
	d.proto(proto, r)
	if err := ports(c.Get(at.sport), c.Get(at.dport), r); err != nil {
		return err
	}
	table.Duration(c.Get(at.dur), parse.Seconds, r)
	if at.end >= 0 && r.Has&flow.HasDuration == 0 {
		if end, err := d.clock.Parse(parse.Trim(c.Get(at.end))); err == nil {
			r.Duration = end.Sub(r.Start)
			r.Has |= flow.HasDuration
		}
	}

	table.Count(c.Get(at.srcBytes), r, &r.SrcBytes, flow.HasSrcBytes)
	table.Count(c.Get(at.dstBytes), r, &r.DstBytes, flow.HasDstBytes)
	table.Count(c.Get(at.srcPkts), r, &r.SrcPkts, flow.HasSrcPkts)
	table.Count(c.Get(at.dstPkts), r, &r.DstPkts, flow.HasDstPkts)
	pkts, _ := table.Number(c.Get(at.pkts))
	if total, ok := table.Number(c.Get(at.bytes)); ok && r.Has&flow.HasBytes == flow.HasSrcBytes && total >= r.SrcBytes {
		r.DstBytes = total - r.SrcBytes
		r.Has |= flow.HasDstBytes
	}
	if r.Has&flow.HasPkts == flow.HasSrcPkts && pkts >= r.SrcPkts && at.pkts >= 0 {
		r.DstPkts = pkts - r.SrcPkts
		r.Has |= flow.HasDstPkts
	}
	if at.pkts < 0 {
		pkts = r.SrcPkts + r.DstPkts
	}

	dir := parse.Trim(c.Get(at.dir))
	if state := parse.Trim(c.Get(at.state)); len(state) > 0 {
		d.state(state, dir, pkts, r)
	}
	if label := parse.Trim(c.Get(at.label)); len(label) > 0 {
		r.Label = d.intern.Symbol(label)
		r.Has |= flow.HasLabel
	}
	if len(dir) > 0 && dir[0] == '<' && dir[len(dir)-1] != '>' {
		exchange(r)
	}
	return nil
}

// proto stores the protocol. What Argus recognised inside of UDP, and names
// without a number, become the service.
func (d *row) proto(name []byte, r *flow.Record) {
	switch string(name) {
	case "rtp", "rtcp", "udt":
		r.Proto = flow.UDP
		r.Has |= flow.HasProto
	default:
		if table.Proto(name, r); r.Has&flow.HasProto != 0 || len(name) == 0 {
			return
		}
	}
	r.Service = d.intern.Symbol(name)
	r.Has |= flow.HasService
}

// ports reads ports, or type and code of ICMP: 0x0303 in the first port holds
// the code and then the type, 0x03 and 0x03 are type and code in a cell each,
// and so are the decimal numbers of ICMPv6.
func ports(sport, dport []byte, r *flow.Record) error {
	if !table.ICMP(r) {
		return table.Ports(sport, dport, r)
	}
	sport, dport = parse.Trim(sport), parse.Trim(dport)
	if parse.Unset(sport) {
		return nil
	}
	first, err := parse.Port(sport)
	if err != nil {
		return table.Fail(columns.SrcPort, sport, err)
	}
	hex := len(sport) > 2 && sport[1]|0x20 == 'x'
	second, err := uint16(0), error(nil)
	if !parse.Unset(dport) {
		if second, err = parse.Port(dport); err != nil {
			return table.Fail(columns.DstPort, dport, err)
		}
	}
	switch {
	case hex && len(sport) > 4:
		table.SetICMP(r, uint8(first), uint8(first>>8))
	case first < 256 && second < 256:
		table.SetICMP(r, uint8(first), uint8(second))
	}
	return nil
}

// state stores the state, and the flags where it is made of them.
func (d *row) state(state, dir []byte, pkts uint64, r *flow.Record) {
	r.RawState = d.intern.Symbol(state)
	r.Has |= flow.HasState
	if src, dst, ok := halves(state); ok {
		r.SrcFlags, r.DstFlags = src, dst
		r.Has |= flow.HasFlags
		r.State = parse.Halves(src, dst)
	} else {
		alone := r.Has&flow.HasDstBytes != 0 && r.DstBytes == 0
		r.State = parse.Argus(state, r.Proto, pkts, alone)
		if r.State.Failed() && r.Proto == flow.TCP && bytes.IndexByte(dir, '?') >= 0 {
			r.State = flow.StatePartial // who asked is a guess, so who was refused is, too
		}
	}
}

// halves reads the flags of both sides: FSPA_FSRPA, S_.
func halves(state []byte) (src, dst flow.TCPFlags, ok bool) {
	i := bytes.IndexByte(state, '_')
	if i < 0 || len(state) < 2 {
		return 0, 0, false
	}
	src, ok1 := letters(state[:i])
	dst, ok2 := letters(state[i+1:])
	return src, dst, ok1 && ok2
}

func letters(b []byte) (f flow.TCPFlags, ok bool) {
	for _, c := range b {
		flag, ok := parse.Flag(c)
		if !ok {
			return 0, false
		}
		f |= flag
	}
	return f, true
}

// exchange makes the destination the originator: Dir says <-.
func exchange(r *flow.Record) {
	r.Src, r.Dst = r.Dst, r.Src
	r.SrcPort, r.DstPort = r.DstPort, r.SrcPort
	r.SrcBytes, r.DstBytes = r.DstBytes, r.SrcBytes
	r.SrcPkts, r.DstPkts = r.DstPkts, r.SrcPkts
	r.SrcFlags, r.DstFlags = r.DstFlags, r.SrcFlags
	has := r.Has
	for _, p := range [...][2]flow.Fields{
		{flow.HasSrcPort, flow.HasDstPort}, {flow.HasSrcBytes, flow.HasDstBytes}, {flow.HasSrcPkts, flow.HasDstPkts},
	} {
		r.Has &^= p[0] | p[1]
		if has&p[0] != 0 {
			r.Has |= p[1]
		}
		if has&p[1] != 0 {
			r.Has |= p[0]
		}
	}
	switch {
	case has&flow.HasFlags != 0:
		r.State = parse.Halves(r.SrcFlags, r.DstFlags)
	case r.State == flow.StateResetOrig:
		r.State = flow.StateResetResp
	case r.State == flow.StateResetResp:
		r.State = flow.StateResetOrig
	case r.State.Failed():
		r.State = flow.StatePartial // what was sent is an answer
	}
}

// isMAC reports whether b is spelled like a hardware address.
func isMAC(b []byte) bool {
	if len(b) != 17 {
		return false
	}
	for i, c := range b {
		digit := c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f'
		if i%3 == 2 && c != ':' && c != '-' || i%3 != 2 && !digit {
			return false
		}
	}
	return true
}
