package zeek

import (
	"fmt"
	"strings"
	"testing"

	"seine/flow"
)

// outcome reads text and tells all there is to tell, a line each: the rows in
// a short notation where ? is absent, bad rows, what was skipped, the notes.
func outcome(t *testing.T, f *flow.Format, text string, opt flow.Options) string {
	t.Helper()
	opt.Symbols = flow.NewSymbols()
	src := flow.BytesSource("conn.log", []byte(text), &opt)
	r, err := f.Open(src)
	if err != nil {
		return "error: " + err.Error()
	}
	rs, err := flow.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i := range rs {
		b.WriteString(notation(&rs[i], opt.Symbols) + "\n")
		if missing := rs[i].Has &^ src.Fields; missing != 0 {
			t.Errorf("row %d has %v, which the source does not tell of", rs[i].Row, missing.Names())
		}
	}
	for _, bad := range src.BadRows {
		fmt.Fprintf(&b, "bad %d: %s\n", bad.Row, bad.Reason)
	}
	if src.Skipped > 0 {
		fmt.Fprintf(&b, "skipped %d\n", src.Skipped)
	}
	for _, n := range src.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	if uint64(len(rs)) != src.Rows {
		t.Errorf("%d rows, counted %d", len(rs), src.Rows)
	}
	return b.String()
}

func notation(r *flow.Record, symbols *flow.Symbols) string {
	or := func(bit flow.Fields, v any) string {
		if r.Has&bit == 0 {
			return "?"
		}
		return fmt.Sprint(v)
	}
	s := fmt.Sprintf("%d %v %s", r.Row, r.Start, or(flow.HasProto, r.Proto))
	s += fmt.Sprintf(" %v:%s>%v:%s", r.Src, or(flow.HasSrcPort, r.SrcPort), r.Dst, or(flow.HasDstPort, r.DstPort))
	if r.Has&flow.HasICMP != 0 {
		s += fmt.Sprintf(" icmp %d/%d", r.ICMPType, r.ICMPCode)
	}
	s += fmt.Sprintf(" dur %s bytes %s/%s pkts %s/%s", or(flow.HasDuration, int64(r.Duration)),
		or(flow.HasSrcBytes, r.SrcBytes), or(flow.HasDstBytes, r.DstBytes), or(flow.HasSrcPkts, r.SrcPkts), or(flow.HasDstPkts, r.DstPkts))
	s += fmt.Sprintf(" %s=%v flags %s", or(flow.HasState, symbols.Text(r.RawState)), r.State, or(flow.HasFlags, r.SrcFlags.String()+"/"+r.DstFlags.String()))
	s += fmt.Sprintf(" %s %s", or(flow.HasService, symbols.Text(r.Service)), or(flow.HasUID, r.UID))
	if r.Has&flow.HasLabel != 0 {
		s += " label " + symbols.Text(r.Label)
	}
	if r.Orient != flow.OrientSource {
		s += " by " + r.Orient.String()
	}
	return s
}

// check reads text in pieces of several sizes and with several cores, and
// wants the same each time.
func check(t *testing.T, f *flow.Format, text, want string, mapping map[string]string) {
	t.Helper()
	for _, opt := range []flow.Options{{Workers: 1}, {Workers: 3, Chunk: 1}, {Workers: 2, Chunk: 100}, {Workers: 2, Chunk: 333}} {
		opt.Map = mapping
		if got := outcome(t, f, text, opt); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Fatalf("workers %d, chunk %d: got\n%s\nwant\n%s", opt.Workers, opt.Chunk, got, want)
		}
	}
}
