package azure

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
)

// read tells the source, and the rows as lines of text.
func read(t testing.TB, in io.Reader) (*flow.Source, []string, error) {
	t.Helper()
	symbols := flow.NewSymbols()
	src := flow.StreamSource("PT1H.json", in, &flow.Options{Workers: 1, Symbols: symbols})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	var out []string
	for i := range rows {
		r := &rows[i]
		out = append(out, fmt.Sprintf("%d: %v %v %v:%d → %v:%d %d/%d B %d/%d P %s %q [%s]", r.Row, r.Start, r.Proto,
			r.Src, r.SrcPort, r.Dst, r.DstPort, r.SrcBytes, r.DstBytes, r.SrcPkts, r.DstPkts, r.State, symbols.Text(r.RawState),
			strings.Join(r.Has.Names(), " ")))
	}
	if src.Rows != uint64(len(rows)) {
		t.Errorf("%d rows, %d counted", len(rows), src.Rows)
	}
	return src, out, err
}

func quoted(tuples []string) string { return `"` + strings.Join(tuples, `","`) + `"` }

// vnet makes a record of a virtual network log, nsg one of a security group.
func vnet(tuples ...string) string {
	return `{"time":"2026-01-01T00:00:52.5625085Z","flowLogVersion":4,"macAddress":"00224800AA01","category":"FlowLogFlowEvent",` +
		`"targetResourceID":"\/subscriptions\/0","flowRecords":{"flows":[{"aclID":"0a","flowGroups":[{"rule":"Allow","flowTuples":[` +
		quoted(tuples) + `]},{"rule":"None","flowTuples":[]}]}]}}`
}

func nsg(tuples ...string) string {
	return `{"time":"2026-01-01T00:00:52Z","category":"NetworkSecurityGroupFlowEvent","properties":{"Version":2,"flows":[{"rule":"Allow","flows":[` +
		`{"mac":"000D3A000001","flowTuples":[` + quoted(tuples) + `]}]}]}}`
}

func document(records ...string) string { return `{"records":[` + strings.Join(records, ",") + `]}` }

const (
	begin = "1767225603599,10.0.0.5,203.0.113.7,40112,443,6,O,B,NX,0,0,0,0"
	goOn  = "1767225903599,10.0.0.5,203.0.113.7,40112,443,6,O,C,X,10,1000,8,9000"
	end   = "1767226003599,10.0.0.5,203.0.113.7,40112,443,6,O,E,NX_FALLBACK,1,60,1,66"
	all   = "start addresses protocol src_port dst_port src_bytes dst_bytes src_pkts dst_pkts state"

	wantBegin = `2026-01-01T00:00:03.599Z tcp 10.0.0.5:40112 → 203.0.113.7:443 0/0 B 0/0 P established "B" [` + all + "]"
	wantGoOn  = `2026-01-01T00:05:03.599Z tcp 10.0.0.5:40112 → 203.0.113.7:443 1000/9000 B 10/8 P established "C" [` + all + "]"
	wantEnd   = `2026-01-01T00:06:43.599Z tcp 10.0.0.5:40112 → 203.0.113.7:443 60/66 B 1/1 P closed "E" [` + all + "]"
)

func TestRows(t *testing.T) {
	pretty := strings.NewReplacer("{", "{\n  ", "[", "[\r\n\t", `":`, `" : `).Replace
	for _, test := range []struct {
		name, text string
		rows       []string
		bad        uint64
		note, err  string
	}{
		{"a document", document(vnet(begin, goOn), vnet(end)), []string{"1: " + wantBegin, "2: " + wantGoOn, "3: " + wantEnd}, 0,
			"several records (1 begin, 1 go on, 1 end)", ""},
		{"over many lines", "\ufeff" + pretty(document(vnet(begin), vnet(end))), []string{"1: " + wantBegin, "2: " + wantEnd}, 0, "", ""},
		{"records one a line", vnet(begin) + "\r\n\n" + vnet(goOn) + "\n" + vnet(end), []string{"1: " + wantBegin, "2: " + wantGoOn, "3: " + wantEnd}, 0, "", ""},
		{"a list", "[" + vnet(begin) + "," + vnet(end) + "]", []string{"1: " + wantBegin, "2: " + wantEnd}, 0, "", ""},
		{"virtual network", vnet(
			"1767225603599,2001:db8::1,2001:0db8:0000:0000:0000:0000:0000:0002,40112,22,6,I,D,NX,1,60,0,0",
			"1767225603,10.0.0.5,203.0.113.7,0,0,1,O,E,NX,1,84,1,84",
			"1767225603599,10.0.0.5,203.0.113.7,40112,53,17,O,NX_HW_NOT_SUPPORTED,E,1,60,1,66",
			"1767225603599,10.0.0.5,203.0.113.7,40112,53,17,O,A,C,1,60,1,66"),
			[]string{
				`1: 2026-01-01T00:00:03.599Z tcp 2001:db8::1:40112 → 2001:db8::2:22 60/0 B 1/0 P denied "D" [` + all + "]",
				`2: 2026-01-01T00:00:03Z icmp 10.0.0.5:0 → 203.0.113.7:0 84/84 B 1/1 P closed "E" [start addresses protocol src_bytes dst_bytes src_pkts dst_pkts state]`,
				`3: 2026-01-01T00:00:03.599Z udp 10.0.0.5:40112 → 203.0.113.7:53 60/66 B 1/1 P closed "E" [` + all + "]",
				`4: 2026-01-01T00:00:03.599Z udp 10.0.0.5:40112 → 203.0.113.7:53 60/66 B 1/1 P established "C" [` + all + "]",
			}, 0, "", ""},
		{"security group", document(nsg(
			"1767225603,10.0.0.5,203.0.113.7,40112,443,T,O,A,B,,,,",
			"1767225663,10.0.0.5,203.0.113.7,40112,443,T,O,A,E,10,1000,8,9000",
			"1767225603,203.0.113.9,10.0.0.5,40112,22,T,I,D,B,,,,",
			"1767225603,203.0.113.9,10.0.0.5,40112,53,U,I,A",
			"1767225603,203.0.113.9,10.0.0.5,40112,53,U,I,D")),
			[]string{
				`1: 2026-01-01T00:00:03Z tcp 10.0.0.5:40112 → 203.0.113.7:443 0/0 B 0/0 P established "B" [start addresses protocol src_port dst_port state]`,
				`2: 2026-01-01T00:01:03Z tcp 10.0.0.5:40112 → 203.0.113.7:443 1000/9000 B 10/8 P closed "E" [` + all + "]",
				`3: 2026-01-01T00:00:03Z tcp 203.0.113.9:40112 → 10.0.0.5:22 0/0 B 0/0 P denied "D" [start addresses protocol src_port dst_port state]`,
				`4: 2026-01-01T00:00:03Z udp 203.0.113.9:40112 → 10.0.0.5:53 0/0 B 0/0 P unknown "A" [start addresses protocol src_port dst_port state]`,
				`5: 2026-01-01T00:00:03Z udp 203.0.113.9:40112 → 10.0.0.5:53 0/0 B 0/0 P denied "D" [start addresses protocol src_port dst_port state]`,
			}, 0, "", ""},
		{"bad tuples", document(strings.Replace(vnet(begin,
			"now,10.0.0.5,203.0.113.7,40112,443,6,O,B,NX,0,0,0,0",
			"99999999999999999,10.0.0.5,203.0.113.7,40112,443,6,O,B,NX,0,0,0,0",
			"1767225603599,host,203.0.113.7,40112,443,6,O,B,NX,0,0,0,0",
			"1767225603599,10.0.0.5,203.0.113,40112,443,6,O,B,NX,0,0,0,0",
			"1767225603599,10.0.0.5,203.0.113.7,70000,443,6,O,B,NX,0,0,0,0",
			"1767225603599,10.0.0.5,203.0.113.7,40112,443,X,O,B,NX,0,0,0,0",
			"1767225603599,10.0.0.5,203.0.113.7,40112,443,6,S,B,NX,0,0,0,0",
			"1767225603599,10.0.0.5,203.0.113.7,40112,443,6,O,F,NX,0,0,0,0",
			"1767225603599,10.0.0.5,203.0.113.7,40112,443,6,O,B,E,0,0,0,0",
			"1767225603599,10.0.0.5,203.0.113.7,40112,443,6,O", "", "null", "obj"), `"null","obj"`, `null,{"a":["x",{}]},[1,[2]],3`, 1), vnet(end)),
			[]string{"1: " + wantBegin, "17: " + wantEnd}, 15, "", ""},
		{"cut within a tuple", document(vnet(begin, goOn))[:350], []string{"1: " + wantBegin}, 0, "", "behind tuple 1: JSON is cut short"},
		{"cut behind a record", `{"records":[` + vnet(begin) + `,`, []string{"1: " + wantBegin}, 0, "", "behind tuple 1: JSON is cut short"},
		{"damaged", `{"records":[` + vnet(begin) + vnet(end) + `]}`, []string{"1: " + wantBegin}, 0, "", "behind tuple 1: not JSON: no comma"},
		{"lines damaged", vnet(begin) + "\n" + vnet(begin)[:300] + "\n{\n" + vnet(end) + "\n{\"a\" 1}\n" + vnet(goOn, begin)[:340],
			[]string{"1: " + wantBegin, "4: " + wantEnd, "6: " + wantGoOn}, 4, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if score, reason := match([]byte(test.text)); score != 95 {
				t.Errorf("score %d: %s", score, reason)
			}
			for _, in := range []io.Reader{strings.NewReader(test.text), iotest.OneByteReader(strings.NewReader(test.text))} {
				src, rows, err := read(t, in)
				if d := cmp.Diff(test.rows, rows); d != "" {
					t.Errorf("-want +got\n%s", d)
				}
				if src.Bad != test.bad {
					t.Errorf("%d bad %v, want %d", src.Bad, src.BadRows, test.bad)
				}
				if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want %q", err, test.err)
				}
				if !strings.Contains(strings.Join(src.Notes, "\n"), test.note) {
					t.Errorf("notes %q lack %q", src.Notes, test.note)
				}
			}
		})
	}
}

func TestMatch(t *testing.T) {
	for head, want := range map[string]string{
		"":                                  "JSON without",
		"a,b\n":                             "not JSON",
		`"flowTuples"`:                      "not JSON",
		`{"a":1}`:                           "JSON without",
		`{"event_type":"flow","flow":{}}`:   "JSON without",
		`{"jsonPayload":{"connection":{}}}`: "JSON without",
		`{"azure":{"x":{"y":{"category":"FlowLogFlowEvent"}}}}`: "JSON without",
	} {
		if score, reason := match([]byte(head)); score != 0 || !strings.Contains(reason, want) {
			t.Errorf("%q: %d %q, want %q", head, score, reason, want)
		}
	}
	if score, _ := match([]byte(`{"records":[{"time":"x","category":"NetworkSecurityGroupFlowEvent","cut`)); score != 95 {
		t.Error(score)
	}
}

// endless gives one document of n tuples.
type endless struct {
	n    int
	rest string
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		if e.n == 0 {
			return 0, io.EOF
		}
		if e.n--; e.n > 0 {
			e.rest = `"` + goOn + `",`
		} else {
			e.rest = `"` + end + `"]}]}]}}]}`
		}
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestMemoryDoesNotGrowWithTheDocument(t *testing.T) {
	v := vnet("")
	in := &endless{n: 1_000_000, rest: `{"records":[` + v[:strings.Index(v, `""`)]}
	src := flow.StreamSource("PT1H.json", in, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	buf, n := make([]flow.Record, 1000), 0
	for err == nil {
		var k int
		k, err = r.Read(buf)
		n += k
	}
	runtime.ReadMemStats(&after)
	if n != 1_000_000 || err != io.EOF || src.Bad != 0 {
		t.Errorf("%d rows, %v, %d bad", n, err, src.Bad)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("%d bytes allocated", grown)
	}
}

func FuzzAzure(f *testing.F) {
	f.Add(document(vnet(begin, goOn), vnet(end)))
	f.Add(vnet(begin) + "\n" + nsg("1767225603,10.0.0.5,203.0.113.7,40112,443,T,O,A,B,,,,") + "\n{")
	f.Add(`{"flowTuples":["1,::1,::2,,,6,I,D,X",{"flowTuples":[1,[]]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		match([]byte(text))
		src, rows, _ := read(t, strings.NewReader(text))
		if src.Skipped != 0 || src.Rows+src.Bad > uint64(len(text)) {
			t.Fatalf("%d rows, %d bad", src.Rows, src.Bad)
		}
		two, again, _ := read(t, iotest.HalfReader(strings.NewReader(text)))
		if d := cmp.Diff(rows, again); d != "" || two.Bad != src.Bad {
			t.Fatal(d, two.Bad, src.Bad)
		}
	})
}

func BenchmarkDocument(b *testing.B) {
	const rows = 200_000
	rng := rand.New(rand.NewPCG(1, 2))
	var records []string
	for i := range rows / 100 {
		var tuples []string
		for range 100 {
			tuples = append(tuples, fmt.Sprintf("%d,10.%d.%d.%d,203.0.113.%d,%d,443,6,O,%s,NX,%d,%d,%d,%d", 1767225603599+i*60000,
				rng.IntN(256), rng.IntN(256), rng.IntN(256), rng.IntN(256), rng.IntN(65536), []string{"B", "C", "E", "D"}[rng.IntN(4)],
				rng.IntN(100), rng.IntN(1<<20), rng.IntN(100), rng.IntN(1<<20)))
		}
		records = append(records, vnet(tuples...))
	}
	data := []byte(document(records...))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("PT1H.json", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			b.Fatal(err)
		}
		n, buf := 0, make([]flow.Record, 1024)
		for err == nil {
			var k int
			k, err = r.Read(buf)
			n += k
		}
		if n != rows || src.Bad != 0 || err != io.EOF {
			b.Fatal(n, src.Bad, src.BadRows, err)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func TestHowTuplesAreStitched(t *testing.T) {
	src := flow.BytesSource("x", []byte(`{"records":[]}`), &flow.Options{Symbols: flow.NewSymbols()})
	if _, err := open(src); err != nil {
		t.Fatal(err)
	}
	if s := src.Stitch; !s.Pieces || s.Halves || !s.Copies || s.Silence || s.Gap != 305*flow.Second || !s.Auto {
		t.Errorf("%+v", s)
	}
}
