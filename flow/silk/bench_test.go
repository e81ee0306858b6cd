package silk

import (
	"fmt"

	"testing"

	"seine/flow/internal/flowtest"
)

const benchHeader = "            sIP|            dIP|sPort|dPort|pro|   packets|     bytes|   flags|                  sTime| duration|                  eTime|sensor|\n"

// benchRow appends row i.
func benchRow(b []byte, i int) []byte {
	return fmt.Appendf(b, "%15s|  198.51.100.%d|%d|  443|%3d|         %d|       %d|FS PA   |2026/03/10T09:%02d:%02d.123|    1.500|2026/03/10T09:00:01.623|    S0|\n",
		"192.0.2.10", i%250, 1024+i%60000, [...]int{6, 17}[i%2], i%9, 100+i%1000, i/6000%60, i/100%60)
}

func BenchmarkRead(b *testing.B) { flowtest.Bench(b, Format(), benchHeader, benchRow) }

func TestRowsAreNotAllocated(t *testing.T) {
	flowtest.Allocations(t, Format(), benchHeader, benchRow)
}
