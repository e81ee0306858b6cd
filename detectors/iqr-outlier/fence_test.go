package iqroutlier

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestFencesAreExact compares with arithmetic that knows no largest number.
func TestFencesAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	number := func(u uint64) *big.Int { return new(big.Int).SetUint64(u) }
	for range 100_000 {
		f := newFence(rng.Uint64N(1e9+1)>>rng.UintN(30), 1000)
		q1, q3 := rng.Uint64N(4*maxSum+1)>>rng.UintN(64), rng.Uint64N(4*maxSum+1)>>rng.UintN(64)
		if q1 > q3 {
			q1, q3 = q3, q1
		}
		reach := new(big.Int).Mul(number(q3-q1), number(f.num))
		unit := number(4 * f.den)
		low := new(big.Int).Sub(new(big.Int).Mul(number(q1), number(f.den)), reach)
		high := new(big.Int).Add(new(big.Int).Mul(number(q3), number(f.den)), reach)
		least, most := uint64(0), uint64(1<<64-1)
		if low.Sign() > 0 {
			low.Add(low, unit).Sub(low, big.NewInt(1))
			least = low.Div(low, unit).Uint64()
		}
		if high.Div(high, unit); high.IsUint64() {
			most = high.Uint64()
		}
		if a, b := f.inside(q1, q3); a != least || b != most {
			t.Fatalf("%d/%d of %d and %d: %d to %d, want %d to %d", f.num, f.den, q1, q3, a, b, least, most)
		}
	}
}
