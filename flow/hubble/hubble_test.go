package hubble

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

func TestGolden(t *testing.T) { flowtest.Golden(t, Format()) }

func TestMatch(t *testing.T) {
	for head, want := range map[string]string{
		"":      "not JSON",
		"a,b\n": "not JSON",
		`{"a`:   "no JSON object is whole",
		`{"event_type":"flow","src_ip":"192.0.2.1","flow":{"state":"new"}}`: "JSON without verdict",
		`{"verdict":"FORWARDED","IP":{"source":"192.0.2.1"}}`:               "JSON without verdict",
		`{"class_uid":4001}`: "JSON without verdict",
	} {
		if score, reason := match([]byte(head)); score != 0 || !strings.Contains(reason, want) {
			t.Errorf("%q: %d %q, want %q", head, score, reason, want)
		}
	}
}

func TestEventsThatAreNoPacketsAreRefusedWithAdvice(t *testing.T) {
	const text = `{"flow":{"time":"2026-01-01T00:00:05Z","verdict":"FORWARDED","l7":{},"Type":"L7"}}`
	if score, _ := match([]byte(text)); score == 0 {
		t.Error("not recognised")
	}
	src := flow.BytesSource("x", []byte(text), &flow.Options{Symbols: flow.NewSymbols()})
	if _, err := open(src); err == nil || !strings.Contains(err.Error(), "field mask") {
		t.Error(err)
	}
}

// Both directions of a connection read with the same source and destination.
func TestAnswersAreTurnedRound(t *testing.T) {
	const event = `{"flow":{"time":"2026-01-01T00:00:00Z","verdict":"FORWARDED","IP":{"source":%q,"destination":%q},"l4":{"TCP":{"source_port":%d,"destination_port":%d,"flags":{%s}}},"is_reply":%t}}` + "\n"
	text := fmt.Sprintf(event, "192.0.2.1", "192.0.2.2", 40000, 80, `"SYN":true`, false) + fmt.Sprintf(event, "192.0.2.2", "192.0.2.1", 80, 40000, `"SYN":true,"ACK":true`, true)
	src := flow.BytesSource("x", []byte(text), &flow.Options{Symbols: flow.NewSymbols()})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	a, b := rows[0], rows[1]
	if a.Src != b.Src || a.Dst != b.Dst || a.SrcPort != b.SrcPort || a.DstPort != b.DstPort {
		t.Errorf("%+v\n%+v", a, b)
	}
	if a.SrcFlags != flow.SYN || a.DstFlags != 0 || b.SrcFlags != 0 || b.DstFlags != flow.SYN|flow.ACK {
		t.Errorf("flags %v_%v and %v_%v", a.SrcFlags, a.DstFlags, b.SrcFlags, b.DstFlags)
	}
	if src.Stitch.Halves || !src.Stitch.Pieces || !src.Stitch.Copies || src.Stitch.Silence || !src.Stitch.Auto {
		t.Errorf("%+v", src.Stitch)
	}
}

// The events of a connection become one flow, whose state follows from the
// flags of both sides.
func TestStitchedEventsTellTheState(t *testing.T) {
	type packet struct {
		flags string
		reply bool
	}
	const open, answer, ack = `"SYN":true`, `"SYN":true,"ACK":true`, `"ACK":true`
	const fin, reset = `"FIN":true,"ACK":true`, `"RST":true,"ACK":true`
	for _, test := range []struct {
		name    string
		packets []packet
		want    flow.State
	}{
		{"a SYN alone", []packet{{open, false}, {open, false}}, flow.StateUnknown},
		{"a handshake", []packet{{open, false}, {answer, true}, {ack, false}}, flow.StateEstablished},
		{"to the end", []packet{{open, false}, {answer, true}, {ack, false}, {fin, false}, {fin, true}}, flow.StateClosed},
		{"refused", []packet{{open, false}, {reset, true}}, flow.StateRejected},
		{"reset by the responder", []packet{{open, false}, {answer, true}, {ack, false}, {reset, true}}, flow.StateResetResp},
		{"reset by the originator", []packet{{open, false}, {answer, true}, {reset, false}}, flow.StateResetOrig},
		{"from the middle", []packet{{ack, false}, {ack, true}}, flow.StatePartial},
	} {
		var text []byte
		for i, p := range test.packets {
			src, dst, srcPort, dstPort := "192.0.2.1", "192.0.2.2", 40000, 80
			if p.reply {
				src, dst, srcPort, dstPort = dst, src, dstPort, srcPort
			}
			for node := range 2 { // both ends log it
				text = fmt.Appendf(text, `{"flow":{"time":"2026-01-01T00:00:00.%d%dZ","verdict":"FORWARDED","IP":{"source":%q,"destination":%q},"l4":{"TCP":{"source_port":%d,"destination_port":%d,"flags":{%s}}},"is_reply":%t}}`+"\n",
					i, node, src, dst, srcPort, dstPort, p.flags, p.reply)
			}
		}
		src := flow.BytesSource("x", text, &flow.Options{Symbols: flow.NewSymbols()})
		r, err := Format().Open(src)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := flow.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		s := flow.NewStitcher(src.Stitch, flow.StitchOptions{})
		s.Add(rows)
		s.Flush()
		if got := s.Ready(); len(got) != 1 || got[0].State != test.want || got[0].SrcPort != 40000 {
			t.Errorf("%s: want one flow, %v; got %+v", test.name, test.want, got)
		}
	}
}

func TestWhereFewEventsHaveIsReplyTheyMayBeEitherHalf(t *testing.T) {
	const event = `{"time":"2026-01-01T00:00:00Z","verdict":%q,"IP":{"source":"192.0.2.1","destination":"192.0.2.2"},"l4":{"UDP":{"source_port":1,"destination_port":2}}}` + "\n"
	for verdict, want := range map[string]bool{"FORWARDED": true, "DROPPED": false} { // of a drop there is no answer
		src := flow.BytesSource("x", fmt.Appendf(nil, event, verdict), &flow.Options{Symbols: flow.NewSymbols()})
		if _, err := open(src); err != nil {
			t.Fatal(err)
		}
		if src.Stitch.Halves != want {
			t.Errorf("%s: %+v", verdict, src.Stitch)
		}
	}
}

func FuzzHubble(f *testing.F) {
	inputs, _ := filepath.Glob("testdata/*.txt")
	for _, name := range inputs {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		for line := range strings.Lines(string(data)) {
			f.Add([]byte(line))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if score, why := match(data); score == 0 && why == "" {
			t.Fatal("refused without a reason")
		}
		src := flow.BytesSource("x", data, &flow.Options{Chunk: 300, Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			return
		}
		rows, _ := flow.ReadAll(r) // an array may be cut short
		if src.Rows != uint64(len(rows)) {
			t.Fatalf("%d rows, %d counted", len(rows), src.Rows)
		}
		for _, b := range src.BadRows {
			if strings.Contains(b.Reason, "decoder failed") {
				t.Fatal(b)
			}
		}
		for i := range rows {
			r := &rows[i]
			if r.Has&(flow.HasStart|flow.HasAddrs|flow.HasState) != flow.HasStart|flow.HasAddrs|flow.HasState || r.Has&^src.Fields != 0 || src.Fields&^fields != 0 {
				t.Fatalf("%+v of %v", r, src.Fields.Names())
			}
			if r.Has&flow.HasFlags == 0 && r.SrcFlags|r.DstFlags != 0 || r.SrcFlags != 0 && r.DstFlags != 0 {
				t.Fatalf("flags of both sides in one packet: %+v", r)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) { flowtest.Bench(b, Format(), "", row) }

func TestAllocations(t *testing.T) { flowtest.Allocations(t, Format(), "", row) }

// What the first events lack, the later ones may have.
func TestLateFieldsAreRead(t *testing.T) {
	first := `{"flow":{"time":"2026-01-01T00:00:00Z","verdict":"FORWARDED","IP":{"source":"10.0.0.1","destination":"10.0.0.2"},"l4":{"UDP":{"source_port":1,"destination_port":53}},"Type":"L3_L4","is_reply":false}}` + "\n"
	later := string(row(nil, 0))
	for n, want := range map[int]flow.Fields{1: fields, 1000: fields} {
		src := flow.BytesSource("x", []byte(strings.Repeat(first, n)+later), &flow.Options{Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := flow.ReadAll(r)
		if err != nil || len(rows) != n+1 || src.Fields != want {
			t.Fatal(len(rows), src.Fields.Names(), err)
		}
		if last := rows[n]; last.SrcFlags != flow.PSH|flow.ACK || last.Label == 0 || last.Has&(flow.HasFlags|flow.HasLabel) != flow.HasFlags|flow.HasLabel {
			t.Errorf("%+v", last)
		}
	}
	src := flow.BytesSource("x", []byte(first), &flow.Options{Symbols: flow.NewSymbols()})
	if _, err := open(src); err != nil || src.Fields&(flow.HasFlags|flow.HasLabel) != 0 {
		t.Error(src.Fields.Names(), err)
	}
}

func row(b []byte, i int) []byte {
	return fmt.Appendf(b, `{"flow":{"time":"2026-01-01T00:00:%02d.%09dZ","uuid":"047846e8-5d33-4999-8a35-c01977527c0d","verdict":"FORWARDED","ethernet":{"source":"02:00:00:00:00:01","destination":"02:00:00:00:00:02"},"IP":{"source":"10.0.%d.%d","destination":"10.0.1.178","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":%d,"destination_port":8080,"flags":{"PSH":true,"ACK":true}}},"source":{"ID":1501,"identity":39459,"namespace":"shop","labels":["k8s:app=cart"],"pod_name":"cart-%d"},"destination":{"ID":2273,"identity":17221,"namespace":"shop","labels":["k8s:app=db"],"pod_name":"db-0"},"Type":"L3_L4","node_name":"a","event_type":{"type":4},"traffic_direction":"EGRESS","trace_observation_point":"TO_ENDPOINT","is_reply":%t,"Summary":"TCP Flags: ACK, PSH"},"node_name":"a","time":"2026-01-01T00:00:00Z"}`+"\n",
		i/5000%60, i, i>>8&255, i&255, 1024+i%60000, i&31, i&1 == 1)
}
