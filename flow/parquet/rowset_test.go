package parquet

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"seine/flow"
	"seine/flow/internal/parse"
)

// levels encodes values of so many bits as runs and bit-packed groups.
func levels(rng *rand.Rand, width, n int) (b []byte, values []uint32) {
	for len(values) < n {
		if rng.IntN(2) == 0 {
			k, v := 1+rng.IntN(150), rng.Uint32N(1<<width)
			b = append(b, byte(k<<1), byte(k<<1>>7), byte(v))
			b[len(b)-3] |= 0x80
			values = append(values, slices.Repeat([]uint32{v}, k)...)
			continue
		}
		groups := 1 + rng.IntN(20)
		b = append(b, byte(groups<<1|1))
		bits, at := make([]byte, groups*width), 0
		for range 8 * groups {
			v := rng.Uint32N(1 << width)
			values = append(values, v)
			for i := range width {
				bits[at>>3] |= byte(v>>i&1) << (at & 7)
				at++
			}
		}
		b = append(b, bits...)
	}
	return append(b, make([]byte, pad)...)[:len(b)], values
}

// Rows are matched by their levels, whatever runs the levels come in and
// wherever the pieces of a batch are cut.
func TestRowsByLevels(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		width := 1 + rng.IntN(3)
		want := 1 + rng.Uint32N(1<<width-1)
		b, values := levels(rng, width, batchRows)
		h := newHybrid(b, width)
		var set rowSet
		count := 0
		for lo := 0; lo < batchRows; {
			n := min(1+rng.IntN(700), batchRows-lo)
			k, err := h.match(want, &set, lo, n)
			if err != nil {
				t.Fatal(err)
			}
			lo, count = lo+n, count+k
		}
		lo := rng.IntN(batchRows)
		hi := lo + rng.IntN(batchRows-lo)
		var rows []int32
		for i, v := range values[:batchRows] {
			if set.has(i) != (v == want) {
				t.Fatalf("row %d of level %d, wanted %d: %v", i, v, want, set.has(i))
			}
			if v == want {
				count--
				if lo <= i && i < hi {
					rows = append(rows, int32(i))
				}
			}
		}
		if got := set.list(make([]int32, batchRows), lo, hi); count != 0 || !slices.Equal(got, rows) {
			t.Fatalf("miscounted by %d; rows %d to %d: %v, want %v", count, lo, hi, got, rows)
		}
	}
}

// The short way to a span gives what the long one does.
func TestSpansAreRoundedAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		v := math.Abs(math.Float64frombits(rng.Uint64()))
		if rng.IntN(2) == 0 {
			v = float64(rng.Int64N(1<<42)) / 1e6
		}
		if !(v < 1<<22) {
			continue
		}
		for _, unit := range []parse.Unit{parse.Nanoseconds, parse.Microseconds, parse.Milliseconds, parse.Seconds} {
			whole, frac := math.Modf(v)
			want := flow.Time(whole)*flow.Time(unit) + flow.Time(math.Round(frac*float64(unit)))
			if got, err := scaledFloat(v, unit); got != want || err != nil {
				t.Fatalf("%g of %d: %d, %v; want %d", v, unit, got, err, want)
			}
		}
	}
}
