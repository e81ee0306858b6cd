package unsw

import (
	"fmt"

	"testing"

	"seine/flow/internal/flowtest"
)

const benchHeader = ""

// benchRow appends row i.
func benchRow(b []byte, i int) []byte {
	return fmt.Appendf(b, "10.%d.%d.0,%d,198.51.100.%d,53,%s,CON,0.001055,132,164,31,29,0,0,dns,500473.9375,621800.9375,2,2,0,0,0,0,66,82,0,0,0,0,%d,%d,0.017,0.013,0,0,0,0,0,0,0,0,3,7,1,3,1,1,1,,0\n",
		i%200, i%256, 1024+i%60000, i%250, [...]string{"tcp", "udp"}[i%2], 1421927414+i/100, 1421927414+i/100)
}

func BenchmarkRead(b *testing.B) { flowtest.Bench(b, Format(), benchHeader, benchRow) }

func TestRowsAreNotAllocated(t *testing.T) {
	flowtest.Allocations(t, Format(), benchHeader, benchRow)
}
