package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"seine/flow"
)

// words is a decoder that keeps a line as the uid and the label of a record.
// A line that begins with "bad", "#" or "panic" is what it says.
type words struct{ in *flow.Interner }

func (w words) Decode(line []byte, r *flow.Record) error {
	if cap(line)-len(line) < Pad {
		return fmt.Errorf("only %d bytes behind the line", cap(line)-len(line))
	}
	*r = flow.Record{UID: flow.MakeUID(line), Label: w.in.Symbol(line)}
	switch {
	case bytes.HasPrefix(line, []byte("bad")):
		return errors.New(string(line[:min(20, len(line))]))
	case line[0] == '#':
		return ErrSkip
	case bytes.HasPrefix(line, []byte("panic")):
		panic(string(line[:min(20, len(line))]))
	}
	return nil
}

// outcome is all that a reader tells.
type outcome struct {
	rows         []string // "row text"
	bad, skipped uint64
	reasons      []flow.BadRow
	err          error
}

// naive is what should come out of text, which ends in end.
func naive(text string, end error) (o outcome) {
	o.err = end
	parts := strings.SplitAfter(text, "\n")
	for i, line := range parts {
		row := uint64(i + 1)
		whole := strings.HasSuffix(line, "\n")
		line = strings.TrimSuffix(line, "\n")
		reject := func(reason string) {
			o.bad++
			if len(o.reasons) < flow.KeepBad {
				o.reasons = append(o.reasons, flow.BadRow{Row: row, Reason: reason})
			}
		}
		if !whole && end != io.EOF {
			break
		}
		long := len(line) > MaxLine
		line = strings.TrimSuffix(line, "\r")
		switch {
		case long:
			reject("line longer than 1 MiB")
		case line == "":
		case strings.HasPrefix(line, "bad"):
			reject(line[:min(20, len(line))])
		case strings.HasPrefix(line, "panic"):
			reject("decoder failed: " + line[:min(20, len(line))])
		case line[0] == '#':
			o.skipped++
		default:
			o.rows = append(o.rows, fmt.Sprint(row, " ", flow.MakeUID([]byte(line)), " ", line[:min(flow.MaxSymbolText, len(line))]))
		}
	}
	return o
}

// actual reads in with the package.
func actual(t testing.TB, in io.Reader, workers, chunk int, lend bool) (o outcome) {
	t.Helper()
	symbols := flow.NewSymbols()
	src := flow.StreamSource("-", in, &flow.Options{Workers: workers, Chunk: chunk, Symbols: symbols})
	defer src.Close()
	r, err := Open(src, func(in *flow.Interner) Decoder { return words{in} })
	if err != nil {
		o.err = err
		return o
	}
	defer r.Close()
	keep := func(rows []flow.Record) {
		for _, r := range rows {
			o.rows = append(o.rows, fmt.Sprint(r.Row, " ", r.UID, " ", symbols.Text(r.Label)))
		}
	}
	for o.err == nil {
		if lend {
			var b *flow.Batch
			if b, o.err = r.Lend(); o.err == nil {
				if len(b.Rows) == 0 {
					t.Error("an empty batch was lent")
				}
				b.Settle()
				keep(b.Rows)
				b.Free()
			}
			continue
		}
		buf := make([]flow.Record, 1+workers*3)
		var n int
		n, o.err = r.Read(buf)
		keep(buf[:n])
	}
	if src.Rows != uint64(len(o.rows)) {
		t.Errorf("%d rows were handed on, the source counts %d", len(o.rows), src.Rows)
	}
	o.bad, o.skipped, o.reasons = src.Bad, src.Skipped, src.BadRows
	return o
}

func (o outcome) compare(t testing.TB, want outcome, how string) {
	t.Helper()
	if !slices.Equal(o.rows, want.rows) {
		i := 0
		for i < len(o.rows) && i < len(want.rows) && o.rows[i] == want.rows[i] {
			i++
		}
		t.Fatalf("%s: %d rows, want %d; from %.60q, want %.60q", how, len(o.rows), len(want.rows), o.rows[i:], want.rows[i:])
	}
	if o.bad != want.bad || o.skipped != want.skipped || !slices.Equal(o.reasons, want.reasons) {
		t.Fatalf("%s: %d bad %v, %d skipped; want %d bad %v, %d skipped", how, o.bad, o.reasons, o.skipped, want.bad, want.reasons, want.skipped)
	}
	if !errors.Is(o.err, want.err) {
		t.Fatalf("%s: ends with %v, want %v", how, o.err, want.err)
	}
}

// randomText makes lines of all kinds.
func randomText(rng *rand.Rand) string {
	var b strings.Builder
	for range rng.IntN(60) {
		switch rng.IntN(12) {
		case 0: // blank
		case 1:
			b.WriteString("\r")
		case 2:
			b.WriteString("# comment")
		case 3:
			fmt.Fprint(&b, "bad ", rng.IntN(1000))
		case 4:
			fmt.Fprint(&b, "panic ", rng.IntN(1000))
		case 5:
			b.WriteString("nul \x00\x00 nul")
		case 6:
			b.WriteString(strings.Repeat("long ", rng.IntN(400)))
		default:
			fmt.Fprint(&b, "line ", rng.IntN(100))
		}
		b.WriteString([]string{"\n", "\n", "\n", "\r\n", "\r\r\n"}[rng.IntN(5)])
	}
	if rng.IntN(2) == 0 {
		b.WriteString([]string{"last", "bad last", "panic last", "# last", "\r", "last\r"}[rng.IntN(6)])
	}
	return b.String()
}

func TestHowATextIsCutUpDoesNotMatter(t *testing.T) {
	texts := 1500
	if testing.Short() {
		texts = 200
	}
	boom := errors.New("boom")
	for seed := range uint64(texts) {
		rng := rand.New(rand.NewPCG(seed, 1))
		text := randomText(rng)
		end := []error{io.EOF, io.EOF, boom}[rng.IntN(3)]
		chunk, workers := []int{1, 2, 1 + rng.IntN(50), 1 + rng.IntN(5000), 0}[rng.IntN(5)], 1+rng.IntN(4)
		in := io.Reader(strings.NewReader(text))
		if end == boom {
			in = io.MultiReader(in, iotest.ErrReader(boom))
		}
		switch rng.IntN(4) {
		case 0:
			in = iotest.OneByteReader(in)
		case 1:
			in = iotest.HalfReader(in)
		case 2:
			in = iotest.DataErrReader(in)
		}
		want := naive(text, end)
		if text == "" && end == boom {
			want = outcome{err: boom}
		}
		how := fmt.Sprintf("seed %d, %d workers, chunks of %d", seed, workers, chunk)
		actual(t, in, workers, chunk, rng.IntN(2) == 0).compare(t, want, how)
	}
}

func TestLinesUpToAMebibyteAreRead(t *testing.T) {
	for _, length := range []int{MaxLine - 1, MaxLine, MaxLine + 1, MaxLine + 2, 2 * MaxLine, 2*MaxLine + 3, 3 * MaxLine} {
		for _, frame := range [][2]string{{"", ""}, {"", "\n"}, {"", "\r\n"}, {"first\nsecond\n", "\nlast"}, {"\n", "\n\nbad\n"}} {
			for _, chunk := range []int{0, 1000, 700_001, MaxLine, 8 * MaxLine} {
				if testing.Short() && chunk != 0 {
					continue
				}
				text := frame[0] + strings.Repeat("x", length) + frame[1]
				how := fmt.Sprintf("%d bytes between %q and %q, chunks of %d", length, frame[0], frame[1], chunk)
				actual(t, strings.NewReader(text), 1, chunk, true).compare(t, naive(text, io.EOF), how)
				// A reader may tell the end beside the last bytes.
				actual(t, iotest.DataErrReader(strings.NewReader(text)), 1, chunk, true).compare(t, naive(text, io.EOF), how)
			}
		}
	}
}

func TestEveryLineMayMakeTheDecoderPanic(t *testing.T) {
	text := strings.Repeat("panic\n\n#\nbad\n", 5000) + "good\npanic"
	for _, chunk := range []int{10, 1000, 0} {
		actual(t, strings.NewReader(text), 2, chunk, false).compare(t, naive(text, io.EOF), fmt.Sprint("chunks of ", chunk))
	}
}

// settle waits until no more than n goroutines are left.
func settle(t *testing.T, n int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), n, buf[:runtime.Stack(buf, true)])
}

func TestCloseLeavesNoGoroutineBehind(t *testing.T) {
	text := []byte(strings.Repeat("line\n", 100_000))
	before := runtime.NumGoroutine()
	for _, take := range []int{0, 1, 5, 1 << 30} {
		for _, release := range []bool{true, false} {
			src := flow.BytesSource("-", text, &flow.Options{Workers: 3, Chunk: 1000, Symbols: flow.NewSymbols()})
			r, err := Open(src, func(in *flow.Interner) Decoder { return words{in} })
			if err != nil {
				t.Fatal(err)
			}
			for range take {
				b, err := r.Lend()
				if err != nil {
					break
				}
				if !release {
					defer b.Free() // valid, and may be given back, also after Close
					break
				}
				b.Free()
			}
			if err := errors.Join(r.Close(), r.Close(), src.Close()); err != nil {
				t.Error(err)
			}
			if take == 0 {
				if _, err := r.Lend(); err == nil {
					t.Error("a closed reader lends")
				}
			}
		}
	}
	settle(t, before)
}

func TestCloseDoesNotWaitForAPipe(t *testing.T) {
	before := runtime.NumGoroutine()
	pr, pw := io.Pipe()
	go pw.Write([]byte(strings.Repeat("line\n", 20_000))) // and then nothing, for ever
	src := flow.StreamSource("-", pr, &flow.Options{Workers: 1, Chunk: 100, Symbols: flow.NewSymbols()})
	r, err := Open(src, func(in *flow.Interner) Decoder { return words{in} })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Lend(); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { r.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Fatal("Close hangs")
	}
	pw.Close()
	settle(t, before)
}

func TestABatchTellsHowFarTheInputWasRead(t *testing.T) {
	text := []byte(strings.Repeat("line\n", 50_000))
	src := flow.BytesSource("-", text, &flow.Options{Workers: 2, Chunk: 5000, Symbols: flow.NewSymbols()})
	r, err := Open(src, func(in *flow.Interner) Decoder { return words{in} })
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	last, rows := int64(0), uint64(0)
	for {
		b, err := r.Lend()
		if err == io.EOF {
			break
		}
		if b.Bytes < last || b.Base != rows {
			t.Fatalf("at byte %d after %d, base %d after %d rows", b.Bytes, last, b.Base, rows)
		}
		last = b.Bytes
		rows += uint64(len(b.Rows))
		b.Free()
	}
	if last != int64(len(text)) {
		t.Errorf("the last batch is at byte %d of %d", last, len(text))
	}
}

func FuzzLines(f *testing.F) {
	f.Add("a\nb\r\n\n#\nbad\npanic\nlast", uint16(3))
	f.Add("\xef\xbb\xbf\r\r\n\x00", uint16(0))
	f.Fuzz(func(t *testing.T, text string, chunk uint16) {
		want := naive(text, io.EOF)
		for _, workers := range []int{1, 3} {
			actual(t, strings.NewReader(text), workers, int(chunk), workers == 1).compare(t, want, "")
		}
	})
}
