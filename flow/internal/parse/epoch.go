package parse

import (
	"encoding/binary"
	"math/bits"

	"seine/flow"
)

var powers = [...]uint64{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// Epoch reads the whole of b as a decimal number of seconds, 1485534282.123456
// or 0.25, with up to eleven digits before the point; digits beyond
// nanoseconds are dropped. It takes nothing that Scaled does not, and leaves
// signs and longer numbers to it. b must have Room readable bytes behind it.
func Epoch(b []byte) (t flow.Time, ok bool) {
	n := len(b)
	p := b[:n+Room]
	w := binary.LittleEndian.Uint64(p)
	k := bits.TrailingZeros64(nonDigits(w)) >> 3
	v := eight(w << (64 - 8*uint(k)))
	if k == 8 {
		w = binary.LittleEndian.Uint64(p[8:])
		j := bits.TrailingZeros64(nonDigits(w)) >> 3
		if j > 3 {
			return 0, false
		}
		v = v*powers[j] + eight(w<<(64-8*uint(j)))
		k += j
	}
	if k == 0 || k > n || v > uint64(flow.MaxTime/flow.Second)-1 {
		return 0, false
	}
	if k == n {
		return flow.Time(v) * flow.Second, true
	}
	f := n - k - 1
	if p[k] != '.' || f == 0 {
		return 0, false
	}
	w = binary.LittleEndian.Uint64(p[k+1:])
	m := bits.TrailingZeros64(nonDigits(w)) >> 3
	if f <= 8 {
		if m < f {
			return 0, false
		}
		return flow.Time(v)*flow.Second + flow.Time(eight(w<<(64-8*uint(f)))*powers[9-f]), true
	}
	if m < 8 {
		return 0, false
	}
	for _, c := range b[k+9:] {
		if c-'0' > 9 {
			return 0, false
		}
	}
	return flow.Time(v)*flow.Second + flow.Time(eight(w)*10+uint64(b[k+9]-'0')), true
}
