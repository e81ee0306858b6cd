package formats

import (
	"os"
	"path/filepath"
	"testing"

	"seine/flow"
)

// Every table that the tests of a format read is recognised as that format,
// and by no other as surely.
func TestTablesAreRecognisedAsThemselves(t *testing.T) {
	for folder, name := range map[string]string{
		"argus": "argus", "unsw": "unsw-nb15", "cicflowmeter": "cicflowmeter", "netflowml": "nf-v3",
		"nfdump": "nfdump-csv", "cidds": "cidds", "silk": "silk",
	} {
		inputs, err := filepath.Glob("../" + folder + "/testdata/*.txt")
		if err != nil || len(inputs) == 0 {
			t.Fatal(folder, err)
		}
		for _, input := range inputs {
			data, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			src := flow.BytesSource(input, data, &flow.Options{Symbols: flow.NewSymbols()})
			if f, err := flow.Detect(All(), src); err != nil || f.Name != name {
				t.Errorf("%s is taken for %v, %v", input, f, err)
			}
		}
	}
}
