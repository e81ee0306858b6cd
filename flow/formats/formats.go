// Package formats lists the input formats that Seine reads. To add one, add
// its line here.
package formats

import (
	"seine/flow"
	"seine/flow/argus"
	"seine/flow/awsvpc"
	"seine/flow/azure"
	"seine/flow/cicflowmeter"
	"seine/flow/cidds"
	"seine/flow/csv"
	"seine/flow/ecs"
	"seine/flow/eve"
	"seine/flow/gcp"
	"seine/flow/goflow2"
	"seine/flow/internal/columns"
	"seine/flow/netflowml"
	"seine/flow/nfdump"
	"seine/flow/parquet"
	"seine/flow/silk"
	"seine/flow/unsw"
	"seine/flow/zeek"
)

// All returns the formats, in the order in which help texts list them.
func All() []*flow.Format {
	return []*flow.Format{
		csv.Format(),
		zeek.TSV(),
		zeek.JSON(),
		argus.Format(),
		silk.Format(),
		cidds.Format(),
		nfdump.Format(),
		netflowml.Format(),
		cicflowmeter.Format(),
		unsw.Format(),
		eve.Format(),
		awsvpc.Format(),
		gcp.Format(),
		azure.Format(),
		ecs.Format(),
		goflow2.Format(),
		parquet.Format(),
	}
}

// Columns names the fields that a column can be mapped to.
func Columns() []string { return columns.Names() }
