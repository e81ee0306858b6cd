package netflowml

import (
	"fmt"

	"testing"

	"seine/flow/internal/flowtest"
)

const benchHeader = "FLOW_START_MILLISECONDS,FLOW_END_MILLISECONDS,IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,L7_PROTO,IN_BYTES,IN_PKTS,OUT_BYTES,OUT_PKTS,TCP_FLAGS,CLIENT_TCP_FLAGS,SERVER_TCP_FLAGS,FLOW_DURATION_MILLISECONDS,DURATION_IN,DURATION_OUT,MIN_TTL,MAX_TTL,LONGEST_FLOW_PKT,SHORTEST_FLOW_PKT,MIN_IP_PKT_LEN,MAX_IP_PKT_LEN,SRC_TO_DST_SECOND_BYTES,DST_TO_SRC_SECOND_BYTES,RETRANSMITTED_IN_BYTES,RETRANSMITTED_IN_PKTS,RETRANSMITTED_OUT_BYTES,RETRANSMITTED_OUT_PKTS,Label,Attack\n"

// benchRow appends row i.
func benchRow(b []byte, i int) []byte {
	return fmt.Appendf(b, "%d,%d,10.%d.%d.10,%d,198.51.100.%d,443,%d,7.0,500,5,900,4,27,27,27,60,1,1,62,64,1500,40,40,1500,500.0,900.0,0,0,0,0,0,Benign\n",
		1424242193040+i, 1424242193100+i, i%200, i%256, 1024+i%60000, i%250, [...]int{6, 17}[i%2])
}

func BenchmarkRead(b *testing.B) { flowtest.Bench(b, Format(), benchHeader, benchRow) }

func TestRowsAreNotAllocated(t *testing.T) {
	flowtest.Allocations(t, Format(), benchHeader, benchRow)
}
