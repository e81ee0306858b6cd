// Package assets reads lists of the machines of a network: their names, roles
// and owners.
package assets

import (
	"seine/flow"
	"seine/flow/enrich/provenance"
)

// A Role is what a machine is there for.
type Role string

// The roles that detectors know. Others are kept and shown.
const (
	Scanner          Role = "scanner"
	Resolver         Role = "resolver"
	Proxy            Role = "proxy"
	Monitoring       Role = "monitoring"
	Backup           Role = "backup"
	DomainController Role = "domain-controller"
	Server           Role = "server"
	MailServer       Role = "mail-server"
	LoadBalancer     Role = "load-balancer"
	Gateway          Role = "gateway"
	Printer          Role = "printer"
	IoT              Role = "iot"
	Admin            Role = "admin"
	Workstation      Role = "workstation"
)

// An Asset is what is known of a machine or of a network of them.
type Asset struct {
	provenance.Entry
	Name        string
	Owner       string
	Criticality string
	Roles       []Role
}

// Has reports whether the asset has a role.
func (a *Asset) Has(r Role) bool {
	for _, have := range a.Roles {
		if have == r {
			return true
		}
	}
	return false
}

// A Table is the content of any number of lists. A nil Table knows nothing.
type Table struct{}

// Lookup finds the asset of an address; nil for none.
func (t *Table) Lookup(a flow.Addr) *Asset { return nil }
