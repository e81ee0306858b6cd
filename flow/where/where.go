package where

import (
	_ "embed"
	"net/netip"
	"time"

	"seine/flow"
	"seine/flow/enrich"
)

// Doc describes the language.
//
//go:embed README.md
var Doc string

// Options are what conditions on flows are compiled for.
type Options struct {
	Symbols  *flow.Symbols            // texts of the records; nil is an empty table, for checking an expression
	Text     func(flow.Symbol) string // the same as a function, instead of Symbols
	Files    func(uint32) string      // names of the inputs by number; nil leaves out the field file
	Internal []netip.Prefix           // what internal() means; nil is [DefaultInternal]
	Location *time.Location           // zone of times that name none, and of hour and weekday; nil means UTC
	Known    *enrich.Knowledge        // what country(), asn(), role() and asset() ask; nil is nothing
}

// DefaultInternal are the networks that internal() means unless told
// otherwise: private (RFC 1918, RFC 4193), shared by carriers (RFC 6598), loopback and link-local ones.
func DefaultInternal() []netip.Prefix {
	return mustPrefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
		"fc00::/7", "fe80::/10", "::1/128")
}

// A Filter is a condition on flows. Keep takes records whose symbols are
// final, allocates nothing but for texts not seen before, and is used by one
// goroutine at a time.
type Filter = Condition[flow.Record]

// Compile compiles a condition on flows. Errors are of type *Error, with the
// place in the text.
func Compile(text string, opt Options) (*Filter, error) { return Flows(opt).Compile(text) }

// Names lists the fields and functions of conditions on flows.
func Names() []Name { return Flows(Options{Files: func(uint32) string { return "" }}).Names() }
