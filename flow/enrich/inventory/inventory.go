// Package inventory reads what scanners found listening and what is known to
// be vulnerable, and joins them.
package inventory

import (
	"seine/flow"
	"seine/flow/enrich/provenance"
)

// A Service is one that listens on a port of a machine.
type Service struct {
	provenance.Entry
	Addr    flow.Addr
	Proto   flow.Proto
	Port    uint16
	Name    string // "ssh"
	Product string // "OpenSSH"
	Version string
	CPEs    []string
	CVEs    []Vulnerability // the worst first
}

// A Vulnerability is one that a service may have.
type Vulnerability struct {
	provenance.Entry
	ID         string  // "CVE-2021-44228"
	CVSS       float64 // base score, 0…10; 0 where not known
	EPSS       float64 // probability of exploitation within 30 days; 0 where not known
	KEV        bool    // known to be exploited (CISA)
	Ransomware bool    // by ransomware too
	Basis      string  // why it is thought to concern the service: "reported by the scanner", "version range of the NVD, not verified" …
}

// A Table is what is known of services. A nil Table knows nothing.
type Table struct{}

// Lookup finds the service at a port; nil for none.
func (t *Table) Lookup(a flow.Addr, proto flow.Proto, port uint16) *Service { return nil }

// Services lists what is known of a machine, by protocol and port.
func (t *Table) Services(a flow.Addr) []*Service { return nil }

// Len is the number of services.
func (t *Table) Len() int { return 0 }
