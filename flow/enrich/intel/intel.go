// Package intel reads threat lists of many layouts into one table that tells
// what they say of an address.
package intel

import (
	"net/netip"

	"seine/flow"
	"seine/flow/enrich/provenance"
)

// An Indicator is what one entry of one list says.
type Indicator struct {
	provenance.Entry
	Prefix      netip.Prefix
	Port        uint16 // 0: any
	Proto       flow.Proto
	Category    string // "c2", "scanner", "tor-exit", "spam", "malware", "benign" …; empty where the list does not tell
	Malware     string
	Country     string // ISO 3166-1 alpha-2
	Score       int    // 0…100, how sure the list is; -1 where it does not tell
	Benign      bool   // the list names what is harmless (MISP warninglists)
	Tags        []string
	First, Last flow.Time // seen, as the list tells; 0 where it does not
}

// A Table is the content of any number of lists. A nil Table knows nothing.
type Table struct{}

// Len is the number of entries.
func (t *Table) Len() int { return 0 }

// Lookup gives what the lists say of a, whatever the port, the most specific
// first; nil for nothing, which costs no allocation.
func (t *Table) Lookup(a flow.Addr) []Indicator { return nil }
