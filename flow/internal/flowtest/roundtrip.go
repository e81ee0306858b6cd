package flowtest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"seine/flow"
)

// Table resolves the numbers in the records of a test.
type Table struct {
	*flow.Symbols
	Files []string
}

// File implements flow.Names.
func (t Table) File(n uint32) string {
	if int(n) < len(t.Files) {
		return t.Files[n]
	}
	return ""
}

// texts are those that are easily read as something else.
var texts = []string{
	"http", "S0", "-", "null", "NaN", "(empty)", "0", "1.0", "a,b", `say "hi"`, `"`, `""`, " padded ", "'", "=1+1",
	"tab\there", `back\slash`, "{}", "[1]", "#fields", "é", "日本", "<script>", "\u2028", "CsGfgy3vC4ydhUKz7",
	"1:LQU9qZlK+B5F3KDmev6m5PMibrg=", ",", "\x7f", "\x01",
}

// Records draws records of which each field that Has does not name is zero.
func Records(symbols *flow.Symbols) *rapid.Generator[[]flow.Record] {
	text := rapid.OneOf(rapid.SampledFrom(texts), rapid.StringMatching(`[ -~äß€]{1,30}`))
	symbol := rapid.Custom(func(t *rapid.T) flow.Symbol { return symbols.Add([]byte(text.Draw(t, "text"))) })
	counter := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 100_000), rapid.Just(uint64(1<<64-1)))
	addr := rapid.Custom(func(t *rapid.T) flow.Addr {
		switch rapid.IntRange(0, 4).Draw(t, "kind of address") {
		case 0, 1:
			return flow.AddrFrom4(rapid.Uint32().Draw(t, "address"))
		case 2:
			name := rapid.StringMatching(`[a-zA-Z][a-zA-Z0-9_-]{0,20}`).Draw(t, "name")
			a, _ := flow.NameAddr([]byte(name))
			return a
		}
		b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address")
		if rapid.IntRange(0, 3).Draw(t, "spelled as IPv4-mapped") == 0 {
			copy(b, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff")
		}
		a, err := flow.AddrFrom16([16]byte(b))
		if err != nil {
			return flow.AddrFrom4(1)
		}
		return a
	})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) flow.Record {
		r := flow.Record{
			Proto:  flow.ProtoUnknown,
			Start:  flow.Time(rapid.OneOf(rapid.Int64Range(-9e18, 9e18), rapid.Int64Range(1e18, 2e18)).Draw(t, "start")),
			Src:    addr.Draw(t, "src"),
			Dst:    addr.Draw(t, "dst"),
			Row:    rapid.Uint64Range(1, 1<<40).Draw(t, "row"),
			File:   rapid.Uint32Range(0, 2).Draw(t, "file"),
			Pieces: rapid.Uint8().Draw(t, "pieces"),
			Orient: flow.Orient(rapid.Uint8Range(0, uint8(flow.OrientGuess)).Draw(t, "orient")),
		}
		if rapid.Bool().Draw(t, "whole seconds") {
			r.Start = r.Start / flow.Second * flow.Second
		}
		r.Has = flow.Fields(rapid.Uint32().Draw(t, "has"))&(flow.HasUID<<1-1) | flow.HasStart | flow.HasAddrs
		number := func(bit flow.Fields, set func()) {
			if r.Has&bit != 0 {
				set()
			}
		}
		number(flow.HasProto, func() { r.Proto = flow.Proto(rapid.Uint8().Draw(t, "protocol")) })
		number(flow.HasDuration, func() { r.Duration = flow.Time(rapid.Int64Range(0, 1<<62).Draw(t, "duration")) })
		number(flow.HasSrcPort, func() { r.SrcPort = rapid.Uint16().Draw(t, "src port") })
		number(flow.HasDstPort, func() { r.DstPort = rapid.Uint16().Draw(t, "dst port") })
		number(flow.HasSrcBytes, func() { r.SrcBytes = counter.Draw(t, "src bytes") })
		number(flow.HasDstBytes, func() { r.DstBytes = counter.Draw(t, "dst bytes") })
		number(flow.HasSrcPkts, func() { r.SrcPkts = counter.Draw(t, "src packets") })
		number(flow.HasDstPkts, func() { r.DstPkts = counter.Draw(t, "dst packets") })
		number(flow.HasState, func() {
			r.State = flow.State(rapid.Uint8Range(0, uint8(flow.StateDenied)).Draw(t, "state"))
			if rapid.Bool().Draw(t, "with a raw state") {
				r.RawState = symbol.Draw(t, "raw state")
			}
		})
		number(flow.HasFlags, func() {
			r.SrcFlags = flow.TCPFlags(rapid.Uint8().Draw(t, "src flags"))
			r.DstFlags = flow.TCPFlags(rapid.Uint8().Draw(t, "dst flags"))
		})
		number(flow.HasICMP, func() { r.ICMPType, r.ICMPCode = rapid.Uint8().Draw(t, "type"), rapid.Uint8().Draw(t, "code") })
		number(flow.HasService, func() { r.Service = symbol.Draw(t, "service") })
		number(flow.HasLabel, func() { r.Label = symbol.Draw(t, "label") })
		number(flow.HasUID, func() { r.UID = flow.MakeUID([]byte(text.Draw(t, "uid"))) })
		return r
	}), 1, 8)
}

// Write writes rows with f and gives what it wrote.
func Write(f *flow.Format, names flow.Names, rows []flow.Record) ([]byte, error) {
	var out bytes.Buffer
	w, err := f.Create(&out, names)
	if err != nil {
		return nil, err
	}
	if err := w.Write(rows); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// RoundTrip checks that what f wrote reads back as the same records, but for
// their place. lacks are fields that the layout has no room for.
func RoundTrip(t *testing.T, f *flow.Format, lacks flow.Fields) {
	symbols := flow.NewSymbols()
	names := Table{symbols, []string{"flows.csv", `with "quotes", and commas`, ""}}
	records := Records(symbols)
	rapid.Check(t, func(t *rapid.T) {
		rows := records.Draw(t, "rows")
		for i := range rows {
			rows[i].Has &^= lacks
		}
		var out bytes.Buffer
		w, err := f.Create(&out, names)
		if err != nil {
			t.Fatal(err)
		}
		half := len(rows) / 2 // in two calls, as in a run
		for _, part := range [][]flow.Record{rows[:half], rows[half:]} {
			if err := w.Write(part); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		src := flow.BytesSource("written", out.Bytes(), &flow.Options{Symbols: symbols})
		defer src.Close()
		head, err := src.Head()
		if err != nil {
			t.Fatal(err)
		}
		if score, why := f.Match(head); score == 0 {
			t.Fatalf("%s\nis not matched: %s", out.Bytes(), why)
		}
		r, err := f.Open(src)
		if err != nil {
			t.Fatalf("%s\nis refused: %v", out.Bytes(), err)
		}
		got, err := flow.ReadAll(r)
		if err != nil || src.Bad > 0 || src.Skipped > 1 { // the header, where there is one
			t.Fatalf("%s\nhas bad rows %v, skipped %d, error %v", out.Bytes(), src.BadRows, src.Skipped, err)
		}
		if len(got) != len(rows) {
			t.Fatalf("%s\nreads as %d rows, not %d", out.Bytes(), len(got), len(rows))
		}
		for i := range rows {
			want := rows[i]
			want.Row, want.File = got[i].Row, got[i].File
			if got[i] != want {
				t.Fatalf("%s\nrow %d reads as\n%s%+v\nwant\n%s%+v", out.Bytes(), i+1,
					Row(&got[i], symbols), got[i], Row(&want, symbols), want)
			}
		}
	})
}

// Dummy is a record with every field, for tests of what a writer writes.
func Dummy(symbols *flow.Symbols) flow.Record {
	dst, _ := flow.ParseAddr([]byte("2001:db8::1"))
	return flow.Record{
		Start: 1773133200*flow.Second + 250_000_000, Duration: 3*flow.Second/2 + 1,
		Src: flow.AddrFrom4(0xc0000201), Dst: dst, SrcPort: 40001, DstPort: 443, Proto: flow.TCP,
		State: flow.StateClosed, RawState: symbols.Add([]byte("SF")), SrcFlags: flow.SYN | flow.ACK,
		ICMPType: 8, ICMPCode: 0, Pieces: 3, Orient: flow.OrientSYN,
		SrcBytes: 900, DstBytes: 0, SrcPkts: 7, DstPkts: 1<<64 - 1,
		Service: symbols.Add([]byte(`a,"b"`)), Label: symbols.Add([]byte("two\nlines")), UID: flow.MakeUID([]byte("C1")),
		Row: 812, File: 0, Has: flow.HasUID<<1 - 1,
	}
}

// Lines writes rows with f and shows what it wrote, for golden texts.
func Lines(f *flow.Format, names flow.Names, rows ...flow.Record) string {
	out, err := Write(f, names, rows)
	if err != nil {
		return fmt.Sprint("error: ", err)
	}
	return strings.TrimSuffix(string(out), "\n")
}
