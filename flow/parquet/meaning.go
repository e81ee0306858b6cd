package parquet

import (
	"encoding/hex"
	"errors"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"seine/flow"
	"seine/flow/internal/canonical"
	"seine/flow/internal/parse"
)

var (
	errNumberAddr = errors.New("number beyond the IPv4 addresses")
	errRawAddr    = errors.New("not 4 or 16 bytes")
)

// text drops what pads a text of fixed length.
func text(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return parse.Trim(b)
}

// isText reports whether the type of a column promises text.
func isText(leaf *schema.Column) bool {
	switch leaf.LogicalType().(type) {
	case schema.StringLogicalType, schema.EnumLogicalType, schema.JSONLogicalType:
		return true
	}
	return false
}

// addresses is the meaning of a column of addresses: text, IPv4 numbers, or
// 4 or 16 raw bytes. A column of bytes that does not promise text is looked
// at once: it is raw if its first values have those lengths and are no text.
// In an exact table, what is no address is the name of a host.
func addresses(leaf *schema.Column, exact bool) meaning[flow.Addr] {
	raw := false
	return meaning[flow.Addr]{
		prepare: func(v *values) { raw = !isText(leaf) && rawAddresses(v.texts) },
		fromInt: func(v int64) (flow.Addr, error) {
			if v < math.MinInt32 || v > math.MaxUint32 {
				return flow.Addr{}, errNumberAddr
			}
			return flow.AddrFrom4(uint32(v)), nil
		},
		fromFloat: func(v float64) (flow.Addr, error) {
			if v != v {
				return flow.Addr{}, errAbsent
			}
			if v != math.Trunc(v) || v < 0 || v > math.MaxUint32 {
				return flow.Addr{}, errNumberAddr
			}
			return flow.AddrFrom4(uint32(v)), nil
		},
		fromText: func(b []byte) (flow.Addr, error) {
			if raw {
				return rawAddress(b)
			}
			if cap(b) >= parse.Room {
				if a, err := parse.Addr(b); err == nil {
					return a, nil
				}
			}
			b = text(b)
			if parse.Unset(b) {
				return flow.Addr{}, errAbsent
			}
			if exact {
				if a, ok := flow.NameAddr(b); ok {
					return a, nil
				}
			}
			return flow.ParseAddr(b)
		},
	}
}

func rawAddresses(vs [][]byte) bool {
	words := 0
	for _, b := range vs[:min(len(vs), batchRows)] {
		if len(b) != 4 && len(b) != 16 {
			return false
		}
		if _, err := flow.ParseAddr(text(b)); err == nil {
			words++
		}
	}
	return words < len(vs)
}

// rawAddress reads the bytes of an address. In a column of 16 bytes the
// IPv4-mapped form is how IPv4 is stored.
func rawAddress(b []byte) (flow.Addr, error) {
	switch len(b) {
	case 4:
		return flow.AddrFrom4(uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])), nil
	case 16:
		if a := flow.Addr(b); a.Is4() {
			return a, nil
		}
		return flow.AddrFrom16([16]byte(b))
	}
	return flow.Addr{}, errRawAddr
}

// numbers is the meaning of a column of whole numbers from 0 to limit. What
// lies outside, or is none, gives the error outside.
func numbers[T uint8 | uint16](limit int64, outside error, fromText func([]byte) (T, error)) meaning[T] {
	return meaning[T]{
		fromInt: func(v int64) (T, error) {
			if v < 0 || v > limit {
				return 0, outside
			}
			return T(v), nil
		},
		fromFloat: func(v float64) (T, error) {
			switch {
			case v != v:
				return 0, errAbsent
			case v < 0 || v > float64(limit) || v != math.Trunc(v):
				return 0, outside
			}
			return T(v), nil
		},
		fromText: func(b []byte) (T, error) {
			if b = text(b); parse.Unset(b) {
				return 0, errAbsent
			}
			return fromText(b)
		},
	}
}

func ports() meaning[uint16] { return numbers(65535, parse.ErrPort, parse.Port) }

// small is the meaning of a column of ICMP types or codes.
func small() meaning[uint8] {
	return numbers(255, errAbsent, func(b []byte) (uint8, error) {
		if n, ok := parse.Counter(b); ok && n <= 255 {
			return uint8(n), nil
		}
		return 0, errAbsent
	})
}

func flags() meaning[uint8] {
	m := numbers(65535, errAbsent, func(b []byte) (uint8, error) {
		if f, ok := parse.Flags(b); ok {
			return uint8(f), nil
		}
		return 0, errAbsent
	})
	return m
}

func protocols() meaning[uint8] {
	m := numbers(255, errAbsent, func(b []byte) (uint8, error) {
		if p, ok := flow.ParseProto(b); ok {
			return uint8(p), nil
		}
		if n, ok := parse.Counter(b); ok && n <= 255 { // "6.0"
			return uint8(n), nil
		}
		return 0, errAbsent
	})
	m.none = uint8(flow.ProtoUnknown)
	return m
}

// counters is the meaning of a column of counts. One that cannot be read is
// absent, never 0.
func counters(unsigned bool) meaning[uint64] {
	return meaning[uint64]{
		fromInt: func(v int64) (uint64, error) {
			if v < 0 && !unsigned {
				return 0, errAbsent
			}
			return uint64(v), nil
		},
		fromFloat: func(v float64) (uint64, error) {
			if !(v >= 0 && v < 1<<63) {
				return 0, errAbsent
			}
			return uint64(v + 0.5), nil
		},
		fromText: func(b []byte) (uint64, error) {
			if n, ok := parse.Counter(text(b)); ok {
				return n, nil
			}
			return 0, errAbsent
		},
	}
}

// texts is the meaning of a column of words; a number stands for its digits.
// Verbatim texts are taken with the blanks around them, and none stands for
// no value.
func texts[T any](leaf *schema.Column, verbatim bool, of func([]byte) T) meaning[T] {
	var buf [64]byte
	var none T
	boolean := leaf.PhysicalType() == parquet.Types.Boolean
	unsigned := newPlain(leaf).unsigned
	_, uuid := leaf.LogicalType().(schema.UUIDLogicalType)
	return meaning[T]{
		fromInt: func(v int64) (T, error) {
			switch {
			case boolean:
				return of(strconv.AppendBool(buf[:0], v != 0)), nil
			case unsigned:
				return of(strconv.AppendUint(buf[:0], uint64(v), 10)), nil
			}
			return of(strconv.AppendInt(buf[:0], v, 10)), nil
		},
		fromFloat: func(v float64) (T, error) {
			if v != v {
				return none, errAbsent
			}
			return of(strconv.AppendFloat(buf[:0], v, 'f', -1, 64)), nil
		},
		fromText: func(b []byte) (T, error) {
			if uuid && len(b) == 16 {
				return of(appendUUID(buf[:0], b)), nil
			}
			if verbatim {
				return of(b), nil
			}
			if b = text(b); parse.Unset(b) {
				return none, errAbsent
			}
			return of(b), nil
		},
	}
}

func appendUUID(t, b []byte) []byte {
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			t = append(t, '-')
		}
		t = hex.AppendEncode(t, part)
	}
	return t
}

// A word is an interned text and, of a state, what it means.
type word struct {
	symbol flow.Symbol
	state  flow.State
}

// words is the meaning of a column whose texts are interned. A symbol that is
// not final yet holds for its batch only.
func words(leaf *schema.Column, state, verbatim bool) meaning[word] {
	var intern *flow.Interner
	m := texts(leaf, verbatim, func(b []byte) word {
		w := word{symbol: intern.Symbol(b)}
		if state {
			w.state = parse.State(b)
		}
		return w
	})
	m.begin = func(b *batch) { intern = b.intern }
	m.fleeting = func(w word) bool { return w.symbol >= flow.MaxSymbols }
	return m
}

// states is the meaning of a column of normalised states.
func states(leaf *schema.Column) meaning[flow.State] {
	m := texts(leaf, true, parse.State)
	m.put = func(b *batch, lo, hi int, vs []flow.State) {
		for i, v := range vs[lo:hi] {
			b.rows[lo+i].State = v
		}
	}
	return m
}

// orients is the meaning of a column of the rules by which the originator was
// told.
func orients(leaf *schema.Column) meaning[flow.Orient] {
	m := texts(leaf, true, canonical.ParseOrient)
	m.put = func(b *batch, lo, hi int, vs []flow.Orient) {
		for i, v := range vs[lo:hi] {
			b.rows[lo+i].Orient = v
		}
	}
	return m
}
