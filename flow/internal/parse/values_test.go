package parse

import (
	"math"
	"testing"

	"seine/flow"
)

func TestCountersAreReadAsTablesSpellThem(t *testing.T) {
	const none = math.MaxUint64 - 7
	for text, want := range map[string]uint64{
		"0": 0, "117": 117, "00117": 117, "117.0": 117, "1.5": 2, "1e3": 1000,
		"  117 ": 117, "\t7": 7, "1.4 M": 1_400_000, "1.4M": 1_400_000, "12 K": 12_000, "3k": 3000, "2 G": 2e9, "1T": 1e12,
		"18446744073709551615": math.MaxUint64, "9007199254740993": 9007199254740993,
		"": none, "-": none, "-1": none, "-0.5": none, "x": none, "1 234": none, "1,234": none, "M": none, " K": none,
		"NaN": none, "Inf": none, "+Inf": none, "1e300": none, "9e18 K": none, "18446744073709551616 G": none,
		"0x1f": none, "1.4 MB": none, "1111111111111111111111111111111111111111111": none,
	} {
		got, known := Counter([]byte(text))
		if !known {
			got = none
		}
		if got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, known, want)
		}
	}
}

func TestPorts(t *testing.T) {
	const none = -1
	for text, want := range map[string]int{
		"0": 0, "53": 53, "65535": 65535, "0053": 53, " 53 ": 53, "53.0": 53, "53.00": 53, "0.0": 0, "100.0": 100, "8080": 8080,
		"0x0": 0, "0x35": 53, "0X01BB": 443, "0xffff": 65535,
		"": none, "-": none, "-1": none, "65536": none, "65536.0": none, "53.5": none, "53.": none, ".0": none, "0x": none,
		"0x10000": none, "0xg": none, "http": none, "53 80": none, "5e1": none, "99999999999999999999999": none,
	} {
		got, err := Port([]byte(text))
		if p := int(got); (err == nil) != (want != none) || err == nil && p != want {
			t.Errorf("%q: got %d, %v, want %d", text, p, err, want)
		}
	}
}

func TestFlags(t *testing.T) {
	const sa = flow.SYN | flow.ACK
	for text, want := range map[string]flow.TCPFlags{
		"SA": sa, "S": flow.SYN, ".A..S.": sa, "...AP.SF": sa | flow.PSH | flow.FIN, "UAPRSF": 0x3f, "FSRPAUEC": 0xff, "W": flow.CWR,
		"18": sa, "2": flow.SYN, "0": 0, "0x12": sa, "0X1b": 0x1b, "027": 27, "018": sa, "255": 0xff, "......": 0, " S ": flow.SYN,
	} {
		if got, ok := Flags([]byte(text)); !ok || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "SYN|ACK", "sa", "x", "1x", "0b11", "0o7", "1_0", "70000", "FSRPAUECFSRPAUEC"} {
		if got, ok := Flags([]byte(text)); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestUint(t *testing.T) {
	for text, want := range map[string]uint64{"0": 0, "18446744073709551615": math.MaxUint64, "00000000000000000001": 1} {
		if got, err := Uint([]byte(text)); err != nil || got != want {
			t.Errorf("%q: got %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-1", "+1", " 1", "1.0", "18446744073709551616", "18446744073709551620", "20000000000000000000", "000000000000000000001"} {
		if got, err := Uint([]byte(text)); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
}

func TestStatesInTheWordsOfManyTools(t *testing.T) {
	for text, want := range map[string]flow.State{
		"new": flow.StateAttempt, "ESTABLISHED": flow.StateEstablished, "Closed": flow.StateClosed, "reset": flow.StateResetResp,
		"S0": flow.StateAttempt, "SF": flow.StateClosed, "REJ": flow.StateRejected, "RSTO": flow.StateResetOrig, "OTH": flow.StatePartial,
		"INT": flow.StateAttempt, "CON": flow.StateEstablished, "FIN": flow.StateClosed, "dropped": flow.StateDenied,
		"": flow.StateUnknown, "whatever": flow.StateUnknown, "a word that is much too long": flow.StateUnknown, "new ": flow.StateUnknown,
	} {
		if got := State([]byte(text)); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	reset := flow.Record{State: flow.StateResetResp, Proto: flow.TCP, Has: flow.HasDstBytes}
	for _, test := range []struct {
		change func(*flow.Record)
		want   flow.State
	}{
		{func(*flow.Record) {}, flow.StateRejected}, // reset without a byte of answer
		{func(r *flow.Record) { r.DstBytes = 1 }, flow.StateResetResp},
		{func(r *flow.Record) { r.Has = 0 }, flow.StateResetResp}, // absent is not zero
		{func(r *flow.Record) { r.Proto = flow.UDP }, flow.StateResetResp},
		{func(r *flow.Record) { r.State = flow.StateClosed }, flow.StateClosed},
	} {
		r := reset
		test.change(&r)
		if Settle(&r); r.State != test.want {
			t.Errorf("settled to %v, want %v", r.State, test.want)
		}
	}
}
