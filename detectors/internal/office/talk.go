package office

import (
	"math"

	"seine/flow"
)

const (
	frame = 1448.0 // payload of a full TCP packet
	head4 = 40.0   // headers of a TCP packet
	head2 = 28.0   // of a UDP or ICMP packet
)

// names are the services that Zeek would name.
var names = map[uint16]string{
	22: "ssh", 25: "smtp", 53: "dns", 80: "http", 88: "krb_tcp", 389: "ldap", 443: "ssl", 445: "smb", 587: "smtp", 993: "ssl",
	123: "ntp", 3389: "rdp", 5060: "sip", 8883: "ssl", 161: "snmp", 67: "dhcp", 1433: "tds",
}

// write logs a flow.
func (w *Week) write(t, lasts float64, r flow.Record) *flow.Record {
	r.Start, r.Duration = clock(t), flow.Time(max(0, lasts)*1e9)
	r.Has = w.Fields() &^ flow.HasService
	if r.Proto != flow.ICMP {
		r.Has &^= flow.HasICMP
	} else {
		r.Has &^= flow.HasSrcPort | flow.HasDstPort
	}
	if r.Proto != flow.TCP {
		r.Has &^= flow.HasFlags
		if !w.Zeek {
			r.State = flow.StateUnknown
			r.Has &^= flow.HasState
		}
	}
	e := entry{logged: r.Start, Record: r}
	if w.Zeek {
		e.logged = r.End() + flow.Time(w.Float64()*1e9)
		if r.Proto == flow.UDP {
			e.logged += 60e9 // when it has been quiet for so long
		}
		if r.SrcBytes > 0 && r.DstBytes > 0 {
			if name := names[r.DstPort]; name != "" {
				s, ok := w.services[name]
				if !ok {
					s = w.Symbols.Add([]byte(name))
					w.services[name] = s
				}
				e.Service = s
				e.Has |= flow.HasService
			}
		}
	}
	w.rows = append(w.rows, e)
	return &w.rows[len(w.rows)-1].Record
}

// bytes is the size as it is logged.
func (w *Week) bytes(payload, packets, header float64) uint64 {
	if w.Zeek {
		return uint64(payload)
	}
	return uint64(payload + packets*header)
}

// ephemeral is a port of a client.
func (w *Week) ephemeral() uint16 { return uint16(49152 + w.IntN(16384)) }

// tcp is a connection that does its work, up and down in payload bytes.
func (w *Week) tcp(t, lasts float64, c, s flow.Addr, port uint16, up, down float64) *flow.Record {
	sent := 4 + math.Ceil(up/frame) + math.Ceil(down/frame/2)
	got := 3 + math.Ceil(down/frame) + math.Ceil(up/frame/2)
	r := flow.Record{
		Src: c, Dst: s, SrcPort: w.ephemeral(), DstPort: port, Proto: flow.TCP, State: flow.StateClosed,
		SrcFlags: flow.SYN | flow.ACK | flow.PSH | flow.FIN, DstFlags: flow.SYN | flow.ACK | flow.PSH | flow.FIN,
		SrcPkts: uint64(sent), DstPkts: uint64(got), SrcBytes: w.bytes(up, sent, head4), DstBytes: w.bytes(down, got, head4),
	}
	switch x := w.Float64(); {
	case x < 0.04:
		r.State = flow.StateResetOrig
		r.SrcFlags |= flow.RST
	case x < 0.06:
		r.State = flow.StateResetResp
		r.DstFlags |= flow.RST
	}
	return w.write(t, lasts, r)
}

// silent is a connection that nobody answers.
func (w *Week) silent(t float64, c, s flow.Addr, port uint16) *flow.Record {
	tries := 1 + w.IntN(3)
	return w.write(t, []float64{0, 1, 3}[tries-1]*w.between(0.99, 1.02), flow.Record{
		Src: c, Dst: s, SrcPort: w.ephemeral(), DstPort: port, Proto: flow.TCP, State: flow.StateAttempt,
		SrcFlags: flow.SYN, SrcPkts: uint64(tries), SrcBytes: w.bytes(0, float64(tries), 52),
	})
}

// refused is a connection that is reset at once.
func (w *Week) refused(t float64, c, s flow.Addr, port uint16) *flow.Record {
	return w.write(t, w.around(0.002, 1), flow.Record{
		Src: c, Dst: s, SrcPort: w.ephemeral(), DstPort: port, Proto: flow.TCP, State: flow.StateRejected,
		SrcFlags: flow.SYN, DstFlags: flow.RST | flow.ACK, SrcPkts: 1, DstPkts: 1,
		SrcBytes: w.bytes(0, 1, 52), DstBytes: w.bytes(0, 1, 40),
	})
}

// udp is an exchange of datagrams; with nothing down it is not answered.
func (w *Week) udp(t, lasts float64, c, s flow.Addr, port uint16, up, down float64) *flow.Record {
	sent, got := max(1, math.Ceil(up/1300)), math.Ceil(down/1300)
	r := flow.Record{
		Src: c, Dst: s, SrcPort: w.ephemeral(), DstPort: port, Proto: flow.UDP, State: flow.StateClosed,
		SrcPkts: uint64(sent), DstPkts: uint64(got), SrcBytes: w.bytes(up, sent, head2), DstBytes: w.bytes(down, got, head2),
	}
	if got == 0 {
		r.State = flow.StateAttempt
	}
	return w.write(t, lasts, r)
}

// ping is a run of echo requests.
func (w *Week) ping(t float64, c, s flow.Addr, n, answered, size float64) *flow.Record {
	r := flow.Record{
		Src: c, Dst: s, Proto: flow.ICMP, ICMPType: 8, State: flow.StateClosed,
		SrcPkts: uint64(n), DstPkts: uint64(answered), SrcBytes: w.bytes(n*size, n, head2), DstBytes: w.bytes(answered*size, answered, head2),
	}
	if answered == 0 {
		r.State = flow.StateAttempt
	}
	return w.write(t, n-1+w.around(0.004, 1), r)
}

// ask is a question to a name server.
func (w *Week) ask(t float64, c, s flow.Addr) {
	w.udp(t, w.around(0.01, 1.2), c, s, 53, w.between(28, 60), w.between(60, 420))
}
