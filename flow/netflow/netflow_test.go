package netflow

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seine/flow"
)

var write = flag.Bool("write", false, "write the golden files anew")

// inputs are what the golden files tell the reading of.
var inputs = map[string][]byte{
	"v5": cat(
		v5(3_600_000, noon, 0,
			flow5("192.0.2.1", "198.51.100.1", 40001, 443, 6, 0x1b, 10, 5000, 3_590_000, 3_595_000),
			flow5("192.0.2.1", "198.51.100.2", 0, 0x0800, 1, 0, 1, 84, 3_590_000, 3_590_000),
			flow5("192.0.2.1", "198.51.100.3", 5353, 53, 17, 0, 1, 70, 3_599_000, 3_598_000)),
		// The uptime has just begun anew at 2^32 ms.
		v5(1000, noon+60, 0, flow5("192.0.2.1", "198.51.100.4", 40004, 22, 6, 2, 1, 60, 0xffffffff-999, 500)),
		// One packet in 100.
		v5(3_700_000, noon+100, 0x4064, flow5("192.0.2.1", "198.51.100.5", 40005, 80, 6, 2, 3, 180, 3_690_000, 3_691_000)),
		// An end two hours off.
		v5(9_000_000, noon+5400, 0, flow5("192.0.2.1", "198.51.100.6", 40006, 80, 6, 2, 3, 180, 1_790_000, 1_800_000))),

	"v9": cat(
		v9(10_000, noon, setOf(0, templateOf(256, plain...)), setOf(256, plainFlow(1, 4000, 9000), b8(0, 0, 0))),
		v9(10_400, noon, setOf(256, plainFlow(2, 4000, 9000))), // what the one before tells of the boot is closer
		// Options: a rate by sampler, with a scope of a number that IANA has for bytes.
		v9(11_000, noon+1, setOf(1, b16(300, 4, 8), b16(1, 4, 48, 1, 50, 4)), setOf(300, b32(1), b8(1), b32(50))),
		v9(12_000, noon+2, setOf(256, plainFlow(3, 4000, 9000))),
		// The template anew, otherwise: forwarding status tells of a drop.
		v9(13_000, noon+3, setOf(0, templateOf(256, 27, 16, 28, 16, 4, 1, 89, 1, 48, 1)),
			setOf(256, ip("2001:db8::1"), ip("2001:db8::2"), b8(17, 0x82, 0), ip("2001:db8::1"), ip("2001:db8::3"), b8(17, 0x42, 0)))),

	"ipfix": cat(
		message(noon, setOf(256, plainFlow(9, 0, 0))), // before its template, which never says when the exporter started
		message(noon, setOf(2, templateOf(257, 8, 4, 12, 4, 4, 1, 82, 0xffff, 152, 8, 153, 8, 1, 3)),
			setOf(257, ip("192.0.2.1"), ip("198.51.100.1"), b8(47, 3), []byte("eth"), b64(noon*1000), b64(noon*1000+250), b8(0, 1, 0),
				ip("192.0.2.1"), ip("198.51.100.2"), b8(47, 255, 0, 4), []byte("eth1"), b64(noon*1000+1), b64(noon*1000), b8(0, 0, 9))),
		message(noon+1, setOf(2, templateOf(256, plain...))),
		// The start of the exporter, from its options.
		message(noon+2, setOf(3, b16(301, 2, 1), b16(149, 4, 160, 8)), setOf(301, b32(7), b64((noon-100)*1000))),
		message(noon+3, setOf(256, plainFlow(3, 98_000, 99_500))),
		// Biflows: RFC 5103, with flags; of the last the source is who answered.
		message(noon+4, setOf(2, cat(b16(258, 11, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 1, 4, 0x8001, 4), b32(29305), b16(6, 2, 0x8006, 2), b32(29305), b16(158, 4, 239, 1))),
			setOf(258,
				ip("192.0.2.1"), ip("198.51.100.1"), b16(40001, 443), b8(6), b32(1000, 9000), b16(0x1b, 0x121b), b32(1_500_000), b8(1),
				ip("192.0.2.1"), ip("198.51.100.2"), b16(40002, 23), b8(6), b32(60, 40), b16(2, 0x14), b32(1_000_000), b8(1),
				ip("198.51.100.3"), ip("192.0.2.1"), b16(53, 40003), b8(17), b32(200, 70), b16(0, 0), b32(0), b8(2))),
		// Firewall events: created, denied, deleted; and one of address translation.
		message(noon+5, setOf(2, templateOf(259, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 233, 1, 152, 8, 323, 8, 231, 4, 232, 4), templateOf(260, 8, 4, 12, 4, 230, 1)),
			setOf(259,
				ip("192.0.2.1"), ip("198.51.100.1"), b16(40001, 25), b8(6, 1), b64(noon*1000), b64(noon*1000), b32(0, 0),
				ip("192.0.2.1"), ip("198.51.100.1"), b16(40001, 25), b8(6, 3), b64(0), b64(noon*1000), b32(0, 0),
				ip("192.0.2.1"), ip("198.51.100.1"), b16(40001, 25), b8(6, 2), b64(noon*1000), b64(noon*1000+5000), b32(700, 900)),
			setOf(260, ip("192.0.2.1"), ip("198.51.100.1"), b8(1))),
		// Withdrawn: what follows has no template.
		message(noon+6, setOf(2, b16(258, 0))), message(noon+7, setOf(258, make([]byte, 20)))),

	"times": cat(
		message(noon, setOf(2, templateOf(256, 8, 4, 12, 4, 154, 8, 155, 8), templateOf(257, 8, 4, 12, 4, 156, 8, 162, 4), templateOf(258, 8, 4, 12, 4),
			templateOf(259, 8, 4, 12, 4, 150, 4, 151, 4), templateOf(260, 8, 4, 12, 4, 22, 4, 21, 4), templateOf(261, 8, 4, 12, 4, 153, 8, 161, 4), templateOf(262, 8, 4, 12, 4, 22, 4, 21, 4, 160, 8))),
		message(noon+1,
			setOf(256, ip("192.0.2.1"), ip("198.51.100.1"), b64((noon+2208988800)<<32|1<<31), b64((noon+2208988801)<<32)), // NTP
			setOf(256, ip("192.0.2.1"), ip("198.51.100.2"), b64(noon*1e6+5), b64(noon*1e6+7)),                             // since 1970
			setOf(257, ip("192.0.2.1"), ip("198.51.100.3"), b64(noon*1e9), b32(1500)),
			setOf(258, ip("192.0.2.1"), ip("198.51.100.4")),
			setOf(259, ip("192.0.2.1"), ip("198.51.100.5"), b32(noon-86400*30, noon)),
			setOf(260, ip("192.0.2.1"), ip("198.51.100.6"), b32(1000, 3000)),
			setOf(261, ip("192.0.2.1"), ip("198.51.100.7"), b64(noon*1000), b32(2000)),
			setOf(262, ip("192.0.2.1"), ip("198.51.100.8"), b32(1000, 3000), b64((noon-10)*1000))),
		// Exported anew after a hundred days.
		message(noon+86400*100, setOf(262, ip("192.0.2.1"), ip("198.51.100.9"), b32(1000, 3000), b64((noon-10)*1000)))),

	"capture": captureOf(
		// Data of 192.0.2.254 waits for the template; that of another exporter does not serve, and what it exports waits behind.
		sent{"192.0.2.254", 2055, noon * flow.Second, v9(10_000, noon, setOf(256, plainFlow(1, 4000, 9000))), 0},
		sent{"192.0.2.253", 2055, (noon + 1) * flow.Second, v9(10_000, noon, setOf(0, templateOf(256, 12, 4, 8, 4)), setOf(256, ip("198.51.100.7"), ip("192.0.2.7"))), 0},
		sent{"192.0.2.254", 2055, (noon + 2) * flow.Second, v9(12_000, noon+2, setOf(256, plainFlow(2, 4000, 9000)), setOf(0, templateOf(256, plain...))), 0},
		// Damage: v5 that lacks a record, an IPFIX set that is too long, v9 that the capture cut.
		sent{"192.0.2.254", 2055, (noon + 3) * flow.Second, cat(b16(5, 2), v5(10, noon+3, 0, flow5("192.0.2.5", "198.51.100.5", 1, 2, 17, 0, 1, 1, 5, 6))[4:]), 0},
		sent{"192.0.2.254", 4739, (noon + 3) * flow.Second, cat(b16(10, 24), b32(noon, 0, 0), b16(256, 99), b32(0)), 0},
		sent{"192.0.2.254", 2055, (noon + 4) * flow.Second, v9(14_000, noon+4, setOf(256, plainFlow(3, 4000, 9000)), setOf(256, plainFlow(4, 4000, 9000))), 10},
		// No export: DNS, and something that only begins like v9.
		sent{"192.0.2.1", 53, (noon + 5) * flow.Second, cat(b16(0x1234, 0x0100, 1, 0, 0, 0), b8(0), b16(1, 1)), 0},
		sent{"192.0.2.1", 53, (noon + 5) * flow.Second, cat(b16(9, 0x0100, 1, 0, 0, 0), b8(0), b16(1, 1)), 0},
		// An exporter that does not know the time.
		sent{"192.0.2.252", 9995, (noon + 6) * flow.Second, v5(5000, 5, 0, flow5("192.0.2.6", "198.51.100.6", 1, 2, 17, 0, 1, 1, 4000, 5000)), 0},
		// sFlow: an Ethernet frame of TCP, an IP packet, ARP, a packet as fields, counters.
		sent{"192.0.2.254", 6343, (noon + 7) * flow.Second, sflowOf(
			sampleOf(400, 1, 1518, cat(make([]byte, 12), b16(0x0800), b8(0x45, 0), b16(1500, 1, 0), b8(64, 6), b16(0), ip("192.0.2.8"), ip("198.51.100.8"), b16(40008, 443), b32(1, 1), b8(0x50, 0x18), b16(1, 0, 0))),
			sampleOf(400, 12, 100, cat(b32(0x60000000), b16(40), b8(58, 64), ip("2001:db8::8"), ip("2001:db8::9"), b8(128, 0, 0, 0), b32(0))),
			sampleOf(400, 1, 60, cat(make([]byte, 12), b16(0x0806), make([]byte, 28))),
			sized(3, b32(1, 0, 3, 1, 1000, 0, 0, 1, 0, 2, 1), sized(3, b32(90, 17), ip("192.0.2.8"), ip("198.51.100.9"), b32(40009, 53, 0, 0))),
			sized(2, b32(1, 3, 0))), 0}),

	"no templates": message(noon, setOf(256, plainFlow(9, 0, 0))),
}

func TestGolden(t *testing.T) {
	for name, data := range inputs {
		t.Run(name, func(t *testing.T) {
			golden := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".golden")
			got := dump(t, data)
			if *write {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("reads as\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func readAll(t testing.TB, data []byte) (*flow.Source, []flow.Record) {
	t.Helper()
	src := flow.BytesSource("input", data, &flow.Options{Symbols: flow.NewSymbols()})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return src, rows
}

func TestMatch(t *testing.T) {
	good := v5(1000, noon, 0, flow5("192.0.2.1", "198.51.100.1", 1, 2, 17, 0, 1, 28, 1, 2))
	nine := v9(1000, noon, setOf(0, templateOf(256, plain...)))
	ten := message(noon, setOf(2, templateOf(256, plain...)))
	dns := cat(b16(9, 0x0100, 1, 0, 0, 0), b8(0), b16(1, 1))
	packets := func(exports, others int) []byte {
		var all []sent
		for range exports {
			all = append(all, sent{"192.0.2.254", 3333, noon * flow.Second, ten, 0}) // no port of export: what is in it counts
		}
		for range others {
			all = append(all, sent{"192.0.2.254", 2055, noon * flow.Second, dns, 0})
		}
		return captureOf(all...)
	}
	for _, test := range []struct {
		name, reason string
		head         []byte
		score        int
	}{
		{"v5", "", good, 95},
		{"v9", "", nine, 95},
		{"IPFIX", "", ten, 95},
		{"several", "", cat(good, nine, ten, good[:30]), 95},
		{"a capture of export", "", packets(2, 1), 95},
		{"half a capture", "1 of the first 2", packets(1, 1), 0},
		{"another capture", "0 of the first 3", packets(0, 3), 0},
		{"nothing", "neither", nil, 0},
		{"text", "neither", []byte("ts,src_ip,dst_ip\n"), 0},
		{"v5 cut short", "cut short", good[:60], 0},
		{"v5 and junk", "no datagram follows", cat(good, b32(0, 0)), 0},
		{"v5 without records", "no records", cat(b16(5, 0), make([]byte, 60)), 0},
		{"v9 of 1970", "dated", v9(1000, 1000, setOf(0, templateOf(256, plain...))), 0},
		{"v9 with a set that there is not", "set 77", v9(1000, noon, setOf(77, b32(0))), 0},
		{"IPFIX with a set that is too long", "beyond its end", cat(b16(10, 24), b32(noon, 0, 0), b16(256, 99), b32(0)), 0},
		{"zeros", "neither", make([]byte, 5000), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if score, reason := match(test.head); score != test.score || !strings.Contains(reason, test.reason) {
				t.Errorf("%d %q, want %d %q", score, reason, test.score, test.reason)
			}
		})
	}
}

func TestSFlowWithoutCaptureIsRefused(t *testing.T) {
	data := sflowOf(sampleOf(1, 11, 60, make([]byte, 40)))
	_, err := open(flow.BytesSource("input", data, &flow.Options{Symbols: flow.NewSymbols()}))
	if err == nil || !strings.Contains(err.Error(), "capture") {
		t.Error(err)
	}
}

func TestStitching(t *testing.T) {
	one := func(from string, payload []byte) sent { return sent{from, 2055, noon * flow.Second, payload, 0} }
	flows := func(sampling uint16) []byte {
		return v5(1000, noon, sampling, flow5("192.0.2.1", "198.51.100.1", 1, 2, 17, 0, 1, 28, 1, 2))
	}
	both := message(noon, setOf(2, templateOf(256, 8, 4, 12, 4, 61, 1)), setOf(256, ip("192.0.2.1"), ip("198.51.100.1"), b8(0), ip("192.0.2.1"), ip("198.51.100.1"), b8(1)))
	halves := message(noon, setOf(2, templateOf(256, 8, 4, 12, 4, 61, 1)), setOf(256, ip("192.0.2.1"), ip("198.51.100.1"), b8(0), ip("198.51.100.1"), ip("192.0.2.1"), b8(1)))
	rates := message(noon, setOf(2, templateOf(256, plain...)), setOf(256, plainFlow(1, 1, 2)),
		setOf(3, b16(301, 3, 1), b16(149, 4, 305, 4, 306, 4)), setOf(301, b32(7, 1, 9)))
	usual := flow.Stitching{Pieces: true, Halves: true, Silence: true, Auto: true}
	with := func(change func(s *flow.Stitching)) flow.Stitching {
		s := usual
		change(&s)
		return s
	}
	for _, test := range []struct {
		name string
		data []byte
		want flow.Stitching
	}{
		{"as usual", flows(0), usual},
		{"both halves, each with a direction", halves, usual},
		{"sampled", flows(0x4000 | 10), with(func(s *flow.Stitching) { s.Silence = false })},
		{"sampled, as options say", rates, with(func(s *flow.Stitching) { s.Silence = false })},
		{"two exporters", captureOf(one("192.0.2.253", flows(0)), one("192.0.2.254", flows(0))), with(func(s *flow.Stitching) { s.Copies = true })},
		{"ingress and egress", both, with(func(s *flow.Stitching) { s.Copies = true })},
	} {
		if src, _ := readAll(t, test.data); src.Stitch != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, src.Stitch, test.want)
		}
	}
}

// Whatever way a rate is told, ten packets of 5000 bytes become as many more.
func TestSamplingRates(t *testing.T) {
	for _, test := range []struct {
		name          string
		options       []uint16 // fields behind the scope
		data          []byte
		bytes, sample uint64
	}{
		{"interval", []uint16{34, 4}, b32(64), 320_000, 1},
		{"interval of every packet", []uint16{34, 4}, b32(1), 5000, 0},
		{"no interval", []uint16{34, 4}, b32(0), 5000, 0},
		{"random interval", []uint16{50, 2}, b16(10), 50_000, 1},
		{"taken and left out", []uint16{305, 4, 306, 4}, b32(2, 3), 12_500, 1},
		{"one in so many", []uint16{305, 4}, b32(1000), 5_000_000, 1},
		{"n out of N", []uint16{309, 4, 310, 4}, b32(1, 256), 1_280_000, 1},
		{"probability", []uint16{311, 8}, b64(0x3fb999999999999a), 50_000, 1}, // 0.1
		{"probability of nothing", []uint16{311, 8}, b64(0), 5000, 0},
		{"another sampler than the record names", []uint16{48, 1, 50, 4}, cat(b8(2), b32(10)), 5000, 0},
		{"the sampler that the record names", []uint16{48, 1, 50, 4}, cat(b8(1), b32(10)), 50_000, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := uint16(len(test.options)/2 + 1)
			fields := append(append([]uint16(nil), plain...), 48, 1)
			src, rows := readAll(t, message(noon,
				setOf(3, b16(301, n, 1), b16(149, 4), b16(test.options...)), setOf(301, b32(7), test.data),
				setOf(2, templateOf(256, fields...)), setOf(256, plainFlow(1, 1, 2), b8(1))))
			if len(rows) != 1 || rows[0].SrcBytes != test.bytes {
				t.Fatalf("%d rows, %v", len(rows), rows)
			}
			told := strings.Contains(strings.Join(src.Notes, "\n"), "sampled traffic")
			if told != (test.sample > 0) {
				t.Errorf("notes %q", src.Notes)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, data := range inputs {
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if score, reason := match(data[:min(len(data), flow.HeadSize)]); score == 0 && reason == "" {
			t.Fatal("refused without a reason")
		}
		src := flow.BytesSource("fuzz", data, &flow.Options{Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			return
		}
		rows, _ := flow.ReadAll(r)
		if src.Rows != uint64(len(rows)) || len(rows) > len(data)/8 {
			t.Fatalf("%d rows, %d counted, of %d bytes", len(rows), src.Rows, len(data))
		}
		for _, b := range src.BadRows {
			if strings.Contains(b.Reason, "decoder failed") {
				t.Fatal(b)
			}
		}
		for i := range rows {
			r := &rows[i]
			if r.Row != uint64(i+1) || r.Duration < 0 || r.Has&(flow.HasStart|flow.HasAddrs) != flow.HasStart|flow.HasAddrs || r.Has&^src.Fields != 0 {
				t.Fatalf("row %+v", r)
			}
		}
		if src.Fields&^fields != 0 {
			t.Fatalf("%v", (src.Fields &^ fields).Names())
		}
		d := r.(*reader).d
		if d.out.held != struct{ rows, bytes int }{} || len(d.out.gaps) > 0 {
			t.Fatalf("still held: %+v", d.out.held)
		}
	})
}
