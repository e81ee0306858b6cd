package unusualservice

import (
	"slices"
	"strings"

	"seine/detectors"
	"seine/flow"
)

// A class is what is known of the service at a port.
type class uint8

const (
	unnamed class = iota
	named         // known, and nothing special
	abused        // known, and rarely meant well across the border
	admin         // control of a machine or its data
)

// adminPorts are ssh, telnet, RPC, NetBIOS and SMB, rexec to rsh, SQL Server,
// Oracle, Docker, MySQL, RDP, PostgreSQL, VNC, TeamViewer, WinRM, Redis,
// Kubernetes, Elasticsearch, memcached, MongoDB, Webmin, adb, Android.
var adminPorts = []uint16{
	22, 23, 135, 139, 445, 512, 513, 514, 1433, 1521, 2222, 2323, 2375, 2376, 3306, 3389, 5432, 5555, 5800, 5900, 5901, 5938,
	5985, 5986, 6379, 6443, 9200, 10250, 11211, 27017,
}

// abusedPorts are finger, tftp, SOCKS, IRC, NFS, proxies, Tor, and Metasploit's
// own.
var abusedPorts = []uint16{
	69, 79, 111, 1080, 1337, 2049, 3128, 4444, 4899, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6697, 7000,
	8291, 9001, 9030, 9050, 9051, 9150, 31337,
}

// namedPorts are services above 1023 that are neither.
var namedPorts = []uint16{
	1194, 1701, 1723, 1812, 1813, 1883, 1900, 1935, 2082, 2083, 2181, 2195, 3000, 3074, 3268, 3269, 3478, 3702, 4500, 5000, 5001,
	5004, 5005, 5044, 5060, 5061, 5201, 5222, 5223, 5228, 5229, 5230, 5269, 5349, 5353, 5355, 5357, 5671, 5672, 5683, 6514, 6881,
	8000, 8008, 8009, 8080, 8081, 8088, 8443, 8883, 8888, 9000, 9090, 9092, 9100, 9443, 10050, 10051, 19302, 25565, 27015,
}

// A protocol is one whose presence at a port of others means something.
type protocol struct {
	name   string
	ports  []uint16
	remote bool // gives control or relays: the port is chosen to hide it
}

// protocols by the names that Zeek and Suricata give them.
var protocols = []protocol{
	{"ssh", []uint16{22, 830, 2222}, true},
	{"rdp", []uint16{3389}, true},
	{"rfb", []uint16{5800, 5900, 5901, 5902, 5903, 5904, 5905}, true},
	{"telnet", []uint16{23, 2323}, true},
	{"smb", []uint16{139, 445}, true},
	{"socks", []uint16{1080, 9050, 9150}, true},
	{"irc", []uint16{194, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6697, 7000}, true},
	{"openvpn", []uint16{1194}, true},
	{"ftp", []uint16{21, 990, 2121}, false},
	{"smtp", []uint16{25, 465, 587, 2525}, false},
	{"dns", []uint16{53, 137, 853, 5353, 5355}, false},
	{"mysql", []uint16{3306, 33060}, false},
	{"postgresql", []uint16{5432}, false},
	{"http", []uint16{80, 81, 443, 591, 3000, 3128, 5000, 5357, 5985, 8000, 8008, 8009, 8080, 8081, 8088, 8443, 8530, 8888, 9000, 9090, 9100, 9200}, false},
}

// services remembers which protocol a service is, by its symbol: 0 not yet
// looked up, 1 none of interest, else its place among protocols plus 2.
type services struct{ is []uint8 }

// of is the place among protocols of what the input found in a flow, or
// negative. A list of several tells nothing: tunnels and upgrades have many.
func (s *services) of(env *detectors.Env, sym flow.Symbol) int {
	if int(sym) >= len(s.is) {
		s.is = append(s.is, make([]uint8, int(sym)+1-len(s.is)+16)...)
	}
	if s.is[sym] == 0 {
		s.is[sym] = 1
		name := strings.ToLower(env.Text(sym))
		if i := slices.IndexFunc(protocols, func(p protocol) bool { return p.name == name }); i >= 0 {
			s.is[sym] = uint8(i + 2)
		}
	}
	return int(s.is[sym]) - 2
}
