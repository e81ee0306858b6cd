package pcap

import (
	"testing"

	"github.com/gopacket/gopacket/layers"

	"seine/flow"
)

// Every way in which a connection can go, with the state that Zeek has for it
// and what that means.
func TestStatesOfConnections(t *testing.T) {
	for _, test := range []struct {
		name, packets string
		raw           string
		state         flow.State
		orient        flow.Orient
		src           string // originator
	}{
		{"no answer", `0 a:9>b:80 S=1`, "S0", flow.StateAttempt, flow.OrientSYN, "a"},
		{"asked again", `0 a:9>b:80 S=1
			1 a:9>b:80 S=1
			3 a:9>b:80 S=1
			35 a:9>b:80 S=1`, "S0", flow.StateAttempt, flow.OrientSYN, "a"},
		{"open", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			2 a:9>b:80 A`, "S1", flow.StateEstablished, flow.OrientSYN, "a"},
		{"answered, the handshake not finished", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5`, "S1", flow.StateEstablished, flow.OrientSYN, "a"},
		{"closed", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			2 a:9>b:80 A
			3 a:9>b:80 FA
			4 b:80>a:9 FA
			5 a:9>b:80 A`, "SF", flow.StateClosed, flow.OrientSYN, "a"},
		{"reset after the close", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			3 a:9>b:80 FA
			4 b:80>a:9 FA
			5 a:9>b:80 R`, "SF", flow.StateClosed, flow.OrientSYN, "a"},
		{"refused", `0 a:9>b:80 S=1
			1 b:80>a:9 RA`, "REJ", flow.StateRejected, flow.OrientSYN, "a"},
		{"closed by the originator only", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			3 a:9>b:80 FA
			4 b:80>a:9 A`, "S2", flow.StateClosed, flow.OrientSYN, "a"},
		{"closed by the responder only", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			3 b:80>a:9 FA`, "S3", flow.StateClosed, flow.OrientSYN, "a"},
		{"aborted by the originator", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			3 a:9>b:80 R`, "RSTO", flow.StateResetOrig, flow.OrientSYN, "a"},
		{"aborted by the responder", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			2 a:9>b:80 PA 10
			3 b:80>a:9 RA`, "RSTR", flow.StateResetResp, flow.OrientSYN, "a"},
		{"both reset, the originator first", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			2 a:9>b:80 RA
			3 b:80>a:9 R`, "RSTO", flow.StateResetOrig, flow.OrientSYN, "a"},
		{"a SYN taken back", `0 a:9>b:80 S=1
			1 a:9>b:80 R`, "RSTOS0", flow.StateRejected, flow.OrientSYN, "a"},
		{"an answer taken back", `0 b:80>a:9 SA=5
			1 b:80>a:9 R`, "RSTRH", flow.StateRejected, flow.OrientSYN, "a"},
		{"SYN and FIN", `0 a:9>b:80 S=1
			1 a:9>b:80 F`, "SH", flow.StateAttempt, flow.OrientSYN, "a"},
		{"SYN with FIN", `0 a:9>b:80 SF`, "SH", flow.StateAttempt, flow.OrientSYN, "a"},
		{"an answer and its FIN", `0 b:80>a:9 SA=5
			1 b:80>a:9 FA`, "SHR", flow.StatePartial, flow.OrientSYN, "a"},
		{"an answer alone", `0 b:80>a:9 SA=5`, "OTH", flow.StatePartial, flow.OrientSYN, "a"},
		{"the SYN was missed", `0 b:80>a:9 SA=5
			1 a:9>b:80 A`, "S1", flow.StateEstablished, flow.OrientSYN, "a"},
		{"the SYN came late", `0 b:80>a:9 SA=5
			1 a:9>b:80 S=1`, "OTH", flow.StatePartial, flow.OrientSYN, "a"},
		{"the answer was missed", `0 a:9>b:80 S=1
			1 b:80>a:9 PA 10
			2 a:9>b:80 A`, "S1", flow.StateEstablished, flow.OrientSYN, "a"},
		{"one direction only was captured", `0 a:9>b:80 S=1
			1 a:9>b:80 A
			2 a:9>b:80 PA 100`, "OTH", flow.StatePartial, flow.OrientSYN, "a"},
		{"both began", `0 a:9>b:80 S=1
			1 b:80>a:9 S=5
			2 a:9>b:80 SA=1
			3 b:80>a:9 SA=5`, "S1", flow.StateEstablished, flow.OrientSYN, "a"},
		{"from the middle", `0 b:80>a:9 PA 100
			1 a:9>b:80 A`, "OTH", flow.StatePartial, flow.OrientEarlier, "b"},
		{"the end only", `0 b:80>a:9 FA
			1 a:9>b:80 FA`, "SF", flow.StateClosed, flow.OrientEarlier, "b"},
		{"a reset only", `0 b:80>a:9 RA`, "RSTOS0", flow.StatePartial, flow.OrientEarlier, "b"},
		{"a FIN only", `0 b:80>a:9 FA`, "SH", flow.StatePartial, flow.OrientEarlier, "b"},
		{"no flags", `0 a:9>b:80 0`, "OTH", flow.StatePartial, flow.OrientEarlier, "a"},

		{"a datagram", `0 a:9>b:53 u 10`, "S0", flow.StateAttempt, flow.OrientEarlier, "a"},
		{"and its answer", `0 a:9>b:53 u 10
			1 b:53>a:9 u 10`, "SF", flow.StateClosed, flow.OrientEarlier, "a"},
		{"SCTP without an answer", `0 a:9>b:80 s1=1`, "S0", flow.StateAttempt, flow.OrientSYN, "a"},
		{"SCTP refused", `0 a:9>b:80 s1=1
			1 b:80>a:9 s6`, "REJ", flow.StateRejected, flow.OrientSYN, "a"},
		{"SCTP closed", `0 a:9>b:80 s1=1
			1 b:80>a:9 s2=1
			2 a:9>b:80 s10
			3 b:80>a:9 s7
			4 a:9>b:80 s8`, "SF", flow.StateClosed, flow.OrientSYN, "a"},
		{"ping", `0 a>b i8.0=7`, "OTH", flow.StateAttempt, flow.OrientEarlier, "a"},
		{"ping and its answer", `0 a>b i8.0=7
			1 b>a i0.0=7`, "OTH", flow.StateEstablished, flow.OrientEarlier, "a"},
		{"an answer to no ping", `0 b>a i0.0=7`, "OTH", flow.StatePartial, flow.OrientEarlier, "b"},
		{"ping over IPv6", `0 A>B i128.0
			1 B>A i129.0`, "OTH", flow.StateEstablished, flow.OrientEarlier, "A"},
		{"unreachable", `0 a>b i3.1`, "OTH", flow.StatePartial, flow.OrientEarlier, "a"},
		{"GRE", `0 a>b p47 10
			1 b>a p47 10`, "OTH", flow.StatePartial, flow.OrientEarlier, "a"},
	} {
		got := read(t, newCapture(layers.LinkTypeEthernet).packets(test.packets).Bytes())
		if got.err != nil || len(got.rows) != 1 || got.src.Bad+got.src.Skipped != 0 {
			t.Errorf("%s: %v, %d bad\n%v", test.name, got.err, got.src.Bad, got)
			continue
		}
		f := &got.rows[0]
		if raw := got.symbols.Text(f.RawState); raw != test.raw || f.State != test.state {
			t.Errorf("%s: %s %v, want %s %v", test.name, raw, f.State, test.raw, test.state)
		}
		if f.Orient != test.orient || f.Src.String() != hosts[test.src] {
			t.Errorf("%s: originator %v by %v, want %v by %v", test.name, f.Src, f.Orient, test.src, test.orient)
		}
	}
}

// What comes between the same two ports may be another connection.
func TestConnectionsOfTheSamePorts(t *testing.T) {
	for _, test := range []struct{ name, packets, want string }{
		{"another SYN behind a refusal", `0 a:9>b:80 S=1
			0.1 b:80>a:9 RA
			0.2 a:9>b:80 S=2
			0.3 b:80>a:9 SA=5`, `1 192.0.2.1:9>198.51.100.2:80 tcp 1/1 REJ rejected
3 192.0.2.1:9>198.51.100.2:80 tcp 1/1 S1 established
`},
		{"the same SYN behind a refusal", `0 a:9>b:80 S=1
			0.1 b:80>a:9 RA
			0.2 a:9>b:80 S=1`, `1 192.0.2.1:9>198.51.100.2:80 tcp 2/1 REJ rejected
`},
		{"another attempt", `0 a:9>b:80 S=1
			1 a:9>b:80 S=2`, `1 192.0.2.1:9>198.51.100.2:80 tcp 1/0 S0 attempt
2 192.0.2.1:9>198.51.100.2:80 tcp 1/0 S0 attempt
`},
		{"a SYN within an old connection", `0 a:9>b:80 PA 10
			1 b:80>a:9 A
			9 a:9>b:80 S=2
			10 b:80>a:9 SA=9`, `1 192.0.2.1:9>198.51.100.2:80 tcp 1/1 OTH partial
3 192.0.2.1:9>198.51.100.2:80 tcp 1/1 S1 established
`},
		{"roles change", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			2 a:9>b:80 R
			3 b:80>a:9 S=9`, `1 192.0.2.1:9>198.51.100.2:80 tcp 2/1 RSTO reset_orig
4 198.51.100.2:80>192.0.2.1:9 tcp 1/0 S0 attempt
`},
		{"stragglers of a closed connection", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			2 a:9>b:80 R
			3 b:80>a:9 A
			9 b:80>a:9 A`, `1 192.0.2.1:9>198.51.100.2:80 tcp 2/2 RSTO reset_orig
5 198.51.100.2:80>192.0.2.1:9 tcp 1/0 OTH partial
`},
		{"UDP after a minute of silence", `0 a:9>b:53 u
			60 b:53>a:9 u
			120.1 a:9>b:53 u`, `1 192.0.2.1:9>198.51.100.2:53 udp 1/1 SF closed
3 192.0.2.1:9>198.51.100.2:53 udp 1/0 S0 attempt
`},
		{"TCP after five minutes of silence", `0 a:9>b:80 S=1
			1 b:80>a:9 SA=5
			301 a:9>b:80 A
			601.1 a:9>b:80 A`, `1 192.0.2.1:9>198.51.100.2:80 tcp 2/1 S1 established
4 192.0.2.1:9>198.51.100.2:80 tcp 1/0 OTH partial
`},
		{"in the order of their ends", `0 a:1>b:80 S=1
			0 a:2>b:80 S=1
			0.1 a:3>b:53 u
			0.2 b:80>a:2 RA
			6 a:4>b:53 u
			41 a:5>b:53 u`, `2 192.0.2.1:2>198.51.100.2:80 tcp 1/1 REJ rejected
1 192.0.2.1:1>198.51.100.2:80 tcp 1/0 S0 attempt
3 192.0.2.1:3>198.51.100.2:53 udp 1/0 S0 attempt
5 192.0.2.1:4>198.51.100.2:53 udp 1/0 S0 attempt
6 192.0.2.1:5>198.51.100.2:53 udp 1/0 S0 attempt
`},
		{"messages do not answer each other", `0 a>b i3.11
			0 b>a i11.3
			1 a>b i3.11`, `2 198.51.100.2:0>192.0.2.1:0 icmp 1/0 OTH partial
1 192.0.2.1:0>198.51.100.2:0 icmp 2/0 OTH partial
`},
		{"to oneself", `0 a:9>a:9 S=1
			1 a:9>a:9 SA=1`, `1 192.0.2.1:9>192.0.2.1:9 tcp 2/0 S0 attempt
`},
	} {
		if got := read(t, newCapture(layers.LinkTypeEthernet).packets(test.packets).Bytes()); got.String() != test.want {
			t.Errorf("%s:\n%vwant\n%s", test.name, got, test.want)
		}
	}
}
