package parquet

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

var errPlain = errors.New("page ends within its values")

// outOfTime stands for an INT96 outside the years that a flow.Time covers.
const outOfTime = math.MinInt64

// values are decoded values before they mean anything: one of the three
// slices is in use, depending on the column. Texts are slices of a page, with
// pad readable bytes behind them.
type values struct {
	ints   []int64
	floats []float64
	texts  [][]byte
}

// len is the number of values.
func (v *values) len() int { return len(v.ints) + len(v.floats) + len(v.texts) }

func (v *values) reset() { v.ints, v.floats, v.texts = v.ints[:0], v.floats[:0], v.texts[:0] }

// appendText spells value i, for the message about a bad row.
func (v *values) appendText(b []byte, i int) []byte {
	switch {
	case i < len(v.ints):
		return strconv.AppendInt(b, v.ints[i], 10)
	case i < len(v.floats):
		return strconv.AppendFloat(b, v.floats[i], 'g', -1, 64)
	case i < len(v.texts):
		return append(b, v.texts[i][:min(len(v.texts[i]), 60)]...)
	}
	return b
}

// plain decodes values of a column one behind the other as they stand.
type plain struct {
	physical parquet.Type
	length   int // of a FIXED_LEN_BYTE_ARRAY, in bytes
	unsigned bool
	scale    float64 // of a DECIMAL, else 0
}

func newPlain(leaf *schema.Column) plain {
	p := plain{physical: leaf.PhysicalType(), length: leaf.TypeLength()}
	switch t := leaf.LogicalType().(type) {
	case *schema.IntLogicalType:
		p.unsigned = !t.IsSigned()
	case *schema.DecimalLogicalType:
		p.scale = math.Pow10(int(t.Scale()))
	}
	return p
}

// size is the length of a value in bytes, 0 if it differs.
func (p *plain) size() int {
	switch p.physical {
	case parquet.Types.Int32, parquet.Types.Float:
		return 4
	case parquet.Types.Int64, parquet.Types.Double:
		return 8
	case parquet.Types.Int96:
		return 12
	case parquet.Types.FixedLenByteArray:
		return p.length
	}
	return 0
}

// extend makes s longer by n and returns what was added, to be filled.
func extend[T any](s *[]T, n int) []T {
	*s = slices.Grow(*s, n)[:len(*s)+n]
	return (*s)[len(*s)-n:]
}

// read appends n values from the start of b to v and tells how many bytes
// they took. bit is the position of the next boolean within b.
func (p *plain) read(b []byte, bit, n int, v *values) (used int, err error) {
	size := p.size()
	if size > 0 && len(b)/size < n {
		return 0, errPlain
	}
	switch p.physical {
	case parquet.Types.Boolean:
		if len(b)*8-bit < n {
			return 0, errPlain
		}
		for i := bit; i < bit+n; i++ {
			v.ints = append(v.ints, int64(b[i>>3]>>(i&7)&1))
		}
		return 0, nil
	case parquet.Types.Int32:
		for i, to := 0, extend(&v.ints, n); i < len(to); i++ {
			x := binary.LittleEndian.Uint32(b[4*i:])
			if to[i] = int64(int32(x)); p.unsigned {
				to[i] = int64(x)
			}
		}
	case parquet.Types.Int64:
		for i, to := 0, extend(&v.ints, n); i < len(to); i++ {
			to[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
		}
	case parquet.Types.Int96:
		for i, to := 0, extend(&v.ints, n); i < len(to); i++ {
			to[i] = julian(b[12*i:])
		}
	case parquet.Types.Float:
		for i, to := 0, extend(&v.floats, n); i < len(to); i++ {
			to[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
		}
	case parquet.Types.Double:
		for i, to := 0, extend(&v.floats, n); i < len(to); i++ {
			to[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
	case parquet.Types.FixedLenByteArray:
		for i, to := 0, extend(&v.texts, n); i < len(to); i++ {
			to[i] = b[size*i : size*i+size]
		}
	case parquet.Types.ByteArray:
		if len(b)/4 < n {
			return 0, errPlain
		}
		to := extend(&v.texts, n)
		at := 0
		for i := range to {
			if len(b)-at < 4 {
				return 0, errPlain
			}
			k := int(binary.LittleEndian.Uint32(b[at:]))
			if at += 4; k > len(b)-at {
				return 0, errPlain
			}
			to[i] = b[at : at+k]
			at += k
		}
		size, n = at, 1
	}
	if p.scale != 0 {
		p.decimals(v)
	}
	return size * n, nil
}

// decimals turns what was read of a DECIMAL column into its numbers.
func (p *plain) decimals(v *values) {
	for _, x := range v.ints {
		v.floats = append(v.floats, float64(x)/p.scale)
	}
	for _, b := range v.texts { // two's complement, high byte first
		x := 0.0
		for i, c := range b {
			if i == 0 {
				x = float64(int8(c))
			} else {
				x = x*256 + float64(c)
			}
		}
		v.floats = append(v.floats, x/p.scale)
	}
	v.ints, v.texts = v.ints[:0], v.texts[:0]
}

// julian reads an INT96: nanoseconds of the day, then the Julian day.
func julian(b []byte) int64 {
	const epoch, day = 2440588, 24 * 3600 * 1e9
	ns := int64(binary.LittleEndian.Uint64(b))
	days := int64(binary.LittleEndian.Uint32(b[8:])) - epoch
	if days < -106_000 || days > 106_000 || ns < 0 || ns > 2*day {
		return outOfTime
	}
	return days*day + ns
}
