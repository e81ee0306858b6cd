package contact

import (
	"testing"

	"seine/flow"
)

const counted = flow.HasBytes | flow.HasPkts | flow.HasSrcPort | flow.HasDstPort | flow.HasState

func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		r    flow.Record
		want flow.Outcome
	}{
		"a session":                           {flow.Record{Proto: flow.TCP, State: flow.StateClosed}, flow.Answered},
		"no answer":                           {flow.Record{Proto: flow.TCP, State: flow.StateAttempt}, flow.Silent},
		"a refusal":                           {flow.Record{Proto: flow.TCP, State: flow.StateRejected}, flow.Refused},
		"stopped by a firewall":               {flow.Record{Proto: flow.UDP, State: flow.StateDenied}, flow.Silent},
		"seen from the middle":                {flow.Record{Proto: flow.TCP, State: flow.StatePartial, Has: counted, DstPkts: 50}, flow.OutcomeUnknown},
		"TCP of which nothing is told":        {flow.Record{Proto: flow.TCP}, flow.OutcomeUnknown},
		"TCP without a state that went on":    {flow.Record{Proto: flow.TCP, Has: flow.HasPkts, SrcPkts: 9, DstPkts: 9}, flow.Answered},
		"UDP without a state, answered":       {flow.Record{Proto: flow.UDP, Has: flow.HasPkts, SrcPkts: 1, DstPkts: 1}, flow.Answered},
		"UDP without a state, not answered":   {flow.Record{Proto: flow.UDP, Has: flow.HasPkts, SrcPkts: 1}, flow.Silent},
		"UDP of one direction":                {flow.Record{Proto: flow.UDP, Has: flow.HasSrcPkts, SrcPkts: 1}, flow.OutcomeUnknown},
		"reset after a talk":                  {flow.Record{Proto: flow.TCP, State: flow.StateResetResp, Has: counted, SrcBytes: 900, DstBytes: 4000, DstPkts: 9}, flow.Answered},
		"a lone reset":                        {flow.Record{Proto: flow.TCP, State: flow.StateResetResp, Has: flow.HasBytes, SrcBytes: 60, DstBytes: 40}, flow.Refused},
		"a lone reset after three SYNs":       {flow.Record{Proto: flow.TCP, State: flow.StateResetOrig, Has: flow.HasBytes, SrcBytes: 180, DstBytes: 40}, flow.Refused},
		"payload of forty bytes, two packets": {flow.Record{Proto: flow.TCP, State: flow.StateResetResp, Has: counted, SrcBytes: 60, DstBytes: 40, DstPkts: 2}, flow.Answered},
		"reset, payload of nothing":           {flow.Record{Proto: flow.TCP, State: flow.StateResetResp, Has: flow.HasBytes}, flow.Answered},
		"a ping that was answered":            {flow.Record{Proto: flow.ICMP, Has: flow.HasICMP | flow.HasPkts, ICMPType: 8, SrcPkts: 1, DstPkts: 1, State: flow.StatePartial}, flow.Answered},
		"a ping that was not":                 {flow.Record{Proto: flow.ICMP, Has: flow.HasICMP | flow.HasPkts, ICMPType: 8, SrcPkts: 1, State: flow.StatePartial}, flow.Silent},
		"an unreachable is no attempt":        {flow.Record{Proto: flow.ICMP, Has: flow.HasICMP | flow.HasPkts, ICMPType: 3, SrcPkts: 1}, flow.OutcomeUnknown},
		"a ping of which nothing is told":     {flow.Record{Proto: flow.ICMPv6, Has: flow.HasICMP, ICMPType: 128}, flow.OutcomeUnknown},
	} {
		if got := Of(&c.r); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if flow.Answered.Failed() || flow.OutcomeUnknown.Failed() || !flow.Refused.Failed() || !flow.Silent.Failed() {
		t.Error("what has failed is what was refused or silent")
	}
}

func TestRepliesAndBackscatter(t *testing.T) {
	ports := flow.HasSrcPort | flow.HasDstPort
	for name, c := range map[string]struct {
		r             flow.Record
		reply, echoed bool
	}{
		"a visit":                         {flow.Record{Proto: flow.TCP, Has: ports, SrcPort: 40000, DstPort: 443}, false, false},
		"its answer, without a state":     {flow.Record{Proto: flow.TCP, Has: ports, SrcPort: 443, DstPort: 40000}, true, false},
		"SSDP answering":                  {flow.Record{Proto: flow.UDP, Has: ports, SrcPort: 1900, DstPort: 50123}, true, false},
		"NTP between servers":             {flow.Record{Proto: flow.UDP, Has: ports, SrcPort: 123, DstPort: 123}, false, false},
		"a connection from port 443":      {flow.Record{Proto: flow.TCP, Has: ports | flow.HasFlags, SrcPort: 443, DstPort: 40000, SrcFlags: flow.SYN | flow.ACK, DstFlags: flow.SYN | flow.ACK}, false, false},
		"a SYN and ACK out of nothing":    {flow.Record{Proto: flow.TCP, Has: ports | flow.HasFlags, SrcPort: 80, DstPort: 40000, SrcFlags: flow.SYN | flow.ACK}, true, true},
		"a reset out of nothing":          {flow.Record{Proto: flow.TCP, Has: ports | flow.HasFlags, SrcPort: 80, DstPort: 40000, SrcFlags: flow.RST | flow.ACK}, true, true},
		"an attempt from port 80 to 22":   {flow.Record{Proto: flow.TCP, Has: ports, SrcPort: 80, DstPort: 22}, false, false},
		"an established row from port 22": {flow.Record{Proto: flow.TCP, Has: ports, SrcPort: 22, DstPort: 50000, State: flow.StateEstablished}, false, false},
	} {
		if got := Reply(&c.r); got != c.reply {
			t.Errorf("%s: reply %v, want %v", name, got, c.reply)
		}
		if got := Backscatter(&c.r); got != c.echoed {
			t.Errorf("%s: backscatter %v, want %v", name, got, c.echoed)
		}
	}
}

func TestServed(t *testing.T) {
	served := flow.Record{
		Proto: flow.TCP, State: flow.StateClosed, SrcPort: 40000, DstPort: 443, SrcBytes: 900, DstBytes: 9000, SrcPkts: 9, DstPkts: 9,
		Has: flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasState,
	}
	for name, change := range map[string]func(*flow.Record){
		"attempt":            func(r *flow.Record) { r.State = flow.StateAttempt },
		"refused":            func(r *flow.Record) { r.State = flow.StateRejected },
		"seen in the middle": func(r *flow.Record) { r.State = flow.StatePartial },
		"a handshake":        func(r *flow.Record) { r.SrcPkts, r.DstPkts, r.DstBytes = 2, 1, 40 },
		"opened and closed":  func(r *flow.Record) { r.SrcPkts, r.DstPkts, r.SrcBytes, r.DstBytes = 4, 3, 208, 156 },
		"nothing said":       func(r *flow.Record) { r.DstBytes = 0 },
		"direction guessed":  func(r *flow.Record) { r.Orient = flow.OrientPort },
		"a reply":            func(r *flow.Record) { r.Proto, r.SrcPort, r.DstPort = flow.UDP, 53, 40000 },
	} {
		r := served
		change(&r)
		if r.Outcome, r.Reply = Of(&r), Reply(&r); Served(&r) {
			t.Errorf("%s: taken for a service that answered", name)
		}
	}
	for name, change := range map[string]func(*flow.Record){
		"all of it":  func(*flow.Record) {},
		"no packets": func(r *flow.Record) { r.Has &^= flow.HasPkts },
		"no bytes":   func(r *flow.Record) { r.Has &^= flow.HasBytes; r.SrcBytes, r.DstBytes = 0, 0 },
		"UDP":        func(r *flow.Record) { r.Proto, r.SrcPkts, r.DstPkts = flow.UDP, 1, 1 },
		"reset":      func(r *flow.Record) { r.State = flow.StateResetOrig },
	} {
		r := served
		change(&r)
		if r.Outcome, r.Reply = Of(&r), Reply(&r); !Served(&r) {
			t.Errorf("%s: not taken for a service that answered", name)
		}
	}
}
