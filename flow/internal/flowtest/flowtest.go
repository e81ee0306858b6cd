// Package flowtest is what the tests of the input formats share: golden files,
// and the laws that every reader keeps whatever its input.
package flowtest

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seine/flow"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Golden reads every testdata/*.txt with f and compares what comes of it with
// the .golden file beside it.
func Golden(t *testing.T, f *flow.Format) {
	inputs, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(inputs) == 0 {
		t.Fatal("no inputs", err)
	}
	for _, name := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := Dump(f, data, &flow.Options{})
			golden := strings.TrimSuffix(name, ".txt") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s reads as\n%s\nwant\n%s", name, got, want)
			}
			// Chunks of any size give the same.
			for _, chunk := range []int{1, 100, 1000} {
				if again := Dump(f, data, &flow.Options{Workers: 2, Chunk: chunk}); again != got {
					t.Errorf("%s in chunks of %d reads as\n%s", name, chunk, again)
				}
			}
			// So do the byte order mark and the line ends of Windows.
			if again := Dump(f, windows(data), &flow.Options{}); again != got {
				t.Errorf("%s with a byte order mark and CRLF reads as\n%s\nwant\n%s", name, again, got)
			}
		})
	}
}

// windows is text as a spreadsheet of Windows saves it.
func windows(text []byte) []byte {
	text = bytes.ReplaceAll(bytes.TrimPrefix(text, bom), []byte("\r\n"), []byte("\n"))
	return append(bom[:len(bom):len(bom)], bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))...)
}

var bom = []byte("\ufeff")

// Dump reads data and writes what it found as text.
func Dump(f *flow.Format, data []byte, opt *flow.Options) string {
	var b strings.Builder
	opt.Symbols = flow.NewSymbols()
	src := flow.BytesSource("input", data, opt)
	defer src.Close()
	head, err := src.Head()
	if err != nil {
		return err.Error()
	}
	score, why := f.Match(head)
	fmt.Fprintf(&b, "match %d %s\n", score, why)
	r, err := f.Open(src)
	if err != nil {
		fmt.Fprintf(&b, "refused: %v\n", err)
		return b.String()
	}
	rows, err := flow.ReadAll(r)
	fmt.Fprintf(&b, "fields %s\n", strings.Join(src.Fields.Names(), " "))
	for _, m := range src.Mapping {
		fmt.Fprintf(&b, "  %s\n", m)
	}
	for _, n := range src.Notes {
		fmt.Fprintf(&b, "note %s\n", n)
	}
	for i := range rows {
		b.WriteString(Row(&rows[i], opt.Symbols))
		if extra := rows[i].Has &^ (src.Fields | flow.HasService); extra != 0 {
			fmt.Fprintf(&b, "  ! fields that the source does not have: %v\n", extra.Names())
		}
	}
	fmt.Fprintf(&b, "%d rows, %d bad, %d skipped\n", src.Rows, src.Bad, src.Skipped)
	for _, bad := range src.BadRows {
		fmt.Fprintf(&b, "  bad %d: %s\n", bad.Row, bad.Reason)
	}
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
	}
	return b.String()
}

// Row writes a record as a line: what is absent is "-".
func Row(r *flow.Record, symbols *flow.Symbols) string {
	opt := func(bit flow.Fields, v any) string {
		if r.Has&bit == 0 {
			return "-"
		}
		return fmt.Sprint(v)
	}
	line := fmt.Sprintf("%d %v +%s %v %v:%s > %v:%s bytes %s/%s pkts %s/%s", r.Row, r.Start,
		opt(flow.HasDuration, r.Duration.UTC().Sub(flow.Time(0).UTC())), opt(flow.HasProto, r.Proto),
		r.Src, opt(flow.HasSrcPort, r.SrcPort), r.Dst, opt(flow.HasDstPort, r.DstPort),
		opt(flow.HasSrcBytes, r.SrcBytes), opt(flow.HasDstBytes, r.DstBytes),
		opt(flow.HasSrcPkts, r.SrcPkts), opt(flow.HasDstPkts, r.DstPkts))
	add := func(bit flow.Fields, format string, a ...any) {
		if r.Has&bit != 0 {
			line += " " + fmt.Sprintf(format, a...)
		}
	}
	add(flow.HasState, "%v(%s)", r.State, symbols.Text(r.RawState))
	add(flow.HasFlags, "flags %v_%v", r.SrcFlags, r.DstFlags)
	add(flow.HasICMP, "icmp %d/%d", r.ICMPType, r.ICMPCode)
	add(flow.HasService, "service %q", symbols.Text(r.Service))
	add(flow.HasLabel, "label %q", symbols.Text(r.Label))
	add(flow.HasUID, "uid %v", r.UID)
	return line + "\n"
}

// Fuzz throws data at f: no input makes it panic, lose count of a line, or
// give a row fields that its source does not have. (A protocol without a
// number becomes the service of its row; few rows have one.)
func Fuzz(f *testing.F, format *flow.Format) {
	inputs, _ := filepath.Glob("testdata/*.txt")
	for _, name := range inputs {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		src := flow.BytesSource("fuzz", data, &flow.Options{Symbols: flow.NewSymbols()})
		defer src.Close()
		head, err := src.Head()
		if err != nil {
			return
		}
		if score, why := format.Match(head); score == 0 && why == "" || score < 0 || score > 100 {
			t.Fatalf("score %d without a reason", score)
		}
		r, err := format.Open(src)
		if err != nil {
			return
		}
		rows, err := flow.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		lines := uint64(bytes.Count(data, []byte("\n")) + 1)
		if n := uint64(len(rows)) + src.Bad + src.Skipped; n > lines || src.Rows != uint64(len(rows)) {
			t.Fatalf("%d rows, %d bad and %d skipped of %d lines", len(rows), src.Bad, src.Skipped, lines)
		}
		for _, bad := range src.BadRows {
			if strings.Contains(bad.Reason, "decoder failed") {
				t.Fatalf("row %d: %s", bad.Row, bad.Reason)
			}
		}
		if !slices.IsSortedFunc(rows, func(a, b flow.Record) int { return int(int64(a.Row) - int64(b.Row)) }) {
			t.Fatal("rows out of order")
		}
		for i := range rows {
			r := &rows[i]
			if r.Has&(flow.HasStart|flow.HasAddrs) != flow.HasStart|flow.HasAddrs || r.Duration < 0 {
				t.Fatalf("incomplete: %+v", r)
			}
			if extra := r.Has &^ (src.Fields | flow.HasProto | flow.HasService); extra != 0 {
				t.Fatalf("row %d has %v, the source does not", r.Row, extra.Names())
			}
			if extra := src.Fields &^ format.Fields; extra != 0 {
				t.Fatalf("the source has %v, the format does not", extra.Names())
			}
		}
	})
}

// Bench reads header and n rows, made by row, over and over.
func Bench(b *testing.B, f *flow.Format, header string, row func(b []byte, i int) []byte) {
	const rows = 200_000
	data := []byte(header)
	for i := range rows {
		data = row(data, i)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("bench", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		r, err := f.Open(src)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			batch, err := r.(flow.Lender).Lend()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			n += len(batch.Rows)
			batch.Free()
		}
		if n != rows || src.Bad != 0 {
			b.Fatal(n, src.Bad, src.BadRows)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

// Allocations checks that twice as many rows, made by row, take no more
// allocations.
func Allocations(t *testing.T, f *flow.Format, header string, row func(b []byte, i int) []byte) {
	count := func(rows int) float64 {
		data := []byte(header)
		for i := range rows {
			data = row(data, i)
		}
		return testing.AllocsPerRun(3, func() {
			src := flow.BytesSource("rows", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
			r, err := f.Open(src)
			if err != nil {
				t.Fatal(err)
			}
			for {
				batch, err := r.(flow.Lender).Lend()
				if err != nil {
					break
				}
				batch.Free()
			}
			if src.Rows != uint64(rows) {
				t.Fatal(src.Rows, src.BadRows)
			}
		})
	}
	if few, many := count(20_000), count(40_000); many > few+200 {
		t.Errorf("%.0f allocations for 20,000 rows, %.0f for 40,000", few, many)
	}
}
