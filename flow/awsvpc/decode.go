package awsvpc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"seine/flow"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// A decoder reads rows by the layout of the header above them.
type decoder struct {
	*layout
	overrides map[string]string
	intern    *flow.Interner
	seen      *tally
	ends      [maxColumns + 8]int32 // where each token of the line ends
}

var errNoAddr = errors.New("row without an address")

// longestWindow is the span that a row may claim: windows last ten minutes
// and may be late, so what claims more than a day is a fault of the writer.
const longestWindow = 86400

// Begin implements lines.Beginner.
func (d *decoder) Begin(state any) { d.layout = state.(*layout) }

// Decode implements lines.Decoder.
func (d *decoder) Decode(line []byte, r *flow.Record) error {
	err := d.decode(line, r)
	if err == nil || err == lines.ErrSkip {
		return err
	}
	if len(parse.Trim(line)) == 0 {
		return lines.ErrSkip
	}
	if h := headerIn(line); h != nil {
		if l := d.follow(h, d.overrides); l != d.layout {
			d.layout = l
			d.header = bytes.Clone(h)
			d.seen.changes.Add(1)
		}
		return lines.ErrSkip
	}
	return err
}

const (
	blanks = 0x2020202020202020
	lows7  = 0x7f7f7f7f7f7f7f7f
)

// cut finds the ends of the tokens and tells how many there are.
func (d *decoder) cut(line []byte) int {
	n := len(line)
	b := line[:n+8]
	count := 0
	for i := 0; i < n; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:]) ^ blanks
		m := ^(((x & lows7) + lows7) | x | lows7) // exactly the blanks
		if left := n - i; left < 8 {
			m &= 1<<(8*uint(left)) - 1
		}
		for ; m != 0; m &= m - 1 {
			if count >= maxColumns {
				return count + 1
			}
			d.ends[count] = int32(i + bits.TrailingZeros64(m)>>3)
			count++
		}
	}
	d.ends[count] = int32(n)
	return count + 1
}

// token is the text of a column that the layout has.
func (d *decoder) token(line []byte, c column) []byte {
	i := d.at[c]
	if i <= 0 {
		return line[:d.ends[0]]
	}
	return line[d.ends[i-1]+1 : d.ends[i]]
}

func unset(b []byte) bool { return len(b) == 1 && b[0] == '-' }

func (d *decoder) decode(line []byte, r *flow.Record) error {
	if len(line) > 0 && line[0] == 0xef {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	if d.tabbed {
		line = line[bytes.LastIndexByte(line, '\t')+1:]
	}
	for len(line) > 0 && line[len(line)-1] == ' ' {
		line = line[:len(line)-1]
	}
	if d.broken != nil {
		return d.broken
	}
	if n := d.cut(line); n != len(d.names) {
		return fmt.Errorf("%d columns, not %d", n, len(d.names))
	}
	if d.at[logStatus] >= 0 {
		if s := d.token(line, logStatus); len(s) != 2 || s[0] != 'O' {
			switch string(s) {
			case "NODATA":
				d.seen.noData.Add(1)
				return lines.ErrSkip
			case "SKIPDATA":
				d.seen.skipData.Add(1)
				return lines.ErrSkip
			}
			return fail(logStatus, s, errors.New("not OK, NODATA or SKIPDATA"))
		}
	}
	*r = flow.Record{Proto: flow.ProtoUnknown}
	if err := d.addr(line, pktSrcAddr, srcAddr, &r.Src); err != nil {
		return d.empty(line, err)
	}
	if err := d.addr(line, pktDstAddr, dstAddr, &r.Dst); err != nil {
		return d.empty(line, err)
	}
	if err := d.times(line, r); err != nil {
		return err
	}
	r.Has |= flow.HasAddrs
	if d.at[protocol] >= 0 {
		if p, ok := flow.ParseProto(d.token(line, protocol)); ok {
			r.Proto = p
			r.Has |= flow.HasProto
		} else if s := d.token(line, protocol); !unset(s) {
			return fail(protocol, s, errors.New("not a protocol"))
		}
	}
	if err := d.port(line, srcPort, &r.SrcPort, flow.HasSrcPort, r); err != nil {
		return err
	}
	if err := d.port(line, dstPort, &r.DstPort, flow.HasDstPort, r); err != nil {
		return err
	}
	d.count(line, packets, &r.SrcPkts, flow.HasSrcPkts, r)
	d.count(line, octets, &r.SrcBytes, flow.HasSrcBytes, r)
	if d.at[tcpFlags] >= 0 {
		if v, ok := number(d.token(line, tcpFlags)); ok && v < 256 && (r.Proto == flow.TCP || r.Proto == flow.ProtoUnknown) {
			r.SrcFlags = flow.TCPFlags(v)
			r.Has |= flow.HasFlags
		}
	}
	if d.at[action] >= 0 {
		if s := d.token(line, action); !unset(s) {
			r.RawState, r.State = d.intern.Symbol(s), state(s, r.SrcFlags)
			r.Has |= flow.HasState
		}
	}
	return nil
}

// state judges one direction of a connection by what became of it.
func state(action []byte, f flow.TCPFlags) flow.State {
	switch string(action) {
	case "REJECT":
		return flow.StateDenied
	case "ACCEPT":
		return parse.Accepted(f)
	}
	return flow.StateUnknown
}

// addr reads the address of the packet, or else that of the interface.
func (d *decoder) addr(line []byte, packet, iface column, to *flow.Addr) error {
	c := packet
	if d.at[c] < 0 || unset(d.token(line, c)) {
		if c = iface; d.at[c] < 0 || unset(d.token(line, c)) {
			return errNoAddr
		}
	}
	s := d.token(line, c)
	if v, n := parse.Quad(s[:parse.Room]); n == len(s) && n > 0 {
		to.Set4(v)
		return nil
	}
	a, err := flow.ParseAddr(s)
	if err != nil {
		return fail(c, s, err)
	}
	*to = a
	return nil
}

// empty tells a row of nothing but "-" in a log without log-status, which is
// a window without data, from a faulty one.
func (d *decoder) empty(line []byte, err error) error {
	if err != errNoAddr || d.at[logStatus] >= 0 {
		return err
	}
	for _, c := range []column{srcAddr, dstAddr, pktSrcAddr, pktDstAddr, srcPort, dstPort, protocol, packets, octets, action} {
		if d.at[c] >= 0 && !unset(d.token(line, c)) {
			return err
		}
	}
	d.seen.noData.Add(1)
	return lines.ErrSkip
}

func (d *decoder) times(line []byte, r *flow.Record) error {
	s := d.token(line, start)
	v, ok := number(s)
	if !ok {
		return fail(start, s, parse.ErrTime)
	}
	if v > uint64(flow.MaxTime/flow.Second) {
		return fail(start, s, parse.ErrTimeRange)
	}
	r.Start = flow.Time(v) * flow.Second
	r.Has = flow.HasStart
	if d.at[end] < 0 {
		return nil
	}
	s = d.token(line, end)
	e, ok := number(s)
	switch {
	case !ok && unset(s):
	case !ok:
		return fail(end, s, parse.ErrTime)
	case e < v:
		d.seen.negative.Add(1)
		r.Has |= flow.HasDuration
	case e-v > longestWindow:
		d.seen.wide.Add(1)
	default:
		r.Duration = flow.Time(e-v) * flow.Second
		r.Has |= flow.HasDuration
	}
	return nil
}

// port reads a port. AWS writes 0 for protocols that have none.
func (d *decoder) port(line []byte, c column, to *uint16, has flow.Fields, r *flow.Record) error {
	if d.at[c] < 0 {
		return nil
	}
	s := d.token(line, c)
	v, ok := number(s)
	switch {
	case !ok && unset(s):
		return nil
	case !ok || v > 65535:
		return fail(c, s, parse.ErrPort)
	case v == 0 && r.Has&flow.HasProto != 0 && r.Proto != flow.TCP && r.Proto != flow.UDP:
		return nil
	}
	*to = uint16(v)
	r.Has |= has
	return nil
}

func (d *decoder) count(line []byte, c column, to *uint64, has flow.Fields, r *flow.Record) {
	if d.at[c] < 0 {
		return
	}
	if v, ok := number(d.token(line, c)); ok {
		*to = v
		r.Has |= has
	}
}

// number reads decimal digits; the eight bytes behind b may be read.
func number(b []byte) (uint64, bool) {
	if len(b) <= 7 {
		v, n := parse.Digits(b[:8])
		if n < len(b) { // a digit behind b cannot be: a blank or the end is
			return 0, false
		}
		return v, n == len(b) && n > 0
	}
	if len(b) > 19 {
		v, err := parse.Uint(b)
		return v, err == nil
	}
	v := uint64(0)
	for _, c := range b {
		d := uint64(c - '0')
		if d > 9 {
			return 0, false
		}
		v = v*10 + d
	}
	return v, true
}

func fail(c column, value []byte, err error) error {
	return fmt.Errorf("%s %q: %w", columnNames[c], clip(value), err)
}
