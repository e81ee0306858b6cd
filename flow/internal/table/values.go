package table

import (
	"fmt"
	"math"
	"strconv"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
)

// Fail is the error of a value that cannot be read.
func Fail(f columns.Field, value []byte, err error) error {
	text := string(value)
	if len(text) > 60 {
		text = text[:60] + "…"
	}
	return fmt.Errorf("%s %q: %w", f, text, err)
}

// Addrs reads both addresses.
func Addrs(src, dst []byte, r *flow.Record) error {
	src, dst = parse.Trim(src), parse.Trim(dst)
	var err error
	if r.Src, err = addr(src); err != nil {
		return Fail(columns.SrcIP, src, err)
	}
	if r.Dst, err = addr(dst); err != nil {
		return Fail(columns.DstIP, dst, err)
	}
	r.Has |= flow.HasAddrs
	return nil
}

func addr(text []byte) (flow.Addr, error) {
	if cap(text) < parse.Room {
		return flow.ParseAddr(text)
	}
	return parse.Addr(text)
}

// Proto reads a protocol. One that has no number leaves the row without.
func Proto(v []byte, r *flow.Record) {
	v = parse.Trim(v)
	switch string(v) {
	case "tcp", "TCP", "6":
		r.Proto = flow.TCP
	case "udp", "UDP", "17":
		r.Proto = flow.UDP
	default:
		p, ok := flow.ParseProto(v)
		if !ok {
			return
		}
		r.Proto = p
	}
	r.Has |= flow.HasProto
}

// Ports reads both ports, which may be unset. Where both are 0 and the protocol
// has none, or is not known, they are what a tool writes for no port.
func Ports(src, dst []byte, r *flow.Record) error {
	src, dst = parse.Trim(src), parse.Trim(dst)
	var err error
	if !parse.Unset(src) {
		if r.SrcPort, err = parse.Port(src); err != nil {
			return Fail(columns.SrcPort, src, err)
		}
		r.Has |= flow.HasSrcPort
	}
	if !parse.Unset(dst) {
		if r.DstPort, err = parse.Port(dst); err != nil {
			return Fail(columns.DstPort, dst, err)
		}
		r.Has |= flow.HasDstPort
	}
	columns.Portless(r)
	return nil
}

// ICMP reports whether r is of ICMP or ICMPv6, which have no ports.
func ICMP(r *flow.Record) bool { return r.Proto == flow.ICMP || r.Proto == flow.ICMPv6 }

// SetICMP stores type and code, and drops the ports.
func SetICMP(r *flow.Record, typ, code uint8) {
	r.ICMPType, r.ICMPCode = typ, code
	r.SrcPort, r.DstPort = 0, 0
	r.Has = r.Has&^(flow.HasSrcPort|flow.HasDstPort) | flow.HasICMP
}

// Count stores a count, if it can be read: absent is not zero.
func Count(v []byte, r *flow.Record, to *uint64, bit flow.Fields) {
	if n, ok := Number(v); ok {
		*to = n
		r.Has |= bit
	}
}

// Number reads a count.
func Number(v []byte) (uint64, bool) {
	if len(v) == 0 {
		return 0, false
	}
	n, i := uint64(0), 0
	for ; i < len(v) && i < 18 && v[i]-'0' <= 9; i++ {
		n = n*10 + uint64(v[i]-'0')
	}
	if i == len(v) || i > 0 && i == len(v)-2 && v[i] == '.' && v[i+1] == '0' { // 117.0
		return n, true
	}
	return parse.Counter(v)
}

// Duration stores a span in units. A negative one is stored as it is: whoever
// has the row clamps and counts it, as Open does.
func Duration(v []byte, unit parse.Unit, r *flow.Record) {
	v = parse.Trim(v)
	if len(v) == 0 {
		return
	}
	d, err := parse.Scaled(v, unit)
	if err != nil {
		f, bad := strconv.ParseFloat(string(v), 64) // 9e-06
		if f *= float64(unit); bad != nil || !(f > -1<<62 && f < 1<<62) {
			return
		}
		d = flow.Time(math.Round(f))
	}
	r.Duration = d
	r.Has |= flow.HasDuration
}

// Start stores the time of the first packet.
func Start(v []byte, clock *parse.Clock, r *flow.Record) error {
	v = parse.Trim(v)
	t, err := clock.Parse(v)
	if err != nil {
		return Fail(columns.Start, v, err)
	}
	r.Start = t
	r.Has |= flow.HasStart
	return nil
}
