package ocsf

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

type names struct{ *flow.Symbols }

func (names) File(uint32) string { return "flows.csv" }

func write(t testing.TB, symbols *flow.Symbols, rs []flow.Record) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := Format().Create(&out, names{symbols})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rs { // in parts of any size
		if err := w.Write(rs[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func readBack(t testing.TB, symbols *flow.Symbols, text []byte) []flow.Record {
	t.Helper()
	src := flow.BytesSource("x", text, &flow.Options{Symbols: symbols})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil || src.Bad > 0 || src.Skipped > 0 {
		t.Fatal(src.BadRows, src.Skipped, err)
	}
	return rows
}

// random makes a record of which every optional field may be there or not.
func random(rng *rand.Rand, symbols *flow.Symbols) flow.Record {
	texts := []string{"a", "SF", `"quoted" \ text`, "\x1b[31m\u0085é語", "tab\tnew\nline\x7f", strings.Repeat("long ", 40)}
	text := func() flow.Symbol { return symbols.Add([]byte(texts[rng.IntN(len(texts))])) }
	addr := func() flow.Addr {
		if rng.IntN(2) == 0 {
			return flow.AddrFrom4(rng.Uint32())
		}
		var b [16]byte
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		b[0], b[1] = 0x20, 0x01
		if rng.IntN(4) == 0 {
			copy(b[:12], []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})
		}
		a, err := flow.AddrFrom16(b)
		if err != nil {
			panic(err)
		}
		return a
	}
	r := flow.Record{
		Start: flow.Time(rng.Int64N(4e18)) - 2e18, Src: addr(), Dst: addr(), Proto: flow.ProtoUnknown,
		Has:    flow.HasStart | flow.HasAddrs,
		Orient: flow.Orient(rng.IntN(int(flow.OrientGuess) + 1)), Pieces: uint8(rng.IntN(256)),
	}
	if rng.IntN(2) == 0 {
		r.Start = r.Start / 1e6 * 1e6
	}
	count := func() uint64 { return rng.Uint64() >> (1 + rng.IntN(63)) }
	for bit := flow.HasProto; bit <= flow.HasUID; bit <<= 1 {
		if rng.IntN(3) == 0 {
			continue
		}
		r.Has |= bit
		switch bit {
		case flow.HasProto:
			r.Proto = flow.Proto(rng.IntN(256))
		case flow.HasDuration:
			r.Duration = flow.Time(rng.Int64N(1e15))
			if rng.IntN(2) == 0 {
				r.Duration = r.Duration / 1e6 * 1e6
			}
		case flow.HasSrcPort:
			r.SrcPort = uint16(rng.Uint32())
		case flow.HasDstPort:
			r.DstPort = uint16(rng.Uint32())
		case flow.HasSrcBytes:
			r.SrcBytes = count()
		case flow.HasDstBytes:
			r.DstBytes = count()
		case flow.HasSrcPkts:
			r.SrcPkts = count()
		case flow.HasDstPkts:
			r.DstPkts = count()
		case flow.HasState:
			r.State, r.RawState = flow.State(rng.IntN(int(flow.StateDenied)+1)), text()
		case flow.HasFlags:
			r.SrcFlags, r.DstFlags = flow.TCPFlags(rng.Uint32()), flow.TCPFlags(rng.Uint32())
		case flow.HasICMP:
			r.ICMPType, r.ICMPCode = uint8(rng.Uint32()), uint8(rng.Uint32())
		case flow.HasService:
			r.Service = text()
		case flow.HasLabel:
			r.Label = text()
		case flow.HasUID:
			r.UID = flow.MakeUID([]byte([]string{"C1", "-", "CmJ8zD2tKd3uQnW4Rb", "047846e8-5d33-4999-8a35-c01977527c0d", ""}[rng.IntN(5)]))
		}
	}
	return r
}

func TestWhatIsWrittenReadsBackAsTheSameRecords(t *testing.T) {
	rng, symbols := rand.New(rand.NewPCG(1, 5)), flow.NewSymbols()
	var want []flow.Record
	for i := range 5000 {
		r := random(rng, symbols)
		r.Row = uint64(i + 1)
		want = append(want, r)
	}
	text := write(t, symbols, want)
	got := readBack(t, symbols, text)
	if len(got) != len(want) {
		t.Fatalf("%d of %d", len(got), len(want))
	}
	lines := bytes.Split(text, []byte("\n"))
	for i := range want {
		if d := cmp.Diff(want[i], got[i]); d != "" {
			t.Fatalf("-want +got\n%s\n%s", d, lines[i])
		}
	}
	if again := write(t, symbols, got); !bytes.Equal(again, text) {
		t.Error("written once more it is other bytes")
	}
}

func TestWhatTheSchemaRequiresIsThere(t *testing.T) {
	rng, symbols := rand.New(rand.NewPCG(2, 5)), flow.NewSymbols()
	var rs []flow.Record
	for range 500 {
		rs = append(rs, random(rng, symbols))
	}
	for line := range bytes.Lines(write(t, symbols, rs)) {
		var e struct {
			Metadata struct {
				Version  string
				LogName  string `json:"log_name"`
				Profiles []string
				Product  struct {
					Name       string
					VendorName string `json:"vendor_name"`
				}
			}
			CategoryUID   int    `json:"category_uid"`
			ClassUID      int    `json:"class_uid"`
			ActivityID    int    `json:"activity_id"`
			TypeUID       int    `json:"type_uid"`
			SeverityID    int    `json:"severity_id"`
			Time          *int64 `json:"time"`
			DispositionID int    `json:"disposition_id"`
			Src           struct {
				IP   string
				Port *uint16
			} `json:"src_endpoint"`
			Dst        struct{ IP string } `json:"dst_endpoint"`
			Connection struct {
				DirectionID *int   `json:"direction_id"`
				ProtocolNum *int16 `json:"protocol_num"`
				TCPFlags    uint8  `json:"tcp_flags"`
			} `json:"connection_info"`
			Traffic map[string]int64
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		if e.Metadata.Version != "1.5.0" || e.Metadata.Product.Name == "" || e.Metadata.Product.VendorName == "" || e.Metadata.LogName != "flows.csv" ||
			e.CategoryUID != 4 || e.ClassUID != 4001 || e.ActivityID < 2 || e.ActivityID > 6 || e.TypeUID != 400100+e.ActivityID || e.SeverityID != 1 ||
			e.Time == nil || e.Src.IP == "" || e.Dst.IP == "" || e.Connection.DirectionID == nil {
			t.Fatalf("%s", line)
		}
		if (e.DispositionID == 2) != (len(e.Metadata.Profiles) == 1) {
			t.Fatalf("a disposition takes the profile security_control\n%s", line)
		}
		if bytes.ContainsAny(line[:len(line)-1], "\x1b\x7f\n") {
			t.Fatalf("control characters: %q", line)
		}
	}
}

func TestAnyRecordSurvives(t *testing.T) { flowtest.RoundTrip(t, Format(), 0) }

func TestTextThatIsNoUTF8IsStillJSON(t *testing.T) {
	symbols := flow.NewSymbols()
	r := flow.Record{Src: flow.AddrFrom4(1), Dst: flow.AddrFrom4(2), Proto: flow.ProtoUnknown, Label: symbols.Add([]byte("a\xffb\xe2\x82")),
		Has: flow.HasStart | flow.HasAddrs | flow.HasLabel}
	text := write(t, symbols, []flow.Record{r})
	if !json.Valid(text) {
		t.Fatalf("%q", text)
	}
	if got := symbols.Text(readBack(t, symbols, text)[0].Label); got != "a\ufffdb\ufffd\ufffd" {
		t.Errorf("%q", got)
	}
}

func TestAnEmptyOutputIsEmpty(t *testing.T) {
	if text := write(t, flow.NewSymbols(), nil); len(text) != 0 {
		t.Errorf("%q", text)
	}
}

type full struct{}

var errFull = errors.New("disk full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAnErrorOfTheOutputIsHandedOn(t *testing.T) {
	w, err := create(full{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(make([]flow.Record, 2000)); !errors.Is(err, errFull) {
		t.Error(err)
	}
	if err := w.Write(make([]flow.Record, 1)); err != nil {
		t.Error(err)
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Error(err)
	}
}

func BenchmarkWrite(b *testing.B) {
	rng, symbols := rand.New(rand.NewPCG(3, 5)), flow.NewSymbols()
	rs := make([]flow.Record, 1000)
	for i := range rs {
		rs[i] = random(rng, symbols)
	}
	b.SetBytes(int64(len(write(b, symbols, rs))))
	b.ReportAllocs()
	w, _ := create(io.Discard, names{symbols})
	for b.Loop() {
		if err := w.Write(rs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
