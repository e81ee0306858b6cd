package csv

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// A pair decodes lines of the nine columns both ways, with interners of their
// own in front of one table.
type pair struct {
	symbols     *flow.Symbols
	in          [2]*flow.Interner
	fast        *nine
	general     *general
	accepted, n int
}

func newPair(t testing.TB) *pair {
	t.Helper()
	m, err := columns.Map(nineColumns, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &layout{sep: ',', mapping: m, nine: true, unit: parse.Seconds}
	p := &pair{symbols: flow.NewSymbols()}
	for i := range p.in {
		p.in[i] = flow.NewInterner(p.symbols)
	}
	g := newGeneral(l, p.in[0], nil)
	p.fast = &nine{general: g, clock: g.fill.Clock}
	p.general = newGeneral(l, p.in[1], nil)
	return p
}

// compare decodes line, behind which stands more text, both ways.
func (p *pair) compare(t testing.TB, line, behind string) {
	t.Helper()
	buf := append([]byte(line+"\n"+behind), make([]byte, lines.Pad)...)
	text := buf[:len(line):len(buf)]
	var a, b flow.Record
	a.SrcPkts, a.Duration, a.Service, a.UID, a.ICMPType = 7, 7, 7, flow.MakeUID([]byte("stale")), 7
	p.n++
	if !p.fast.fast(text, &a) {
		return
	}
	p.accepted++
	if err := p.general.Decode(text, &b); err != nil {
		t.Fatalf("%q: the fast way reads %+v, the general one says: %v", line, a, err)
	}
	rows := []flow.Record{a, b}
	p.in[0].Resolve(rows[:1])
	p.in[1].Resolve(rows[1:])
	if rows[0] != rows[1] {
		t.Fatalf("%q:\nthe fast way reads    %+v, state %q\nthe general one reads %+v, state %q",
			line, rows[0], p.symbols.Text(rows[0].RawState), rows[1], p.symbols.Text(rows[1].RawState))
	}
}

// spellings are values of each of the nine columns, usual and unusual.
var spellings = [9][]string{
	{"2017-01-27 16:24:49", "2017-01-27 16:24:50", "2017-01-27T16:24:49", "2017-01-27T16:24:49Z", "2017/01/27 16:24:49", "2017-01-27 16:24:49.5",
		"1969-12-31 23:59:59", "1485534289", "1485534289.12345678", "2017-02-30 00:00:00", "2017-01-27 16:24:61", " 2017-01-27 16:24:4", ""},
	{"tcp", "udp", "TCP", "icmp", "6", "017", "ipv6-icmp", "sctp", "tcp ", " udp", "", "-", "what", "\"tcp\"", "tcp\x00"},
	{"established", "new", "closed", "reset", "connecting", "closing", "RSTO", "", "-", " new", "new ", "new\x00", "new\x00\x00", "\x00", "\"new\"",
		"\"closed", "averyverylongstate", "fifteen_bytes_x", "sixteen_bytes_xx", "12345678", "1234567", "\tnew", "n\"ew", "é"},
	{"10.0.0.1", "255.255.255.255", "0.0.0.0", "192.168.100.200", "2001:db8::1", "::1", "fe80::1", "::ffff:10.0.0.1", "ff00::ffff:10.0.0.1",
		"ff02::fb", "10.0.0.256", "10.0.0.01", "10.0.0", "", " 10.0.0.1", "\"10.0.0.1\"", "2001:0DB8:0000:0000:0000:0000:0000:0001", "fe80::1%a", "host"},
	{"0", "1", "443", "65535", "65536", "0080", "1234567", "99999999", "", "-", "0x50", "80.0", " 80", "8 ", "\"80\"", "-1", "+1"},
	nil, nil,
	{"0", "900", "1234567", "12345678", "00000001", "18446744073709551615", "18446744073709551616", "", "-", "1.5", " 7", "7 ", "\"7\"", "1\x00"},
	nil,
}

func init() { spellings[5], spellings[6], spellings[8] = spellings[3], spellings[4], spellings[7] }

// randomLine is mostly a row of nine columns.
func randomLine(rng *rand.Rand) string {
	var f []string
	for _, s := range spellings {
		if rng.IntN(12) > 0 {
			s = s[:min(len(s), 4)]
		}
		f = append(f, s[rng.IntN(len(s))])
	}
	switch rng.IntN(30) {
	case 0:
		f = f[:rng.IntN(10)]
	case 1:
		f = append(f, "more")
	case 2:
		f = append(f, "")
	}
	line := strings.Join(f, ",")
	if len(line) > 0 && rng.IntN(20) == 0 { // any byte for another
		b := []byte(line)
		b[rng.IntN(len(b))] = []byte{',', '.', ':', ' ', '"', 0, '0', '9', 'f', 0xff}[rng.IntN(10)]
		line = string(b)
	}
	return line
}

func TestTheFastWayReadsWhatTheGeneralOneReads(t *testing.T) {
	n := 300_000
	if testing.Short() {
		n = 50_000
	}
	p, rng := newPair(t), rand.New(rand.NewPCG(1, 1))
	for range n {
		p.compare(t, randomLine(rng), randomLine(rng))
	}
	if p.accepted < p.n/5 {
		t.Errorf("the fast way took %d lines of %d", p.accepted, p.n)
	}
}

func FuzzNineFastEqualsGeneral(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		f.Add(randomLine(rng)+"\n"+randomLine(rng), randomLine(rng))
	}
	f.Fuzz(func(t *testing.T, text, behind string) {
		p := newPair(t)
		for line := range strings.SplitSeq(text, "\n") {
			p.compare(t, line, behind)
			p.compare(t, line, line) // by now the state is known
		}
	})
}

// read reads a text to its end.
func read(t testing.TB, text []byte, opt flow.Options) ([]flow.Record, *flow.Source, error) {
	t.Helper()
	opt.Symbols = flow.NewSymbols()
	opt.Workers = max(opt.Workers, 1)
	src := flow.BytesSource("test.csv", text, &opt)
	t.Cleanup(func() { src.Close() })
	r, err := open(src)
	if err != nil {
		return nil, src, err
	}
	defer r.(io.Closer).Close()
	rows, err := flow.ReadAll(r)
	return rows, src, err
}

func FuzzCSV(f *testing.F) {
	for _, test := range golden {
		f.Add([]byte(test.text), uint16(7))
	}
	f.Add(trace(50), uint16(100))
	f.Fuzz(func(t *testing.T, text []byte, chunk uint16) {
		var first []flow.Record
		for i, opt := range []flow.Options{{}, {Chunk: 1 + int(chunk), Workers: 2}} {
			rows, src, err := read(t, text, opt)
			if src.Packing() != "" {
				return
			}
			if err != nil {
				if len(rows) > 0 {
					t.Fatalf("%d rows, and %v", len(rows), err)
				}
				continue
			}
			blank, all := 0, 0
			for line := range bytes.Lines(text) {
				all++
				if line = bytes.TrimSuffix(line, []byte("\n")); len(bytes.TrimSuffix(line, []byte("\r"))) == 0 {
					blank++
				}
			}
			if got := len(rows) + int(src.Bad+src.Skipped) + blank; got != all {
				t.Fatalf("%d rows + %d bad + %d skipped + %d blank are not %d lines", len(rows), src.Bad, src.Skipped, blank, all)
			}
			for k, r := range rows {
				if r.Row == 0 || r.Row > uint64(all) || k > 0 && r.Row <= rows[k-1].Row {
					t.Fatalf("row %d of %d follows another", r.Row, all)
				}
				if r.Has&(flow.HasStart|flow.HasAddrs) != flow.HasStart|flow.HasAddrs || r.Duration < 0 {
					t.Fatalf("row %d: %+v", r.Row, r)
				}
			}
			if i > 0 && len(rows) != len(first) {
				t.Fatalf("%d rows, in small chunks %d", len(first), len(rows))
			}
			for k := range rows {
				if i > 0 && rows[k] != first[k] {
					t.Fatalf("%+v\nin small chunks is\n%+v", first[k], rows[k])
				}
			}
			first = rows
		}
	})
}
