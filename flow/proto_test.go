package flow_test

import (
	"testing"

	"seine/flow"
)

func TestProtocolsInTheSpellingsOfManyTools(t *testing.T) {
	for text, want := range map[string]flow.Proto{
		"tcp": flow.TCP, "TCP  ": flow.TCP, " 6": flow.TCP, "Udp": flow.UDP, "17": flow.UDP,
		"icmp": flow.ICMP, "1": flow.ICMP,
		"ipv6-icmp": flow.ICMPv6, "IPv6-ICMP": flow.ICMPv6, "IPV6-ICMP": flow.ICMPv6, "icmp6": flow.ICMPv6, "ICMPv6": flow.ICMPv6, "58": flow.ICMPv6,
		"ospf": 89, "igmp": 2, "GRE": 47, "sctp": flow.SCTP, "udp-lite": 136, "0": 0, "255": flow.ProtoUnknown, "unknown_transport": flow.ProtoUnknown,
	} {
		if got, ok := flow.ParseProto([]byte(text)); !ok || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "-", "man", "llc", "arp", "rtp", "256", "6.0", "6x", "-1", "a name of no protocol at all"} {
		if got, ok := flow.ParseProto([]byte(text)); ok || got != flow.ProtoUnknown {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestProtocolsWithPorts(t *testing.T) {
	for _, text := range []string{"tcp", "udp", "sctp", "dccp", "udplite"} {
		if p, _ := flow.ParseProto([]byte(text)); !p.Ported() {
			t.Error(text)
		}
	}
	for _, p := range []flow.Proto{0, flow.ICMP, flow.ICMPv6, 2, 47, 50, 89, flow.ProtoUnknown} {
		if p.Ported() {
			t.Error(p)
		}
	}
}
