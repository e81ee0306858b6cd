package risk

import (
	"slices"

	"seine/analyzer"
	"seine/detectors"
)

// maxNotes bounds what is kept of a host.
const maxNotes = 12

// note keeps what an alert says of the host beside the flows.
func (h *host) note(a *detectors.Alert) {
	for i := range a.Annotations {
		n := &a.Annotations[i]
		if n.IP != h.addr || len(h.notes) == maxNotes {
			continue
		}
		switch n.Key {
		case analyzer.NoteIntel, analyzer.NoteService: // these belong to the findings
			continue
		}
		if !slices.ContainsFunc(h.notes, func(have detectors.Annotation) bool { return have.Key == n.Key && have.Value == n.Value }) {
			h.notes = append(h.notes, *n)
		}
	}
}
