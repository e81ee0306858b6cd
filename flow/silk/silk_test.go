package silk

import (
	"testing"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

func TestGolden(t *testing.T) { flowtest.Golden(t, Format()) }

func FuzzRead(f *testing.F) { flowtest.Fuzz(f, Format()) }

func TestSilenceCountsWhereBothDirectionsAreThere(t *testing.T) {
	const header = "sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|duration|\n"
	const out = "192.0.2.1|198.51.100.7|40112|443|6|12|3400|FS PA   |2026/01/01T00:00:00.500|1.500|\n"
	const back = "198.51.100.7|192.0.2.1|443|40112|6|10|9100|FS PA   |2026/01/01T00:00:00.510|1.490|\n"
	for text, silence := range map[string]bool{header + out: false, header + out + back: true} {
		src := flow.BytesSource("x", []byte(text), &flow.Options{Symbols: flow.NewSymbols()})
		if _, err := Format().Open(src); err != nil || src.Stitch.Silence != silence || !src.Stitch.Halves {
			t.Error(err, src.Stitch)
		}
	}
}
