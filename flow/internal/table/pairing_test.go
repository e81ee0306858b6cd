package table

import (
	"testing"

	"seine/flow"
)

// talk is a row of a sender who was answered, on the i-th port.
func talk(i int) flow.Record {
	r := flow.Record{Proto: flow.TCP, SrcPort: uint16(40000 + i), DstPort: 443, SrcFlags: flow.SYN | flow.ACK | flow.PSH, Has: flow.HasFlags}
	r.Src, _ = flow.ParseAddr([]byte("192.0.2.1"))
	r.Dst, _ = flow.ParseAddr([]byte("198.51.100.7"))
	return r
}

func TestOneDirectionIsKnownByWhatWasAnswered(t *testing.T) {
	for name, test := range map[string]struct {
		change     func(i int, r *flow.Record)
		rows       int
		both, lone bool
	}{
		"answered, no answers":  {func(int, *flow.Record) {}, 20, false, true},
		"too few":               {func(int, *flow.Record) {}, 19, false, false},
		"a scan":                {func(_ int, r *flow.Record) { r.SrcFlags = flow.SYN }, 100, false, false},
		"refusals":              {func(_ int, r *flow.Record) { r.SrcFlags = flow.RST | flow.ACK }, 100, false, false},
		"UDP":                   {func(_ int, r *flow.Record) { r.Proto = flow.UDP }, 100, false, false},
		"one answer among many": {func(i int, r *flow.Record) { reply(i == 99, r) }, 100, true, false},
		"data without flags": {func(_ int, r *flow.Record) {
			r.Has, r.SrcPkts, r.SrcBytes = flow.HasSrcBytes|flow.HasSrcPkts, 10, 5000
		}, 20, false, true},
		"tries without flags": {func(_ int, r *flow.Record) {
			r.Has, r.SrcPkts, r.SrcBytes = flow.HasSrcBytes|flow.HasSrcPkts, 6, 360
		}, 100, false, false},
	} {
		var p Pairing
		for i := range test.rows {
			r := talk(i)
			test.change(i, &r)
			p.Add(&r)
		}
		if p.Both() != test.both || p.OneSided() != test.lone {
			t.Errorf("%s: both %v, one-sided %v", name, p.Both(), p.OneSided())
		}
	}
}

// reply turns a row into the answer to the first one.
func reply(do bool, r *flow.Record) {
	if do {
		r.Src, r.Dst, r.SrcPort, r.DstPort = r.Dst, r.Src, 443, 40000
	}
}
