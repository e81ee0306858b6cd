package csv

import (
	"testing"

	"seine/flow"
)

// Only the nine columns are known to be deltas, and they are summed up only
// when somebody asks.
func TestDeltasAreToldApart(t *testing.T) {
	const nine = "2026-03-10 09:00:00,tcp,established,192.0.2.1,40000,192.0.2.2,443,100,2567\n"
	for text, want := range map[string]flow.Stitching{
		nine: {Pieces: true, Gap: 65 * flow.Second},
		"ts,protocol,state,src_ip,src_port,dst_ip,dst_port,src_bytes,dst_bytes\n" + nine: {Pieces: true, Gap: 65 * flow.Second},
		"ts,src_ip,dst_ip,src_bytes\n2026-03-10 09:00:00,192.0.2.1,192.0.2.2,100\n":      {},
	} {
		src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		if _, err := open(src); err != nil {
			t.Fatal(err)
		}
		if src.Stitch != want {
			t.Errorf("%sgot %+v", text, src.Stitch)
		}
	}
}

func TestDeltasAreSummedUp(t *testing.T) {
	const tuple = "192.0.2.1,40000,192.0.2.2,443,"
	text := "2026-03-10 09:00:00,tcp,new," + tuple + "100,2567\n" +
		"2026-03-10 09:01:00,tcp,established," + tuple + "10,662\n" +
		"2026-03-10 09:02:00,tcp,closed," + tuple + "1,0\n" +
		"2026-03-10 09:10:00,tcp,new," + tuple + "7,7\n"
	src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(flow.Stitch(r, flow.NewStitcher(src.Stitch, flow.StitchOptions{})))
	if err != nil || len(rows) != 2 {
		t.Fatal(len(rows), err)
	}
	if r := &rows[0]; r.Pieces != 3 || r.SrcBytes != 111 || r.DstBytes != 3229 || r.State != flow.StateClosed || r.Duration != 120*flow.Second {
		t.Errorf("%+v", *r)
	}
}
