// Package formats lists the input formats that Seine reads. To add one, add
// its line here.
package formats

import (
	"seine/flow"
	"seine/flow/csv"
	"seine/flow/internal/columns"
	"seine/flow/parquet"
)

// All returns the formats, in the order in which help texts list them.
func All() []*flow.Format {
	return []*flow.Format{
		csv.Format(),
		parquet.Format(),
	}
}

// Columns names the fields that a column can be mapped to.
func Columns() []string { return columns.Names() }
