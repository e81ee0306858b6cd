package inventory

import (
	"cmp"
	_ "embed"
	"slices"

	"seine/flow"
	"seine/flow/enrich/provenance"
)

// Doc describes the layouts and how versions are matched.
//
//go:embed README.md
var Doc string

// A Service is one that listens on a port of a machine.
type Service struct {
	provenance.Entry
	Addr     flow.Addr
	Proto    flow.Proto
	Port     uint16
	Name     string // "ssh"
	Product  string // "OpenSSH"
	Version  string
	Packaged string          // the distribution that a version names, "Ubuntu": it mends old versions without a new number
	CPEs     []string        // in the form of version 2.3
	CVEs     []Vulnerability // the worst first; services of one version share them: not to be changed
}

// Worst is the vulnerability that matters most, or nil.
func (s *Service) Worst() *Vulnerability {
	if s == nil || len(s.CVEs) == 0 {
		return nil
	}
	return &s.CVEs[0]
}

// A Vulnerability is one that a service may have.
type Vulnerability struct {
	provenance.Entry
	ID         string    // "CVE-2021-44228"
	CVSS       float64   // base score, 0…10; 0 where not known
	EPSS       float64   // probability of exploitation within 30 days; 0 where not known
	KEV        bool      // known to be exploited (CISA)
	Ransomware bool      // by ransomware too
	KEVSince   flow.Time // when it was added to the catalogue; 0 where not known
	KEVSource  string    // "kev.json:7"
	EPSSSource string    // "epss.csv:120"
	Basis      string    // why it is thought to concern the service: "reported by the scanner", "version range of the NVD, not verified" …
}

// worse orders vulnerabilities, the one that matters most first.
func worse(a, b *Vulnerability) int {
	return cmp.Or(-compareBool(a.KEV, b.KEV), cmp.Compare(b.CVSS, a.CVSS), cmp.Compare(b.EPSS, a.EPSS), cmp.Compare(a.ID, b.ID))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// A Table is what is known of services. A nil Table knows nothing.
type Table struct {
	services map[place]*Service
	hosts    map[flow.Addr][]*Service // each by protocol and port
	all      []*Service               // by address, protocol and port
	warnings []string
}

// A place is where a service listens.
type place struct {
	addr  flow.Addr
	port  uint16
	proto flow.Proto
}

// Lookup finds the service at a port; nil for none.
func (t *Table) Lookup(a flow.Addr, proto flow.Proto, port uint16) *Service {
	if t == nil {
		return nil
	}
	return t.services[place{a, port, proto}]
}

// Services lists what is known of a machine, by protocol and port.
func (t *Table) Services(a flow.Addr) []*Service {
	if t == nil {
		return nil
	}
	return t.hosts[a]
}

// All lists the services by address, protocol and port. It is the Table's own.
func (t *Table) All() []*Service {
	if t == nil {
		return nil
	}
	return t.all
}

// Len is the number of services.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return len(t.all)
}

// Warnings tell what was left out of the files, with their lines, and how much.
func (t *Table) Warnings() []string {
	if t == nil {
		return nil
	}
	return t.warnings
}

// New makes a Table of services, of which the last for a place counts.
func New(services []*Service) *Table {
	t := &Table{services: map[place]*Service{}, hosts: map[flow.Addr][]*Service{}}
	for _, s := range services {
		t.services[place{s.Addr, s.Port, s.Proto}] = s
	}
	for _, s := range t.services {
		t.all = append(t.all, s)
	}
	slices.SortFunc(t.all, func(a, b *Service) int {
		return cmp.Or(compareAddr(a.Addr, b.Addr), cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Port, b.Port))
	})
	for _, s := range t.all {
		t.hosts[s.Addr] = append(t.hosts[s.Addr], s)
	}
	return t
}

func compareAddr(a, b flow.Addr) int { return slices.Compare(a[:], b[:]) }
