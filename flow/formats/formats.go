// Package formats lists the input formats that Seine reads. To add one, add
// its line here.
package formats

import (
	"seine/flow"
	"seine/flow/csv"
)

// All returns the formats, in the order in which help texts list them.
func All() []*flow.Format {
	return []*flow.Format{
		csv.Format(),
	}
}
