package hubble

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
	errNoFlow = errors.New("no flow with a verdict")
	errNoTime = errors.New("no time")
	errHalf   = errors.New("only one of IP.source and IP.destination")
)

type decoder struct {
	scan   *jsonscan.Scanner
	intern *flow.Interner
	seen   *tally
	base   int // memberCount where the flow has no wrapper
	label  []byte
}

func (d *decoder) kind(m int) jsonscan.Kind { return d.scan.Kind(d.base + m) }

// text is a string or a number, nil where there is neither.
func (d *decoder) text(m int) []byte {
	if k := d.kind(m); k == jsonscan.String || k == jsonscan.Number {
		return d.scan.Text(d.base + m)
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
	if d.base = 0; d.scan.Kind(wrapped) != jsonscan.Object {
		d.base = memberCount
	}
	if err := d.skip(); err != nil {
		return err
	}
	src, dst := d.text(srcIP), d.text(dstIP)
	switch {
	case len(src) == 0 && len(dst) == 0:
		d.seen.noAddr.Add(1)
		return lines.ErrSkip
	case len(src) == 0 || len(dst) == 0:
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
	at := d.text(flowTime)
	if at == nil {
		return errNoTime
	}
	var ok bool
	if r.Start, ok = parse.Instant(at); !ok {
		return fail(flowTime, at, parse.ErrTime)
	}
	r.Has = flow.HasAddrs | flow.HasStart
	if err := d.layer4(r); err != nil {
		return err
	}
	turned := d.orient(r)
	d.state(r, turned)
	d.pods(r, turned)
	return nil
}

// skip tells messages that are no packets from faults.
func (d *decoder) skip() error {
	if d.kind(verdict) != jsonscan.Absent {
		switch kind := d.text(flowType); {
		case string(kind) == "L7" || kind == nil && d.kind(layer7) == jsonscan.Object:
			d.seen.layer7.Add(1)
			return lines.ErrSkip
		case string(kind) == "SOCK":
			d.seen.socket.Add(1)
			return lines.ErrSkip
		}
		return nil
	}
	switch {
	case d.scan.Kind(lostEvents) == jsonscan.Object:
		if n, err := parse.Uint(d.scan.Text(lostCount)); err == nil {
			d.seen.lost.Add(n)
		}
		return lines.ErrSkip
	case d.scan.Kind(nodeStatus) == jsonscan.Object, d.scan.Kind(agentEvent) == jsonscan.Object, d.scan.Kind(debugEvent) == jsonscan.Object:
		d.seen.other.Add(1)
		return lines.ErrSkip
	}
	return errNoFlow
}

func (d *decoder) layer4(r *flow.Record) error {
	for _, l := range [...]struct {
		object, src, dst int
		proto            flow.Proto
	}{
		{tcp, tcpSrcPort, tcpDstPort, flow.TCP},
		{udp, udpSrcPort, udpDstPort, flow.UDP},
		{sctp, sctpSrcPort, sctpDstPort, flow.SCTP},
	} {
		if d.kind(l.object) != jsonscan.Object {
			continue
		}
		r.Proto = l.proto
		r.Has |= flow.HasProto
		if err := d.port(l.src, &r.SrcPort, flow.HasSrcPort, r); err != nil {
			return err
		}
		if err := d.port(l.dst, &r.DstPort, flow.HasDstPort, r); err != nil {
			return err
		}
		if l.proto == flow.TCP {
			for i := range 8 {
				if d.kind(flagFIN+i) == jsonscan.True {
					r.SrcFlags |= 1 << i
				}
			}
			if r.SrcFlags != 0 {
				r.Has |= flow.HasFlags
			}
		}
		return nil
	}
	for _, l := range [...]struct {
		object, kind, code int
		proto              flow.Proto
	}{
		{icmp4, icmp4Type, icmp4Code, flow.ICMP},
		{icmp6, icmp6Type, icmp6Code, flow.ICMPv6},
	} {
		if d.kind(l.object) != jsonscan.Object {
			continue
		}
		r.Proto = l.proto
		r.Has |= flow.HasProto | flow.HasICMP
		if err := d.octet(l.kind, &r.ICMPType); err != nil {
			return err
		}
		return d.octet(l.code, &r.ICMPCode)
	}
	return nil
}

// octet reads a small number; zero is left out of the JSON.
func (d *decoder) octet(m int, to *uint8) error {
	text := d.text(m)
	if text == nil {
		return nil
	}
	v, err := parse.Uint(text)
	if err != nil || v > 255 {
		return fail(m, text, parse.ErrNumber)
	}
	*to = uint8(v)
	return nil
}

func (d *decoder) port(m int, to *uint16, has flow.Fields, r *flow.Record) error {
	text := d.text(m)
	if text == nil {
		return nil
	}
	v, err := parse.Uint(text)
	if err != nil || v > 65535 {
		return fail(m, text, parse.ErrPort)
	}
	*to = uint16(v)
	r.Has |= has
	return nil
}

// dropped reports whether the packet was stopped; some exporters write the
// number of the verdict.
func (d *decoder) dropped() bool {
	word := d.text(verdict)
	return string(word) == "DROPPED" || string(word) == "2"
}

// orient makes the originator of the connection the source, and reports
// whether the packet went the other way.
func (d *decoder) orient(r *flow.Record) (turned bool) {
	const open = flow.SYN | flow.ACK
	switch {
	case d.kind(isReply) == jsonscan.True || d.kind(reply) == jsonscan.True || string(d.text(traceReason)) == "REPLY":
		turned = true
	case d.kind(isReply) == jsonscan.False:
	case r.SrcFlags&open == flow.SYN:
		r.Orient = flow.OrientSYN
	case r.SrcFlags&open == open:
		r.Orient, turned = flow.OrientSYN, true
	default:
		r.Orient = flow.OrientGuess
		if !d.dropped() { // of which nobody expects an answer
			d.seen.undirected.Add(1)
		}
	}
	if turned {
		r.Src, r.Dst = r.Dst, r.Src
		r.SrcPort, r.DstPort = r.DstPort, r.SrcPort
		r.SrcFlags, r.DstFlags = r.DstFlags, r.SrcFlags
		const ports = flow.HasSrcPort | flow.HasDstPort
		switch r.Has & ports {
		case flow.HasSrcPort, flow.HasDstPort:
			r.Has ^= ports
		}
	}
	return turned
}

// state is what one packet tells: that it was dropped, or that it was an
// answer; what became of its connection the flags of all packets tell.
func (d *decoder) state(r *flow.Record, turned bool) {
	word := d.text(verdict)
	r.Has |= flow.HasState
	switch {
	case d.dropped():
		r.State = flow.StateDenied
		if why := d.text(dropReason); len(why) > 0 {
			word = why
		}
		r.RawState = d.intern.Symbol(word)
		return
	case string(word) == "AUDIT":
		d.seen.audit.Add(1)
	}
	r.RawState = d.intern.Symbol(word)
	switch {
	case r.Proto != flow.TCP && turned: // it was answered
		r.State = flow.StateEstablished
	case r.Proto == flow.TCP && (r.SrcFlags|r.DstFlags)&(flow.SYN|flow.ACK) != flow.SYN:
		r.State = flow.StatePartial
	}
}

// pods names both ends, as far as they are pods.
func (d *decoder) pods(r *flow.Record, turned bool) {
	if len(d.text(srcPod)) == 0 && len(d.text(dstPod)) == 0 {
		return
	}
	from, to := srcNamespace, dstNamespace
	if turned {
		from, to = to, from
	}
	d.label = d.pod(d.label[:0], from)
	d.label = append(d.label, " > "...)
	d.label = d.pod(d.label, to)
	r.Label = d.intern.Symbol(d.label)
	r.Has |= flow.HasLabel
}

// pod appends the name of an end: its namespace is followed by its pod.
func (d *decoder) pod(b []byte, namespace int) []byte {
	name := d.text(namespace + 1)
	if len(name) == 0 {
		return append(b, '-')
	}
	if ns := d.text(namespace); len(ns) > 0 {
		b = append(append(b, ns...), '/')
	}
	return append(b, name...)
}

func fail(m int, value []byte, err error) error {
	return fmt.Errorf("%s %q: %w", strings.ReplaceAll(members[m], "/", "."), value[:min(len(value), 60)], err)
}
