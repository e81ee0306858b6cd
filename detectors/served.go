package detectors

import (
	"seine/detectors/internal/contact"
	"seine/flow"
)

// Served reports whether a flow is one of a service that answered: both sides
// sent something beyond opening and closing, and who began is no guess. The row
// need not have been surveyed.
func Served(r *flow.Record) bool {
	surveyed := *r
	survey(&surveyed)
	return contact.Served(&surveyed)
}
