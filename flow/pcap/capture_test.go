package pcap

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

var day = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

// A capture is written packet by packet.
type capture struct {
	bytes.Buffer
	order binary.AppendByteOrder
	micro bool
	snap  int
}

// newCapture begins a capture with times in nanoseconds.
func newCapture(link layers.LinkType) *capture {
	return newCaptureOf(link, binary.LittleEndian, false)
}

func newCaptureOf(link layers.LinkType, order binary.AppendByteOrder, micro bool) *capture {
	c := &capture{order: order, micro: micro, snap: 1 << 16}
	if micro {
		c.words(0xa1b2c3d4)
	} else {
		c.words(0xa1b23c4d)
	}
	c.Write(order.AppendUint16(order.AppendUint16(nil, 2), 4))
	c.words(0, 0, 1<<16, uint32(link))
	return c
}

func (c *capture) words(words ...uint32) {
	for _, w := range words {
		c.Write(c.order.AppendUint32(nil, w))
	}
}

// frame writes a frame, cut to the snap length.
func (c *capture) frame(at time.Duration, frame []byte) {
	t, n := day.Add(at), min(len(frame), c.snap)
	fraction := t.Nanosecond()
	if c.micro {
		fraction /= 1000
	}
	c.words(uint32(t.Unix()), uint32(fraction), uint32(n), uint32(len(frame)))
	c.Write(frame[:n])
}

// packets writes packets given as text: "1.5 a:1000>b:80 S 100" is a SYN of
// a:1000 to b:80, 1.5 s after nine, with 100 bytes behind its header; "u"
// for flags is UDP, "i8.0" ICMP, "p47" protocol 47, a number behind = the
// initial sequence number.
func (c *capture) packets(text string) *capture {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			at, b := build(line)
			c.frame(at, b)
		}
	}
	return c
}

var hosts = map[string]string{
	"a": "192.0.2.1", "b": "198.51.100.2", "c": "203.0.113.3", "A": "2001:db8::1", "B": "2001:db8::2",
}

func build(line string) (time.Duration, []byte) {
	var sec float64
	var ends, what string
	var size int
	fmt.Sscan(line, &sec, &ends, &what, &size)
	from, to, _ := strings.Cut(ends, ">")
	fromHost, fromPort := end(from)
	toHost, toPort := end(to)
	what, number, _ := strings.Cut(what, "=")
	var seq uint32
	fmt.Sscan(number, &seq)

	eth := &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}
	ip4 := &layers.IPv4{Version: 4, TTL: 64, SrcIP: fromHost.AsSlice(), DstIP: toHost.AsSlice()}
	ip6 := &layers.IPv6{Version: 6, HopLimit: 64, SrcIP: fromHost.AsSlice(), DstIP: toHost.AsSlice()}
	var ip gopacket.NetworkLayer = ip4
	if fromHost.Is6() {
		ip, eth.EthernetType = ip6, layers.EthernetTypeIPv6
	}
	stack := []gopacket.SerializableLayer{eth, ip.(gopacket.SerializableLayer)}
	proto := layers.IPProtocolTCP
	switch {
	case what == "u":
		proto = layers.IPProtocolUDP
		udp := &layers.UDP{SrcPort: layers.UDPPort(fromPort), DstPort: layers.UDPPort(toPort)}
		udp.SetNetworkLayerForChecksum(ip)
		stack = append(stack, udp)
	case what[0] == 'i':
		var kind, code uint8
		fmt.Sscanf(what, "i%d.%d", &kind, &code)
		if fromHost.Is6() {
			proto = layers.IPProtocolICMPv6
			icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, code)}
			icmp.SetNetworkLayerForChecksum(ip)
			stack = append(stack, icmp)
		} else {
			proto = layers.IPProtocolICMPv4
			stack = append(stack, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(kind, code), Id: uint16(seq)})
		}
	case what[0] == 'p':
		var n uint8
		fmt.Sscanf(what, "p%d", &n)
		proto = layers.IPProtocol(n)
	case what[0] == 's': // SCTP with a chunk of the type
		proto = layers.IPProtocolSCTP
		var n uint8
		fmt.Sscanf(what, "s%d", &n)
		stack = append(stack, &layers.SCTP{SrcPort: layers.SCTPPort(fromPort), DstPort: layers.SCTPPort(toPort)},
			gopacket.Payload{n, 0, 0, 8, 0, 0, 0, byte(seq)})
	default:
		has := func(f string) bool { return strings.Contains(what, f) }
		tcp := &layers.TCP{SrcPort: layers.TCPPort(fromPort), DstPort: layers.TCPPort(toPort), Seq: seq,
			SYN: has("S"), ACK: has("A"), FIN: has("F"), RST: has("R"), PSH: has("P")}
		tcp.SetNetworkLayerForChecksum(ip)
		stack = append(stack, tcp)
	}
	ip4.Protocol, ip6.NextHeader = proto, proto
	if size > 0 {
		stack = append(stack, gopacket.Payload(make([]byte, size)))
	}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		panic(err)
	}
	return time.Duration(sec*1e6) * time.Microsecond, b.Bytes()
}

func end(s string) (netip.Addr, int) {
	name, port, _ := strings.Cut(s, ":")
	n := 0
	fmt.Sscan(port, &n)
	return netip.MustParseAddr(hosts[name]), n
}

// A reading is what came of a capture.
type reading struct {
	src     *flow.Source
	rows    []flow.Record
	err     error
	symbols *flow.Symbols
}

func read(t *testing.T, data []byte) reading { return readLimited(t, data, limit) }

func readLimited(t *testing.T, data []byte, limit int) reading {
	t.Helper()
	symbols := flow.NewSymbols()
	src := flow.BytesSource("test.pcap", data, &flow.Options{Symbols: symbols})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	r.(*reader).flows.limit = limit
	rows, err := flow.ReadAll(r)
	return reading{src, rows, err, symbols}
}

// String writes the rows as short lines: number of the first packet, ends,
// packets, state.
func (r reading) String() string {
	var b strings.Builder
	for i := range r.rows {
		f := &r.rows[i]
		fmt.Fprintf(&b, "%d %v:%d>%v:%d %v %d/%d %s %v\n", f.Row, f.Src, f.SrcPort, f.Dst, f.DstPort, f.Proto,
			f.SrcPkts, f.DstPkts, r.symbols.Text(f.RawState), f.State)
	}
	return b.String()
}

func (r reading) full() string {
	var b strings.Builder
	for i := range r.rows {
		b.WriteString(flowtest.Row(&r.rows[i], r.symbols))
	}
	return b.String()
}
