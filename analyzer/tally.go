package analyzer

import "seine/detectors"

// Tally passes alerts on and fills Findings of the summary before sink closes.
func Tally(sink Sink) Sink { return &tally{sink: sink} }

type tally struct {
	sink Sink
	n    [detectors.Severities]uint64
}

// Alert implements Sink.
func (c *tally) Alert(a *detectors.Alert) error {
	c.n[min(a.Severity, detectors.Severities-1)]++
	return c.sink.Alert(a)
}

// Close implements Sink.
func (c *tally) Close(s *Summary) error {
	s.Findings = c.n
	return c.sink.Close(s)
}
