package cicflowmeter

import (
	"fmt"
	"strings"
	"testing"

	"seine/flow/internal/flowtest"
)

const benchHeader = "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts,TotLen Fwd Pkts,TotLen Bwd Pkts,Feature 0,Feature 1,Feature 2,Feature 3,Feature 4,Feature 5,Feature 6,Feature 7,Feature 8,Feature 9,Feature 10,Feature 11,Feature 12,Feature 13,Feature 14,Feature 15,Feature 16,Feature 17,Feature 18,Feature 19,Feature 20,Feature 21,Feature 22,Feature 23,Feature 24,Feature 25,Feature 26,Feature 27,Feature 28,Feature 29,Feature 30,Feature 31,Feature 32,Feature 33,Feature 34,Feature 35,Feature 36,Feature 37,FIN Flag Cnt,SYN Flag Cnt,RST Flag Cnt,PSH Flag Cnt,ACK Flag Cnt,Other 0,Other 1,Other 2,Other 3,Other 4,Other 5,Other 6,Other 7,Other 8,Other 9,Other 10,Other 11,Other 12,Other 13,Other 14,Other 15,Other 16,Other 17,Other 18,Other 19,Other 20,Other 21,Other 22,Other 23,Other 24,Other 25,Other 26,Other 27,Label\n"

// What stands between the columns that count: about as much as in real files.
var (
	features = strings.Repeat("0.0,1.5,", 19)
	others   = strings.Repeat("0,1.5,", 14)
)

// benchRow appends row i.
func benchRow(b []byte, i int) []byte {
	return fmt.Appendf(b, "a-b,10.%d.%d.10,%d,198.51.100.%d,443,%d,20/11/2026 09:%02d:%02d,1026539,5,4,117.0,900.0,%s1,1,0,1,1,%sBENIGN\n",
		i%200, i%256, 1024+i%60000, i%250, [...]int{6, 17}[i%2], i/6000%60, i/100%60, features, others)
}

func BenchmarkRead(b *testing.B) { flowtest.Bench(b, Format(), benchHeader, benchRow) }

func TestRowsAreNotAllocated(t *testing.T) {
	flowtest.Allocations(t, Format(), benchHeader, benchRow)
}
