package analyzer

import "seine/detectors"

// Tally passes alerts on and fills Findings of the summary, and how many of
// them an earlier run had, before sink closes.
func Tally(sink Sink) Sink { return &tally{sink: sink} }

type tally struct {
	sink              Sink
	n                 [detectors.Severities]uint64
	fresh, old, worse [detectors.Severities]uint64
}

// Alert implements Sink.
func (c *tally) Alert(a *detectors.Alert) error {
	severity := min(a.Severity, detectors.Severities-1)
	c.n[severity]++
	switch {
	case a.Status == detectors.New:
		c.fresh[severity]++
	case a.Status == detectors.Known:
		c.old[severity]++
		if a.Worse {
			c.worse[severity]++
		}
	}
	return c.sink.Alert(a)
}

// Close implements Sink.
func (c *tally) Close(s *Summary) error {
	s.Findings = c.n
	if s.Compared != nil {
		s.Compared.New, s.Compared.Known, s.Compared.Worse = c.fresh, c.old, c.worse
	}
	return c.sink.Close(s)
}
