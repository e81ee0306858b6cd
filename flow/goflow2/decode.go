package goflow2

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"

	"seine/flow"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// The members of a record; the older spelling follows behind all of them.
const (
	received = iota
	start
	end
	rate
	sampler
	octets
	packets
	srcAddr
	dstAddr
	proto
	srcPort
	dstPort
	tcpFlags
	icmpType
	icmpCode
	kind
	memberCount
)

var members = [2 * memberCount]string{
	"time_received_ns", "time_flow_start_ns", "time_flow_end_ns", "sampling_rate", "sampler_address", "bytes", "packets",
	"src_addr", "dst_addr", "proto", "src_port", "dst_port", "tcp_flags", "icmp_type", "icmp_code", "type",

	"TimeReceived", "TimeFlowStart", "TimeFlowEnd", "SamplingRate", "SamplerAddress", "Bytes", "Packets",
	"SrcAddr", "DstAddr", "Proto", "SrcPort", "DstPort", "TCPFlags", "IcmpType", "IcmpCode", "Type",
}

var paths = jsonscan.Compile(members[:]...)

var (
	errNoTime = errors.New("no time_flow_start_ns and no time_received_ns")
	errHalf   = errors.New("only one of src_addr and dst_addr")
)

type decoder struct {
	scan *jsonscan.Scanner
	seen *tally
}

// text is a string or a number, nil where there is neither.
func (d *decoder) text(m int) []byte {
	for _, i := range [...]int{m, m + memberCount} {
		if k := d.scan.Kind(i); k == jsonscan.String || k == jsonscan.Number {
			return d.scan.Text(i)
		}
	}
	return nil
}

// Decode implements lines.Decoder.
func (d *decoder) Decode(text []byte, r *flow.Record) error {
	if text[0] == 0xef {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	if err := d.scan.Scan(text); err != nil {
		return err
	}
	src, dst := d.text(srcAddr), d.text(dstAddr)
	switch {
	case len(src) == 0 && len(dst) == 0: // of a layer below
		if d.text(received) == nil {
			return errNoTime
		}
		d.seen.noFlow.Add(1)
		return lines.ErrSkip
	case len(src) == 0 || len(dst) == 0:
		return errHalf
	}
	*r = flow.Record{Proto: flow.ProtoUnknown}
	var err error
	if r.Src, err = parse.Addr(src); err != nil {
		return fail(srcAddr, src, err)
	}
	if r.Dst, err = parse.Addr(dst); err != nil {
		return fail(dstAddr, dst, err)
	}
	r.Has = flow.HasAddrs
	if err := d.times(r); err != nil {
		return err
	}
	if p, ok := flow.ParseProto(d.text(proto)); ok {
		r.Proto = p
		r.Has |= flow.HasProto
	}
	if r.Proto == flow.ICMP || r.Proto == flow.ICMPv6 {
		d.icmp(r)
	} else {
		if err := d.port(srcPort, &r.SrcPort, flow.HasSrcPort, r); err != nil {
			return err
		}
		if err := d.port(dstPort, &r.DstPort, flow.HasDstPort, r); err != nil {
			return err
		}
	}
	factor := uint64(1)
	if v, err := parse.Uint(d.text(rate)); err == nil && v > 1 { // 0 is not known
		factor = v
		d.seen.sampled.Add(1)
	}
	d.count(octets, factor, &r.SrcBytes, flow.HasSrcBytes, r)
	d.count(packets, factor, &r.SrcPkts, flow.HasSrcPkts, r)
	if v, err := parse.Uint(d.text(tcpFlags)); err == nil && r.Proto == flow.TCP {
		r.SrcFlags = flow.TCPFlags(v) // NetFlow v9 may send two bytes: the upper holds no flag we know
		r.Has |= flow.HasFlags
	}
	return nil
}

// icmp reads type and code. Where NetFlow gave none, goflow2 writes 0 and 0,
// and what NetFlow v5 and many exporters of v9 have in the destination port,
// type·256 + code, it leaves there.
func (d *decoder) icmp(r *flow.Record) {
	t, err1 := parse.Uint(d.text(icmpType))
	c, err2 := parse.Uint(d.text(icmpCode))
	if err1 != nil || err2 != nil || t|c == 0 {
		if p, err := parse.Uint(d.text(dstPort)); err == nil && 0 < p && p <= 0xffff {
			t, c, err1, err2 = p>>8, p&0xff, nil, nil
		}
	}
	if err1 == nil && err2 == nil && t < 256 && c < 256 {
		r.ICMPType, r.ICMPCode = uint8(t), uint8(c)
		r.Has |= flow.HasICMP
	}
}

// time reads a member as text, as nanoseconds, or in the older spelling as
// seconds. known is false for one that is not there, or 0.
func (d *decoder) time(m int) (t flow.Time, known bool, err error) {
	text := d.text(m)
	if text == nil || string(text) == "0" || len(text) == 0 {
		return 0, false, nil
	}
	if t, ok := parse.Instant(text); ok {
		return t, true, nil
	}
	c := parse.Clock{Unit: parse.Nanoseconds, Strict: true}
	if d.scan.Kind(m) == jsonscan.Absent || d.scan.Kind(m) == jsonscan.Null {
		c.Unit = parse.Seconds
	}
	if t, err = c.Parse(text); err != nil {
		return 0, false, fail(m, text, err)
	}
	return t, true, nil
}

// offClock is how far from its reception a record may end.
const offClock = 3600 * flow.Second

func (d *decoder) times(r *flow.Record) error {
	at, hasAt, err := d.time(received)
	if err != nil {
		return err
	}
	from, hasFrom, err := d.time(start)
	if err != nil {
		return err
	}
	to, hasTo, err := d.time(end)
	if err != nil {
		return err
	}
	switch {
	case !hasFrom && !hasAt:
		return errNoTime
	case !hasFrom: // sFlow: a packet as it passes
		r.Start = at
		r.Has |= flow.HasStart
		return nil
	}
	r.Start = from
	r.Has |= flow.HasStart
	if !hasTo {
		return nil
	}
	switch {
	case to < from:
		d.seen.negative.Add(1)
	case to-from < 0: // further apart than a span can be
		return nil
	default:
		r.Duration = to - from
	}
	r.Has |= flow.HasDuration
	if hasAt && (to > at.Add(offClock) || to < at.Add(-offClock)) {
		r.Start = at.Add(-r.Duration)
		d.seen.clock.Add(1)
	}
	return nil
}

func (d *decoder) port(m int, to *uint16, has flow.Fields, r *flow.Record) error {
	text := d.text(m)
	if len(text) == 0 {
		return nil
	}
	v, err := parse.Uint(text)
	switch {
	case err != nil || v > 65535:
		return fail(m, text, parse.ErrPort)
	case v == 0 && r.Has&flow.HasProto != 0 && r.Proto != flow.TCP && r.Proto != flow.UDP:
		return nil // of a protocol without ports
	}
	*to = uint16(v)
	r.Has |= has
	return nil
}

// count reads a counter; one that is no number, or too large when scaled up,
// is absent.
func (d *decoder) count(m int, factor uint64, to *uint64, has flow.Fields, r *flow.Record) {
	v, err := parse.Uint(d.text(m))
	if err != nil {
		return
	}
	if over, scaled := bits.Mul64(v, factor); over == 0 {
		*to = scaled
		r.Has |= has
	}
}

func fail(m int, value []byte, err error) error {
	return fmt.Errorf("%s %q: %w", members[m], value[:min(len(value), 60)], err)
}
