package cicflowmeter

import (
	"testing"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

func TestGolden(t *testing.T) { flowtest.Golden(t, Format()) }

func FuzzRead(f *testing.F) { flowtest.Fuzz(f, Format()) }

// A connection of five minutes is cut at 120 s, and what follows is turned
// round: it is one flow from the client again. Another connection over the
// same ports, ten minutes on, is another flow.
func TestTailsAreJoined(t *testing.T) {
	const header = "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts," +
		"TotLen Fwd Pkts,TotLen Bwd Pkts,FIN Flag Cnt,SYN Flag Cnt,RST Flag Cnt,ACK Flag Cnt,Label\n"
	const client, server = "192.0.2.10,40001,", "198.51.100.20,443,"
	text := header +
		"x," + client + server + "6,07/03/2026 09:00:01,119000000,10,20,1000,20000,0,1,0,1,BENIGN\n" +
		"x," + server + client + "6,07/03/2026 09:02:30,100000000,7,5,7000,500,0,0,0,1,BENIGN\n" +
		"x," + server + client + "6,07/03/2026 09:04:40,1000000,2,1,0,0,1,0,0,1,BENIGN\n" +
		"x," + client + server + "6,07/03/2026 09:15:00,1000000,3,3,100,100,0,1,0,1,BENIGN\n"
	opt := &flow.Options{Workers: 1, Symbols: flow.NewSymbols()}
	src := flow.BytesSource("flows.csv", []byte(text), opt)
	r, err := Format().Open(src)
	if err != nil {
		t.Fatal(err)
	}
	how := Format().Stitch
	if !how.Auto {
		t.Error("only when asked")
	}
	rows, err := flow.ReadAll(flow.Stitch(r, flow.NewStitcher(how, flow.StitchOptions{})))
	if err != nil || src.Bad > 0 || len(rows) != 2 {
		t.Fatal(len(rows), src.BadRows, err)
	}
	a, b := &rows[0], &rows[1]
	if a.Src.String() != "192.0.2.10" || a.DstPort != 443 || a.Pieces != 3 ||
		a.SrcBytes != 1500 || a.DstBytes != 27000 || a.SrcPkts != 16 || a.DstPkts != 29 || a.Duration != 280*flow.Second {
		t.Errorf("got %s%+v", flowtest.Row(a, opt.Symbols), *a)
	}
	if b.Pieces > 1 || b.SrcBytes != 100 {
		t.Errorf("got %+v", *b)
	}
}
