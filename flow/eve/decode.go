package eve

import (
	"bytes"
	"errors"
	"fmt"

	"seine/flow"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// The members of an event that count.
const (
	eventType = iota
	timestamp
	srcIP
	srcPort
	destIP
	destPort
	proto
	appProto
	flowID
	icmpType
	icmpCode
	flowStart
	flowEnd
	pktsToServer
	pktsToClient
	bytesToServer
	bytesToClient
	flowState
	flowAction
	tcpState
	tcpFlags
	tcpFlagsTS
	tcpFlagsTC
	netflowStart
	netflowEnd
	netflowPkts
	netflowBytes
)

var names = [...]string{
	"event_type", "timestamp", "src_ip", "src_port", "dest_ip", "dest_port", "proto", "app_proto", "flow_id",
	"icmp_type", "icmp_code", "flow/start", "flow/end", "flow/pkts_toserver", "flow/pkts_toclient",
	"flow/bytes_toserver", "flow/bytes_toclient", "flow/state", "flow/action", "tcp/state", "tcp/tcp_flags",
	"tcp/tcp_flags_ts", "tcp/tcp_flags_tc", "netflow/start", "netflow/end", "netflow/pkts", "netflow/bytes",
}

var paths = jsonscan.Compile(names[:]...)

var (
	errNoType  = errors.New("no event_type: not an EVE event")
	errUnset   = errors.New("time is not set")
	errMissing = errors.New("is missing")
)

type decoder struct {
	scan    *jsonscan.Scanner
	intern  *flow.Interner
	seen    *tally
	netflow bool
}

// Decode implements lines.Decoder.
func (d *decoder) Decode(line []byte, r *flow.Record) error {
	if line[0] == 0xef {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	s := d.scan
	if err := s.Scan(line); err != nil {
		return err
	}
	if s.Kind(eventType) != jsonscan.String {
		return errNoType
	}
	start, end := flowStart, flowEnd
	switch event := s.Text(eventType); {
	case !d.netflow && string(event) == "flow":
	case d.netflow && string(event) == "netflow":
		start, end = netflowStart, netflowEnd
	default:
		d.seen.skip(event)
		return lines.ErrSkip
	}
	*r = flow.Record{Proto: flow.ProtoUnknown}
	if err := d.addr(srcIP, &r.Src); err != nil {
		return err
	}
	if err := d.addr(destIP, &r.Dst); err != nil {
		return err
	}
	r.Has = flow.HasAddrs
	if err := d.times(start, end, r); err != nil {
		return err
	}
	if p, ok := flow.ParseProto(s.Text(proto)); ok {
		r.Proto = p
		r.Has |= flow.HasProto
	}
	if err := d.ports(r); err != nil {
		return err
	}
	if s.Kind(flowID) == jsonscan.Number || s.Kind(flowID) == jsonscan.String {
		r.UID = flow.MakeUID(s.Text(flowID))
		r.Has |= flow.HasUID
	}
	if app := s.Text(appProto); s.Kind(appProto) == jsonscan.String && string(app) != "failed" && !parse.Unset(app) {
		r.Service = d.intern.Symbol(app)
		r.Has |= flow.HasService
	}
	if d.netflow {
		d.count(netflowBytes, &r.SrcBytes, flow.HasSrcBytes, r)
		d.count(netflowPkts, &r.SrcPkts, flow.HasSrcPkts, r)
		d.flags(tcpFlags, &r.SrcFlags, r)
		return nil
	}
	d.count(bytesToServer, &r.SrcBytes, flow.HasSrcBytes, r)
	d.count(bytesToClient, &r.DstBytes, flow.HasDstBytes, r)
	d.count(pktsToServer, &r.SrcPkts, flow.HasSrcPkts, r)
	d.count(pktsToClient, &r.DstPkts, flow.HasDstPkts, r)
	d.flags(tcpFlagsTS, &r.SrcFlags, r)
	d.flags(tcpFlagsTC, &r.DstFlags, r)
	if s.Kind(flowState) == jsonscan.String {
		r.RawState = d.intern.Symbol(s.Text(flowState))
		r.State = state(s.Text(flowState), s.Text(flowAction), s.Text(tcpState), r)
		r.Has |= flow.HasState
	}
	return nil
}

func (d *decoder) addr(i int, to *flow.Addr) error {
	text := d.scan.Text(i)
	if d.scan.Kind(i) != jsonscan.String {
		return fmt.Errorf("%s %w", names[i], errMissing)
	}
	a, err := parse.Addr(text)
	if err != nil {
		return fail(i, text, err)
	}
	*to = a
	return nil
}

// unset is the year that Suricata writes for a time it does not know.
var unset = []byte("1900-")

func (d *decoder) time(i int) (flow.Time, error) {
	text := d.scan.Text(i)
	if t, ok := parse.Instant(text); ok && !bytes.HasPrefix(text, unset) {
		return t, nil
	}
	if d.scan.Kind(i) != jsonscan.String {
		return 0, fmt.Errorf("%s %w", names[i], errMissing)
	}
	if bytes.HasPrefix(text, unset) {
		return 0, fail(i, text, errUnset)
	}
	c := parse.Clock{Strict: true}
	t, err := c.Parse(text)
	if err != nil {
		return 0, fail(i, text, err)
	}
	return t, nil
}

func (d *decoder) times(start, end int, r *flow.Record) (err error) {
	if r.Start, err = d.time(start); err != nil {
		return err
	}
	r.Has |= flow.HasStart
	last, err := d.time(end)
	switch {
	case errors.Is(err, errMissing), errors.Is(err, errUnset):
		return nil
	case err != nil:
		return err
	case last < r.Start:
		d.seen.negative.Add(1)
	case last-r.Start < 0: // further apart than a span can be
		return nil
	default:
		r.Duration = last - r.Start
	}
	r.Has |= flow.HasDuration
	return nil
}

// ports reads the ports, or the type and code of ICMP.
func (d *decoder) ports(r *flow.Record) error {
	if r.Proto == flow.ICMP || r.Proto == flow.ICMPv6 {
		t, ok1 := d.number(icmpType)
		c, ok2 := d.number(icmpCode)
		if ok1 && ok2 && t < 256 && c < 256 {
			r.ICMPType, r.ICMPCode = uint8(t), uint8(c)
			r.Has |= flow.HasICMP
		}
		return nil
	}
	for _, p := range []struct {
		i   int
		to  *uint16
		has flow.Fields
	}{{srcPort, &r.SrcPort, flow.HasSrcPort}, {destPort, &r.DstPort, flow.HasDstPort}} {
		if k := d.scan.Kind(p.i); k == jsonscan.Absent || k == jsonscan.Null {
			continue
		}
		v, ok := d.number(p.i)
		if !ok || v > 65535 {
			return fail(p.i, d.scan.Text(p.i), parse.ErrPort)
		}
		*p.to = uint16(v)
		r.Has |= p.has
	}
	return nil
}

func (d *decoder) number(i int) (uint64, bool) {
	if k := d.scan.Kind(i); k != jsonscan.Number && k != jsonscan.String {
		return 0, false
	}
	text := d.scan.Text(i)
	if len(text) < 8 {
		v, n := parse.Digits(text[:8])
		return v, n > 0 && n == len(text)
	}
	v, err := parse.Uint(text)
	return v, err == nil
}

// count reads a counter; one that is no whole number is absent.
func (d *decoder) count(i int, to *uint64, has flow.Fields, r *flow.Record) {
	if v, ok := d.number(i); ok {
		*to = v
		r.Has |= has
	}
}

// flags reads the two hexadecimal digits of TCP flags.
func (d *decoder) flags(i int, to *flow.TCPFlags, r *flow.Record) {
	text := d.scan.Text(i)
	if d.scan.Kind(i) != jsonscan.String || len(text) != 2 {
		return
	}
	v := 0
	for _, c := range text {
		switch {
		case c-'0' <= 9:
			v = v<<4 | int(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | int(c|0x20-'a'+10)
		default:
			return
		}
	}
	*to = flow.TCPFlags(v)
	r.Has |= flow.HasFlags
}

func fail(i int, value []byte, err error) error {
	const most = 60
	more := ""
	if len(value) > most {
		value, more = value[:most], "…"
	}
	return fmt.Errorf("%s %q%s: %w", names[i], value, more, err)
}
