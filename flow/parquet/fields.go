package parquet

import (
	"time"

	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
)

// A filler decodes one column into one field of the records: a column of any
// type.
type filler interface {
	open(m *metadata.ColumnChunkMetaData, rows int64) error
	fill(b *batch) error
	filled() int
	store(b *batch, lo, hi int)
	title() string
	use(u *unpacker)
}

// newFiller connects the column leaf with the field f. hint is the unit that
// the name of the column tells, if any. In an exact table texts are taken as they
// stand, and a state has its raw text in a column of its own.
func newFiller(f columns.Field, leaf *schema.Column, in *input, hint parse.Unit, zone *time.Location, exact bool) filler {
	p := newPages(leaf, in)
	name := leaf.Path()
	unit, naive := unitOf(leaf)
	if unit == 0 {
		unit = hint
	}
	switch f {
	case columns.Start:
		m := times(unit, naive, zone)
		m.put = func(b *batch, lo, hi int, vs []flow.Time) {
			for i, v := range vs[lo:hi] {
				b.rows[lo+i].Start = v
			}
		}
		return newColumn(m, p, name, f, flow.HasStart)
	case columns.End:
		m := times(unit, naive, zone)
		m.none = flow.MinTime
		softly(&m)
		m.put = func(b *batch, lo, hi int, vs []flow.Time) {
			copy(b.ends[lo:hi], vs[lo:hi])
		}
		return newColumn(m, p, name, f, 0)
	case columns.Duration:
		if unit == 0 {
			unit = parse.Seconds
		}
		m := durations(unit)
		m.put = func(b *batch, lo, hi int, vs []flow.Time) {
			for i, v := range vs[lo:hi] {
				b.rows[lo+i].Duration = v
			}
		}
		return newColumn(m, p, name, f, flow.HasDuration)
	case columns.SrcIP, columns.DstIP:
		m := addresses(leaf, exact)
		m.put = func(b *batch, lo, hi int, vs []flow.Addr) {
			for i := range vs[lo:hi] {
				b.rows[lo+i].Src = vs[lo+i]
			}
		}
		if f == columns.DstIP {
			m.put = func(b *batch, lo, hi int, vs []flow.Addr) {
				for i := range vs[lo:hi] {
					b.rows[lo+i].Dst = vs[lo+i]
				}
			}
		}
		return newColumn(m, p, name, f, flow.HasAddrs)
	case columns.SrcPort, columns.DstPort:
		m, bit := ports(), flow.HasSrcPort
		m.put = func(b *batch, lo, hi int, vs []uint16) {
			for i, v := range vs[lo:hi] {
				b.rows[lo+i].SrcPort = v
			}
		}
		if f == columns.DstPort {
			bit = flow.HasDstPort
			m.put = func(b *batch, lo, hi int, vs []uint16) {
				for i, v := range vs[lo:hi] {
					b.rows[lo+i].DstPort = v
				}
			}
		}
		return newColumn(m, p, name, f, bit)
	case columns.SrcBytes, columns.DstBytes, columns.SrcPkts, columns.DstPkts:
		m := counters(p.plain.unsigned)
		bit := putCounter(f, &m)
		return newColumn(m, p, name, f, bit)
	case columns.State, columns.Service, columns.Label, columns.RawState:
		if f == columns.State && exact {
			return newColumn(states(leaf), p, name, f, flow.HasState)
		}
		m := words(leaf, f == columns.State, exact)
		bit := putWord(f, &m)
		return newColumn(m, p, name, f, bit)
	case columns.OrientBy:
		return newColumn(orients(leaf), p, name, f, 0)
	case columns.UID:
		m := texts(leaf, exact, flow.MakeUID)
		m.put = func(b *batch, lo, hi int, vs []flow.UID) {
			for i := range vs[lo:hi] {
				b.rows[lo+i].UID = vs[lo+i]
			}
		}
		return newColumn(m, p, name, f, flow.HasUID)
	}
	return smallFiller(f, p, name)
}

// softly makes what cannot be read absent instead of bad.
func softly(m *meaning[flow.Time]) {
	fromInt, fromFloat, fromText := m.fromInt, m.fromFloat, m.fromText
	absent := func(t flow.Time, err error) (flow.Time, error) {
		if err != nil {
			return t, errAbsent
		}
		return t, nil
	}
	m.fromInt = func(v int64) (flow.Time, error) { return absent(fromInt(v)) }
	m.fromFloat = func(v float64) (flow.Time, error) { return absent(fromFloat(v)) }
	m.fromText = func(b []byte) (flow.Time, error) { return absent(fromText(b)) }
}

func putCounter(f columns.Field, m *meaning[uint64]) flow.Fields {
	m.put = func(b *batch, lo, hi int, vs []uint64) {
		rows, vs := b.rows[lo:hi], vs[lo:hi]
		switch f { // outside of the loops, which are short
		case columns.SrcBytes:
			for i, v := range vs {
				rows[i].SrcBytes = v
			}
		case columns.DstBytes:
			for i, v := range vs {
				rows[i].DstBytes = v
			}
		case columns.SrcPkts:
			for i, v := range vs {
				rows[i].SrcPkts = v
			}
		default:
			for i, v := range vs {
				rows[i].DstPkts = v
			}
		}
	}
	switch f {
	case columns.SrcBytes:
		return flow.HasSrcBytes
	case columns.DstBytes:
		return flow.HasDstBytes
	case columns.SrcPkts:
		return flow.HasSrcPkts
	}
	return flow.HasDstPkts
}

func putWord(f columns.Field, m *meaning[word]) flow.Fields {
	switch f {
	case columns.State:
		m.put = func(b *batch, lo, hi int, vs []word) {
			for i, v := range vs[lo:hi] {
				b.rows[lo+i].RawState, b.rows[lo+i].State = v.symbol, v.state
			}
		}
		return flow.HasState
	case columns.Service:
		m.put = func(b *batch, lo, hi int, vs []word) {
			for i, v := range vs[lo:hi] {
				b.rows[lo+i].Service = v.symbol
			}
		}
		return flow.HasService
	case columns.RawState:
		m.put = func(b *batch, lo, hi int, vs []word) {
			for i, v := range vs[lo:hi] {
				b.rows[lo+i].RawState = v.symbol
			}
		}
		return 0
	}
	m.put = func(b *batch, lo, hi int, vs []word) {
		for i, v := range vs[lo:hi] {
			b.rows[lo+i].Label = v.symbol
		}
	}
	return flow.HasLabel
}

// smallFiller connects the fields of one byte.
func smallFiller(f columns.Field, p *pages, name string) filler {
	var m meaning[uint8]
	var bit flow.Fields
	switch f {
	case columns.Proto:
		m, bit = protocols(), flow.HasProto
	case columns.SrcFlags, columns.DstFlags:
		m, bit = flags(), flow.HasFlags
	case columns.ICMPType, columns.ICMPCode:
		m, bit = small(), flow.HasICMP
	case columns.Pieces:
		m = small()
	default:
		return nil
	}
	m.put = func(b *batch, lo, hi int, vs []uint8) {
		rows, vs := b.rows[lo:hi], vs[lo:hi]
		switch f { // outside of the loops, which are short
		case columns.Proto:
			for i, v := range vs {
				rows[i].Proto = flow.Proto(v)
			}
		case columns.SrcFlags:
			for i, v := range vs {
				rows[i].SrcFlags = flow.TCPFlags(v)
			}
		case columns.DstFlags:
			for i, v := range vs {
				rows[i].DstFlags = flow.TCPFlags(v)
			}
		case columns.ICMPType:
			for i, v := range vs {
				rows[i].ICMPType = v
			}
		case columns.ICMPCode:
			for i, v := range vs {
				rows[i].ICMPCode = v
			}
		case columns.Pieces:
			for i, v := range vs {
				rows[i].Pieces = v
			}
		}
	}
	return newColumn(m, p, name, f, bit)
}
