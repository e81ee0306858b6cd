package ecs

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

// The members of an event that count.
const (
	timestamp = iota
	eventStart
	firstPacket
	eventEnd
	lastPacket
	eventDuration
	eventType
	eventAction
	zeekState
	iana
	ipProtocol
	transport
	service
	community
	srcIP
	srcPort
	srcBytes
	srcPkts
	dstIP
	dstPort
	dstBytes
	dstPkts
	memberCount
)

var members = [memberCount]string{
	"@timestamp", "event.start", "firstPacket", "event.end", "lastPacket", "event.duration", "event.type",
	"event.action", "zeek.connection.state", "network.iana_number", "ipProtocol", "network.transport",
	"network.protocol", "network.community_id", "source.ip", "source.port", "source.bytes", "source.packets",
	"destination.ip", "destination.port", "destination.bytes", "destination.packets",
}

// spellings is how often each member is asked for: nested, dotted, and both
// within _source. Nested and dotted keys may be mixed in one event.
const spellings = 4

var paths = func() *jsonscan.Paths {
	var all []string
	for _, m := range members {
		nested := strings.ReplaceAll(m, ".", "/")
		all = append(all, nested, m, "_source/"+nested, "_source/"+m)
	}
	return jsonscan.Compile(all...)
}()

var (
	errNoTime = errors.New("no event.start and no @timestamp")
	errHalf   = errors.New("only one of source.ip and destination.ip")
)

type decoder struct {
	scan   *jsonscan.Scanner
	intern *flow.Interner
	seen   *tally
}

// find is the place of a member, in whichever spelling it is there.
func (d *decoder) find(m int) (int, bool) {
	for i := m * spellings; i < (m+1)*spellings; i++ {
		if k := d.scan.Kind(i); k != jsonscan.Absent && k != jsonscan.Null {
			return i, true
		}
	}
	return 0, false
}

// text is a string or a number, nil where there is neither.
func (d *decoder) text(m int) []byte {
	i, ok := d.find(m)
	if k := d.scan.Kind(i); !ok || k != jsonscan.String && k != jsonscan.Number {
		return nil
	}
	return d.scan.Text(i)
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
		if _, ok := d.find(timestamp); !ok {
			return errNoTime
		}
		d.seen.other.Add(1)
		return lines.ErrSkip
	case src == nil || dst == nil:
		return errHalf
	}
	*r = flow.Record{Proto: flow.ProtoUnknown}
	var err error
	if r.Src, err = parse.Addr(src); err != nil {
		return fail(srcIP, src, err)
	}
	if r.Dst, err = parse.Addr(dst); err != nil {
		return fail(dstIP, dst, err)
	}
	r.Has = flow.HasAddrs
	if err := d.times(r); err != nil {
		return err
	}
	for _, m := range [...]int{iana, ipProtocol, transport} {
		if p, ok := flow.ParseProto(d.text(m)); ok {
			r.Proto = p
			r.Has |= flow.HasProto
			break
		}
	}
	if err := d.port(srcPort, &r.SrcPort, flow.HasSrcPort, r); err != nil {
		return err
	}
	if err := d.port(dstPort, &r.DstPort, flow.HasDstPort, r); err != nil {
		return err
	}
	d.count(srcBytes, &r.SrcBytes, flow.HasSrcBytes, r)
	d.count(dstBytes, &r.DstBytes, flow.HasDstBytes, r)
	d.count(srcPkts, &r.SrcPkts, flow.HasSrcPkts, r)
	d.count(dstPkts, &r.DstPkts, flow.HasDstPkts, r)
	if s := d.text(service); !parse.Unset(s) {
		r.Service = d.intern.Symbol(s)
		r.Has |= flow.HasService
	}
	if id := d.text(community); len(id) > 0 {
		r.UID = flow.MakeUID(id)
		r.Has |= flow.HasUID
	}
	d.state(r)
	return nil
}

// state takes Zeek's state, or a firewall's verdict; the schema has no state
// of its own.
func (d *decoder) state(r *flow.Record) {
	if word := d.text(zeekState); len(word) > 0 {
		r.RawState, r.State = d.intern.Symbol(word), parse.State(word)
		r.Has |= flow.HasState
		return
	}
	if word := d.text(eventAction); parse.State(word) == flow.StateDenied {
		r.RawState, r.State = d.intern.Symbol(word), flow.StateDenied
		r.Has |= flow.HasState
		return
	}
	if i, ok := d.find(eventType); ok && bytes.Contains(d.scan.Text(i), denied) {
		r.RawState, r.State = d.intern.Symbol(denied), flow.StateDenied
		r.Has |= flow.HasState
	}
}

var denied = []byte("denied")

// instant reads a time as text, or as a number of milliseconds.
func instant(text []byte) (flow.Time, error) {
	if t, ok := parse.Instant(text); ok {
		return t, nil
	}
	c := parse.Clock{Unit: parse.Milliseconds}
	return c.Parse(text)
}

func (d *decoder) times(r *flow.Record) (err error) {
	m := eventStart
	text := d.text(m)
	if text == nil {
		m = firstPacket
		text = d.text(m)
	}
	if text == nil {
		m = timestamp
		if text = d.text(m); text == nil {
			return errNoTime
		}
		d.seen.noStart.Add(1)
	}
	if r.Start, err = instant(text); err != nil {
		return fail(m, text, err)
	}
	r.Has |= flow.HasStart
	if text := d.text(eventDuration); text != nil {
		if v, ok := parse.Counter(text); ok && v <= uint64(flow.MaxTime) {
			r.Duration = flow.Time(v)
			r.Has |= flow.HasDuration
			return nil
		}
	}
	if m == timestamp { // may be the end itself: nothing to subtract from
		return nil
	}
	m = eventEnd
	if text = d.text(m); text == nil {
		m = lastPacket
		text = d.text(m)
	}
	if text == nil {
		return nil
	}
	end, err := instant(text)
	switch {
	case err != nil:
		return fail(m, text, err)
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

func (d *decoder) port(m int, to *uint16, has flow.Fields, r *flow.Record) error {
	text := d.text(m)
	if parse.Unset(text) {
		return nil
	}
	v, err := parse.Port(text)
	switch {
	case err != nil:
		return fail(m, text, err)
	case r.Proto == flow.ICMP || r.Proto == flow.ICMPv6:
		return nil // some writers put type and code here, some zero
	}
	*to = v
	r.Has |= has
	return nil
}

func (d *decoder) count(m int, to *uint64, has flow.Fields, r *flow.Record) {
	if v, ok := parse.Counter(d.text(m)); ok {
		*to = v
		r.Has |= has
	}
}

func fail(m int, value []byte, err error) error {
	const most = 60
	more := ""
	if len(value) > most {
		value, more = value[:most], "…"
	}
	return fmt.Errorf("%s %q%s: %w", members[m], value, more, err)
}
