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
