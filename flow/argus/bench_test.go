package argus

import (
	"fmt"

	"testing"

	"seine/flow/internal/flowtest"
)

const benchHeader = "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label\n"

// benchRow appends row i.
func benchRow(b []byte, i int) []byte {
	return fmt.Appendf(b, "2026/03/10 09:%02d:%02d.%06d,1.026539,%s,10.%d.%d.10,%d,   ->,198.51.100.%d,443,%s,0,0,%d,%d,%d,flow=Background-TCP-Established\n",
		i/6000%60, i/100%60, i%1000000, [...]string{"tcp", "udp"}[i%2], i%200, i%256, 1024+i%60000, i%250, [...]string{"FSPA_FSPA", "CON"}[i%2], 4+i%40, 2000+i, 500+i%1000)
}

func BenchmarkRead(b *testing.B) { flowtest.Bench(b, Format(), benchHeader, benchRow) }

func TestRowsAreNotAllocated(t *testing.T) {
	flowtest.Allocations(t, Format(), benchHeader, benchRow)
}
