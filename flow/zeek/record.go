package zeek

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"seine/flow"
	"seine/flow/internal/parse"
)

// A maker makes records of the values of rows, however they were spelled.
type maker struct {
	intern *flow.Interner
	clock  parse.Clock
	seen   *tally
	states [32]stateWord
	text   []byte
}

// A stateWord remembers a conn_state of up to eight bytes.
type stateWord struct {
	word  uint64
	sym   flow.Symbol
	state flow.State
}

// values are the values of a row, nil where they are unset. Behind each,
// lines.Pad bytes are readable.
// The place of fieldCount takes what is not used.
type values [32][]byte

const _ = 31 - fieldCount // there is a place for each

var (
	errNoStart = errors.New("no ts")
	errNoAddr  = errors.New("no address")
)

func fail(f field, v []byte, err error) error {
	return fmt.Errorf("%s %q: %w", known[f].names[0], clip(v), err)
}

// record makes *r of the values of a row.
func (m *maker) record(v *values, r *flow.Record) error {
	if v[start] == nil {
		return errNoStart
	}
	if v[srcIP] == nil || v[dstIP] == nil {
		return errNoAddr
	}
	var err error
	if r.Start, err = m.time(v[start]); err != nil {
		return fail(start, v[start], err)
	}
	if !address(v[srcIP], &r.Src) {
		return fail(srcIP, v[srcIP], errAddr)
	}
	if !address(v[dstIP], &r.Dst) {
		return fail(dstIP, v[dstIP], errAddr)
	}
	r.SrcHost, r.DstHost, r.Row, r.File = 0, 0, 0, 0
	r.Orient, r.Pieces = flow.OrientSource, 0
	has := flow.HasStart | flow.HasAddrs
	has |= m.protocol(v, r)

	var bits flow.Fields
	if bits, err = m.ports(v, r); err != nil {
		return err
	}
	has |= bits

	r.Duration = 0
	if d := v[duration]; d != nil {
		if t, ok := interval(d); ok {
			if t < 0 {
				t = 0
				m.seen.negative.Add(1)
			}
			r.Duration = t
			has |= flow.HasDuration
		}
	}
	r.SrcBytes, bits = volume(v[srcIPBytes], v[srcBytes], flow.HasSrcBytes)
	has |= bits
	r.DstBytes, bits = volume(v[dstIPBytes], v[dstBytes], flow.HasDstBytes)
	has |= bits
	r.SrcPkts, bits = volume(v[srcPkts], nil, flow.HasSrcPkts)
	has |= bits
	r.DstPkts, bits = volume(v[dstPkts], nil, flow.HasDstPkts)
	has |= bits
	if v[srcIPBytes] == nil || v[dstIPBytes] == nil {
		has &^= overflows(v, has, r)
	}

	r.RawState, r.State = 0, flow.StateUnknown
	if s := v[connState]; s != nil {
		r.RawState, r.State = m.state(s)
		has |= flow.HasState
	}
	r.SrcFlags, r.DstFlags = 0, 0
	if h := v[history]; h != nil {
		has |= m.history(h, r)
		if r.State == flow.StateRejected && string(v[connState]) == acceptedReset && bytes.IndexByte(h, 'd') >= 0 {
			r.State = flow.StateResetResp // it had been served
		}
	}
	r.Service, r.Label = 0, 0
	if s := v[service]; s != nil {
		r.Service = m.intern.Symbol(s)
		has |= flow.HasService
	}
	if v[label] != nil || v[detailed] != nil {
		r.Label = m.label(v[label], v[detailed])
		has |= flow.HasLabel
	}
	r.UID = flow.UID{}
	if u := v[uid]; u != nil {
		r.UID = flow.MakeUID(u)
		has |= flow.HasUID
	}
	r.Has = has
	return nil
}

// overflows drops payload that the packets had no room for: Zeek takes it from
// sequence numbers, which a broken flow may give any distance. It tells what
// it dropped.
func overflows(v *values, has flow.Fields, r *flow.Record) (dropped flow.Fields) {
	const most = 65535 // bytes of an IP packet
	if v[srcIPBytes] == nil && has&flow.HasSrcPkts != 0 && r.SrcBytes/most > r.SrcPkts {
		r.SrcBytes = 0
		dropped |= flow.HasSrcBytes
	}
	if v[dstIPBytes] == nil && has&flow.HasDstPkts != 0 && r.DstBytes/most > r.DstPkts {
		r.DstBytes = 0
		dropped |= flow.HasDstBytes
	}
	return dropped
}

const (
	tcp  = 't' | 'c'<<8 | 'p'<<16
	udp  = 'u' | 'd'<<8 | 'p'<<16
	icmp = 'i' | 'c'<<8 | 'm'<<16 | 'p'<<24
)

// protocol sets the protocol. Zeek says icmp for both kinds of ICMP, and
// unknown_transport for all that it does not analyse; ip_proto, where there
// is one, tells the number.
func (m *maker) protocol(v *values, r *flow.Record) flow.Fields {
	r.Proto = flow.ProtoUnknown
	has := flow.Fields(0)
	if p := v[proto]; p != nil {
		w := binary.LittleEndian.Uint64(p[:8])
		switch {
		case len(p) == 3 && w&0xffffff == tcp:
			r.Proto = flow.TCP
			return flow.HasProto
		case len(p) == 3 && w&0xffffff == udp:
			r.Proto = flow.UDP
			return flow.HasProto
		case len(p) == 4 && w&0xffffffff == icmp:
			r.Proto = flow.ICMP
			if !r.Src.Is4() && !r.Src.Is4In6() {
				r.Proto = flow.ICMPv6
			}
			if string(v[ipProto]) == "1" { // also between IPv6 addresses
				r.Proto = flow.ICMP
			} else if string(v[ipProto]) == "58" {
				r.Proto = flow.ICMPv6
			}
			has = flow.HasProto
		default:
			if n, ok := flow.ParseProto(p); ok {
				r.Proto, has = n, flow.HasProto
			}
		}
	}
	if r.Proto == flow.ProtoUnknown && v[ipProto] != nil {
		if n, err := parse.Uint(v[ipProto]); err == nil && n < 255 {
			r.Proto, has = flow.Proto(n), flow.HasProto
		}
	}
	return has
}

// ports sets the ports, or type and code of ICMP. Other protocols have none:
// Zeek writes 0 then.
func (m *maker) ports(v *values, r *flow.Record) (has flow.Fields, err error) {
	r.SrcPort, r.DstPort, r.ICMPType, r.ICMPCode = 0, 0, 0, 0
	var src, dst uint16
	if p := v[srcPort]; p != nil {
		if src, err = port(p); err != nil {
			return 0, fail(srcPort, p, err)
		}
		has |= flow.HasSrcPort
	}
	if p := v[dstPort]; p != nil {
		if dst, err = port(p); err != nil {
			return 0, fail(dstPort, p, err)
		}
		has |= flow.HasDstPort
	}
	switch r.Proto {
	case flow.TCP, flow.UDP, flow.SCTP:
	case flow.ICMP, flow.ICMPv6:
		if has == flow.HasSrcPort|flow.HasDstPort && src < 256 && dst < 256 {
			r.ICMPType, r.ICMPCode = uint8(src), uint8(dst)
			if answers(r.Proto, r.ICMPType) == r.ICMPCode {
				r.ICMPCode = 0
			}
			return flow.HasICMP, nil
		}
		return 0, nil
	default:
		if src == 0 && dst == 0 {
			return 0, nil
		}
	}
	r.SrcPort, r.DstPort = src, dst
	return has, nil
}

// answers is the type of the message that belongs to one of type t, or 0. Of
// such pairs Zeek writes both types, where others have type and code.
func answers(p flow.Proto, t uint8) uint8 {
	if p == flow.ICMP {
		switch t {
		case 0:
			return 8
		case 10:
			return 9
		case 13, 15, 17:
			return t + 1
		case 14, 16, 18:
			return t - 1
		}
		return 0
	}
	switch t {
	case 128, 130, 133, 135, 139, 144:
		return t + 1
	case 129, 134, 136, 140, 131, 145:
		return t - 1
	}
	return 0
}

// time reads the time of a row.
func (m *maker) time(b []byte) (flow.Time, error) {
	if m.clock.Unit == parse.Seconds {
		if t, ok := parse.Epoch(b); ok {
			return t, nil
		}
	}
	if t, ok := parse.Instant(b); ok {
		return t, nil
	}
	t, err := m.clock.Parse(b)
	if err == parse.ErrTime {
		if t, ok := exponent(b, m.clock.Unit); ok {
			return t, nil
		}
	}
	return t, err
}

// state interns a conn_state and tells its meaning.
func (m *maker) state(b []byte) (flow.Symbol, flow.State) {
	if len(b) > 8 {
		return m.intern.Symbol(b), parse.State(b)
	}
	w := binary.LittleEndian.Uint64(b[:8]) & (1<<(8*uint(len(b))) - 1)
	c := &m.states[w*0x9e3779b97f4a7c15>>59]
	if c.word != w || c.sym == 0 {
		sym, state := m.intern.Symbol(b), parse.State(b)
		if !flow.Final(sym) {
			return sym, state
		}
		*c = stateWord{w, sym, state}
	}
	return c.sym, c.state
}

// label joins a label and its details.
func (m *maker) label(label, detailed []byte) flow.Symbol {
	switch {
	case detailed == nil:
		return m.intern.Symbol(label)
	case label == nil:
		return m.intern.Symbol(detailed)
	}
	m.text = append(append(append(m.text[:0], label...), '/'), detailed...)
	return m.intern.Symbol(m.text)
}
