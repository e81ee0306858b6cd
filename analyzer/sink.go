package analyzer

import (
	"errors"

	"seine/detectors"
	"seine/flow"
)

// A Sink takes the alerts of a run in their final order. An alert and what it
// points to stay valid and unchanged after the call.
type Sink interface {
	Alert(a *detectors.Alert) error
	// Close ends the run. It is called once, also after an error, so that an
	// output is a complete document even for an empty or interrupted run.
	Close(s *Summary) error
}

// Names resolves what records carry as numbers.
type Names = flow.Names

// Tee hands every alert to several sinks.
func Tee(sinks ...Sink) Sink {
	if len(sinks) == 1 {
		return sinks[0]
	}
	return tee(sinks)
}

type tee []Sink

func (t tee) Alert(a *detectors.Alert) error {
	var errs []error
	for _, s := range t {
		errs = append(errs, s.Alert(a))
	}
	return errors.Join(errs...)
}

func (t tee) Close(sum *Summary) error {
	var errs []error
	for _, s := range t {
		errs = append(errs, s.Close(sum))
	}
	return errors.Join(errs...)
}
