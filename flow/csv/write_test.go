package csv

import (
	"errors"
	"testing"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

func TestWhatIsWrittenReadsBackAsTheSame(t *testing.T) { flowtest.RoundTrip(t, Format(), 0) }

func TestWrittenTable(t *testing.T) {
	symbols := flow.NewSymbols()
	all := flowtest.Dummy(symbols)
	none := flow.Record{Start: flow.Second, Src: all.Src, Dst: all.Src, Has: flow.HasStart | flow.HasAddrs, Row: 2, File: 1}
	got := flowtest.Lines(Format(), flowtest.Table{Symbols: symbols, Files: []string{"a.log", "b,c.log"}}, all, none)
	want := `ts,duration,protocol,state,src_ip,src_port,dst_ip,dst_port,src_bytes,dst_bytes,src_pkts,dst_pkts,tcp_flags_src,tcp_flags_dst,icmp_type,icmp_code,service,uid,label,raw_state,pieces,orient_by,file,row
2026-03-10T09:00:00.25Z,1.500000001,tcp,closed,192.0.2.1,40001,2001:db8::1,443,900,0,7,18446744073709551615,SA,.,8,0,"a,""b""",C1,"two lines",SF,3,syn,a.log,812
1970-01-01T00:00:01Z,,,,192.0.2.1,,192.0.2.1,,,,,,,,,,,,,,,source,"b,c.log",2`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestATableWithoutRowsHasItsHeader(t *testing.T) {
	symbols := flow.NewSymbols()
	if got := flowtest.Lines(Format(), flowtest.Table{Symbols: symbols}); len(got) < 50 || got[:3] != "ts," {
		t.Errorf("wrote %q", got)
	}
}

type fullDisk struct{ left int }

var errFull = errors.New("disk full")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestErrorsOfTheOutputAreTold(t *testing.T) {
	symbols := flow.NewSymbols()
	rows := []flow.Record{flowtest.Dummy(symbols)}
	for _, room := range []int{0, 70_000} {
		w, err := Format().Create(&fullDisk{room}, flowtest.Table{Symbols: symbols})
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < 1000 && err == nil; n++ {
			err = w.Write(rows)
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: error %v", room, err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	symbols := flow.NewSymbols()
	rows := make([]flow.Record, 1000)
	for i := range rows {
		rows[i] = flowtest.Dummy(symbols)
	}
	names := flowtest.Table{Symbols: symbols}
	out, err := flowtest.Write(Format(), names, rows)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(out)))
	b.ReportAllocs()
	w, err := Format().Create(&fullDisk{1 << 62}, names)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := w.Write(rows); err != nil {
			b.Fatal(err)
		}
	}
}
