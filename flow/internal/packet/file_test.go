package packet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// A file is built of blocks or records.
type file struct {
	bytes.Buffer
	order binary.AppendByteOrder
}

var (
	little binary.AppendByteOrder = binary.LittleEndian
	big    binary.AppendByteOrder = binary.BigEndian
)

func (f *file) u32(words ...uint32) *file {
	for _, w := range words {
		f.Write(f.order.AppendUint32(nil, w))
	}
	return f
}

func (f *file) u16(words ...uint16) *file {
	for _, w := range words {
		f.Write(f.order.AppendUint16(nil, w))
	}
	return f
}

func (f *file) pcap(magic uint32, link Link) *file {
	return f.u32(magic).u16(2, 4).u32(0, 0, 65535, uint32(link))
}

func (f *file) record(sec, frac uint32, frame []byte) *file {
	f.u32(sec, frac, uint32(len(frame)), uint32(len(frame)))
	f.Write(frame)
	return f
}

func (f *file) block(kind uint32, body []byte) *file {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	f.u32(kind, uint32(len(body)+12))
	f.Write(body)
	return f.u32(uint32(len(body) + 12))
}

func (f *file) section() *file {
	b := file{order: f.order}
	b.u32(byteOrder).u16(1, 0).u32(0xffffffff, 0xffffffff)
	return f.block(blockSection, b.Bytes())
}

// networkInterface describes one with the unit of its times, and an offset in
// seconds where that is not zero.
func (f *file) networkInterface(link Link, unit uint8, offset int64) *file {
	b := file{order: f.order}
	b.u16(uint16(link), 0).u32(0)
	b.u16(2, 5).Write([]byte("eth0!\x00\x00\x00"))
	b.u16(9, 1).Write([]byte{unit, 0, 0, 0})
	if offset != 0 {
		b.u16(14, 8).Write(b.order.AppendUint64(nil, uint64(offset)))
	}
	b.u16(0, 0)
	return f.block(blockInterface, b.Bytes())
}

func (f *file) enhanced(id uint32, ticks uint64, frame []byte) *file {
	b := file{order: f.order}
	b.u32(id, uint32(ticks>>32), uint32(ticks), uint32(len(frame)), uint32(len(frame)))
	b.Write(frame)
	for b.Len()%4 != 0 {
		b.WriteByte(0)
	}
	b.u16(1, 3).Write([]byte("hey\x00")) // a comment
	b.u16(0, 0)
	return f.block(blockEnhanced, b.Bytes())
}

// list reads a capture and writes a line a packet: number, time, port.
func list(r io.Reader) string {
	var b strings.Builder
	c, err := NewReader(r)
	if err != nil {
		return err.Error() + "\n"
	}
	for range 1000 {
		var p Packet
		err := c.Next(&p)
		_, damaged := err.(Damage)
		switch {
		case err == io.EOF:
			return b.String()
		case err == nil:
			fmt.Fprintf(&b, "%d %v %d\n", p.Number, p.Time, p.SrcPort)
		case damaged || err == ErrNotIP:
			fmt.Fprintf(&b, "%d: %v\n", p.Number, err)
		default:
			fmt.Fprintf(&b, "end: %v\n", err)
			if again := c.Next(&p); again != err {
				fmt.Fprintf(&b, "and then: %v\n", again)
			}
			return b.String()
		}
	}
	return b.String() + "without end\n"
}

const second = 1773133200 // 2026-03-10 09:00

func TestMagicNumbersAndByteOrders(t *testing.T) {
	frame := unhex(macs + "0800" + udp4)
	for _, order := range []binary.AppendByteOrder{little, big} {
		for magic, want := range map[uint32]string{
			magicMicro: "1 2026-03-10T09:00:00.00025Z 1000\n2 2026-03-10T09:00:01Z 1000\n",
			magicNano:  "1 2026-03-10T09:00:00.00000025Z 1000\n2 2026-03-10T09:00:01Z 1000\n",
		} {
			f := &file{order: order}
			f.pcap(magic, ethernet).record(second, 250, frame).record(second+1, 0, frame)
			if !Is(f.Bytes()[:24]) {
				t.Errorf("%x %v: not taken for a capture", magic, order)
			}
			if got := list(f); got != want {
				t.Errorf("%x %v:\n%s", magic, order, got)
			}
		}
		f := &file{order: order}
		f.u32(magicModified).u16(2, 4).u32(0, 0, 65535, uint32(raw))
		f.u32(second, 5, 32, 32, 0, 0).Write(unhex(udp4))
		if got, want := list(f), "1 2026-03-10T09:00:00.000005Z 1000\n"; got != want {
			t.Errorf("modified %v:\n%s", order, got)
		}
		f = &file{order: order}
		f.section().networkInterface(raw, 6, 0).enhanced(0, second*1e6+250, unhex(udp4))
		if got, want := list(f), "1 2026-03-10T09:00:00.00025Z 1000\n"; got != want {
			t.Errorf("pcapng %v:\n%s", order, got)
		}
	}
	for _, text := range []string{"", "\xd4", "\x0a\x0d\x0d\x0a", "{\"ts\":1}", "\x0a\x0d\x0d\x0a\x1c\x00\x00\x00zzzz"} {
		if Is([]byte(text)) {
			t.Errorf("%q is taken for a capture", text)
		}
		if got := list(strings.NewReader(text)); got != ErrNoCapture.Error()+"\n" {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestInterfacesSectionsAndUnits(t *testing.T) {
	v4, v6 := unhex(udp4), unhex(udp6)
	f := &file{order: little}
	f.section().networkInterface(raw, 6, 0).networkInterface(ethernet, 9, 0).networkInterface(raw, 0x80|32, 0).
		networkInterface(raw, 0, 3600).networkInterface(raw, 12, -3600).networkInterface(raw, 40, 0).networkInterface(127, 6, 0)
	f.enhanced(0, second*1e6+1, v4)
	f.enhanced(1, second*1e9+1, unhex(macs+"86dd"+udp6))
	f.enhanced(2, second<<32|1<<31, v4)
	f.enhanced(3, second, v6)
	f.enhanced(4, second*1e9, v4) // of 10⁻¹² s
	f.enhanced(5, 1, v4)
	f.enhanced(6, second*1e6, v4)
	f.enhanced(7, second*1e6, v4)
	f.block(5, make([]byte, 20))           // statistics
	f.block(0x0bad, make([]byte, 400_000)) // custom
	f.block(blockSimple, append(little.AppendUint32(nil, 32), v4...))
	old := file{order: little}
	old.u16(0, 3).u32(uint32(second*1000000>>32), uint32(second*1000000&0xffffffff), 32, 32).Write(v4)
	f.block(blockOldPacket, old.Bytes())
	f.order = big
	f.section().networkInterface(ipv6, 3, 0).enhanced(0, second*1e3+7, v6).enhanced(1, 0, v6)
	want := `1 2026-03-10T09:00:00.000001Z 1000
2 2026-03-10T09:00:00.000000001Z 1000
3 2026-03-10T09:00:00.5Z 1000
4 2026-03-10T10:00:00Z 1000
5 1970-01-21T11:32:13.2Z 1000
6: its time is out of range
7: not an IP packet
8: of an interface that the capture does not describe
9: not an IP packet
10: a simple packet block, which tells no time
11 2026-03-10T09:00:00Z 1000
12 2026-03-10T09:00:00.007Z 1000
13: of an interface that the capture does not describe
`
	for name, r := range map[string]io.Reader{"whole": bytes.NewReader(f.Bytes()), "byte by byte": iotest.OneByteReader(bytes.NewReader(f.Bytes()))} {
		if got := list(r); got != want {
			t.Errorf("%s:\n%swant\n%s", name, got, want)
		}
	}
}

// Captures that were written one behind the other are read on.
func TestCapturesJoined(t *testing.T) {
	v4 := unhex(udp4)
	f := &file{order: little}
	f.pcap(magicMicro, raw).record(second, 1, v4)
	f.order = big
	f.pcap(magicNano, ethernet).record(second, 1, unhex(macs+"0800"+udp4))
	f.section().networkInterface(raw, 9, 0).enhanced(0, second*1e9, v4)
	f.pcap(magicMicro, raw).record(second, 2, v4)
	f.order = little
	f.pcap(magicMicro, raw).pcap(magicMicro, raw).record(second, 3, v4)
	want := `1 2026-03-10T09:00:00.000001Z 1000
2 2026-03-10T09:00:00.000000001Z 1000
3 2026-03-10T09:00:00Z 1000
4 2026-03-10T09:00:00.000002Z 1000
5 2026-03-10T09:00:00.000003Z 1000
`
	if got := list(f); got != want {
		t.Errorf("\n%s", got)
	}
	many := &file{order: little}
	for range 100_000 {
		many.pcap(magicMicro, raw)
	}
	if got := list(many); got != "" {
		t.Errorf("headers only: %s", got)
	}
}

func TestDamage(t *testing.T) {
	v4 := unhex(udp4)
	pcap := func() *file { return (&file{order: little}).pcap(magicMicro, raw).record(second, 0, v4) }
	ng := func() *file {
		return (&file{order: little}).section().networkInterface(raw, 6, 0).enhanced(0, second*1e6, v4)
	}
	const first = "1 2026-03-10T09:00:00Z 1000\n"
	for _, test := range []struct {
		name string
		f    *file
		want string
	}{
		{"a header cut", &file{*bytes.NewBuffer(pcap().Bytes()[:20]), little}, "packet 1: the capture ends within its header\n"},
		{"a version not known", (&file{order: little}).u32(magicMicro).u16(7, 4).u32(0, 0, 0, 1), "packet 1: pcap of version 7.4 is not read, only 2.x\n"},
		{"a record header cut", pcap().u32(second), first + "end: packet 2: the capture ends within this packet\n"},
		{"a record cut", pcap().u32(second, 0, 100, 100), first + "end: packet 2: the capture ends within this packet\n"},
		{"a record of 4 GiB", pcap().u32(second, 0, 0xffffffff, 0xffffffff),
			first + "end: packet 2: says that 4294967295 bytes were captured; the file is damaged here\n"},
		{"an empty record", pcap().record(second, 0, nil), first + "2: cut within the header of the link\n"},
		{"a block cut", ng().u32(blockEnhanced, 100, 0, 0), first + "end: packet 2: the capture ends within this packet\n"},
		{"a block header cut", ng().u32(blockEnhanced), first + "end: packet 2: the capture ends within this packet\n"},
		{"a block of no length", ng().u32(77, 0, 0, 0), first + "end: packet 2: a block that says it is of 0 bytes; the file is damaged here\n"},
		{"a block of odd length", ng().u32(77, 17, 0, 0), first + "end: packet 2: a block that says it is of 17 bytes; the file is damaged here\n"},
		{"a packet block of 4 GiB", ng().u32(blockEnhanced, 0xfffffffc, 0, 0),
			first + "end: packet 2: a block that says it is of 4294967292 bytes; the file is damaged here\n"},
		{"another block of 4 GiB", ng().u32(77, 0xfffffffc, 0, 0), first + "end: packet 2: the capture ends within this packet\n"},
		{"two lengths", ng().u32(blockEnhanced, 32, 0, 0, 0, 0, 0, 36),
			first + "end: packet 2: a block that says it is of 32 bytes at its begin and of 36 at its end; the file is damaged here\n"},
		{"more captured than the block holds", ng().u32(blockEnhanced, 32, 0, 0, 0, 99, 99, 32).enhanced(0, second*1e6, v4),
			first + "2: says that more bytes were captured than its block holds\n3 2026-03-10T09:00:00Z 1000\n"},
		{"a packet block too short", ng().u32(blockEnhanced, 16, 0, 16).enhanced(0, second*1e6, v4),
			first + "2: a packet block too short for its header\n3 2026-03-10T09:00:00Z 1000\n"},
		{"an interface too short", ng().u32(blockInterface, 16, 0, 16), first + "end: packet 2: an interface description of 16 bytes; the file is damaged here\n"},
		{"a section too short", ng().u32(blockSection, 16, byteOrder, 16), first + "end: packet 2: a section header of 16 bytes that cannot be; the file is damaged here\n"},
		{"a section of no byte order", ng().u32(blockSection, 28, 0, 1, 0, 0, 28), first + "end: packet 2: a section header of 28 bytes that cannot be; the file is damaged here\n"},
		{"a section of the future", ng().u32(blockSection, 28, byteOrder).u16(2, 0).u32(0, 0, 28), first + "end: packet 2: pcapng of version 2 is not read, only 1\n"},
	} {
		if got := list(&test.f.Buffer); got != test.want {
			t.Errorf("%s:\n%swant\n%s", test.name, got, test.want)
		}
	}
	failing := errors.New("disk on fire")
	if got, want := list(io.MultiReader(bytes.NewReader(pcap().Bytes()), iotest.ErrReader(failing))), first+"end: disk on fire\n"; got != want {
		t.Errorf("failing: %s", got)
	}
}

// Reading takes no memory of its own for each packet.
func TestPacketsAreNotAllocated(t *testing.T) {
	count := func(n int) float64 {
		f := (&file{order: little}).pcap(magicMicro, raw)
		for range n {
			f.record(second, 0, unhex(udp4))
		}
		return testing.AllocsPerRun(3, func() {
			c, err := NewReader(bytes.NewReader(f.Bytes()))
			var p Packet
			for err == nil {
				err = c.Next(&p)
			}
			if err != io.EOF || p.Number != uint64(n)+1 {
				t.Fatal(err, p.Number)
			}
		})
	}
	if few, many := count(1000), count(50_000); many > few {
		t.Errorf("%.0f allocations for 1000 packets, %.0f for 50,000", few, many)
	}
}

func FuzzNext(f *testing.F) {
	v4 := unhex(udp4)
	f.Add((&file{order: little}).pcap(magicMicro, raw).record(second, 0, v4).record(second, 0, v4).Bytes())
	f.Add((&file{order: big}).section().networkInterface(raw, 9, 5).enhanced(0, second*1e9, unhex(udp6)).Bytes())
	f.Add((&file{order: little}).pcap(magicNano, ethernet).record(second, 0, unhex(macs+"8100 0064 86dd"+udp6)).Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := NewReader(bytes.NewReader(data))
		if err != nil {
			if err != ErrNoCapture && !errors.As(err, new(*Broken)) {
				t.Fatal(err)
			}
			return
		}
		for n := uint64(1); ; n++ {
			if n > uint64(len(data)) {
				t.Fatal("more packets than bytes")
			}
			var p Packet
			err := c.Next(&p)
			_, damaged := err.(Damage)
			if err != nil && err != ErrNotIP && !damaged {
				if err != io.EOF && !errors.As(err, new(*Broken)) {
					t.Fatal(err)
				}
				break
			}
			if p.Number != n || p.PayloadLength < 0 || len(p.Payload) > p.PayloadLength || uint64(p.PayloadLength) > p.IPLength {
				t.Fatalf("%+v", p)
			}
		}
		if len(c.in.buf) > len(data)+maxBlock+bufferSize {
			t.Fatalf("a buffer of %d bytes", len(c.in.buf))
		}
	})
}

func BenchmarkNext(b *testing.B) {
	f := (&file{order: little}).pcap(magicMicro, ethernet)
	frame := append(unhex(macs+"0800"+udp4), make([]byte, 400)...)
	const packets = 100_000
	for i := range packets {
		f.record(second+uint32(i/1000), 0, frame)
	}
	b.SetBytes(int64(f.Len()))
	b.ReportAllocs()
	start := time.Now()
	for b.Loop() {
		c, err := NewReader(bytes.NewReader(f.Bytes()))
		var p Packet
		for err == nil {
			err = c.Next(&p)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*packets/time.Since(start).Seconds()/1e6, "Mpackets/s")
}
