package triage

import (
	"fmt"
	"strings"
)

// MembersTable is the table of members as the README has it.
func MembersTable() string {
	var b strings.Builder
	for _, m := range members() {
		of := "both"
		switch {
		case !m.suppress:
			of = Ignore
		case !m.ignore:
			of = Hide
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.name, of, m.doc)
	}
	return b.String()
}
