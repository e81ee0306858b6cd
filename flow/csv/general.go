package csv

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

// general decodes any layout, field by field. strict is the nine-column
// layout, where every value must be there and be spelled plainly; other
// tables may leave values unset.
type general struct {
	layout *layout
	intern *flow.Interner
	clock  parse.Clock
	strict bool
	fields []columns.Field // by column, up to the last that counts
	least  int             // columns that a row must have
	split  table.Splitter
	end    flow.Time
}

func newGeneral(l *layout, in *flow.Interner, zone *time.Location) *general {
	g := &general{layout: l, intern: in, strict: l.nine}
	g.clock = parse.Clock{Zone: zone, Unit: l.unit, Strict: l.nine}
	for i := range l.mapping.Columns {
		f := columns.None
		for c := columns.Start; c.Valid(); c++ {
			if l.mapping.Column(c) == i {
				f = c
			}
		}
		g.fields = append(g.fields, f)
		if f != columns.None && (g.strict || f == columns.Start || f == columns.SrcIP || f == columns.DstIP) {
			g.least = i + 1
		}
	}
	for len(g.fields) > 0 && g.fields[len(g.fields)-1] == columns.None {
		g.fields = g.fields[:len(g.fields)-1]
	}
	return g
}

var (
	errQuote   = errors.New("quote is not closed")
	errNoStart = errors.New("no time")
)

// Decode implements lines.Decoder.
func (g *general) Decode(line []byte, r *flow.Record) error {
	err := g.decode(line, r)
	if err != nil && g.repeatsHeader(line) {
		return lines.ErrSkip
	}
	return err
}

// repeatsHeader reports whether a line that is no row is a header again, as
// in concatenated files, or a comment.
func (g *general) repeatsHeader(line []byte) bool {
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	if len(parse.Trim(line)) == 0 || line[0] == '#' || g.layout.header != nil && bytes.Equal(line, g.layout.header) {
		return true
	}
	if c := line[0] | 0x20; (c < 'a' || c > 'z') && c != '"' {
		return false
	}
	m, err := columns.Map(splitHeader(line, g.layout.sep), nil)
	return err == nil && len(m.Missing()) == 0
}

func (g *general) decode(line []byte, r *flow.Record) error {
	*r = flow.Record{Proto: flow.ProtoUnknown}
	g.end = 0
	line = bytes.TrimPrefix(line, []byte("\ufeff")) // of a file, or of one concatenated
	g.split.Reset(line, g.layout.sep)
	n := 0
	for n < len(g.fields) && g.split.Next() {
		if f := g.fields[n]; f != columns.None {
			if err := g.set(f, g.split.Field, r); err != nil {
				return err
			}
		}
		n++
	}
	switch {
	case g.split.Bad:
		return errQuote
	case n < g.least:
		return fmt.Errorf("%d columns, need %d", n, g.least)
	case r.Has&flow.HasStart == 0:
		return errNoStart
	}
	if g.end != 0 && r.Has&flow.HasDuration == 0 {
		r.Duration = max(0, g.end.Add(-r.Start))
		r.Has |= flow.HasDuration
	}
	if r.Proto == flow.ICMP || r.Proto == flow.ICMPv6 {
		g.icmp(r)
	}
	parse.Settle(r)
	return nil
}

// icmp moves type and code out of the ports, where tables put them. The nine
// columns keep theirs: detectors of that layout look at them as ports.
func (g *general) icmp(r *flow.Record) {
	if g.strict {
		return
	}
	const ports = flow.HasSrcPort | flow.HasDstPort
	if r.Has&flow.HasICMP != 0 { // told elsewhere: what stands as ports is none
		r.SrcPort, r.DstPort = 0, 0
		r.Has &^= ports
		return
	}
	if r.Has&ports == 0 {
		return
	}
	switch {
	case r.SrcPort == 0 && 0 < r.DstPort && r.DstPort < 256: // type.0, which was read as a number
		r.ICMPType, r.ICMPCode = uint8(r.DstPort), 0
	case r.SrcPort == 0 && r.DstPort > 0: // type*256+code, as NetFlow has it
		r.ICMPType, r.ICMPCode = uint8(r.DstPort>>8), uint8(r.DstPort)
	case r.SrcPort < 256 && r.DstPort < 256:
		r.ICMPType, r.ICMPCode = uint8(r.SrcPort), uint8(r.DstPort)
	default:
		return
	}
	r.SrcPort, r.DstPort = 0, 0
	r.Has = r.Has&^ports | flow.HasICMP
}

func fail(f columns.Field, value []byte, err error) error {
	return fmt.Errorf("%s %q: %w", f, clip(string(value), 60), err)
}

// set stores one value.
func (g *general) set(f columns.Field, v []byte, r *flow.Record) error {
	v = parse.Trim(v)
	switch f {
	case columns.Start:
		t, err := g.clock.Parse(v)
		if err != nil {
			return fail(f, v, err)
		}
		r.Start = t
		r.Has |= flow.HasStart
		return nil
	case columns.SrcIP, columns.DstIP:
		a, err := flow.ParseAddr(v)
		if err != nil {
			return fail(f, v, err)
		}
		if f == columns.SrcIP {
			r.Src = a
		} else {
			r.Dst = a
		}
		r.Has |= flow.HasAddrs
		return nil
	case columns.Proto:
		if p, ok := flow.ParseProto(bytes.TrimSuffix(v, []byte(".0"))); ok {
			r.Proto = p
			r.Has |= flow.HasProto
		}
		return nil
	}
	if g.strict {
		return g.setStrict(f, v, r)
	}
	if parse.Unset(v) {
		return nil
	}
	return g.setLoose(f, v, r)
}

// setStrict stores a value of the nine columns.
func (g *general) setStrict(f columns.Field, v []byte, r *flow.Record) error {
	if f == columns.State {
		if len(v) > 0 {
			r.RawState, r.State = g.intern.Symbol(v), parse.State(v)
			r.Has |= flow.HasState
		}
		return nil
	}
	n, err := parse.Uint(v)
	if err != nil {
		return fail(f, v, err)
	}
	switch f {
	case columns.SrcPort, columns.DstPort:
		if n > 65535 {
			return fail(f, v, parse.ErrPort)
		}
		if f == columns.SrcPort {
			r.SrcPort = uint16(n)
			r.Has |= flow.HasSrcPort
		} else {
			r.DstPort = uint16(n)
			r.Has |= flow.HasDstPort
		}
	case columns.SrcBytes:
		r.SrcBytes = n
		r.Has |= flow.HasSrcBytes
	case columns.DstBytes:
		r.DstBytes = n
		r.Has |= flow.HasDstBytes
	}
	return nil
}

// setLoose stores a value that is not unset. A port that cannot be read makes
// a bad row; a counter, a flag or a duration is then absent.
func (g *general) setLoose(f columns.Field, v []byte, r *flow.Record) error {
	switch f {
	case columns.SrcPort, columns.DstPort:
		p, err := parse.Port(v)
		if err != nil {
			if t, c, ok := bytes.Cut(v, []byte(".")); ok && f == columns.DstPort { // nfdump's type.code
				t8, err1 := parse.Uint(t)
				c8, err2 := parse.Uint(c)
				if err1 == nil && err2 == nil && t8 < 256 && c8 < 256 {
					r.ICMPType, r.ICMPCode = uint8(t8), uint8(c8)
					r.Has |= flow.HasICMP
					return nil
				}
			}
			return fail(f, v, err)
		}
		if f == columns.SrcPort {
			r.SrcPort = p
			r.Has |= flow.HasSrcPort
		} else {
			r.DstPort = p
			r.Has |= flow.HasDstPort
		}
	case columns.SrcBytes:
		count(v, r, &r.SrcBytes, flow.HasSrcBytes)
	case columns.DstBytes:
		count(v, r, &r.DstBytes, flow.HasDstBytes)
	case columns.SrcPkts:
		count(v, r, &r.SrcPkts, flow.HasSrcPkts)
	case columns.DstPkts:
		count(v, r, &r.DstPkts, flow.HasDstPkts)
	case columns.End:
		clock := g.clock
		if u := g.layout.mapping.Unit[columns.End]; u != 0 {
			clock.Unit = u
		}
		if t, err := clock.Parse(v); err == nil {
			g.end = t
		}
	case columns.Duration:
		unit := g.layout.mapping.Unit[columns.Duration]
		if unit == 0 {
			unit = parse.Seconds
		}
		if d, err := parse.Scaled(v, unit); err == nil {
			r.Duration = max(0, d)
			r.Has |= flow.HasDuration
		}
	case columns.State:
		r.RawState, r.State = g.intern.Symbol(v), parse.State(v)
		r.Has |= flow.HasState
	case columns.SrcFlags, columns.DstFlags:
		if fl, ok := parse.Flags(v); ok {
			if f == columns.SrcFlags {
				r.SrcFlags = fl
			} else {
				r.DstFlags = fl
			}
			r.Has |= flow.HasFlags
		}
	case columns.Service:
		r.Service = g.intern.Symbol(v)
		r.Has |= flow.HasService
	case columns.Label:
		r.Label = g.intern.Symbol(v)
		r.Has |= flow.HasLabel
	case columns.UID:
		r.UID = flow.MakeUID(v)
		r.Has |= flow.HasUID
	case columns.ICMPType, columns.ICMPCode:
		n, err := parse.Uint(v)
		if err != nil || n > 255 {
			return nil
		}
		if f == columns.ICMPType {
			r.ICMPType = uint8(n)
		} else {
			r.ICMPCode = uint8(n)
		}
		r.Has |= flow.HasICMP
	}
	return nil
}

func count(v []byte, r *flow.Record, to *uint64, bit flow.Fields) {
	if n, ok := parse.Counter(v); ok {
		*to = n
		r.Has |= bit
	}
}
