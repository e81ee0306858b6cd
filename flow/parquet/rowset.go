package parquet

import "math/bits"

// A rowSet is a set of rows of a batch.
type rowSet [batchRows / 64]uint64

// low is a word of n ones.
func low(n int) uint64 { return 1<<n - 1 }

// add adds n rows from lo on, up to 64: those whose bits are set in w, which
// has no others.
func (s *rowSet) add(lo, n int, w uint64) {
	at := lo & 63
	s[lo>>6] |= w << at
	if at+n > 64 {
		s[lo>>6+1] |= w >> (64 - at)
	}
}

// fill adds n rows from lo on.
func (s *rowSet) fill(lo, n int) {
	for hi := lo + n; lo < hi; lo += 64 {
		k := min(64, hi-lo)
		s.add(lo, k, low(k))
	}
}

func (s *rowSet) drop(i int) { s[i>>6] &^= 1 << (i & 63) }

func (s *rowSet) has(i int) bool { return s[i>>6]>>(i&63)&1 != 0 }

// list lists the rows of the set from lo to hi in the memory of at, which has
// room for all.
func (s *rowSet) list(at []int32, lo, hi int) []int32 {
	n := 0
	for base := lo &^ 63; base < hi; base += 64 {
		w := s[base>>6]
		if base < lo {
			w &^= low(lo - base)
		}
		if hi-base < 64 {
			w &= low(hi - base)
		}
		for ; w != 0; w &= w - 1 {
			at[n] = int32(base + bits.TrailingZeros64(w))
			n++
		}
	}
	return at[:n]
}
