package ocsf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"seine/flow"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

var (
	errNoClass = errors.New("no class_uid")
	errNoTime  = errors.New("no start_time and no time")
	errHalf    = errors.New("only one of src_endpoint.ip and dst_endpoint.ip")
)

type decoder struct {
	scan   *jsonscan.Scanner
	intern *flow.Interner
	seen   *tally
	opens  bool // Open events are flows, for want of others
}

// text is a string or a number, nil where there is neither.
func (d *decoder) text(m int) []byte {
	if k := d.scan.Kind(m); k == jsonscan.String || k == jsonscan.Number {
		return d.scan.Text(m)
	}
	return nil
}

// number is a small number, or -1.
func (d *decoder) number(m int) int {
	v, err := parse.Uint(d.text(m))
	if err != nil || v > 1<<30 {
		return -1
	}
	return int(v)
}

// Decode implements lines.Decoder.
func (d *decoder) Decode(text []byte, r *flow.Record) error {
	if text[0] == 0xef {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	if err := d.scan.Scan(text); err != nil {
		return err
	}
	switch class := d.text(classUID); {
	case class == nil:
		return errNoClass
	case string(class) != "4001":
		d.seen.other.Add(1)
		return lines.ErrSkip
	}
	switch kind := d.activity(); {
	case kind == activityListen:
		d.seen.listen.Add(1)
		return lines.ErrSkip
	case kind == activityOpen && !d.opens && !d.counted():
		d.seen.opened.Add(1)
		return lines.ErrSkip
	}
	src, srcNamed := d.host(srcIP, srcName)
	dst, dstNamed := d.host(dstIP, dstName)
	switch {
	case parse.Unset(src) && parse.Unset(dst):
		d.seen.empty.Add(1)
		return lines.ErrSkip
	case parse.Unset(src) || parse.Unset(dst):
		return errHalf
	}
	*r = flow.Record{Proto: flow.ProtoUnknown}
	var err error
	if r.Src, err = address(src, srcNamed); err != nil {
		return fail(srcIP, src, err)
	}
	if r.Dst, err = address(dst, dstNamed); err != nil {
		return fail(dstIP, dst, err)
	}
	r.Has = flow.HasAddrs
	if err := d.times(r); err != nil {
		return err
	}
	d.proto(r)
	if err := d.port(srcPort, &r.SrcPort, flow.HasSrcPort, r); err != nil {
		return err
	}
	if err := d.port(dstPort, &r.DstPort, flow.HasDstPort, r); err != nil {
		return err
	}
	d.traffic(r)
	d.flags(r)
	if d.scan.Kind(appName) == jsonscan.String {
		if s := d.text(appName); d.ours() || !parse.Unset(s) {
			r.Service = d.intern.Symbol(s)
			r.Has |= flow.HasService
		}
	}
	if !d.uid(connectionUID, r) {
		d.uid(communityUID, r)
	}
	d.own(r)
	d.state(r)
	return nil
}

// host is the address of an end, or the name that stands in its place in an
// event of this package.
func (d *decoder) host(ip, name int) (text []byte, named bool) {
	if text = d.text(ip); text == nil && d.ours() {
		return d.text(name), true
	}
	return text, false
}

func address(text []byte, named bool) (flow.Addr, error) {
	if named {
		if a, ok := flow.NameAddr(text); ok {
			return a, nil
		}
	}
	return parse.Addr(text)
}

// counted reports whether the event has any counter.
func (d *decoder) counted() bool {
	for m := bytesOut; m <= packetsBoth; m++ {
		if d.scan.Kind(m) == jsonscan.Number {
			return true
		}
	}
	return false
}

// instant reads milliseconds since 1970; a number that would lie in the first
// years counts seconds, as some producers have it.
func (d *decoder) instant(number, text int) (t flow.Time, known bool, err error) {
	if b := d.text(number); len(b) > 0 {
		unit := parse.Milliseconds
		if v, err := parse.Uint(b); err == nil && v > 0 && v < 1e11 && !d.ours() {
			unit = parse.Seconds
		}
		t, err := parse.Scaled(b, unit)
		if err != nil {
			return 0, false, fail(number, b, err)
		}
		return t, true, nil
	}
	if b := d.text(text); len(b) > 0 {
		t, ok := parse.Instant(b)
		if !ok {
			return 0, false, fail(text, b, parse.ErrTime)
		}
		return t, true, nil
	}
	return 0, false, nil
}

func (d *decoder) times(r *flow.Record) error {
	from, known, err := d.instant(startTime, startTimeText)
	if err != nil {
		return err
	}
	if !known {
		if from, known, err = d.instant(eventTime, eventTimeText); err != nil {
			return err
		}
		if !known {
			return errNoTime
		}
	} else if rest := d.number(ownStart); rest > 0 && rest < 1e6 {
		from = from.Add(flow.Time(rest))
	}
	r.Start = from
	r.Has |= flow.HasStart
	if v, err := parse.Uint(d.text(ownDuration)); err == nil && v <= uint64(flow.MaxTime) {
		r.Duration = flow.Time(v)
		r.Has |= flow.HasDuration
		return nil
	}
	if v, err := parse.Scaled(d.text(duration), parse.Milliseconds); err == nil {
		if v < 0 {
			d.seen.negative.Add(1)
			v = 0
		}
		r.Duration = v
		r.Has |= flow.HasDuration
		return nil
	}
	to, known, err := d.instant(endTime, endTimeText)
	switch {
	case err != nil:
		return err
	case !known || d.text(startTime) == nil && d.text(startTimeText) == nil:
		return nil
	case to < from:
		d.seen.negative.Add(1)
	case to-from < 0: // further apart than a span can be
		return nil
	default:
		r.Duration = to - from
	}
	r.Has |= flow.HasDuration
	return nil
}

// proto takes the number; -1 stands for a protocol without one.
func (d *decoder) proto(r *flow.Record) {
	num := d.text(protocolNum)
	for _, text := range [...][]byte{num, d.text(protocolName)} {
		if p, ok := flow.ParseProto(text); ok {
			r.Proto = p
			r.Has |= flow.HasProto
			return
		}
	}
	if string(num) == "-1" {
		r.Has |= flow.HasProto
	}
}

func (d *decoder) port(m int, to *uint16, has flow.Fields, r *flow.Record) error {
	text := d.text(m)
	if parse.Unset(text) {
		return nil
	}
	v, err := parse.Port(text)
	switch {
	case err != nil:
		return fail(m, text, err)
	case d.ours(): // written as it was read
	case r.Proto == flow.ICMP || r.Proto == flow.ICMPv6: // some writers put type and code here, some zero
		return nil
	case v == 0 && r.Has&flow.HasProto != 0 && !r.Proto.Ported():
		return nil
	}
	*to = v
	r.Has |= has
	return nil
}

// traffic takes the counters of each direction. A total is the source's where
// the event is one direction, and otherwise nobody's.
func (d *decoder) traffic(r *flow.Record) {
	d.count(bytesOut, &r.SrcBytes, flow.HasSrcBytes, r)
	d.count(bytesIn, &r.DstBytes, flow.HasDstBytes, r)
	d.count(packetsOut, &r.SrcPkts, flow.HasSrcPkts, r)
	d.count(packetsIn, &r.DstPkts, flow.HasDstPkts, r)
	if r.Has&(flow.HasBytes|flow.HasPkts) != 0 {
		return
	}
	if d.text(bytesBoth) == nil && d.text(packetsBoth) == nil {
		return
	}
	if !d.oneWay() {
		d.seen.totals.Add(1)
		return
	}
	d.count(bytesBoth, &r.SrcBytes, flow.HasSrcBytes, r)
	d.count(packetsBoth, &r.SrcPkts, flow.HasSrcPkts, r)
}

func (d *decoder) count(m int, to *uint64, has flow.Fields, r *flow.Record) {
	if v, ok := parse.Counter(d.text(m)); ok {
		*to = v
		r.Has |= has
	}
}

// uid keeps an identifier. One that this package wrote as a hash becomes the
// hash again, not that of its text.
func (d *decoder) uid(m int, r *flow.Record) bool {
	text := d.text(m)
	if text == nil || parse.Unset(text) && !d.ours() {
		return false
	}
	r.UID = flow.MakeUID(text)
	if len(text) == 16 && text[0] == '~' && d.ours() {
		r.UID = hashedUID(text)
	}
	r.Has |= flow.HasUID
	return true
}

func fail(m int, value []byte, err error) error {
	const most = 60
	more := ""
	if len(value) > most {
		value, more = value[:most], "…"
	}
	return fmt.Errorf("%s %q%s: %w", strings.ReplaceAll(members[m], "/", "."), value, more, err)
}
