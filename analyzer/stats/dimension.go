package stats

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"seine/flow"
)

// A dimension is something that flows are grouped by. Its values are one or
// more words, which order as the values do where these have an order.
type dimension struct {
	name   string
	words  int
	number bool // values are numbers in JSON
	either bool // a flow has two, one for each of its ends
	both   bool // a flow has one for both its ends, the lower first
	timed  bool // values go by time
	needs  flow.Fields

	// fill writes the values of rows, stride words apart. turned asks for
	// those of the responder instead of the originator, of a dimension that
	// is of either.
	fill func(rows []flow.Record, turned bool, out []uint64, stride int)
	// text appends a value that is not absent; texts of an input may be
	// hostile.
	text func(b []byte, value []uint64) []byte
}

// none is the value of rows that do not have the field; of addresses it is
// noneHigh, 0, which is the name of no host.
const (
	none     = ^uint64(0)
	noneHigh = 0xff006e << 40
)

func (d *dimension) absent(value []uint64) bool {
	if d.words == 1 {
		return value[0] == none
	}
	return value[0] == noneHigh && value[1] == 0
}

// A field makes dimensions of one name.
type field struct {
	name, doc string
	aliases   []string
	prefixes  bool // takes /24
	spans     bool // takes /1h
	make      func(o *Options) *dimension
}

// Name is a field that groups can be made by.
type Name struct {
	Name, Doc string
	Aliases   []string
}

// Names lists the fields that groups can be made by.
func Names() []Name {
	var all []Name
	for _, f := range fields() {
		name := f.name
		switch {
		case f.prefixes:
			name += "[/24]"
		case f.spans:
			name += "/1h"
		}
		all = append(all, Name{name, f.doc, f.aliases})
	}
	return all
}

// The ends of a flow that a dimension tells of.
type end uint8

const (
	ofSrc end = iota
	ofDst
	ofEither
)

func address(e end, lengths prefixLengths) func(*Options) *dimension {
	return func(*Options) *dimension {
		return &dimension{words: 2, needs: flow.HasAddrs, either: e == ofEither, text: lengths.text,
			fill: func(rows []flow.Record, turned bool, out []uint64, stride int) {
				at := 0
				for i := range rows {
					r := &rows[i]
					a := &r.Src
					if e == ofDst || turned && e == ofEither {
						a = &r.Dst
					}
					if r.Has&flow.HasAddrs != 0 {
						out[at], out[at+1] = binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
					} else {
						out[at], out[at+1] = noneHigh, 0
					}
					if lengths != (prefixLengths{}) {
						out[at], out[at+1] = lengths.mask(a, out[at], out[at+1])
					}
					at += stride
				}
			}}
	}
}

// prefixLengths are the lengths of the prefixes that addresses are grouped
// to; zero stands for whole addresses.
type prefixLengths struct{ four, six int }

func (p prefixLengths) mask(a *flow.Addr, high, low uint64) (uint64, uint64) {
	switch {
	case a.IsName(), a.Is4In6():
		return high, low
	case a.Is4():
		return high, low & (^uint64(0) << (32 - p.four))
	case p.six < 64:
		return high & (^uint64(0) << (64 - p.six)), 0
	}
	return high, low & (^uint64(0) << (128 - p.six))
}

func addrOf(value []uint64) (a flow.Addr) {
	binary.BigEndian.PutUint64(a[:8], value[0])
	binary.BigEndian.PutUint64(a[8:], value[1])
	return a
}

func (p prefixLengths) text(b []byte, value []uint64) []byte {
	a := addrOf(value)
	bits := p.six
	switch {
	case p == prefixLengths{} || a.IsName() || a.Is4In6():
		return a.AppendTo(b)
	case a.Is4():
		bits = p.four
	}
	return netip.PrefixFrom(a.Netip(), bits).AppendTo(b)
}

// pair is both addresses of a flow, whichever began it.
func pair(*Options) *dimension {
	return &dimension{words: 4, needs: flow.HasAddrs, both: true,
		fill: func(rows []flow.Record, _ bool, out []uint64, stride int) {
			at := 0
			for i := range rows {
				r := &rows[i]
				a, b := &r.Src, &r.Dst
				if backwards(r) {
					a, b = b, a
				}
				o := out[at : at+4]
				at += stride
				if r.Has&flow.HasAddrs == 0 {
					o[0], o[1], o[2], o[3] = noneHigh, 0, noneHigh, 0
					continue
				}
				o[0], o[1] = binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
				o[2], o[3] = binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
			}
		},
		text: func(b []byte, value []uint64) []byte {
			b = addrOf(value[:2]).AppendTo(b)
			b = append(b, " ↔ "...)
			return addrOf(value[2:]).AppendTo(b)
		}}
}

// backwards reports whether the responder has the lower address.
func backwards(r *flow.Record) bool {
	for i := 0; i < 16; i += 8 {
		if a, b := binary.BigEndian.Uint64(r.Src[i:]), binary.BigEndian.Uint64(r.Dst[i:]); a != b {
			return a > b
		}
	}
	return false
}

// one is a dimension of one word.
func one(needs flow.Fields, get func(*flow.Record) (uint64, bool), text func([]byte, uint64) []byte) *dimension {
	return &dimension{words: 1, needs: needs,
		text: func(b []byte, value []uint64) []byte { return text(b, value[0]) },
		fill: func(rows []flow.Record, _ bool, out []uint64, stride int) {
			at := 0
			for i := range rows {
				v, ok := get(&rows[i])
				if !ok {
					v = none
				}
				out[at] = v
				at += stride
			}
		}}
}

// number is a dimension of small numbers.
func number(needs flow.Fields, get func(*flow.Record) uint64) func(*Options) *dimension {
	return func(*Options) *dimension {
		d := one(needs, func(r *flow.Record) (uint64, bool) { return get(r), r.Has&needs != 0 },
			func(b []byte, v uint64) []byte { return strconv.AppendUint(b, v, 10) })
		d.number = true
		return d
	}
}

// word is a dimension of numbers that have names.
func word(needs flow.Fields, get func(*flow.Record) uint64, name func(uint64) string) func(*Options) *dimension {
	return func(*Options) *dimension {
		return one(needs, func(r *flow.Record) (uint64, bool) { return get(r), needs == 0 || r.Has&needs != 0 },
			func(b []byte, v uint64) []byte { return append(b, name(v)...) })
	}
}

// symbol is a dimension of the texts of an input.
func symbol(needs flow.Fields, get func(*flow.Record) flow.Symbol) func(*Options) *dimension {
	return func(o *Options) *dimension {
		return one(needs, func(r *flow.Record) (uint64, bool) { s := get(r); return uint64(s), s != 0 && r.Has&needs != 0 },
			func(b []byte, v uint64) []byte { return append(b, o.Names.Text(flow.Symbol(v))...) })
	}
}

// port is the port of either end.
func port(*Options) *dimension {
	return &dimension{words: 1, number: true, either: true, needs: flow.HasDstPort,
		text: func(b []byte, v []uint64) []byte { return strconv.AppendUint(b, v[0], 10) },
		fill: func(rows []flow.Record, turned bool, out []uint64, stride int) {
			at := 0
			for i := range rows {
				r := &rows[i]
				has, v := r.Has&flow.HasSrcPort != 0, r.SrcPort
				if turned {
					has, v = r.Has&flow.HasDstPort != 0, r.DstPort
				}
				out[at] = none
				if has {
					out[at] = uint64(v)
				}
				at += stride
			}
		}}
}

// moment is a dimension of times, which order as words do.
func moment(o *Options, floor func(flow.Time) flow.Time, layout string) *dimension {
	loc := o.location()
	d := one(flow.HasStart,
		func(r *flow.Record) (uint64, bool) { return ordered(floor(r.Start)), r.Has&flow.HasStart != 0 },
		func(b []byte, v uint64) []byte {
			return time.Unix(0, int64(unordered(v))).In(loc).AppendFormat(b, layout)
		})
	d.timed = true
	return d
}

func ordered(t flow.Time) uint64   { return uint64(t) ^ 1<<63 }
func unordered(v uint64) flow.Time { return flow.Time(v ^ 1<<63) }

func day(o *Options) *dimension {
	loc := o.location()
	return moment(o, func(t flow.Time) flow.Time {
		y, m, d := time.Unix(0, int64(t)).In(loc).Date()
		if start, ok := flow.FromTime(time.Date(y, m, d, 0, 0, 0, 0, loc)); ok {
			return start
		}
		return t
	}, time.DateOnly)
}

func bin(width flow.Time) func(*Options) *dimension {
	return func(o *Options) *dimension {
		layout := "2006-01-02 15:04:05"
		if width%flow.Second != 0 {
			layout += ".000"
		}
		return moment(o, func(t flow.Time) flow.Time { return t.Floor(width) }, layout)
	}
}

// direction tells which of the ends are internal.
func direction(o *Options) *dimension {
	internal := o.internal
	names := []string{"external", "inbound", "outbound", "internal"}
	return one(flow.HasAddrs, func(r *flow.Record) (v uint64, ok bool) {
		if internal(&r.Src) {
			v = 2
		}
		if internal(&r.Dst) {
			v++
		}
		return v, r.Has&flow.HasAddrs != 0
	}, func(b []byte, v uint64) []byte { return append(b, names[v]...) })
}

func fields() []*field {
	var weekdays, orients []string
	for d := range 7 {
		weekdays = append(weekdays, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}[d])
	}
	for o := flow.OrientSource; o <= flow.OrientGuess; o++ {
		orients = append(orients, o.String())
	}
	flags := func(v uint64) string {
		if v == 0 {
			return "none"
		}
		return flow.TCPFlags(v).String()
	}
	all := []*field{
		{name: "src_ip", doc: "originator, or its network: src_ip/24, of IPv4 and IPv6: src_ip/24/48", aliases: []string{"src", "srcip", "sa", "saddr"}, prefixes: true},
		{name: "dst_ip", doc: "responder, or its network", aliases: []string{"dst", "dstip", "da", "daddr"}, prefixes: true},
		{name: "ip", doc: "either address, or its network: a flow counts for both; up is what the address sent", aliases: []string{"addr", "host"}, prefixes: true},
		{name: "pair", doc: "both addresses, whichever began; up is what the first of them sent", aliases: []string{"conversation"}, make: pair},
		{name: "src_port", doc: "port of the originator", aliases: []string{"sport", "sp"},
			make: number(flow.HasSrcPort, func(r *flow.Record) uint64 { return uint64(r.SrcPort) })},
		{name: "dst_port", doc: "port of the responder", aliases: []string{"dport", "dp"},
			make: number(flow.HasDstPort, func(r *flow.Record) uint64 { return uint64(r.DstPort) })},
		{name: "port", doc: "either port: a flow counts for both", make: port},
		{name: "protocol", doc: "tcp, udp, icmp …", aliases: []string{"proto", "pr"},
			make: word(flow.HasProto, func(r *flow.Record) uint64 { return uint64(r.Proto) }, func(v uint64) string { return flow.Proto(v).String() })},
		{name: "service", doc: "service or application, as logged", aliases: []string{"app"},
			make: symbol(flow.HasService, func(r *flow.Record) flow.Symbol { return r.Service })},
		{name: "state", doc: "how the connection ended or stands",
			make: word(flow.HasState, func(r *flow.Record) uint64 { return uint64(r.State) }, func(v uint64) string { return flow.State(v).String() })},
		{name: "raw_state", doc: "the state as the input spells it", aliases: []string{"conn_state"},
			make: symbol(flow.HasState, func(r *flow.Record) flow.Symbol { return r.RawState })},
		{name: "label", doc: "label of the row", make: symbol(flow.HasLabel, func(r *flow.Record) flow.Symbol { return r.Label })},
		{name: "tcp_flags", doc: "TCP flags that either side sent", aliases: []string{"flags"},
			make: word(flow.HasFlags, func(r *flow.Record) uint64 { return uint64(r.SrcFlags | r.DstFlags) }, flags)},
		{name: "src_flags", doc: "TCP flags that the originator sent",
			make: word(flow.HasFlags, func(r *flow.Record) uint64 { return uint64(r.SrcFlags) }, flags)},
		{name: "dst_flags", doc: "TCP flags that the responder sent",
			make: word(flow.HasFlags, func(r *flow.Record) uint64 { return uint64(r.DstFlags) }, flags)},
		{name: "icmp_type", doc: "ICMP type", make: number(flow.HasICMP, func(r *flow.Record) uint64 { return uint64(r.ICMPType) })},
		{name: "icmp_code", doc: "ICMP code", make: number(flow.HasICMP, func(r *flow.Record) uint64 { return uint64(r.ICMPCode) })},
		{name: "direction", doc: "which ends are internal: outbound, inbound, internal, external", make: direction},
		{name: "time", doc: "start, in bins: time/1h, time/5m", aliases: []string{"ts", "start"}, spans: true},
		{name: "hour", doc: "hour of the day, 0 to 23, in the zone of the run",
			make: func(o *Options) *dimension {
				d := number(flow.HasStart, func(r *flow.Record) uint64 {
					return uint64(time.Unix(0, int64(r.Start)).In(o.location()).Hour())
				})(o)
				d.timed = true
				return d
			}},
		{name: "weekday", doc: "day of the week",
			make: func(o *Options) *dimension {
				d := word(flow.HasStart, func(r *flow.Record) uint64 {
					return uint64(time.Unix(0, int64(r.Start)).In(o.location()).Weekday())
				}, func(v uint64) string { return weekdays[v] })(o)
				d.timed = true
				return d
			}},
		{name: "day", doc: "date, in the zone of the run", aliases: []string{"date"}, make: day},
		{name: "file", doc: "the input",
			make: func(o *Options) *dimension {
				return one(0, func(r *flow.Record) (uint64, bool) { return uint64(r.File), true },
					func(b []byte, v uint64) []byte { return append(b, o.Names.File(uint32(v))...) })
			}},
		{name: "orient", doc: "by what rule src is the originator",
			make: word(0, func(r *flow.Record) uint64 { return uint64(r.Orient) }, func(v uint64) string {
				if int(v) < len(orients) {
					return orients[v]
				}
				return strconv.FormatUint(v, 10)
			})},
	}
	return slices.Concat(all, places())
}
