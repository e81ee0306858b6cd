package pcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gopacket/gopacket/layers"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

const session = `0.25 a:40001>b:443 S=100
	0.26 b:443>a:40001 SA=900
	0.27 a:40001>b:443 A
	0.30 a:40001>b:443 PA 200
	0.31 a>b i8.0
	0.32 b>a i0.0
	0.33 A:5353>B:53 u 30
	0.34 B:53>A:5353 u 300
	0.40 b:443>a:40001 PA 1000
	0.50 a:40001>b:443 FA
	0.51 b:443>a:40001 FA
	0.52 a:40001>b:443 A
	0.60 c>a i3.3 28
	0.70 c>b p47 76
	9 a:40002>c:22 S=5
	9.1 c:22>a:40002 RA`

const sessionRows = `1 2026-03-10T09:00:00.25Z +270ms tcp 192.0.2.1:40001 > 198.51.100.2:443 bytes 400/1120 pkts 5/3 closed(SF) flags FSPA_FSPA
5 2026-03-10T09:00:00.31Z +10ms icmp 192.0.2.1:- > 198.51.100.2:- bytes 28/28 pkts 1/1 established(OTH) icmp 8/0
7 2026-03-10T09:00:00.33Z +10ms udp 2001:db8::1:5353 > 2001:db8::2:53 bytes 78/348 pkts 1/1 closed(SF)
13 2026-03-10T09:00:00.6Z +0s icmp 203.0.113.3:- > 192.0.2.1:- bytes 56/0 pkts 1/0 partial(OTH) icmp 3/3
14 2026-03-10T09:00:00.7Z +0s gre 203.0.113.3:- > 198.51.100.2:- bytes 96/0 pkts 1/0 partial(OTH)
15 2026-03-10T09:00:09Z +100ms tcp 192.0.2.1:40002 > 203.0.113.3:22 bytes 40/40 pkts 1/1 rejected(REJ) flags S_RA
`

func TestFlowsOfACapture(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, micro := range []bool{true, false} {
			c := newCaptureOf(layers.LinkTypeEthernet, order, micro).packets(session)
			if score, why := match(c.Bytes()); score != 90 {
				t.Errorf("score %d: %s", score, why)
			}
			got := read(t, c.Bytes())
			if got.full() != sessionRows || got.err != nil {
				t.Errorf("%v, µs %v: %v\n%swant\n%s", order, micro, got.err, got.full(), sessionRows)
			}
			if want := []string{"Tunnels are flows like others (1; IP in IP, GRE, VXLAN, Geneve): what they carry is not read."}; !slices.Equal(got.src.Notes, want) {
				t.Errorf("notes %q", got.src.Notes)
			}
		}
	}
}

// A snap length of 34 bytes ends before the ports, one of 38 behind them, one
// of 58 behind the flags: what counts is the IP header.
func TestSnapLengths(t *testing.T) {
	for _, test := range []struct {
		snap int
		want string
		note string
	}{
		{58, sessionRows, "Tunnels are flows"},
		{38, `5 2026-03-10T09:00:00.31Z +10ms icmp 192.0.2.1:- > 198.51.100.2:- bytes 28/28 pkts 1/1 established(OTH) icmp 8/0
1 2026-03-10T09:00:00.25Z +270ms tcp 192.0.2.1:40001 > 198.51.100.2:443 bytes 400/1120 pkts 5/3 partial(OTH)
13 2026-03-10T09:00:00.6Z +0s icmp 203.0.113.3:- > 192.0.2.1:- bytes 56/0 pkts 1/0 partial(OTH) icmp 3/3
14 2026-03-10T09:00:00.7Z +0s gre 203.0.113.3:- > 198.51.100.2:- bytes 96/0 pkts 1/0 partial(OTH)
15 2026-03-10T09:00:09Z +100ms tcp 192.0.2.1:40002 > 203.0.113.3:22 bytes 40/40 pkts 1/1 partial(OTH)
`, "whole of their ports, flags or type (10; snap length)"},
		{34, `5 2026-03-10T09:00:00.31Z +10ms icmp 192.0.2.1:- > 198.51.100.2:- bytes 28/28 pkts 1/1 partial(OTH)
1 2026-03-10T09:00:00.25Z +270ms tcp 192.0.2.1:- > 198.51.100.2:- bytes 400/1120 pkts 5/3 partial(OTH)
13 2026-03-10T09:00:00.6Z +0s icmp 203.0.113.3:- > 192.0.2.1:- bytes 56/0 pkts 1/0 partial(OTH)
14 2026-03-10T09:00:00.7Z +0s gre 203.0.113.3:- > 198.51.100.2:- bytes 96/0 pkts 1/0 partial(OTH)
15 2026-03-10T09:00:09Z +100ms tcp 192.0.2.1:- > 203.0.113.3:- bytes 40/40 pkts 1/1 partial(OTH)
`, "whole of their ports, flags or type (13; snap length)"},
	} {
		c := newCapture(layers.LinkTypeEthernet)
		c.snap = test.snap
		got := read(t, c.packets(session).Bytes())
		rows := got.full()
		if cut := test.snap < 54; cut != (got.src.Bad == 2) { // the headers of IPv6
			t.Errorf("%d bytes: %d bad", test.snap, got.src.Bad)
		}
		if rows != test.want || !strings.Contains(strings.Join(got.src.Notes, "\n"), test.note) {
			t.Errorf("%d bytes:\n%swant\n%s%q", test.snap, rows, test.want, got.src.Notes)
		}
	}
}

// ipv4 is an Ethernet frame with an IPv4 fragment of a UDP datagram from
// 192.0.2.1:9 to 198.51.100.2:53, offset in eights of bytes.
func ipv4(id, offset uint16, more bool, size int) []byte {
	_, b := build("0 a:9>b:53 u 100")
	b = append(b[:34:34], append([]byte{0, 9, 0, 53, 1, 0, 0, 0}, make([]byte, size)...)...)
	if offset > 0 {
		b = append(b[:34:34], make([]byte, size)...)
	}
	if more {
		offset |= 0x2000
	}
	binary.BigEndian.PutUint16(b[16:], uint16(len(b)-14))
	binary.BigEndian.PutUint16(b[18:], id)
	binary.BigEndian.PutUint16(b[20:], offset)
	return b
}

func TestFragmentsBelongToTheirDatagram(t *testing.T) {
	c := newCapture(layers.LinkTypeEthernet)
	c.frame(0, ipv4(7, 0, true, 92))
	c.frame(1*time.Second, ipv4(7, 100, true, 80))
	c.frame(2*time.Second, ipv4(7, 200, false, 40))
	c.frame(3*time.Second, ipv4(8, 200, false, 40)) // of a datagram whose first fragment is missing
	c.frame(40*time.Second, ipv4(7, 200, false, 40))
	c.packets("41 b:53>a:9 u")
	got := read(t, c.Bytes())
	want := `4 2026-03-10T09:00:03Z +37s udp 192.0.2.1:- > 198.51.100.2:- bytes 120/0 pkts 2/0 partial(OTH)
1 2026-03-10T09:00:00Z +41s udp 192.0.2.1:9 > 198.51.100.2:53 bytes 280/28 pkts 3/1 closed(SF)
`
	if got.full() != want {
		t.Errorf("\n%swant\n%s", got.full(), want)
	}
	if want := []string{"Fragments without the first of their datagram (2) are counted to flows without ports."}; !slices.Equal(got.src.Notes, want) {
		t.Errorf("notes %q", got.src.Notes)
	}
}

func TestWhatIsSkippedOrBad(t *testing.T) {
	_, frame := build("0 a:9>b:53 u")
	arp, mpls, short := bytes.Clone(frame), bytes.Clone(frame), bytes.Clone(frame)
	copy(arp[12:], "\x08\x06")
	copy(mpls[12:], "\x88\x47")
	short[14] = 0x41
	c := newCapture(layers.LinkTypeEthernet)
	for i, f := range [][]byte{arp, frame, mpls, short, frame[:10], frame} {
		c.frame(time.Duration(i)*time.Second, f)
	}
	got := read(t, c.Bytes()[:c.Len()-1])
	if got.String() != "2 192.0.2.1:9>198.51.100.2:53 udp 1/0 S0 attempt\n" || got.err != nil {
		t.Errorf("%v\n%v", got.err, got)
	}
	if want := []flow.BadRow{{Row: 4, Reason: "the lengths in the IPv4 header cannot be"}, {Row: 5, Reason: "cut within the header of the link"},
		{Row: 6, Reason: "the capture ends within this packet"}}; !slices.Equal(got.src.BadRows, want) {
		t.Errorf("bad %v", got.src.BadRows)
	}
	if got.src.Skipped != 2 || got.src.Bad != 3 || got.src.Rows != 1 {
		t.Errorf("%d skipped, %d bad, %d rows", got.src.Skipped, got.src.Bad, got.src.Rows)
	}
	if want := []string{"The capture cannot be read beyond packet 6: the capture ends within this packet.",
		"MPLS packets are skipped (1): what they carry is not read."}; !slices.Equal(got.src.Notes, want) {
		t.Errorf("notes %q", got.src.Notes)
	}
}

// An input that fails gives the flows that were read before.
func TestAFailingInput(t *testing.T) {
	c := newCapture(layers.LinkTypeEthernet).packets(session)
	failing := errors.New("disk on fire")
	src := flow.StreamSource("x", io.MultiReader(bytes.NewReader(c.Bytes()), iotest.ErrReader(failing)), &flow.Options{Symbols: flow.NewSymbols()})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := flow.ReadAll(r); len(rows) != 6 || !errors.Is(err, failing) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// Flows from the middle are told, but for those whose flags were not captured.
func TestConnectionsFromTheMiddleAreTold(t *testing.T) {
	const frames = "0 a:1>b:80 PA 100\n1 a:2>b:80 S=1\n2 b:80>a:3 SA=1\n3 b:80>a:4 FA"
	for snap, want := range map[int]string{54: "before they were captured (2)", 40: ""} {
		c := newCapture(layers.LinkTypeEthernet)
		c.snap = snap
		notes := strings.Join(read(t, c.packets(frames).Bytes()).src.Notes, "\n")
		if want == "" && strings.Contains(notes, "before") || !strings.Contains(notes, want) {
			t.Errorf("%d bytes: notes %q", snap, notes)
		}
	}
}

func TestAFullTableEndsTheLongestIdle(t *testing.T) {
	c := newCapture(layers.LinkTypeEthernet).packets(`0 a:1>b:80 PA
		1 a:2>b:53 u
		2 a:3>b:53 u
		3 b:80>a:1 A
		4 a:4>b:53 u
		5 b:53>a:3 u
		6 a:2>b:53 u`)
	got := readLimited(t, c.Bytes(), 3)
	want := `2 192.0.2.1:2>198.51.100.2:53 udp 1/0 S0 attempt
1 192.0.2.1:1>198.51.100.2:80 tcp 1/1 OTH partial
5 192.0.2.1:4>198.51.100.2:53 udp 1/0 S0 attempt
3 192.0.2.1:3>198.51.100.2:53 udp 1/1 SF closed
7 192.0.2.1:2>198.51.100.2:53 udp 1/0 S0 attempt
`
	if got.String() != want {
		t.Errorf("\n%vwant\n%s", got, want)
	}
	if note := "More than 3 flows were open at a time: the longest idle were ended early (2)."; !slices.Contains(got.src.Notes, note) {
		t.Errorf("notes %q", got.src.Notes)
	}
}

// Flows are found again however many there are.
func TestManyFlowsAtATime(t *testing.T) {
	c := newCapture(layers.LinkTypeEthernet)
	_, ask := build("0 a:1>b:53 u")
	_, answer := build("0 b:53>a:1 u")
	const n = 20_000
	for _, f := range [][]byte{ask, answer} {
		at := 34 // of the port of a
		if &f[0] == &answer[0] {
			at = 36
		}
		for i := range n {
			binary.BigEndian.PutUint16(f[at:], uint16(i))
			c.frame(0, f)
		}
	}
	got := read(t, c.Bytes())
	if len(got.rows) != n {
		t.Fatalf("%d flows", len(got.rows))
	}
	for i := range got.rows {
		if f := &got.rows[i]; f.SrcPort != uint16(i) || f.Row != uint64(i+1) || f.SrcPkts != 1 || f.DstPkts != 1 {
			t.Fatalf("flow %d: %+v", i, f)
		}
	}
}

// Packets that are late by less than five minutes, or few, do not turn time
// back; where time really goes back, timeouts go on from there.
func TestTimeThatGoesBack(t *testing.T) {
	c := newCapture(layers.LinkTypeEthernet).packets(`1000 a:1>b:53 u
		990 b:53>a:1 u
		1 a:2>b:53 u`)
	want := `1 2026-03-10T09:16:30Z +10s udp 192.0.2.1:1 > 198.51.100.2:53 bytes 28/28 pkts 1/1 closed(SF)
3 2026-03-10T09:00:01Z +0s udp 192.0.2.1:2 > 198.51.100.2:53 bytes 28/0 pkts 1/0 attempt(S0)
`
	if got := read(t, c.Bytes()); got.full() != want {
		t.Errorf("\n%swant\n%s", got.full(), want)
	}

	c = newCapture(layers.LinkTypeEthernet).packets("5000 a:1>b:53 u")
	_, frame := build("0 a:2>b:53 u")
	for i := range 1200 {
		c.frame(time.Duration(i)*time.Second/10, frame)
	}
	c.packets(`150 b:53>a:2 u
		300 a:3>b:53 u`)
	got := read(t, c.Bytes())
	want = `1 192.0.2.1:1>198.51.100.2:53 udp 1/0 S0 attempt
2 192.0.2.1:2>198.51.100.2:53 udp 1200/1 SF closed
1203 192.0.2.1:3>198.51.100.2:53 udp 1/0 S0 attempt
`
	if got.String() != want {
		t.Errorf("\n%vwant\n%s", got, want)
	}
	if len(got.src.Notes) != 1 || !strings.HasPrefix(got.src.Notes[0], "Packets go back in time for long (1 times") {
		t.Errorf("notes %q", got.src.Notes)
	}
}

func TestCapturesThatAreRefused(t *testing.T) {
	for _, test := range []struct{ name, data, want string }{
		{"802.11", newCapture(layers.LinkTypeIEEE80211Radio).String(), "link type radiotap and IEEE 802.11 (127), which is not read; have Zeek"},
		{"a damaged header", "\xd4\xc3\xb2\xa1\x02\x00", "damaged header: the capture ends within its header"},
		{"text", "ts,src\n", "not a packet capture: neither pcap nor pcapng"},
	} {
		_, err := open(flow.BytesSource("x", []byte(test.data), &flow.Options{Symbols: flow.NewSymbols()}))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if score, why := match([]byte("ts,src\n")); score != 0 || why == "" {
		t.Errorf("text scores %d, %q", score, why)
	}
	if got := read(t, newCapture(layers.LinkTypeEthernet).Bytes()); len(got.rows) != 0 || got.err != nil {
		t.Errorf("an empty capture: %v %v", got, got.err)
	}
}

// However many rows are asked for at a time, they are the same.
func TestReadingInPieces(t *testing.T) {
	data := traffic(3000)
	want := read(t, data)
	for _, size := range []int{1, 2, 7, 100} {
		src := flow.BytesSource("x", data, &flow.Options{Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			t.Fatal(err)
		}
		var rows []flow.Record
		dst := make([]flow.Record, size)
		for {
			n, err := r.Read(dst)
			rows = append(rows, dst[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
		}
		if !slices.Equal(rows, want.rows) || src.Rows != want.src.Rows || !slices.Equal(src.Notes, want.src.Notes) {
			t.Errorf("by %d: %d rows, want %d", size, len(rows), len(want.rows))
		}
	}
}

// FuzzRead throws bytes at the reader: whatever they are, no packet is counted
// twice or lost, no flow is open at the end, and the table keeps its limit.
func FuzzRead(f *testing.F) {
	c := newCapture(layers.LinkTypeEthernet).packets(session)
	c.frame(20*time.Second, ipv4(7, 0, true, 92))
	c.frame(21*time.Second, ipv4(7, 100, false, 92))
	f.Add(c.Bytes())
	f.Add(c.Bytes()[:c.Len()/2])
	f.Add(newCaptureOf(layers.LinkTypeEthernet, binary.BigEndian, true).packets("0 a:1>b:80 s1=1\n1 b:80>a:1 s6\n2 a:9>b:80 S=1\n400 b:80>a:9 SA=5\n100 a:9>b:80 SF").Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		src := flow.BytesSource("fuzz", data, &flow.Options{Symbols: flow.NewSymbols()})
		if score, why := match(data); score == 0 && why == "" {
			t.Fatal("no reason")
		}
		opened, err := open(src)
		if err != nil {
			return
		}
		r := opened.(*reader)
		r.flows.limit = 5
		rows, err := flow.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		packets := uint64(0)
		for i := range rows {
			row := &rows[i]
			packets += row.SrcPkts + row.DstPkts
			if row.Duration < 0 || row.Row == 0 || row.SrcPkts+row.DstPkts == 0 || row.Has&^fields != 0 {
				t.Fatalf("%+v", row)
			}
			flowtest.Row(row, src.Options.Symbols)
		}
		if total := packets + src.Bad + src.Skipped; total != r.p.Number && total != r.p.Number-1 || src.Rows != uint64(len(rows)) {
			t.Fatalf("%d packets in flows, %d bad, %d skipped of %d; %d rows", packets, src.Bad, src.Skipped, r.p.Number, src.Rows)
		}
		if r.flows.open != 0 || r.flows.used > 7 {
			t.Fatalf("%d flows open, room for %d", r.flows.open, r.flows.used)
		}
	})
}

// traffic is a capture of n packets of many connections, a thousand a second:
// of every ten connections nine are of TCP, with eighteen packets each.
func traffic(n int) []byte {
	c := newCapture(layers.LinkTypeEthernet)
	kinds := []string{"a:1>b:443 S=1", "b:443>a:1 SA=9", "a:1>b:443 A", "a:1>b:443 PA 300", "b:443>a:1 A 1200", "a:1>b:443 FA", "b:443>a:1 FA", "a:1>b:53 u 40", "b:53>a:1 u 200"}
	var frames [][]byte
	for _, k := range kinds {
		_, b := build("0 " + k)
		frames = append(frames, b)
	}
	steps := []int{0, 1, 2, 3, 4, 4, 3, 4, 4, 4, 3, 4, 4, 3, 4, 4, 5, 6}
	for i := range n {
		group, step := i/180, i%18
		conn := i / 18 % 10
		f := frames[steps[step]]
		if conn == 9 {
			f = frames[7+step%2]
		}
		port := uint16(1024 + (group*10+conn)%60000)
		to := 34
		if f[29] != 1 { // from b
			to = 36
		}
		binary.BigEndian.PutUint16(f[to:], port)
		c.frame(time.Duration(i)*time.Millisecond, f)
	}
	return c.Bytes()
}

func BenchmarkRead(b *testing.B) {
	const packets = 200_000
	data := traffic(packets)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	dst := make([]flow.Record, 1000)
	for b.Loop() {
		r, err := open(flow.BytesSource("bench", data, &flow.Options{Symbols: flow.NewSymbols()}))
		for err == nil {
			_, err = r.Read(dst)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*packets/b.Elapsed().Seconds()/1e6, "Mpackets/s")
}

func TestPacketsAndFlowsAreNotAllocated(t *testing.T) {
	count := func(n int) float64 {
		data := traffic(n)
		dst := make([]flow.Record, 100)
		return testing.AllocsPerRun(3, func() {
			r, err := open(flow.BytesSource("x", data, &flow.Options{Symbols: flow.NewSymbols()}))
			for err == nil {
				_, err = r.Read(dst)
			}
			if err != io.EOF {
				t.Fatal(err)
			}
		})
	}
	if few, many := count(30_000), count(60_000); many > few+10 {
		t.Errorf("%.0f allocations for 30,000 packets, %.0f for 60,000", few, many)
	}
}
