package policy

import (
	"seine/detectors"
	"seine/flow"
)

// A direction is how a flow lies to the border of the network.
type direction uint8

const (
	inside   direction = iota
	inbound            // from outside to inside
	outbound           // from inside to outside
	directions
)

var directionNames = [directions]string{"inside", "inbound", "outbound"}

// A level is the severity of a use, or that there is nothing to say.
type level int8

const (
	none level = iota - 1
	info
	low
	medium
)

// A policy is what is thought of a service at some ports.
type policy struct {
	id     string
	name   string
	proto  string // t: TCP, u: UDP, tu: both
	ports  []uint16
	clear  bool // it is TLS that would make it good, and that may be seen
	levels [directions]level
	reason string
	see    string
}

// References. They are where to look, not a claim that a rule is broken.
const (
	pciClear   = "PCI DSS v4.0.1 2.2.5 and 4.2.1; CIS Controls v8 3.10 and 4.8"
	pciServe   = "PCI DSS v4.0.1 1.2.5 and 2.2.5; CIS Controls v8 4.8"
	pciAdmin   = "PCI DSS v4.0.1 1.4.2 and 2.2.7; CIS Controls v8 4.6"
	pciOutside = "PCI DSS v4.0.1 1.2.5 and 1.4.2; CIS Controls v8 4.4 and 4.8"
	industrial = "NIST SP 800-82 Rev. 3; IEC 62443-3-3 SR 5.1"
)

// policies are those that come with the detector. A port belongs to one alone.
var policies = []policy{
	{"ftp", "FTP", "t", []uint16{21}, true, [directions]level{low, low, info}, "user name, password and files go in the clear", pciClear},
	{"telnet", "Telnet", "t", []uint16{23}, true, [directions]level{low, medium, low}, "all that is typed and shown goes in the clear, the password included", pciClear},
	{"r-commands", "rexec, rlogin", "t", []uint16{512, 513}, false, [directions]level{low, medium, low}, "passwords go in the clear, or an address is believed instead of one", pciClear},
	{"rsh", "rsh, or syslog over TCP", "t", []uint16{514}, true, [directions]level{info, low, info}, "an address is believed instead of a password; where it is syslog, the log goes in the clear", pciClear},
	{"pop3", "POP3", "t", []uint16{110}, true, [directions]level{low, low, low}, "the password and the mail go in the clear, unless the session begins with STLS", pciClear},
	{"imap", "IMAP", "t", []uint16{143}, true, [directions]level{info, low, info}, "the password and the mail go in the clear, unless the session begins with STARTTLS", pciClear},
	{"ldap", "LDAP", "tu", []uint16{389}, true, [directions]level{info, medium, info}, "the directory, and with a simple bind the password, go in the clear, unless the session begins with StartTLS or is sealed", pciClear},
	{"http", "HTTP", "t", []uint16{80}, true, [directions]level{info, none, none}, "what is asked and answered goes in the clear, cookies and passwords included", pciClear},

	{"small-services", "echo, discard, daytime, quote, chargen", "tu", []uint16{7, 9, 13, 17, 19}, false, [directions]level{low, medium, info}, "nobody needs it any more, and it can be used to flood others", pciServe},
	{"tftp", "TFTP", "u", []uint16{69}, false, [directions]level{low, medium, low}, "files without a password, in the clear; they are often configurations", pciServe},
	{"finger", "finger", "t", []uint16{79}, false, [directions]level{low, medium, info}, "it tells anybody who has an account", pciServe},
	{"snmp", "SNMP", "u", []uint16{161}, false, [directions]level{info, medium, info}, "versions 1 and 2c send their password in the clear; flows do not show the version", pciServe},
	{"portmap", "portmapper", "tu", []uint16{111}, false, [directions]level{info, medium, info}, "it tells anybody what is there, and can be used to flood others", pciServe},
	{"netbios", "NetBIOS", "tu", []uint16{137, 138, 139}, false, [directions]level{info, medium, info}, "names and sessions of an old time, believed without proof", pciServe},
	{"x11", "X11", "t", []uint16{6000, 6001, 6002, 6003}, false, [directions]level{info, medium, info}, "screen and keyboard go in the clear", pciClear},
	{"vnc", "VNC", "t", []uint16{5900, 5901, 5902, 5903}, false, [directions]level{info, medium, info}, "it takes a short password or none, and the screen mostly goes in the clear", pciAdmin},
	{"docker", "Docker without TLS", "t", []uint16{2375}, false, [directions]level{low, medium, low}, "whoever reaches it commands the machine", pciAdmin},
	{"adb", "Android debugging", "t", []uint16{5555}, false, [directions]level{low, medium, info}, "whoever reaches it commands the device", pciAdmin},
	{"ipmi", "IPMI", "u", []uint16{623}, false, [directions]level{info, medium, info}, "it gives password hashes to anybody, and commands the machine below its system", pciAdmin},

	{"redis", "Redis", "t", []uint16{6379}, true, [directions]level{info, medium, info}, "it takes no password unless told to, and can be made to write files", pciServe},
	{"elasticsearch", "Elasticsearch", "t", []uint16{9200, 9300}, true, [directions]level{info, medium, info}, "older versions take no password, and give all they hold", pciServe},
	{"mongodb", "MongoDB", "t", []uint16{27017, 27018}, true, [directions]level{info, medium, info}, "it takes no password unless told to, and gives all it holds", pciServe},
	{"memcached", "memcached", "tu", []uint16{11211}, false, [directions]level{info, medium, info}, "it takes no password, and can be used to flood others", pciServe},
	{"couchdb", "CouchDB", "t", []uint16{5984}, true, [directions]level{info, medium, info}, "older versions take no password", pciServe},
	{"etcd", "etcd", "t", []uint16{2379}, true, [directions]level{none, medium, none}, "it holds the secrets of a cluster", pciServe},
	{"zookeeper", "ZooKeeper", "t", []uint16{2181}, true, [directions]level{none, medium, none}, "it takes no password unless told to", pciServe},
	{"database", "a database (SQL Server, Oracle, MySQL, PostgreSQL, Cassandra)", "t", []uint16{1433, 1521, 3306, 5432, 9042}, false, [directions]level{none, medium, none}, "a database is for its applications, not for the internet", pciOutside},

	{"smb", "SMB", "t", []uint16{445}, false, [directions]level{none, medium, none}, "file shares are for the inside: worms and ransomware come this way", pciOutside},
	{"msrpc", "RPC of Windows", "t", []uint16{135}, false, [directions]level{none, medium, none}, "it commands Windows, and is for the inside", pciOutside},
	{"nfs", "NFS", "tu", []uint16{2049}, false, [directions]level{none, medium, none}, "file shares are for the inside; an address is believed instead of a password", pciOutside},
	{"rdp", "remote desktop", "t", []uint16{3389}, false, [directions]level{none, medium, none}, "a remote desktop that the internet reaches is how many break-ins begin; a gateway or a VPN belongs in front", pciOutside},
	{"winrm", "WinRM", "t", []uint16{5985}, false, [directions]level{none, medium, none}, "it commands Windows, and is for the inside", pciOutside},
	{"rsync", "rsync", "t", []uint16{873}, false, [directions]level{info, medium, info}, "files in the clear, often without a password", pciOutside},
	{"printer", "a printer", "t", []uint16{515, 631, 9100}, false, [directions]level{none, medium, none}, "whoever reaches it prints, and reads what is printed", pciOutside},
	{"ssdp", "UPnP", "u", []uint16{1900}, false, [directions]level{none, medium, none}, "it is for the inside, and can be used to flood others", pciOutside},
	{"proxy", "an open proxy", "t", []uint16{1080, 3128}, false, [directions]level{none, medium, none}, "whoever reaches it can pass for the network, and go into it", pciOutside},
	{"industrial", "control of machines (S7, Modbus, DNP3, EtherNet/IP)", "t", []uint16{102, 502, 20000, 44818}, false, [directions]level{none, medium, low}, "whoever reaches it commands the machine: these protocols know no password", industrial},
	{"bacnet", "BACnet", "u", []uint16{47808}, false, [directions]level{none, medium, low}, "whoever reaches it commands the building: the protocol knows no password", industrial},
}

// forbidden is the policy of the ports that the user forbids.
const forbidden = "forbidden"

// ids are the names of the policies.
func ids() []string {
	var all []string
	for i := range policies {
		all = append(all, policies[i].id)
	}
	return append(all, forbidden)
}

// severity of a level that is not none.
func (l level) severity() detectors.Severity {
	return [...]detectors.Severity{detectors.Info, detectors.Low, detectors.Medium}[l]
}

// table tells the policy of each port, plus 1; 0 for none. TCP first.
type table [2][1 << 16]uint8

// which is the place of a protocol in a table.
func which(p flow.Proto) int {
	if p == flow.UDP {
		return 1
	}
	return 0
}

// set gives the ports of a policy, which is number i, to it.
func (t *table) set(i int, p *policy) {
	for _, proto := range p.proto {
		at := 0
		if proto == 'u' {
			at = 1
		}
		for _, port := range p.ports {
			t[at][port] = uint8(i + 1)
		}
	}
}
