package bruteforce

import (
	"strings"

	"seine/flow"
)

// A service is the number of a row of services; zero is none.
type service uint8

// A clientele tells who logs in to a service all day without harm, and so how
// much it takes to call many logins guessing.
type clientele uint8

const (
	people    clientele = iota // ssh, rdp: somebody sits there, or a script
	machines                   // smb, ftp, winrm: devices and tools
	mailers                    // clients poll and submit every few minutes
	databases                  // and directories: applications log in for every page
)

// A habit is what sessions that only try a password look like. The sizes are
// bytes of payload.
type habit struct {
	name   string
	who    clientele
	least  uint32 // from the client: less never came to a password
	typic  uint32 // both ways: failed logins stay below, with common software
	most   uint32 // both ways: no failed login is larger
	ports  []uint16
	spoken []string // what producers call the service where they recognise it
}

// services are those over TCP where passwords are guessed. The sizes are
// those of key exchange, greeting and one to a few refused passwords.
var services = [...]habit{
	{},
	{"ssh", people, 400, 5500, 8000, []uint16{22, 2222, 22222}, []string{"ssh"}},
	{"telnet", people, 6, 1000, 3000, []uint16{23, 2323}, []string{"telnet"}},
	{"rdp", people, 100, 7000, 20000, []uint16{3389}, []string{"rdp", "ms-wbt-server"}},
	{"vnc", people, 24, 300, 2000, []uint16{5900, 5901, 5902, 5903}, []string{"vnc", "rfb"}},
	{"rlogin", people, 4, 300, 1000, []uint16{512, 513}, []string{"rlogin", "rexec"}},
	{"pptp", people, 150, 800, 2000, []uint16{1723}, []string{"pptp"}},
	{"ftp", machines, 12, 350, 1500, []uint16{21, 2121}, []string{"ftp"}},
	{"smb", machines, 250, 3000, 8000, []uint16{139, 445}, []string{"smb", "netbios-ssn", "microsoft-ds"}},
	{"winrm", machines, 200, 2500, 6000, []uint16{5985, 5986}, []string{"winrm", "wsman"}},
	{"ldap", databases, 20, 500, 6000, []uint16{389, 636}, []string{"ldap", "ldaps", "ldap_tcp"}},
	{"mssql", databases, 100, 4000, 6000, []uint16{1433}, []string{"mssql", "tds", "ms-sql-s"}},
	{"mysql", databases, 30, 450, 5000, []uint16{3306}, []string{"mysql"}},
	{"postgresql", databases, 20, 400, 5000, []uint16{5432}, []string{"postgresql", "pgsql", "postgres"}},
	{"oracle", databases, 200, 3000, 8000, []uint16{1521}, []string{"oracle", "tns"}},
	{"redis", databases, 10, 150, 1000, []uint16{6379}, []string{"redis"}},
	{"mongodb", databases, 100, 2500, 6000, []uint16{27017}, []string{"mongodb", "mongo"}},
	{"smtp", mailers, 24, 800, 9000, []uint16{25, 465, 587}, []string{"smtp", "smtps", "submission"}},
	{"pop3", mailers, 10, 400, 9000, []uint16{110, 995}, []string{"pop3", "pop", "pop3s"}},
	{"imap", mailers, 10, 600, 9000, []uint16{143, 993}, []string{"imap", "imaps"}},
}

// A directory finds the service of a flow.
type directory struct {
	byPort [1 << 16]service
	byName map[string]service
	// heard is what is known of each symbol: 0 not asked yet, otherwise the
	// service plus 1, or notOurs.
	heard []uint8
	text  func(flow.Symbol) string
}

// notOurs marks a service that was recognised and has no passwords to guess
// over connections: the port misleads.
const notOurs = 0xff

func newDirectory(also []uint16, text func(flow.Symbol) string) *directory {
	d := &directory{byName: map[string]service{}, text: text}
	for i := range services {
		for _, p := range services[i].ports {
			d.byPort[p] = service(i)
		}
		for _, s := range services[i].spoken {
			d.byName[s] = service(i)
		}
	}
	for _, p := range also {
		if d.byPort[p] == 0 {
			d.byPort[p] = 1 // as ssh
		}
	}
	return d
}

// of is the service of r. What the producer recognised counts before the
// port; names that say nothing of the service leave it to the port.
func (d *directory) of(r *flow.Record) service {
	s := d.byPort[r.DstPort]
	if r.Has&flow.HasService == 0 || r.Service == 0 {
		return s
	}
	if int(r.Service) >= len(d.heard) {
		d.heard = append(d.heard, make([]uint8, int(r.Service)+1-len(d.heard)+16)...)
	}
	h := d.heard[r.Service]
	if h == 0 {
		h = d.ask(r.Service)
		d.heard[r.Service] = h
	}
	switch {
	case h == notOurs && services[s].name != "winrm": // which is spoken over http
		return 0
	case h == notOurs || h == 1:
		return s
	}
	return service(h - 1)
}

// ask reads a name such as "ssh" or "gssapi,smb,ntlm".
func (d *directory) ask(sym flow.Symbol) uint8 {
	h := uint8(1)
	for name := range strings.SplitSeq(strings.ToLower(d.text(sym)), ",") {
		if s := d.byName[name]; s != 0 {
			return uint8(s) + 1
		}
		switch name {
		case "http", "dns", "ftp-data", "bittorrent", "socks", "irc", "ntp", "sip", "quic":
			h = notOurs
		}
	}
	return h
}
