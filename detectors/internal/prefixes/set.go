package prefixes

import (
	"net/netip"

	"github.com/gaissmai/bart"

	"seine/flow"
)

// A Set is a set of addresses, given by prefixes.
type Set struct {
	table bart.Lite
	any   bool
}

// NewSet makes the set of all addresses in ps.
func NewSet(ps []netip.Prefix) *Set {
	s := &Set{any: len(ps) > 0}
	for _, p := range ps {
		s.table.Insert(p.Masked())
	}
	return s
}

// Contains reports whether a is in the set.
func (s *Set) Contains(a flow.Addr) bool { return s.any && s.table.Contains(a.Netip()) }

// Empty reports whether nothing is in the set.
func (s *Set) Empty() bool { return !s.any }
