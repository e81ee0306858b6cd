package beacon

import "seine/flow"

// Services that call by the clock because they are made to. Calls to them are
// passed over: no test of regularity tells them from a beacon.

// everywhere are UDP services of the infrastructure, wherever they are: DHCP,
// NTP, NetBIOS, SNMP, IKE, DHCPv6, SSDP, STUN, WS-Discovery, NAT
// traversal of IPsec, NAT-PMP, mDNS, LLMNR.
var everywhere = []uint16{67, 68, 123, 137, 138, 161, 162, 500, 546, 547, 1900, 3478, 3702, 4500, 5351, 5353, 5355}

// inside are services of the infrastructure where the destination is internal,
// TCP and UDP: TACACS, DNS, Kerberos, RPC, NetBIOS sessions, SNMP, LDAP, SMB,
// syslog, printers, LDAPS, DNS over TLS, RADIUS, NetFlow, global
// catalogue, IPFIX, sFlow, syslog over TLS, AD web services, JetDirect, Zabbix.
var inside = []uint16{
	49, 53, 88, 135, 139, 161, 389, 445, 464, 514, 515, 593, 631, 636, 853, 1812, 1813, 2055, 3268, 3269, 4739, 6343,
	6514, 9100, 9389, 10050, 10051,
}

// A setting is how usual it is that a service is called by the clock, by
// programs that mean no harm.
type setting uint8

const (
	other  setting = iota // nothing speaks for it
	web                   // pages and updates that refresh themselves
	polled                // made to be asked again and again, or kept open
)

// polledPorts are mail, DNS, SSH and remote desktops, message brokers, push
// services, telephony, VPN.
var polledPorts = []uint16{
	21, 22, 25, 53, 110, 143, 465, 587, 853, 993, 995, 1194, 1883, 3389, 5060, 5061, 5222, 5223, 5228, 5229, 5230, 5269,
	5671, 5672, 5938, 8883, 9243, 51820,
}

// webPorts are those of the web itself: servers on others are fewer, and
// implants like them.
var webPorts = []uint16{80, 443}

const (
	dropUDP    = 1 << iota // everywhere, UDP
	dropInside             // to an internal destination
	dropAlways             // exempt by configuration
	isWeb
	isPolled
)

// A portTable says what the rules have for each port.
type portTable [1 << 16]uint8

func newPortTable(exempt []uint16) *portTable {
	var t portTable
	for bit, ports := range map[uint8][]uint16{
		dropUDP: everywhere, dropInside: inside, dropAlways: exempt, isWeb: webPorts, isPolled: polledPorts,
	} {
		for _, p := range ports {
			t[p] |= bit
		}
	}
	return &t
}

// passedOver reports whether calls to a service are left out.
func (t *portTable) passedOver(port uint16, proto flow.Proto, internal bool) bool {
	rules := t[port]
	return rules&dropAlways != 0 || rules&dropUDP != 0 && proto == flow.UDP || rules&dropInside != 0 && internal
}

func (t *portTable) setting(port uint16) setting {
	switch rules := t[port]; {
	case rules&isPolled != 0:
		return polled
	case rules&isWeb != 0:
		return web
	}
	return other
}

// directory reports whether a service is one that domain controllers have:
// their dynamic ports of RPC are polled too.
func directory(port uint16) bool { return port == 88 || port == 389 || port == 3268 }

// dynamic is the first of the ports that RPC hands out.
const dynamic = 49152
