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
	fill   *columns.Filler
	strict bool
	fields []columns.Field // by column, up to the last that counts
	least  int             // columns that a row must have
	split  table.Splitter
}

func newGeneral(l *layout, in *flow.Interner, zone *time.Location) *general {
	g := &general{layout: l, strict: l.nine}
	g.fill = columns.NewFiller(l.mapping, in, parse.Clock{Zone: zone, Unit: l.unit, Strict: l.nine})
	// Detectors of the nine columns look at type and code as ports.
	g.fill.Ports = l.nine
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

var errQuote = errors.New("quote is not closed")

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
	g.fill.Begin(r)
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
	}
	return g.fill.Finish(r)
}

// set stores one value.
func (g *general) set(f columns.Field, v []byte, r *flow.Record) error {
	if g.strict && f != columns.Start && f != columns.SrcIP && f != columns.DstIP && f != columns.Proto {
		return g.setStrict(f, parse.Trim(v), r)
	}
	return g.fill.Set(f, v, r)
}

// setStrict stores a value of the nine columns.
func (g *general) setStrict(f columns.Field, v []byte, r *flow.Record) error {
	if f == columns.State {
		if len(v) > 0 {
			r.RawState, r.State = g.fill.Intern.Symbol(v), parse.State(v)
			r.Has |= flow.HasState
		}
		return nil
	}
	n, err := parse.Uint(v)
	if err != nil {
		return columns.Fail(f, v, err)
	}
	switch f {
	case columns.SrcPort, columns.DstPort:
		if n > 65535 {
			return columns.Fail(f, v, parse.ErrPort)
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
