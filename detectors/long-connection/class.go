package longconnection

import (
	"seine/detectors"
	"seine/flow"
)

// A class is what is known of the service at a port.
type class uint8

const (
	unusual  class = iota // nothing
	ordinary              // web and the like
	patient               // stays open by design
	remote                // remote control
	never                 // its flows are no connections
	classes
)

var classNames = [classes]string{"unusual", "ordinary", "patient", "remote", "never"}

func (c class) String() string { return classNames[c] }

// A threshold is where a connection becomes a finding, in multiples of the
// base.
type threshold struct {
	low    int64 // 0 for never
	medium int64 // 0 for never; only to outside addresses that one host alone uses
}

// thresholds by class, for connections across the border. What stays inside
// has others, see (*watcher).threshold.
var thresholds = [classes]threshold{
	unusual:  {low: 4, medium: 12},
	ordinary: {low: 12},
	patient:  {low: 48},
	remote:   {low: 4},
}

// threshold tells where a connection becomes a finding. Inside, long
// connections are everyday: databases, shares, screens left open.
func (w *watcher) threshold(c class, s *span, proto flow.Proto) threshold {
	t := thresholds[c]
	client, server := s.clientKind.Internal(), s.serverKind.Internal()
	switch {
	case client && server:
		return threshold{}
	case !client || proto == flow.UDP:
		// Not from us to the outside, as far as is known; or a call, a game,
		// a tunnel for which nobody asks for a port.
		t.medium = 0
	}
	if c == unusual && w.swarms(s) {
		return threshold{low: 48}
	}
	return t
}

// swarms reports whether the client has too many such connections for one of
// them to mean anything.
func (w *watcher) swarms(s *span) bool { return *w.strange.At(s.client) >= w.swarm }

// severity of a connection that has been open for n times the base.
func (t threshold) severity(n int64, alone bool) detectors.Severity {
	switch {
	case t.medium > 0 && n >= t.medium && alone:
		return detectors.Medium
	case t.low > 0 && n >= t.low:
		return detectors.Low
	}
	return detectors.Info
}

// patientPorts stay open by design: ssh, IMAP, BGP, LDAP, SMB, IKE, syslog,
// RTSP, VPN, databases, message queues, push, chat, MQTT, games, the clouds of
// things.
var patientPorts = []uint16{
	22, 143, 179, 220, 389, 445, 500, 514, 541, 554, 563, 585, 636, 993, 995, 1119, 1194, 1433, 1434, 1521, 1701, 1723, 1812,
	1883, 2049, 2181, 2195, 2196, 2379, 2380, 3074, 3268, 3269, 3306, 3724, 4070, 4244, 4369, 4500, 4505, 4506, 5044, 5060,
	5061, 5190, 5222, 5223, 5228, 5229, 5230, 5242, 5269, 5432, 5671, 5672, 6379, 6443, 6514, 6660, 6661, 6662, 6663, 6664,
	6665, 6666, 6667, 6668, 6669, 6697, 7000, 8053, 8291, 8883, 9042, 9092, 9093, 9300, 9418, 9543, 9997, 10050, 10051, 10443,
	11095, 11211, 15063, 15064, 25565, 27015, 27016, 27017, 27018, 27019, 27020, 27021, 27022, 27023, 27024, 27025, 27026,
	27027, 27028, 27029, 27030, 50443, 51820, 61613,
}

// ordinaryPorts are web, mail, file transfer, streams and calls.
var ordinaryPorts = []uint16{
	20, 21, 25, 53, 80, 88, 110, 119, 135, 139, 443, 464, 465, 563, 587, 853, 873, 989, 990, 1935, 2052, 2053, 2082, 2083,
	2086, 2087, 2095, 2096, 3000, 3128, 3478, 3479, 3480, 3481, 4443, 5000, 5001, 5201, 5349, 7443, 8000, 8008, 8009, 8080,
	8081, 8086, 8088, 8200, 8443, 8800, 8801, 8880, 9000, 9001, 9090, 9100, 9200, 9443, 10000, 19302, 32400,
}

// remotePorts are telnet, rlogin, RDP, TeamViewer, VNC, WinRM, AnyDesk.
var remotePorts = []uint16{23, 513, 3389, 5800, 5900, 5901, 5902, 5903, 5938, 5985, 5986, 7070, 8040, 8041, 6568}

// neverPorts are DHCP, NTP, NetBIOS, SNMP, discovery.
var neverPorts = []uint16{67, 68, 69, 111, 123, 137, 138, 161, 162, 520, 546, 547, 1900, 3702, 5350, 5351, 5353, 5355, 17500}
