package netflow

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	oracle "github.com/netsampler/goflow2/v2/decoders/netflow"
	"github.com/netsampler/goflow2/v2/decoders/netflowlegacy"
	oraclesflow "github.com/netsampler/goflow2/v2/decoders/sflow"

	"seine/flow"
)

// The decoders of goflow2 read the same datagrams. They are no part of Seine
// itself: a template of no bytes, or a withdrawn one, has them loop for ever,
// and a count in an expanded flow sample has them ask for any amount of
// memory, which ends the process.

// brief is what the two are compared by.
func brief(src, dst []byte, sport, dport, octets, packets any) string {
	return fmt.Sprintf("%v:%v > %v:%v %v B %v P", addrOf(src), sport, addrOf(dst), dport, octets, packets)
}

func addrOf(b []byte) flow.Addr {
	a, err := address(b)
	if err != nil {
		panic(err)
	}
	return a
}

func ours(t *testing.T, data []byte) (out []string) {
	t.Helper()
	_, rows := readAll(t, data)
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%v:%v > %v:%v %v B %v P", r.Src, r.SrcPort, r.Dst, r.DstPort, r.SrcBytes, r.SrcPkts))
	}
	return out
}

func number(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

func TestOracleNetFlow5(t *testing.T) {
	data := v5(3_600_000, noon, 0,
		flow5("192.0.2.1", "198.51.100.1", 40001, 443, 6, 0x1b, 10, 5000, 3_590_000, 3_595_000),
		flow5("192.0.2.7", "198.51.100.2", 40002, 53, 17, 0, 0x01020304, 0xfffffffe, 3_590_000, 3_595_000))
	var p netflowlegacy.PacketNetFlowV5
	if err := netflowlegacy.DecodeMessageVersion(bytes.NewBuffer(data), &p); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range p.Records {
		want = append(want, brief(b32(uint32(r.SrcAddr)), b32(uint32(r.DstAddr)), r.SrcPort, r.DstPort, r.DOctets, r.DPkts))
	}
	if d := cmp.Diff(want, ours(t, data)); d != "" || len(want) != 2 {
		t.Error("-goflow2 +seine\n", d)
	}
}

func TestOracleTemplates(t *testing.T) {
	for name, data := range map[string][][]byte{
		"NetFlow v9": {
			v9(10_000, noon, setOf(0, templateOf(256, plain...), templateOf(257, 60, 1, 27, 16, 28, 16, 10, 4, 14, 4, 2, 8, 1, 8, 7, 2, 11, 2))),
			v9(10_000, noon, setOf(1, b16(300, 4, 8), b16(1, 4, 48, 1, 50, 4)), setOf(300, b32(1), b8(1), b32(1))),
			v9(11_000, noon+1, setOf(256, plainFlow(1, 4000, 9000), plainFlow(2, 4000, 9000), b8(0)),
				setOf(257, b8(6), ip("2001:db8::1"), ip("2001:db8::2"), b32(1, 2), b64(3), b64(1<<40), b16(1, 2))),
		},
		"IPFIX": {
			message(noon, setOf(2, templateOf(256, plain...), cat(b16(257, 8, 8, 4, 12, 4, 82, 0xffff, 0x8007, 2), b32(99999), b16(7, 2, 11, 2, 1, 3, 2, 1)))),
			message(noon, setOf(3, b16(301, 2, 1), b16(149, 4, 160, 8)), setOf(301, b32(7), b64((noon-100)*1000))),
			message(noon+1, setOf(256, plainFlow(1, 4000, 9000), plainFlow(2, 4000, 9000)),
				setOf(257, ip("192.0.2.1"), ip("198.51.100.1"), b8(3), []byte("eth"), b16(0xffff, 5, 6), b8(1, 0, 0, 9))),
		},
	} {
		t.Run(name, func(t *testing.T) {
			templates := oracle.CreateTemplateSystem()
			var want []string
			for _, b := range data {
				var p9 oracle.NFv9Packet
				var p10 oracle.IPFIXPacket
				// Padding and values of any length are an error to goflow2 at
				// the end of a set; the last test set has neither.
				if err := oracle.DecodeMessageVersion(bytes.NewBuffer(b), templates, &p9, &p10); err != nil {
					t.Log(err)
				}
				for _, s := range append(p9.FlowSets, p10.FlowSets...) {
					set, ok := s.(oracle.DataFlowSet)
					if !ok {
						continue
					}
					for _, r := range set.Records {
						f := map[uint16][]byte{}
						for _, v := range r.Values {
							if !v.PenProvided {
								f[v.Type] = v.Value.([]byte)
							}
						}
						src, dst := f[8], f[12]
						if src == nil {
							src, dst = f[27], f[28]
						}
						want = append(want, brief(src, dst, number(f[7]), number(f[11]), number(f[1]), number(f[2])))
					}
				}
			}
			if d := cmp.Diff(want, ours(t, cat(data...))); d != "" || len(want) != 3 {
				t.Errorf("%d records; -goflow2 +seine\n%s", len(want), d)
			}
		})
	}
}

func TestOracleSFlow(t *testing.T) {
	head := cat(b8(0x45, 0), b16(1500, 1, 0), b8(64, 6), b16(0), ip("192.0.2.8"), ip("198.51.100.8"), b16(40008, 443), b32(1, 1), b8(0x50, 0x18), b16(1, 0, 0))
	data := sflowOf(sampleOf(400, 11, 1500, head), sampleOf(7, 11, 99, head))
	var p oraclesflow.Packet
	if err := oraclesflow.DecodeMessageVersion(bytes.NewBuffer(data), &p); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, s := range p.Samples {
		sample := s.(oraclesflow.FlowSample)
		h := sample.Records[0].Data.(oraclesflow.SampledHeader)
		want = append(want, brief(h.HeaderData[12:16], h.HeaderData[16:20], number(h.HeaderData[20:22]), number(h.HeaderData[22:24]),
			sample.SamplingRate*h.FrameLength, sample.SamplingRate))
	}
	got := ours(t, captureOf(sent{"192.0.2.254", 6343, noon * flow.Second, data, 0}))
	if d := cmp.Diff(want, got); d != "" || len(want) != 2 {
		t.Error("-goflow2 +seine\n", d)
	}
}
