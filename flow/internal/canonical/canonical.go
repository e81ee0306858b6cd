// Package canonical names the columns in which Seine itself writes flow
// records, and takes their values out of a record. The writers of CSV, JSON
// and Parquet share it, so that a flow is called the same everywhere, and the
// readers of these formats know the names (see flow/internal/columns).
//
// What a record does not have is left out, which each layout does in its own
// way: an empty cell, a key that is not there, a null. OrientBy is always
// there and nobody else writes it: a table or an object with that name was
// written by Seine, and is taken as it stands. Nothing in it has to be
// guessed or put right a second time.
package canonical

import (
	"strconv"

	"seine/flow"
)

// Kind is the kind of the values of a column.
type Kind uint8

// The kinds.
const (
	Time    Kind = iota // nanoseconds since 1970, as text RFC 3339 in UTC
	Span                // nanoseconds, as text seconds with a fraction
	Number              // an unsigned number
	Text                // a text
	Address             // an IP address, as text
)

// A Column is one column: what it is called and what a record has in it.
type Column struct {
	Name string
	Kind Kind
	Bits uint8 // width of a Number: 8, 16 or 64
	// Has are the bits of Record.Has that tell that the record has the
	// value; without any, zero and the empty text are no value.
	Has flow.Fields

	number func(r *flow.Record) int64
	text   func(b []byte, r *flow.Record, names flow.Names) []byte
}

// OrientBy is the name of the column that tells Seine's own tables.
const OrientBy = "orient_by"

// Columns are all columns in the order in which they are written.
func Columns() []Column {
	return []Column{
		{Name: "ts", Kind: Time, Has: flow.HasStart, number: func(r *flow.Record) int64 { return int64(r.Start) }},
		{Name: "duration", Kind: Span, Has: flow.HasDuration, number: func(r *flow.Record) int64 { return int64(r.Duration) }},
		{Name: "protocol", Kind: Text, Has: flow.HasProto, text: func(b []byte, r *flow.Record, _ flow.Names) []byte {
			return append(b, r.Proto.String()...)
		}},
		{Name: "state", Kind: Text, Has: flow.HasState, text: func(b []byte, r *flow.Record, _ flow.Names) []byte {
			return append(b, r.State.String()...)
		}},
		{Name: "src_ip", Kind: Address, Has: flow.HasAddrs, text: func(b []byte, r *flow.Record, _ flow.Names) []byte { return r.Src.AppendTo(b) }},
		{Name: "src_port", Kind: Number, Bits: 16, Has: flow.HasSrcPort, number: func(r *flow.Record) int64 { return int64(r.SrcPort) }},
		{Name: "dst_ip", Kind: Address, Has: flow.HasAddrs, text: func(b []byte, r *flow.Record, _ flow.Names) []byte { return r.Dst.AppendTo(b) }},
		{Name: "dst_port", Kind: Number, Bits: 16, Has: flow.HasDstPort, number: func(r *flow.Record) int64 { return int64(r.DstPort) }},
		{Name: "src_bytes", Kind: Number, Bits: 64, Has: flow.HasSrcBytes, number: func(r *flow.Record) int64 { return int64(r.SrcBytes) }},
		{Name: "dst_bytes", Kind: Number, Bits: 64, Has: flow.HasDstBytes, number: func(r *flow.Record) int64 { return int64(r.DstBytes) }},
		{Name: "src_pkts", Kind: Number, Bits: 64, Has: flow.HasSrcPkts, number: func(r *flow.Record) int64 { return int64(r.SrcPkts) }},
		{Name: "dst_pkts", Kind: Number, Bits: 64, Has: flow.HasDstPkts, number: func(r *flow.Record) int64 { return int64(r.DstPkts) }},
		{Name: "tcp_flags_src", Kind: Text, Has: flow.HasFlags, text: func(b []byte, r *flow.Record, _ flow.Names) []byte { return appendFlags(b, r.SrcFlags) }},
		{Name: "tcp_flags_dst", Kind: Text, Has: flow.HasFlags, text: func(b []byte, r *flow.Record, _ flow.Names) []byte { return appendFlags(b, r.DstFlags) }},
		{Name: "icmp_type", Kind: Number, Bits: 8, Has: flow.HasICMP, number: func(r *flow.Record) int64 { return int64(r.ICMPType) }},
		{Name: "icmp_code", Kind: Number, Bits: 8, Has: flow.HasICMP, number: func(r *flow.Record) int64 { return int64(r.ICMPCode) }},
		{Name: "service", Kind: Text, Has: flow.HasService, text: func(b []byte, r *flow.Record, n flow.Names) []byte { return append(b, n.Text(r.Service)...) }},
		{Name: "uid", Kind: Text, Has: flow.HasUID, text: func(b []byte, r *flow.Record, _ flow.Names) []byte { return r.UID.AppendTo(b) }},
		{Name: "label", Kind: Text, Has: flow.HasLabel, text: func(b []byte, r *flow.Record, n flow.Names) []byte { return append(b, n.Text(r.Label)...) }},
		{Name: "raw_state", Kind: Text, Has: flow.HasState, text: func(b []byte, r *flow.Record, n flow.Names) []byte { return append(b, n.Text(r.RawState)...) }},
		{Name: "pieces", Kind: Number, Bits: 8, number: func(r *flow.Record) int64 { return int64(r.Pieces) }},
		{Name: OrientBy, Kind: Text, text: func(b []byte, r *flow.Record, _ flow.Names) []byte { return append(b, r.Orient.String()...) }},
		{Name: "file", Kind: Text, text: func(b []byte, r *flow.Record, n flow.Names) []byte { return append(b, n.File(r.File)...) }},
		{Name: "row", Kind: Number, Bits: 64, number: func(r *flow.Record) int64 { return int64(r.Row) }},
	}
}

// In reports whether r has the value. A text of a column without Has bits is
// there where it is not empty, which only its text tells.
func (c *Column) In(r *flow.Record) bool {
	if c.Has == 0 && c.number != nil {
		return c.number(r) != 0
	}
	return r.Has&c.Has == c.Has
}

// Int is the value of a Time or Span in nanoseconds, or of a Number. A Number
// of 64 bits may be negative here: it is the bits of a uint64.
func (c *Column) Int(r *flow.Record) int64 { return c.number(r) }

// AppendTo appends the value as text, without quotes of any kind. It is
// called only for what r has.
func (c *Column) AppendTo(b []byte, r *flow.Record, names flow.Names) []byte {
	switch c.Kind {
	case Time:
		return flow.Time(c.number(r)).AppendTo(b)
	case Span:
		return AppendSeconds(b, flow.Time(c.number(r)))
	case Number:
		return strconv.AppendUint(b, uint64(c.number(r)), 10)
	}
	return c.text(b, r, names)
}

// AppendSeconds appends d in seconds, exactly, with no more digits than it
// takes.
func AppendSeconds(b []byte, d flow.Time) []byte {
	if d < 0 {
		d = 0
	}
	b = strconv.AppendUint(b, uint64(d/flow.Second), 10)
	frac := uint64(d % flow.Second)
	if frac == 0 {
		return b
	}
	var digits [10]byte
	digits[0] = '.'
	for i := 9; i > 0; i-- {
		digits[i] = byte('0' + frac%10)
		frac /= 10
	}
	n := len(digits)
	for digits[n-1] == '0' {
		n--
	}
	return append(b, digits[:n]...)
}

// appendFlags appends the letters of f; "." says that there was none, which
// is not the same as an empty text.
func appendFlags(b []byte, f flow.TCPFlags) []byte {
	if f == 0 {
		return append(b, '.')
	}
	return append(b, f.String()...)
}

// ParseOrient reads what OrientBy says; what it does not know is a guess.
func ParseOrient(text []byte) flow.Orient {
	for o := flow.OrientSource; o < flow.OrientGuess; o++ {
		if o.String() == string(text) {
			return o
		}
	}
	return flow.OrientGuess
}
