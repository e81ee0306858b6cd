package parse

import (
	"testing"

	"seine/flow"
)

// A connection of which one side alone was seen has not failed, unless it is
// a SYN that nobody answered.
func TestOneSideOfAConnectionIsNoFailure(t *testing.T) {
	for f := range 256 {
		flags := flow.TCPFlags(f)
		if Halves(0, flags).Failed() {
			t.Errorf("_%v is %v", flags, Halves(0, flags))
		}
		syn := flags&(flow.SYN|flow.ACK) == flow.SYN
		if got := Halves(flags, 0); got.Failed() != syn {
			t.Errorf("%v_ is %v", flags, got)
		}
	}
}

// What was acknowledged by both sides has not failed.
func TestAnAcknowledgedConnectionHasNotFailed(t *testing.T) {
	for s := range 256 {
		for d := range 256 {
			src, dst := flow.TCPFlags(s), flow.TCPFlags(d)
			if got := Halves(src, dst); src&dst&flow.ACK != 0 && (got.Failed() || got == flow.StatePartial || got == flow.StateUnknown) {
				t.Fatalf("%v_%v is %v", src, dst, got)
			}
		}
	}
}

func TestWordsOfArgus(t *testing.T) {
	for _, test := range []struct {
		word  string
		proto flow.Proto
		pkts  uint64
		alone bool
		want  flow.State
	}{
		{"INT", flow.UDP, 1, true, flow.StateAttempt},
		{"INT", 2, 1, true, flow.StateUnknown},
		{"URP", flow.UDP, 2, false, flow.StateRejected},
		{"URP", flow.ICMP, 1, true, flow.StateUnknown},
		{"ECO", flow.ICMP, 1, true, flow.StateAttempt},
		{"RST", flow.TCP, 0, false, flow.StatePartial},
		{"RST", flow.TCP, 1, true, flow.StatePartial},
		{"RST", flow.TCP, 2, false, flow.StateRejected},
		{"RST", flow.TCP, 9, false, flow.StateResetResp},
		{"RST", flow.TCP, 9, true, flow.StateResetOrig},
		{"FIN", flow.TCP, 3, false, flow.StatePartial},
		{"FIN", flow.TCP, 4, false, flow.StateClosed},
		{"S0", flow.TCP, 1, true, flow.StateAttempt},
		{"?", flow.TCP, 1, true, flow.StateUnknown},
	} {
		if got := Argus([]byte(test.word), test.proto, test.pkts, test.alone); got != test.want {
			t.Errorf("%v: %v", test, got)
		}
	}
}
