package packet

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"seine/flow"
)

// unhex reads bytes written as hexadecimal digits with blanks.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// The packet that the tests wrap: UDP from 192.0.2.1:1000 to 198.51.100.2:53
// with four bytes.
const (
	udp  = "03e8 0035 000c 0000 61626364"
	udp4 = "4500 0020 0001 0000 40 11 0000 c0000201 c6336402" + udp
	udp6 = "60000000 000c 11 40 20010db8000000000000000000000001 20010db8000000000000000000000002" + udp
	macs = "ffffffffffff 020000000001 "
)

// decoded decodes one frame.
func decoded(l Link, frame []byte, length int) (Packet, error) {
	p := Packet{CaptureLength: len(frame), Length: length}
	err := p.decode(l, frame)
	return p, err
}

func TestEveryLinkLeadsToThePacket(t *testing.T) {
	for _, test := range []struct {
		name  string
		link  Link
		frame string
	}{
		{"Ethernet", ethernet, macs + "0800" + udp4},
		{"Ethernet padded", ethernet, macs + "0800" + udp4 + "000000000000"},
		{"Ethernet, IPv6", ethernet, macs + "86dd" + udp6},
		{"VLAN", ethernet, macs + "8100 0064 0800" + udp4},
		{"QinQ", ethernet, macs + "88a8 0064 8100 0065 86dd" + udp6},
		{"QinQ of old", ethernet, macs + "9100 0064 9200 0065 0800" + udp4},
		{"SNAP", ethernet, macs + "0028 aaaa03 000000 0800" + udp4},
		{"PPPoE in a VLAN", ethernet, macs + "8100 0064 8864 1100 0001 0022 0021" + udp4},
		{"PPPoE", pppoe, "1100 0001 0022 0057" + udp6},
		{"PPP", ppp, "0021" + udp4},
		{"PPP with address", ppp, "ff03 0021" + udp4},
		{"PPP with a short number", pppHDLC, "ff03 57" + udp6},
		{"Cisco HDLC", ciscoHD, "0f00 0800" + udp4},
		{"raw", raw, udp4}, {"raw, IPv6", raw, udp6}, {"raw 12", raw12, udp4}, {"raw 14", raw14, udp6},
		{"IPv4", ipv4, udp4}, {"IPv6", ipv6, udp6},
		{"null, little end first", null, "02000000" + udp4},
		{"null, big end first", null, "00000002" + udp4},
		{"null, IPv6 of FreeBSD", null, "1c000000" + udp6},
		{"null, IPv6 of macOS", null, "1e000000" + udp6},
		{"loop, IPv6 of OpenBSD", loop, "00000018" + udp6},
		{"pflog", pflog, "3d 02" + strings.Repeat("00", 62) + udp4},
		{"cooked", cooked, "0000 0001 0006 020000000001 0000 0800" + udp4},
		{"cooked, VLAN", cooked, "0000 0001 0006 020000000001 0000 8100 0064 86dd" + udp6},
		{"cooked 2", cooked2, "86dd 0000 00000001 0001 00 06 0200000000010000" + udp6},
	} {
		frame := unhex(test.frame)
		p, err := decoded(test.link, frame, len(frame))
		if err != nil || !p.HasPorts || p.SrcPort != 1000 || p.DstPort != 53 || p.Proto != flow.UDP ||
			string(p.Payload) != "abcd" || p.PayloadLength != 4 {
			t.Errorf("%s: %v %+v", test.name, err, p)
		}
		want, size := "192.0.2.1 198.51.100.2", uint64(32)
		if p.EtherType == EtherIPv6 {
			want, size = "2001:db8::1 2001:db8::2", 52
		}
		if got := fmt.Sprint(p.Src, p.Dst); got != want || p.IPLength != size {
			t.Errorf("%s: %s of %d bytes", test.name, got, p.IPLength)
		}
		if !test.link.Known() {
			t.Errorf("%s is not known", test.name)
		}
		// Cut anywhere it is cut, or counts as it was.
		for n := range frame {
			c, err := decoded(test.link, frame[:n:n], len(frame))
			if _, damaged := err.(Damage); err != nil && err != ErrNotIP && !damaged {
				t.Errorf("%s cut to %d: %v", test.name, n, err)
			} else if err == nil && (c.IPLength != p.IPLength || c.PayloadLength != p.PayloadLength || c.Src != p.Src || c.Proto != p.Proto) {
				t.Errorf("%s cut to %d: %+v", test.name, n, c)
			}
		}
	}
}

func TestWhatIsNotIP(t *testing.T) {
	for _, test := range []struct {
		name  string
		link  Link
		frame string
		ether uint16
	}{
		{"ARP", ethernet, macs + "0806 0001", 0x0806},
		{"LLDP", ethernet, macs + "88cc 0001", 0x88cc},
		{"MPLS", ethernet, macs + "8847 00000000" + udp4, 0x8847},
		{"spanning tree", ethernet, macs + "0026 424203 000000", 0x26},
		{"SNAP of Cisco", ethernet, macs + "0028 aaaa03 00000c 2000 00000000", 0x28},
		{"PPP control", ppp, "c021 0101", 0},
		{"PPPoE discovery", ethernet, macs + "8863 1109", 0x8863},
		{"another family", null, "00000007 00000000", 0},
		{"radiotap", 127, "00000000", 0},
	} {
		frame := unhex(test.frame)
		if p, err := decoded(test.link, frame, len(frame)); err != ErrNotIP || p.EtherType != test.ether {
			t.Errorf("%s: %v, type %#x", test.name, err, p.EtherType)
		}
	}
}

func TestHeaders(t *testing.T) {
	const (
		tcp  = "03e8 0050 00000007 00000000 5012 0000 0000 0000"
		from = "20010db8000000000000000000000001"
		to   = "20010db8000000000000000000000002"
	)
	for _, test := range []struct {
		name, packet string
		length       int // on the wire; 0 if all was captured
		want         string
	}{
		{"TCP", "4500 002a 0000 0000 40 06 0000 c0000201 c6336402" + tcp + "0102", 0, "tcp 1000>80 42 SA seq 7 payload 2/2"},
		{"TCP with options", "4500 002c 0000 0000 40 06 0000 c0000201 c6336402 03e8 0050 00000007 00000000 6002 0000 0000 0000 020405b4", 0, "tcp 1000>80 44 S seq 7 payload 0/0"},
		{"IPv4 options", "4600 002c 0000 0000 40 06 0000 c0000201 c6336402 94040000" + tcp, 0, "tcp 1000>80 44 SA seq 7 payload 0/0"},
		{"cut behind the ports", "4500 05dc 0000 0000 40 06 0000 c0000201 c6336402 03e8 0050", 1500, "tcp 1000>80 1500 payload 0/1460"},
		{"cut before the ports", "4500 05dc 0000 0000 40 06 0000 c0000201 c6336402", 1500, "tcp 1500 payload 0/1460"},
		{"a length left to the card", "4500 0000 0000 0000 40 06 0000 c0000201 c6336402" + tcp, 9000, "tcp 1000>80 9000 SA seq 7 payload 0/8960"},
		{"first fragment", "4500 0024 1234 2000 40 11 0000 c0000201 c6336402 03e8 0035 0200 0000 0102030405060708", 0, "udp 1000>53 36 first 1234 payload 8/8"},
		{"later fragment", "4500 0024 1234 2040 40 11 0000 c0000201 c6336402 03e8 0035 0200 0000 0102030405060708", 0, "udp 36 later 1234 payload 16/16"},
		{"last fragment", "4500 0018 1234 0040 40 11 0000 c0000201 c6336402 01020304", 0, "udp 24 later 1234 payload 4/4"},
		{"ICMP", "4500 0020 0000 0000 40 01 0000 c0000201 c6336402 08 00 0000 1234 0001 01020304", 0, "icmp 32 8/0 id 4660 payload 8/8"},
		{"GRE", "4500 0018 0000 0000 40 2f 0000 c0000201 c6336402 01020304", 0, "gre 24 payload 4/4"},
		{"SCTP", "4500 0024 0000 0000 40 84 0000 c0000201 c6336402 03e8 0050 00000000 00000000 01000004", 0, "sctp 1000>80 36 payload 4/4"},
		{"a UDP length that lies", "4500 0020 0000 0000 40 11 0000 c0000201 c6336402 03e8 0035 ffff 0000 01020304", 0, "udp 1000>53 32 payload 4/4"},
		{"a UDP length shorter than the packet", "4500 0020 0000 0000 40 11 0000 c0000201 c6336402 03e8 0035 000a 0000 01020304", 0, "udp 1000>53 32 payload 2/2"},

		{"IPv6 extensions", "60000000 0034 00 40" + from + to + "2b00 000000000000" + "3c00 000000000000" + "0601 0000000000000000000000000000" + tcp, 0,
			"tcp 1000>80 92 SA seq 7 payload 0/0"},
		{"IPv6 authentication", "60000000 002c 33 40" + from + to + "0604 0000 00000000 00000000 000000000000000000000000" + tcp, 0,
			"tcp 1000>80 84 SA seq 7 payload 0/0"},
		{"IPv6 first fragment", "60000000 0018 2c 40" + from + to + "1100 0001 00012345" + "03e8 0035 0200 0000 0102030405060708", 0,
			"udp 1000>53 64 first 12345 payload 8/8"},
		{"IPv6 later fragment", "60000000 0010 2c 40" + from + to + "1100 0011 00012345" + "0102030405060708", 0, "udp 56 later 12345 payload 8/8"},
		{"IPv6 whole fragment", "60000000 0018 2c 40" + from + to + "1100 0000 00012345" + "03e8 0035 0010 0000 0102030405060708", 0,
			"udp 1000>53 64 payload 8/8"},
		{"ICMPv6", "60000000 0008 3a 40" + from + to + "87 00 0000 00000000", 0, "ipv6-icmp 48 135/0 id 0 payload 4/4"},
		{"no next header", "60000000 0000 3b 40" + from + to, 0, "ipv6-nonxt 40 payload 0/0"},
		{"jumbogram", "60000000 0000 00 40" + from + to + "0600 c204 00020000" + tcp, 131112, "tcp 1000>80 131112 SA seq 7 payload 0/131044"},

		{"header of no length", "4000 0020 0000 0000 40 11 0000 c0000201 c6336402" + udp, 0, "the lengths in the IPv4 header cannot be"},
		{"length below the header", "4500 0010 0000 0000 40 11 0000 c0000201 c6336402" + udp, 0, "the lengths in the IPv4 header cannot be"},
		{"TCP header of no length", "4500 0028 0000 0000 40 06 0000 c0000201 c6336402 03e8 0050 00000007 00000000 0012 0000 0000 0000", 0, "the lengths in the TCP header cannot be"},
		{"cut within extensions", "60000000 0034 00 40" + from + to + "2b", 92, "cut within the IPv6 extension headers"},
		{"an address that cannot be", "60000000 0000 3b 40 ff000000000000000000ffff00000001" + to, 0, "an address that RFC 4291 forbids"},
	} {
		frame := unhex(test.packet)
		p, err := decoded(raw, frame, max(test.length, len(frame)))
		got := fmt.Sprint(p.Proto)
		if p.HasPorts {
			got += fmt.Sprintf(" %d>%d", p.SrcPort, p.DstPort)
		}
		got += fmt.Sprintf(" %d", p.IPLength)
		if p.HasFlags {
			got += fmt.Sprintf(" %v seq %d", p.TCPFlags, p.Sequence)
		}
		if p.HasICMP {
			got += fmt.Sprintf(" %d/%d id %d", p.ICMPType, p.ICMPCode, p.ICMPID)
		}
		if p.FirstFragment {
			got += fmt.Sprintf(" first %x", p.FragmentID)
		}
		if p.LaterFragment {
			got += fmt.Sprintf(" later %x", p.FragmentID)
		}
		got += fmt.Sprintf(" payload %d/%d", len(p.Payload), p.PayloadLength)
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}
