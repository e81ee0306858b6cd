package parse

import (
	"math/rand/v2"
	"testing"
)

func TestMarks(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	alphabet := "\t,|\t8\x89\xff\x00 a"
	for range 100_000 {
		n := rng.IntN(300)
		buf := make([]byte, n+16)
		for i := range buf {
			buf[i] = alphabet[rng.IntN(len(alphabet))]
		}
		sep := alphabet[rng.IntN(4)]
		text := buf[:n]
		a, b := make([]uint64, 6), make([]uint64, 6)
		a[(n+63)/64], b[(n+63)/64] = 7, 7
		Marks(text, sep, a)
		marks(text, sep, b)
		for i, c := range text {
			if got := a[i/64]>>(i%64)&1 == 1; got != (c == sep) {
				t.Fatalf("%q: byte %d is marked: %v", text, i, got)
			}
		}
		for i := n; i < (n+63)/64*64; i++ {
			if a[i/64]>>(i%64)&1 == 1 {
				t.Fatalf("a mark behind the text, at %d of %d", i, n)
			}
		}
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("word %d is %x, %x without SSE", i, a[i], b[i])
			}
		}
		if a[(n+63)/64] != 7 {
			t.Fatal("a word too many is written")
		}
	}
}
