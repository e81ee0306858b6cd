package lines

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"seine/flow"
)

// under is a decoder that keeps the last line before it that begins with
// "#" as the label of a record.
type under struct {
	in   *flow.Interner
	head string
	slow bool
}

func (u *under) Begin(state any) {
	u.head = state.(string)
	if u.slow {
		time.Sleep(time.Millisecond)
	}
}

func (u *under) Decode(line []byte, r *flow.Record) error {
	if line[0] == '#' {
		u.head = string(line)
		return ErrSkip
	}
	*r = flow.Record{Label: u.in.Symbol([]byte(u.head))}
	return nil
}

// Each line is decoded under the header that stands before it, wherever the
// text is cut and however long a core takes for its piece.
func TestDecodersKnowWhatStandsBeforeTheirPiece(t *testing.T) {
	var text strings.Builder
	var want []string
	head := ""
	for i := range 3000 {
		if i%7 == 3 || i%100 == 0 {
			head = fmt.Sprintf("#%d", i)
			text.WriteString(head + "\n")
		} else {
			fmt.Fprintf(&text, "%d\n", i)
			want = append(want, head)
		}
	}
	for _, chunk := range []int{1, 10, 64, 1000, 0} {
		opt := &flow.Options{Workers: 3, Chunk: chunk, Symbols: flow.NewSymbols()}
		known, n := "", 0
		scout := func(text []byte) any {
			before := known
			for line := range bytes.Lines(text) {
				if line[0] == '#' {
					known = string(bytes.TrimSuffix(line, []byte("\n")))
				}
			}
			return before
		}
		r, err := OpenScouted(flow.BytesSource("x", []byte(text.String()), opt), scout, func(in *flow.Interner) Beginner {
			n++
			return &under{in: in, slow: n%2 == 0 && chunk != 1}
		})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := flow.ReadAll(r)
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if len(rows) != len(want) {
			t.Fatalf("chunk %d: %d rows, want %d", chunk, len(rows), len(want))
		}
		for i, r := range rows {
			if got := opt.Symbols.Text(r.Label); got != want[i] {
				t.Fatalf("chunk %d: row %d is under %q, want %q", chunk, r.Row, got, want[i])
			}
		}
	}
}
