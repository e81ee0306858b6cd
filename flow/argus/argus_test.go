package argus

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zone must not depend on the machine

	"seine/flow"
	"seine/flow/internal/flowtest"
)

func TestGolden(t *testing.T) { flowtest.Golden(t, Format()) }

func FuzzRead(f *testing.F) { flowtest.Fuzz(f, Format()) }

// A capture that counts from its own start does so in the zone of the sensor.
func TestTimesAreThoseOfTheSensor(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	text := "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State\n" +
		"1970/01/01 01:00:15.000000,0,udp,192.0.2.1,1,->,192.0.2.2,53,INT\n" +
		"2026/07/01 12:00:00.000000,0,udp,192.0.2.1,1,->,192.0.2.2,53,INT\n"
	got := flowtest.Dump(Format(), []byte(text), &flow.Options{Location: prague})
	for _, want := range []string{"\n2 1970-01-01T00:00:15Z ", "\n3 2026-07-01T10:00:00Z "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "local time") {
		t.Error("the zone is known, and yet there is a note")
	}
}

// Rows are put together only when somebody asks: several questions of DNS
// from one port are several rows, and no pieces of one another.
func TestStatusRecordsAreJoinedWhenAsked(t *testing.T) {
	how := Format().Stitch
	if how.Auto || !how.Pieces {
		t.Errorf("%+v", how)
	}
	const rest = ",tcp,192.0.2.1,40000,->,192.0.2.2,22,PA_PA,0,0,100,20000,8000\n"
	text := "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes\n" +
		"2026/03/10 09:00:00.000000,3599.500000" + rest +
		"2026/03/10 10:00:00.100000,3598.000000" + rest +
		"2026/03/10 11:30:00.000000,10.000000" + rest
	src := flow.BytesSource("x", []byte(text), &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
	r, err := Format().Open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(flow.Stitch(r, flow.NewStitcher(how, flow.StitchOptions{})))
	if err != nil || len(rows) != 2 {
		t.Fatal(len(rows), err)
	}
	if r := &rows[0]; r.Pieces != 2 || r.SrcBytes != 16000 || r.DstBytes != 24000 || r.End() != rows[0].Start.Add(7198*flow.Second+flow.Second/10) {
		t.Errorf("%+v", *r)
	}
}
