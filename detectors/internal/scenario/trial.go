package scenario

import (
	"seine/analyzer/fixture"
	"seine/detectors"
	"seine/flow"
	"seine/flow/csv"
)

// A Trial is one run of one detector over a text of flows.
type Trial struct {
	Detector  *detectors.Detector
	CSV       []byte
	Params    []string // "name=value"; also lateness, evidence, retention, max-hosts
	BatchRows int      // rows handed on at once; 0 means the default of the engine

	Each func(*detectors.Alert) // is called with each alert; may be nil
}

// formats are those that the flows of scenarios and trials have.
func formats() []*flow.Format { return []*flow.Format{csv.Format()} }

// Run tells what comes of the trial, a line each; see the package comment for
// their form. A row that cannot be read is an error.
func (tr *Trial) Run() ([]string, error) {
	t := fixture.Trial{
		Detector: tr.Detector, Formats: formats(), CSV: tr.CSV, Params: tr.Params, BatchRows: tr.BatchRows, Each: tr.Each,
	}
	return t.Run()
}
