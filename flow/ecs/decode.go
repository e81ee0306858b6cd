package ecs

import (
	"bytes"
	"errors"
	"fmt"

	"seine/flow"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

type decoder struct {
	*dialect
	scan    *jsonscan.Scanner
	intern  *flow.Interner
	seen    *tally
	hidden  flow.Fields // not to be set: their meaning is not certain
	seconds bool        // the unit of duration
}

func (l *dialect) decoder(in *flow.Interner, seen *tally) *decoder {
	return &decoder{dialect: l, scan: l.paths.Scanner(), intern: in, seen: seen}
}

// find is the place of a member, in whichever name and spelling it is there.
func (d *decoder) find(m int) (int, bool) {
	for i := d.first[m]; i < d.first[m+1]; i++ {
		if k := d.scan.Kind(i); k != jsonscan.Absent && k != jsonscan.Null {
			return i, true
		}
	}
	return 0, false
}

// text is a string or a number, nil where there is neither.
func (d *decoder) text(m int) []byte {
	i, ok := d.find(m)
	if !ok {
		return nil
	}
	if k := d.scan.Kind(i); k != jsonscan.String && k != jsonscan.Number {
		return nil
	}
	return d.scan.Text(i)
}

// number is a count, 0 where there is none.
func (d *decoder) number(m int) uint64 {
	v, _ := parse.Counter(d.text(m))
	return v
}

// Decode implements lines.Decoder.
func (d *decoder) Decode(text []byte, r *flow.Record) error {
	if text[0] == 0xef {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	if err := d.scan.Scan(text); err != nil {
		return err
	}
	src, dst := d.text(srcIP), d.text(dstIP)
	switch {
	case src == nil && dst == nil:
		if _, ok := d.find(stamp); !ok {
			return d.noTime()
		}
		d.seen.other.Add(1)
		return lines.ErrSkip
	case src == nil || dst == nil:
		return fmt.Errorf("only one of %s and %s", d.names[srcIP][0], d.names[dstIP][0])
	case d.detail():
		d.seen.detail.Add(1)
		return lines.ErrSkip
	}
	*r = flow.Record{Proto: flow.ProtoUnknown}
	var err error
	if r.Src, err = parse.Addr(src); err != nil {
		return d.fail(srcIP, src, err)
	}
	if r.Dst, err = parse.Addr(dst); err != nil {
		return d.fail(dstIP, dst, err)
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
	d.icmp(r)
	d.count(srcBytes, &r.SrcBytes, flow.HasSrcBytes, r)
	d.count(dstBytes, &r.DstBytes, flow.HasDstBytes, r)
	d.count(srcPkts, &r.SrcPkts, flow.HasSrcPkts, r)
	d.count(dstPkts, &r.DstPkts, flow.HasDstPkts, r)
	if s := d.text(service); !parse.Unset(s) {
		r.Service = d.intern.Symbol(s)
		r.Has |= flow.HasService
	}
	if id := d.text(uid); len(id) > 0 {
		r.UID = flow.MakeUID(id)
		r.Has |= flow.HasUID
	}
	if v, err := parse.Uint(d.text(flags)); err == nil && r.Proto == flow.TCP {
		r.SrcFlags = flow.TCPFlags(v) // the upper of two bytes holds no flag we know
		r.Has |= flow.HasFlags
	}
	d.outcome(r)
	r.Has &^= d.hidden
	return nil
}

// detail reports whether an event tells more of a flow that another one tells:
// the logs of Zeek but for its connections, Suricata's alerts and the like.
// Seine's own alerts may lie in the same index as the flows they are about.
func (d *decoder) detail() bool {
	set := d.text(dataset)
	if string(set) == "seine.alert" {
		return true
	}
	log, zeek := bytes.CutPrefix(set, []byte("zeek."))
	if zeek || string(d.text(module)) == "zeek" {
		switch string(log) {
		case "conn", "connection", "":
			return false
		}
		return true
	}
	switch string(d.text(eveType)) {
	case "", "flow", "netflow":
		return false
	}
	return true
}

// proto takes the first name that tells a protocol: some write numbers, some
// names, some both.
func (d *decoder) proto(r *flow.Record) {
	for i := d.first[proto]; i < d.first[proto+1]; i++ {
		if k := d.scan.Kind(i); k != jsonscan.String && k != jsonscan.Number {
			continue
		}
		if p, ok := flow.ParseProto(d.scan.Text(i)); ok {
			r.Proto = p
			r.Has |= flow.HasProto
			return
		}
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
		return d.fail(m, text, err)
	case r.Proto == flow.ICMP || r.Proto == flow.ICMPv6:
		return nil // some writers put type and code here, some zero
	case v == 0 && r.Has&flow.HasProto != 0 && !r.Proto.Ported():
		return nil
	}
	*to = v
	r.Has |= has
	return nil
}

// icmp takes type and code where NetFlow has them: as a number of their own, or
// in place of the destination port.
func (d *decoder) icmp(r *flow.Record) {
	if r.Proto != flow.ICMP && r.Proto != flow.ICMPv6 {
		return
	}
	for _, m := range [...]int{icmpType, icmpIn4, dstPort} {
		if m == dstPort && !d.oneWay {
			return
		}
		if v, err := parse.Uint(d.text(m)); err == nil && v <= 0xffff {
			r.ICMPType, r.ICMPCode = uint8(v>>8), uint8(v)
			r.Has |= flow.HasICMP
			return
		}
	}
}

func (d *decoder) count(m int, to *uint64, has flow.Fields, r *flow.Record) {
	v, ok := parse.Counter(d.text(m))
	switch {
	case ok && d.hidden&has == 0:
		*to = v
		r.Has |= has
	case v > 0 && m == dstPkts:
		d.seen.back.Add(1)
	}
}

func (d *decoder) noTime() error {
	if len(d.names[start]) == 0 {
		return errors.New("no " + d.names[stamp][0])
	}
	return fmt.Errorf("no %s and no %s", d.names[start][0], d.names[stamp][0])
}

// fail is the error of a value that cannot be read, nil if err is.
func (d *decoder) fail(m int, value []byte, err error) error {
	if err == nil {
		return nil
	}
	const most = 60
	more := ""
	if len(value) > most {
		value, more = value[:most], "…"
	}
	i, _ := d.find(m)
	return fmt.Errorf("%s %q%s: %w", d.name(m, i), value, more, err)
}
