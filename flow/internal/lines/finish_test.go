package lines

import (
	"io"
	"strings"
	"testing"

	"seine/flow"
)

func TestOnEndIsCalledOnceBehindTheLastRow(t *testing.T) {
	for _, lend := range []bool{false, true} {
		src := flow.StreamSource("-", strings.NewReader(strings.Repeat("line\n", 1000)), &flow.Options{Workers: 2, Chunk: 100, Symbols: flow.NewSymbols()})
		r, err := Open(src, func(in *flow.Interner) Decoder { return words{in} })
		if err != nil {
			t.Fatal(err)
		}
		called, rows := 0, 0
		l := r.OnEnd(func() {
			if called++; src.Rows != 1000 {
				t.Errorf("called after %d rows", src.Rows)
			}
		})
		buf := make([]flow.Record, 7)
		for range 2000 {
			if lend {
				b, err := l.Lend()
				if err == nil {
					rows += len(b.Rows)
					b.Free()
				} else if err != io.EOF {
					t.Fatal(err)
				}
				continue
			}
			n, _ := l.Read(buf)
			rows += n
		}
		if called != 1 || rows != 1000 {
			t.Errorf("called %d times, %d rows", called, rows)
		}
		if _, ok := l.(io.Closer); !ok {
			t.Error("the reader cannot be closed")
		}
	}
}
