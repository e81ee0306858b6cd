package zeek

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"seine/flow"
)

const tsvHeader = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n" +
	"#open\t2026-03-10-09-00-00\n" +
	"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\t" +
	"conn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n" +
	"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tbool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n"

// traffic makes n connections and has each written by row.
func traffic(n int, row func(b []byte, ts float64, uid, src string, sport int, dst string, dport int, proto, service, dur string, up, down int, state, hist string) []byte) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	kinds := []struct{ proto, service, state, hist string }{
		{"tcp", "ssl", "SF", "ShADadFf"}, {"tcp", "http", "SF", "ShADadfF"}, {"udp", "dns", "SF", "Dd"},
		{"tcp", "", "S0", "S"}, {"udp", "ntp", "SF", "Dd"}, {"tcp", "", "REJ", "Sr"}, {"tcp", "ssl", "RSTO", "ShADadR"},
	}
	var b []byte
	for i := range n {
		uid := []byte("C")
		for range 16 + rng.IntN(2) {
			uid = append(uid, letters[rng.IntN(len(letters))])
		}
		k := kinds[rng.IntN(len(kinds))]
		src := fmt.Sprintf("192.168.%d.%d", rng.IntN(8), rng.IntN(256))
		dst := fmt.Sprintf("203.0.113.%d", rng.IntN(256))
		if rng.IntN(20) == 0 {
			src, dst = fmt.Sprintf("2001:db8::%x", rng.IntN(65536)), fmt.Sprintf("2001:db8:1::%x", rng.IntN(65536))
		}
		dur := ""
		if k.state != "S0" {
			dur = fmt.Sprintf("%.6f", rng.Float64()*20)
		}
		b = row(b, 1773133200+float64(i)/50, string(uid), src, 1024+rng.IntN(64000), dst, rng.IntN(1+rng.IntN(65535)),
			k.proto, k.service, dur, rng.IntN(1+rng.IntN(1<<20)), rng.IntN(1+rng.IntN(1<<20)), k.state, k.hist)
	}
	return b
}

func orUnset(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func tsvTrace(n int) []byte {
	return append([]byte(tsvHeader), traffic(n, func(b []byte, ts float64, uid, src string, sport int, dst string, dport int,
		proto, service, dur string, up, down int, state, hist string) []byte {
		return fmt.Appendf(b, "%.6f\t%s\t%s\t%d\t%s\t%d\t%s\t%s\t%s\t%d\t%d\t%s\tT\tF\t0\t%s\t%d\t%d\t%d\t%d\t(empty)\n",
			ts, uid, src, sport, dst, dport, proto, orUnset(service), orUnset(dur), up, down, state, hist, 1+up/1000, up+40, 1+down/1000, down+40)
	})...)
}

func jsonTrace(n int) []byte {
	return traffic(n, func(b []byte, ts float64, uid, src string, sport int, dst string, dport int,
		proto, service, dur string, up, down int, state, hist string) []byte {
		b = fmt.Appendf(b, `{"ts":%.6f,"uid":"%s","id.orig_h":"%s","id.orig_p":%d,"id.resp_h":"%s","id.resp_p":%d,"proto":"%s"`,
			ts, uid, src, sport, dst, dport, proto)
		if service != "" {
			b = fmt.Appendf(b, `,"service":"%s"`, service)
		}
		if dur != "" {
			b = fmt.Appendf(b, `,"duration":%s,"orig_bytes":%d,"resp_bytes":%d`, dur, up, down)
		}
		return fmt.Appendf(b, `,"conn_state":"%s","local_orig":true,"local_resp":false,"missed_bytes":0,"history":"%s","orig_pkts":%d,"orig_ip_bytes":%d,"resp_pkts":%d,"resp_ip_bytes":%d}`+"\n",
			state, hist, 1+up/1000, up+40, 1+down/1000, down+40)
	})
}

const benchRows = 300_000

func BenchmarkTSV(b *testing.B)  { bench(b, TSV(), tsvTrace(benchRows)) }
func BenchmarkJSON(b *testing.B) { bench(b, JSON(), jsonTrace(benchRows)) }

func bench(b *testing.B, f *flow.Format, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		src := flow.BytesSource("conn.log", data, &flow.Options{Workers: 1, Symbols: flow.NewSymbols()})
		r, err := f.Open(src)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			batch, err := r.(flow.Lender).Lend()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			n += len(batch.Rows)
			batch.Free()
		}
		if n != benchRows || src.Bad != 0 {
			b.Fatal(n, src.Bad, src.BadRows)
		}
	}
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
