package zeek

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"seine/flow"
	"seine/flow/internal/flowtest"
	"seine/flow/internal/parse"
)

func TestALogIsWritten(t *testing.T) {
	symbols := flow.NewSymbols()
	sym := func(s string) flow.Symbol { return symbols.Add([]byte(s)) }
	full := flowtest.Dummy(symbols)
	full.Label = sym("a\tb\\ \xff-é")
	full.DstFlags = flow.SYN | flow.ACK | flow.PSH | flow.FIN
	a, b := flow.AddrFrom4(0xc0000201), flow.AddrFrom4(0xc0000202)
	const least = flow.HasStart | flow.HasAddrs
	rows := []flow.Record{
		full,
		{Start: -1, Src: a, Dst: b, Proto: flow.ProtoUnknown, Has: least},
		{Start: 1e9, Src: a, Dst: b, Proto: flow.ICMP, ICMPType: 8, Has: least | flow.HasProto | flow.HasICMP},
		{Start: 1e9, Src: a, Dst: b, Proto: flow.ICMP, ICMPType: 13, Has: least | flow.HasProto | flow.HasICMP},
		{Start: 1e9, Src: a, Dst: b, Proto: flow.ICMP, ICMPType: 3, ICMPCode: 3, Has: least | flow.HasProto | flow.HasICMP},
		{Start: 1e9, Src: a, Dst: b, Proto: 89, Has: least | flow.HasProto},
		{Start: 1e9, Duration: 2500, Src: a, Dst: b, SrcPort: 53, DstPort: 40000, Proto: flow.UDP, Orient: flow.OrientGuess, SrcPkts: 1, DstPkts: 0,
			State: flow.StateDenied, RawState: sym("REJECT"), Service: sym("-"),
			Has: least | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort | flow.HasPkts | flow.HasState | flow.HasService},
	}
	const want = `#separator \x09
#set_separator	,
#empty_field	(empty)
#unset_field	-
#path	conn
#open	2026-03-10-09-00-00
#fields	ts	uid	id.orig_h	id.orig_p	id.resp_h	id.resp_p	proto	service	duration	orig_bytes	resp_bytes	conn_state	local_orig	local_resp	missed_bytes	history	orig_pkts	orig_ip_bytes	resp_pkts	resp_ip_bytes	tunnel_parents	ip_proto	label
#types	time	string	addr	port	addr	port	enum	string	interval	count	count	string	bool	bool	count	string	count	count	count	count	set[string]	count	string
1773133200.250000	C1	192.0.2.1	40001	2001:db8::1	443	tcp	a,"b"	1.500000001	-	-	SF	-	-	-	ShAdf	7	900	18446744073709551615	0	-	6	a\x09b\x5c \xff-é
-0.000000001	-	192.0.2.1	-	192.0.2.2	-	-	-	-	-	-	-	-	-	-	-	-	-	-	-	-	-	-
1.000000	-	192.0.2.1	8	192.0.2.2	0	icmp	-	-	-	-	-	-	-	-	-	-	-	-	-	-	1	-
1.000000	-	192.0.2.1	13	192.0.2.2	14	icmp	-	-	-	-	-	-	-	-	-	-	-	-	-	-	1	-
1.000000	-	192.0.2.1	3	192.0.2.2	3	icmp	-	-	-	-	-	-	-	-	-	-	-	-	-	-	1	-
1.000000	-	192.0.2.1	-	192.0.2.2	-	unknown_transport	-	-	-	-	-	-	-	-	-	-	-	-	-	-	89	-
1.000000	-	192.0.2.1	53	192.0.2.2	40000	udp	\x2d	0.000002500	-	-	S0	-	-	-	^D	1	-	0	-	-	17	-
#close	2026-03-10-09-00-01`
	if got := flowtest.Lines(TSV(), flowtest.Table{Symbols: symbols}, rows...); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestALogOfNothingIsALog(t *testing.T) {
	data, err := flowtest.Write(TSV(), flowtest.Table{Symbols: flow.NewSymbols()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, why := TSV().Match(data); n == 0 {
		t.Error(why)
	}
	if got := outcome(t, TSV(), string(data), flow.Options{Workers: 1}); got != "skipped 7\n" {
		t.Error(got)
	}
}

// told is what of a record a log of Zeek has room for.
func told(r flow.Record) flow.Record {
	const seen = flow.FIN | flow.SYN | flow.RST | flow.ACK
	drop := func(bits flow.Fields) { r.Has &^= bits }
	r.Pieces = 0
	if r.Has&flow.HasService != 0 && r.Service == 0 {
		drop(flow.HasService)
	}
	if r.Has&flow.HasUID != 0 && r.UID == (flow.UID{}) {
		drop(flow.HasUID)
	}
	if r.Has&flow.HasLabel != 0 && r.Label == 0 {
		drop(flow.HasLabel)
	}
	icmp := r.Has&flow.HasProto != 0 && (r.Proto == flow.ICMP || r.Proto == flow.ICMPv6)
	switch ported := r.Has&flow.HasProto == 0 || r.Proto == flow.TCP || r.Proto == flow.UDP || r.Proto == flow.SCTP; {
	case icmp:
		drop(flow.HasSrcPort | flow.HasDstPort)
		r.SrcPort, r.DstPort = 0, 0
		if r.Has&flow.HasICMP != 0 && answers(r.Proto, r.ICMPType) == r.ICMPCode {
			r.ICMPCode = 0
		}
	case !ported && r.SrcPort == 0 && r.DstPort == 0, r.Has&flow.HasProto == 0 && r.SrcPort == 0 && r.DstPort == 0:
		drop(flow.HasSrcPort | flow.HasDstPort)
	}
	if !icmp {
		drop(flow.HasICMP)
		r.ICMPType, r.ICMPCode = 0, 0
	}
	if r.SrcFlags&flow.PSH != 0 && r.SrcFlags&flow.ACK == 0 {
		r.SrcFlags &^= flow.PSH
	}
	r.SrcFlags, r.DstFlags = r.SrcFlags&seen, r.DstFlags&seen
	if r.Proto != flow.TCP || r.Has&flow.HasProto == 0 {
		r.SrcFlags, r.DstFlags = 0, 0
	}
	if r.SrcFlags|r.DstFlags == 0 {
		drop(flow.HasFlags)
	}
	return r
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	symbols := flow.NewSymbols()
	var states []flow.Symbol
	for _, s := range connStates {
		states = append(states, symbols.Add([]byte(s)))
	}
	names := flowtest.Table{Symbols: symbols}
	records := flowtest.Records(symbols)
	rapid.Check(t, func(t *rapid.T) {
		rows := records.Draw(t, "rows")
		for i := range rows {
			r := &rows[i]
			for _, a := range []*flow.Addr{&r.Src, &r.Dst} {
				if a.IsName() { // a log has addresses only
					*a = flow.AddrFrom4(1)
				}
			}
			if rapid.Bool().Draw(t, "of Zeek") && r.Has&flow.HasState != 0 {
				r.RawState = rapid.SampledFrom(states).Draw(t, "conn_state")
				r.State = parse.State([]byte(symbols.Text(r.RawState)))
			}
		}
		data, err := flowtest.Write(TSV(), names, rows)
		if err != nil {
			t.Fatal(err)
		}
		src := flow.BytesSource("conn.log", data, &flow.Options{Workers: 1, Symbols: symbols})
		r, err := openTSV(src)
		if err != nil {
			t.Fatal(err)
		}
		got, err := flow.ReadAll(r)
		if err != nil || src.Bad > 0 || len(got) != len(rows) {
			t.Fatalf("%s\nreads as %d rows, bad %v, %v", data, len(got), src.BadRows, err)
		}
		for i := range rows {
			want, g := told(rows[i]), got[i]
			want.Row, want.File = g.Row, g.File
			// How sure the direction is survives as far as ^ goes.
			if turnedRound(&rows[i]) != (g.Orient != flow.OrientSource) {
				t.Fatalf("%v reads as %v", rows[i].Orient, g.Orient)
			}
			want.Orient = g.Orient
			if want.Has&flow.HasState != 0 {
				switch want.State {
				case flow.StateDenied:
					want.State = flow.StateAttempt
				case flow.StateUnknown:
					want.Has &^= flow.HasState
				}
				raw := symbols.Text(g.RawState)
				if parse.State([]byte(symbols.Text(want.RawState))) == want.State && raw != symbols.Text(want.RawState) && isZeeks(symbols.Text(want.RawState)) {
					t.Fatalf("conn_state %s reads as %s", symbols.Text(want.RawState), raw)
				}
			}
			want.RawState = g.RawState
			if g != want {
				t.Fatalf("%s\nrow %d reads as\n%s%+v\nwant\n%s%+v", data, i+1,
					flowtest.Row(&g, symbols), g, flowtest.Row(&want, symbols), want)
			}
		}
	})
}

func isZeeks(state string) bool {
	for _, s := range connStates {
		if s == state {
			return true
		}
	}
	return false
}

// What was read from a log is written again as it stood, as far as the
// columns go.
func TestALogIsWrittenAgain(t *testing.T) {
	symbols := flow.NewSymbols()
	read := func(text string) []flow.Record {
		r, err := openTSV(flow.BytesSource("conn.log", []byte(text), &flow.Options{Workers: 1, Symbols: symbols}))
		if err != nil {
			t.Fatal(err)
		}
		rs, err := flow.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return rs
	}
	text, lines := tsvHeader, 0
	for _, state := range connStates {
		for _, history := range []string{"ShADadFf", "^hadr", "^hr", "S", "Sr", "^DdFf", "-"} {
			text += strings.NewReplacer("\tSF\t", "\t"+state+"\t", "\tShADadFf\t", "\t"+history+"\t").Replace(row1)
			lines++
		}
	}
	rows := read(text)
	if len(rows) != lines {
		t.Fatal(len(rows))
	}
	again := read(flowtest.Lines(TSV(), flowtest.Table{Symbols: symbols}, rows...) + "\n")
	for i := range rows {
		if rows[i].Row = again[i].Row; again[i] != rows[i] {
			t.Errorf("got %s want %s", flowtest.Row(&again[i], symbols), flowtest.Row(&rows[i], symbols))
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestAFullDiskIsAnError(t *testing.T) {
	w, err := create(full{}, flowtest.Table{Symbols: flow.NewSymbols()})
	if err != nil {
		t.Fatal(err)
	}
	for range 10_000 {
		if err = w.Write(make([]flow.Record, 10)); err != nil {
			break
		}
	}
	if !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
	w, _ = create(full{}, flowtest.Table{Symbols: flow.NewSymbols()})
	if err := w.Close(); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}

func BenchmarkWrite(b *testing.B) {
	symbols := flow.NewSymbols()
	rng := rand.New(rand.NewPCG(1, 2))
	rs := make([]flow.Record, 10_000)
	for i := range rs {
		rs[i] = flowtest.Dummy(symbols)
		rs[i].Src, rs[i].SrcPort = flow.AddrFrom4(rng.Uint32()), uint16(rng.Uint32())
	}
	w, err := create(io.Discard, flowtest.Table{Symbols: symbols})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(rs); err != nil {
			b.Fatal(err)
		}
	}
	one, _ := flowtest.Write(TSV(), flowtest.Table{Symbols: symbols}, rs)
	b.SetBytes(int64(len(one)))
}
