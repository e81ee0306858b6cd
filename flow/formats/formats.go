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
	"seine/flow/firewall"
	"seine/flow/gcp"
	"seine/flow/goflow2"
	"seine/flow/hubble"
	"seine/flow/internal/columns"
	"seine/flow/json"
	"seine/flow/netflow"
	"seine/flow/netflowml"
	"seine/flow/nfcapd"
	"seine/flow/nfdump"
	"seine/flow/ocsf"
	"seine/flow/parquet"
	"seine/flow/pcap"
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
		nfcapd.Format(),
		nfdump.Format(),
		nfdump.JSON(),
		nfdump.Text(),
		netflowml.Format(),
		cicflowmeter.Format(),
		unsw.Format(),
		eve.Format(),
		awsvpc.Format(),
		gcp.Format(),
		azure.Format(),
		ecs.Format(),
		ecs.Logstash(),
		ecs.ElastiFlow(),
		goflow2.Format(),
		netflow.Format(),
		ocsf.Format(),
		hubble.Format(),
		firewall.Format(),
		json.Format(),
		parquet.Format(),
		pcap.Format(),
	}
}

// Columns names the fields that a column can be mapped to.
func Columns() []string { return columns.Names() }
