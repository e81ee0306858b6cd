// Package assets reads lists of the machines of a network: their names, roles,
// owners and how much depends on them.
//
// A list is CSV with a header, a hosts file whose comments may tell roles,
// JSON (an array of objects, or one object a line) or YAML (a list of
// mappings); which of them is found by the content. README.md tells the
// layouts, the names of columns and the words for roles.
//
// An entry is about one address or a network of them. The longest prefix
// around an address tells what it is; what that entry leaves open (roles,
// owner, criticality, but not the name) the next longer network tells. Several
// entries about the same prefix, of one file or of several, add up: the name,
// owner and criticality of the first that has one, and the roles of all.
//
// Roles change what detectors conclude: see detectors.Rule.
package assets

import (
	_ "embed"
	"fmt"
	"net/netip"
	"strings"

	"github.com/gaissmai/bart"

	"seine/flow"
	"seine/flow/enrich/provenance"
)

// Doc describes the layouts.
//
//go:embed README.md
var Doc string

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

// An Asset is what is known of a machine or of a network of them. Its texts
// may hold anything.
type Asset struct {
	provenance.Entry // the first that is about Prefix
	Prefix           netip.Prefix
	Name             string
	Owner            string
	Criticality      string // low, medium, high, critical, or another word that counts for nothing
	Roles            []Role

	// Where the other fields come from: RoleFrom is parallel to Roles.
	RoleFrom             []provenance.Entry
	OwnerFrom, LevelFrom provenance.Entry
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

// Source tells the file and line that say that the asset has a role:
// "assets.csv:7".
func (a *Asset) Source(r Role) string {
	for i := range a.Roles {
		if a.Roles[i] == r {
			return place(&a.RoleFrom[i])
		}
	}
	return place(&a.Entry)
}

func place(e *provenance.Entry) string {
	if e.Line == 0 {
		return e.File
	}
	return fmt.Sprintf("%s:%d", e.File, e.Line)
}

// A Table is the content of any number of lists. A nil Table knows nothing.
// It may be asked from several goroutines.
type Table struct {
	assets bart.Table[*Asset]
	n      int
	roles  []Role // that any asset has, in the order of the lists
}

// Len is the number of prefixes that something is known of.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return t.n
}

// Roles are the roles that assets have, in the order of the lists.
func (t *Table) Roles() []Role {
	if t == nil {
		return nil
	}
	return t.roles
}

// Lookup finds the asset of an address; nil for none. An IPv4-mapped IPv6
// address is the machine of the IPv4 address.
func (t *Table) Lookup(a flow.Addr) *Asset {
	if t == nil || a.IsName() {
		return nil
	}
	asset, _ := t.assets.Lookup(a.Netip().Unmap())
	return asset
}

// An item is what one entry of a list says.
type item struct {
	line        int
	prefixes    []netip.Prefix
	name, owner string
	level       string
	roles       []Role
}

// add takes an entry of a file.
func (t *Table) add(file string, it *item) {
	entry := provenance.Entry{File: file, Line: it.line}
	for _, p := range it.prefixes {
		a, ok := t.assets.Get(p)
		if !ok {
			a = &Asset{Entry: entry, Prefix: p}
			t.assets.Insert(p, a)
			t.n++
		}
		if a.Name == "" {
			a.Name = it.name
		}
		if a.Owner == "" && it.owner != "" {
			a.Owner, a.OwnerFrom = it.owner, entry
		}
		if a.Criticality == "" && it.level != "" {
			a.Criticality, a.LevelFrom = it.level, entry
		}
		for _, r := range it.roles {
			if !a.Has(r) && len(a.Roles) < maxRoles {
				a.Roles, a.RoleFrom = append(a.Roles, r), append(a.RoleFrom, entry)
			}
			t.mention(r)
		}
	}
}

// mention notes that an asset has a role.
func (t *Table) mention(r Role) {
	for _, have := range t.roles {
		if have == r {
			return
		}
	}
	if len(t.roles) < maxDistinct {
		t.roles = append(t.roles, r)
	}
}

// settle gives the entries what wider networks tell and they leave open.
func (t *Table) settle() {
	for p, a := range t.assets.All() {
		if len(a.Roles) > 0 && a.Owner != "" && a.Criticality != "" {
			continue
		}
		for wider, w := range t.assets.Supernets(p) { // the longest first
			if wider == p {
				continue
			}
			// What a wider one has by now may be its own or of one that is
			// wider still: either way it is the longest that tells.
			if len(a.Roles) == 0 {
				a.Roles, a.RoleFrom = w.Roles, w.RoleFrom
			}
			if a.Owner == "" {
				a.Owner, a.OwnerFrom = w.Owner, w.OwnerFrom
			}
			if a.Criticality == "" {
				a.Criticality, a.LevelFrom = w.Criticality, w.LevelFrom
			}
		}
	}
}

// String tells the asset in a few words: "nas (backup, nas)".
func (a *Asset) String() string {
	name := a.Name
	if name == "" {
		name = a.Prefix.String()
	}
	if len(a.Roles) == 0 {
		return name
	}
	words := make([]string, len(a.Roles))
	for i, r := range a.Roles {
		words[i] = string(r)
	}
	return name + " (" + strings.Join(words, ", ") + ")"
}
