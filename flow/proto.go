package flow

import "strconv"

// Proto is an IANA protocol number.
type Proto uint8

// The protocols that Seine names itself. ProtoUnknown (255, reserved by
// IANA) stands for a protocol that has no number or was not told.
const (
	ICMP         Proto = 1
	TCP          Proto = 6
	UDP          Proto = 17
	ICMPv6       Proto = 58
	SCTP         Proto = 132
	ProtoUnknown Proto = 255
)

var protoNames = map[Proto]string{
	0: "hopopt", 1: "icmp", 2: "igmp", 3: "ggp", 4: "ipv4", 5: "st", 6: "tcp", 7: "cbt", 8: "egp",
	9: "igp", 12: "pup", 17: "udp", 20: "hmp", 22: "xns-idp", 27: "rdp", 29: "iso-tp4",
	33: "dccp", 36: "xtp", 41: "ipv6", 43: "ipv6-route", 44: "ipv6-frag", 45: "idrp", 46: "rsvp", 47: "gre",
	50: "esp", 51: "ah", 55: "mobile", 57: "skip", 58: "ipv6-icmp", 59: "ipv6-nonxt", 60: "ipv6-opts",
	73: "rspf", 81: "vmtp", 88: "eigrp", 89: "ospf", 94: "ipip", 97: "etherip", 98: "encap",
	103: "pim", 108: "ipcomp", 112: "vrrp", 115: "l2tp", 124: "isis", 132: "sctp", 133: "fc", 136: "udplite",
	137: "mpls-in-ip", 255: "unknown",
}

var protoNumbers = func() map[string]Proto {
	m := map[string]Proto{
		"ipv6icmp": ICMPv6, "icmp6": ICMPv6, "icmpv6": ICMPv6, "ospfigp": 89, "ip": 4,
		"unknown_transport": ProtoUnknown, "udp-lite": 136, "ipencap": 4, "a/n": 107, "ipnip": 94,
	}
	for n, name := range protoNames {
		m[name] = n
	}
	return m
}()

// String is the lower-case name, or the number where there is no name.
func (p Proto) String() string {
	if s, ok := protoNames[p]; ok {
		return s
	}
	return strconv.Itoa(int(p))
}

// Ported reports whether p has ports: TCP, UDP, SCTP, DCCP and UDP-Lite.
func (p Proto) Ported() bool {
	switch p {
	case TCP, UDP, SCTP, 33, 136:
		return true
	}
	return false
}

// ParseProto reads a protocol name in any case or a number; blanks around it
// are dropped. It reports false for a text that is neither.
func ParseProto(b []byte) (Proto, bool) {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	if len(b) == 0 || len(b) > 24 {
		return ProtoUnknown, false
	}
	if b[0]-'0' <= 9 {
		n := 0
		for _, c := range b {
			if c-'0' > 9 {
				return ProtoUnknown, false
			}
			if n = n*10 + int(c-'0'); n > 255 {
				return ProtoUnknown, false
			}
		}
		return Proto(n), true
	}
	var low [24]byte
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	p, ok := protoNumbers[string(low[:len(b)])]
	if !ok {
		return ProtoUnknown, false
	}
	return p, true
}
