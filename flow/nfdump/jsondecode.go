package nfdump

import (
	"bytes"
	"errors"
	"fmt"

	"seine/flow"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

// The members of a record; version 1.6 has other names for some, which follow
// behind all of them.
const (
	first = iota
	last
	kind
	sampled
	proto
	src4
	dst4
	src6
	dst6
	srcPort
	dstPort
	icmpType
	icmpCode
	tcpFlags
	inPackets
	inBytes
	outPackets
	outBytes
	aggregates
	memberCount
)

var jsonMembers = [memberCount + 2]string{
	"first", "last", "type", "sampled", "proto", "src4_addr", "dst4_addr", "src6_addr", "dst6_addr", "src_port", "dst_port",
	"icmp_type", "icmp_code", "tcp_flags", "in_packets", "in_bytes", "out_packets", "out_bytes", "aggr_flows",
	"t_first", "t_last",
}

var jsonPaths = jsonscan.Compile(jsonMembers[:]...)

var (
	errNoFirst = errors.New("no first")
	errNoAddrs = errors.New("no src4_addr and dst4_addr, nor those of IPv6: aggregated by other keys?")
)

type jsonDecoder struct {
	scan  *jsonscan.Scanner
	has   flow.Fields // of the source
	clock parse.Clock
	seen  *jsonTally
	when  [40]byte
}

// text is a string or a number, nil where there is neither.
func (d *jsonDecoder) text(m int) []byte {
	k := d.scan.Kind(m)
	if k == jsonscan.Absent && m <= last {
		m += memberCount
		k = d.scan.Kind(m)
	}
	if k != jsonscan.String && k != jsonscan.Number {
		return nil
	}
	return d.scan.Text(m)
}

// Decode implements lines.Decoder.
func (d *jsonDecoder) Decode(text []byte, r *flow.Record) error {
	if text[0] == 0xef {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	if err := d.scan.Scan(text); err != nil {
		return err
	}
	if string(d.text(kind)) == "EVENT" {
		d.seen.events.Add(1)
		return lines.ErrSkip
	}
	*r = flow.Record{Proto: flow.ProtoUnknown}
	src, dst := d.text(src4), d.text(dst4)
	if src == nil && dst == nil {
		src, dst = d.text(src6), d.text(dst6)
	}
	if src == nil || dst == nil {
		return errNoAddrs
	}
	if err := table.Addrs(src, dst, r); err != nil {
		return err
	}
	if err := d.times(r); err != nil {
		return err
	}
	table.Proto(d.text(proto), r)
	if table.ICMP(r) {
		typ, ok1 := table.Number(d.text(icmpType))
		code, ok2 := table.Number(d.text(icmpCode))
		if ok1 && ok2 && typ < 256 && code < 256 {
			table.SetICMP(r, uint8(typ), uint8(code))
		}
	} else if err := table.Ports(d.text(srcPort), d.text(dstPort), r); err != nil {
		return err
	}
	table.Count(d.text(inPackets), r, &r.SrcPkts, flow.HasSrcPkts)
	if d.has&flow.HasSrcBytes != 0 {
		table.Count(d.text(inBytes), r, &r.SrcBytes, flow.HasSrcBytes)
	}
	if d.has&flow.HasDstPkts != 0 {
		table.Count(d.text(outPackets), r, &r.DstPkts, flow.HasDstPkts)
		table.Count(d.text(outBytes), r, &r.DstBytes, flow.HasDstBytes)
	}
	if d.has&flow.HasFlags != 0 {
		table.Flags(d.text(tcpFlags), r)
	}
	return nil
}

func (d *jsonDecoder) times(r *flow.Record) error {
	text := d.text(first)
	if text == nil {
		return errNoFirst
	}
	var err error
	if r.Start, err = d.time(text); err != nil {
		return fmt.Errorf("first %q: %w", text[:min(len(text), 60)], err)
	}
	r.Has |= flow.HasStart
	if text = d.text(last); text == nil {
		return nil
	}
	end, err := d.time(text)
	switch {
	case err != nil:
		return fmt.Errorf("last %q: %w", text[:min(len(text), 60)], err)
	case end < r.Start:
		d.seen.negative.Add(1)
	case end-r.Start < 0: // further apart than a span can be
		return nil
	default:
		r.Duration = end - r.Start
	}
	r.Has |= flow.HasDuration
	return nil
}

// time reads 2006-01-02T15:04:05.000. Version 1.6 writes the milliseconds
// without leading zeros: .7 are seven of them.
func (d *jsonDecoder) time(text []byte) (flow.Time, error) {
	const seconds = len("2006-01-02T15:04:05")
	if t, ok := parse.Instant(text); ok {
		return t, nil
	}
	if len(text) < seconds || len(text) > len(d.when)-2 || text[10] != 'T' {
		return d.clock.Parse(text)
	}
	b := append(d.when[:0], text[:seconds]...)
	b[10] = ' ' // which Clock reads faster
	if ms := text[seconds:]; len(ms) == 2 || len(ms) == 3 {
		b = append(b, ".00"[:5-len(ms)]...)
		b = append(b, ms[1:]...)
		if ms[0] != '.' {
			return 0, parse.ErrTime
		}
	} else {
		b = append(b, ms...)
	}
	return d.clock.Parse(b)
}
