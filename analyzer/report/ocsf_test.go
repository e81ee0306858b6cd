package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// An observable names an attribute of the same event, and that has its value.
func TestObservablesPointIntoTheEvent(t *testing.T) {
	for _, run := range runsOf() {
		for event := range bytes.Lines(write(t, "ocsf", Options{Names: run.names}, run.alerts, summary(run.alerts))) {
			var e struct {
				Observables []struct{ Name, Value string }
				Evidences   []map[string]json.RawMessage
				Unmapped    struct{ Subject map[string]any }
			}
			if err := json.Unmarshal(event, &e); err != nil {
				t.Fatal(err)
			}
			for _, o := range e.Observables {
				found := false
				path := strings.Split(o.Name, ".")
				switch {
				case path[0] == "evidences" && len(path) == 3:
					for _, v := range e.Evidences {
						var end map[string]any
						found = found || json.Unmarshal(v[path[1]], &end) == nil && end[path[2]] == o.Value
					}
				case strings.HasPrefix(o.Name, "unmapped.subject.") && len(path) == 3:
					v, _ := json.Marshal(e.Unmapped.Subject[path[2]])
					found = strings.Trim(string(v), `"`) == o.Value
				}
				if !found {
					t.Errorf("%s: %q is not what stands at %s of %s", run.name, o.Value, o.Name, event)
				}
			}
		}
	}
}
