package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"seine/analyzer"
	"seine/flow"
	"seine/flow/formats"
)

// No output is taken for flows, however many alerts it has, in whatever
// spelling another tool hands it on; the refusal says what it is. Empty text
// is no input at all.
func TestAlertsAreNotTakenForFlows(t *testing.T) {
	for _, f := range Formats() {
		for _, run := range runsOf() {
			text := write(t, f.Name, Options{Names: run.names}, run.alerts, summary(run.alerts))
			if len(text) == 0 || f.Name == "table" && len(run.alerts) == 0 {
				continue
			}
			spellings := map[string][]byte{"": text}
			if first, _, _ := bytes.Cut(text, []byte("\n")); text[0] == '{' {
				if !json.Valid(first) {
					first = text
				}
				var indented bytes.Buffer
				if err := json.Indent(&indented, first, "", "    "); err != nil {
					t.Fatal(err)
				}
				spellings["indented"] = indented.Bytes()
				spellings["in an array"] = append(append([]byte("[\n"), first...), ']')
				var members any
				if err := json.Unmarshal(first, &members); err != nil {
					t.Fatal(err)
				}
				if spellings["sorted"], _ = json.Marshal(members); len(spellings["sorted"]) > flow.HeadSize {
					delete(spellings, "sorted")
				}
			}
			for how, text := range spellings {
				src := flow.BytesSource("alerts", text, &flow.Options{Symbols: flow.NewSymbols(), Workers: 1})
				_, err := analyzer.Open(src, nil, formats.All())
				if !errors.Is(err, flow.ErrUnrecognised) || !strings.Contains(err.Error(), "alerts of Seine") || !strings.Contains(err.Error(), "seine triage") {
					t.Errorf("%s, %s %s: %v", f.Name, run.name, how, err)
				}
			}
		}
	}
}
