package cidds

import (
	"fmt"

	"testing"

	"seine/flow/internal/flowtest"
)

const benchHeader = "Date first seen,Duration,Proto,Src IP Addr,Src Pt,Dst IP Addr,Dst Pt,Packets,Bytes,Flows,Flags,Tos,class,attackType,attackID,attackDescription\n"

// benchRow appends row i.
func benchRow(b []byte, i int) []byte {
	return fmt.Appendf(b, "2026-03-10 09:%02d:%02d.632,    0.000,%s  ,192.168.%d.5,  %d,198.51.100.%d,58844,       %d,     %d,    1,.AP...,  0,attacker,portScan,12,---\n",
		i/6000%60, i/100%60, [...]string{"TCP", "UDP"}[i%2], i%256, 1024+i%60000, i%250, i%9, 100+i%1000)
}

func BenchmarkRead(b *testing.B) { flowtest.Bench(b, Format(), benchHeader, benchRow) }

func TestRowsAreNotAllocated(t *testing.T) {
	flowtest.Allocations(t, Format(), benchHeader, benchRow)
}
